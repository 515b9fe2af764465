//! Fine-tuning on corrections: a short training that ends when the model reads every correction as labeled.
//!
//! Each batch has a few corrections, varied a little, and examples to rehearse, whose targets are the base model's
//! logits. That prevents forgetting ("Learning without Forgetting", Li and Hoiem 2016). Training images that the base
//! model misreads have their label as the target: else each fine-tuning would keep what the one before forgot. A share of
//! the rehearsed examples has logits near those of a correction, because the fine-tuning changes their reading first.
//!
//! It takes seconds, so that there is no checkpoint: to resume it is to start it again.

use std::{collections::HashSet, fmt, time::Instant};

use candle_core::{Device, Var};
use rand::{Rng as _, seq::index};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::{
    BatchMetrics, EpochRecord, Plan, Progress, Step, StepSettings, StopReason, TrainingEvent,
    batch::Batch,
    config::{Optimizer, TrainingConfig},
    control::{Control, Signal},
    fine_tune::BaseModel,
    run::{self, RunResult},
    source::{StoredImages, applied, generator},
};
use crate::{
    bitmap::{CLASSES, Digit, PIXELS, SIDE},
    data::{Correction, Dataset, Examples, Target, TrainingSet, augment::Augmentation, synthetic},
    error::{Cause, Divergence, ModelError, TrainingError},
    evaluation,
    model::{
        Mlp,
        calibration::{Calibration, energy_score},
        preprocess::Preprocessing,
        softmax::softmax,
    },
};

type Image = [u8; PIXELS];
type Logits = [f32; CLASSES];

/// Examples of the data set to rehearse, and synthetic digits and non-digits if the base model knows them.
const REHEARSED: usize = 30_000;
const REHEARSED_SYNTHETIC: usize = 3000;
const REHEARSED_NON_DIGITS: usize = 1500;
/// Rehearsed examples that are near a correction.
const NEAR: usize = 4096;
/// Held-out examples that show what the fine-tuning costs.
const HELD_OUT: usize = 2000;
const BATCH: usize = 128;
/// Corrections in the first batch. Later batches have more, one for every four steps.
const CORRECTIONS_IN_BATCH: usize = 8;
/// The fewest steps: the rehearsal repairs what the first steps change elsewhere.
const MIN_STEPS: usize = 40;
/// The most steps, for up to ten corrections and for more.
const MAX_STEPS: [usize; 2] = [200, 400];
/// Steps between two checks of the corrections.
const CHECK_INTERVAL: usize = 5;
/// Adam's learning rate: small, so that the weights stay near those of the base model.
const LEARNING_RATE: f64 = 2e-4;
/// Steps after which the learning rate has doubled, for a network that changes slowly.
const DOUBLING_STEPS: f64 = 100.0;
/// The probability of its label from which a correction is learned.
const LEARNED: f32 = 0.55;
/// Variations of each correction in a check, and how many of them must be read as labeled too.
const VARIATIONS: usize = 4;
const LEARNED_VARIATIONS: usize = 2;
/// The variation of corrections: as much as one person's drawings of a digit differ.
const VARIATION: Augmentation = Augmentation {
    rotation_deg: 3.0,
    scale: 0.03,
    shear: 0.04,
    shift_px: 0.2,
    elastic_px: 0.3,
    thickness_px: 0.3,
    gaps: 0.0,
    noise: 0.0,
    taper: 0.0,
};
/// The cosine of two images from which they are nearly the same drawing.
const SAME: f32 = 0.95;

/// The first random streams, far from those of the other trainings.
const CHOICE: u64 = 1 << 32;
const REHEARSAL: u64 = 2 << 32;
const CHECKS: u64 = 3 << 32;
const STEPS: u64 = 4 << 32;

/// What a fine-tuning on corrections achieved and what it cost. Corrections are counted from 0, in the order of their
/// file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CorrectionReport {
    /// Whether the base model reads each correction as labeled.
    pub before: Vec<bool>,
    /// Whether the new model does.
    pub after: Vec<bool>,
    /// Pairs of corrections with nearly the same drawing and different labels. The later one counts.
    pub contradictions: Vec<[usize; 2]>,
    /// The number of held-out examples.
    pub held_out: usize,
    /// Of them, those that the base model and the new model read correctly.
    pub held_out_correct: [usize; 2],
}

impl CorrectionReport {
    /// The corrections that the new model does not read as labeled.
    pub fn unlearned(&self) -> impl Iterator<Item = usize> {
        let indexed = self.after.iter().enumerate();
        indexed.filter_map(|(index, is_read)| (!is_read).then_some(index))
    }
}

/// A sentence without its full stop; corrections are counted from 1.
impl fmt::Display for CorrectionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] =
            [&self.before, &self.after].map(|all| all.iter().filter(|it| **it).count());
        let all = self.after.len();
        write!(
            f,
            "{after} of {all} corrections read as labeled (before: {before})"
        )?;
        let unlearned: Vec<String> = self.unlearned().map(|it| (it + 1).to_string()).collect();
        if !unlearned.is_empty() {
            write!(f, ", not {}", unlearned.join(", "))?;
        }
        for [earlier, later] in &self.contradictions {
            write!(f, "; {} contradicts {}", later + 1, earlier + 1)?;
        }
        if self.held_out > 0 {
            let [before, after] = self.held_out_correct;
            write!(
                f,
                "; {after} of {} held-out examples correct (before: {before})",
                self.held_out
            )?;
        }
        Ok(())
    }
}

/// Fine-tunes a copy of the base model on the corrections of a data set. `None` after [`Control::abandon`].
pub(super) fn correct(
    base: &BaseModel,
    config: &TrainingConfig,
    dataset: &Dataset,
    device: &Device,
    control: &Control,
    on_event: &mut dyn FnMut(TrainingEvent),
) -> Result<Option<RunResult>, TrainingError> {
    let start = Instant::now();
    let known = base.model().metadata.calibration;
    let corrections = Targets::new(&dataset.corrections, known, config);
    let (base, mlp) = (base.network(device)?, base.network(device)?);
    // At least the examples that validated the base model, if it has the usual split.
    let (train, held_out) = dataset
        .train
        .split_tail(config.validation_split.max(1.0 / 12.0));
    let held_out = held_out.take(HELD_OUT);
    let train = if train.is_empty() {
        &dataset.train
    } else {
        &train
    };
    let before = logits(&base, &corrections.images)?;
    let rehearsed = Rehearsed::new(&base, config, dataset, train)?;
    let near = rehearsed.nearest(corrections.active.iter().map(|&index| &before[index]));
    let max_steps = MAX_STEPS[usize::from(corrections.images.len() > 10)];
    on_event(TrainingEvent::Started(Plan {
        epochs: 1,
        training_examples: max_steps * BATCH,
        validation_examples: held_out.len(),
    }));
    let mut progress = Progress {
        epoch: 1,
        images_total: max_steps * BATCH,
        ..Progress::default()
    };
    let (mut step, reads_sparse) = run::step(&mlp, config)?;
    let mut sums = BatchMetrics::default();
    let mut stop_reason = StopReason::Completed;
    let mut unlearned = Vec::new();
    for number in 0..max_steps {
        if number % CHECK_INTERVAL == 0 {
            unlearned = corrections.unlearned(&mlp)?;
            if unlearned.is_empty() && number >= MIN_STEPS {
                break;
            }
        }
        match control.wait_before_batch() {
            Signal::Abandon => return Ok(None),
            signal if signal.ends_training() => {
                stop_reason = StopReason::Stopped;
                break;
            }
            _ => {}
        }
        let mut rng = generator(config.seed, STEPS + number as u64);
        let from_corrections = CORRECTIONS_IN_BATCH + number / 4;
        let mut examples = corrections.examples(from_corrections, &unlearned, &mut rng);
        examples.extend(rehearsed.examples(BATCH - from_corrections, &near, &mut rng));
        let settings = StepSettings {
            optimizer: Optimizer::ADAM,
            learning_rate: LEARNING_RATE * (1.0 + number as f64 / DOUBLING_STEPS),
            rejects: corrections.calibration.reject_threshold.is_some(),
            ..StepSettings::default()
        };
        let metrics = step_on(&mut *step, examples, reads_sparse, &settings)?;
        sums = sums.plus(metrics);
        progress.images_seen += BATCH;
        progress.loss = sums.loss_sum / progress.images_seen as f64;
        progress.accuracy = sums.correct as f64 / progress.images_seen as f64;
        progress.learning_rate = settings.learning_rate;
        progress.elapsed_secs = start.elapsed().as_secs_f64();
        let (loss, correct) = (metrics.loss_sum, metrics.correct as f64);
        progress.smooth(number + 1, loss / BATCH as f64, correct / BATCH as f64);
        on_event(TrainingEvent::Batch(progress));
    }
    corrections.shorten(&base, &mlp)?;
    let after = logits(&mlp, &corrections.images)?;
    let report = CorrectionReport {
        before: corrections.are_read(&before, &known),
        after: corrections.are_read(&after, &corrections.calibration),
        contradictions: corrections.contradictions,
        held_out: held_out.len(),
        held_out_correct: [
            correct_count(&base, &held_out)?,
            correct_count(&mlp, &held_out)?,
        ],
    };
    progress.elapsed_secs = start.elapsed().as_secs_f64();
    let record = record(&progress, &report);
    on_event(TrainingEvent::EpochFinished {
        record: record.clone(),
        mlp: mlp.clone(),
    });
    Ok(Some(RunResult {
        mlp,
        epoch: None,
        history: vec![record],
        stop_reason,
        is_untrained: progress.images_seen == 0,
        corrected: Some((corrections.calibration, report)),
    }))
}

/// The fine-tuning as an epoch.
fn record(progress: &Progress, report: &CorrectionReport) -> EpochRecord {
    let [_, correct] = report.held_out_correct;
    EpochRecord {
        epoch: progress.epoch,
        loss: progress.loss,
        accuracy: progress.accuracy,
        validation_loss: None,
        validation_accuracy: (report.held_out > 0).then(|| correct as f64 / report.held_out as f64),
        learning_rate: progress.learning_rate,
        elapsed_secs: progress.elapsed_secs,
    }
}

/// A training step on these examples.
fn step_on(
    step: &mut dyn Step,
    examples: Vec<(Image, Target)>,
    reads_sparse: bool,
    settings: &StepSettings,
) -> Result<BatchMetrics, TrainingError> {
    let (images, targets): (Vec<Image>, Vec<Target>) = examples.into_iter().unzip();
    let images = StoredImages::new(images.into(), reads_sparse);
    let members: Vec<usize> = (0..targets.len()).collect();
    let batch = Batch {
        images: images.get(),
        members: &members,
        targets: &targets,
    };
    let metrics = step.step(batch, settings)?;
    if metrics.loss_sum.is_finite() {
        return Ok(metrics);
    }
    Err(TrainingError::Diverged(Divergence {
        epoch: 1,
        cause: Cause::HighLearningRate(settings.learning_rate),
    }))
}

/// The examples that a network reads correctly.
fn correct_count(mlp: &Mlp, examples: &Examples) -> Result<usize, ModelError> {
    let logits = evaluation::logits(mlp, examples, &mut |_| true)?;
    let pairs = logits.iter().zip(examples.labels());
    let is_correct =
        |(logits, label): &(&Logits, &u8)| Digit::of_largest(logits).value() == **label;
    Ok(pairs.filter(is_correct).count())
}

/// The corrections to learn.
struct Targets<'a> {
    corrections: &'a [Correction],
    /// Each as the network sees it.
    images: Vec<Image>,
    contradictions: Vec<[usize; 2]>,
    /// Those that no later one contradicts.
    active: Vec<usize>,
    /// Variations of each of these.
    variations: Vec<Image>,
    /// That of the new model.
    calibration: Calibration,
    preprocessing: Preprocessing,
}

impl<'a> Targets<'a> {
    fn new(corrections: &'a [Correction], known: Calibration, config: &TrainingConfig) -> Self {
        let preprocessing = config.model.preprocessing();
        let contradictions = contradictions(corrections);
        let contradicted: HashSet<usize> =
            contradictions.iter().map(|&[earlier, _]| earlier).collect();
        let active: Vec<usize> = (0..corrections.len())
            .filter(|index| !contradicted.contains(index))
            .collect();
        let variations = active.iter().flat_map(|&index| {
            let mut rng = generator(config.seed, CHECKS + index as u64);
            let vary = move |_| VARIATION.apply(&corrections[index].image, &mut rng);
            (0..VARIATIONS).map(vary)
        });
        let has_non_digits = corrections.iter().any(|it| it.digit.is_none());
        Self {
            images: corrections
                .iter()
                .map(|it| applied(preprocessing, it.image))
                .collect(),
            variations: variations
                .map(|image| applied(preprocessing, image))
                .collect(),
            calibration: Calibration {
                // A network without a threshold learns the non-digit class, whose logit is 0.
                reject_threshold: known.reject_threshold.or(has_non_digits.then_some(0.0)),
                ..known
            },
            corrections,
            contradictions,
            active,
            preprocessing,
        }
    }

    /// Training examples of corrections, every other one of those that are not learned yet.
    fn examples(
        &self,
        count: usize,
        unlearned: &[usize],
        rng: &mut ChaCha8Rng,
    ) -> Vec<(Image, Target)> {
        let example = |slot: usize| {
            let is_hard = slot.is_multiple_of(2) && !unlearned.is_empty();
            let from = if is_hard { unlearned } else { &self.active };
            let index = from[rng.random_range(0..from.len())];
            self.example(index, rng)
        };
        (0..count).map(example).collect()
    }

    /// A training example of a correction: in one of four cases as drawn, else varied.
    fn example(&self, index: usize, rng: &mut ChaCha8Rng) -> (Image, Target) {
        let correction = &self.corrections[index];
        let image = if rng.random_ratio(1, 4) {
            self.images[index]
        } else {
            applied(self.preprocessing, VARIATION.apply(&correction.image, rng))
        };
        let target = Target {
            class: correction.digit.map_or(TrainingSet::NO_DIGIT, Digit::value),
            teacher_logits: None,
        };
        (image, target)
    }

    /// Whether a network reads each correction as labeled, given its logits.
    fn are_read(&self, logits: &[Logits], calibration: &Calibration) -> Vec<bool> {
        let is_read = |(logits, correction): (&Logits, &Correction)| {
            let is_rejected = calibration.rejects(logits);
            match correction.digit {
                Some(digit) => !is_rejected && Digit::of_largest(logits) == digit,
                None => is_rejected,
            }
        };
        logits.iter().zip(self.corrections).map(is_read).collect()
    }

    /// The probability of a correction's label.
    fn probability(&self, index: usize, logits: &Logits) -> f32 {
        let threshold = self.calibration.reject_threshold;
        let of_digit = threshold.map_or(1.0, |threshold| {
            1.0 / (1.0 + (threshold - energy_score(logits)).exp())
        });
        match self.corrections[index].digit {
            Some(digit) => of_digit.min(softmax(self.calibration.scale(logits))[digit.index()]),
            None => 1.0 - of_digit,
        }
    }

    /// The active corrections that a network has not learned.
    fn unlearned(&self, mlp: &Mlp) -> Result<Vec<usize>, ModelError> {
        let all = logits(mlp, &self.images)?;
        let variations = logits(mlp, &self.variations)?;
        let groups = self
            .active
            .iter()
            .zip(variations.as_chunks::<VARIATIONS>().0);
        let is_unlearned = |(index, variations): (&usize, &[Logits; VARIATIONS])| {
            let probability = |logits: &Logits| self.probability(*index, logits);
            let learned = variations
                .iter()
                .filter(|logits| probability(logits) >= 0.5);
            let is_learned =
                probability(&all[*index]) >= LEARNED && learned.count() >= LEARNED_VARIATIONS;
            (!is_learned).then_some(*index)
        };
        Ok(groups.filter_map(is_unlearned).collect())
    }

    /// Moves a network back towards the base model, as far as it keeps what it learned.
    fn shorten(&self, base: &Mlp, mlp: &Mlp) -> Result<(), ModelError> {
        if !self.unlearned(mlp)?.is_empty() {
            return Ok(());
        }
        let trained = mlp.copy()?;
        let move_to = |fraction: f64| -> Result<(), ModelError> {
            let ends = base.parameters().zip(trained.parameters());
            for (parameter, (base, trained)) in mlp.parameters().zip(ends) {
                let [base, trained] = [base, trained].map(Var::as_tensor);
                parameter.set(&((base * (1.0 - fraction))? + (trained * fraction)?)?)?;
            }
            Ok(())
        };
        let (mut least, mut most) = (0.0, 1.0);
        for _ in 0..4 {
            let middle = f64::midpoint(least, most);
            move_to(middle)?;
            if self.unlearned(mlp)?.is_empty() {
                most = middle;
            } else {
                least = middle;
            }
        }
        move_to(most)
    }
}

/// The examples to rehearse.
pub(super) struct Rehearsed {
    images: Vec<Image>,
    /// The logits of the base model.
    logits: Vec<Logits>,
    /// The labels of the first images, which are the data set's.
    labels: Vec<Digit>,
}

impl Rehearsed {
    pub(super) fn new(
        base: &Mlp,
        config: &TrainingConfig,
        dataset: &Dataset,
        train: &Examples,
    ) -> Result<Self, ModelError> {
        let mut rng = generator(config.seed, CHOICE);
        let chosen = index::sample(&mut rng, train.len(), REHEARSED.min(train.len()));
        let mut images: Vec<Image> = chosen.iter().map(|index| *train.image(index)).collect();
        let labels = chosen.iter().map(|index| train.label(index)).collect();
        images.extend(dataset.ink.digits.images().as_chunks().0);
        images.extend(dataset.ink.non_digits.as_chunks().0);
        let digits = 0..REHEARSED_SYNTHETIC.min(config.synthetic_digits);
        images.extend(
            Examples::synthetic(digits, config.seed)
                .images()
                .as_chunks()
                .0,
        );
        let non_digits = 0..REHEARSED_NON_DIGITS.min(config.non_digits);
        images.extend(synthetic::non_digits(non_digits, config.seed).as_chunks().0);
        let augment = |(index, image): (usize, &Image)| {
            let mut rng = generator(config.seed, REHEARSAL + index as u64);
            let image = config.augmentation.apply(image, &mut rng);
            applied(config.model.preprocessing(), image)
        };
        let images: Vec<Image> = images.par_iter().enumerate().map(augment).collect();
        let logits = logits(base, &images)?;
        Ok(Self {
            images,
            logits,
            labels,
        })
    }

    /// The examples whose logits are nearest to some of these.
    fn nearest<'a>(&self, to: impl Iterator<Item = &'a Logits>) -> Vec<usize> {
        let to: Vec<&Logits> = to.collect();
        let distance = |logits: &Logits| {
            let squares = |other: &&Logits| -> f32 {
                let pairs = logits.iter().zip(*other);
                pairs.map(|(a, b)| (a - b).powi(2)).sum()
            };
            to.iter().map(squares).fold(f32::INFINITY, f32::min)
        };
        let distances: Vec<f32> = self.logits.par_iter().map(distance).collect();
        let mut order: Vec<usize> = (0..self.logits.len()).collect();
        order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
        order.truncate(NEAR);
        order
    }

    /// Two in three of the examples are among the near ones.
    fn examples(&self, count: usize, near: &[usize], rng: &mut ChaCha8Rng) -> Vec<(Image, Target)> {
        let example = |slot: usize| {
            let index = if (BATCH - count + slot).is_multiple_of(3) {
                rng.random_range(0..self.images.len())
            } else {
                near[rng.random_range(0..near.len())]
            };
            self.example(index)
        };
        (0..count).map(example).collect()
    }

    pub(super) fn example(&self, index: usize) -> (Image, Target) {
        let logits = self.logits[index];
        let read = Digit::of_largest(&logits);
        let label = self.labels.get(index).copied().unwrap_or(read);
        let target = Target {
            class: label.value(),
            teacher_logits: (label == read).then_some(logits),
        };
        (self.images[index], target)
    }
}

/// The logits of preprocessed images.
fn logits(mlp: &Mlp, images: &[Image]) -> Result<Vec<Logits>, ModelError> {
    let mut logits = Vec::with_capacity(images.len());
    for images in images.chunks(evaluation::batch_size(mlp)) {
        let bytes = images.as_flattened().iter();
        let pixels = bytes.map(|&byte| f32::from(byte) / 255.0).collect();
        logits.extend(mlp.logits_of_preprocessed(pixels)?);
    }
    Ok(logits)
}

/// Pairs of corrections with nearly the same image and different labels, the earlier one first, in the order of the later
/// ones.
fn contradictions(corrections: &[Correction]) -> Vec<[usize; 2]> {
    let images: Vec<(UnitImage, Coarse)> = corrections
        .par_iter()
        .map(|it| {
            let image = unit(&it.image);
            (image, coarse(&image))
        })
        .collect();
    // Of two unit vectors, the squared distance is twice the difference of 1 and the cosine.
    let most = 2.0 * (1.0 - SAME);
    let is_same = |(a, coarse_a): &(UnitImage, Coarse), (b, coarse_b): &(UnitImage, Coarse)| {
        // The sums lie no farther apart than the images, and are a sixteenth of the work.
        squared_distance(coarse_a, coarse_b) <= most && squared_distance(a, b) <= most
    };
    let of_later = |later: usize| {
        let earlier = (0..later)
            .filter(move |&earlier| corrections[earlier].digit != corrections[later].digit);
        let same = earlier.filter(|&earlier| is_same(&images[earlier], &images[later]));
        same.map(|earlier| [earlier, later]).collect::<Vec<_>>()
    };
    let all: Vec<_> = (0..corrections.len())
        .into_par_iter()
        .map(of_later)
        .collect();
    all.concat()
}

/// An image as a vector of length 1.
type UnitImage = [f32; PIXELS];
/// The sums of an image's squares of 4×4 pixels, divided by 4.
type Coarse = [f32; PIXELS / 16];

fn unit(image: &Image) -> UnitImage {
    let values = image.map(f32::from);
    let square: f32 = values.iter().map(|value| value * value).sum();
    values.map(|value| value / square.sqrt().max(1.0))
}

fn coarse(image: &UnitImage) -> Coarse {
    let mut sums = [0.0; PIXELS / 16];
    for (index, value) in image.iter().enumerate() {
        let (row, column) = (index / SIDE / 4, index % SIDE / 4);
        sums[row * (SIDE / 4) + column] += value / 4.0;
    }
    sums
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}
