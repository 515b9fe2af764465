//! The real window, as a person has it: on a display, with mouse and keyboard. It is followed through
//! its log and through what the screen shows; pictures of it are left in `artifacts/`.

#![cfg(target_os = "linux")]

mod display;
mod program;

use std::{collections::HashSet, fs, path::Path, thread, time::Duration};

use digitpad::{
    app::state::form::TrainingForm,
    ink::file,
    store::settings::{Settings, ThemeChoice},
};
use image::RgbImage;
use tempfile::TempDir;
use x11rb::protocol::xproto::Window;

use self::{
    display::{CONTROL, Display, ENTER, ESCAPE, Pixel, SPACE, TAB},
    program::{Program, wait_until},
};

/// Strokes in the pad's units.
const SEVEN: [(f32, f32); 3] = [(0.25, 0.2), (0.75, 0.2), (0.42, 0.84)];
const ONE: [(f32, f32); 2] = [(0.52, 0.18), (0.48, 0.82)];

/// The program with its window open. What ends first stands first.
struct Session {
    program: Program,
    window: Window,
    /// The pad's corner and its side, in pixels.
    pad: (f32, f32, f32),
    display: Display,
    folder: TempDir,
}

impl Session {
    /// Opens the window in that theme, set to train for so many epochs; `None` without a display.
    fn open(theme: ThemeChoice, epochs: usize) -> Option<Self> {
        let display = Display::open()?;
        let folder = tempfile::tempdir().expect("a folder for the settings");
        let mut form = TrainingForm::default();
        form.draft.epochs = epochs;
        let settings = Settings {
            theme,
            file_dialogs: false,
            training: form.saved(),
            ..Settings::default()
        };
        settings
            .save(folder.path())
            .expect("the settings are written");
        let mut program = Program::start(&display.name, folder.path());
        let place = program.wait_for("pad at ");
        let [x, y, width, _] = ["x=", "y=", "w=", "h="].map(|name| {
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
            pad: (x, y, width),
            display,
            folder,
        })
    }

    /// A point of the pad on the screen.
    fn pixel(&self, (x, y): (f32, f32)) -> Pixel {
        let (left, top, side) = self.pad;
        ((left + side * x) as i16, (top + side * y) as i16)
    }

    /// Draws with the mouse.
    fn draw(&self, stroke: &[(f32, f32)]) {
        let path: Vec<Pixel> = stroke.iter().map(|&point| self.pixel(point)).collect();
        self.display.draw(&path);
    }

    /// Waits until there is ink, or none, in the middle of the stroke's first line.
    fn wait_for_ink(&self, stroke: &[(f32, f32)], inked: bool) {
        let middle = (
            f32::midpoint(stroke[0].0, stroke[1].0),
            f32::midpoint(stroke[0].1, stroke[1].1),
        );
        // Nobody draws in the pad's corner.
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

    /// Leaves a picture of the window in `artifacts/`, and sees that there is something in it.
    fn save_screenshot(&self, name: &str) {
        // What the last prediction changed is on its way.
        thread::sleep(Duration::from_millis(500));
        let picture = self.picture();
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

    /// Closes the window, which asks first, and answers with its second button by the keyboard.
    fn close_anyway(&mut self) {
        let before = self.picture();
        self.display.close(self.window);
        wait_until("the window asks", || self.picture() != before);
        thread::sleep(Duration::from_millis(500));
        assert!(self.program.runs(), "it does not close before the answer");
        for key in [TAB, TAB, SPACE] {
            self.display.press(&[key]);
            thread::sleep(Duration::from_millis(100));
        }
        self.ends_well();
    }

    /// Closes the window once the trained model is in the library: nothing would be lost, so it does not ask.
    fn close_with_the_model_in_the_library(&mut self) {
        let runs = self.folder.path().join("data/runs");
        let is_kept = || fs::read_dir(&runs).is_ok_and(|mut files| files.next().is_some());
        wait_until("the run is in the library", is_kept);
        thread::sleep(Duration::from_millis(500));
        self.display.close(self.window);
        self.ends_well();
        assert!(is_kept(), "it is there for the next start");
    }

    fn ends_well(&mut self) {
        let status = self.program.wait_for_end();
        assert!(
            status.success(),
            "{status}; it said:\n{}",
            self.program.said()
        );
    }
}

#[test]
fn what_the_mouse_draws_is_read_taken_back_and_saved() {
    let Some(mut session) = Session::open(ThemeChoice::Dark, 1) else {
        return;
    };
    session.draw(&SEVEN);
    assert_eq!(
        session.program.wait_for_digit(),
        7,
        "a 7; it said:\n{}",
        session.program.said()
    );
    session.wait_for_ink(&SEVEN, true);
    session.save_screenshot("window-dark.png");
    session.display.press(&[CONTROL, u32::from('z')]);
    session.wait_for_ink(&SEVEN, false);
    session.display.press(&[CONTROL, u32::from('y')]);
    session.wait_for_ink(&SEVEN, true);
    assert_eq!(session.program.wait_for_digit(), 7, "it is read again");
    session.display.press(&[ESCAPE]);
    session.wait_for_ink(&SEVEN, false);
    session.draw(&ONE);
    assert_eq!(
        session.program.wait_for_digit(),
        1,
        "a 1; it said:\n{}",
        session.program.said()
    );
    let before = session.picture();
    session.display.press(&[CONTROL, u32::from('s')]);
    wait_until("the window asks for a path", || session.picture() != before);
    thread::sleep(Duration::from_millis(500));
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
fn the_model_at_work_is_tested_by_the_keyboard() {
    let Some(mut session) = Session::open(ThemeChoice::Dark, 1) else {
        return;
    };
    session.display.press(&[CONTROL, u32::from('2')]);
    session
        .program
        .wait_for("evaluated built-in model on mnist: accuracy 0.99");
    session.save_screenshot("window-test-dark.png");
    session.display.close(session.window);
    session.ends_well();
}

#[test]
fn a_training_in_the_window_ends_in_a_model_that_answers() {
    let Some(mut session) = Session::open(ThemeChoice::Light, 2) else {
        return;
    };
    session.draw(&SEVEN);
    assert_eq!(
        session.program.wait_for_digit(),
        7,
        "the built-in model's answer"
    );
    session.display.press(&[CONTROL, u32::from('t')]);
    session.program.wait_for("training run 1 starts");
    let end = session
        .program
        .wait_for("training run 1 ends after 2 epochs: test accuracy Some(");
    let accuracy: f64 = end.trim_end_matches(')').parse().expect("a number");
    assert!(
        accuracy > 0.94,
        "two epochs read more than {accuracy} of MNIST's test set"
    );
    assert_eq!(
        session.program.wait_for_digit(),
        7,
        "the trained model's answer"
    );
    session.save_screenshot("window-light.png");
    session.close_with_the_model_in_the_library();
}

#[test]
fn a_window_that_trains_goes_on_reading_and_closes_when_told_to() {
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

#[test]
fn without_a_display_it_says_so_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder for the settings");
    let output = Program::command(folder.path())
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(2),
        "the user can mend it: {said}"
    );
    for words in ["display", "digitpad --help"] {
        assert!(said.contains(words), "\"{words}\" is in: {said}");
    }
}
