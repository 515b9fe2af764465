//! The one training loop. It blocks, tells what happens through events, and asks before every
//! batch whether to go on.

mod average;
mod batch;
mod calibrate;
pub mod checkpoint;
pub mod config;
pub mod control;
pub mod diagnostics;
mod dropout;
pub mod evaluation;
mod events;
pub mod fine_tune;
mod outcome;
pub mod rehearsal;
mod run;
pub mod schedule;
mod source;
mod step;

use std::iter;

use candle_core::Device;

use self::{
    calibrate::calibration,
    checkpoint::Checkpoint,
    config::TrainingConfig,
    control::{Control, Signal},
    evaluation::evaluate,
    fine_tune::{Origin, Pupil},
    run::{Learned, Run},
    step::{BatchFigures, OptimizerState, Step, StepSettings, convolution},
};
pub use self::{
    events::{EpochRecord, Plan, Progress, TrainingEvent},
    outcome::{Ending, TrainedModel},
};
use crate::{
    bitmap::{CLASSES, PIXELS},
    data::{Dataset, Examples, TrainingSet, corrections::repeats, ink_set::PenExamples, synthetic},
    error::{ModelError, Refusal, TrainingError},
    model::{
        Mlp,
        file::{Metadata, Model},
    },
};

/// Trains a new network on a data set's training examples and tests it on its test examples.
///
/// The network that comes of it is in the processor's memory, whatever device it was trained on.
///
/// It is deterministic for a seed, a configuration and a number of threads. `None` when it was
/// abandoned.
///
/// # Errors
/// When the configuration is out of range, there is nothing to learn from, the loss is no finite number
/// before the first epoch ends, or candle fails.
pub fn train(
    config: &TrainingConfig,
    dataset: &Dataset,
    device: &Device,
    control: &Control,
    on_event: &mut (dyn FnMut(TrainingEvent) + Send),
) -> Result<Option<TrainedModel>, TrainingError> {
    let beginning = Beginning::New;
    begin(config, &beginning, dataset, device, control, on_event)
}

/// The same, but going on with the weights of a model. Where there are drawings of one's own, they are what is learned:
/// all other examples are to be read as the model reads them, so that it forgets nothing for it.
///
/// # Errors
/// As [`train`], and when its network is not the one that the configuration names.
pub fn teach(
    pupil: &Pupil,
    config: &TrainingConfig,
    dataset: &Dataset,
    device: &Device,
    control: &Control,
    on_event: &mut (dyn FnMut(TrainingEvent) + Send),
) -> Result<Option<TrainedModel>, TrainingError> {
    pupil.check(config)?;
    let beginning = Beginning::Pupil(pupil);
    begin(config, &beginning, dataset, device, control, on_event)
}

/// Goes on with an interrupted training, on the data that it began with. What comes of it is, bit by bit,
/// what had come of it without the interruption.
///
/// # Errors
/// As [`train`], and when the data are others.
pub fn resume(
    checkpoint: &Checkpoint,
    dataset: &Dataset,
    device: &Device,
    control: &Control,
    on_event: &mut (dyn FnMut(TrainingEvent) + Send),
) -> Result<Option<TrainedModel>, TrainingError> {
    checkpoint
        .check_data(dataset)
        .map_err(TrainingError::Refused)?;
    let (config, beginning) = (checkpoint.config(), Beginning::Checkpoint(checkpoint));
    begin(config, &beginning, dataset, device, control, on_event)
}

/// What the first weights are.
enum Beginning<'a> {
    New,
    Pupil(&'a Pupil),
    Checkpoint(&'a Checkpoint),
}

impl Beginning<'_> {
    fn origin(&self) -> Option<Origin> {
        match self {
            Self::New => None,
            Self::Pupil(pupil) => Some(pupil.origin()),
            Self::Checkpoint(checkpoint) => checkpoint.origin().cloned(),
        }
    }

    /// The network that learns, and the one whose readings are to stay, if there are drawings of one's own to learn.
    fn networks(
        &self,
        config: &TrainingConfig,
        hand: &PenExamples,
        device: &Device,
    ) -> Result<(Mlp, Option<Mlp>), TrainingError> {
        Ok(match self {
            Self::New => (fresh(config, device)?, None),
            Self::Pupil(pupil) => {
                let before = (!hand.is_empty()).then(|| pupil.network(device));
                (pupil.network(device)?, before.transpose()?)
            }
            Self::Checkpoint(checkpoint) => {
                (checkpoint.learning(device)?, checkpoint.before(device)?)
            }
        })
    }
}

fn begin(
    config: &TrainingConfig,
    beginning: &Beginning,
    dataset: &Dataset,
    device: &Device,
    control: &Control,
    on_event: &mut (dyn FnMut(TrainingEvent) + Send),
) -> Result<Option<TrainedModel>, TrainingError> {
    config.validate().map_err(TrainingError::Refused)?;
    let (training, validation) = split(config, dataset)?;
    let identity = checkpoint::DataIdentity::of(dataset);
    let origin = beginning.origin();
    let mut on_event = |mut event| {
        if let TrainingEvent::Checkpoint(checkpoint) = &mut event {
            checkpoint.set_data(dataset, identity, origin.as_ref());
        }
        on_event(event);
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .thread_name(|index| format!("training-{index}"))
        .build()
        .map_err(|error| ModelError::Compute(Box::new(error)))?;
    pool.install(|| {
        let training = training_set(training, dataset, config, control);
        let networks = beginning.networks(config, &dataset.hand, device)?;
        let mut run = Run::new(config, &training, control, networks)?;
        if let Beginning::Checkpoint(checkpoint) = beginning {
            run.resume(checkpoint)?;
        }
        let Some(learned) = run.epochs(&validation, &mut on_event)? else {
            return Ok(None);
        };
        if learned.is_blank {
            // It knows nothing, so that there is nothing to test.
            control.skip();
        } else {
            on_event(TrainingEvent::Learned {
                mlp: learned.mlp.clone(),
                epoch: learned.epoch,
                is_stopped: learned.ending == Ending::Stopped,
            });
        }
        // A stop may have come before there were any in the training set.
        let drawn = [&dataset.pen, &dataset.hand];
        let rejects = config.non_digits > 0 || drawn.iter().any(|ink| !ink.non_digits.is_empty());
        let known = (origin.as_ref(), rejects);
        finish(config, dataset, (&validation, known), learned, control)
    })
}

/// A network that knows nothing yet.
fn fresh(config: &TrainingConfig, device: &Device) -> Result<Mlp, TrainingError> {
    let mlp = Mlp::new(&config.model, config.seed, device)?;
    let layers = config.fields().map_err(TrainingError::Refused)?;
    convolution::begin(&mlp, &layers).map_err(ModelError::from)?;
    Ok(mlp)
}

/// What is learned from, and what is validated with.
fn split(
    config: &TrainingConfig,
    dataset: &Dataset,
) -> Result<(Examples, Examples), TrainingError> {
    let takes_all = config.validation_split == 0.0 && config.data_fraction == 1.0;
    if !takes_all && is_sorted_by_digit(&dataset.train) {
        return Err(TrainingError::Refused(Refusal::new(
            format!("keep a part of {} to validate with", dataset.name),
            "training examples that are sorted by digit, so that whole digits would not be learned",
            "mixed ones, as MNIST's are",
            "mix them, or learn from all of them, without validation",
        )));
    }
    let (training, validation) = dataset.train.split_tail(config.validation_split);
    let wanted = training.len() as f64 * config.data_fraction;
    let training = training.take(wanted.round() as usize);
    if training.is_empty() {
        return Err(TrainingError::Refused(Refusal::new(
            "train",
            format!("no training examples in {}", dataset.name),
            "at least one",
            "choose another data set, a smaller validation split, or a larger part of the data",
        )));
    }
    Ok((training, validation))
}

/// Whether the digits come one after the other, and not mixed. Of few examples nobody can say.
fn is_sorted_by_digit(examples: &Examples) -> bool {
    const FEW: usize = 100;
    let labels = examples.labels();
    let changes = labels.windows(2).filter(|pair| pair[0] != pair[1]).count();
    labels.len() >= FEW && changes > 0 && changes < 2 * CLASSES
}

/// Finds what the logits of what was learned are worth, tests it, and writes down what is known of it.
fn finish(
    config: &TrainingConfig,
    dataset: &Dataset,
    (validation, (origin, rejects)): (&Examples, (Option<&Origin>, bool)),
    learned: Learned,
    control: &Control,
) -> Result<Option<TrainedModel>, TrainingError> {
    let Learned {
        mlp,
        epoch,
        history,
        ending,
        is_blank,
    } = learned;
    let hands = &dataset.calibration;
    let known = origin.and_then(|origin| origin.calibration(rejects));
    let calibration = match known.filter(|_| hands.is_empty()) {
        Some(known) => Some(known),
        None => calibration(&mlp, validation, hands, rejects, config.seed, control)?,
    };
    let Some(calibration) = calibration else {
        return Ok(None);
    };
    let test = evaluate(&mlp, &dataset.test, control)?.filter(|test| test.examples > 0);
    if control.signal() == Signal::Abandon {
        return Ok(None);
    }
    let record = match epoch {
        Some(epoch) => history.iter().find(|record| record.epoch == epoch),
        None => history.last(),
    };
    // Whoever gets it reads single images, which an accelerator is no help with.
    let mlp = if mlp.device().is_cpu() {
        mlp
    } else {
        mlp.copy_to(&Device::Cpu)?
    };
    let metadata = Metadata {
        dataset: dataset.name.clone(),
        recipe: serde_json::to_string(config).unwrap_or_default(),
        base_model: origin.map(|origin| origin.name.clone()),
        corrections_used: Some(dataset.source.hand.len()).filter(|&count| count > 0),
        seed: Some(config.seed),
        validation_accuracy: record.and_then(|record| record.validation_accuracy),
        test_loss: test.as_ref().map(|test| test.loss),
        test_accuracy: test.as_ref().map(|test| test.accuracy),
        calibration,
    };
    Ok(Some(TrainedModel {
        model: Model { mlp, metadata },
        history,
        test,
        ending,
        epoch,
        is_blank,
    }))
}

/// Adds the pen's ink, one's own drawings and the generated ones that the configuration asks for, some at a time, so
/// that a stop is answered at once; then fewer will do, because none will be learned from.
fn training_set(
    training: Examples,
    dataset: &Dataset,
    config: &TrainingConfig,
    control: &Control,
) -> TrainingSet {
    const AT_ONCE: usize = 200;
    let ranges = |count: usize| {
        let is_wanted = |_: &usize| !control.signal().ends_training();
        (0..count)
            .step_by(AT_ONCE)
            .take_while(is_wanted)
            .map(move |start| start..count.min(start + AT_ONCE))
    };
    let Dataset { pen, hand, .. } = dataset;
    let times = repeats(hand.len(), training.len());
    let mut parts = vec![training];
    parts.extend((!pen.digits.is_empty()).then(|| pen.digits.clone()));
    if !hand.digits.is_empty() {
        parts.extend(iter::repeat_n(hand.digits.clone(), times));
    }
    let digits: Vec<Examples> = ranges(config.synthetic_digits)
        .map(|range| Examples::generated(range, config.seed))
        .collect();
    let mut non_digits = pen.non_digits.clone();
    for range in ranges(config.non_digits) {
        non_digits.extend(synthetic::non_digits(range, config.seed));
    }
    let own_non_digits = hand.non_digits.repeat(times);
    non_digits.extend_from_slice(&own_non_digits);
    let own = (hand.digits.len() * times, own_non_digits.len() / PIXELS);
    TrainingSet::new(&parts, &digits, &non_digits).with_own(own.0, own.1)
}

#[cfg(test)]
mod tests;
