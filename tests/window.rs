//! The real window's content, driven by role and label as a person or a screen reader finds it.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use digitpad::{
    app::{
        App,
        settings::{SavedForm, Settings},
        state::form::TrainingForm,
    },
    ink::{self, Ink, file::Label},
    model::file::Model,
    recognition::predict,
};
use egui::{
    Event, Key, Modifiers, PointerButton, Pos2, Rect, ViewportCommand, ViewportEvent, ViewportId,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// A 7, a 1 and a 0 in the pad's units, as a hand would draw them.
const SEVEN: &[(f32, f32)] = &[
    (0.28, 0.25),
    (0.5, 0.24),
    (0.7, 0.25),
    (0.6, 0.42),
    (0.48, 0.62),
    (0.4, 0.8),
];
const ONE: &[(f32, f32)] = &[(0.5, 0.15), (0.5, 0.35), (0.49, 0.6), (0.5, 0.85)];

struct Window {
    harness: Harness<'static, App>,
}

impl Window {
    fn new(settings: Settings) -> Self {
        Self::with_model(settings, None, [1100.0, 700.0], 1.0)
    }

    fn with_model(
        settings: Settings,
        loaded: Option<(PathBuf, Model)>,
        size: [f32; 2],
        pixels_per_point: f32,
    ) -> Self {
        let harness = Harness::builder()
            .with_size(size)
            .with_pixels_per_point(pixels_per_point)
            .with_max_steps(20)
            .build_eframe(|creation| {
                App::new(&creation.egui_ctx, settings, loaded).expect("the shipped model fits")
            });
        let mut window = Self { harness };
        window.harness.step();
        window
    }

    /// Frames until something is so.
    fn await_that(&mut self, what: &str, condition: impl Fn(&Harness<'static, App>) -> bool) {
        let begin = Instant::now();
        self.harness.step();
        while !condition(&self.harness) {
            let said = self.harness.state().state().notices.list();
            assert!(
                begin.elapsed() < PATIENCE,
                "waited in vain: {what}; {said:?}"
            );
            thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
    }

    fn click(&mut self, label: &str) {
        // What has just appeared finds its place in its second frame.
        self.harness.step();
        self.harness.get_by_label(label).click();
        self.harness.step();
        self.harness.step();
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.step();
        self.harness.step();
    }

    fn value(&self, label: &str) -> String {
        self.harness.get_by_label(label).value().unwrap_or_default()
    }

    fn says(&self, part: &str) -> bool {
        says(&self.harness, part)
    }

    fn pad(&self) -> Rect {
        self.harness.get_by_label("Drawing pad").rect()
    }

    fn on_pad(&self, (x, y): (f32, f32)) -> Pos2 {
        let pad = self.pad();
        pad.min + pad.size() * egui::vec2(x, y)
    }

    /// Several pointer events within one frame.
    fn frame_with(&mut self, events: Vec<Event>) {
        self.harness.input_mut().events.extend(events);
        self.harness.step();
        self.harness.step();
    }

    /// A stroke, all its samples in one frame.
    fn draw(&mut self, points: &[(f32, f32)]) {
        let places: Vec<Pos2> = points.iter().map(|&point| self.on_pad(point)).collect();
        let mut events = vec![button(places[0], true)];
        events.extend(places[1..].iter().map(|&place| Event::PointerMoved(place)));
        events.push(button(places[places.len() - 1], false));
        self.frame_with(events);
    }

    /// The ten probabilities as the bars say them.
    fn bars(&self) -> [String; 10] {
        std::array::from_fn(|digit| self.value(&format!("Probability of {digit}")))
    }

    fn await_answer(&mut self, digit: char) {
        self.await_that(&format!("the answer {digit}"), |harness| {
            let answer = harness.get_by_label("Answer").value();
            answer.is_some_and(|answer| answer.starts_with(digit))
        });
    }

    fn drop_file(&mut self, path: &Path) {
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

    fn type_path(&mut self, path: &Path, button: &str) {
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

    fn close(&mut self) -> Vec<ViewportCommand> {
        let viewport = self
            .harness
            .input_mut()
            .viewports
            .entry(ViewportId::ROOT)
            .or_default();
        viewport.events.push(ViewportEvent::Close);
        self.harness.step();
        let commands = self.commands();
        let viewport = self
            .harness
            .input_mut()
            .viewports
            .entry(ViewportId::ROOT)
            .or_default();
        viewport.events.clear();
        self.harness.step();
        commands
    }

    fn commands(&self) -> Vec<ViewportCommand> {
        self.harness.output().viewport_output[&ViewportId::ROOT]
            .commands
            .clone()
    }
}

fn says(harness: &Harness<'static, App>, part: &str) -> bool {
    harness.root().children_recursive().any(|node| {
        [node.accesskit_node().label(), node.value()]
            .into_iter()
            .flatten()
            .any(|text| text.contains(part))
    })
}

fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    }
}

/// Without the system's dialogs, which would open on whoever runs the tests.
fn settings() -> Settings {
    Settings {
        file_dialogs: false,
        ..Settings::default()
    }
}

/// A data set of 28×28 pictures in which the digit is the place of a bright block.
fn write_dataset(folder: &Path) {
    let block = |digit: usize, index: usize| {
        let mut picture = [0_u8; 784];
        for y in 0..8 {
            for x in 0..5 {
                let (left, top) = ((digit % 5) * 5 + 1, (digit / 5) * 12 + 3 + index % 3);
                picture[(top + y) * 28 + left + x] = 255;
            }
        }
        picture
    };
    for (name, count) in [("train", 120_u32), ("t10k", 40)] {
        let mut images = Vec::from([0, 0, 8, 3]);
        let mut labels = Vec::from([0, 0, 8, 1]);
        images.extend([count, 28, 28].into_iter().flat_map(u32::to_be_bytes));
        labels.extend(count.to_be_bytes());
        for index in 0..count as usize {
            images.extend(block(index % 10, index / 10));
            labels.push((index % 10) as u8);
        }
        fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images).expect("writes");
        fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels).expect("writes");
    }
}

/// Settings that train on a small data set.
fn training_settings(folder: &Path, epochs: usize) -> Settings {
    write_dataset(folder);
    let mut form = TrainingForm {
        hidden: "16".to_owned(),
        from_folder: true,
        ..TrainingForm::default()
    };
    form.folder = folder.display().to_string();
    form.numbers.epochs = epochs;
    form.numbers.batch_size = 16;
    form.numbers.learning_rate = 0.01;
    Settings {
        training: SavedForm::of(&form),
        ..settings()
    }
}

#[test]
fn a_drawn_digit_shows_in_the_bars() {
    let mut window = Window::new(settings());
    assert!(
        window.value("Answer").contains("draw a digit"),
        "an empty pad says what to do"
    );
    assert_eq!(window.bars(), ["none"; 10], "and predicts nothing");
    for (points, digit) in [(SEVEN, '7'), (ONE, '1')] {
        window.draw(points);
        window.await_answer(digit);
        let bars = window.bars();
        let best: &str = &bars[digit.to_digit(10).expect("a digit") as usize];
        assert!(best.ends_with(" %"), "{bars:?} are percentages");
        let share: f32 = best
            .trim_start_matches('>')
            .trim_end_matches(" %")
            .parse()
            .expect("a number");
        assert!(share > 50.0, "{bars:?} have {digit} as the best");
        window.click("Clear");
        assert_eq!(window.bars(), ["none"; 10], "nothing is left");
    }
    window.harness.run();
}

#[test]
fn a_tap_leaves_a_dot() {
    let mut window = Window::new(settings());
    let place = window.on_pad((0.5, 0.5));
    window.frame_with(vec![button(place, true), button(place, false)]);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "although press and release share a frame"
    );
    window.await_that("the dot is seen", |harness| {
        harness.state().state().answer().is_some()
    });
}

#[test]
fn strokes_are_undone_redone_and_cleared_by_button_and_by_key() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.draw(ONE);
    let command = Modifiers::COMMAND;
    type Step = fn(&mut Window);
    let cases: [(Step, &str, &str); 11] = [
        (|w| w.click("Undo"), "1 stroke", "the button Undo"),
        (|w| w.click("Redo"), "2 strokes", "the button Redo"),
        (|w| w.click("Clear"), "Empty", "the button Clear"),
        (|w| w.click("Undo"), "2 strokes", "a clear is undone"),
        (
            |w| w.press(Modifiers::COMMAND, Key::Z),
            "1 stroke",
            "Ctrl+Z",
        ),
        (
            |w| w.press(Modifiers::COMMAND, Key::Y),
            "2 strokes",
            "Ctrl+Y",
        ),
        (
            |w| w.press(Modifiers::COMMAND, Key::Z),
            "1 stroke",
            "Ctrl+Z again",
        ),
        (
            |w| w.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z),
            "2 strokes",
            "Ctrl+Shift+Z",
        ),
        (|w| w.press(Modifiers::NONE, Key::Delete), "Empty", "Delete"),
        (
            |w| w.press(Modifiers::COMMAND, Key::Z),
            "2 strokes",
            "Ctrl+Z after Delete",
        ),
        (|w| w.press(Modifiers::NONE, Key::Escape), "Empty", "Escape"),
    ];
    for (step, expected, reason) in cases {
        step(&mut window);
        let value = window.value("Drawing pad");
        assert!(
            value.starts_with(expected),
            "{reason}: {value}, expected {expected}"
        );
    }
    window.press(command, Key::Z);
    window.harness.state_mut();
    let before = window.value("Drawing pad");
    assert_eq!(before, "2 strokes", "the drawing is back");
}

#[test]
fn keys_in_a_text_field_leave_the_drawing_alone() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.click("Settings");
    window.harness.get_by_label("Hidden layers").focus();
    window.harness.step();
    window.harness.get_by_label("Hidden layers").type_text(",x");
    window.harness.step();
    window.press(Modifiers::NONE, Key::Backspace);
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "nothing was undone or cleared"
    );
}

#[test]
fn hidden_layers_that_are_none_are_told_on_the_spot() {
    let mut window = Window::new(settings());
    window.click("Settings");
    window.harness.get_by_label("Hidden layers").focus();
    window.harness.step();
    window
        .harness
        .get_by_label("Hidden layers")
        .type_text("12a");
    window.harness.step();
    window.harness.step();
    assert!(
        window.says("whole numbers with commas"),
        "says what is expected"
    );
}

#[test]
fn every_sample_of_a_frame_is_taken_in_order() {
    let mut window = Window::new(settings());
    let points: Vec<(f32, f32)> = (0..40)
        .map(|i| (0.1 + 0.02 * i as f32, 0.5 + 0.3 * (i as f32 * 0.4).sin()))
        .collect();
    window.draw(&points);
    let ink = window.harness.state().state().ink().clone();
    assert_eq!(ink.strokes().len(), 1, "one stroke");
    let taken = ink.strokes()[0].points();
    assert_eq!(taken.len(), points.len(), "none is lost, none is added");
    for (taken, (x, y)) in taken.iter().zip(points) {
        assert!(
            (taken.x - x).abs() < 1e-4 && (taken.y - y).abs() < 1e-4,
            "in order and in place"
        );
    }
}

#[test]
fn a_stroke_that_leaves_the_pad_or_the_window_is_kept() {
    let mut window = Window::new(settings());
    let (inside, outside) = (window.on_pad((0.5, 0.5)), window.on_pad((1.2, 0.5)));
    let back = window.on_pad((0.5, 0.9));
    window.frame_with(vec![button(inside, true), Event::PointerMoved(outside)]);
    window.frame_with(vec![Event::PointerMoved(back), button(back, false)]);
    let ink = window.harness.state().state().ink().clone();
    assert_eq!(
        ink.strokes()[0].points().len(),
        3,
        "over the edge and back is one stroke"
    );
    window.frame_with(vec![button(inside, true), Event::PointerGone]);
    window.frame_with(vec![Event::PointerMoved(back)]);
    let ink = window.harness.state().state().ink().clone();
    assert_eq!(
        ink.strokes().len(),
        2,
        "the stroke that ended outside the window is there"
    );
    assert_eq!(
        ink.strokes()[1].points().len(),
        1,
        "and does not go on when the mouse comes back"
    );
    window.frame_with(vec![
        button(outside, true),
        Event::PointerMoved(inside),
        button(inside, false),
    ]);
    let count = window.harness.state().state().ink().strokes().len();
    assert_eq!(count, 2, "a press beside the pad draws nothing");
}

#[test]
fn training_shows_its_curves_and_its_model_answers_is_saved_and_loads_again() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 4));
    window.draw(SEVEN);
    window.await_answer('7');
    window.click("Train");
    window.await_that("it finishes", |harness| says(harness, "Test accuracy"));
    assert!(
        window.value("Loss curves").starts_with("training 0."),
        "the loss is plotted"
    );
    assert!(
        window.value("Accuracy curves").contains("validation"),
        "so is the accuracy"
    );
    assert_eq!(
        window.harness.state().state().training.history.len(),
        4,
        "every epoch"
    );
    assert!(
        window.says("on 40 images it never saw"),
        "the test is explained"
    );
    assert!(
        window.says("Answers: trained model, run 1"),
        "the new model answers"
    );
    window.click("The one before");
    assert!(
        window.says("Answers: shipped model"),
        "the one before is a click away"
    );
    window.click("The one before");
    assert!(
        window.says("Answers: trained model, run 1"),
        "and so is the way back"
    );
    window.harness.run();
    let bars = window.bars();

    let path = folder.path().join("trained.safetensors");
    window.click("Save weights…");
    window.type_path(&path, "Save");
    window.await_that("it is saved", |harness| says(harness, "Saved the weights"));

    let mut again = Window::new(settings());
    again.draw(SEVEN);
    again.await_answer('7');
    again.click("Change model");
    again.click("Load weights…");
    again.type_path(&path, "Load");
    again.await_that("it is loaded", |harness| {
        says(harness, "Answers: model from trained.safetensors")
    });
    let expected = bars.clone();
    again.await_that("the same drawing gives the same bars", move |harness| {
        (0..10).all(|digit| {
            let label = format!("Probability of {digit}");
            harness.get_by_label(&label).value().as_ref() == Some(&expected[digit])
        })
    });
}

#[test]
fn a_training_is_paused_resumed_and_stopped() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 10_000));
    window.click("Train");
    window.await_that("an epoch is over", |harness| {
        harness.query_by_label("Loss curves").is_some()
    });
    window.click("Pause");
    assert!(window.says("Paused in epoch"), "it says so");
    window.click("Resume");
    window.click("Stop");
    window.await_that("it stopped", |harness| says(harness, "Stopped after"));
    assert!(window.says("Test accuracy"), "what it has learnt is tested");
    assert!(window.says("Answers: trained model, run 1"), "and kept");
}

#[test]
fn a_watched_training_reads_the_drawing() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 10_000));
    window.draw(ONE);
    window.click("Train");
    window.await_that("an epoch answers", |harness| {
        says(harness, "Answers: the training, after epoch")
    });
    window.click("Watch it learn");
    assert!(
        window.says("Answers: shipped model"),
        "switched off, the chosen model answers"
    );
    window.click("Watch it learn");
    assert!(
        window.says("Answers: the training, after epoch"),
        "switched on, an epoch does"
    );
    window.click("Change model");
    window
        .harness
        .get_by_label_contains("Shipped model")
        .click();
    window.harness.step();
    window.harness.step();
    assert!(
        window.says("Answers: shipped model"),
        "a choice ends the watching"
    );
}

#[test]
fn files_that_do_not_fit_are_told_and_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let cases: [(&str, &[u8], &str); 3] = [
        (
            "broken.safetensors",
            b"\x08\0\0\0\0\0\0\0{\"a\": 1}",
            "broken.safetensors",
        ),
        ("text.png", b"not a picture at all", "text.png"),
        ("ink.jsonl", b"{\"strokes\": 7}", "ink.jsonl"),
    ];
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    let bars = window.bars();
    for (name, bytes, part) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("writes");
        window.drop_file(&path);
        window.await_that(&format!("{name} is refused"), |harness| says(harness, part));
        assert!(
            window.says("Answers: shipped model"),
            "{name}: the model at work stays"
        );
        assert_eq!(window.bars(), bars, "{name}: so does what it answers");
        assert_eq!(
            window.value("Drawing pad"),
            "1 stroke",
            "{name}: and the drawing"
        );
        window.click("Dismiss");
        assert!(
            !window.says(part),
            "{name}: the notice goes when it is dismissed"
        );
    }
}

#[test]
fn a_drawing_is_saved_and_opened_as_ink_and_as_a_picture() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    for name in ["seven.jsonl", "seven.png"] {
        window.click("Save drawing…");
        window.type_path(&folder.path().join(name), "Save");
        window.await_that("it is saved", |harness| says(harness, "Saved the drawing"));
    }
    for (name, pad) in [
        ("seven.jsonl", "1 stroke"),
        ("seven.png", "The picture seven.png"),
    ] {
        window.press(Modifiers::NONE, Key::Escape);
        window.click("Open drawing…");
        window.type_path(&folder.path().join(name), "Open");
        window.await_that("it is opened", |harness| {
            harness.get_by_label("Drawing pad").value().as_deref() == Some(pad)
        });
        window.await_answer('7');
    }
    window.draw(ONE);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "the next stroke ends the picture"
    );
}

#[test]
fn closing_asks_while_a_training_runs() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 10_000));
    let cancelled = |commands: &[ViewportCommand]| commands.contains(&ViewportCommand::CancelClose);
    assert!(!cancelled(&window.close()), "nothing is lost yet");
    window.click("Train");
    assert!(cancelled(&window.close()), "the window stays");
    assert!(window.says("Training is running"), "and asks");
    window.click("Keep training");
    assert!(!window.says("Training is running"), "it goes on");
    assert!(cancelled(&window.close()), "it asks again");
    window.harness.get_by_label("Stop it and close").click();
    window.harness.step();
    window.harness.step();
    assert!(!cancelled(&window.close()), "then it closes");
    let begin = Instant::now();
    drop(window);
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "and the trainer ends at once"
    );
}

#[test]
fn everything_has_its_place_at_every_size() {
    let cases = [
        ([640.0, 480.0], 1.0, false, true),
        ([640.0, 480.0], 2.0, true, false),
        ([640.0, 800.0], 1.0, true, true),
        ([1100.0, 700.0], 1.0, true, true),
        ([1280.0, 720.0], 1.5, true, true),
        ([2560.0, 1440.0], 2.0, true, true),
        ([700.0, 1200.0], 1.0, false, true),
    ];
    for (size, pixels_per_point, training_panel, fits) in cases {
        let settings = Settings {
            training_panel,
            ..settings()
        };
        let window = Window::with_model(settings, None, size, pixels_per_point);
        let whole = Rect::from_min_size(Pos2::ZERO, size.into());
        let mut places = vec![("Drawing pad".to_owned(), window.pad())];
        for label in [
            "What the network sees",
            "Undo",
            "Redo",
            "Clear",
            "Change model",
        ] {
            places.push((label.to_owned(), window.harness.get_by_label(label).rect()));
        }
        for digit in 0..10 {
            let label = format!("Probability of {digit}");
            places.push((label.clone(), window.harness.get_by_label(&label).rect()));
        }
        for (index, (label, place)) in places.iter().enumerate() {
            let is_within = whole.contains_rect(place.shrink(0.5));
            assert!(
                is_within || !fits,
                "{label} at {place:?} is within {size:?}"
            );
            assert!(
                place.height() >= 8.0,
                "{label} at {place:?} can be seen in {size:?}"
            );
            for (other, elsewhere) in &places[..index] {
                let common = place.shrink(0.5).intersects(elsewhere.shrink(0.5));
                assert!(
                    !common,
                    "{label} at {place:?} hides {other} at {elsewhere:?} in {size:?}"
                );
            }
        }
        let pad = window.pad();
        assert!(
            (pad.width() - pad.height()).abs() < 0.5,
            "the pad is a square in {size:?}"
        );
    }
}

#[test]
fn digits_of_many_hands_are_read() {
    let folder = std::env::var_os("DIGITPAD_INK_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/ink")),
        PathBuf::from,
    );
    let path = folder.join("digits.jsonl.gz");
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return;
    }
    let records = ink::file::read(&path).expect("the samples are ink");
    let model = Model::shipped().expect("the shipped model fits");
    let mut window = Window::new(settings());
    let (mut read, mut right) = (0, 0);
    for record in records.iter().step_by(records.len() / 40) {
        let Some(Label::Digit(digit)) = record.label else {
            continue;
        };
        draw_ink(&mut window, &record.ink);
        let bitmap = ink::to_bitmap(&record.ink).expect("the samples have strokes");
        let expected = predict(&model.mlp, &bitmap)
            .expect("it is computed")
            .digit();
        let answer = char::from(b'0' + expected.value());
        window.await_that(&format!("{answer}, as the library reads it"), |harness| {
            let shown = harness.state().state().answer();
            shown.is_some_and(|shown| shown.prediction.digit() == expected)
        });
        read += 1;
        right += usize::from(expected == digit);
        window.click("Clear");
    }
    assert!(right * 10 >= read * 8, "{right} of {read} are read rightly");
}

fn draw_ink(window: &mut Window, ink: &Ink) {
    for stroke in ink.strokes() {
        let points: Vec<(f32, f32)> = stroke.points().iter().map(|p| (p.x, p.y)).collect();
        window.draw(&points);
    }
}
