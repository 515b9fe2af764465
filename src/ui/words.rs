//! Figures in words, as a person reads them from afar: short, and of the same width while they change.

use crate::{
    app::state::models::{Entry, Snapshot},
    evaluation::rounded_percent,
    model::file::Model,
};

/// A probability in percent with one digit behind the point. What is not quite certain is not rounded
/// to certainty.
pub(crate) fn percent(probability: f32) -> String {
    match probability {
        p if (0.9995..1.0).contains(&p) => ">99.9 %".to_owned(),
        p => format!("{:.1} %", p * 100.0),
    }
}

/// The same in whole percent, for the large answer.
pub(crate) fn whole_percent(probability: f32) -> String {
    match probability {
        p if (0.995..1.0).contains(&p) => ">99 %".to_owned(),
        p => format!("{:.0} %", p * 100.0),
    }
}

/// An accuracy of 0..=1: "97.62 %", whose sign stays on the number's line.
pub(crate) fn accuracy(accuracy: f64) -> String {
    rounded_percent(accuracy, 2) + "\u{a0}%"
}

/// A count with commas: "48,000".
pub(crate) fn count(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in memory: "407 kB", "12 MB".
pub(crate) fn bytes(bytes: usize) -> String {
    let bytes = bytes as f64;
    match bytes {
        bytes if bytes < 999_500.0 => format!("{:.0} kB", bytes / 1e3),
        bytes if bytes < 9.95e6 => format!("{:.1} MB", bytes / 1e6),
        bytes if bytes < 999.5e6 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

/// A duration, coarser the longer it is: "12 s", "3 min 05 s", "2 h 10 min".
pub(crate) fn duration(secs: f64) -> String {
    if !secs.is_finite() || secs >= 360_000.0 {
        return "very long".to_owned();
    }
    match secs.max(0.0).ceil() as u64 {
        secs if secs < 60 => format!("{secs} s"),
        secs if secs < 3600 => format!("{} min {:02} s", secs / 60, secs % 60),
        secs => format!("{} h {:02} min", secs / 3600, secs % 3600 / 60),
    }
}

/// How long ago something was: "just now", "5 min ago", "3 days ago".
pub(crate) fn ago(secs: u64) -> String {
    let (count, unit) = match secs {
        ..60 => return "just now".to_owned(),
        60..3600 => (secs / 60, "min"),
        3600..86_400 => (secs / 3600, "h"),
        86_400..172_800 => (1, "day"),
        _ => (secs / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// What there is to say of a model: "784-512-10 relu, 98.60 % on the MNIST test set".
pub(crate) fn description(model: &Model) -> String {
    let shape = model.mlp.config();
    let metadata = &model.metadata;
    let dataset = match metadata.dataset.as_str() {
        "mnist" => "the MNIST",
        "" => "a",
        other => &format!("the {other}"),
    };
    match metadata.test_accuracy {
        Some(share) => format!("{shape}, {} on {dataset} test set", accuracy(share)),
        None => shape.to_string(),
    }
}

/// Who answers: what comes before the name, the name, and what there is to say of it.
pub(crate) fn answers(chosen: &Entry, snapshot: Option<&Snapshot>) -> [String; 3] {
    let (name, details) = match snapshot {
        Some(Snapshot { epoch, model }) => (
            format!("the training, epoch {epoch}"),
            model.mlp.config().to_string(),
        ),
        None => (chosen.name(), description(&chosen.model)),
    };
    ["Answers: ".to_owned(), name, format!(" ({details})")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_do_not_claim_certainty() {
        let cases = [
            (0.0, "0.0 %", "0 %", "nothing"),
            (0.0004, "0.0 %", "0 %", "next to nothing"),
            (0.982, "98.2 %", "98 %", "as usual"),
            (0.9949, "99.5 %", "99 %", "rounded down"),
            (0.999, "99.9 %", ">99 %", "whole percent are coarser"),
            (0.999_99, ">99.9 %", ">99 %", "not certain"),
            (1.0, "100.0 %", "100 %", "certain"),
        ];
        for (probability, fine, coarse, reason) in cases {
            assert_eq!(percent(probability), fine, "{reason}");
            assert_eq!(whole_percent(probability), coarse, "{reason}");
        }
    }

    #[test]
    fn accuracies_are_not_rounded_to_all_or_nothing() {
        for (part, text) in [
            (0.0, "0.00\u{a0}%"),
            (0.000_025, "<0.01\u{a0}%"),
            (0.9766, "97.66\u{a0}%"),
            (0.999_975, ">99.99\u{a0}%"),
            (1.0, "100.00\u{a0}%"),
        ] {
            assert_eq!(accuracy(part), text, "of {part}");
        }
    }

    #[test]
    fn durations_get_coarser() {
        let cases = [
            (-1.0, "0 s"),
            (0.2, "1 s"),
            (59.0, "59 s"),
            (59.5, "1 min 00 s"),
            (185.0, "3 min 05 s"),
            (7800.0, "2 h 10 min"),
            (f64::NAN, "very long"),
            (f64::INFINITY, "very long"),
        ];
        for (secs, text) in cases {
            assert_eq!(duration(secs), text, "{secs} seconds");
        }
    }

    #[test]
    fn times_past_and_sizes_are_round() {
        for (secs, text) in [
            (0, "just now"),
            (61, "1 min ago"),
            (7300, "2 h ago"),
            (90_000, "1 day ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(secs), text, "{secs} seconds");
        }
        for (size, text) in [
            (407_080, "407 kB"),
            (1_234_000, "1.2 MB"),
            (12_340_000, "12 MB"),
            (1_000_000_000, "1.0 GB"),
        ] {
            assert_eq!(bytes(size), text, "{size} bytes");
        }
    }

    #[test]
    fn a_models_accuracy_stays_in_one_line() {
        let shipped = Model::shipped().expect("the shipped model fits");
        let said = description(&shipped);
        assert!(said.contains("\u{a0}% on the MNIST test set"), "{said}");
    }

    #[test]
    fn the_test_set_of_a_model_has_its_name_or_none() {
        let mut model = Model::shipped().expect("the shipped model fits");
        for (dataset, expected) in [
            ("mnist", "on the MNIST test set"),
            ("letters", "on the letters test set"),
            ("", "on a test set"),
        ] {
            dataset.clone_into(&mut model.metadata.dataset);
            let said = description(&model);
            assert!(said.ends_with(expected), "{dataset}: {said}");
        }
    }

    #[test]
    fn counts_have_commas() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text, "of {number}");
        }
    }
}
