//! Files and the dialogs that choose them, off the frame.
//!
//! Tasks are done one after the other, in the order in which they were asked for. What was to be saved
//! when the handle goes is still saved.

mod dialog;
mod task;

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
};

use self::dialog::Dialogs;
pub use self::{
    dialog::Dialog,
    task::{CurvesImage, FileOutcome, FileTask},
};
use super::{
    FACTS_CAPACITY, JoinOnDrop, Waker, WorkerPriority, catch_panic,
    file_kind::{FileKind, lowercase_extension, refuse_endless},
};
use crate::{
    data::preview::DatasetPreview,
    error::{self, Refusal},
    files::{ReadError, read_bounded, write_atomically},
    ink::{
        self, Ink,
        file::{self, InkRecord},
    },
    model::file::Model,
    picture::{bitmap_from_path, save_bitmap_png, save_rgb_png},
    store::{
        checkpoints,
        corrections::{self, CorrectionTask},
        run_library::{self, RunLibraryTask},
    },
    training::config::TrainingConfig,
};

/// No file that says how to train comes near it.
const SETTINGS_LIMIT_BYTES: u64 = 1 << 20;

/// The handle of the thread that does file tasks, and of the dialog that is open.
pub struct FileTasks {
    is_closing: Arc<AtomicBool>,
    // The order matters when the handle goes: without a receiver nobody waits for room in a full
    // channel; the dialogs then send no more tasks; without a sender the thread ends after its last
    // task, and is joined.
    outcomes: Receiver<FileOutcome>,
    dialogs: Dialogs,
    tasks: Sender<FileTask>,
    _thread: JoinOnDrop,
}

impl FileTasks {
    /// Starts the threads.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn new(waker: Waker) -> Self {
        let (tasks, queue) = channel();
        let (sender, outcomes) = sync_channel(FACTS_CAPACITY);
        let reply = Reply {
            outcomes: sender,
            waker,
        };
        let is_closing = Arc::new(AtomicBool::new(false));
        let thread = JoinOnDrop::spawn("digitpad-files", WorkerPriority::Interactive, {
            let (reply, is_closing) = (reply.clone(), Arc::clone(&is_closing));
            move || work(&queue, &reply, &is_closing)
        })
        .expect("the system can start a thread");
        let dialogs = Dialogs::spawn(tasks.clone(), reply);
        Self {
            is_closing,
            outcomes,
            dialogs,
            tasks,
            _thread: thread,
        }
    }

    /// Has a task done, after those before it.
    pub fn submit(&self, task: FileTask) {
        // It cannot fail: the thread ends only after this handle.
        let _ = self.tasks.send(task);
    }

    /// Shows a dialog, and does what is then chosen in it. To be called on the thread that draws the
    /// window.
    ///
    /// `false`, and nothing happens, while another is open: see [`FileTasks::dialog_open_secs`].
    pub fn open_dialog(&self, dialog: Dialog) -> bool {
        self.dialogs.open(dialog)
    }

    /// For how many seconds a dialog has been open; `None` without one. It may never answer, as where
    /// no desktop portal does, so a path should be asked for in another way after some seconds.
    pub fn dialog_open_secs(&self) -> Option<f64> {
        self.dialogs.open_secs()
    }

    /// What came of tasks and dialogs since the last time, in order.
    pub fn drain(&self) -> Vec<FileOutcome> {
        self.outcomes.try_iter().take(FACTS_CAPACITY).collect()
    }
}

impl Drop for FileTasks {
    /// Lets go of what need not be done any more; the threads are joined when the fields go.
    fn drop(&mut self) {
        self.is_closing.store(true, Ordering::Release);
    }
}

impl fmt::Debug for FileTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileTasks")
            .field("dialogs", &self.dialogs)
            .finish_non_exhaustive()
    }
}

/// The threads' way back to the owner.
#[derive(Clone)]
struct Reply {
    outcomes: SyncSender<FileOutcome>,
    waker: Waker,
}

impl Reply {
    fn send(&self, outcome: FileOutcome) {
        // It fails only when the handle is gone, and then nobody wants to know.
        let _ = self.outcomes.send(outcome);
        (self.waker)();
    }
}

fn work(queue: &Receiver<FileTask>, reply: &Reply, is_closing: &AtomicBool) {
    for task in queue {
        let is_save = matches!(
            task,
            FileTask::SaveWeights { .. }
                | FileTask::SaveDrawing { .. }
                | FileTask::SaveTable { .. }
                | FileTask::SaveSettings { .. }
                | FileTask::SaveCurvesImage { .. }
                | FileTask::IfNew(..)
                | FileTask::Library(_, RunLibraryTask::Save(..) | RunLibraryTask::Update(_))
                | FileTask::Corrections(
                    _,
                    CorrectionTask::Save { .. }
                        | CorrectionTask::Remove { .. }
                        | CorrectionTask::RemoveLast
                )
        );
        if is_save || !is_closing.load(Ordering::Acquire) {
            let outcome = catch_panic(|| done(task)).unwrap_or_else(Err);
            reply.send(outcome.unwrap_or_else(FileOutcome::Failed));
        }
    }
}

/// Does a task, or says in a whole sentence why not.
fn done(task: FileTask) -> Result<FileOutcome, String> {
    if let FileTask::LoadWeights(path)
    | FileTask::OpenDrawing(path)
    | FileTask::LoadSettings(path)
    | FileTask::OpenAny(path)
    | FileTask::TestOnAny(path) = &task
    {
        refuse_endless(path).map_err(|refusal| refusal.to_string())?;
    }
    match task {
        FileTask::LoadWeights(path) => load_weights(path),
        FileTask::SaveWeights { path, model } => {
            model.save(&path).map_err(|error| error::chain(&error))?;
            Ok(FileOutcome::WeightsSaved { path, model })
        }
        FileTask::OpenDrawing(path) => match FileKind::of(&path) {
            FileKind::Ink => open_ink(path),
            _ => open_picture(path),
        },
        FileTask::SaveDrawing { path, ink } => save_drawing(path, ink),
        FileTask::SaveTable { path, table } => {
            write_atomically(&path, table.as_bytes()).map_err(|error| error::chain(&error))?;
            Ok(FileOutcome::TableSaved { path })
        }
        FileTask::SaveCurvesImage { path, curves_image } => {
            let CurvesImage { size, rgb } = &*curves_image;
            save_rgb_png(rgb, *size, &path).map_err(|error| error::chain(&error))?;
            Ok(FileOutcome::CurvesImageSaved { path })
        }
        // A folder is not replaced: the task says what is wrong with it.
        FileTask::IfNew(path, _) if path.exists() && !path.is_dir() => {
            Ok(FileOutcome::Exists(path))
        }
        FileTask::IfNew(_, task) => done(*task),
        FileTask::LoadSettings(path) => load_settings(path),
        FileTask::SaveSettings { path, config } => {
            let text = config.to_toml();
            write_atomically(&path, text.as_bytes()).map_err(|error| error::chain(&error))?;
            Ok(FileOutcome::SettingsSaved { path })
        }
        FileTask::PreviewData(source) => {
            let seen = DatasetPreview::read(&source).map_err(|error| error::chain(&error));
            Ok(FileOutcome::DataPreviewed(source, seen))
        }
        FileTask::NameTestFolder(path) => Ok(FileOutcome::TestFolderChosen(path)),
        FileTask::NameTestInk(path) => Ok(FileOutcome::TestInkChosen(path)),
        FileTask::TestOnAny(path) => match FileKind::of(&path) {
            FileKind::Folder => Ok(FileOutcome::TestFolderChosen(path)),
            FileKind::Ink => Ok(FileOutcome::TestInkChosen(path)),
            FileKind::Weights | FileKind::Settings | FileKind::Picture => {
                done(FileTask::OpenAny(path))
            }
        },
        FileTask::Library(folder, task) => {
            let outcome = run_library::done(&folder, task).map_err(|error| error::chain(&error))?;
            Ok(FileOutcome::Library(outcome))
        }
        FileTask::Corrections(path, task) => {
            corrections::done(&path, task).map(FileOutcome::Corrections)
        }
        FileTask::FindCheckpoint(path) => Ok(
            match checkpoints::find(&path).map_err(|error| error::chain(&error))? {
                Some(checkpoint) => FileOutcome::CheckpointFound(Arc::new(checkpoint)),
                None => FileOutcome::NoCheckpoint,
            },
        ),
        FileTask::DeleteCheckpoint(path, checkpoint) => {
            checkpoints::discard(&path, &checkpoint).map_err(|error| error::chain(&error))?;
            Ok(FileOutcome::NoCheckpoint)
        }
        FileTask::OpenAny(path) => match FileKind::of(&path) {
            FileKind::Folder => Ok(FileOutcome::FolderChosen(path)),
            FileKind::Weights => load_weights(path),
            FileKind::Settings => load_settings(path),
            FileKind::Ink => open_ink(path),
            FileKind::Picture => open_picture(path),
        },
    }
}

fn load_weights(path: PathBuf) -> Result<FileOutcome, String> {
    let model = Model::load(&path).map_err(|error| error::chain(&error))?;
    Ok(FileOutcome::WeightsLoaded {
        path,
        model: Arc::new(model),
    })
}

fn load_settings(path: PathBuf) -> Result<FileOutcome, String> {
    let refuse = |found: String, expected: String| {
        let attempted = format!("read the configuration in {}", path.display());
        Refusal::new(attempted, found, expected, "choose another file").to_string()
    };
    let bytes = read_bounded(&path, SETTINGS_LIMIT_BYTES).map_err(|fault| match fault {
        ReadError::Io(error) => error::chain(&error),
        ReadError::TooLarge(limit) => {
            refuse("a larger file".to_owned(), format!("at most {limit} bytes"))
        }
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|error| refuse(error.to_string(), "text in UTF-8".to_owned()))?;
    let config = TrainingConfig::from_toml(&text, &path.display().to_string())
        .map_err(|refusal| refusal.to_string())?;
    Ok(FileOutcome::SettingsLoaded {
        path,
        config: Box::new(config),
    })
}

fn open_ink(path: PathBuf) -> Result<FileOutcome, String> {
    let records = file::read(&path).map_err(|error| error::chain(&error))?;
    let count = records.len();
    let first = records.into_iter().next();
    let ink = first.ok_or_else(|| without_stroke("open", &path))?.ink;
    Ok(FileOutcome::InkOpened { path, ink, count })
}

fn without_stroke(attempted: &str, path: &Path) -> String {
    Refusal::new(
        format!("{attempted} the drawing {}", path.display()),
        "no stroke",
        "at least one",
        "draw something or choose another file",
    )
    .to_string()
}

fn open_picture(path: PathBuf) -> Result<FileOutcome, String> {
    let bitmap = bitmap_from_path(&path).map_err(|error| error::chain(&error))?;
    Ok(FileOutcome::PictureOpened { path, bitmap })
}

fn save_drawing(path: PathBuf, ink: Ink) -> Result<FileOutcome, String> {
    // Neither a picture nor a line of ink can show nothing.
    let bitmap = ink::to_bitmap(&ink).ok_or_else(|| without_stroke("save", &path))?;
    match lowercase_extension(&path).as_deref() {
        Some("png") => {
            save_bitmap_png(&bitmap, &path).map_err(|error| error::chain(&error))?;
        }
        Some("json" | "jsonl" | "ndjson" | "gz") => {
            let record = InkRecord {
                label: None,
                writer: None,
                ink,
            };
            file::write(&path, &[record]).map_err(|error| error::chain(&error))?;
        }
        _ => {
            let name = path
                .file_name()
                .map(OsStr::to_string_lossy)
                .unwrap_or_default();
            let refusal = Refusal::new(
                format!("save the drawing in {}", path.display()),
                format!("the name \"{name}\""),
                "one that ends in .jsonl or .jsonl.gz (strokes) or .png (the network's picture)",
                "choose such a name",
            );
            return Err(refusal.to_string());
        }
    }
    Ok(FileOutcome::DrawingSaved { path })
}

#[cfg(test)]
mod tests;
