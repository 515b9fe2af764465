//! The learning rate schedule.

use std::f64::consts::PI;

use clap::ValueEnum;

/// How the learning rate changes over a training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// A constant learning rate.
    #[default]
    Constant,
    /// Half a cosine (Loshchilov and Hutter 2017, without restarts).
    Cosine {
        /// The end, as a fraction of the learning rate; 0..=1.
        end: f64,
    },
    /// Half a cosine up, then another down to 0 (after Smith and Topin 2018).
    OneCycle {
        /// The fraction of the training with a rising learning rate; 0..=1.
        warm_up: f64,
        /// The start, as a fraction of the learning rate; 0..=1.
        start: f64,
    },
}

/// A schedule without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScheduleKind {
    /// Constant
    Constant,
    /// Cosine
    Cosine,
    /// One cycle
    OneCycle,
}

impl ScheduleKind {
    /// The schedule with PyTorch's default parameters.
    pub fn defaults(self) -> Schedule {
        match self {
            Self::Constant => Schedule::Constant,
            Self::Cosine => Schedule::COSINE,
            Self::OneCycle => Schedule::ONE_CYCLE,
        }
    }
}

impl Schedule {
    /// [`Schedule::Cosine`] down to 0.
    pub const COSINE: Self = Self::Cosine { end: 0.0 };
    /// [`Schedule::OneCycle`] with PyTorch's default values.
    pub const ONE_CYCLE: Self = Self::OneCycle {
        warm_up: 0.3,
        start: 0.04,
    };
    /// Which kind it is.
    pub fn kind(self) -> ScheduleKind {
        match self {
            Self::Constant => ScheduleKind::Constant,
            Self::Cosine { .. } => ScheduleKind::Cosine,
            Self::OneCycle { .. } => ScheduleKind::OneCycle,
        }
    }

    /// The factor of the learning rate after the fraction `progress`, 0..=1, of a training.
    pub fn factor(self, progress: f64) -> f64 {
        let fall = |part: f64| f64::midpoint(1.0, (PI * part).cos());
        match self {
            Self::Constant => 1.0,
            Self::Cosine { end } => end + (1.0 - end) * fall(progress),
            Self::OneCycle { warm_up, start } if progress < warm_up => {
                1.0 - (1.0 - start) * fall(progress / warm_up)
            }
            Self::OneCycle { warm_up, .. } if warm_up >= 1.0 => 1.0,
            Self::OneCycle { warm_up, .. } => fall((progress - warm_up) / (1.0 - warm_up)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_at_the_points_that_define_each_schedule() {
        let cases = [
            (Schedule::Constant, 0.7, 1.0, "always full"),
            (Schedule::COSINE, 0.0, 1.0, "full at first"),
            (Schedule::COSINE, 0.5, 0.5, "half way down"),
            (Schedule::COSINE, 1.0, 0.0, "nothing at the end"),
            (
                Schedule::Cosine { end: 0.2 },
                1.0,
                0.2,
                "what is to be left",
            ),
            (Schedule::ONE_CYCLE, 0.0, 0.04, "starts low"),
            (Schedule::ONE_CYCLE, 0.3, 1.0, "full after the rise"),
            (Schedule::ONE_CYCLE, 0.65, 0.5, "half way down"),
            (Schedule::ONE_CYCLE, 1.0, 0.0, "nothing at the end"),
        ];
        for (schedule, progress, expected, reason) in cases {
            let factor = schedule.factor(progress);
            assert!(
                (factor - expected).abs() < 1e-12,
                "{schedule:?} {reason}: {factor}"
            );
        }
        for warm_up in [0.0, 1.0] {
            let schedule = Schedule::OneCycle {
                warm_up,
                start: 0.1,
            };
            let all_finite = [0.0, 0.5, 1.0].map(|progress| schedule.factor(progress).is_finite());
            assert_eq!(
                all_finite, [true; 3],
                "a rise of {warm_up} divides by nothing"
            );
        }
    }
}
