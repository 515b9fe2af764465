//! `digitpad train`: the training loop with a progress bar, and Ctrl-C as its lever.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{Ending, open_device, text, write_json};
use crate::{
    dataset::Dataset,
    error::{CliError, IoError},
    model::device::DeviceChoice,
    training::{
        self, EpochRecord, Progress, TrainedModel, TrainingEvent,
        config::TrainingConfig,
        control::{Control, Wish},
        evaluation::Evaluation,
    },
};

/// Train a network and write its weights.
#[derive(Debug)]
pub struct TrainTask {
    /// How; in range.
    pub config: TrainingConfig,
    /// The data set's folder; `None` is the built-in MNIST.
    pub data: Option<PathBuf>,
    /// What to compute on.
    pub device: DeviceChoice,
    /// The weight file to write.
    pub out: PathBuf,
    /// Whether to print JSON.
    pub json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    path: String,
    dataset: &'a str,
    config: &'a TrainingConfig,
    parameters: usize,
    device: &'static str,
    history: &'a [EpochRecord],
    test: Option<&'a Evaluation>,
    stopped: bool,
    seconds: f64,
}

pub(super) fn run(
    task: &TrainTask,
    out: &mut dyn Write,
    err: &mut (dyn Write + Send),
) -> Result<Ending, CliError> {
    // After a long training it would be late to learn that it cannot be kept.
    check_writable(&task.out)?;
    let start = Instant::now();
    let device = open_device(task.device, err)?;
    let dataset = match &task.data {
        Some(folder) => Dataset::from_folder(folder)?,
        None => Dataset::mnist()?,
    };
    let control = Arc::new(Control::default());
    stop_on_ctrl_c(&control);
    let mut display = Display {
        bar: ProgressBar::hidden(),
        epochs: 0,
        err,
    };
    let trained = training::train(
        &task.config,
        &dataset,
        &device.device,
        &control,
        &mut |event| {
            display.show(event);
        },
    );
    display.bar.finish_and_clear();
    let Some(trained) = trained? else {
        return Ok(Ending::Interrupted);
    };
    trained.model.save(&task.out)?;
    let report = Report {
        path: task.out.display().to_string(),
        dataset: &dataset.name,
        config: &task.config,
        parameters: task.config.model.parameter_count(),
        device: device.name(),
        history: &trained.history,
        test: trained.test.as_ref(),
        stopped: trained.stopped,
        seconds: start.elapsed().as_secs_f64(),
    };
    if task.json {
        write_json(out, &report)?;
    } else {
        report.write_text(out)?;
    }
    Ok(ending(&trained))
}

fn ending(trained: &TrainedModel) -> Ending {
    if trained.stopped {
        Ending::Interrupted
    } else {
        Ending::Done
    }
}

/// Creates a file beside the one to come, and removes it.
fn check_writable(path: &Path) -> Result<(), IoError> {
    let failed = |source| IoError {
        attempted: "write",
        path: path.to_path_buf(),
        source,
    };
    if path.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    tempfile::tempfile_in(folder).map(drop).map_err(failed)
}

/// The first Ctrl-C stops the training after its batch, the second gives it up.
fn stop_on_ctrl_c(control: &Arc<Control>) {
    let control = Arc::clone(control);
    let handler = move || match control.wish() {
        Wish::Run | Wish::Pause => control.stop(),
        Wish::Stop | Wish::Abandon => control.abandon(),
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        log::warn!("Ctrl-C will end the training without keeping it: {error}");
    }
}

impl Report<'_> {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        if let Some(Evaluation {
            examples,
            loss,
            accuracy,
            ..
        }) = self.test
        {
            let accuracy = text::percent(*accuracy);
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
        if self.stopped {
            let (done, all) = (self.history.len(), config.epochs);
            writeln!(out, "stopped after {done} of {all} epochs")?;
        }
        let model = &config.model;
        Ok(writeln!(
            out,
            "saved {model} ({parameters} parameters, {seconds:.1} s) to {path}"
        )?)
    }
}

/// A progress bar on a terminal, a line an epoch elsewhere.
struct Display<'a> {
    bar: ProgressBar,
    epochs: usize,
    err: &'a mut (dyn Write + Send),
}

impl Display<'_> {
    fn show(&mut self, event: TrainingEvent) {
        match event {
            TrainingEvent::Started(plan) => {
                self.epochs = plan.epochs;
                let images = (plan.training_examples * plan.epochs) as u64;
                self.bar =
                    ProgressBar::with_draw_target(Some(images), ProgressDrawTarget::stderr())
                        .with_style(style());
                let (training, validation) = (plan.training_examples, plan.validation_examples);
                self.line(&format!(
                    "training on {training} examples, validating on {validation}; Ctrl-C stops and keeps"
                ));
            }
            TrainingEvent::Batch(progress) => self.advance(&progress),
            TrainingEvent::EpochFinished { record, .. } => {
                self.line(&epoch_line(&record, self.epochs));
            }
        }
    }

    fn advance(&self, progress: &Progress) {
        if self.bar.is_hidden() {
            return;
        }
        let Progress {
            epoch,
            loss,
            accuracy,
            ..
        } = progress;
        let (epochs, accuracy) = (self.epochs, text::percent(*accuracy));
        let (speed, left) = (progress.images_per_sec(), progress.remaining_secs());
        self.bar.set_message(format!(
            "epoch {epoch}/{epochs}: loss {loss:.4}, accuracy {accuracy}, {speed:.0} images/s, {left:.0} s left"
        ));
        self.bar.set_position(progress.images_seen as u64);
    }

    fn line(&mut self, line: &str) {
        if self.bar.is_hidden() {
            // A training goes on without anybody to watch it.
            let _ = writeln!(self.err, "{line}");
        } else {
            self.bar.println(line);
        }
    }
}

fn style() -> ProgressStyle {
    const TEMPLATE: &str = "{wide_bar} {percent:>3} % {msg}";
    // The template is a constant; were it wrong, the plain bar would do.
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn epoch_line(record: &EpochRecord, epochs: usize) -> String {
    let EpochRecord {
        epoch,
        loss,
        accuracy,
        validation_loss,
        validation_accuracy,
        elapsed_secs,
    } = record;
    let accuracy = text::percent(*accuracy);
    let validation = match (validation_loss, validation_accuracy) {
        (Some(loss), Some(accuracy)) => {
            format!(
                ", validation loss {loss:.4}, accuracy {}",
                text::percent(*accuracy)
            )
        }
        _ => String::new(),
    };
    format!(
        "epoch {epoch}/{epochs}: loss {loss:.4}, accuracy {accuracy}{validation}, {elapsed_secs:.1} s"
    )
}
