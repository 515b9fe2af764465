//! The output of a running training.

use std::{io::Write, mem};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    format,
    training::{EpochRecord, Progress, TrainingEvent, diagnostics::Hint},
};

/// A progress bar on a terminal, one line per epoch elsewhere.
pub(super) struct Display<'a> {
    bar: ProgressBar,
    epochs: usize,
    /// The hints so far. Each is shown once.
    hints: Vec<Hint>,
    err: &'a mut (dyn Write + Send),
}

impl<'a> Display<'a> {
    pub(super) fn new(err: &'a mut (dyn Write + Send)) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            epochs: 0,
            hints: Vec::new(),
            err,
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows each kind of hint once.
    pub(super) fn show_hints(&mut self, hints: &[Hint]) {
        for hint in hints {
            let is_same = |shown: &Hint| mem::discriminant(shown) == mem::discriminant(hint);
            if !self.hints.iter().any(is_same) {
                self.hints.push(*hint);
                self.line(&format!("hint: {hint}"));
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
                    "training on {training} examples, validating on {validation}; Ctrl-C stops and saves"
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
            } => self.line("stopped; testing the network (Ctrl-C skips the test)"),
            TrainingEvent::LiveSnapshot { .. }
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
            // The training continues without output.
            let _ = writeln!(self.err, "{line}");
        } else {
            self.bar.println(line);
        }
    }
}

fn style() -> ProgressStyle {
    const TEMPLATE: &str = "{wide_bar} {percent:>3} % {msg}";
    // The template is a constant: it is valid.
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
