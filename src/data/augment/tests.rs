//! What a variation may do to an image, and what it must not.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::bitmap::SIDE;

/// An L: no mirror image of it is a turned L.
pub(super) fn sample() -> [u8; PIXELS] {
    let mut image = [0; PIXELS];
    for row in 5..23 {
        image[row * SIDE + 9..row * SIDE + 12].fill(255);
    }
    for row in 20..23 {
        image[row * SIDE + 9..row * SIDE + 19].fill(255);
    }
    image
}

fn mass(image: &[u8; PIXELS]) -> f64 {
    image.iter().map(|&pixel| f64::from(pixel)).sum()
}

#[test]
fn no_strength_changes_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert!(Augmentation::default().is_none(), "the default is none");
    let varied = Augmentation::default().apply(&sample(), &mut rng);
    assert_eq!(varied, sample(), "every pixel comes from itself");
}

#[test]
fn each_strength_alone_changes_the_image() {
    let none = Augmentation::default();
    let cases = [
        (
            "rotation",
            Augmentation {
                rotation_deg: 15.0,
                ..none
            },
        ),
        (
            "scale",
            Augmentation {
                scale: 0.15,
                ..none
            },
        ),
        ("shear", Augmentation { shear: 0.2, ..none }),
        (
            "shift",
            Augmentation {
                shift_px: 1.0,
                ..none
            },
        ),
        (
            "elastic",
            Augmentation {
                elastic_px: 1.2,
                ..none
            },
        ),
        (
            "thickness",
            Augmentation {
                thickness_px: 0.5,
                ..none
            },
        ),
        ("gaps", Augmentation { gaps: 0.1, ..none }),
    ];
    for (name, augmentation) in cases {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        assert_ne!(
            augmentation.apply(&sample(), &mut rng),
            sample(),
            "{name} does something"
        );
    }
}

#[test]
fn gaps_leave_out_the_part_of_the_ink_they_say_and_nothing_else() {
    let gaps = Augmentation {
        gaps: 0.25,
        ..Augmentation::default()
    };
    let inked = sample().iter().filter(|&&pixel| pixel > 0).count();
    let mut left = 0;
    for seed in 0..200 {
        let varied = gaps.apply(&sample(), &mut ChaCha8Rng::seed_from_u64(seed));
        for (found, was) in varied.into_iter().zip(sample()) {
            assert!(found == was || found == 0, "{found} where {was} was");
        }
        left += varied.iter().filter(|&&pixel| pixel > 0).count();
    }
    let part = left as f64 / (200 * inked) as f64;
    // 15,000 pixels: the part is known to 0.4 points, and five times that is allowed.
    assert!((part - 0.75).abs() < 0.02, "{part} of the ink is left");
}

#[test]
fn values_out_of_range_are_refused() {
    assert_eq!(
        Augmentation::HANDWRITING.validate(),
        Ok(()),
        "the usual strengths"
    );
    let wild = Augmentation {
        rotation_deg: 90.0,
        ..Augmentation::HANDWRITING
    };
    let refusal = wild.validate().expect_err("a 6 would be a 9");
    assert!(
        refusal.attempted.contains("rotation"),
        "{refusal} names the hyperparameter"
    );
    let nan = Augmentation {
        shear: f32::NAN,
        ..Augmentation::HANDWRITING
    };
    assert!(nan.validate().is_err(), "NaN is in no range");
}

#[test]
fn the_wobble_neither_makes_nor_loses_ink_on_the_whole() {
    let elastic = Augmentation {
        elastic_px: 1.2,
        ..Augmentation::default()
    };
    let ratio = |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        mass(&elastic.apply(&sample(), &mut rng)) / mass(&sample())
    };
    let ratios: Vec<f64> = (0..400).map(ratio).collect();
    // The displacement is as likely to spread as to gather; single images vary by a quarter.
    let mean = ratios.iter().sum::<f64>() / 400.0;
    assert!((mean - 1.0).abs() < 0.05, "{mean} times the ink");
    assert!(
        ratios.iter().all(|ratio| (0.4..2.5).contains(ratio)),
        "no digit vanishes"
    );
}

#[test]
fn strength_tapers_off_at_the_end_only() {
    let tapered = Augmentation {
        taper: 0.1,
        ..Augmentation::HANDWRITING
    };
    let cases = [
        (0.0, 1.0, "full at first"),
        (0.9, 1.0, "and up to the last tenth"),
        (0.95, 2.0 / 3.0, "half way down"),
        (1.0, 1.0 / 3.0, "a third at the end"),
    ];
    for (progress, expected, reason) in cases {
        let strength = tapered.at(progress).rotation_deg / tapered.rotation_deg;
        assert!((strength - expected).abs() < 1e-5, "{reason}: {strength}");
        let steady = Augmentation::HANDWRITING.at(progress);
        assert_eq!(
            steady,
            Augmentation::HANDWRITING,
            "{reason}: not without a taper"
        );
    }
    let only_taper = Augmentation {
        taper: 0.5,
        ..Augmentation::default()
    };
    assert!(only_taper.is_none(), "a taper of nothing varies nothing");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stiff_image_keeps_its_ink_but_for_its_scale(seed: u64) {
        let stiff = Augmentation { elastic_px: 0.0, ..Augmentation::HANDWRITING };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let ratio = mass(&stiff.apply(&sample(), &mut rng)) / mass(&sample());
        // Turning, slanting and shifting keep areas; the scales change them by 0.87² to 1.13².
        // Sampling at pixels' centers is good to some hundredths.
        prop_assert!((0.7569 - 0.05..1.2769 + 0.05).contains(&ratio), "{ratio} times the ink");
    }

    #[test]
    fn thickness_keeps_the_ink_within_bounds_and_in_its_place(seed: u64) {
        let thickness = Augmentation { thickness_px: 1.0, ..Augmentation::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let varied = thickness.apply(&sample(), &mut rng);
        let ratio = mass(&varied) / mass(&sample());
        // The L has 75 pixels and 55 around it; half of its rim, at most, is lost.
        prop_assert!((0.5..1.75).contains(&ratio), "{ratio} times the ink");
        for (index, &pixel) in varied.iter().enumerate() {
            let (row, column) = (index / SIDE, index % SIDE);
            let near = (4..24).contains(&row) && (8..20).contains(&column);
            prop_assert!(pixel == 0 || near, "ink at {row}, {column}");
        }
    }

    #[test]
    fn an_image_is_never_mirrored(seed: u64) {
        let rigid = Augmentation { elastic_px: 0.0, thickness_px: 0.5, ..Augmentation::HANDWRITING };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let varied = rigid.apply(&sample(), &mut rng);
        let overlap = |other: &[u8; PIXELS]| -> f64 {
            varied.iter().zip(other).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        let mut mirrored = sample();
        mirrored.as_chunks_mut::<SIDE>().0.iter_mut().for_each(|row| row.reverse());
        prop_assert!(overlap(&sample()) > overlap(&mirrored), "closer to itself");
    }
}
