//! Where files are: asked for in the system's dialog, or typed.

use std::{
    path::{MAIN_SEPARATOR_STR, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{State, evaluation::SourceKind};
use crate::{
    app::action::{Effect, PathPurpose},
    worker::file_tasks::FileTask,
};

/// A path that is typed, because no file dialog came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPrompt {
    /// What it is for.
    pub purpose: PathPurpose,
    /// What is typed so far.
    pub text: String,
    /// Whether there is such a file already, which would be replaced.
    pub replaces: bool,
}

/// The last file dialog.
#[derive(Clone, Debug)]
pub(super) struct FileDialog {
    pub(super) purpose: PathPurpose,
    /// When it was opened.
    pub(super) since: Duration,
    pub(super) is_open: bool,
    /// Whether a path field was offered beside it, because it took long.
    pub(super) offered_path: bool,
}

impl FileDialog {
    pub(super) fn of(purpose: PathPurpose, since: Duration) -> Self {
        Self {
            purpose,
            since,
            is_open: false,
            offered_path: false,
        }
    }
}

/// A folder in the words of a field. Spaces around what is typed there are not meant; those at the end of a name
/// are, so a separator closes it.
pub(super) fn folder_text(folder: &Path) -> String {
    let mut text = folder.display().to_string();
    if text.ends_with(char::is_whitespace) {
        text.push_str(MAIN_SEPARATOR_STR);
    }
    text
}

impl State {
    pub(super) fn ask_path(&mut self, purpose: PathPurpose, out: &mut Vec<Effect>) {
        if purpose == PathPurpose::SaveSettings
            && let Err(refusal) = self.training.form.config()
        {
            return self.notices.error(refusal.to_string());
        }
        if !self.settings.file_dialogs || self.dialog.is_open {
            // A dialog that is open already does not answer, or is behind another window.
            self.prompt_for_path(purpose);
            return;
        }
        self.path_prompt = None;
        self.dialog = FileDialog {
            is_open: true,
            ..FileDialog::of(purpose, self.now)
        };
        out.push(Effect::OpenDialog(purpose));
    }

    /// Opens the path field, with what was typed for the same purpose before: a path that was almost
    /// right need not be typed again.
    pub(super) fn prompt_for_path(&mut self, purpose: PathPurpose) {
        if self
            .path_prompt
            .as_ref()
            .is_some_and(|prompt| prompt.purpose == purpose)
        {
            return;
        }
        let typed = self.typed.iter().find(|typed| typed.purpose == purpose);
        let text = match (purpose, typed) {
            (PathPurpose::DataFolder, _) => self.training.form.folder.clone(),
            (PathPurpose::TestFolder, _) => self.measuring.form.folder.clone(),
            (PathPurpose::TestInk, _) => self.measuring.form.ink.clone(),
            (_, Some(typed)) => typed.text.clone(),
            (_, None) => String::new(),
        };
        self.path_prompt = Some(PathPrompt {
            purpose,
            text,
            replaces: false,
        });
    }

    /// Asks whether what is there already is to be replaced. Where another path is being typed by now, that is only
    /// told.
    pub(super) fn ask_to_replace(&mut self, path: &Path) {
        if self.path_prompt.is_some() {
            return self.notices.error(format!(
                "There is a file {} already, which was left as it is; save again to replace it.",
                path.display()
            ));
        }
        let mut typed = self.typed.iter().rev();
        if let Some(prompt) = typed.find(|typed| Path::new(typed.text.trim()) == path) {
            self.path_prompt = Some(PathPrompt {
                replaces: true,
                ..prompt.clone()
            });
        }
    }

    pub(super) fn accept_path(&mut self, out: &mut Vec<Effect>) {
        let Some(prompt) = self
            .path_prompt
            .take_if(|prompt| !prompt.text.trim().is_empty())
        else {
            return;
        };
        let path = PathBuf::from(prompt.text.trim());
        let mut tasks = Vec::new();
        self.use_path(prompt.purpose, path.clone(), &mut tasks);
        let may_replace = prompt.replaces || !prompt.purpose.is_to_save();
        out.extend(tasks.into_iter().map(|effect| match effect {
            Effect::File(task) if !may_replace => {
                Effect::File(FileTask::IfNew(path.clone(), Box::new(task)))
            }
            effect => effect,
        }));
        self.typed.retain(|typed| typed.purpose != prompt.purpose);
        self.typed.push(prompt);
    }

    pub(super) fn use_path(&mut self, purpose: PathPurpose, path: PathBuf, out: &mut Vec<Effect>) {
        let task = match purpose {
            PathPurpose::LoadWeights => FileTask::LoadWeights(path),
            PathPurpose::OpenDrawing => FileTask::OpenDrawing(path),
            PathPurpose::SaveDrawing => FileTask::SaveDrawing {
                path,
                ink: self.editor.ink().clone(),
            },
            PathPurpose::SaveWeights(id) => {
                let Some(entry) = self.models.entry(id) else {
                    return;
                };
                FileTask::SaveWeights {
                    path,
                    model: Arc::clone(&entry.model),
                }
            }
            PathPurpose::TestFolder => {
                return self.test_on(SourceKind::Folder, folder_text(&path), out);
            }
            PathPurpose::TestInk => {
                return self.test_on(SourceKind::Ink, path.display().to_string(), out);
            }
            PathPurpose::SaveConfusion => {
                let Some(table) = self.confusion_table() else {
                    return;
                };
                FileTask::SaveTable { path, table }
            }
            PathPurpose::LoadSettings => FileTask::LoadSettings(path),
            PathPurpose::SaveSettings => match self.training.form.config() {
                Ok(config) => FileTask::SaveSettings {
                    path,
                    config: Box::new(config),
                },
                Err(refusal) => return self.notices.error(refusal.to_string()),
            },
            PathPurpose::SaveCurvesImage => match &self.training.curves_image {
                Some(curves_image) => FileTask::SaveCurvesImage {
                    path,
                    curves_image: Arc::clone(curves_image),
                },
                None => return,
            },
            PathPurpose::SaveCurves => FileTask::SaveTable {
                path,
                table: self.training.table(),
            },
            PathPurpose::DataFolder => {
                self.training.form.folder = folder_text(&path);
                self.training.form.from_folder = true;
                return;
            }
        };
        out.push(Effect::File(task));
    }
}
