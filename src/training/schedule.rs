//! How the learning rate changes over a training.

use std::{f64::consts::PI, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use super::config::shorthand::{Shorthand, named_or_table, parameter};
use crate::error::Refusal;

/// The course of the learning rate.
///
/// In files it is a table with its `kind`, or the kind alone, which stands for it with the usual values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Schedule {
    /// The same for every step.
    #[default]
    Constant,
    /// Falls at once, after every so many epochs.
    Step {
        /// How many epochs it stays the same; 1..=10,000.
        every_epochs: usize,
        /// What it is then multiplied by; 0..=1.
        factor: f64,
    },
    /// Falls along half a cosine (Loshchilov and Hutter 2017, without restarts).
    Cosine {
        /// Where it ends, as a part of the full learning rate; 0..=1.
        end: f64,
    },
    /// Rises along half a cosine, then falls to zero along another (after Smith and Topin 2018).
    OneCycle {
        /// The part of the training in which it rises; 0..=1.
        warm_up: f64,
        /// Where it begins, as a part of the full learning rate; 0..=1.
        start: f64,
    },
}

impl Schedule {
    /// [`Schedule::Step`] with PyTorch's usual factor.
    pub const STEP: Self = Self::Step {
        every_epochs: 5,
        factor: 0.1,
    };
    /// [`Schedule::Cosine`], down to nothing.
    pub const COSINE: Self = Self::Cosine { end: 0.0 };
    /// [`Schedule::OneCycle`] with PyTorch's usual values.
    pub const ONE_CYCLE: Self = Self::OneCycle {
        warm_up: 0.3,
        start: 0.04,
    };
    /// One of each kind, with the usual values.
    pub const ALL: [Self; 4] = [Self::Constant, Self::STEP, Self::COSINE, Self::ONE_CYCLE];

    /// The name of the kind in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Step { .. } => "step",
            Self::Cosine { .. } => "cosine",
            Self::OneCycle { .. } => "one-cycle",
        }
    }

    /// What the learning rate is multiplied by when `progress`, 0..=1, of a training of so many epochs is
    /// done.
    pub fn factor(self, progress: f64, epochs: usize) -> f64 {
        let fall = |part: f64| f64::midpoint(1.0, (PI * part).cos());
        match self {
            Self::Constant => 1.0,
            Self::Step {
                every_epochs,
                factor,
            } => {
                // An epoch's first step may come out as a hair less than whole.
                let whole_epochs = (progress * epochs as f64 + 1e-9) as usize;
                factor.powi((whole_epochs / every_epochs.max(1)) as i32)
            }
            Self::Cosine { end } => end + (1.0 - end) * fall(progress),
            Self::OneCycle { warm_up, start } if progress < warm_up => {
                1.0 - (1.0 - start) * fall(progress / warm_up)
            }
            Self::OneCycle { warm_up, .. } if warm_up >= 1.0 => 1.0,
            Self::OneCycle { warm_up, .. } => fall((progress - warm_up) / (1.0 - warm_up)),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Schedule {
    type Err = Refusal;

    /// The kind of this name, with the usual values.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        Refusal::parse_name("read the schedule", text, &Self::ALL, Self::name)
    }
}

/// All that a schedule's table may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    kind: String,
    every_epochs: Option<usize>,
    factor: Option<f64>,
    end: Option<f64>,
    warm_up: Option<f64>,
    start: Option<f64>,
}

impl Shorthand for Schedule {
    type Fields = Fields;
    const EXPECTED: &'static str = "a schedule: its kind, or a table with it";

    fn of_fields(mut fields: Fields) -> Result<Self, Refusal> {
        let mut schedule: Self = fields.kind.parse()?;
        match &mut schedule {
            Self::Constant => {}
            Self::Step {
                every_epochs,
                factor,
            } => {
                parameter(every_epochs, &mut fields.every_epochs);
                parameter(factor, &mut fields.factor);
            }
            Self::Cosine { end } => parameter(end, &mut fields.end),
            Self::OneCycle { warm_up, start } => {
                parameter(warm_up, &mut fields.warm_up);
                parameter(start, &mut fields.start);
            }
        }
        let left = [
            ("every_epochs", fields.every_epochs.is_some()),
            ("factor", fields.factor.is_some()),
            ("end", fields.end.is_some()),
            ("warm_up", fields.warm_up.is_some()),
            ("start", fields.start.is_some()),
        ];
        Self::refuse_what_is_left(schedule.name(), &left)?;
        Ok(schedule)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named_or_table(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_at_the_places_that_define_each() {
        let cases = [
            (Schedule::Constant, 0.7, 1.0, "always full"),
            (Schedule::STEP, 0.24, 1.0, "full in the first epochs"),
            (
                Schedule::STEP,
                0.25,
                0.1,
                "a tenth from the sixth of twenty",
            ),
            (Schedule::STEP, 0.5, 0.01, "a hundredth from the eleventh"),
            (Schedule::COSINE, 0.0, 1.0, "full at first"),
            (Schedule::COSINE, 0.5, 0.5, "half way down"),
            (Schedule::COSINE, 1.0, 0.0, "nothing at the end"),
            (
                Schedule::Cosine { end: 0.2 },
                1.0,
                0.2,
                "what is to be left",
            ),
            (Schedule::ONE_CYCLE, 0.0, 0.04, "begins low"),
            (Schedule::ONE_CYCLE, 0.3, 1.0, "full after the rise"),
            (Schedule::ONE_CYCLE, 0.65, 0.5, "half way down"),
            (Schedule::ONE_CYCLE, 1.0, 0.0, "nothing at the end"),
        ];
        for (schedule, progress, expected, reason) in cases {
            let factor = schedule.factor(progress, 20);
            assert!(
                (factor - expected).abs() < 1e-12,
                "{schedule} {reason}: {factor}"
            );
        }
        for warm_up in [0.0, 1.0] {
            let schedule = Schedule::OneCycle {
                warm_up,
                start: 0.1,
            };
            let all_finite =
                [0.0, 0.5, 1.0].map(|progress| schedule.factor(progress, 3).is_finite());
            assert_eq!(
                all_finite, [true; 3],
                "a rise of {warm_up} divides by nothing"
            );
        }
    }
}
