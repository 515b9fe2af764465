//! The confusion matrix as a table for other programs.

use std::fmt::Write as _;

use super::Figures;
use crate::bitmap::{CLASSES, Digit};

/// The confusion matrix as CSV: a heading, then for each digit that is shown how often it was read as
/// each digit, and its recall; at the foot each digit's precision. What is not known is empty.
pub fn confusion_csv(figures: &Figures) -> String {
    let names: Vec<String> = Digit::ALL.iter().map(ToString::to_string).collect();
    let mut text = format!("shown,{},recall\n", names.join(","));
    let number = |part: Option<f64>| part.map(|part| part.to_string()).unwrap_or_default();
    for (digit, row) in figures.evaluation.confusion.iter().enumerate() {
        let counts = row.map(|count| count.to_string()).join(",");
        let recall = number(figures.classes[digit].recall);
        // A string takes all that is written to it.
        let _ = writeln!(text, "{digit},{counts},{recall}");
    }
    let precisions: [String; CLASSES] =
        std::array::from_fn(|digit| number(figures.classes[digit].precision));
    let _ = writeln!(text, "precision,{},", precisions.join(","));
    text
}
