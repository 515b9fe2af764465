//! What a person can ask of the window, and what the window then has to have done for it.

use std::{path::PathBuf, sync::Arc};

use super::state::{
    Tab, evaluation::EvaluationAction, form::TrainingForm, models::ModelId, runs::RunAction,
};
use crate::{
    bitmap::{Bitmap, Digit},
    data::{TrainingData, noise::Noise},
    evaluation::evaluation_set::Source,
    ink::{Ink, Point},
    model::{device::DeviceChoice, file::Model},
    store::{corrections::CorrectionTask, run_library::RunLibraryTask, settings::ThemeChoice},
    training::{Start, checkpoint::Checkpoint, config::Preset},
    worker::file_tasks::{CurvesImage, FileTask},
};

/// Something that a person did. Panels return them; they are applied once, after drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The pen touched the pad.
    PenDown(Point),
    /// The pen moved while it was down.
    PenMoved(Point),
    /// The pen was lifted, or lost.
    PenUp,
    /// Take the last step of the drawing back.
    Undo,
    /// Take the last undo back.
    Redo,
    /// Remove the drawing, or the picture that is shown in its place.
    Clear,
    /// Keep the drawing as this digit, or as none, for trainings to learn from.
    SaveCorrection(Option<Digit>),
    /// Remove the drawing that was kept last.
    RemoveLastCorrection,
    /// Ask where a file is or shall be.
    AskPath(PathPurpose),
    /// The text in the path field changed.
    PathEdited(String),
    /// The path field is filled in.
    PathAccepted,
    /// The path field is closed without a path.
    PathCancelled,
    /// A file was dropped on the window.
    FileDropped(PathBuf),
    /// Let this model answer.
    ChooseModel(ModelId),
    /// The fields of the training panel changed.
    FormChanged(Box<TrainingForm>),
    /// Set the fields as this preset has them.
    PresetChosen(Preset),
    /// Save this picture of the curves.
    SaveCurvesImage(Arc<CurvesImage>),
    /// Something with a run in the table.
    Run(RunAction),
    /// Take a first look at the data that the fields name.
    PreviewData,
    /// Train on this device from the next time on.
    ChooseDevice(DeviceChoice),
    /// Begin a training.
    Train,
    /// Let the model at work learn from the drawings that are kept.
    FineTune,
    /// Let the training wait.
    Pause,
    /// Let it go on.
    Resume,
    /// End it and keep what it has learned.
    Stop,
    /// Leave out the test of what it has learned, or the rest of that test.
    SkipTest,
    /// Go on with the training that was interrupted before the window was closed.
    ResumeCheckpoint,
    /// Throw away what it left.
    DeleteCheckpoint,
    /// Decide that another time.
    KeepCheckpoint,
    /// Whether each epoch's weights answer.
    Watch(bool),
    /// Add this noise to what the network sees of the drawing, or none.
    AddNoise(Option<Noise>),
    /// Take a notice away.
    Dismiss(u64),
    /// Light or dark.
    ChooseTheme(ThemeChoice),
    /// Show or hide the training panel.
    ShowTraining(bool),
    /// Look at another room of the window.
    Enter(Tab),
    /// Something in the view that tests the model.
    Measuring(EvaluationAction),
    /// Close the window although something would be lost.
    CloseAnyway,
    /// Leave the window open.
    KeepOpen,
}

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPurpose {
    /// To load weights from it.
    LoadWeights,
    /// To save a model's weights to it.
    SaveWeights(ModelId),
    /// To open a picture or an ink file.
    OpenDrawing,
    /// To save the drawing.
    SaveDrawing,
    /// To train on the data set in it.
    DataFolder,
    /// To test on the data set in it.
    TestFolder,
    /// To test on the ink in it.
    TestInk,
    /// To save the confusion matrix as a table.
    SaveConfusion,
    /// To load how to train.
    LoadSettings,
    /// To save how to train.
    SaveSettings,
    /// To save the figures of a training as a table.
    SaveCurves,
    /// To save the picture that was taken of its curves.
    SaveCurvesImage,
}

impl PathPurpose {
    /// Whether something is to be written there.
    pub fn is_to_save(self) -> bool {
        matches!(
            self,
            Self::SaveWeights(_)
                | Self::SaveDrawing
                | Self::SaveConfusion
                | Self::SaveSettings
                | Self::SaveCurves
                | Self::SaveCurvesImage
        )
    }
}

/// Something that takes a worker or the window itself. The state asks for it; `app` does it.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Recognize the drawing of this revision.
    Predict(Ink, u64),
    /// Recognize a picture, shown at this revision.
    PredictPicture(Bitmap, u64),
    /// Let this model answer from now on.
    Answer(Arc<Model>),
    /// Add this noise to what it sees from now on, or none.
    AddNoise(Option<Noise>),
    /// Begin a training.
    Train {
        /// Its number.
        run: u64,
        /// How it starts.
        start: Start,
        /// Its examples.
        data: TrainingData,
        /// Whether it trains on the stored corrections as well.
        uses_corrections: bool,
        /// The device that computes it.
        device: DeviceChoice,
    },
    /// Throw away what an interrupted training left.
    DeleteCheckpoint(Arc<Checkpoint>),
    /// Let the training wait.
    Pause,
    /// Let it go on.
    Resume,
    /// End it and keep what it has learned.
    Stop,
    /// Leave out the test of what it has learned, or the rest of that test.
    SkipTest,
    /// Begin the measurement of this number: this model, on these pictures, with this noise on them or none.
    Measure(u64, Arc<Model>, Source, Option<Noise>),
    /// End the measurement under way.
    CancelEvaluation,
    /// Open the system's file dialog.
    OpenDialog(PathPurpose),
    /// Read or write a file.
    File(FileTask),
    /// Do something in the library of finished trainings.
    Library(RunLibraryTask),
    /// Do something with the drawings that are kept to learn from.
    Corrections(CorrectionTask),
    /// Close the window.
    Close,
}
