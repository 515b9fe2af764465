//! The real window on a display, with mouse and keyboard. The tests read its log and its screen, and save
//! screenshots in `artifacts/`.

#![cfg(target_os = "linux")]

mod display;
mod program;

use std::{collections::HashSet, fs, path::Path};

use digitpad::{
    app::state::form::TrainingForm,
    bitmap::Digit,
    ink::file::{self, InkRecord, Label},
    store::settings::{PadShape, Settings, ThemeChoice},
    training::config::Preset,
};
use image::RgbImage;
use tempfile::TempDir;
use x11rb::protocol::xproto::Window;

use self::{
    display::{CONTROL, DELETE, Display, ENTER, Pixel, SPACE, TAB},
    program::{Program, wait_until},
};

/// Strokes in the pad's units.
const SEVEN: [(f32, f32); 3] = [(0.25, 0.2), (0.75, 0.2), (0.42, 0.84)];
const ONE: [(f32, f32); 2] = [(0.52, 0.18), (0.48, 0.82)];
const FOUR: [&[(f32, f32)]; 2] = [
    &[(0.5, 0.2), (0.3, 0.56), (0.78, 0.56)],
    &[(0.63, 0.36), (0.63, 0.85)],
];
const TWO: [(f32, f32); 8] = [
    (1.1, 0.34),
    (1.18, 0.22),
    (1.34, 0.2),
    (1.44, 0.3),
    (1.4, 0.44),
    (1.24, 0.64),
    (1.08, 0.82),
    (1.5, 0.82),
];

/// The program with an open window. Fields are dropped in this order.
struct Session {
    program: Program,
    window: Window,
    /// The pad's corner and its height, in pixels.
    pad: (f32, f32, f32),
    display: Display,
    folder: TempDir,
}

impl Session {
    /// Opens the window with a theme and a number of training epochs. `None` without a display.
    fn open(theme: ThemeChoice, epochs: usize) -> Option<Self> {
        let mut form = TrainingForm::of(Preset::Keras, Preset::Keras.config());
        form.draft.epochs = epochs;
        Self::open_with(Settings {
            theme,
            training: form.saved(),
            ..Settings::default()
        })
    }

    /// Opens the window with these settings, without file dialogs. `None` without a display.
    fn open_with(settings: Settings) -> Option<Self> {
        let display = Display::open()?;
        let folder = tempfile::tempdir().expect("a folder for the settings");
        let settings = Settings {
            file_dialogs: false,
            ..settings
        };
        settings
            .save(folder.path(), &Settings::default())
            .expect("the settings are written");
        let mut program = Program::start(&display.name, folder.path());
        let place = program.wait_for("pad at ");
        let [x, y, height] = ["x=", "y=", "h="].map(|name| {
            let number = place
                .split(' ')
                .find_map(|part| part.strip_prefix(name)?.parse().ok());
            number.unwrap_or_else(|| panic!("{name} in \"pad at {place}\""))
        });
        let mut window = None;
        wait_until("the window is shown", || {
            window = display.window("digitpad");
            window.is_some()
        });
        let window = window.expect("it was waited for");
        display.focus(window);
        Some(Self {
            program,
            window,
            pad: (x, y, height),
            display,
            folder,
        })
    }

    /// A point of the pad on the screen. The pad's height is 1.
    fn pixel(&self, (x, y): (f32, f32)) -> Pixel {
        let (left, top, unit) = self.pad;
        ((left + unit * x) as i16, (top + unit * y) as i16)
    }

    /// Draws with the mouse.
    fn draw(&self, stroke: &[(f32, f32)]) {
        let path: Vec<Pixel> = stroke.iter().map(|&point| self.pixel(point)).collect();
        self.display.draw(&path);
    }

    /// Waits until the middle of the stroke's first line has ink, or has none.
    fn wait_for_ink(&self, stroke: &[(f32, f32)], inked: bool) {
        let middle = (
            f32::midpoint(stroke[0].0, stroke[1].0),
            f32::midpoint(stroke[0].1, stroke[1].1),
        );
        // The pad's corner has no ink.
        let [ink, paper] = [middle, (0.05, 0.05)].map(|point| self.pixel(point));
        wait_until(
            if inked {
                "there is ink"
            } else {
                "the ink is gone"
            },
            || {
                let picture = self.picture();
                let [ink, paper] =
                    [ink, paper].map(|(x, y)| picture.get_pixel(x as u32, y as u32).0);
                let difference = ink.iter().zip(paper).map(|(a, b)| a.abs_diff(b)).max();
                difference.is_some_and(|difference| (difference > 100) == inked)
            },
        );
    }

    fn picture(&self) -> RgbImage {
        self.display.picture(self.window)
    }

    /// The window's picture once it no longer changes.
    fn settled_picture(&self) -> RgbImage {
        let mut last = None;
        wait_until("the window settles", || {
            let picture = Some(self.picture());
            let is_same = last == picture;
            last = picture;
            is_same
        });
        last.expect("it was waited for")
    }

    /// Saves a screenshot of the window in `artifacts/` and checks that it is not blank.
    fn save_screenshot(&self, name: &str) {
        let picture = self.settled_picture();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
        fs::create_dir_all(&folder).expect("a folder for the pictures");
        picture
            .save(folder.join(name))
            .expect("the picture is written");
        let colors: HashSet<_> = picture.pixels().collect();
        assert!(
            colors.len() > 50,
            "text, bars and ink have many colors, not {}",
            colors.len()
        );
    }

    /// Closes the window. Answers its question with the second button, by the keyboard. The first one has the focus.
    fn close_anyway(&mut self) {
        self.display.close(self.window);
        self.program.wait_for("asks before it closes");
        assert!(self.program.runs(), "it does not close before the answer");
        for key in [TAB, SPACE] {
            // A frame moves the focus once.
            self.program.wait_for_frames();
            self.display.press(&[key]);
        }
        self.ends_well();
    }

    /// Closes the window after the trained model is in the run library. The window asks no question.
    fn close_with_the_model_in_the_library(&mut self) {
        self.program.wait_for_once("is stored");
        self.display.close(self.window);
        self.ends_well();
        let runs = self.folder.path().join("data/runs");
        let stored = fs::read_dir(runs).is_ok_and(|mut files| files.next().is_some());
        assert!(stored, "the run stays for the next start");
    }

    fn ends_well(&mut self) {
        let status = self.program.wait_for_end();
        assert!(status.success(), "{status}; log:\n{}", self.program.said());
    }
}

#[test]
fn a_mouse_drawing_is_predicted_undone_and_saved() {
    let Some(mut session) = Session::open(ThemeChoice::Dark, 1) else {
        return;
    };
    session.draw(&SEVEN);
    assert_eq!(
        session.program.wait_for_digit(),
        7,
        "a 7; log:\n{}",
        session.program.said()
    );
    session.wait_for_ink(&SEVEN, true);
    session.save_screenshot("window-dark.png");
    session.display.press(&[CONTROL, u32::from('z')]);
    session.wait_for_ink(&SEVEN, false);
    session.display.press(&[CONTROL, u32::from('y')]);
    session.wait_for_ink(&SEVEN, true);
    assert_eq!(session.program.wait_for_digit(), 7, "the second prediction");
    session.display.press(&[DELETE]);
    session.wait_for_ink(&SEVEN, false);
    session.draw(&ONE);
    assert_eq!(
        session.program.wait_for_digit(),
        1,
        "a 1; log:\n{}",
        session.program.said()
    );
    let before = session.picture();
    session.display.press(&[CONTROL, u32::from('s')]);
    wait_until("the window asks for a path", || session.picture() != before);
    session.settled_picture();
    session.display.write("one.jsonl");
    session.display.press(&[ENTER]);
    let path = session.folder.path().join("one.jsonl");
    wait_until("the drawing is saved", || path.exists());
    let drawings = file::read(&path).expect("an ink file");
    assert_eq!(drawings.len(), 1, "one drawing");
    assert_eq!(drawings[0].ink.strokes().len(), 1, "of one stroke");
    session.display.close(session.window);
    session.ends_well();
}

#[test]
fn a_number_is_read_undone_and_corrected_digit_by_digit() {
    let Some(mut session) = Session::open_with(Settings {
        pad_shape: PadShape::Line,
        ..Settings::default()
    }) else {
        return;
    };
    for stroke in &FOUR {
        session.draw(stroke);
    }
    session.draw(&TWO);
    session.program.wait_for("the pad shows the number 42");
    session.save_screenshot("window-number.png");
    session.display.press(&[CONTROL, u32::from('z')]);
    session.program.wait_for("prediction digit=4 ");
    session.display.press(&[CONTROL, u32::from('y')]);
    session.program.wait_for("the pad shows the number 42");
    // The ink of the 4 selects it.
    session.draw(&[FOUR[1][0]]);
    session.display.press(&[u32::from('9')]);
    let path = session.folder.path().join("data/corrections.jsonl");
    wait_until("the correction is saved", || path.exists());
    let saved = file::read(&path).expect("an ink file");
    let [InkRecord { label, ink, .. }] = &saved[..] else {
        panic!("one correction, not {saved:?}");
    };
    assert_eq!(*label, Some(Label::Digit(Digit::ALL[9])), "its label");
    assert_eq!(ink.strokes().len(), 2, "the 4 alone");
    session.display.close(session.window);
    session.ends_well();
}

#[test]
fn the_keyboard_evaluates_the_model_in_use() {
    let Some(mut session) = Session::open(ThemeChoice::Dark, 1) else {
        return;
    };
    session.display.press(&[CONTROL, u32::from('3')]);
    session
        .program
        .wait_for("evaluated Built-in on mnist: accuracy 0.99");
    session.save_screenshot("window-test-dark.png");
    session.display.close(session.window);
    session.ends_well();
}

#[test]
fn the_window_trains_a_model_that_predicts() {
    let Some(mut session) = Session::open(ThemeChoice::Light, 2) else {
        return;
    };
    session.draw(&SEVEN);
    assert_eq!(
        session.program.wait_for_digit(),
        7,
        "the built-in model's prediction"
    );
    session.display.press(&[CONTROL, u32::from('t')]);
    session.program.wait_for("training run 1 starts");
    let end = session
        .program
        .wait_for("training run 1 ends after 2 epochs: test accuracy Some(");
    let accuracy: f64 = end.trim_end_matches(')').parse().expect("a number");
    assert!(
        accuracy > 0.94,
        "the accuracy after two epochs is higher than {accuracy}"
    );
    assert_eq!(
        session.program.wait_for_digit(),
        7,
        "the trained model's prediction"
    );
    session.save_screenshot("window-light.png");
    session.close_with_the_model_in_the_library();
}

#[test]
fn a_training_window_predicts_and_closes() {
    let Some(mut session) = Session::open(ThemeChoice::System, 10_000) else {
        return;
    };
    session.display.press(&[CONTROL, u32::from('t')]);
    session.program.wait_for("training run 1 starts");
    session.draw(&SEVEN);
    session.program.wait_for("prediction digit=");
    session.wait_for_ink(&SEVEN, true);
    session.close_anyway();
}

/// As at the end of a desktop session.
#[test]
fn a_signal_closes_the_window_and_stores_the_drawing() {
    let Some(mut session) = Session::open(ThemeChoice::Dark, 1) else {
        return;
    };
    session.draw(&SEVEN);
    session.program.wait_for("prediction digit=");
    session.program.signal("-TERM");
    session.ends_well();
    let drawings = file::read(&session.folder.path().join("data/history.jsonl"));
    let drawings = drawings.expect("the history is stored");
    assert_eq!(drawings.len(), 1, "the drawing");
}

/// A question stands in the way of the close button, and of a signal.
#[test]
fn a_signal_asks_for_unsaved_work() {
    let Some(mut session) = Session::open(ThemeChoice::Dark, 10_000) else {
        return;
    };
    session.display.press(&[CONTROL, u32::from('t')]);
    session.program.wait_for("training run 1 starts");
    session.program.signal("-HUP");
    session.program.wait_for("asks before it closes");
    assert!(session.program.runs(), "it waits for the answer");
    session.close_anyway();
}

/// A display without GLX.
#[test]
fn without_opengl_the_error_is_one_line() {
    let Some(display) = Display::open_with(&["-extension", "GLX"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder for the settings");
    let mut command = Program::command(folder.path());
    command.env("DISPLAY", &display.name);
    // With a driver, EGL would draw without GLX.
    command.env("__EGL_VENDOR_LIBRARY_DIRS", folder.path());
    let output = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "one line: {said}");
    assert!(
        said.contains("OpenGL") && !said.contains("ConfigTemplate"),
        "{said}"
    );
}

#[test]
fn the_place_of_the_window_survives_a_kill() {
    let Some(mut session) = Session::open(ThemeChoice::Dark, 1) else {
        return;
    };
    let place = [60, 40, 901, 633];
    session.display.place(session.window, place);
    wait_until("the place is in the settings", || {
        let saved = Settings::load(session.folder.path());
        saved.is_ok_and(|saved| {
            saved.window_position == Some([60.0, 40.0]) && saved.window_size == [901.0, 633.0]
        })
    });
    session.program.kill();
    wait_until("its window is gone", || {
        session.display.window("digitpad").is_none()
    });
    session.program = Program::start(&session.display.name, session.folder.path());
    session.program.wait_for("pad at ");
    wait_until("the window is where it was", || {
        let window = session.display.window("digitpad");
        window.is_some_and(|window| session.display.place_of(window) == place)
    });
}

#[test]
fn without_a_display_the_error_gives_advice() {
    let folder = tempfile::tempdir().expect("a folder for the settings");
    let output = Program::command(folder.path())
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "bad input or usage: {said}");
    for words in ["display", "digitpad --help"] {
        assert!(said.contains(words), "\"{words}\" is in: {said}");
    }
}
