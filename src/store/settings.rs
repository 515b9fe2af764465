//! The window's settings: a TOML file in the user's configuration folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{InputError, IoError, Refusal},
    files::{self, backup::back_up},
    model::device::DeviceChoice,
    training::config::{Preset, TrainingConfig},
};

/// The name of the file.
const FILE_NAME: &str = "settings.toml";
/// The extension of a backup.
const BACKUP_EXTENSION: &str = ".broken";
/// A settings file is a hundred times smaller.
const LIMIT_BYTES: u64 = 256 << 10;
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

/// The settings that the window stores when it closes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The color theme.
    pub theme: ThemeChoice,
    /// The window's inner size in points, `[width, height]`.
    pub window_size: [f32; 2],
    /// Whether the training panel is shown.
    pub training_panel: bool,
    /// Whether each epoch's weights answer during a training.
    pub watch: bool,
    /// The device for trainings.
    pub device: DeviceChoice,
    /// Whether to ask for files in the system's dialog. Otherwise a field asks for the path.
    pub file_dialogs: bool,
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
        let preset = Preset::Keras;
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
            training_panel: true,
            watch: true,
            device: DeviceChoice::default(),
            file_dialogs: true,
            training: SavedForm::default(),
        }
    }
}

impl Settings {
    /// The smallest window that shows everything, `[width, height]` in points.
    pub const MIN_WINDOW_SIZE: [f32; 2] = [640.0, 480.0];

    /// Loads the settings in `folder`. A missing file gives the defaults.
    ///
    /// # Errors
    /// When the file is unreadable or invalid. It is then moved to a backup.
    pub fn load(folder: &Path) -> Result<Self, Refusal> {
        let path = folder.join(FILE_NAME);
        let found = match files::read_bounded(&path, LIMIT_BYTES, "load the settings") {
            Ok(bytes) => match parse(&bytes) {
                Ok(settings) => return Ok(settings.with_valid_window_size()),
                Err(found) => found,
            },
            Err(InputError::Io(error)) if error.is_not_found() => return Ok(Self::default()),
            Err(InputError::Io(error)) => error.source.to_string(),
            Err(InputError::Refused(refusal)) => refusal.found,
        };
        let backup = match back_up(&path, BACKUP_EXTENSION) {
            Ok(Some(backup)) => format!("the file is now {}", backup.display()),
            Ok(None) | Err(_) => "the window replaces the file when it closes".to_owned(),
        };
        Err(Refusal::new(
            format!("load the settings in {}", path.display()),
            found,
            "settings that Digitpad saved",
            format!("the default settings apply, and {backup}"),
        ))
    }

    /// Saves the settings in `folder`, which is created if missing.
    ///
    /// # Errors
    /// When the folder cannot be created or written to.
    pub fn save(&self, folder: &Path) -> Result<(), IoError> {
        let failed = |source| IoError::new("write", folder, source);
        fs::create_dir_all(folder).map_err(failed)?;
        let text = toml::to_string(self).map_err(|error| failed(io::Error::other(error)))?;
        files::write_atomically(&folder.join(FILE_NAME), text.as_bytes())
    }

    /// Keeps the window visible, whatever the file says.
    fn with_valid_window_size(mut self) -> Self {
        for (size, min) in self.window_size.iter_mut().zip(Self::MIN_WINDOW_SIZE) {
            *size = if size.is_finite() {
                size.clamp(min, 16_384.0)
            } else {
                min
            };
        }
        self
    }
}

fn parse(bytes: &[u8]) -> Result<Settings, String> {
    let text = str::from_utf8(bytes).map_err(|error| error.to_string())?;
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

/// The configuration folder: that of [`FOLDER_VARIABLE`], or else the system's. `None` if the system
/// has none.
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
    fn saved_settings_load_unchanged() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let nested = folder.path().join("not/yet/there");
        let preset = Preset::Quick;
        let settings = Settings {
            theme: ThemeChoice::Dark,
            window_size: [800.5, 600.0],
            training_panel: false,
            watch: false,
            device: DeviceChoice::Cpu,
            file_dialogs: false,
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
        settings.save(&nested).expect("the folder is created");
        assert_eq!(Settings::load(&nested), Ok(settings), "every field");
    }

    #[test]
    fn a_missing_file_gives_the_defaults() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let loaded = Settings::load(folder.path());
        assert_eq!(loaded, Ok(Settings::default()), "at the first start");
    }

    #[test]
    fn a_broken_file_is_moved_to_a_backup() {
        let cases: [(&[u8], &str); 5] = [
            (b"theme = ", "truncated"),
            (b"theme = \"pink\"", "unknown theme"),
            (b"[training]\npreset = \"none\"", "unknown preset"),
            (&[0xff, 0xfe, 0], "not text"),
            (&vec![b'#'; 300 << 10], "too large"),
        ];
        for (bytes, reason) in cases {
            let folder = tempfile::tempdir().expect("a folder for the test");
            let path = folder.path().join(FILE_NAME);
            fs::write(&path, bytes).expect("writes");
            let refusal = Settings::load(folder.path()).expect_err(reason);
            let backup = folder.path().join("settings.toml.broken");
            let remedy = &refusal.remedy;
            assert!(
                remedy.contains(&backup.display().to_string()),
                "{reason}: {remedy} names the backup"
            );
            assert_eq!(fs::read(backup).ok().as_deref(), Some(bytes), "{reason}");
            assert!(!path.exists(), "{reason}: the next start reports no error");
        }
    }

    #[test]
    fn the_window_stays_visible() {
        let cases = [
            ("window_size = [3.0, nan]", [640.0, 480.0], "too small"),
            (
                "window_size = [1e9, 500.0]",
                [16_384.0, 500.0],
                "wider than any screen",
            ),
            ("", [1100.0, 700.0], "the default"),
        ];
        for (text, size, reason) in cases {
            let settings = parse(text.as_bytes())
                .expect(reason)
                .with_valid_window_size();
            assert_eq!(settings.window_size, size, "{reason}");
        }
    }
}
