//! Actions: requests of the user to the window. Effects: requests of the window to its workers.

use std::{path::PathBuf, sync::Arc};

use super::state::{
    Place, corrections::CorrectionAction, evaluation::EvaluationAction,
    explanation::ExplanationAction, form::TrainingForm, models::ModelId, runs::RunAction,
};
use crate::{
    bitmap::Digit,
    data::{DataSource, TrainingData, noise::Noise},
    error::Refusal,
    ink::Point,
    model::{device::DeviceChoice, file::Model},
    recognition::number::Constraints,
    store::{
        corrections::CorrectionTask, history::HistoryTask, run_library::RunLibraryTask,
        settings::ThemeChoice,
    },
    training::{Start, checkpoint::Checkpoint, config::Preset},
    worker::{
        explainer::ExplanationRequest,
        file_tasks::{CurvesImage, FilePurpose, FileRequest, FileTask},
        predictor::PredictionRequest,
    },
};

/// A picture of the clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastedPicture {
    /// 8-bit red, green, blue and opacity of each pixel, row by row from the top left.
    pub rgba: Vec<u8>,
    /// Width and height in pixels.
    pub size: [usize; 2],
}

/// Something that the user does. Panels return actions, which are applied once, after drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The pen touches the pad.
    PenDown(Point),
    /// The pen moves on the pad.
    PenMoved(Point),
    /// The pen is lifted or lost.
    PenUp,
    /// The system takes a touch back: the stroke goes.
    PenCanceled,
    /// The eraser touches the pad, or moves on it.
    Erase(Point),
    /// Draw with the eraser, or with the pen again.
    SwitchEraser,
    /// Let the eraser remove whole strokes, or what it touches.
    SwitchErased,
    /// Choose the next width of the pen.
    NextPenWidth,
    /// Show how the drawing is normalized, or stop that.
    SwitchGuides,
    /// Draw the strokes on the pad again, one by one.
    Replay,
    /// Put the drawing of this index of the history on the pad.
    ShowDrawing(usize),
    /// Change the pad from a square to a line, or back.
    SwitchPadShape,
    /// Say what is known of the number on the pad.
    Constrain(Constraints),
    /// Select the digit of this index in the number on the pad.
    SelectDigit(usize),
    /// Read only this part of the picture on the pad: left, top, right and bottom, in pixels.
    SelectPart([usize; 4]),
    /// Put the digit of this index in the picture on the pad, alone.
    TakeDigit(usize),
    /// Show the picture again that a part or a digit on the pad was taken from.
    BackToPicture,
    /// Undo the last change of the drawing.
    Undo,
    /// Redo the last undone change.
    Redo,
    /// Clear the pad.
    Clear,
    /// Save the drawing as a correction: this digit, or a non-digit.
    SaveCorrection(Option<Digit>),
    /// Do something in the gallery of corrections.
    Corrections(CorrectionAction),
    /// Ask for a path. Saves the current content for purposes that write.
    AskPath(FilePurpose),
    /// Ask where to save this model's weights.
    SaveWeights(ModelId),
    /// Ask where to save this image of the curves.
    SaveCurvesImage(Arc<CurvesImage>),
    /// Edit the text in the path field.
    EditPath(String),
    /// Accept the path in the path field.
    AcceptPath,
    /// Close the path field.
    CancelPath,
    /// Paste a picture.
    PastePicture(Arc<PastedPicture>),
    /// Drop a file on the window.
    DropFile(PathBuf),
    /// Use this model.
    ChooseModel(ModelId),
    /// Change the fields of the training panel.
    ChangeForm(Box<TrainingForm>),
    /// Type a value that the training panel refuses.
    Refuse(Box<Refusal>),
    /// Set the fields of the training panel to a preset.
    ChoosePreset(Preset),
    /// Do something with a run in the table.
    Run(RunAction),
    /// Show some examples of the data set that the fields name.
    PreviewData,
    /// Use this device for later trainings.
    ChooseDevice(DeviceChoice),
    /// Start a training.
    Train,
    /// Fine-tune the model in use on the corrections.
    FineTune,
    /// Pause the training.
    Pause,
    /// Resume the paused training.
    Resume,
    /// Train on one batch in the pause.
    Step,
    /// Start or end slow motion: one batch a second.
    SlowMotion(bool),
    /// Stop the training and use its model.
    Stop,
    /// Skip the rest of the test after the training.
    SkipTest,
    /// Resume the checkpoint that the last session left.
    ResumeCheckpoint,
    /// Delete that checkpoint.
    DeleteCheckpoint,
    /// Ask whether to resume that checkpoint, or decide later.
    AskToResume(bool),
    /// Use each epoch's weights during a training, or stop that.
    Watch(bool),
    /// Add this noise to the network's input, or none.
    AddNoise(Option<Noise>),
    /// Dismiss the notice in the status line.
    Dismiss,
    /// Choose a color theme.
    ChooseTheme(ThemeChoice),
    /// Show or hide the training panel.
    ShowTraining(bool),
    /// Go to another place of the window.
    GoTo(Place),
    /// Start the guided tour.
    StartTour,
    /// Set the fields of the training panel to the tour's example of overfitting, and show the panel.
    SetUpOverfitting,
    /// Show the step of this index of the tour, or leave the tour.
    ShowTourStep(Option<usize>),
    /// Do something in the evaluation tab.
    Evaluation(EvaluationAction),
    /// Do something in the place *Why*.
    Explanation(ExplanationAction),
    /// Close the window in spite of the warning.
    CloseAnyway,
    /// Leave the window open.
    KeepOpen,
}

/// Something that needs a worker or the window. The state returns effects, and `app` runs them.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Recognize the drawing on the pad.
    Predict(PredictionRequest),
    /// Use this model for predictions.
    UseModel(Arc<Model>),
    /// Add this noise to the network's input, or none.
    AddNoise(Option<Noise>),
    /// Start a training.
    Train {
        /// The run's number.
        run: u64,
        /// How it starts.
        start: Start,
        /// Its examples.
        data: TrainingData,
        /// Whether to train on the corrections too.
        uses_corrections: bool,
        /// The device.
        device: DeviceChoice,
    },
    /// Delete a checkpoint.
    DeleteCheckpoint(Arc<Checkpoint>),
    /// Pause the training.
    Pause,
    /// Resume the paused training.
    Resume,
    /// Train on one batch in the pause.
    Step,
    /// Stop the training and use its model.
    Stop,
    /// Skip the rest of the test after the training.
    SkipTest,
    /// Start an evaluation.
    Evaluate {
        /// The evaluation's number.
        number: u64,
        /// The model.
        model: Arc<Model>,
        /// The evaluation set.
        source: DataSource,
        /// The noise on its images.
        noise: Option<Noise>,
    },
    /// Cancel the evaluation.
    CancelEvaluation,
    /// Explain an answer. Without a view, the explainer ends its work.
    Explain(Box<ExplanationRequest>),
    /// Ask for the path of a file in the system's dialog.
    OpenDialog(FileRequest),
    /// Read or write a file.
    File(FileTask),
    /// Access the run library.
    Library(RunLibraryTask),
    /// Access the corrections.
    Corrections(CorrectionTask),
    /// List the corrections with the predictions of this model.
    ListCorrections(Arc<Model>),
    /// Let the model of this run and the previous one read the corrections.
    CompareModels {
        /// The run of the first model.
        run: u64,
        /// The models.
        models: [Arc<Model>; 2],
    },
    /// Access the history, and list it with the predictions of this model.
    History(HistoryTask, Arc<Model>),
    /// Close the window.
    Close,
}
