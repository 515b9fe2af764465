//! Numbers as people read them. The window and the command line share these formats.

use crate::bitmap::Digit;

/// A share (0..=1) in percent: `percent(0.9766, 2)` is "97.66 %". Never rounds up to 100 % or down to 0 %.
///
/// A no-break space keeps the sign on the number's line.
pub fn percent(share: f64, decimals: usize) -> String {
    percent_number(share, decimals) + "\u{a0}%"
}

/// The probability of an answer in percent, never 100 %: softmax rounds what is almost certain to 1.
pub fn probability(probability: f32, decimals: usize) -> String {
    percent(f64::from(probability).min(1.0 - f64::EPSILON), decimals)
}

/// [`percent`] without the sign, for a column with the sign in its heading.
pub fn percent_number(share: f64, decimals: usize) -> String {
    let text = |percent: f64| format!("{percent:.decimals$}");
    let step = 0.1_f64.powi(decimals as i32);
    match text(share * 100.0) {
        all if share < 1.0 && all == text(100.0) => format!(">{}", text(100.0 - step)),
        none if share > 0.0 && none == text(0.0) => format!("<{}", text(step)),
        text => text,
    }
}

/// [`percent`], or a dash without a share.
pub fn percent_or_dash(share: Option<f64>, decimals: usize) -> String {
    share.map_or_else(|| "–".to_owned(), |share| percent(share, decimals))
}

/// A fraction that somebody sets, in percent with at most four decimals: "8.3333 %". It is not a result, so 100 % is possible.
pub fn percent_as_set(fraction: f64) -> String {
    let text = format!("{:.4}", fraction * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}\u{a0}%")
}

/// A count with commas: "48,000".
pub fn count(count: usize) -> String {
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

/// A digit with its article: "a 7", "an 8".
pub fn with_article(digit: Digit) -> String {
    let article = if digit.value() == 8 { "an" } else { "a" };
    format!("{article} {digit}")
}

/// A size in memory: "407 kB", "12 MB".
pub fn bytes(bytes: usize) -> String {
    let bytes = bytes as f64;
    match bytes {
        bytes if bytes < 999_500.0 => format!("{:.0} kB", bytes / 1e3),
        bytes if bytes < 9.95e6 => format!("{:.1} MB", bytes / 1e6),
        bytes if bytes < 999.5e6 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

/// A duration, coarser for longer ones: "12 s", "3 min 05 s", "2 h 10 min".
pub fn duration(secs: f64) -> String {
    if !secs.is_finite() || secs >= 360_000.0 {
        return "very long".to_owned();
    }
    match secs.max(0.0).ceil() as u64 {
        secs if secs < 60 => format!("{secs} s"),
        secs if secs < 3600 => format!("{} min {:02} s", secs / 60, secs % 60),
        secs => format!("{} h {:02} min", secs / 3600, secs % 3600 / 60),
    }
}

/// The time since an event: "just now", "5 min ago", "3 days ago".
pub fn ago(secs: u64) -> String {
    let (count, unit) = match secs {
        ..60 => return "just now".to_owned(),
        60..3600 => (secs / 60, "min"),
        3600..86_400 => (secs / 3600, "h"),
        86_400..172_800 => (1, "day"),
        _ => (secs / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_never_claim_all_or_nothing() {
        let cases = [
            (0.0, 2, "0.00", "nothing"),
            (1.0 / 40_000.0, 2, "<0.01", "one of 40,000"),
            (1.0 / 10_000.0, 2, "0.01", "one of 10,000"),
            (0.9766, 2, "97.66", "between"),
            (9_999.0 / 10_000.0, 2, "99.99", "all of 10,000 but one"),
            (39_999.0 / 40_000.0, 2, ">99.99", "all of 40,000 but one"),
            (1.0, 2, "100.00", "all"),
            (0.0004, 1, "<0.1", "one decimal, near nothing"),
            (0.9996, 1, ">99.9", "one decimal, near all"),
            (0.0049, 0, "<1", "whole percent, near nothing"),
            (0.9949, 0, "99", "whole percent, rounded down"),
            (0.995_01, 0, ">99", "whole percent, near all"),
            (1.0, 0, "100", "whole percent, all"),
        ];
        for (share, decimals, expected, reason) in cases {
            assert_eq!(percent_number(share, decimals), expected, "{reason}");
            let with_sign = format!("{expected}\u{a0}%");
            assert_eq!(percent(share, decimals), with_sign, "{reason}");
        }
    }

    #[test]
    fn no_answer_is_certain() {
        assert_eq!(probability(1.0, 1), ">99.9\u{a0}%", "rounded by softmax");
        assert_eq!(probability(0.865, 1), "86.5\u{a0}%", "between");
    }

    #[test]
    fn counts_have_commas() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text, "{number}");
        }
    }

    #[test]
    fn sizes_use_the_largest_unit_that_fits() {
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
    fn longer_durations_are_coarser() {
        for (secs, text) in [
            (-1.0, "0 s"),
            (0.2, "1 s"),
            (59.0, "59 s"),
            (59.5, "1 min 00 s"),
            (185.0, "3 min 05 s"),
            (7800.0, "2 h 10 min"),
            (f64::NAN, "very long"),
            (f64::INFINITY, "very long"),
        ] {
            assert_eq!(duration(secs), text, "{secs} seconds");
        }
    }

    #[test]
    fn times_ago_use_the_largest_unit_that_fits() {
        for (secs, text) in [
            (0, "just now"),
            (61, "1 min ago"),
            (7300, "2 h ago"),
            (90_000, "1 day ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(secs), text, "{secs} seconds");
        }
    }
}
