//! How the learning rate changes over a training.

use std::{f64::consts::PI, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::Refusal;

/// The course of the learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The same for every step.
    #[default]
    Constant,
    /// Falls to zero along half a cosine (Loshchilov and Hutter 2017, without restarts).
    Cosine,
    /// Rises along half a cosine for the first three tenths of the steps, then falls to zero along
    /// another (after Smith and Topin 2018).
    OneCycle,
}

impl Schedule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Constant, Self::Cosine, Self::OneCycle];

    /// The part of the steps in which [`Schedule::OneCycle`] rises.
    const RISE: f64 = 0.3;
    /// Where it begins, as a part of the full learning rate.
    const BEGIN: f64 = 0.04;

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
            Self::OneCycle => "one-cycle",
        }
    }

    /// What the learning rate is multiplied by when `progress`, 0..=1, of the steps is done.
    pub fn factor(self, progress: f64) -> f64 {
        let fall = |part: f64| f64::midpoint(1.0, (PI * part).cos());
        match self {
            Self::Constant => 1.0,
            Self::Cosine => fall(progress),
            Self::OneCycle if progress < Self::RISE => {
                1.0 - (1.0 - Self::BEGIN) * fall(progress / Self::RISE)
            }
            Self::OneCycle => fall((progress - Self::RISE) / (1.0 - Self::RISE)),
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

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Refusal::unless_named("read the schedule", text, &Self::ALL, Self::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_at_the_places_that_define_each() {
        let cases = [
            (Schedule::Constant, 0.7, 1.0, "always full"),
            (Schedule::Cosine, 0.0, 1.0, "full at first"),
            (Schedule::Cosine, 0.5, 0.5, "half way down"),
            (Schedule::Cosine, 1.0, 0.0, "nothing at the end"),
            (Schedule::OneCycle, 0.0, 0.04, "begins low"),
            (Schedule::OneCycle, 0.3, 1.0, "full after the rise"),
            (Schedule::OneCycle, 0.65, 0.5, "half way down"),
            (Schedule::OneCycle, 1.0, 0.0, "nothing at the end"),
        ];
        for (schedule, progress, expected, reason) in cases {
            let factor = schedule.factor(progress);
            assert!(
                (factor - expected).abs() < 1e-12,
                "{schedule} {reason}: {factor}"
            );
        }
    }
}
