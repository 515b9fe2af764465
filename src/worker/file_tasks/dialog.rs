//! The system's dialogs, one at a time.
//!
//! They are made on the thread that draws the window, as some systems demand, and awaited on another.
//! They have no parent window: its handle would have to outlive a dialog that may never answer.

use std::{
    fmt,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Instant,
};

use rfd::{AsyncFileDialog, FileHandle};

use super::{CurvesImage, FileOutcome, FileTask, Reply};
use crate::{
    ink::Ink,
    model::file::Model,
    training::config::TrainingConfig,
    worker::{JoinOnDrop, WorkerPriority, block_on::block_on, catch_panic, lock},
};

/// A dialog, and what is to be done with the path that is chosen in it.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// Load weights.
    LoadWeights,
    /// Save these.
    SaveWeights(Arc<Model>),
    /// Open a picture or an ink file.
    OpenDrawing,
    /// Save this one.
    SaveDrawing(Ink),
    /// Choose the folder of a data set.
    ChooseFolder,
    /// Choose the folder of a data set to test on.
    ChooseTestFolder,
    /// Choose an ink file to test on.
    ChooseTestInk,
    /// Save this table, under a name such as this.
    SaveTable(&'static str, String),
    /// Save this picture of a part of the window.
    SaveCurvesImage(Arc<CurvesImage>),
    /// Load how to train.
    LoadSettings,
    /// Save how to train.
    SaveSettings(Box<TrainingConfig>),
}

/// A path to come; `None` when it was canceled.
pub(super) type Choice = Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>>;

impl Dialog {
    fn show(&self) -> Choice {
        let dialog = AsyncFileDialog::new();
        match self {
            Self::LoadWeights => path_of(
                dialog
                    .set_title("Load weights")
                    .add_filter("Weights", &["safetensors"])
                    .add_filter("All files", &["*"])
                    .pick_file(),
            ),
            Self::SaveWeights(_) => path_of(
                dialog
                    .set_title("Save the weights")
                    .add_filter("Weights", &["safetensors"])
                    .set_file_name("digitpad.safetensors")
                    .save_file(),
            ),
            Self::OpenDrawing => path_of(
                dialog
                    .set_title("Open a picture or an ink file")
                    .add_filter("Pictures and ink", &DRAWINGS)
                    .add_filter("All files", &["*"])
                    .pick_file(),
            ),
            Self::SaveDrawing(_) => path_of(
                dialog
                    .set_title(
                        "Save the drawing: its strokes (.jsonl) or the network's picture (.png)",
                    )
                    .add_filter("Ink and pictures", &["jsonl", "gz", "png"])
                    .set_file_name("digit.jsonl")
                    .save_file(),
            ),
            Self::SaveTable(name, _) => path_of(
                dialog
                    .set_title("Save the table")
                    .add_filter("Tables", &["csv"])
                    .set_file_name(*name)
                    .save_file(),
            ),
            Self::SaveCurvesImage(_) => path_of(
                dialog
                    .set_title("Save the picture of the curves")
                    .add_filter("Pictures", &["png"])
                    .set_file_name("training.png")
                    .save_file(),
            ),
            Self::LoadSettings => path_of(
                dialog
                    .set_title("Load training settings")
                    .add_filter("Training settings", &["toml"])
                    .add_filter("All files", &["*"])
                    .pick_file(),
            ),
            Self::SaveSettings(_) => path_of(
                dialog
                    .set_title("Save the training settings")
                    .add_filter("Training settings", &["toml"])
                    .set_file_name("training.toml")
                    .save_file(),
            ),
            Self::ChooseTestInk => path_of(
                dialog
                    .set_title("Choose an ink file")
                    .add_filter("Ink", &["jsonl", "ndjson", "json", "gz"])
                    .add_filter("All files", &["*"])
                    .pick_file(),
            ),
            Self::ChooseFolder | Self::ChooseTestFolder => path_of(
                dialog
                    .set_title("Choose a folder of IDX files")
                    .pick_folder(),
            ),
        }
    }

    fn task(self, path: PathBuf) -> FileTask {
        match self {
            Self::LoadWeights => FileTask::LoadWeights(path),
            Self::SaveWeights(model) => FileTask::SaveWeights { path, model },
            Self::OpenDrawing => FileTask::OpenDrawing(path),
            Self::SaveDrawing(ink) => FileTask::SaveDrawing { path, ink },
            Self::ChooseFolder => FileTask::OpenAny(path),
            Self::ChooseTestFolder => FileTask::NameTestFolder(path),
            Self::ChooseTestInk => FileTask::NameTestInk(path),
            Self::SaveTable(_, table) => FileTask::SaveTable { path, table },
            Self::SaveCurvesImage(curves_image) => FileTask::SaveCurvesImage { path, curves_image },
            Self::LoadSettings => FileTask::LoadSettings(path),
            Self::SaveSettings(config) => FileTask::SaveSettings { path, config },
        }
    }
}

/// Endings of the files that [`Dialog::OpenDrawing`] offers.
const DRAWINGS: [&str; 16] = [
    "png", "jpg", "jpeg", "bmp", "webp", "gif", "tif", "tiff", "pbm", "pgm", "ppm", "pnm", "jsonl",
    "ndjson", "json", "gz",
];

fn path_of(handle: impl Future<Output = Option<FileHandle>> + Send + 'static) -> Choice {
    Box::pin(async { handle.await.map(|handle| handle.path().to_path_buf()) })
}

/// The handle of the thread that awaits dialogs.
pub(super) struct Dialogs {
    shared: Arc<Shared>,
    requests: Option<Sender<(Dialog, Choice)>>,
    thread: JoinOnDrop,
}

struct Shared {
    /// Since when a dialog is open.
    open_since: Mutex<Option<Instant>>,
    /// Whether nobody waits for an answer any more.
    is_off: AtomicBool,
}

impl Dialogs {
    /// Starts the thread, which sends what was chosen as a task and what was canceled as an outcome.
    pub(super) fn spawn(tasks: Sender<FileTask>, reply: Reply) -> Self {
        let shared = Arc::new(Shared {
            open_since: Mutex::new(None),
            is_off: AtomicBool::new(false),
        });
        let (requests, queue) = channel();
        let thread = JoinOnDrop::spawn("digitpad-dialogs", WorkerPriority::Interactive, {
            let shared = Arc::clone(&shared);
            move || await_choices(&queue, &shared, &tasks, &reply)
        })
        .expect("the system can start a thread");
        Self {
            shared,
            requests: Some(requests),
            thread,
        }
    }

    pub(super) fn open(&self, dialog: Dialog) -> bool {
        self.open_by(dialog, Dialog::show)
    }

    /// Opens a dialog by a function, unless one is open.
    pub(super) fn open_by(&self, dialog: Dialog, show: impl FnOnce(&Dialog) -> Choice) -> bool {
        let mut open_since = lock(&self.shared.open_since);
        if open_since.is_some() {
            return false;
        }
        let choice = show(&dialog);
        let sent = self
            .requests
            .as_ref()
            .is_some_and(|r| r.send((dialog, choice)).is_ok());
        *open_since = sent.then(Instant::now);
        sent
    }

    pub(super) fn open_secs(&self) -> Option<f64> {
        lock(&self.shared.open_since).map(|since| since.elapsed().as_secs_f64())
    }
}

impl Drop for Dialogs {
    /// Ends the thread, which is joined when the fields go. A dialog that is still open has a thread
    /// of its own, which ends with it or with the program.
    fn drop(&mut self) {
        self.requests = None;
        self.shared.is_off.store(true, Ordering::Release);
        if let Some(thread) = self.thread.thread() {
            thread.unpark();
        }
    }
}

impl fmt::Debug for Dialogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogs")
            .field("open_secs", &self.open_secs())
            .finish_non_exhaustive()
    }
}

fn await_choices(
    queue: &Receiver<(Dialog, Choice)>,
    shared: &Shared,
    tasks: &Sender<FileTask>,
    reply: &Reply,
) {
    for (dialog, choice) in queue {
        let choice = catch_panic(|| block_on(choice, &shared.is_off));
        *lock(&shared.open_since) = None;
        match choice {
            Ok(Some(Some(path))) => {
                // The task's outcome follows; the owner hears at once that the dialog is closed.
                let _ = tasks.send(dialog.task(path));
                (reply.waker)();
            }
            Ok(Some(None)) => reply.send(FileOutcome::Canceled),
            Ok(None) => return,
            Err(panic) => reply.send(FileOutcome::Failed(panic)),
        }
    }
}
