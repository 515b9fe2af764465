//! A window without a screen, with simulated input.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use digitpad::{
    app::{App, state::form::TrainingForm},
    model::file::Model,
    store::settings::{Settings, WeightFile},
    training::config::Preset,
};
use egui::{
    ColorImage, Event, Key, Modifiers, OutputCommand, PointerButton, Pos2, Rect,
    RequestRepaintInfo, ViewportCommand, ViewportEvent, ViewportId, ViewportInfo,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

/// The time limit of a wait. It allows for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// A typical 7, in the pad's units. `ONE` is a typical 1.
pub(crate) const SEVEN: &[(f32, f32)] = &[
    (0.28, 0.25),
    (0.5, 0.24),
    (0.7, 0.25),
    (0.6, 0.42),
    (0.48, 0.62),
    (0.4, 0.8),
];
pub(crate) const ONE: &[(f32, f32)] = &[(0.5, 0.15), (0.5, 0.35), (0.49, 0.6), (0.5, 0.85)];

pub(crate) struct Window {
    pub(crate) harness: Harness<'static, App>,
    /// When the window wants its next frame, once for every request.
    requests: Receiver<Duration>,
}

impl Window {
    pub(crate) fn new(settings: Settings) -> Self {
        Self::with_model(settings, None, [1100.0, 700.0], 1.0)
    }

    pub(crate) fn with_model(
        settings: Settings,
        loaded: Option<(PathBuf, Model)>,
        size: [f32; 2],
        pixels_per_point: f32,
    ) -> Self {
        let (sender, requests) = mpsc::channel();
        let harness = Harness::builder()
            .with_size(size)
            .with_pixels_per_point(pixels_per_point)
            .with_max_steps(20)
            .build_eframe(|creation| {
                let request = move |request: RequestRepaintInfo| {
                    // The last requests come after the test.
                    let _ = sender.send(request.delay);
                };
                creation.egui_ctx.set_request_repaint_callback(request);
                let loaded = loaded.map(|(path, model)| {
                    let fingerprint = 1;
                    (WeightFile { path, fingerprint }, model.into())
                });
                App::new(&creation.egui_ctx, settings, loaded).expect("the built-in model fits")
            });
        let mut window = Self { harness, requests };
        window.harness.step();
        window
    }

    /// Runs frames until the condition holds, each when the window or one of its workers asks for it.
    pub(crate) fn await_that(
        &mut self,
        what: &str,
        condition: impl Fn(&Harness<'static, App>) -> bool,
    ) {
        let deadline = Instant::now() + PATIENCE;
        let rest = || deadline.saturating_duration_since(Instant::now());
        self.harness.step();
        while !condition(&self.harness) {
            let request = self.requests.recv_timeout(rest());
            let said = self.harness.state().state().notices.list();
            assert!(!rest().is_zero(), "timeout: {what}; {said:?}");
            let requests = request.into_iter().chain(self.requests.try_iter());
            let delay = requests.min().unwrap_or_default();
            if !delay.is_zero() {
                // The next request may be for an earlier frame.
                let _ = self.requests.recv_timeout(delay.min(rest()));
            }
            self.harness.step();
        }
    }

    pub(crate) fn click(&mut self, label: &str) {
        // A new widget has its final position in its second frame.
        self.harness.step();
        self.harness.get_by_label(label).click();
        self.harness.step();
        self.harness.step();
    }

    /// Opens the menu of all models.
    pub(crate) fn open_models(&mut self) {
        self.harness.step();
        self.harness.get_by_label_contains("Model: ").click();
        self.harness.step();
        self.harness.step();
    }

    pub(crate) fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.step();
        self.harness.step();
    }

    /// Gives a control the focus.
    pub(crate) fn focus(&mut self, label: &str) {
        self.harness.step();
        self.harness.get_by_label(label).focus();
        self.harness.run_steps(2);
    }

    /// Presses a key without modifiers. A focus that is lost is back after the frames.
    pub(crate) fn key(&mut self, key: Key) {
        self.press(Modifiers::NONE, key);
        self.harness.run_steps(2);
    }

    pub(crate) fn value(&self, label: &str) -> String {
        self.harness.get_by_label(label).value().unwrap_or_default()
    }

    pub(crate) fn says(&self, part: &str) -> bool {
        says(&self.harness, part)
    }

    /// The focused control: its name and its place.
    pub(crate) fn focused(&self) -> Option<(String, Rect)> {
        let nodes = self.harness.root().children_recursive();
        let node = nodes.into_iter().find(egui_kittest::Node::is_focused)?;
        let name = node.accesskit_node().label().unwrap_or_default();
        Some((name, node.rect()))
    }

    /// Presses a key and returns the name of what has the focus then.
    pub(crate) fn focus_after(&mut self, key: Key) -> String {
        self.press(Modifiers::NONE, key);
        self.harness.step();
        self.focused().map(|(name, _)| name).unwrap_or_default()
    }

    /// Presses Tab until a control with this name has the focus. Returns the names of all on the way.
    pub(crate) fn tab_to(&mut self, name: &str) -> Vec<String> {
        let mut visited = Vec::new();
        while visited.last().is_none_or(|last| last != name) {
            assert!(visited.len() < 120, "{name} is not among {visited:?}");
            visited.push(self.focus_after(Key::Tab));
        }
        visited
    }

    pub(crate) fn pad(&self) -> Rect {
        self.harness.get_by_label("Drawing pad").rect()
    }

    pub(crate) fn on_pad(&self, (x, y): (f32, f32)) -> Pos2 {
        let pad = self.pad();
        pad.min + pad.size() * egui::vec2(x, y)
    }

    /// Several pointer events within one frame.
    pub(crate) fn frame_with(&mut self, events: Vec<Event>) {
        self.harness.input_mut().events.extend(events);
        self.harness.step();
        self.harness.step();
    }

    /// A stroke, all its samples in one frame.
    pub(crate) fn draw(&mut self, points: &[(f32, f32)]) {
        let places: Vec<Pos2> = points.iter().map(|&point| self.on_pad(point)).collect();
        let mut events = vec![button(places[0], true)];
        events.extend(places[1..].iter().map(|&place| Event::PointerMoved(place)));
        events.push(button(places[places.len() - 1], false));
        self.frame_with(events);
    }

    pub(crate) fn bars(&self) -> [String; 10] {
        bars(&self.harness)
    }

    pub(crate) fn await_answer(&mut self, digit: char) {
        self.await_that(&format!("the answer {digit}"), |harness| {
            let answer = harness.get_by_label("Prediction").value();
            answer.is_some_and(|answer| answer.starts_with(digit))
        });
    }

    pub(crate) fn drop_file(&mut self, path: &Path) {
        #[derive(Debug)]
        struct Dropped(PathBuf);
        impl egui::DroppedFile for Dropped {
            fn path(&self) -> &Path {
                &self.0
            }
            fn bytes(&self) -> Result<Vec<u8>, String> {
                fs::read(&self.0).map_err(|error| error.to_string())
            }
        }
        let file = std::sync::Arc::new(Dropped(path.to_path_buf()));
        self.harness.input_mut().dropped_files.push(file);
        self.harness.step();
    }

    pub(crate) fn type_path(&mut self, path: &Path, button: &str) {
        self.await_that("the path field", |harness| {
            harness.query_by_label("Path").is_some()
        });
        self.harness.get_by_label("Path").focus();
        self.harness.step();
        self.harness
            .get_by_label("Path")
            .type_text(&path.display().to_string());
        self.harness.step();
        self.harness.step();
        self.click(button);
    }

    fn root_viewport(&mut self) -> &mut ViewportInfo {
        let viewports = &mut self.harness.input_mut().viewports;
        viewports.entry(ViewportId::ROOT).or_default()
    }

    pub(crate) fn close(&mut self) -> Vec<ViewportCommand> {
        self.root_viewport().events.push(ViewportEvent::Close);
        self.harness.step();
        let commands = self.commands();
        self.root_viewport().events.clear();
        self.harness.step();
        commands
    }

    /// The picture that the last frame copies.
    pub(crate) fn copied(&self) -> Option<ColorImage> {
        let commands = &self.harness.output().platform_output.commands;
        commands.iter().find_map(|command| match command {
            OutputCommand::CopyImage(image) => Some(image.clone()),
            _ => None,
        })
    }

    pub(crate) fn commands(&self) -> Vec<ViewportCommand> {
        self.harness.output().viewport_output[&ViewportId::ROOT]
            .commands
            .clone()
    }
}

/// The values of the ten probability bars.
pub(crate) fn bars(harness: &Harness<'static, App>) -> [String; 10] {
    std::array::from_fn(|digit| {
        let label = format!("Probability of {digit}");
        harness.get_by_label(&label).value().unwrap_or_default()
    })
}

pub(crate) fn says(harness: &Harness<'static, App>, part: &str) -> bool {
    harness.root().children_recursive().any(|node| {
        [node.accesskit_node().label(), node.value()]
            .into_iter()
            .flatten()
            .any(|text| text.contains(part))
    })
}

pub(crate) fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    }
}

/// Settings with the training panel, a preset that trains in no time, and without the system's file dialogs, which
/// would open on the tester's screen.
pub(crate) fn settings() -> Settings {
    Settings {
        file_dialogs: false,
        tour_offered: true,
        training_panel: true,
        training: TrainingForm::of(Preset::Keras, Preset::Keras.config()).saved(),
        ..Settings::default()
    }
}
