//! Evaluation sets: labeled images from any source.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    bitmap::{Bitmap, Digit, PIXELS},
    data::{DataSource, Dataset, Examples, noise::Noise},
    error::{EvaluationError, Refusal, excerpt},
    ink::{self, Ink, file::Label},
};

/// How many records of the ink files are not in the set, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SkippedRecords {
    /// They have no label.
    pub unlabeled: usize,
    /// They have no ink.
    pub blank: usize,
}

/// Labeled digits, and non-digits that the model should reject.
#[derive(Clone, Debug)]
pub struct EvaluationSet {
    name: String,
    digits: Digits,
    non_digits: Vec<Bitmap>,
    numbers: Vec<LabeledNumber>,
    noise: Option<Noise>,
    skipped: SkippedRecords,
}

/// A drawing of several digits.
#[derive(Clone, Debug)]
pub struct LabeledNumber {
    /// The drawing.
    pub ink: Ink,
    /// The digits that it shows.
    pub text: String,
    /// How close they stand, if the file says it.
    pub spacing: Option<String>,
}

#[derive(Clone, Debug)]
enum Digits {
    Examples(Examples),
    Drawings(Vec<(Bitmap, Digit)>),
}

impl EvaluationSet {
    /// The examples of a data set.
    pub fn from_examples(name: impl Into<String>, examples: Examples) -> Self {
        Self::new(name.into(), Digits::Examples(examples))
    }

    /// Drawings with their digits.
    pub fn from_drawings(name: impl Into<String>, drawings: Vec<(Bitmap, Digit)>) -> Self {
        Self::new(name.into(), Digits::Drawings(drawings))
    }

    fn new(name: String, digits: Digits) -> Self {
        Self {
            name,
            digits,
            non_digits: Vec::new(),
            numbers: Vec::new(),
            noise: None,
            skipped: SkippedRecords::default(),
        }
    }

    /// The test set of a source. `continues` is as in [`EvaluationSet::load_ink`].
    ///
    /// # Errors
    /// When a file cannot be read or is invalid, or when there is nothing to evaluate.
    pub fn load(
        source: &DataSource,
        continues: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, EvaluationError> {
        let (name, examples) = match source {
            DataSource::Mnist => ("mnist".to_owned(), Dataset::mnist_test()?),
            DataSource::Folder(folder) => Dataset::test_of_folder(folder)?,
            DataSource::Ink(file) => {
                return Self::load_ink(std::slice::from_ref(file), continues);
            }
        };
        Ok(Some(Self::from_examples(name, examples)))
    }

    /// The labeled ink of these files. `continues` is asked before each drawing; `None` if it ended the
    /// loading.
    ///
    /// # Errors
    /// As [`EvaluationSet::load`].
    pub fn load_ink(
        files: &[PathBuf],
        continues: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, EvaluationError> {
        let records = ink::file::read_all(files)?;
        let names: Vec<String> = files.iter().map(|file| file_name(file)).collect();
        let paths: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let count = records.len();
        let mut set = Self::from_drawings(names.join(", "), Vec::new());
        let mut drawings = Vec::new();
        for record in records {
            if !continues() {
                return Ok(None);
            }
            let bitmap = record.bitmap();
            let Some(label) = record.label else {
                set.skipped.unlabeled += 1;
                continue;
            };
            if let Label::Number(text) = label {
                let (ink, spacing) = (record.ink, record.spacing);
                set.numbers.push(LabeledNumber { ink, text, spacing });
                continue;
            }
            let Some(bitmap) = bitmap else {
                set.skipped.blank += 1;
                continue;
            };
            match label {
                Label::Digit(digit) => drawings.push((bitmap, digit)),
                _ => set.non_digits.push(bitmap),
            }
        }
        if drawings.is_empty() && set.non_digits.is_empty() && set.numbers.is_empty() {
            return Err(Refusal::new(
                format!("evaluate on {}", excerpt(paths.join(", "))),
                format!("{count} drawings, none with both a label and ink"),
                r#"lines with a "label": a digit from 0 to 9, or the text of a number or of a non-digit"#,
                "add labels or choose another file",
            )
            .into());
        }
        set.digits = Digits::Drawings(drawings);
        Ok(Some(set))
    }

    /// The same set with noise on each image, or without noise.
    #[must_use]
    pub fn with_noise(self, noise: Option<Noise>) -> Self {
        Self { noise, ..self }
    }

    /// The noise on each image.
    pub fn noise(&self) -> Option<Noise> {
        self.noise
    }

    /// `mnist`, or the name of a folder or file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The records of the ink files that are not in the set.
    pub fn skipped(&self) -> SkippedRecords {
        self.skipped
    }

    /// The drawings of several digits. They are not among the images.
    pub fn numbers(&self) -> &[LabeledNumber] {
        &self.numbers
    }

    /// The number of labeled digits.
    pub fn len(&self) -> usize {
        match &self.digits {
            Digits::Examples(examples) => examples.len(),
            Digits::Drawings(drawings) => drawings.len(),
        }
    }

    /// Whether there are no labeled digits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of labeled digits and non-digits.
    pub fn image_count(&self) -> usize {
        self.len() + self.non_digits.len()
    }

    /// The true digit at `index`, which must be below [`EvaluationSet::len`].
    pub fn truth(&self, index: usize) -> Digit {
        match &self.digits {
            Digits::Examples(examples) => examples.label(index),
            Digits::Drawings(drawings) => drawings[index].1,
        }
    }

    /// The image at `index` with its noise. The non-digits follow the digits; `index` must be below
    /// [`EvaluationSet::image_count`].
    pub fn bitmap(&self, index: usize) -> Bitmap {
        // Digits and non-digits are counted apart, so that the noise of each does not depend on the other.
        let (clean, place) = match index.checked_sub(self.len()) {
            Some(place) => (self.non_digits[place].clone(), place),
            None => match &self.digits {
                Digits::Examples(examples) => (Bitmap::from_bytes(examples.image(index)), index),
                Digits::Drawings(drawings) => (drawings[index].0.clone(), index),
            },
        };
        match self.noise {
            Some(noise) => noise.on(&clean, place),
            None => clean,
        }
    }

    /// The pixels of these images with their noise, 784 per image.
    pub(super) fn pixels(&self, range: Range<usize>) -> Vec<f32> {
        let mut pixels = Vec::with_capacity(range.len() * PIXELS);
        range.for_each(|index| pixels.extend(self.bitmap(index).pixels()));
        pixels
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
