//! `digitpad train`: the training loop with a progress bar, Ctrl-C as its stop signal, and a checkpoint file.

pub(super) mod checkpoint;
mod display;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use serde::Serialize;

use self::{
    checkpoint::{back_up, check_output_paths, print_resume_command, read_checkpoint},
    display::Display,
};
use super::{Ending as Exit, open_device, write_json};
use crate::{
    bitmap::PIXELS,
    data::{Dataset, TrainingData},
    error::{CliError, Refusal, TrainingError},
    evaluation::Metrics,
    files::{latest::LatestFile, write_atomically},
    format,
    model::device::DeviceChoice,
    store::training_config,
    training::{
        self, EpochRecord, Start, StopReason, TrainedModel, TrainingEvent,
        config::TrainingConfig,
        control::{Control, Signal},
        diagnostics::{Hint, diagnose},
    },
};

/// Trains a network and writes its weights.
#[derive(Debug)]
pub struct TrainTask {
    /// How it starts.
    pub start: TrainStart,
    /// The device that computes it.
    pub device: DeviceChoice,
    /// The weight file to write.
    pub out: PathBuf,
    /// The file of the checkpoints.
    pub checkpoint: PathBuf,
    /// Whether to write 16-bit weights.
    pub half: bool,
    /// Whether to print JSON.
    pub json: bool,
}

/// How a training starts, as typed.
#[derive(Debug)]
pub enum TrainStart {
    /// With new weights or those of a base model.
    New {
        /// How it starts; its configuration is valid.
        start: Start,
        /// Its examples.
        data: TrainingData,
    },
    /// From the checkpoint in this file.
    Resume(PathBuf),
}

/// The output of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    path: String,
    dataset: &'a str,
    config: &'a TrainingConfig,
    parameters: usize,
    device: DeviceChoice,
    history: &'a [EpochRecord],
    test: Option<&'a Metrics>,
    stopped: bool,
    /// The epoch that ended with the saved weights; `null` within an epoch.
    epoch: Option<usize>,
    /// Hints on the settings, each a sentence.
    hints: Vec<String>,
    seconds: f64,
    #[serde(skip)]
    stop_reason: StopReason,
}

pub(super) fn run(
    task: &TrainTask,
    out: &mut dyn Write,
    err: &mut (dyn Write + Send),
) -> Result<Exit, CliError> {
    // A long training must not end with an error of its files.
    check_output_paths(task)?;
    let began = Instant::now();
    let device = open_device(task.device, err)?;
    let mut display = Display::new(err);
    let (start, data) = start(task)?;
    let config = start.config().clone();
    let control = Arc::new(Control::default());
    stop_on_ctrl_c(&control);
    let dataset = data.read()?;
    report_ink(&data, &dataset, &mut display)?;
    back_up(task, &mut display)?;
    let file = LatestFile::new(task.checkpoint.clone())?;
    let trained = {
        let mut history = Vec::new();
        let mut on_event = |event: TrainingEvent| {
            display.show(&event);
            match event {
                TrainingEvent::Resumed(epochs) => history = epochs,
                TrainingEvent::EpochFinished { record, .. } => {
                    history.push(record);
                    display.show_hints(&diagnose(&config, &history));
                }
                TrainingEvent::Checkpoint(checkpoint) => {
                    file.replace(move || checkpoint.to_bytes().map_err(io::Error::other));
                    if let Some(error) = file.take_error() {
                        display.line(&format!("note: {}", crate::error::chain(&error)));
                    }
                }
                _ => {}
            }
        };
        training::run(&start, &dataset, &device.device, &control, &mut on_event)
    };
    display.finish();
    let trained = match trained {
        Ok(Some(trained)) if !trained.is_untrained => trained,
        Ok(_) => {
            let path = task.out.display();
            display.line(&format!(
                "stopped before the first batch; {path} is unchanged"
            ));
            drop(file);
            print_resume_command(task, &mut display);
            return Ok(Exit::Interrupted);
        }
        Err(error) => {
            if matches!(error, TrainingError::Diverged(_)) {
                // A resumed training would diverge again.
                file.remove();
            }
            return Err(error.into());
        }
    };
    let bytes = if task.half {
        trained.model.to_half_bytes()?
    } else {
        trained.model.to_bytes()?
    };
    write_atomically(&task.out, &bytes)?;
    if trained.is_stopped() {
        drop(file);
        print_resume_command(task, &mut display);
    } else {
        file.remove();
    }
    let report = Report {
        path: task.out.display().to_string(),
        dataset: &dataset.name,
        config: &config,
        parameters: config.model.parameter_count(),
        device: device.kind(),
        history: &trained.history,
        test: trained.test.as_ref(),
        stopped: trained.is_stopped(),
        epoch: trained.epoch,
        hints: hints(&config, &trained),
        seconds: began.elapsed().as_secs_f64(),
        stop_reason: trained.stop_reason,
    };
    if task.json {
        write_json(out, &report)?;
    } else {
        report.write_text(out)?;
    }
    Ok(exit(&trained))
}

/// Reports the training examples from ink.
///
/// # Errors
/// When the ink files have none.
fn report_ink(
    source: &TrainingData,
    dataset: &Dataset,
    display: &mut Display,
) -> Result<(), CliError> {
    if !source.corrections.is_empty() {
        let count = source.corrections.len();
        let ending = if count == 1 { "" } else { "s" };
        display.line(&format!("training on {count} correction{ending}"));
    }
    if !source.ink.is_empty() {
        let others = dataset.ink.non_digits.len() / PIXELS;
        let (digits, held_back) = (dataset.ink.digits.len(), dataset.calibration.len());
        if digits + others + held_back == 0 {
            let files: Vec<_> = source
                .ink
                .iter()
                .map(|file| file.display().to_string())
                .collect();
            return Err(Refusal::new(
                format!("train on the ink in {}", files.join(", ")),
                "no labeled digit and no non-digit",
                "at least one",
                "label its drawings, or choose other files",
            )
            .into());
        }
        display.line(&format!(
            "training on {digits} digits and {others} non-digits of ink, calibrating on {held_back} digits"
        ));
    }
    Ok(())
}

/// The start of the training, and its data.
fn start(task: &TrainTask) -> Result<(Start, TrainingData), CliError> {
    Ok(match &task.start {
        TrainStart::New { start, data } => (start.clone(), data.clone().absolute()),
        TrainStart::Resume(file) => {
            let checkpoint = read_checkpoint(file)?;
            let data = checkpoint.source().clone();
            (Start::Resume(Arc::new(checkpoint)), data)
        }
    })
}

/// Reads a configuration from a TOML file.
pub(super) fn read_config(file: &Path) -> Result<TrainingConfig, CliError> {
    Ok(training_config::load(file)?)
}

/// The hints at the end, each a sentence.
fn hints(config: &TrainingConfig, trained: &TrainedModel) -> Vec<String> {
    let divergence = match trained.stop_reason {
        StopReason::Diverged(divergence) => Some(divergence.to_string()),
        _ => None,
    };
    let hints = diagnose(config, &trained.history);
    divergence
        .into_iter()
        .chain(hints.iter().map(Hint::to_string))
        .collect()
}

fn exit(trained: &TrainedModel) -> Exit {
    match trained.stop_reason {
        StopReason::Stopped => Exit::Interrupted,
        StopReason::Diverged(_) => Exit::Partly(1),
        StopReason::Completed | StopReason::EarlyStopping => Exit::Done,
    }
}

/// The first Ctrl-C stops the training after its batch, the second skips the test, the third abandons the training.
fn stop_on_ctrl_c(control: &Arc<Control>) {
    let control = Arc::clone(control);
    let handler = move || match control.signal() {
        Signal::Run | Signal::Pause => control.stop(),
        Signal::Stop => control.skip_test(),
        Signal::SkipTest | Signal::Abandon => control.abandon(),
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        log::warn!("Ctrl-C will end the training without saving it: {error}");
    }
}

impl Report<'_> {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        if let Some(Metrics {
            examples,
            loss,
            accuracy,
            ..
        }) = self.test
        {
            let accuracy = format::percent(*accuracy, 2);
            writeln!(
                out,
                "test: loss {loss:.4}, accuracy {accuracy} on {examples} examples"
            )?;
        }
        let Self {
            path,
            config,
            parameters,
            seconds,
            ..
        } = self;
        let (done, all) = (self.history.len(), config.epochs);
        match self.stop_reason {
            StopReason::Completed => {}
            StopReason::Stopped => writeln!(out, "stopped after {done} of {all} epochs")?,
            StopReason::EarlyStopping => {
                writeln!(out, "early stopping after {done} of {all} epochs")?;
            }
            StopReason::Diverged(divergence) => writeln!(out, "diverged: {divergence}")?,
        }
        if let (Some(epoch), true) = (self.epoch, self.epoch != Some(done) || done < all) {
            writeln!(out, "the weights are those of epoch {epoch}")?;
        }
        let model = &config.model;
        Ok(writeln!(
            out,
            "saved {model} ({parameters} parameters, {seconds:.1} s) to {path}"
        )?)
    }
}
