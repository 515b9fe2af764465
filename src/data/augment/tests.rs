//! Each augmentation has its strength, in both directions, and no other effect.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::bitmap::SIDE;

const NONE: Augmentation = Augmentation {
    rotation_deg: 0.0,
    scale: 0.0,
    shear: 0.0,
    shift_px: 0.0,
    elastic_px: 0.0,
    thickness_px: 0.0,
    gaps: 0.0,
    noise: 0.0,
    taper: 0.0,
};

/// An L: its mirror image is not a rotated L.
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

/// A rectangle about the center, 8 wide and 14 high.
fn rectangle() -> [u8; PIXELS] {
    let mut image = [0; PIXELS];
    for row in 7..21 {
        image[row * SIDE + 10..row * SIDE + 18].fill(255);
    }
    image
}

/// Ink, centroid from the center, and covariance of an image.
#[derive(Clone, Copy, Debug)]
struct Moments {
    mass: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

fn moments(image: &[u8; PIXELS]) -> Moments {
    let center = (SIDE as f64 - 1.0) / 2.0;
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        let pixels = image.iter().enumerate();
        let terms = pixels.map(|(index, &pixel)| {
            let x = (index % SIDE) as f64 - center;
            let y = (index / SIDE) as f64 - center;
            f64::from(pixel) * of(x, y)
        });
        terms.sum()
    };
    let mass = sum(&|_, _| 1.0);
    let (x, y) = (sum(&|x, _| x) / mass, sum(&|_, y| y) / mass);
    Moments {
        mass,
        x,
        y,
        xx: sum(&|u, _| (u - x).powi(2)) / mass,
        xy: sum(&|u, v| (u - x) * (v - y)) / mass,
        yy: sum(&|_, v| (v - y).powi(2)) / mass,
    }
}

/// The moments of 300 augmented rectangles.
fn augmented(augmentation: Augmentation) -> Vec<Moments> {
    let moments = |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        moments(&augmentation.apply(&rectangle(), &mut rng))
    };
    (0..300).map(moments).collect()
}

/// The angle of the longer axis from the vertical.
fn angle_deg(m: &Moments) -> f64 {
    (2.0 * m.xy).atan2(m.yy - m.xx).to_degrees() / 2.0
}

/// Checks that values cover a range from end to end, up to a tolerance, and do not leave it.
fn assert_covers(values: impl Iterator<Item = f64>, range: [f64; 2], tolerance: f64, name: &str) {
    let (least, most) = values.fold((f64::MAX, f64::MIN), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    assert!((least - range[0]).abs() < tolerance, "{name} from {least}");
    assert!((most - range[1]).abs() < tolerance, "{name} to {most}");
}

// The tolerances below are those of bilinear resampling, which blurs by a part of a pixel, and of the extremes of 300
// uniform values, which lie about 0.7 % of the range from its ends.

#[test]
fn no_strength_changes_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert_eq!(Augmentation::default(), NONE, "the default is none");
    assert_eq!(NONE.apply(&sample(), &mut rng), sample());
}

#[test]
fn rotation_covers_its_range() {
    let angles = augmented(Augmentation {
        rotation_deg: 15.0,
        ..NONE
    });
    assert_covers(
        angles.iter().map(angle_deg),
        [-15.0, 15.0],
        0.8,
        "the angle",
    );
}

#[test]
fn scale_covers_its_range_along_each_axis() {
    let scaled = augmented(Augmentation {
        scale: 0.15,
        ..NONE
    });
    let (plain, range) = (moments(&rectangle()), [0.85, 1.15]);
    let widths = scaled.iter().map(|m| (m.xx / plain.xx).sqrt());
    assert_covers(widths, range, 0.03, "the width");
    let heights = scaled.iter().map(|m| (m.yy / plain.yy).sqrt());
    assert_covers(heights, range, 0.03, "the height");
    let aspects = scaled
        .iter()
        .map(|m| (m.xx * plain.yy / m.yy / plain.xx).sqrt());
    let widest = aspects.fold(0.0, f64::max);
    assert!(widest > 1.2, "the axes scale independently: {widest}");
}

#[test]
fn a_rotated_digit_is_scaled_along_its_own_axes() {
    let rotated = Augmentation {
        rotation_deg: 30.0,
        ..NONE
    };
    let both = Augmentation {
        scale: 0.15,
        ..rotated
    };
    // Both draw the angle first.
    let pairs = augmented(rotated).into_iter().zip(augmented(both));
    for (seed, (rotated, both)) in pairs.enumerate() {
        let turn = angle_deg(&both) - angle_deg(&rotated);
        // Resampling may turn each by 0.8°, as in the test of the rotation alone.
        assert!(turn.abs() < 1.6, "seed {seed}: scaling turns it by {turn}°");
    }
}

#[test]
fn shear_covers_its_range() {
    let sheared = augmented(Augmentation { shear: 0.2, ..NONE });
    let slopes = sheared.iter().map(|m| m.xy / m.yy);
    assert_covers(slopes, [-0.2, 0.2], 0.01, "the slope");
    let plain = moments(&rectangle());
    let heights = sheared.iter().map(|m| (m.yy / plain.yy - 1.0).abs());
    assert!(heights.fold(0.0, f64::max) < 0.01, "rows stay rows");
}

#[test]
fn shift_covers_its_range_along_each_axis() {
    let shifted = augmented(Augmentation {
        shift_px: 1.5,
        ..NONE
    });
    assert_covers(shifted.iter().map(|m| m.x), [-1.5, 1.5], 0.05, "x");
    assert_covers(shifted.iter().map(|m| m.y), [-1.5, 1.5], 0.05, "y");
    let apart = shifted.iter().map(|m| (m.x - m.y).abs());
    assert!(
        apart.fold(0.0, f64::max) > 2.0,
        "the axes shift independently"
    );
}

#[test]
fn rotation_and_shear_keep_the_area() {
    let both = augmented(Augmentation {
        rotation_deg: 45.0,
        shear: 0.3,
        ..NONE
    });
    let plain = moments(&rectangle());
    for (seed, m) in both.iter().enumerate() {
        // Sampling at the centers of pixels is exact to about 2 %.
        let ratio = m.mass / plain.mass;
        assert!((ratio - 1.0).abs() < 0.03, "seed {seed}: {ratio}");
    }
}

#[test]
fn elastic_displacement_spreads_ink_as_often_as_it_gathers_it() {
    let change = |elastic_px| {
        let elastic = Augmentation { elastic_px, ..NONE };
        let (mut ratios, mut difference) = (Vec::new(), 0.0);
        for seed in 0..400 {
            let output = elastic.apply(&sample(), &mut ChaCha8Rng::seed_from_u64(seed));
            ratios.push(moments(&output).mass / moments(&sample()).mass);
            let pixels = output.into_iter().zip(sample());
            difference += pixels.map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>();
        }
        (ratios, difference)
    };
    let (ratios, difference) = change(1.2);
    let mean = ratios.iter().sum::<f64>() / 400.0;
    // The ink of single images varies by a quarter: the standard error is 1.3 %; four of them.
    assert!((mean - 1.0).abs() < 0.05, "{mean} times the ink");
    assert!(
        ratios.iter().all(|ratio| (0.4..2.5).contains(ratio)),
        "no digit vanishes"
    );
    let (_, weaker) = change(0.6);
    assert!(difference > 1.4 * weaker, "{difference} after {weaker}");
}

#[test]
fn thickness_covers_its_range() {
    let thick = Augmentation {
        thickness_px: 0.5,
        ..NONE
    };
    let plain = moments(&rectangle()).mass;
    let added = augmented(thick)
        .into_iter()
        .map(|m| (m.mass - plain) / 255.0);
    // The rectangle has 44 neighbors. Its rim has 40 pixels.
    assert_covers(added, [-0.25 * 40.0, 0.5 * 44.0], 0.7, "the ink");
}

#[test]
fn gaps_erase_their_fraction_of_the_ink_and_nothing_else() {
    let gaps = Augmentation { gaps: 0.25, ..NONE };
    let inked = sample().iter().filter(|&&pixel| pixel > 0).count();
    let mut left = 0;
    for seed in 0..200 {
        let output = gaps.apply(&sample(), &mut ChaCha8Rng::seed_from_u64(seed));
        for (found, was) in output.into_iter().zip(sample()) {
            assert!(found == was || found == 0, "{found} where {was} was");
        }
        left += output.iter().filter(|&&pixel| pixel > 0).count();
    }
    let fraction = left as f64 / (200 * inked) as f64;
    // The standard error of a fraction of 15,000 pixels is 0.35 %; five of them.
    assert!((fraction - 0.75).abs() < 0.018, "{fraction} is left");
}

#[test]
fn noise_changes_its_fraction_of_the_images() {
    let noise = Augmentation { noise: 0.3, ..NONE };
    let changed = (0..2_000)
        .filter(|&seed| noise.apply(&sample(), &mut ChaCha8Rng::seed_from_u64(seed)) != sample());
    let fraction = changed.count() as f64 / 2_000.0;
    // The standard error of the fraction is 1 %; four of them.
    assert!((fraction - 0.3).abs() < 0.04, "{fraction} of the images");
}

/// One augmentation at a time.
fn maxima() -> [Augmentation; 9] {
    let none = NONE;
    [
        Augmentation {
            rotation_deg: 45.0,
            ..none
        },
        Augmentation { scale: 0.5, ..none },
        Augmentation { shear: 0.5, ..none },
        Augmentation {
            shift_px: 4.0,
            ..none
        },
        Augmentation {
            elastic_px: 3.0,
            ..none
        },
        Augmentation {
            thickness_px: 1.0,
            ..none
        },
        Augmentation { gaps: 0.5, ..none },
        Augmentation { noise: 1.0, ..none },
        Augmentation { taper: 1.0, ..none },
    ]
}

#[test]
fn any_strength_but_the_taper_is_an_augmentation() {
    assert!(NONE.is_none(), "none");
    for maximum in maxima() {
        let is_taper = maximum.taper > 0.0;
        assert_eq!(maximum.is_none(), is_taper, "{maximum:?}");
    }
}

#[test]
fn all_strengths_taper_off_to_a_third_at_the_end() {
    let full = Augmentation {
        rotation_deg: 12.0,
        scale: 0.12,
        shear: 0.15,
        shift_px: 0.9,
        elastic_px: 1.2,
        thickness_px: 0.3,
        gaps: 0.06,
        noise: 0.1,
        taper: 0.1,
    };
    let cases = [
        (0.0, 1.0, "full at first"),
        (0.9, 1.0, "full up to the last tenth"),
        (0.95, 2.0 / 3.0, "halfway down"),
        (1.0, 1.0 / 3.0, "a third at the end"),
    ];
    let strengths = |a: Augmentation| {
        [
            a.rotation_deg,
            a.scale,
            a.shear,
            a.shift_px,
            a.elastic_px,
            a.thickness_px,
            a.gaps,
            a.noise,
        ]
    };
    for (progress, expected, reason) in cases {
        let tapered = full.at(progress);
        for (now, full) in strengths(tapered).into_iter().zip(strengths(full)) {
            // The progress is rounded to single precision.
            assert!(
                (now / full - expected).abs() < 1e-5,
                "{reason}: {tapered:?}"
            );
        }
        assert_eq!(tapered.taper, full.taper, "{reason}: the taper stays");
        let steady = Augmentation { taper: 0.0, ..full };
        assert_eq!(steady.at(progress), steady, "{reason}: without a taper");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn thickness_keeps_ink_in_its_place(seed: u64) {
        let thickness = Augmentation { thickness_px: 1.0, ..NONE };
        let output = thickness.apply(&sample(), &mut ChaCha8Rng::seed_from_u64(seed));
        for (index, &pixel) in output.iter().enumerate() {
            let (row, column) = (index / SIDE, index % SIDE);
            let near = (4..24).contains(&row) && (8..20).contains(&column);
            prop_assert!(pixel == 0 || near, "ink at {row}, {column}");
        }
    }

    #[test]
    fn images_are_never_mirrored(seed: u64) {
        let rigid = Augmentation { elastic_px: 0.0, thickness_px: 0.5, ..Augmentation::HANDWRITING };
        let output = rigid.apply(&sample(), &mut ChaCha8Rng::seed_from_u64(seed));
        let overlap = |other: &[u8; PIXELS]| -> f64 {
            output.iter().zip(other).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        let mut mirrored = sample();
        mirrored.as_chunks_mut::<SIDE>().0.iter_mut().for_each(|row| row.reverse());
        prop_assert!(overlap(&sample()) > overlap(&mirrored), "closer to itself");
    }
}
