//! The window's frames, without a screen: what the pen did is taken in, everything is laid out and made
//! into triangles. What the driver does with those is not in it.

use std::{
    f32::consts::TAU,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use digitpad::{
    app::{App, state::form::TrainingForm},
    store::settings::{SavedForm, Settings},
};
use eframe::App as _;
use egui::{Context, Event, Id, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, vec2};

use crate::figures::{self, Measured};

/// From one frame to the next, on a usual screen.
const FRAME: Duration = Duration::from_micros(16_667);
/// Samples of the pen a frame, as a fast one has them.
const SAMPLES: usize = 4;
/// Frames that are measured of each kind.
const FRAMES: usize = 600;

/// Samples of a stroke that is one of many.
const STROKE: usize = 100;

pub(crate) fn run() {
    figures::table(
        "A frame on the processor (median / p90 / p99)",
        &["while", "frame", "pen to bars"],
    );
    let mut window = Window::open(Way::Round);
    report("a digit is drawn", &mut window, 2 * SAMPLES);
    for (way, what) in [
        (Way::Round, "curves"),
        (Way::Strewn, "corners all over the pad"),
    ] {
        // However old the ink is: what was drawn before must cost a frame nothing.
        let mut window = Window::open(way);
        let mut drawn = 0;
        for points in [1_000, 10_000, 30_000] {
            window.draw_many((points - drawn) / STROKE, STROKE);
            let name = format!("drawing over {points} points of {what}, in strokes of {STROKE}");
            report(&name, &mut window, STROKE);
            drawn = points + FRAMES * SAMPLES;
        }
    }
    let mut window = Window::open(Way::Round);
    window.pen_down();
    let mut drawn = 0;
    for points in [100, 10_000, 30_000] {
        for _ in drawn / SAMPLES..points / SAMPLES {
            window.move_pen();
        }
        let name = format!("one stroke of {points} samples goes on");
        report(&name, &mut window, usize::MAX);
        drawn = points + FRAMES * SAMPLES;
    }
    let mut window = Window::open(Way::Round);
    window.draw_many(10_000 / STROKE, STROKE);
    window.press(Key::T);
    window.wait_for_training();
    let name = "drawing over 10000 points of curves while training at full tilt";
    report(name, &mut window, STROKE);
}

/// Draws for a while, at a screen's pace, and tells how long the frames took; a new stroke begins after
/// so many samples.
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

/// How the pen goes.
#[derive(Clone, Copy)]
enum Way {
    /// On a rosette that never comes to the same place, a hundredth of the pad from one sample to the next, as
    /// a fast hand is.
    Round,
    /// To and fro, with a corner at each sample.
    Strewn,
}

/// The window's content, with a pen.
struct Window {
    ctx: Context,
    app: App,
    frame: eframe::Frame,
    /// A message for each time that a worker wants a frame.
    woken: Receiver<()>,
    opened: Instant,
    way: Way,
    pen: usize,
}

impl Window {
    fn open(way: Way) -> Self {
        let ctx = Context::default();
        let (wake, woken) = mpsc::channel();
        ctx.set_request_repaint_callback(move |info| {
            if info.delay.is_zero() {
                // Nobody listens once the window is gone.
                let _ = wake.send(());
            }
        });
        let mut form = TrainingForm::default();
        form.numbers.epochs = 10_000;
        let settings = Settings {
            training: SavedForm::of(&form),
            ..Settings::default()
        };
        let app = App::new(&ctx, settings, None).expect("the shipped model fits");
        let mut window = Self {
            app,
            frame: eframe::Frame::_new_kittest(),
            ctx,
            woken,
            opened: Instant::now(),
            way,
            pen: 0,
        };
        for _ in 0..10 {
            window.frame(Vec::new());
        }
        window
    }

    /// One frame: how long it took.
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
        // The driver would take the glyphs, which are new in few frames.
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

    /// Where the pen is next.
    fn pen(&mut self) -> Pos2 {
        self.pen += 1;
        let pad = self.pad();
        match self.way {
            Way::Round => {
                let turn = self.pen as f32 * 0.0062 * TAU;
                let radius = 0.25 + 0.2 * (turn * 0.372).sin();
                pad.center() + pad.width() * radius * vec2(turn.cos(), turn.sin())
            }
            // The plastic number's powers: a sequence that fills a square evenly.
            Way::Strewn => {
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

    /// A frame in which the pen moves, then those that the workers ask for until the next one is due:
    /// how long the first took, and after how long the bars showed what it drew.
    fn move_and_wait(&mut self, next: Instant) -> (Duration, Option<Duration>) {
        while self.woken.try_recv().is_ok() {}
        let before = self.app.state().answer().cloned();
        let start = Instant::now();
        let took = self.move_pen();
        let mut answered = None;
        loop {
            let wait = next.saturating_duration_since(Instant::now());
            match self.woken.recv_timeout(wait) {
                Ok(()) => {
                    self.frame(Vec::new());
                    if answered.is_none() && self.app.state().answer() != before.as_ref() {
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
