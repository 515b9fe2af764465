//! The options that say what is known of a number.

use clap::Args;

use crate::{
    error::Refusal,
    recognition::number::{Constraints, NumberFormat},
};

/// What is known of a number.
#[derive(Debug, Args)]
pub(super) struct KnownArgs {
    /// Expect numbers: read also those that are not plain, of digits that touch or are doubtful
    #[arg(long)]
    numbers: bool,
    /// The number of digits in each drawing. A drawing of another number of digits is no such number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    length: Option<u8>,
    /// Read numbers whose last digit is a check digit (Luhn), as on cards
    #[arg(long)]
    luhn: bool,
    /// Read dates: six or eight digits of a day, a month and a year in a usual order
    #[arg(long, conflicts_with = "luhn")]
    date: bool,
}

impl KnownArgs {
    /// Refuses a length that the format of the numbers excludes.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let Some(length) = self.length else {
            return Ok(());
        };
        let (attempted, fits, expected) = if self.date {
            ("read dates", matches!(length, 6 | 8), "6 or 8")
        } else {
            let attempted = "read numbers with a check digit";
            (attempted, !self.luhn || length > 1, "at least 2")
        };
        if fits {
            return Ok(());
        }
        let found = format!("--length {length}");
        let remedy = "correct the length or leave it out";
        Err(Refusal::new(attempted, found, expected, remedy))
    }

    /// What is known. Without any of the options, one character is expected.
    pub(super) fn constraints(&self) -> Constraints {
        let format = if self.luhn {
            Some(NumberFormat::Card)
        } else {
            self.date.then_some(NumberFormat::Date)
        };
        let length = self.length.map(usize::from);
        Constraints {
            length,
            format,
            is_character: !self.numbers && length.is_none() && format.is_none(),
        }
    }
}
