//! Files and file dialogs, off the frame.
//!
//! One thread does the tasks in the order of their submission. Tasks that write are done even after
//! the handle is dropped.

mod dialog;
mod drawings;
mod purpose;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
};

pub use self::purpose::{FileAccess, FileDetails, FilePurpose};
use self::{dialog::Dialogs, drawings::DrawingLists};
use super::{FACTS_CAPACITY, JoinOnDrop, Waker, WorkerPriority, catch_panic};
use crate::{
    bitmap::Bitmap,
    data::{DataSource, preview::DatasetPreview},
    error::{self, FileError, Refusal},
    files::{
        kind::{FileKind, lowercase_extension},
        write_atomically,
    },
    ink::{
        self, Ink,
        file::{self, FileUnits, InkRecord},
        svg,
    },
    model::file::Model,
    picture::{self, PictureView, ReadPicture, save_bitmap_png, save_rgb_png},
    recognition::{RecognizedDrawing, recognize},
    store::{
        checkpoints,
        corrections::{self, CorrectionOutcome, CorrectionTask},
        history::{self, HistoryTask},
        run_library::{self, RunLibraryOutcome, RunLibraryTask},
        settings::{PadShape, Settings, WeightFile},
        training_config,
    },
    training::{checkpoint::Checkpoint, config::TrainingConfig},
};

/// The width of a number in heights, from which it needs the pad for numbers.
const WIDE: f32 = 1.5;
/// The part of that pad that a number of another program takes.
const ON_LINE: f32 = 0.8;

/// A file that the user names in a dialog or a path field.
#[derive(Clone, Debug)]
pub struct FileRequest {
    /// Identifies the request in its outcome.
    pub number: u64,
    /// The purpose of the file.
    pub purpose: FilePurpose,
    /// The content: the state at the time of the request. `None` if the purpose does not write.
    pub content: Option<FileContent>,
}

/// The content that a request writes.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// A model's weights.
    Weights(Arc<Model>),
    /// A drawing: as ink or, with the extension `.svg`, as a vector drawing, or `.png`, as the network's input image.
    Drawing(Ink),
    /// A table as text.
    Table(String),
    /// A training configuration.
    Config(Box<TrainingConfig>),
    /// An image of the training curves.
    CurvesImage(Arc<CurvesImage>),
}

/// An image of the training curves.
#[derive(Clone, PartialEq, Eq)]
pub struct CurvesImage {
    /// Width and height in pixels.
    pub size: [usize; 2],
    /// Red, green and blue of each pixel, row by row from the top left.
    pub rgb: Vec<u8>,
}

impl fmt::Debug for CurvesImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurvesImage")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A task with files.
#[derive(Clone, Debug)]
pub enum FileTask {
    /// Read or write the file of a request.
    Requested {
        /// The request.
        request: FileRequest,
        /// The path that the user chose.
        path: PathBuf,
        /// Whether an existing file may be replaced.
        replaces: bool,
    },
    /// Read a file of any kind that was dropped on the window. Its kind decides its purpose.
    Dropped {
        /// The number of the request.
        number: u64,
        /// The dropped file or folder.
        path: PathBuf,
        /// Whether folders and ink files are evaluation sets.
        is_evaluation: bool,
    },
    /// Read a picture of the clipboard.
    Pasted {
        /// The number of the request.
        number: u64,
        /// 8-bit red, green, blue and opacity of each pixel, row by row from the top left.
        rgba: Vec<u8>,
        /// Width and height in pixels.
        size: [usize; 2],
    },
    /// Read the weights of an earlier session, if the file is the same.
    ReopenWeights(WeightFile),
    /// Read a part of a picture: left, top, right and bottom, in its pixels.
    ReadPart {
        /// The picture.
        view: Arc<PictureView>,
        /// The part.
        part: [usize; 4],
    },
    /// Read some examples of a training's data.
    PreviewData(DataSource),
    /// Access the run library in this folder.
    Library(PathBuf, RunLibraryTask),
    /// Access the corrections in this file.
    Corrections(PathBuf, Box<CorrectionTask>),
    /// List the corrections in this file with the predictions of a model.
    ListCorrections(PathBuf, Arc<Model>),
    /// Let two models read the corrections in this file.
    CompareModels {
        /// The file.
        path: PathBuf,
        /// The run of the first model.
        run: u64,
        /// The models.
        models: [Arc<Model>; 2],
    },
    /// Access the history in this file, and list it with the predictions of a model.
    History(PathBuf, HistoryTask, Arc<Model>),
    /// Load the most recent resumable checkpoint.
    FindCheckpoint(PathBuf),
    /// Delete a checkpoint.
    DeleteCheckpoint(PathBuf, Arc<Checkpoint>),
    /// Save the settings, of which the file had `loaded` before.
    SaveSettings {
        /// The folder.
        folder: PathBuf,
        /// The settings.
        settings: Box<Settings>,
        /// Those before.
        loaded: Box<Settings>,
    },
}

/// The outcome of a task or a dialog. Each task and each dialog has exactly one.
#[derive(Debug)]
pub enum FileOutcome {
    /// The outcome of a request.
    Requested {
        /// The request.
        request: FileRequest,
        /// The result.
        result: Result<FileResult, FileError>,
    },
    /// The weights of an earlier session.
    Reopened(Result<(WeightFile, Arc<Model>), FileError>),
    /// A part of a picture.
    PartRead {
        /// The picture.
        view: Arc<PictureView>,
        /// The part.
        result: Result<ReadPicture, FileError>,
    },
    /// Examples of a training's data.
    DataPreviewed(DataSource, Result<DatasetPreview, FileError>),
    /// The outcome of a task in the run library.
    Library {
        /// The run whose weights were to be loaded.
        loads: Option<u64>,
        /// The result.
        result: Result<RunLibraryOutcome, FileError>,
    },
    /// The outcome of a task with the corrections.
    Corrections(Result<CorrectionOutcome, FileError>),
    /// The corrections, the oldest first.
    CorrectionsListed(Result<Vec<RecognizedDrawing>, FileError>),
    /// How two models read the corrections.
    Compared {
        /// The run of the first model.
        run: u64,
        /// The result.
        result: Result<OnCorrections, FileError>,
    },
    /// The history, the oldest drawing first.
    History(Result<Vec<RecognizedDrawing>, FileError>),
    /// The checkpoint that is left, if any.
    Checkpoint(Result<Option<Arc<Checkpoint>>, FileError>),
    /// Whether the settings are saved.
    Settings(Result<(), FileError>),
}

/// The number of corrections that two models read as labeled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnCorrections {
    /// That of each model.
    pub correct: [usize; 2],
    /// The number of all corrections.
    pub total: usize,
}

/// The outcome of a request.
#[derive(Debug)]
pub enum FileResult {
    /// The dialog was closed without a choice, or the system has no dialogs. The two cases are indistinguishable.
    Canceled,
    /// The file exists, so nothing was written.
    Exists(PathBuf),
    /// The file is written.
    Saved(PathBuf),
    /// The path is chosen. Another worker reads it.
    Chosen(PathBuf),
    /// Weights, read and checked.
    Weights(WeightFile, Arc<Model>),
    /// An ink file.
    Ink {
        /// The file.
        path: PathBuf,
        /// Its first drawing.
        ink: Ink,
        /// The number of drawings in the file.
        count: usize,
    },
    /// A picture, as the network sees it and as it is.
    Picture(PathBuf, Bitmap, Option<Box<PictureView>>),
    /// A training configuration, read and checked.
    Config(PathBuf, Box<TrainingConfig>),
}

/// The handle of the thread that does file tasks, and of the open dialog.
pub struct FileTasks {
    is_closing: Arc<AtomicBool>,
    // The order matters when the handle is dropped. Without a receiver no thread waits for room in a
    // full channel. Then the dialogs send no more tasks. Without a sender the thread ends after its
    // last task, and is joined.
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

    /// Queues a task.
    pub fn submit(&self, task: FileTask) {
        // It cannot fail: the thread ends only after this handle.
        let _ = self.tasks.send(task);
    }

    /// Shows the dialog of a request, and then reads or writes the chosen file. Must be called on the
    /// thread that draws the window.
    ///
    /// Returns `false` without any effect while another dialog is open.
    pub fn open_dialog(&self, request: FileRequest) -> bool {
        self.dialogs.open(request)
    }

    /// For how many seconds a dialog has been open. Some systems never answer, so after some seconds
    /// the user needs a path field.
    pub fn dialog_open_secs(&self) -> Option<f64> {
        self.dialogs.open_secs()
    }

    /// The outcomes since the last call, in order.
    pub fn drain(&self) -> Vec<FileOutcome> {
        self.outcomes.try_iter().take(FACTS_CAPACITY).collect()
    }
}

impl Drop for FileTasks {
    /// Skips the tasks that only read. The threads are joined when the fields are dropped.
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
        // Sending fails only without a handle. Then the outcome is not needed.
        let _ = self.outcomes.send(outcome);
        (self.waker)();
    }
}

fn work(queue: &Receiver<FileTask>, reply: &Reply, is_closing: &AtomicBool) {
    let mut lists = DrawingLists::default();
    for task in queue {
        if task.writes() || !is_closing.load(Ordering::Acquire) {
            reply.send(task.run(&mut lists));
        }
    }
}

/// Runs a part of a task. A panic becomes an error.
fn attempt<T>(part: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    catch_panic(part)?
}

impl FileTask {
    /// Whether something of the user's would be lost without it.
    fn writes(&self) -> bool {
        match self {
            Self::Requested { request, .. } => request.content.is_some(),
            Self::Library(_, task) => {
                matches!(task, RunLibraryTask::Save(..) | RunLibraryTask::Update(_))
            }
            Self::Corrections(_, task) => !matches!(**task, CorrectionTask::List),
            Self::History(_, task, _) => *task != HistoryTask::List,
            Self::SaveSettings { .. } => true,
            Self::Dropped { .. }
            | Self::Pasted { .. }
            | Self::ReopenWeights(_)
            | Self::ReadPart { .. }
            | Self::PreviewData(_)
            | Self::ListCorrections(..)
            | Self::CompareModels { .. }
            | Self::FindCheckpoint(_)
            | Self::DeleteCheckpoint(..) => false,
        }
    }

    fn run(self, lists: &mut DrawingLists) -> FileOutcome {
        match self {
            Self::Requested {
                mut request,
                path,
                replaces,
            } => {
                // A file is opened as a dropped one is: by its kind.
                if request.purpose == FilePurpose::OpenDrawing {
                    request.purpose = dropped_purpose(&path, false);
                }
                FileOutcome::Requested {
                    result: attempt(|| request.run(path, replaces)),
                    request,
                }
            }
            Self::Pasted { number, rgba, size } => FileOutcome::Requested {
                request: FileRequest {
                    number,
                    purpose: FilePurpose::OpenDrawing,
                    content: None,
                },
                result: attempt(|| {
                    let ReadPicture { bitmap, view, .. } = picture::from_rgba(rgba, size)?;
                    let name = PathBuf::from("A pasted picture");
                    Ok(FileResult::Picture(name, bitmap, Some(Box::new(view))))
                }),
            },
            Self::Dropped {
                number,
                path,
                is_evaluation,
            } => {
                let request = FileRequest {
                    number,
                    purpose: dropped_purpose(&path, is_evaluation),
                    content: None,
                };
                FileOutcome::Requested {
                    result: attempt(|| request.run(path, false)),
                    request,
                }
            }
            Self::ReopenWeights(file) => FileOutcome::Reopened(attempt(|| reopen(&file))),
            Self::ReadPart { view, part } => FileOutcome::PartRead {
                result: attempt(|| Ok(view.read_part(part)?)),
                view,
            },
            Self::PreviewData(source) => {
                let result = attempt(|| Ok(DatasetPreview::read(&source)?));
                FileOutcome::DataPreviewed(source, result)
            }
            Self::Library(folder, task) => FileOutcome::Library {
                loads: match task {
                    RunLibraryTask::Load(run) => Some(run),
                    _ => None,
                },
                result: attempt(|| Ok(run_library::done(&folder, task)?)),
            },
            Self::Corrections(path, task) => {
                FileOutcome::Corrections(attempt(|| Ok(corrections::done(&path, *task)?)))
            }
            Self::ListCorrections(path, model) => FileOutcome::CorrectionsListed(attempt(|| {
                Ok(lists.read_corrections(&model, corrections::list(&path)?)?)
            })),
            Self::CompareModels { path, run, models } => FileOutcome::Compared {
                run,
                result: attempt(|| compare(&path, &models)),
            },
            Self::History(path, task, model) => FileOutcome::History(attempt(|| {
                Ok(lists.read_history(&model, history::done(&path, task)?)?)
            })),
            Self::FindCheckpoint(path) => FileOutcome::Checkpoint(attempt(|| {
                let found = checkpoints::find(&path)?;
                Ok(found.map(Arc::new))
            })),
            Self::DeleteCheckpoint(path, checkpoint) => FileOutcome::Checkpoint(attempt(|| {
                checkpoints::discard(&path, &checkpoint)?;
                Ok(None)
            })),
            Self::SaveSettings {
                folder,
                settings,
                loaded,
            } => FileOutcome::Settings(attempt(|| Ok(settings.save(&folder, &loaded)?))),
        }
    }
}

fn dropped_purpose(path: &Path, is_evaluation: bool) -> FilePurpose {
    match FileKind::of(path) {
        FileKind::Folder if is_evaluation => FilePurpose::EvaluationFolder,
        FileKind::Ink if is_evaluation => FilePurpose::EvaluationInk,
        FileKind::Folder => FilePurpose::TrainingFolder,
        FileKind::Weights => FilePurpose::LoadWeights,
        FileKind::Config => FilePurpose::LoadConfig,
        FileKind::Ink | FileKind::Picture => FilePurpose::OpenDrawing,
    }
}

impl FileRequest {
    fn run(&self, path: PathBuf, replaces: bool) -> Result<FileResult, FileError> {
        if let Some(content) = &self.content {
            // A folder of this name is an error of the write.
            if !replaces && path.exists() && !path.is_dir() {
                return Ok(FileResult::Exists(path));
            }
            content.write(&path)?;
            return Ok(FileResult::Saved(path));
        }
        self.purpose.read(path)
    }
}

impl FilePurpose {
    /// Reads the file at `path` for this purpose.
    ///
    /// # Errors
    /// When the file is unreadable or invalid.
    pub fn read(self, path: PathBuf) -> Result<FileResult, FileError> {
        Ok(match self {
            Self::LoadWeights => {
                let (file, model) = open_weights(&path)?;
                FileResult::Weights(file, model)
            }
            Self::LoadConfig => {
                let config = training_config::load(&path)?;
                FileResult::Config(path, Box::new(config))
            }
            Self::OpenDrawing => open_drawing(path)?,
            _ => FileResult::Chosen(path),
        })
    }
}

/// The drawing of a file where it was drawn, if that is on a pad. A number of another program is as large as the pad for
/// numbers.
fn on_pad(record: &InkRecord) -> Ink {
    let drawn = record.as_drawn();
    if PadShape::Line.holds(&drawn) {
        return drawn;
    }
    let size = record.ink.bounds().map(|bounds| bounds.max - bounds.min);
    match size {
        Some(size) if record.ink.strokes().len() > 1 && size.x > WIDE * size.y => {
            let [width, height] = [PadShape::Line.width(), 1.0].map(|side| ON_LINE * side);
            let side = (width / size.x).min(height / size.y);
            let center = [PadShape::Line.width() / 2.0, 0.5];
            let units = FileUnits {
                origin: center.map(|middle| f64::from(middle - side / 2.0)),
                side: f64::from(side),
            };
            let placed = InkRecord {
                units,
                ..record.clone()
            };
            placed.as_drawn()
        }
        _ => record.ink.clone(),
    }
}

fn compare(path: &Path, models: &[Arc<Model>; 2]) -> Result<OnCorrections, FileError> {
    let records = corrections::list(path)?;
    let mut found = OnCorrections {
        correct: [0; 2],
        total: 0,
    };
    for (model, correct) in models.iter().zip(&mut found.correct) {
        let drawings = recognize(model, records.clone())?;
        let as_labeled = drawings.iter().filter(|drawing| drawing.is_as_labeled());
        *correct = as_labeled.count();
        found.total = drawings.len();
    }
    Ok(found)
}

fn open_weights(path: &Path) -> Result<(WeightFile, Arc<Model>), FileError> {
    let (model, fingerprint) = Model::load_with_fingerprint(path)?;
    // Without a current folder, the path stays as it is.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Ok((WeightFile { path, fingerprint }, Arc::new(model)))
}

fn reopen(before: &WeightFile) -> Result<(WeightFile, Arc<Model>), FileError> {
    let (file, model) = open_weights(&before.path)?;
    if file != *before {
        return Err(Refusal::new(
            format!(
                "use the weights in {} again",
                error::excerpt(file.path.display())
            ),
            "another content than in the last session",
            "the same weights",
            "load the file again to use it as it is now",
        )
        .into());
    }
    Ok((file, model))
}

fn open_drawing(path: PathBuf) -> Result<FileResult, FileError> {
    if FileKind::of(&path) != FileKind::Ink {
        let ReadPicture { bitmap, view, .. } = picture::read(&path)?;
        return Ok(FileResult::Picture(path, bitmap, Some(Box::new(view))));
    }
    let records = file::read(&path)?;
    let count = records.len();
    let is_drawn = |record: &InkRecord| !record.ink.is_empty() || record.picture.is_some();
    let Some(record) = records.into_iter().find(is_drawn) else {
        return Err(Refusal::new(
            format!("open the ink file {}", error::excerpt(path.display())),
            "no drawing",
            "at least one",
            "choose another file",
        )
        .into());
    };
    if let Some(bitmap) = record.picture {
        return Ok(FileResult::Picture(path, bitmap, None));
    }
    let ink = on_pad(&record);
    Ok(FileResult::Ink { path, ink, count })
}

impl FileContent {
    fn write(&self, path: &Path) -> Result<(), FileError> {
        match self {
            Self::Weights(model) => model.save(path)?,
            Self::Drawing(ink) => save_drawing(ink, path)?,
            Self::Table(table) => write_atomically(path, table.as_bytes())?,
            Self::Config(config) => write_atomically(path, config.to_toml().as_bytes())?,
            Self::CurvesImage(image) => save_rgb_png(&image.rgb, image.size, path)?,
        }
        Ok(())
    }
}

fn save_drawing(ink: &Ink, path: &Path) -> Result<(), FileError> {
    let refuse = |found: &str, expected: &str, remedy: &str| {
        Refusal::new(
            format!("save the drawing in {}", error::excerpt(path.display())),
            found,
            expected,
            remedy,
        )
    };
    let Some(bitmap) = ink::to_bitmap(ink) else {
        return Err(refuse("an empty pad", "a drawing", "draw something first").into());
    };
    match lowercase_extension(path).as_deref() {
        Some("png") => save_bitmap_png(&bitmap, path)?,
        Some("svg") => write_atomically(path, svg::to_svg(ink).as_bytes())?,
        Some("json" | "jsonl" | "ndjson" | "gz") => {
            let record = InkRecord {
                label: None,
                writer: None,
                ink: ink.clone(),
                ..InkRecord::default()
            };
            file::write(path, &[record])?;
        }
        extension => {
            let found = match extension {
                Some(extension) => format!("the extension .{extension}"),
                None => "a name without an extension".to_owned(),
            };
            let expected = ".jsonl or .jsonl.gz for strokes, .svg for a drawing, .png for the network's input image";
            return Err(refuse(&found, expected, "choose a name with one of them").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
