//! Frames of the window without a screen: input, layout and tessellation, without the graphics driver.

use std::{
    f32::consts::TAU,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use digitpad::{
    app::{App, state::form::TrainingForm},
    store::settings::Settings,
};
use eframe::App as _;
use egui::{Context, Event, Id, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, vec2};

use crate::figures::{self, Measured};

/// The interval of frames at 60 Hz.
const FRAME: Duration = Duration::from_micros(16_667);
/// Pen samples per frame of a fast pen.
const SAMPLES: usize = 4;
/// Measured frames of each kind.
const FRAMES: usize = 600;

/// Samples per stroke of a drawing with many strokes.
const STROKE: usize = 100;

pub(crate) fn run() {
    figures::table(
        "A frame on the processor (median / p90 / p99)",
        &["while", "frame", "pen to bars"],
    );
    let mut window = Window::open(PenPath::Round);
    report("a digit is drawn", &mut window, 2 * SAMPLES);
    for (pen_path, what) in [
        (PenPath::Round, "curves"),
        (PenPath::Scattered, "corners all over the pad"),
    ] {
        // Earlier ink must not slow down a frame.
        let mut window = Window::open(pen_path);
        let mut drawn = 0;
        for points in [1_000, 10_000, 30_000] {
            window.draw_many((points - drawn) / STROKE, STROKE);
            let name = format!("drawing over {points} points of {what}, in strokes of {STROKE}");
            report(&name, &mut window, STROKE);
            drawn = points + FRAMES * SAMPLES;
        }
    }
    let mut window = Window::open(PenPath::Round);
    window.pen_down();
    let mut drawn = 0;
    for points in [100, 10_000, 30_000] {
        for _ in drawn / SAMPLES..points / SAMPLES {
            window.move_pen();
        }
        let name = format!("one stroke of {points} samples continues");
        report(&name, &mut window, usize::MAX);
        drawn = points + FRAMES * SAMPLES;
    }
    let mut window = Window::open(PenPath::Round);
    window.draw_many(10_000 / STROKE, STROKE);
    window.press(Key::T);
    window.wait_for_training();
    let name = "drawing over 10000 points of curves during a training";
    report(name, &mut window, STROKE);
}

/// Draws at the rate of a screen and prints the times of the frames. A new stroke starts after `stroke` samples.
fn report(name: &str, window: &mut Window, stroke: usize) {
    let (mut frames, mut answers) = (Measured::default(), Measured::default());
    let mut next = Instant::now();
    for index in 0..FRAMES {
        if stroke < usize::MAX && index % (stroke / SAMPLES) == 0 {
            window.pen_up();
            window.pen_down();
        }
        next += FRAME;
        let (frame, answer) = window.move_and_wait(next);
        frames.push(frame);
        if let Some(answer) = answer {
            answers.push(answer);
        }
    }
    let answered = format!(
        "{} ({} of {})",
        answers.quantiles_ms(),
        answers.len(),
        FRAMES
    );
    figures::row(&[name.to_owned(), frames.quantiles_ms(), answered]);
}

/// The path of the pen.
#[derive(Clone, Copy)]
enum PenPath {
    /// A rosette without a period; consecutive samples are a hundredth of the pad apart.
    Round,
    /// Points all over the pad, with a corner at each.
    Scattered,
}

/// The content of the window, with a pen.
struct Window {
    ctx: Context,
    app: App,
    frame: eframe::Frame,
    /// A message per frame that a worker requests.
    woken: Receiver<()>,
    opened: Instant,
    pen_path: PenPath,
    pen: usize,
}

impl Window {
    fn open(pen_path: PenPath) -> Self {
        let ctx = Context::default();
        let (wake, woken) = mpsc::channel();
        ctx.set_request_repaint_callback(move |info| {
            if info.delay.is_zero() {
                // The receiver ends with the window.
                let _ = wake.send(());
            }
        });
        let mut form = TrainingForm::default();
        form.draft.epochs = 10_000;
        let settings = Settings {
            training: form.saved(),
            ..Settings::default()
        };
        let app = App::new(&ctx, settings, None).expect("the built-in model loads");
        let mut window = Self {
            app,
            frame: eframe::Frame::_new_kittest(),
            ctx,
            woken,
            opened: Instant::now(),
            pen_path,
            pen: 0,
        };
        for _ in 0..10 {
            window.frame(Vec::new());
        }
        window
    }

    /// Runs a frame and returns its time.
    fn frame(&mut self, events: Vec<Event>) -> Duration {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1100.0, 700.0))),
            time: Some(self.opened.elapsed().as_secs_f64()),
            events,
            ..RawInput::default()
        };
        let start = Instant::now();
        let (app, frame) = (&mut self.app, &mut self.frame);
        let mut output = self.ctx.run_ui(input, |ui| {
            app.logic(ui.ctx(), frame);
            app.ui(ui, frame);
        });
        // The driver would upload new glyphs, which are rare.
        output.textures_delta.clear();
        std::hint::black_box(self.ctx.tessellate(output.shapes, output.pixels_per_point));
        start.elapsed()
    }

    fn pad(&self) -> Rect {
        self.ctx
            .read_response(Id::unique("pad"))
            .expect("the pad is drawn")
            .rect
    }

    /// The next position of the pen.
    fn pen(&mut self) -> Pos2 {
        self.pen += 1;
        let pad = self.pad();
        match self.pen_path {
            PenPath::Round => {
                let turn = self.pen as f32 * 0.0062 * TAU;
                let radius = 0.25 + 0.2 * (turn * 0.372).sin();
                pad.center() + pad.width() * radius * vec2(turn.cos(), turn.sin())
            }
            // Powers of the plastic number: a low-discrepancy sequence.
            PenPath::Scattered => {
                let place =
                    [0.754_877_67_f64, 0.569_840_3].map(|part| (self.pen as f64 * part).fract());
                pad.min + pad.width() * vec2(place[0] as f32, place[1] as f32)
            }
        }
    }

    fn button(&mut self, pressed: bool) {
        let pos = self.pen();
        let event = Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        self.frame(vec![Event::PointerMoved(pos), event]);
    }

    fn pen_down(&mut self) {
        self.button(true);
    }

    fn pen_up(&mut self) {
        self.button(false);
    }

    fn move_pen(&mut self) -> Duration {
        let events = (0..SAMPLES)
            .map(|_| Event::PointerMoved(self.pen()))
            .collect();
        self.frame(events)
    }

    fn draw_many(&mut self, strokes: usize, points: usize) {
        for _ in 0..strokes {
            self.pen_down();
            for _ in 0..points / SAMPLES {
                self.move_pen();
            }
            self.pen_up();
        }
    }

    /// Runs a frame with pen samples, then the frames that the workers request until `next`. Returns the time of the
    /// first frame, and the time until the bars showed its prediction.
    fn move_and_wait(&mut self, next: Instant) -> (Duration, Option<Duration>) {
        while self.woken.try_recv().is_ok() {}
        let before = self.app.state().pad.answer().cloned();
        let start = Instant::now();
        let took = self.move_pen();
        let mut answered = None;
        loop {
            let wait = next.saturating_duration_since(Instant::now());
            match self.woken.recv_timeout(wait) {
                Ok(()) => {
                    self.frame(Vec::new());
                    if answered.is_none() && self.app.state().pad.answer() != before.as_ref() {
                        answered = Some(start.elapsed());
                    }
                }
                Err(RecvTimeoutError::Timeout) => return (took, answered),
                Err(RecvTimeoutError::Disconnected) => unreachable!("the window holds the sender"),
            }
        }
    }

    fn press(&mut self, key: Key) {
        self.frame(vec![Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::COMMAND,
        }]);
    }

    fn wait_for_training(&mut self) {
        while self.app.state().training.progress.is_none() {
            thread::sleep(FRAME);
            self.frame(Vec::new());
        }
    }
}
