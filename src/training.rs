//! Training: blocks, reports events, and asks for a stop signal before every batch.

mod average;
mod batch;
mod calibrate;
pub mod checkpoint;
pub mod config;
pub mod control;
mod correct;
mod curve;
pub mod diagnostics;
mod dropout;
mod events;
pub mod fine_tune;
mod layer_step;
mod run;
pub mod schedule;
mod source;
mod step;

use std::{iter, sync::Arc};

use candle_core::Device;

pub use self::correct::CorrectionReport;
pub use self::curve::{BatchCurve, BatchPoint};
pub use self::events::{EpochRecord, Plan, Progress, StopReason, TrainedModel, TrainingEvent};
pub use self::layer_step::LayerStep;
use self::{
    calibrate::calibration,
    checkpoint::{Checkpoint, DataIdentity, TrainingInput},
    config::TrainingConfig,
    control::{Control, Signal},
    correct::correct,
    fine_tune::{BaseModel, BaseModelInfo},
    run::{RunResult, TrainingRun},
    step::{BatchMetrics, OptimizerState, Step, StepSettings},
};
use crate::{
    bitmap::CLASSES,
    data::{
        Dataset, Examples, TrainingSet,
        corrections::{self, repeats},
        synthetic,
    },
    error::{ModelError, Refusal, TrainingError},
    evaluation::{Evaluation, evaluate, evaluation_set::EvaluationSet},
    model::{
        Mlp,
        file::{Metadata, Model},
    },
};

/// How a training starts.
#[derive(Clone, Debug)]
pub enum Start {
    /// With random weights.
    Fresh(Box<TrainingConfig>),
    /// With the weights of a base model: fine-tuning. With corrections, a short training on them.
    From(BaseModel, Box<TrainingConfig>),
    /// Where an interrupted training was. Gives, bit by bit, the result of the uninterrupted training.
    Resume(Arc<Checkpoint>),
}

impl Start {
    /// The configuration of the training.
    pub fn config(&self) -> &TrainingConfig {
        match self {
            Self::Fresh(config) | Self::From(_, config) => config,
            Self::Resume(checkpoint) => checkpoint.config(),
        }
    }

    /// The checkpoint that the training resumes from.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        match self {
            Self::Fresh(_) | Self::From(..) => None,
            Self::Resume(checkpoint) => Some(checkpoint),
        }
    }

    fn check(&self, identity: DataIdentity, name: &str) -> Result<(), TrainingError> {
        self.config().validate()?;
        match self {
            Self::Fresh(_) => Ok(()),
            Self::From(base, config) => base.check(config),
            Self::Resume(checkpoint) => Ok(checkpoint.check_data(identity, name)?),
        }
    }

    fn origin(&self) -> Option<BaseModelInfo> {
        match self {
            Self::Fresh(_) => None,
            Self::From(base, _) => Some(base.origin()),
            Self::Resume(checkpoint) => checkpoint.state.input.base_model.clone(),
        }
    }

    fn network(&self, device: &Device) -> Result<Mlp, TrainingError> {
        Ok(match self {
            Self::Fresh(config) => Mlp::new(&config.model, config.seed, device)?,
            Self::From(base, _) => base.network(device)?,
            Self::Resume(checkpoint) => checkpoint.mlp(device)?,
        })
    }
}

/// Trains a network on the training examples of a data set, and evaluates it on the test examples.
///
/// Blocks. Computes on the thread pool of the caller, or on one of its own. Deterministic for a seed, a configuration and
/// a number of threads; a resumed training has the threads of its start. The trained model is in main memory,
/// whatever device trained it. `None` after [`Control::abandon`].
///
/// # Errors
/// When a setting is out of its range, the base model or the data set do not fit, the data set has no training examples,
/// the loss is not finite before the first epoch ends, or candle fails.
pub fn run(
    start: &Start,
    dataset: &Dataset,
    device: &Device,
    control: &Control,
    on_event: &mut (dyn FnMut(TrainingEvent) + Send),
) -> Result<Option<TrainedModel>, TrainingError> {
    let identity = DataIdentity::of(dataset);
    start.check(identity, &dataset.name)?;
    let config = start.config();
    let (training, validation) = split(config, dataset)?;
    let input = TrainingInput {
        dataset: dataset.name.clone(),
        identity,
        source: dataset.source.clone(),
        base_model: start.origin(),
    };
    let train = || {
        let result = match start {
            Start::From(base, _) if !dataset.corrections.is_empty() => {
                correct(base, config, dataset, device, control, on_event)?
            }
            _ => {
                let training = training_set(training, dataset, config, control);
                let mlp = start.network(device)?;
                let mut run = TrainingRun::new(config, &input, &training, control, mlp)?;
                if let Some(checkpoint) = start.checkpoint() {
                    run.resume(checkpoint)?;
                }
                run.epochs(&validation, on_event)?
            }
        };
        let Some(result) = result else {
            return Ok(None);
        };
        if result.is_untrained {
            control.skip_test();
        } else {
            on_event(TrainingEvent::TestStarted {
                mlp: result.mlp.clone(),
                epoch: result.epoch,
                is_stopped: result.stop_reason == StopReason::Stopped,
            });
        }
        // After an early stop the training set may not have its non-digits yet: ask the configuration.
        let rejects = config.non_digits > 0
            || !dataset.ink.non_digits.is_empty()
            || dataset.corrections.iter().any(|it| it.digit.is_none());
        let evaluation = FinalEvaluation {
            config,
            dataset,
            validation: &validation,
            origin: input.base_model.as_ref(),
            rejects,
        };
        evaluation.finish(result, control)
    };
    let has_pool = rayon::current_thread_index().is_some();
    let threads = start.checkpoint().map(Checkpoint::threads);
    if has_pool && threads.is_none_or(|threads| threads == rayon::current_num_threads()) {
        return train();
    }
    let pool = rayon::ThreadPoolBuilder::new()
        // 0 is the number of threads of the system.
        .num_threads(threads.unwrap_or(0))
        .thread_name(|index| format!("training-{index}"));
    match pool.build() {
        Ok(pool) => pool.install(train),
        // The system refuses threads.
        Err(_) if has_pool => train(),
        Err(error) => Err(ModelError::Compute(Box::new(error)).into()),
    }
}

/// The training and the validation examples.
fn split(
    config: &TrainingConfig,
    dataset: &Dataset,
) -> Result<(Examples, Examples), TrainingError> {
    let takes_all = config.validation_split == 0.0 && config.data_fraction == 1.0;
    if !takes_all && is_sorted_by_digit(&dataset.train) {
        return Err(Refusal::new(
            format!("split the training examples of {}", dataset.name),
            "examples in the order of their digits, so that a split loses whole digits",
            "shuffled examples",
            "shuffle them, or train on all of them without validation",
        )
        .into());
    }
    let (training, validation) = dataset.train.split_tail(config.validation_split);
    let wanted = training.len() as f64 * config.data_fraction;
    let training = training.take(wanted.round() as usize);
    if training.is_empty() {
        return Err(Refusal::new(
            "train",
            format!("no training examples in {}", dataset.name),
            "at least one",
            "choose another data set, a smaller validation split, or a larger training fraction",
        )
        .into());
    }
    Ok((training, validation))
}

/// Whether the examples are in the order of their digits. A few examples do not tell.
fn is_sorted_by_digit(examples: &Examples) -> bool {
    const FEW: usize = 100;
    let labels = examples.labels();
    let changes = labels.windows(2).filter(|pair| pair[0] != pair[1]).count();
    labels.len() >= FEW && changes > 0 && changes < 2 * CLASSES
}

/// The steps after the last epoch: calibration and test.
struct FinalEvaluation<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
    validation: &'a Examples,
    origin: Option<&'a BaseModelInfo>,
    /// Whether the network was trained to reject non-digits.
    rejects: bool,
}

impl FinalEvaluation<'_> {
    fn finish(
        self,
        result: RunResult,
        control: &Control,
    ) -> Result<Option<TrainedModel>, TrainingError> {
        let Self {
            config,
            dataset,
            validation,
            origin,
            rejects,
        } = self;
        let RunResult {
            mlp,
            epoch,
            history,
            stop_reason,
            is_untrained,
            corrected,
        } = result;
        let held_out = &dataset.calibration;
        let of_base = origin.and_then(|origin| origin.calibration(rejects));
        let (known, corrections) = match corrected {
            Some((calibration, report)) => (Some(calibration), Some(report)),
            None => (of_base.filter(|_| held_out.is_empty()), None),
        };
        let calibration = match known {
            Some(known) => Some(known),
            None => calibration(&mlp, validation, held_out, rejects, config.seed, control)?,
        };
        let Some(calibration) = calibration else {
            return Ok(None);
        };
        let set = EvaluationSet::from_examples(&dataset.name, dataset.test.clone());
        let mut continues = |done| control.continues_testing(done);
        let test = evaluate(&mlp, &calibration, set, &mut continues)?
            .map(Evaluation::into_metrics)
            .filter(|test| test.examples > 0);
        if control.signal() == Signal::Abandon {
            return Ok(None);
        }
        let record = match epoch {
            Some(epoch) => history.iter().find(|record| record.epoch == epoch),
            None => history.last(),
        };
        // An accelerator does not speed up single predictions.
        let mlp = if mlp.device().is_cpu() {
            mlp
        } else {
            mlp.copy_to(&Device::Cpu)?
        };
        let metadata = Metadata {
            dataset: Some(dataset.name.clone()),
            training_config: serde_json::to_value(config).ok(),
            base_model: origin.map(|origin| origin.name.clone()),
            corrections_used: Some(dataset.source.corrections.len()).filter(|&count| count > 0),
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
            stop_reason,
            epoch,
            is_untrained,
            corrections,
        }))
    }
}

/// Adds ink, corrections and synthetic examples. A stop signal ends the generation: no batch follows.
fn training_set(
    training: Examples,
    dataset: &Dataset,
    config: &TrainingConfig,
    control: &Control,
) -> TrainingSet {
    const CHUNK: usize = 200;
    let ranges = |count: usize| {
        (0..count)
            .step_by(CHUNK)
            .take_while(|_| !control.signal().ends_training())
            .map(move |start| start..count.min(start + CHUNK))
    };
    let Dataset {
        ink, corrections, ..
    } = dataset;
    let if_any = |examples: Examples| Some(examples).filter(|it| !it.is_empty());
    let repeats = repeats(corrections.len(), training.len());
    let corrected = if_any(corrections::digits(corrections));
    let mut non_digits = ink.non_digits.clone();
    for range in ranges(config.non_digits) {
        non_digits.extend(synthetic::non_digits(range, config.seed));
    }
    let corrected_non_digits = corrections.iter().filter(|it| it.digit.is_none());
    let corrected_non_digits: Vec<u8> = corrected_non_digits.flat_map(|it| it.image).collect();
    non_digits.extend(corrected_non_digits.repeat(repeats));
    let examples = iter::once(training)
        .chain(if_any(ink.digits.clone()))
        .chain(iter::repeat_n(corrected, repeats).flatten())
        .chain(
            ranges(config.synthetic_digits).map(|range| Examples::synthetic(range, config.seed)),
        );
    TrainingSet::new(examples.collect(), &non_digits)
}

#[cfg(test)]
mod tests;
