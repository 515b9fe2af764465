//! What the window remembers from one start to the next, in a TOML file in the user's own folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::app::state::form::TrainingForm;
use crate::{
    error::IoError,
    files::{self, ReadError},
    model::device::DeviceChoice,
    training::config::Preset,
};

/// The file's name in the folder.
const FILE_NAME: &str = "settings.toml";
/// What a broken file is renamed to, so that nothing in it is lost.
const BROKEN_NAME: &str = "settings.broken.toml";
/// No settings file of ours comes near it.
const LIMIT_BYTES: u64 = 256 << 10;
/// The environment variable that names another folder than the system's.
pub const FOLDER_VARIABLE: &str = "DIGITPAD_CONFIG_DIR";

/// Whether the window is light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the system has it.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl ThemeChoice {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// What the switch says.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "Theme of the system",
            Self::Light => "Light theme",
            Self::Dark => "Dark theme",
        }
    }
}

/// What the window remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: ThemeChoice,
    /// The window's inner size in points, `[width, height]`.
    pub window_size: [f32; 2],
    /// Whether the training panel is shown.
    pub training_panel: bool,
    /// Whether each epoch's weights answer while a training runs.
    pub watch: bool,
    /// What trainings are computed on.
    pub device: DeviceChoice,
    /// Whether to ask for files in the system's dialog. A field to type the path into is the other
    /// way, for a system whose dialogs do not work.
    pub file_dialogs: bool,
    /// What the training panel is set to.
    pub training: SavedForm,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            window_size: [1100.0, 700.0],
            training_panel: true,
            watch: true,
            device: DeviceChoice::default(),
            file_dialogs: true,
            training: SavedForm::of(&TrainingForm::default()),
        }
    }
}

impl Settings {
    /// The smallest window that shows everything, `[width, height]` in points.
    pub const MIN_WINDOW_SIZE: [f32; 2] = [640.0, 480.0];

    /// Reads the settings in `folder`. A missing file gives the defaults; a broken one too, with a
    /// sentence that says so, and is kept under another name.
    pub fn load(folder: &Path) -> (Self, Option<String>) {
        let path = folder.join(FILE_NAME);
        let reason = match files::read_bounded(&path, LIMIT_BYTES) {
            Ok(bytes) => match parse(&bytes) {
                Ok(settings) => return (settings.sane(), None),
                Err(reason) => reason,
            },
            Err(ReadError::Io(error)) if error.source.kind() == std::io::ErrorKind::NotFound => {
                return (Self::default(), None);
            }
            Err(ReadError::Io(error)) => error.source.to_string(),
            Err(ReadError::TooLarge(limit)) => format!("it is larger than {limit} bytes"),
        };
        let aside = folder.join(BROKEN_NAME);
        let kept = match fs::rename(&path, &aside) {
            Ok(()) => format!("the file is kept as {}", aside.display()),
            Err(_) => "the file stays as it is until the window closes".to_owned(),
        };
        let path = path.display();
        let notice = format!(
            "Your settings in {path} could not be read ({reason}), so the window starts with the usual ones; {kept}."
        );
        (Self::default(), Some(notice))
    }

    /// Writes the settings into `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn save(&self, folder: &Path) -> Result<(), IoError> {
        let failed = |source| IoError::new("write", folder, source);
        fs::create_dir_all(folder).map_err(failed)?;
        let text = toml::to_string(self).map_err(|error| failed(std::io::Error::other(error)))?;
        files::write_atomically(&folder.join(FILE_NAME), text.as_bytes())
    }

    /// A window that can be seen, whatever the file says.
    fn sane(mut self) -> Self {
        for (size, least) in self.window_size.iter_mut().zip(Self::MIN_WINDOW_SIZE) {
            *size = if size.is_finite() {
                size.clamp(least, 16_384.0)
            } else {
                least
            };
        }
        self
    }
}

fn parse(bytes: &[u8]) -> Result<Settings, String> {
    let text = str::from_utf8(bytes).map_err(|error| error.to_string())?;
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

/// A [`TrainingForm`] as it is stored. What an older or newer version wrote and this one does not
/// understand falls back to the preset, instead of costing the other settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedForm {
    preset: String,
    folder: String,
    from_folder: bool,
    uses_corrections: bool,
    config: toml::Value,
}

impl Default for SavedForm {
    fn default() -> Self {
        Self::of(&TrainingForm::default())
    }
}

impl SavedForm {
    /// What of the form is worth keeping: a group of hyperparameters that is not valid is kept as the preset has it.
    pub fn of(form: &TrainingForm) -> Self {
        let config = form.nearest_valid_config();
        Self {
            preset: form.preset.to_string(),
            folder: form.folder.clone(),
            from_folder: form.from_folder,
            uses_corrections: form.uses_corrections,
            config: toml::Value::try_from(config)
                .unwrap_or_else(|_| toml::Value::Table(toml::Table::new())),
        }
    }

    /// The form again.
    pub fn form(&self) -> TrainingForm {
        let preset = Preset::from_name(&self.preset).unwrap_or(Preset::Keras);
        let config = self.config.clone().try_into().unwrap_or_else(|error| {
            log::warn!(target: "digitpad", "the saved training settings do not fit: {error}");
            preset.config()
        });
        TrainingForm {
            folder: self.folder.clone(),
            from_folder: self.from_folder,
            uses_corrections: self.uses_corrections,
            ..TrainingForm::of(preset, config)
        }
    }
}

/// Where the settings live: the folder that [`FOLDER_VARIABLE`] names, else the system's place for
/// them; `None` where the system knows none.
pub fn folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => directories::ProjectDirs::from("", "", "digitpad")
            .map(|folders| folders.config_dir().to_path_buf()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_way_there_and_back() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let nested = folder.path().join("not/yet/there");
        let mut form = TrainingForm::default();
        form.draft.epochs = 3;
        form.hidden = "64, 32".to_owned();
        form.folder = "/data/ä".to_owned();
        form.from_folder = true;
        form.uses_corrections = false;
        let settings = Settings {
            theme: ThemeChoice::Dark,
            window_size: [800.5, 600.0],
            training_panel: false,
            watch: false,
            device: DeviceChoice::Cpu,
            file_dialogs: false,
            training: SavedForm::of(&form),
        };
        settings.save(&nested).expect("the folder is made");
        let (again, notice) = Settings::load(&nested);
        assert_eq!(again, settings, "all of it");
        assert_eq!(notice, None, "nothing to say");
        let again = again.training.form();
        assert_eq!(again.config(), form.config(), "the configuration too");
        assert_eq!(
            (
                again.folder.as_str(),
                again.from_folder,
                again.uses_corrections
            ),
            ("/data/ä", true, false),
            "and the data"
        );
    }

    #[test]
    fn a_missing_file_is_the_first_start() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        assert_eq!(
            Settings::load(folder.path()),
            (Settings::default(), None),
            "as usual"
        );
    }

    #[test]
    fn a_broken_file_never_prevents_starting() {
        let cases: [(&[u8], &str); 4] = [
            (b"theme = ", "cut off"),
            (b"theme = \"pink\"", "no such theme"),
            (&[0xff, 0xfe, 0], "not text"),
            (&vec![b'#'; 300 << 10], "far too large"),
        ];
        for (bytes, reason) in cases {
            let folder = tempfile::tempdir().expect("a folder for the test");
            fs::write(folder.path().join(FILE_NAME), bytes).expect("writes");
            let (settings, notice) = Settings::load(folder.path());
            assert_eq!(settings, Settings::default(), "{reason}: the usual ones");
            let notice = notice.expect("it is said");
            assert!(
                notice.contains(BROKEN_NAME),
                "{reason}: {notice} says where the old file is"
            );
            let kept = fs::read(folder.path().join(BROKEN_NAME)).expect("is kept");
            assert_eq!(kept, bytes, "{reason}: kept as it was");
        }
    }

    #[test]
    fn what_does_not_fit_costs_only_itself() {
        let cases = [
            (
                "window_size = [3.0, nan]",
                [640.0, 480.0],
                "a window that cannot be seen",
            ),
            (
                "window_size = [1e9, 500.0]",
                [16_384.0, 500.0],
                "wider than any screen",
            ),
            (
                "[training]\npreset = \"none\"",
                [1100.0, 700.0],
                "an unknown preset",
            ),
            (
                "[training]\nconfig = { epochs = -1 }",
                [1100.0, 700.0],
                "an unknown configuration",
            ),
        ];
        for (text, size, reason) in cases {
            let settings = parse(text.as_bytes()).expect(reason).sane();
            assert_eq!(settings.window_size, size, "{reason}");
            assert_eq!(
                settings.training.form(),
                TrainingForm::default(),
                "{reason}"
            );
        }
    }
}
