//! What can be asked of the thread for files, and what comes of it.

use std::{fmt, path::PathBuf, sync::Arc};

use crate::{
    bitmap::Bitmap,
    data::{DataSource, preview::DatasetPreview},
    ink::Ink,
    model::file::Model,
    store::{
        corrections::{CorrectionOutcome, CorrectionTask},
        run_library::{RunLibraryOutcome, RunLibraryTask},
    },
    training::{checkpoint::Checkpoint, config::TrainingConfig},
};

/// Something to be done with a file.
#[derive(Clone, Debug)]
pub enum FileTask {
    /// Read weights.
    LoadWeights(PathBuf),
    /// Write weights, in place of what is there.
    SaveWeights {
        /// Where to.
        path: PathBuf,
        /// What.
        model: Arc<Model>,
    },
    /// Read a picture or an ink file.
    OpenDrawing(PathBuf),
    /// Write a drawing, in place of what is there: by the name's
    /// ending its strokes as ink or, as PNG, what the network sees of it.
    SaveDrawing {
        /// Where to.
        path: PathBuf,
        /// What.
        ink: Ink,
    },
    /// Write a table as text, in place of what is there.
    SaveTable {
        /// Where to.
        path: PathBuf,
        /// What.
        table: String,
    },
    /// Write a picture as PNG, in place of what is there.
    SaveCurvesImage {
        /// Where to.
        path: PathBuf,
        /// What.
        curves_image: Arc<CurvesImage>,
    },
    /// Read how to train.
    LoadSettings(PathBuf),
    /// Write how to train, in place of what is there.
    SaveSettings {
        /// Where to.
        path: PathBuf,
        /// What.
        config: Box<TrainingConfig>,
    },
    /// Do this, which writes that file, unless there is one already.
    IfNew(PathBuf, Box<FileTask>),
    /// Take a first look at what is to be learned from.
    PreviewData(DataSource),
    /// Read whatever it is, as when it was dropped on the window: weights, a picture, an ink file, how to
    /// train; a folder is only named.
    OpenAny(PathBuf),
    /// As [`FileTask::OpenAny`], where a folder or an ink file is to be tested on.
    TestOnAny(PathBuf),
    /// Name the folder to test on, which is read by whoever tests.
    NameTestFolder(PathBuf),
    /// Name the ink file to test on, which is read by whoever tests.
    NameTestInk(PathBuf),
    /// Something in the library of finished trainings, which lies in this folder.
    Library(PathBuf, RunLibraryTask),
    /// Something with the drawings that are kept to learn from, which lie in this file.
    Corrections(PathBuf, CorrectionTask),
    /// Look for a training that was interrupted.
    FindCheckpoint(PathBuf),
    /// Remove this one.
    DeleteCheckpoint(PathBuf, Arc<Checkpoint>),
}

/// A picture of something that the window shows.
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

/// What came of a task or a dialog; each gives exactly one.
#[derive(Debug)]
pub enum FileOutcome {
    /// There is such a file already, so nothing was written.
    Exists(PathBuf),
    /// The dialog was closed without a choice, or there is no dialog to be had: the two look alike.
    Canceled,
    /// Weights, read and checked.
    WeightsLoaded {
        /// Where from.
        path: PathBuf,
        /// The model.
        model: Arc<Model>,
    },
    /// Weights are written.
    WeightsSaved {
        /// Where to.
        path: PathBuf,
        /// What.
        model: Arc<Model>,
    },
    /// The first drawing of an ink file.
    InkOpened {
        /// Where from.
        path: PathBuf,
        /// The drawing.
        ink: Ink,
        /// How many drawings the file holds, this one included.
        count: usize,
    },
    /// A picture, as the network sees it.
    PictureOpened {
        /// Where from.
        path: PathBuf,
        /// The picture.
        bitmap: Bitmap,
    },
    /// A drawing is written.
    DrawingSaved {
        /// Where to.
        path: PathBuf,
    },
    /// A table is written.
    TableSaved {
        /// Where to.
        path: PathBuf,
    },
    /// A picture is written.
    CurvesImageSaved {
        /// Where to.
        path: PathBuf,
    },
    /// How to train, read and checked.
    SettingsLoaded {
        /// Where from.
        path: PathBuf,
        /// What it says.
        config: Box<TrainingConfig>,
    },
    /// How to train is written.
    SettingsSaved {
        /// Where to.
        path: PathBuf,
    },
    /// A first look at what is to be learned from, or why there is none: the whole sentence.
    DataPreviewed(DataSource, Result<DatasetPreview, String>),
    /// A folder was chosen or dropped.
    FolderChosen(PathBuf),
    /// A folder was chosen to test on.
    TestFolderChosen(PathBuf),
    /// An ink file was chosen to test on.
    TestInkChosen(PathBuf),
    /// What came of something in the library.
    Library(RunLibraryOutcome),
    /// What came of something with the drawings that are kept.
    Corrections(CorrectionOutcome),
    /// A training was interrupted, and can go on.
    CheckpointFound(Arc<Checkpoint>),
    /// There is none that was interrupted, or none any more.
    NoCheckpoint,
    /// It could not be done, and all is as it was: the whole sentence.
    Failed(String),
}
