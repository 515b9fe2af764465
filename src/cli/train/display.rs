//! What a training shows while it runs.

use std::{io::Write, mem};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    format,
    training::{EpochRecord, Progress, TrainingEvent, diagnostics::Hint},
};

/// A progress bar on a terminal, a line an epoch elsewhere.
pub(super) struct Display<'a> {
    bar: ProgressBar,
    epochs: usize,
    /// What was said of the epochs so far, so that nothing is said twice.
    said: Vec<Hint>,
    err: &'a mut (dyn Write + Send),
}

impl<'a> Display<'a> {
    pub(super) fn new(err: &'a mut (dyn Write + Send)) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            epochs: 0,
            said: Vec::new(),
            err,
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Points out what the epochs so far show, each thing once.
    pub(super) fn point_out(&mut self, observations: &[Hint]) {
        for observation in observations {
            let is_said = |said: &Hint| mem::discriminant(said) == mem::discriminant(observation);
            if !self.said.iter().any(is_said) {
                self.said.push(*observation);
                self.line(&format!("note: {observation}"));
            }
        }
    }

    pub(super) fn show(&mut self, event: &TrainingEvent) {
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
            TrainingEvent::Resumed(history) => {
                let (done, all) = (history.len(), self.epochs);
                self.line(&format!("resumed after {done} of {all} epochs"));
            }
            TrainingEvent::Batch(progress) => self.advance(progress),
            TrainingEvent::EpochFinished { record, .. } => {
                self.line(&epoch_line(record, self.epochs));
            }
            TrainingEvent::TestStarted {
                is_stopped: true, ..
            } => self.line("stopped; testing what it has learned (Ctrl-C leaves out the test)"),
            TrainingEvent::LiveSnapshot(_)
            | TrainingEvent::Checkpoint(_)
            | TrainingEvent::TestStarted { .. } => {}
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
        let (epochs, accuracy) = (self.epochs, format::percent(*accuracy, 2));
        let (speed, left) = (progress.images_per_sec(), progress.remaining_secs());
        self.bar.set_message(format!(
            "epoch {epoch}/{epochs}: loss {loss:.4}, accuracy {accuracy}, {speed:.0} images/s, {left:.0} s left"
        ));
        self.bar.set_position(progress.images_seen as u64);
    }

    pub(super) fn line(&mut self, line: &str) {
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
        ..
    } = record;
    let accuracy = format::percent(*accuracy, 2);
    let validation = match (validation_loss, validation_accuracy) {
        (Some(loss), Some(accuracy)) => {
            format!(
                ", validation loss {loss:.4}, accuracy {}",
                format::percent(*accuracy, 2)
            )
        }
        _ => String::new(),
    };
    format!(
        "epoch {epoch}/{epochs}: loss {loss:.4}, accuracy {accuracy}{validation}, {elapsed_secs:.1} s"
    )
}
