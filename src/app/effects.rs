//! What the state asks for, done: the workers behind it, and the window.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use egui::{ColorImage, Context, ViewportCommand};

use super::{
    action::{Effect, PathPurpose},
    state::State,
};
use crate::worker::{
    Waker,
    file_tasks::{Dialog, FileTask, FileTasks, Photograph},
    library::LibraryTask,
    measurer::Measurer,
    predictor::{PredictionRequest, Predictor},
    trainer::{Job, Trainer},
};

/// The threads behind the window.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) predictor: Predictor,
    pub(super) trainer: Option<Trainer>,
    pub(super) measurer: Option<Measurer>,
    pub(super) files: FileTasks,
    /// Where what is needed to go on with a training is kept; `None` keeps nothing.
    checkpoint: Option<PathBuf>,
    /// The folder of the library of finished trainings; `None` keeps none.
    library: Option<PathBuf>,
    /// The picture of the window that was taken last, until it is fetched.
    photograph: Arc<Mutex<Option<Photograph>>>,
}

/// How long what a training reports may wait to be drawn: ten frames a second are enough for figures,
/// and where the processor draws too, each frame is one that does not train.
const TRAINING_FRAME: Duration = Duration::from_millis(100);

impl Workers {
    /// Starts the threads; they have the window drawn when there is something new.
    pub(super) fn new(ctx: &Context, state: &State) -> Self {
        let ctx = ctx.clone();
        let waker: Waker = Arc::new(move || ctx.request_repaint());
        Self {
            predictor: Predictor::spawn(Arc::clone(state.models.answering()), Arc::clone(&waker)),
            trainer: None,
            measurer: None,
            files: FileTasks::new(waker),
            checkpoint: None,
            library: None,
            photograph: Arc::default(),
        }
    }

    /// Does what the state asks for.
    pub(super) fn run(&mut self, ctx: &Context, state: &mut State, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Predict(ink, revision) => {
                    self.predictor.request(PredictionRequest { ink, revision });
                }
                Effect::PredictPicture(bitmap, revision) => {
                    self.predictor.request_bitmap(bitmap, revision);
                }
                Effect::Answer(model) => self.predictor.set_model(model),
                Effect::AddNoise(noise) => self.predictor.set_noise(noise),
                Effect::Train(run, config, data, device) => {
                    let job = Job::New {
                        config,
                        data,
                        device,
                    };
                    self.train(ctx, run, job);
                }
                Effect::ResumeInterrupted(run, checkpoint) => {
                    self.train(ctx, run, Job::Resume(checkpoint));
                }
                Effect::DiscardInterrupted => {
                    if let Some(path) = &self.checkpoint {
                        self.files
                            .submit(FileTask::DiscardInterrupted(path.clone()));
                    }
                }
                Effect::Pause => self.steer(Trainer::pause),
                Effect::Resume => self.steer(Trainer::resume),
                Effect::Stop => self.steer(Trainer::stop),
                Effect::Measure(number, model, source, noise) => {
                    // The last measurement is done, so its thread is joined at once.
                    let ctx = ctx.clone();
                    let waker = Arc::new(move || ctx.request_repaint());
                    self.measurer = Some(Measurer::spawn(number, model, source, noise, waker));
                }
                Effect::CancelMeasuring => {
                    if let Some(measurer) = &self.measurer {
                        measurer.cancel();
                    }
                }
                Effect::OpenDialog(purpose) => {
                    if let Some(dialog) = dialog_for(purpose, state) {
                        self.files.open_dialog(dialog);
                    }
                }
                Effect::File(task) => self.files.submit(task),
                Effect::Library(task) => {
                    if let Some(folder) = &self.library {
                        self.files.submit(FileTask::Library(folder.clone(), task));
                    }
                }
                Effect::Photograph(part) => self.photograph(ctx, part),
                Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
            }
        }
    }

    fn train(&mut self, ctx: &Context, run: u64, job: Job) {
        // The last run is done, so its thread is joined at once.
        let ctx = ctx.clone();
        let waker = Arc::new(move || ctx.request_repaint_after(TRAINING_FRAME));
        let checkpoint = self.checkpoint.clone();
        self.trainer = Some(Trainer::spawn(run, job, checkpoint, waker));
    }

    /// Keeps what is needed to go on with a training in this file, and looks whether one was interrupted.
    pub(super) fn keep_checkpoint_in(&mut self, path: PathBuf) {
        self.files.submit(FileTask::FindInterrupted(path.clone()));
        self.checkpoint = Some(path);
    }

    /// Keeps finished trainings in this folder, and looks what is in it.
    pub(super) fn keep_runs_in(&mut self, folder: PathBuf) {
        let task = FileTask::Library(folder.clone(), LibraryTask::List);
        self.files.submit(task);
        self.library = Some(folder);
    }

    /// The picture that was asked for, once.
    pub(super) fn take_photograph(&self) -> Option<Photograph> {
        let mut slot = self
            .photograph
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }

    /// Has the window's next frame photographed.
    fn photograph(&self, ctx: &Context, part: [[f32; 2]; 2]) {
        let slot = Arc::clone(&self.photograph);
        let pixels_per_point = ctx.pixels_per_point();
        let waking = ctx.clone();
        ctx.request_screenshot(move |image| {
            let photograph = part_of(&image, part, pixels_per_point);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = photograph;
            waking.request_repaint();
        });
    }

    fn steer(&self, steer: impl FnOnce(&Trainer)) {
        if let Some(trainer) = &self.trainer {
            steer(trainer);
        }
    }
}

fn dialog_for(purpose: PathPurpose, state: &State) -> Option<Dialog> {
    Some(match purpose {
        PathPurpose::LoadWeights => Dialog::LoadWeights,
        PathPurpose::SaveWeights(id) => {
            Dialog::SaveWeights(Arc::clone(&state.models.entry(id)?.model))
        }
        PathPurpose::OpenDrawing => Dialog::OpenDrawing,
        PathPurpose::SaveDrawing => Dialog::SaveDrawing(state.ink().clone()),
        PathPurpose::DataFolder => Dialog::ChooseFolder,
        PathPurpose::TestFolder => Dialog::ChooseTestFolder,
        PathPurpose::TestInk => Dialog::ChooseTestInk,
        PathPurpose::SaveConfusion => Dialog::SaveTable("confusion.csv", state.confusion_table()?),
        PathPurpose::SaveCurves => Dialog::SaveTable("training.csv", state.training.table()),
        PathPurpose::SavePhotograph => {
            Dialog::SavePhotograph(Arc::clone(state.training.photograph.as_ref()?))
        }
        PathPurpose::LoadSettings => Dialog::LoadSettings,
        PathPurpose::SaveSettings => {
            Dialog::SaveSettings(Box::new(state.training.form.config().ok()?))
        }
    })
}

/// A part of a picture of the whole window, corner and opposite corner in points; `None` if it lies beyond
/// the window.
fn part_of(
    image: &ColorImage,
    [min, max]: [[f32; 2]; 2],
    pixels_per_point: f32,
) -> Option<Photograph> {
    let pixel = |point: f32, most: usize| ((point * pixels_per_point).round() as usize).min(most);
    let [width, height] = image.size;
    let (left, right) = (pixel(min[0], width), pixel(max[0], width));
    let (top, bottom) = (pixel(min[1], height), pixel(max[1], height));
    let size = [right.saturating_sub(left), bottom.saturating_sub(top)];
    let rows = (top..bottom).map(|row| &image.pixels[row * width + left..][..size[0]]);
    let rgb: Vec<u8> = rows
        .flatten()
        .flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()])
        .collect();
    (!rgb.is_empty()).then_some(Photograph { size, rgb })
}

#[cfg(test)]
mod tests {
    use egui::Color32;

    use super::*;

    #[test]
    fn a_photograph_is_of_the_part_that_was_asked_for() {
        let pixels = (0..12).map(|i| Color32::from_rgb(i, 0, 0)).collect();
        let image = ColorImage::new([4, 3], pixels);
        let part = part_of(&image, [[0.5, 0.5], [1.5, 1.0]], 2.0).expect("within");
        assert_eq!(part.size, [2, 1], "in pixels");
        assert_eq!(part.rgb, [5, 0, 0, 6, 0, 0], "the second row's middle");
        let part = part_of(&image, [[1.5, 1.0], [9.0, 9.0]], 2.0).expect("in part");
        assert_eq!(part.rgb, [11, 0, 0], "what is beyond is left out");
        let part = part_of(&image, [[5.0, 5.0], [9.0, 9.0]], 2.0);
        assert_eq!(part, None, "nothing of it");
    }
}
