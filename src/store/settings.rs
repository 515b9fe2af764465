//! The window's settings: a TOML file in the user's configuration folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{InputError, IoError, Refusal, StoreError, excerpt},
    files::{self, kind::content_of, limits::TEXT_BYTES, lock::FileLock},
    ink::{Bounds, Ink, edit::Eraser},
    model::device::DeviceChoice,
    training::config::{Preset, TrainingConfig, text::toml_mistake},
};

/// The name of the file.
const FILE_NAME: &str = "settings.toml";
/// The environment variable that names the configuration folder.
pub const FOLDER_VARIABLE: &str = "DIGITPAD_CONFIG_DIR";

/// The color theme of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// The theme of the system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl ThemeChoice {
    /// All themes, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// The name on the switch.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "System theme",
            Self::Light => "Light theme",
            Self::Dark => "Dark theme",
        }
    }
}

/// The width of the pen on the pad. The network's input does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PenWidth {
    /// A fine pen.
    Thin,
    /// About the width of the pen in the network's input.
    #[default]
    Medium,
    /// A marker.
    Wide,
}

impl PenWidth {
    /// The name in the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thin => "thin",
            Self::Medium => "medium",
            Self::Wide => "wide",
        }
    }

    /// The width in units of the pad's side.
    pub fn of_pad(self) -> f32 {
        match self {
            Self::Thin => 0.034,
            Self::Medium => 0.068,
            Self::Wide => 0.11,
        }
    }

    /// The next width; the widest is followed by the thinnest.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Thin => Self::Medium,
            Self::Medium => Self::Wide,
            Self::Wide => Self::Thin,
        }
    }
}

/// The shape of the pad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PadShape {
    /// For a digit, or a few.
    #[default]
    Square,
    /// Three times as wide as high, for a number.
    Line,
}

impl PadShape {
    /// The width, in heights of the pad.
    pub fn width(self) -> f32 {
        match self {
            Self::Square => 1.0,
            Self::Line => 3.0,
        }
    }

    /// How far a stroke may slip off the pad, in heights of the pad.
    pub const SLIP: f32 = 0.1;

    /// Whether a pad of this shape shows all of a drawing in its own coordinates.
    pub fn holds(self, ink: &Ink) -> bool {
        let is_within =
            |least: f32, most: f32, side: f32| least >= -Self::SLIP && most <= side + Self::SLIP;
        ink.bounds().is_none_or(|Bounds { min, max }| {
            is_within(min.x, max.x, self.width()) && is_within(min.y, max.y, 1.0)
        })
    }

    /// The shape that a drawing needs.
    pub fn of(ink: &Ink) -> Self {
        match ink.bounds() {
            Some(bounds) if bounds.max.x > Self::Square.width() + Self::SLIP => Self::Line,
            _ => Self::Square,
        }
    }

    /// The other shape.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Square => Self::Line,
            Self::Line => Self::Square,
        }
    }
}

/// A weight file that was opened, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightFile {
    /// The absolute path.
    pub path: PathBuf,
    /// The fingerprint of its bytes.
    pub fingerprint: u64,
}

/// The model in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelInUse {
    /// The built-in model.
    #[default]
    BuiltIn,
    /// The model of the run with this id.
    Run(u64),
    /// The model of this file.
    File(WeightFile),
}

/// The settings that the window stores when it closes. Each field is a value of its own for [`Settings::save`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct Settings {
    /// The color theme.
    pub theme: ThemeChoice,
    /// The window's inner size in points, `[width, height]`.
    pub window_size: [f32; 2],
    /// The place of the window's frame on the screen in points, `[x, y]`. `None` where the system does not tell it.
    pub window_position: Option<[f32; 2]>,
    /// The size of texts and controls; 1 is normal.
    pub zoom: f32,
    /// The width of the pen on the pad.
    pub pen_width: PenWidth,
    /// What the eraser removes.
    pub eraser: Eraser,
    /// Whether the pad shows how a drawing is normalized.
    pub guides: bool,
    /// The shape of the pad.
    pub pad_shape: PadShape,
    /// Whether the training panel is shown.
    pub training_panel: bool,
    /// Whether each epoch's weights answer during a training.
    pub watch: bool,
    /// The device for trainings.
    pub device: DeviceChoice,
    /// Whether to ask for files in the system's dialog. Otherwise a field asks for the path.
    pub file_dialogs: bool,
    /// Whether the guided tour was offered. It is offered once.
    pub tour_offered: bool,
    /// The model in use.
    pub model_in_use: ModelInUse,
    /// The number of the newest run. A renamed or deleted run keeps its number.
    pub last_run_number: u64,
    /// The fields of the training panel.
    pub training: SavedForm,
}

/// The fields of the training panel, as far as they are valid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedForm {
    /// The preset that was chosen last.
    pub preset: Preset,
    /// The folder of the data set.
    pub folder: String,
    /// Whether to train on the folder instead of MNIST.
    pub from_folder: bool,
    /// Whether to train on the corrections too.
    pub uses_corrections: bool,
    /// The hyperparameters.
    pub config: TrainingConfig,
}

impl Default for SavedForm {
    fn default() -> Self {
        let preset = Preset::Quick;
        Self {
            preset,
            folder: String::new(),
            from_folder: false,
            uses_corrections: true,
            config: preset.config(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            window_size: [1100.0, 700.0],
            window_position: None,
            pen_width: PenWidth::default(),
            eraser: Eraser::default(),
            guides: false,
            pad_shape: PadShape::default(),
            training_panel: false,
            zoom: 1.0,
            watch: true,
            device: DeviceChoice::default(),
            file_dialogs: true,
            tour_offered: false,
            model_in_use: ModelInUse::default(),
            last_run_number: 0,
            training: SavedForm::default(),
        }
    }
}

impl Settings {
    /// The smallest window that shows everything, `[width, height]` in points.
    pub const MIN_WINDOW_SIZE: [f32; 2] = [480.0, 360.0];

    /// Loads the settings in `folder`. A missing file gives the defaults.
    ///
    /// # Errors
    /// When the file is unreadable or invalid. An invalid file is moved to a backup.
    pub fn load(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE_NAME);
        let attempted = format!("load the settings in {}", excerpt(path.display()));
        let parsed = files::read_bounded(&path, TEXT_BYTES, &attempted)
            .and_then(|bytes| Ok(parse(&bytes, &attempted)?));
        match parsed {
            Ok(settings) => Ok(settings.with_valid_sizes()),
            Err(InputError::Io(error)) if error.is_not_found() => Ok(Self::default()),
            Err(InputError::Refused(reason)) => Err(super::back_up_invalid(&path, reason)),
            Err(error) => Err(error.into()),
        }
    }

    /// Saves the settings in `folder`, which is created if missing. A field that is as in `loaded` keeps the value of
    /// the file: another window may have changed it since.
    ///
    /// # Errors
    /// When the folder cannot be created or written to.
    pub fn save(&self, folder: &Path, loaded: &Self) -> Result<(), StoreError> {
        let path = folder.join(FILE_NAME);
        fs::create_dir_all(folder).map_err(|source| IoError::new("create", folder, source))?;
        let _lock = FileLock::wait(&path)?;
        let failed =
            |error: toml::ser::Error| IoError::new("write", &path, io::Error::other(error));
        let table = |settings: &Self| toml::Table::try_from(settings).map_err(failed);
        let (mut merged, unchanged) = (table(self)?, table(loaded)?);
        if let Ok(found) = Self::load(folder) {
            let found = table(&found)?;
            for (key, value) in found.into_iter().filter(|_| path.is_file()) {
                if merged.get(&key) == unchanged.get(&key) {
                    merged.insert(key, value);
                }
            }
        }
        let text = toml::to_string(&merged).map_err(failed)?;
        Ok(files::write_atomically(&path, text.as_bytes())?)
    }

    /// Keeps the window visible and readable, whatever the file says.
    fn with_valid_sizes(mut self) -> Self {
        for (size, min) in self.window_size.iter_mut().zip(Self::MIN_WINDOW_SIZE) {
            *size = if size.is_finite() {
                size.clamp(min, 16_384.0)
            } else {
                min
            };
        }
        self.zoom = if self.zoom.is_finite() {
            self.zoom.clamp(0.5, 3.0)
        } else {
            1.0
        };
        self.window_position
            .take_if(|position| position.iter().any(|at| !at.is_finite()));
        self
    }
}

fn parse(bytes: &[u8], attempted: &str) -> Result<Settings, Refusal> {
    let text = str::from_utf8(bytes).map_err(|_error| content_of(bytes).to_owned());
    let parsed = text.and_then(|text| toml::from_str(text).map_err(|it| toml_mistake(&it)));
    parsed.map_err(|found| {
        let expected = "settings that Digitpad saved";
        Refusal::new(attempted, found, expected, "the default settings apply")
    })
}

/// The configuration folder: that of [`FOLDER_VARIABLE`], or else the system's. `None` if the system
/// has none.
pub fn folder() -> Option<PathBuf> {
    super::folder(FOLDER_VARIABLE, directories::ProjectDirs::config_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_settings_load_unchanged() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let nested = folder.path().join("not/yet/there");
        let preset = Preset::Quick;
        let settings = Settings {
            pad_shape: PadShape::Line,
            theme: ThemeChoice::Dark,
            window_size: [800.5, 600.0],
            window_position: Some([-20.5, 0.0]),
            zoom: 1.5,
            pen_width: PenWidth::Wide,
            eraser: Eraser::Touched,
            guides: true,
            training_panel: true,
            watch: false,
            device: DeviceChoice::Cpu,
            file_dialogs: false,
            tour_offered: true,
            model_in_use: ModelInUse::File(WeightFile {
                path: "/data/ä.safetensors".into(),
                fingerprint: u64::MAX >> 1,
            }),
            last_run_number: 7,
            training: SavedForm {
                preset,
                folder: "/data/ä".to_owned(),
                from_folder: true,
                uses_corrections: false,
                config: TrainingConfig {
                    epochs: 3,
                    ..preset.config()
                },
            },
        };
        let loaded = Settings::default();
        settings.save(&nested, &loaded).expect("creates the folder");
        let again = Settings::load(&nested).expect("it is valid");
        assert_eq!(again, settings, "every field");
        let count = fs::read_dir(&nested).expect("lists").count();
        assert_eq!(count, 1, "only the settings");
    }

    #[test]
    fn a_missing_file_gives_the_defaults() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let loaded = Settings::load(folder.path()).expect("no error");
        assert_eq!(loaded, Settings::default(), "at the first start");
    }

    #[test]
    fn a_broken_file_is_moved_to_a_backup() {
        let cases: [(&[u8], &str); 5] = [
            (b"theme = ", "truncated"),
            (b"theme = \"pink\"", "unknown theme"),
            (b"[training]\npreset = \"none\"", "unknown preset"),
            (&[0xff, 0xfe, 0], "not text"),
            (&vec![b'#'; 1 + TEXT_BYTES as usize], "too large"),
        ];
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join(FILE_NAME);
        let names = ["settings.toml.bak".to_owned()]
            .into_iter()
            .chain((2..).map(|number| format!("settings.toml.bak-{number}")));
        for ((bytes, reason), name) in cases.into_iter().zip(names) {
            fs::write(&path, bytes).expect("writes");
            match Settings::load(folder.path()) {
                Err(StoreError::Invalid { backup, .. }) => {
                    assert_eq!(backup, Some(folder.path().join(&name)), "{reason}");
                }
                other => panic!("{reason}: {other:?}"),
            }
            assert!(!path.exists(), "{reason}: the next start reports no error");
        }
        for (bytes, reason) in cases {
            let is_kept = fs::read_dir(folder.path())
                .expect("lists")
                .flatten()
                .any(|entry| fs::read(entry.path()).is_ok_and(|found| found == bytes));
            assert!(is_kept, "{reason}: no backup replaces another");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_does_not_block_the_start() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join(FILE_NAME);
        crate::files::make_pipe(&path);
        let loaded = Settings::load(folder.path());
        let is_invalid = matches!(loaded, Err(StoreError::Invalid { backup: None, .. }));
        assert!(is_invalid, "{loaded:?}");
    }

    #[test]
    fn two_windows_keep_the_changes_of_each_other() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let loaded = Settings::default();
        loaded.save(folder.path(), &loaded).expect("saves");
        let one = Settings {
            theme: ThemeChoice::Dark,
            watch: false,
            ..Settings::default()
        };
        let other = Settings {
            window_size: [800.0, 600.0],
            watch: true,
            ..Settings::default()
        };
        one.save(folder.path(), &loaded).expect("saves");
        other.save(folder.path(), &loaded).expect("saves");
        let expected = Settings {
            window_size: [800.0, 600.0],
            ..one
        };
        let found = Settings::load(folder.path()).expect("it is valid");
        assert_eq!(found, expected, "the changes of both");
    }

    #[test]
    fn the_window_stays_visible() {
        let cases = [
            ("window_size = [3.0, nan]", [480.0, 360.0], "too small"),
            (
                "window_size = [1e9, 500.0]",
                [16_384.0, 500.0],
                "wider than any screen",
            ),
            ("", [1100.0, 700.0], "the default"),
        ];
        for (text, size, reason) in cases {
            let settings = parse(text.as_bytes(), "a test")
                .expect(reason)
                .with_valid_sizes();
            assert_eq!(settings.window_size, size, "{reason}");
        }
    }
}
