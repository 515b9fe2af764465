//! Fine-tuning on corrections.

use std::sync::Arc;

use super::*;
use crate::{
    bitmap::Digit,
    data::Correction,
    model::{calibration::energy_score, file::Model},
    training::{correct::Rehearsed, fine_tune::BaseModel},
};

/// A dense network and this convolutional one, which read the bars.
fn base_models(convolutional: MlpConfig) -> [BaseModel; 2] {
    let convolutional = TrainingConfig {
        model: convolutional,
        ..config()
    };
    [config(), convolutional].map(|config| base_model(train_alone(&config).model))
}

fn base_model(model: Model) -> BaseModel {
    BaseModel::new(Arc::new(model), "base model".to_owned())
}

/// The bar of a digit with a short stroke on its left end, which only the label tells apart.
fn flagged(digit: usize) -> [u8; PIXELS] {
    let mut image = *bars(10).image(digit);
    for row in 0..3 {
        let start = (2 + 2 * digit + row) * 28 + digit % 7;
        image[start..start + 2].fill(255);
    }
    image
}

fn corrected(
    base: &BaseModel,
    corrections: &[(Option<u8>, [u8; PIXELS])],
    control: &Control,
) -> Option<TrainedModel> {
    let mut dataset = dataset();
    let correction = |&(label, image): &(Option<u8>, _)| Correction {
        digit: label.map(|value| Digit::ALL[usize::from(value)]),
        image,
    };
    dataset.corrections = corrections.iter().map(correction).collect();
    let config = base.fine_tuning();
    let start = Start::From(base.clone(), Box::new(config));
    run(&start, &dataset, &Device::Cpu, control, &mut |_| {}).expect("trains")
}

fn report(trained: &TrainedModel) -> &CorrectionReport {
    trained.corrections.as_ref().expect("there are corrections")
}

fn logits(model: &Model, image: &[u8; PIXELS]) -> [f32; CLASSES] {
    let pixels = image.iter().map(|&byte| f32::from(byte) / 255.0).collect();
    model.mlp.logits(pixels).expect("computes")[0]
}

/// The bars that a model accepts and reads as their digit.
fn bars_read(model: &Model) -> usize {
    let bars = bars(50);
    let is_read = |index: &usize| {
        let logits = logits(model, bars.image(*index));
        let is_rejected = model.metadata.calibration.rejects(&logits);
        !is_rejected && Digit::of_largest(&logits) == bars.label(*index)
    };
    (0..bars.len()).filter(is_read).count()
}

#[test]
fn corrections_that_collide_with_another_class_are_learned_and_the_others_stay() {
    for base in base_models(MlpConfig::relu([2, 4], [16])) {
        let corrections = [(Some(1), flagged(7)), (Some(8), flagged(2))];
        let trained = corrected(&base, &corrections, &Control::default()).expect("ends");
        let config = base.model().mlp.config();
        let found = report(&trained);
        assert_eq!(
            found.before,
            [false, false],
            "{config}: they look like 7 and 2"
        );
        assert_eq!(found.after, [true, true], "{config}: learned");
        for (label, image) in corrections {
            let digit = Digit::of_largest(&logits(&trained.model, &image)).value();
            assert_eq!(Some(digit), label, "{config}: as reported");
        }
        assert!(
            bars_read(&trained.model) >= 48,
            "{config}: at most two change"
        );
        assert_eq!(
            trained.model.metadata.base_model.as_deref(),
            Some("base model")
        );
        let again = corrected(&base, &corrections, &Control::default()).expect("ends");
        let same = parameters(&again.model.mlp) == parameters(&trained.model.mlp);
        assert!(same, "{config}: deterministic");
    }
}

#[test]
fn non_digits_are_rejected_and_rejected_digits_accepted() {
    // A smaller network has no room for the rehearsed non-digits beside the bars.
    for base in base_models(MlpConfig::relu([3, 8], [32])) {
        let config = base.model().mlp.config().clone();
        let learns = |base: &BaseModel, correction| {
            let trained = corrected(base, &[correction], &Control::default()).expect("ends");
            let found = report(&trained);
            let readings = (&found.before[..], &found.after[..]);
            assert_eq!(readings, (&[false][..], &[true][..]), "{config}");
            trained
        };
        let trained = learns(&base, (None, flagged(7)));
        assert!(
            bars_read(&trained.model) >= 48,
            "{config}: digits are accepted"
        );
        // A threshold that rejects one bar.
        let mut rejecting = (**base.model()).clone();
        let bar = *bars(10).image(4);
        let score = energy_score(&logits(&rejecting, &bar));
        rejecting.metadata.calibration.reject_threshold = Some(score + 0.1);
        learns(&base_model(rejecting), (Some(4), bar));
    }
}

#[test]
fn of_contradicting_corrections_the_later_counts_and_both_are_named() {
    let [base, _] = base_models(MlpConfig::relu([2, 4], [16]));
    let (image, other) = (flagged(7), flagged(2));
    let mut nearly = image;
    nearly[0] = 40;
    let corrections = [(Some(1), image), (Some(2), other), (Some(3), nearly)];
    let trained = corrected(&base, &corrections, &Control::default()).expect("ends");
    let found = report(&trained);
    assert_eq!(found.contradictions, [[0, 2]], "the same drawing");
    assert_eq!(found.after, [false, true, true], "the later counts");
    assert_eq!(found.unlearned().collect::<Vec<_>>(), [0], "told");
    let same_label = [(Some(1), image), (Some(1), nearly)];
    let trained = corrected(&base, &same_label, &Control::default()).expect("ends");
    assert!(report(&trained).contradictions.is_empty(), "one label");
}

#[test]
fn a_fine_tuning_on_corrections_can_be_stopped_and_abandoned() {
    let [base, _] = base_models(MlpConfig::relu([2, 4], [16]));
    let corrections = [(Some(1), flagged(7))];
    let control = Control::default();
    control.abandon();
    assert!(
        corrected(&base, &corrections, &control).is_none(),
        "abandoned"
    );
    let control = Control::default();
    control.stop();
    let trained = corrected(&base, &corrections, &control).expect("stopped");
    assert!(
        trained.is_untrained && trained.is_stopped(),
        "before its first batch"
    );
}

#[test]
fn a_training_image_that_the_base_model_misreads_is_rehearsed_with_its_label() {
    let (config, dataset) = (config(), dataset());
    let untrained = Mlp::new(&config.model, 5, &Device::Cpu).expect("fits");
    let rehearsed =
        Rehearsed::new(&untrained, &config, &dataset, &dataset.train).expect("computes");
    let mut misread = 0;
    for index in 0..dataset.train.len() {
        let (image, target) = rehearsed.example(index);
        let same = (0..dataset.train.len()).find(|&at| *dataset.train.image(at) == image);
        let label = dataset.train.label(same.expect("no augmentation"));
        assert_eq!(target.class, label.value(), "of image {index}");
        let Some(teacher) = target.teacher_logits else {
            misread += 1;
            continue;
        };
        assert_eq!(Digit::of_largest(&teacher), label, "image {index} is read");
    }
    let all = dataset.train.len();
    assert!(
        0 < misread && misread < all,
        "{misread} of {all} are misread"
    );
}
