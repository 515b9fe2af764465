//! `digitpad train`: the training loop with a progress bar, signals that stop it, and a checkpoint file.

pub(super) mod args;
mod checkpoint;
mod display;

use std::{io::Write, sync::Arc, time::Instant};

use serde::Serialize;

use self::{args::TrainArgs, checkpoint::print_resume_command, display::Display};
use super::{Exit, Runnable, Streams, open_device, paths::CommandPaths, write_json};
use crate::{
    bitmap::PIXELS,
    data::{Dataset, TrainingData},
    error::{self, CliError, InputError, Refusal, TrainingError, excerpt},
    evaluation::Metrics,
    files::{try_write, write_atomically},
    format,
    model::{device::DeviceChoice, file::Model},
    training::{
        self, CorrectionReport, EpochRecord, StopReason, TrainedModel, TrainingEvent,
        config::TrainingConfig,
        control::{Control, Signal},
        diagnostics::{Hint, diagnose},
    },
    worker::signals::on_end_signal,
};

const UNREADABLE_CONFIG: &str = "note: the training configuration in the base model cannot be read; fine-tuning with \
                                 that of the preset quick";

/// The output of `--json`.
#[derive(Serialize)]
struct TrainReport<'a> {
    path: String,
    dataset: &'a str,
    config: &'a TrainingConfig,
    parameters: usize,
    device: DeviceChoice,
    history: &'a [EpochRecord],
    test: Option<&'a Metrics>,
    /// What a fine-tuning on corrections achieved; `null` after another training.
    corrections: Option<&'a CorrectionReport>,
    stopped: bool,
    /// The epoch that ended with the saved weights; `null` within an epoch.
    epoch: Option<usize>,
    /// Hints on the settings, each a sentence.
    hints: Vec<String>,
    seconds: f64,
    #[serde(skip)]
    stop_reason: StopReason,
}

impl Runnable for TrainArgs {
    fn paths(&self) -> CommandPaths {
        self.paths()
    }

    fn run(&self, Streams { out, err }: Streams) -> Result<Exit, CliError> {
        let began = Instant::now();
        let device = open_device(self.device, err)?;
        let mut display = Display::new(err);
        let lock = checkpoint::lock(&self.checkpoint())?;
        let (start, data) = self.start()?;
        if self.takes_an_unreadable_config(&start) {
            display.line(UNREADABLE_CONFIG);
        }
        let config = start.config().clone();
        // A long training must not end with an error of its files.
        let paths = self.paths();
        paths
            .reads_data("the checkpoint's data", &data.files())
            .check()?;
        let _lock = checkpoint::lock_output(&self.out)?;
        try_write(&self.out, 4 * config.model.parameter_count() as u64)?;
        let control = Arc::new(Control::default());
        stop_on_signals(&control, &mut display);
        let dataset = data.read()?;
        report_ink(&data, &dataset, &mut display)?;
        let store = checkpoint::open(lock, &start, &mut display)?;
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
                        store.replace(checkpoint);
                        if let Some(error) = store.take_error() {
                            display.line(&format!("note: {}", error::chain(&error)));
                        }
                    }
                    _ => {}
                }
            };
            training::run(&start, &dataset, &device.device, &control, &mut on_event)
        };
        display.finish();
        let saved = match trained {
            Ok(Some(trained)) if !trained.is_untrained => {
                self.save(&trained.model).map(|()| Some(trained))
            }
            Ok(_) => Ok(None),
            Err(error) => Err(error.into()),
        };
        // Resumed, these would end the same way.
        let is_over = match &saved {
            Ok(trained) => trained.as_ref().is_some_and(|it| !it.is_stopped()),
            Err(error) => matches!(error, CliError::Training(TrainingError::Diverged(_))),
        };
        if is_over {
            store.remove();
        } else {
            drop(store);
            // Weights too large for 16 bits fit into 32.
            let half = self.half && !matches!(saved, Err(CliError::Model(_)));
            // A refused start is refused again.
            let is_refused = matches!(
                saved,
                Err(CliError::Training(TrainingError::Input(
                    InputError::Refused(_)
                )))
            );
            if !is_refused {
                print_resume_command(self, half, &mut display);
            }
        }
        let Some(trained) = saved? else {
            let path = excerpt(self.out.display());
            display.line(&format!(
                "stopped before the first batch; {path} is unchanged"
            ));
            return Ok(Exit::Interrupted);
        };
        let report = TrainReport {
            path: self.out.display().to_string(),
            dataset: &dataset.name,
            config: &config,
            parameters: config.model.parameter_count(),
            device: device.kind(),
            history: &trained.history,
            test: trained.test.as_ref(),
            corrections: trained.corrections.as_ref(),
            stopped: trained.is_stopped(),
            epoch: trained.epoch,
            hints: hints(&config, &trained),
            seconds: began.elapsed().as_secs_f64(),
            stop_reason: trained.stop_reason,
        };
        if self.json {
            write_json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(match trained.stop_reason {
            StopReason::Stopped => Exit::Interrupted,
            StopReason::Diverged(_) => Exit::Partly(1),
            StopReason::Completed | StopReason::EarlyStopping => Exit::Done,
        })
    }
}

impl TrainArgs {
    fn save(&self, model: &Model) -> Result<(), CliError> {
        let bytes = if self.half {
            model.to_half_bytes()?
        } else {
            model.to_bytes()?
        };
        Ok(write_atomically(&self.out, &bytes)?)
    }
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
                .map(|file| excerpt(file.display()))
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

/// The first Ctrl-C, SIGTERM or SIGHUP stops the training after its batch, the second skips the test, the third abandons
/// the training.
fn stop_on_signals(control: &Arc<Control>, display: &mut Display) {
    let control = Arc::clone(control);
    let handler = move || match control.signal() {
        Signal::Run | Signal::Pause => control.stop(),
        Signal::Stop => control.skip_test(),
        Signal::SkipTest | Signal::Abandon => control.abandon(),
    };
    let is_set = on_end_signal(handler);
    if !is_set {
        display.line("note: Ctrl-C ends this training without saving it; --resume continues it");
    }
}

impl TrainReport<'_> {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        if let Some(corrections) = self.corrections {
            writeln!(out, "{corrections}")?;
        }
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
        let path = excerpt(path);
        Ok(writeln!(
            out,
            "saved {model} ({parameters} parameters, {seconds:.1} s) to {path}"
        )?)
    }
}
