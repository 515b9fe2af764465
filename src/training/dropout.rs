//! Dropout masks. A key and a position decide them, so that they do not depend on threads or order.

use pulp::Arch;

/// The dropout of one step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dropout {
    /// The fraction of outputs that become 0; 0..=0.9.
    rate: f64,
    key: u64,
}

impl Dropout {
    /// The dropout of a step of a training; steps may be counted from any number.
    pub(super) fn new(rate: f64, seed: u64, step: u64) -> Self {
        Self {
            rate,
            key: mixed(mixed(seed).wrapping_add(step)),
        }
    }

    /// Whether no output changes.
    pub(super) fn is_none(&self) -> bool {
        self.rate <= 0.0
    }

    /// The factor of an output that is not dropped, 1 / (1 − rate).
    pub(super) fn scale(&self) -> f32 {
        (1.0 / (1.0 - self.rate)) as f32
    }

    /// The factors of an example's outputs after a hidden layer: 0, or [`Dropout::scale`], which preserves the mean (inverted
    /// dropout, Srivastava and others 2014). Layers and the examples of a batch are counted from 0. `first`, the index of
    /// the first output, is even.
    pub(super) fn factors(&self, layer: usize, row: usize, first: usize, factors: &mut [f32]) {
        debug_assert!(
            first.is_multiple_of(2),
            "one random number serves two outputs"
        );
        let scale = self.scale();
        // This many of the 2³² values become 0.
        let dropped = (self.rate * 4_294_967_296.0) as u32;
        let state = mixed(self.key ^ mixed(((layer as u64) << 32) | row as u64));
        let pair = |index: usize| {
            let step = (first / 2 + index + 1) as u64;
            let random = finalized(state.wrapping_add(GOLDEN.wrapping_mul(step)));
            [random as u32, (random >> 32) as u32]
                .map(|random| if random < dropped { 0.0 } else { scale })
        };
        let (pairs, last) = factors.as_chunks_mut::<2>();
        let count = pairs.len();
        Arch::new().dispatch(|| {
            for (index, factors) in pairs.iter_mut().enumerate() {
                *factors = pair(index);
            }
        });
        if let [last] = last {
            [*last, _] = pair(count);
        }
    }
}

/// 2⁶⁴ divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The next value of the generator `SplitMix64` (Steele, Lea and Flood 2014).
fn mixed(value: u64) -> u64 {
    finalized(value.wrapping_add(GOLDEN))
}

fn finalized(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(dropout: Dropout, layer: usize, row: usize) -> Vec<f32> {
        let mut factors = vec![0.0; 10_001];
        dropout.factors(layer, row, 0, &mut factors);
        factors
    }

    #[test]
    fn the_generator_is_splitmix64() {
        // The first values from state 1234567 of Java's SplittableRandom.
        let expected = [0x599e_d017_fb08_fc85, 0x2c73_f084_5854_0fa5];
        let states = [1_234_567, 1_234_567_u64.wrapping_add(GOLDEN)];
        assert_eq!(states.map(mixed), expected, "value by value");
    }

    #[test]
    fn the_rate_is_dropped_and_the_mean_is_preserved() {
        for rate in [0.1, 0.5, 0.9] {
            let factors = factors(Dropout::new(rate, 1, 2), 0, 3);
            let count = factors.len() as f64;
            let dropped = factors.iter().filter(|&&f| f == 0.0).count() as f64 / count;
            // Four standard deviations of a binomial.
            let bound = 4.0 * (rate * (1.0 - rate) / count).sqrt();
            assert!(
                (dropped - rate).abs() < bound,
                "{dropped} instead of {rate}"
            );
            let mean = factors.iter().map(|&f| f64::from(f)).sum::<f64>() / count;
            assert!(
                (mean - 1.0).abs() < bound / (1.0 - rate),
                "a mean of {mean}"
            );
        }
    }

    #[test]
    fn every_position_has_its_own_constant_mask() {
        let dropout = Dropout::new(0.5, 1, 2);
        let here = factors(dropout, 0, 3);
        assert_eq!(here, factors(dropout, 0, 3), "a mask is constant");
        let others = [
            (dropout, 1, 3, "another layer"),
            (dropout, 0, 4, "another example"),
            (Dropout::new(0.5, 1, 3), 0, 3, "another step"),
            (Dropout::new(0.5, 2, 2), 0, 3, "another seed"),
        ];
        for (dropout, layer, row, reason) in others {
            let there = factors(dropout, layer, row);
            let same = here.iter().zip(&there).filter(|(a, b)| a == b).count();
            assert!(
                (4_700..5_300).contains(&same),
                "{reason}: {same} agree by chance"
            );
        }
        let mut part = [0.0; 100];
        dropout.factors(0, 3, 16, &mut part);
        assert_eq!(part, here[16..116], "also for a part of a row");
        assert!(Dropout::default().is_none(), "none by default");
    }
}
