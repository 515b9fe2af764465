//! Some steps of a training to come, timed on this computer, so that it can be told beforehand how long all
//! of it will take.

use std::time::{Duration, Instant};

use candle_core::Device;

use super::{
    calibrate,
    config::TrainingConfig,
    control::Control,
    evaluation,
    run::{Networks, Run},
    schedule::Schedule,
};
use crate::{
    data::{Examples, TrainingSet, synthetic},
    error::{ModelError, TrainingError},
};

/// How long steps are timed for, once the first ones are over.
const STEPS_TIME: Duration = Duration::from_millis(200);
/// Steps before those that are timed: what is needed for all of them is made in these.
const FIRST_STEPS: usize = 2;
/// The fewest steps that are timed, however long they take.
const LEAST_STEPS: usize = 3;
/// Drawings of each kind that are made to time it.
const DRAWINGS: usize = 40;

/// What a training costs on this computer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rehearsal {
    /// Seconds to learn from an image once, with all that belongs to a step.
    pub learn_secs: f64,
    /// Seconds to read an image that is validated or tested with.
    pub read_secs: f64,
    /// Seconds to generate a drawing.
    pub draw_secs: f64,
}

impl Rehearsal {
    /// About how many seconds a whole training takes, its test included, on so many training and test images.
    pub fn expected_secs(&self, config: &TrainingConfig, train: usize, test: usize) -> f64 {
        let validation = train as f64 * config.validation_split;
        let drawings = (config.synthetic_digits + config.non_digits) as f64;
        let learned = (train as f64 - validation) * config.data_fraction + drawings;
        let epoch = learned * self.learn_secs + validation * self.read_secs;
        let calibration = match config.non_digits {
            0 => 0.0,
            _ => calibrate::GENERATED as f64 * (self.draw_secs + self.read_secs),
        };
        let tested = (validation + test as f64) * self.read_secs;
        drawings * self.draw_secs + epoch * config.epochs as f64 + calibration + tested
    }
}

/// The same configuration without what an image costs the same with: trainings whose are equal need one
/// rehearsal.
pub fn what_costs(config: &TrainingConfig) -> TrainingConfig {
    let usual = TrainingConfig::default();
    TrainingConfig {
        epochs: 1,
        learning_rate: usual.learning_rate,
        schedule: Schedule::Constant,
        seed: 0,
        patience: 0,
        data_fraction: 1.0,
        validation_split: 0.0,
        synthetic_digits: config.synthetic_digits.min(1),
        non_digits: config.non_digits.min(1),
        ..config.clone()
    }
}

/// Times some steps on images like those of the training. `None` when it was abandoned.
///
/// # Errors
/// When the configuration is out of range or candle fails.
pub fn rehearse(
    config: &TrainingConfig,
    images: &Examples,
    device: &Device,
    control: &Control,
) -> Result<Option<Rehearsal>, TrainingError> {
    config.validate().map_err(TrainingError::Refused)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .thread_name(|index| format!("rehearsal-{index}"))
        .build()
        .map_err(|error| ModelError::Compute(Box::new(error)))?;
    pool.install(|| {
        let draw_secs = match config.synthetic_digits + config.non_digits {
            0 => 0.0,
            _ => draw_secs(config.seed),
        };
        let mlp = super::fresh(config, device)?;
        let part = images.take(evaluation::chunk_of(&mlp));
        let read = || evaluation::logits(&mlp, &part, &mut |_| true);
        read()?;
        let start = Instant::now();
        read()?;
        let read_secs = start.elapsed().as_secs_f64() / part.len().max(1) as f64;
        let training = TrainingSet::new(std::slice::from_ref(images), &[], &[]);
        let input = super::checkpoint::TrainingInput::default();
        let mut run = Run::new(
            config,
            &input,
            &training,
            control,
            Networks { mlp, teacher: None },
        )?;
        let learn_secs = run.time_steps(FIRST_STEPS, LEAST_STEPS, STEPS_TIME)?;
        Ok(learn_secs.map(|learn_secs| Rehearsal {
            learn_secs,
            read_secs,
            draw_secs,
        }))
    })
}

/// Seconds to generate a drawing.
fn draw_secs(seed: u64) -> f64 {
    // Whatever is made once is made before.
    synthetic::non_digits(0..1, seed);
    let start = Instant::now();
    Examples::synthetic(0..DRAWINGS, seed);
    synthetic::non_digits(0..DRAWINGS, seed);
    start.elapsed().as_secs_f64() / (2 * DRAWINGS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::Dataset,
        model::MlpConfig,
        training::{config::Preset, control::tests::Script},
    };

    const COSTS: Rehearsal = Rehearsal {
        learn_secs: 1e-3,
        read_secs: 1e-4,
        draw_secs: 1e-2,
    };

    #[test]
    fn all_that_a_training_does_takes_its_time() {
        type Change = fn(&mut TrainingConfig);
        let cases: [(Change, f64, &str); 5] = [
            // 800 learned from and 200 validated with, ten times; 200 and 500 at the end.
            (|_| (), 8.0 + 0.2 + 0.07, "a plain training"),
            (
                |c| c.epochs = 1,
                0.8 + 0.02 + 0.07,
                "the test at the end is not of an epoch",
            ),
            (
                |c| c.data_fraction = 0.5,
                4.0 + 0.2 + 0.07,
                "validated on all the same",
            ),
            (
                |c| c.synthetic_digits = 100,
                9.0 + 0.2 + 0.07 + 1.0,
                "drawings are made once and learned from in each epoch",
            ),
            (
                |c| c.non_digits = 100,
                9.0 + 0.2 + 0.07 + 1.0 + 2000.0 * 1.01e-2,
                "then digits are drawn to find the threshold",
            ),
        ];
        for (change, expected, reason) in cases {
            let mut config = TrainingConfig {
                epochs: 10,
                validation_split: 0.2,
                ..Preset::Keras.config()
            };
            change(&mut config);
            let secs = COSTS.expected_secs(&config, 1000, 500);
            assert!((secs - expected).abs() < 1e-9, "{reason}: {secs}");
        }
    }

    #[test]
    fn trainings_whose_images_cost_the_same_need_one_rehearsal() {
        type Change = fn(&mut TrainingConfig);
        let cases: [(Change, bool, &str); 6] = [
            (|c| c.epochs = 70, true, "more of the same"),
            (
                |c| (c.seed, c.learning_rate) = (5, 0.1),
                true,
                "other values",
            ),
            (|c| c.data_fraction = 0.1, true, "fewer images"),
            (|c| c.batch_size = 1, false, "a step for each image"),
            (|c| c.ema = 0.99, false, "a mean to be kept"),
            (|c| c.model = MlpConfig::relu([9]), false, "another network"),
        ];
        for (change, is_same, reason) in cases {
            let mut config = Preset::Keras.config();
            let before = what_costs(&config);
            change(&mut config);
            assert_eq!(what_costs(&config) == before, is_same, "{reason}");
        }
    }

    #[test]
    fn steps_are_timed_until_nobody_waits_for_it() {
        let images = Dataset::mnist_test().expect("is built in").take(300);
        let config = TrainingConfig {
            synthetic_digits: 1,
            ..Preset::Keras.config()
        };
        let rehearsed = |script| {
            let control = Control::scripted(script);
            rehearse(&config, &images, &Device::Cpu, &control).expect("computes")
        };
        let costs = rehearsed(Script::default()).expect("is not abandoned");
        for secs in [costs.learn_secs, costs.read_secs, costs.draw_secs] {
            assert!(secs > 0.0 && secs < 1.0, "{costs:?}");
        }
        let gone = rehearsed(Script::at(4, Control::abandon));
        assert_eq!(gone, None, "within the steps");
    }
}
