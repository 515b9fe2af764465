//! Files: requests by dialog, path field or drop, and their outcomes.

use std::{
    path::{MAIN_SEPARATOR_STR, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    Place, State, evaluation::SourceKind, models::ModelId, notices::Claim, training::sentence,
};
use crate::{
    app::action::{Effect, PastedPicture},
    error::{self, FileError, Refusal},
    ink::edit::Picture,
    model::file::Model,
    picture::{PictureView, ReadPicture},
    store::settings::{ModelInUse, WeightFile},
    worker::file_tasks::{
        FileContent, FileOutcome, FilePurpose, FileRequest, FileResult, FileTask,
    },
};

/// A dialog that is canceled sooner was never visible: the system has no dialogs.
const UNSEEN_DIALOG: Duration = Duration::from_millis(700);
/// A dialog that takes longer may never appear.
const SLOW_DIALOG: Duration = Duration::from_secs(4);

/// The time between two steps of a replay.
const FRAME: Duration = Duration::from_millis(16);

/// A path field, for systems whose file dialogs do not work.
#[derive(Clone, Debug)]
pub struct PathPrompt {
    /// The request that needs the path.
    pub request: FileRequest,
    /// The text in the field.
    pub text: String,
    /// Whether the file exists and would be replaced.
    pub replaces: bool,
    /// Why the last path failed.
    pub problem: Option<String>,
}

/// Requests for files.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    request_count: u64,
    /// The last dialog.
    dialog: Option<FileDialog>,
    is_dialog_open: bool,
    /// The last path that was typed for each purpose.
    typed: Vec<(FilePurpose, String)>,
    /// The path field that was accepted last. It is back if the file fails.
    accepted: Option<PathPrompt>,
    /// Whether the last file failed.
    is_failed: bool,
}

impl Files {
    /// Whether the last file failed.
    pub(super) fn has_failed(&self) -> bool {
        self.is_failed
    }
}

#[derive(Clone, Debug)]
struct FileDialog {
    request: FileRequest,
    opened_at: Duration,
    /// Whether a path field was offered beside it.
    offered_path: bool,
}

/// A folder as the text of a field. A field is trimmed, so a separator protects trailing spaces of
/// the folder's name.
pub(super) fn folder_text(folder: &Path) -> String {
    let mut text = folder.display().to_string();
    if text.ends_with(char::is_whitespace) {
        text.push_str(MAIN_SEPARATOR_STR);
    }
    text
}

impl State {
    /// Asks the user for a path. The file will contain the state of this moment.
    pub(super) fn ask_path(&mut self, purpose: FilePurpose, out: &mut Vec<Effect>) {
        match self.content_for(purpose) {
            Err(refusal) => self.notices.error(refusal.to_string()),
            // Nothing to write.
            Ok(None) if purpose.is_write() => {}
            Ok(content) => self.request_file(purpose, content, out),
        }
    }

    pub(super) fn ask_to_save_weights(&mut self, id: ModelId, out: &mut Vec<Effect>) {
        if let Some(entry) = self.models.entry(id) {
            let content = FileContent::Weights(Arc::clone(&entry.model));
            self.request_file(FilePurpose::SaveWeights, Some(content), out);
        }
    }

    fn content_for(&self, purpose: FilePurpose) -> Result<Option<FileContent>, Refusal> {
        Ok(match purpose {
            FilePurpose::SaveWeights => {
                let model = Arc::clone(&self.models.chosen().model);
                Some(FileContent::Weights(model))
            }
            FilePurpose::SaveDrawing => Some(FileContent::Drawing(self.pad.ink().clone())),
            FilePurpose::SaveConfusion => self.confusion_table().map(FileContent::Table),
            FilePurpose::SaveCurves => {
                let run = self.learn_run();
                run.map(|run| FileContent::Table(run.table()))
            }
            FilePurpose::SaveConfig => {
                let config = self.training.form.config()?;
                Some(FileContent::Config(Box::new(config)))
            }
            _ => None,
        })
    }

    pub(super) fn request_file(
        &mut self,
        purpose: FilePurpose,
        content: Option<FileContent>,
        out: &mut Vec<Effect>,
    ) {
        let request = FileRequest {
            number: self.next_request_number(),
            purpose,
            content,
        };
        if !self.settings.file_dialogs || self.files.is_dialog_open {
            // An open dialog does not answer, or is behind another window.
            self.prompt_for_path(request);
            return;
        }
        self.path_prompt = None;
        self.files.is_dialog_open = true;
        self.files.dialog = Some(FileDialog {
            request: request.clone(),
            opened_at: self.now,
            offered_path: false,
        });
        out.push(Effect::OpenDialog(request));
    }

    fn next_request_number(&mut self) -> u64 {
        self.files.request_count += 1;
        self.files.request_count
    }

    /// Opens the path field with the text that was typed last for the same purpose.
    fn prompt_for_path(&mut self, request: FileRequest) {
        let open = self.path_prompt.as_mut();
        if let Some(prompt) = open.filter(|open| open.request.purpose == request.purpose) {
            prompt.request = request;
            return;
        }
        let typed = &self.files.typed;
        let text = match request.purpose {
            FilePurpose::TrainingFolder => self.training.form.folder.clone(),
            FilePurpose::EvaluationFolder => self.evaluation.form.folder.clone(),
            FilePurpose::EvaluationInk => self.evaluation.form.ink.clone(),
            purpose => typed
                .iter()
                .find(|(of, _)| *of == purpose)
                .map(|(_, text)| text.clone())
                .unwrap_or_default(),
        };
        self.path_prompt = Some(PathPrompt {
            request,
            text,
            replaces: false,
            problem: None,
        });
    }

    pub(super) fn edit_path(&mut self, text: String) {
        if let Some(prompt) = &mut self.path_prompt {
            prompt.text = text;
            prompt.replaces = false;
            prompt.problem = None;
        }
    }

    pub(super) fn accept_path(&mut self, out: &mut Vec<Effect>) {
        let is_typed = |prompt: &mut PathPrompt| !prompt.text.trim().is_empty();
        let Some(prompt) = self.path_prompt.take_if(is_typed) else {
            return;
        };
        self.files.accepted = Some(prompt.clone());
        let PathPrompt {
            request,
            text,
            replaces,
            ..
        } = prompt;
        let mut path = PathBuf::from(text.trim());
        if request.content.is_some() && path.extension().is_none() {
            let usual = Path::new(request.purpose.details().file_name).extension();
            path.set_extension(usual.unwrap_or_default());
        }
        self.files.typed.retain(|(of, _)| *of != request.purpose);
        self.files.typed.push((request.purpose, text));
        out.push(Effect::File(FileTask::Requested {
            request,
            path,
            replaces,
        }));
    }

    pub(super) fn drop_file(&mut self, path: PathBuf, out: &mut Vec<Effect>) {
        out.push(Effect::File(FileTask::Dropped {
            number: self.next_request_number(),
            path,
            is_evaluation: self.place == Place::Test,
        }));
    }

    pub(super) fn paste(&mut self, picture: &PastedPicture, out: &mut Vec<Effect>) {
        out.push(Effect::File(FileTask::Pasted {
            number: self.next_request_number(),
            rgba: picture.rgba.clone(),
            size: picture.size,
        }));
    }

    /// Reads a part of the picture: left, top, right and bottom, in its pixels.
    pub(super) fn select_part(&self, part: [usize; 4], out: &mut Vec<Effect>) {
        let view = self.pad.picture().and_then(|it| it.view.clone());
        out.extend(view.map(|view| Effect::File(FileTask::ReadPart { view, part })));
    }

    /// Shows a part that was read, unless the picture has left the pad.
    fn show_part(&mut self, of: &Arc<PictureView>, read: ReadPicture) {
        // All parts of a picture share its pixels.
        let is_of = |picture: &&Picture| {
            let view = picture.view.as_ref();
            view.is_some_and(|view| Arc::ptr_eq(&view.rgb, &of.rgb))
        };
        let Some(before) = self.pad.picture().filter(is_of) else {
            return;
        };
        let whole = before.whole.clone();
        let picture = Picture {
            view: Some(Arc::new(read.view)),
            whole: whole.or_else(|| Some(Arc::new(before.clone()))),
            ..Picture::new(before.name.clone(), read.bitmap)
        };
        self.show_picture(picture);
    }

    /// Takes in the time since the window opened, and whether a file dialog is open. Returns the time
    /// until something changes by itself.
    pub fn tick(&mut self, now: Duration, is_dialog_open: bool) -> Option<Duration> {
        self.now = now;
        self.files.is_dialog_open = is_dialog_open;
        let expiry = self.notices.expire(now);
        if self.pad.advance_replay(now) {
            return Some(FRAME);
        }
        let slow = self.files.dialog.as_mut();
        let Some(dialog) = slow.filter(|dialog| is_dialog_open && !dialog.offered_path) else {
            return expiry;
        };
        let wait = (dialog.opened_at + SLOW_DIALOG).saturating_sub(now);
        if wait.is_zero() {
            dialog.offered_path = true;
            let request = dialog.request.clone();
            self.prompt_for_path(request);
            return expiry;
        }
        Some(expiry.map_or(wait, |expiry| expiry.min(wait)))
    }

    /// Takes in the outcome of a file task or a dialog.
    pub fn on_file_outcome(&mut self, outcome: FileOutcome) -> Vec<Effect> {
        let mut effects = Vec::new();
        match outcome {
            FileOutcome::Requested { request, result } => match result {
                Ok(result) => self.on_request_done(&request, result, &mut effects),
                Err(error) => self.on_request_failed(&request, &error),
            },
            FileOutcome::PartRead { view, result } => match result {
                Ok(read) => self.show_part(&view, read),
                Err(error) => self.notices.error(error::chain(&error)),
            },
            FileOutcome::DataPreviewed(source, result) => {
                let result = result.map_err(|error| error::chain(&error));
                self.training.data.set(&source, result);
            }
            FileOutcome::Library { loads, result } => match result {
                Ok(outcome) => self.on_run_library_outcome(outcome, &mut effects),
                Err(error) => {
                    if let Some(run) = loads {
                        self.reset_loading_run(run);
                    }
                    self.notices.error(error::chain(&error));
                }
            },
            FileOutcome::Corrections(Ok(outcome)) => {
                self.on_correction_outcome(outcome, &mut effects);
            }
            FileOutcome::History(Ok(list)) => self.on_history(list),
            FileOutcome::CorrectionsListed(Ok(list)) => self.on_corrections_listed(list),
            FileOutcome::Checkpoint(Ok(checkpoint)) => {
                // A newer training has moved the checkpoint to a backup.
                if self.training.state.active_run().is_none() {
                    self.training.asks_to_resume = checkpoint.is_some();
                    self.training.resumable = checkpoint;
                }
            }
            FileOutcome::Compared { run, result } => self.on_compared(run, result),
            FileOutcome::Reopened(result) => self.on_reopened(result, &mut effects),
            FileOutcome::Settings(Ok(())) => {}
            FileOutcome::Corrections(Err(error))
            | FileOutcome::CorrectionsListed(Err(error))
            | FileOutcome::History(Err(error))
            | FileOutcome::Checkpoint(Err(error))
            | FileOutcome::Settings(Err(error)) => {
                self.notices.error(error::chain(&error));
            }
        }
        self.update_closing_question();
        self.withdraw_outdated();
        effects
    }

    /// Uses the model of the session before, unless the user was quicker. Without it, the built-in one answers.
    fn on_reopened(
        &mut self,
        result: Result<(WeightFile, Arc<Model>), FileError>,
        out: &mut Vec<Effect>,
    ) {
        if !self.models.is_new() {
            return;
        }
        match result {
            Ok((file, model)) => {
                self.models.add_file(file, model);
                self.use_chosen_model(out);
            }
            Err(error) => {
                self.settings.model_in_use = ModelInUse::BuiltIn;
                let reason = error::chain(&error);
                self.notices.error(format!("Built-in answers: {reason}"));
            }
        }
    }

    /// Says why a file failed: in the path field where the path was typed, which is back.
    fn on_request_failed(&mut self, request: &FileRequest, error: &FileError) {
        let reason = error::chain(error);
        let accepted = self.files.accepted.take();
        let typed = accepted.filter(|it| it.request.number == request.number);
        if let Some(prompt) = typed
            && self.path_prompt.is_none()
        {
            log::warn!(target: "digitpad", "{reason}");
            self.path_prompt = Some(PathPrompt {
                problem: Some(sentence(&reason)),
                ..prompt
            });
            return;
        }
        self.files.is_failed = true;
        self.notices.error(reason);
        self.notices.claim(Claim::FileFailed);
    }

    fn on_request_done(
        &mut self,
        request: &FileRequest,
        result: FileResult,
        out: &mut Vec<Effect>,
    ) {
        if let FileResult::Exists(path) = result {
            return self.ask_to_replace(request, &path);
        }
        if matches!(result, FileResult::Canceled) {
            self.files.is_dialog_open = false;
            let dialog = self.files.dialog.as_ref();
            if dialog.is_some_and(|dialog| self.now < dialog.opened_at + UNSEEN_DIALOG) {
                return self.prompt_for_path(request.clone());
            }
        }
        // A path field beside a slow dialog.
        self.path_prompt
            .take_if(|prompt| prompt.request.number == request.number);
        self.files.is_failed &= matches!(result, FileResult::Canceled);
        match result {
            FileResult::Canceled | FileResult::Exists(_) => {}
            FileResult::Saved(path) => self.on_saved(request, &path),
            FileResult::Chosen(path) => self.use_path(request.purpose, &path, out),
            FileResult::Weights(file, model) => {
                self.notices.info(loaded(request.purpose, &file.path));
                self.stop_watching();
                self.models.add_file(file, model);
                self.use_chosen_model(out);
            }
            FileResult::Ink { path, ink, count } => {
                self.leave_drawing(out);
                self.show_pad();
                if count > 1 {
                    let path = path.display();
                    self.notices
                        .info(format!("Opened the first of {count} drawings in {path}"));
                }
                self.put_on_pad(ink);
            }
            FileResult::Picture(path, bitmap, view) => {
                self.leave_drawing(out);
                self.show_pad();
                let name = path.file_name().unwrap_or(path.as_os_str());
                let name = name.to_string_lossy().into_owned();
                let view = view.map(Arc::from);
                let picture = Picture {
                    view,
                    ..Picture::new(name, bitmap)
                };
                self.show_picture(picture);
            }
            FileResult::Config(path, config) => {
                self.training.form.set_config(*config);
                self.notices.info(loaded(request.purpose, &path));
            }
        }
    }

    /// Asks before a file is replaced. The question does not interrupt the typing of another path.
    fn ask_to_replace(&mut self, request: &FileRequest, path: &Path) {
        let path = path.display();
        if self.path_prompt.is_some() {
            return self.notices.error(format!(
                "The file {path} exists and was not replaced; save again to replace it."
            ));
        }
        self.path_prompt = Some(PathPrompt {
            request: request.clone(),
            text: path.to_string(),
            replaces: true,
            problem: None,
        });
    }

    fn on_saved(&mut self, request: &FileRequest, path: &Path) {
        if let Some(FileContent::Weights(model)) = &request.content
            && let Some(id) = self.models.id_of(model)
        {
            self.models.mark_saved(id);
        }
        self.notices.info(saved(request.purpose, path));
    }

    fn use_path(&mut self, purpose: FilePurpose, path: &Path, out: &mut Vec<Effect>) {
        match purpose {
            FilePurpose::EvaluationFolder => {
                self.test_on(SourceKind::Folder, folder_text(path), out);
            }
            FilePurpose::EvaluationInk => {
                self.test_on(SourceKind::Ink, path.display().to_string(), out);
            }
            FilePurpose::TrainingFolder => {
                self.training.form.folder = folder_text(path);
                self.training.form.from_folder = true;
            }
            _ => {}
        }
    }
}

fn loaded(purpose: FilePurpose, path: &Path) -> String {
    format!(
        "Loaded {} from {}",
        purpose.details().object,
        path.display()
    )
}

fn saved(purpose: FilePurpose, path: &Path) -> String {
    format!("Saved {} to {}", purpose.details().object, path.display())
}
