//! Labeled pictures to measure with, from wherever they come.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{
    bitmap::{Bitmap, Digit},
    data::{Dataset, Examples, noise::Noise},
    error::{EvaluationError, Refusal},
    ink::{
        self,
        file::{InkRecord, Label},
    },
    training::control::{Control, Signal},
};

/// The most drawings that are held to be looked at: 300 MB of pictures.
const MAX_DRAWINGS: usize = 100_000;

/// Where labeled pictures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The test set of the built-in MNIST.
    Mnist,
    /// The test set of a folder in MNIST's format.
    Folder(PathBuf),
    /// An ink file.
    Ink(PathBuf),
}

/// How many lines of an ink file cannot be measured with, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SkippedRecords {
    /// Their label is something else than a digit.
    pub not_digits: usize,
    /// They have no label.
    pub unlabeled: usize,
    /// They have no ink.
    pub blank: usize,
}

/// Labeled pictures.
#[derive(Clone, Debug)]
pub struct EvaluationSet {
    name: String,
    pictures: Pictures,
    noise: Option<Noise>,
    left_out: SkippedRecords,
}

#[derive(Clone, Debug)]
enum Pictures {
    Examples(Examples),
    Drawings(Vec<(Bitmap, Digit)>),
}

impl EvaluationSet {
    /// Those of a data set.
    pub fn of_examples(name: impl Into<String>, examples: Examples) -> Self {
        Self {
            name: name.into(),
            pictures: Pictures::Examples(examples),
            noise: None,
            left_out: SkippedRecords::default(),
        }
    }

    /// Drawings with what each shows.
    pub fn of_drawings(name: impl Into<String>, drawings: Vec<(Bitmap, Digit)>) -> Self {
        Self {
            name: name.into(),
            pictures: Pictures::Drawings(drawings),
            noise: None,
            left_out: SkippedRecords::default(),
        }
    }

    /// Reads them. `None` when it was abandoned on the way.
    ///
    /// # Errors
    /// When the files cannot be read or hold something else, or nothing to measure with.
    pub fn load(source: &Source, control: &Control) -> Result<Option<Self>, EvaluationError> {
        let (name, examples) = match source {
            Source::Mnist => ("mnist".to_owned(), Dataset::mnist_test()?),
            Source::Folder(folder) => Dataset::test_of_folder(folder)?,
            Source::Ink(file) => return Self::load_ink(file, control),
        };
        Ok(Some(Self::of_examples(name, examples)))
    }

    fn load_ink(file: &Path, control: &Control) -> Result<Option<Self>, EvaluationError> {
        let records = ink::file::read(file)?;
        let name = name_of(file);
        if records.len() > MAX_DRAWINGS {
            return Err(nothing(
                &name,
                format!("{} drawings", records.len()),
                format!("at most {MAX_DRAWINGS}, so that each can be looked at"),
            ));
        }
        let (count, mut left_out) = (records.len(), SkippedRecords::default());
        let mut drawings = Vec::new();
        for InkRecord { label, ink, .. } in records {
            if control.signal() == Signal::Abandon {
                return Ok(None);
            }
            match label {
                Some(Label::Digit(digit)) => match ink::to_bitmap(&ink) {
                    Some(bitmap) => drawings.push((bitmap, digit)),
                    None => left_out.blank += 1,
                },
                Some(Label::Other(_)) => left_out.not_digits += 1,
                None => left_out.unlabeled += 1,
            }
        }
        if drawings.is_empty() {
            return Err(nothing(
                &name,
                format!("{count} drawings, none labeled with a digit"),
                r#"lines with a "label" from 0 to 9"#,
            ));
        }
        Ok(Some(Self {
            name,
            pictures: Pictures::Drawings(drawings),
            noise: None,
            left_out,
        }))
    }

    /// The same with noise on each picture, or with none.
    #[must_use]
    pub fn with_noise(self, noise: Option<Noise>) -> Self {
        Self { noise, ..self }
    }

    /// What is added to each picture.
    pub fn noise(&self) -> Option<Noise> {
        self.noise
    }

    /// `mnist`, or the name of a folder or a file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many lines of an ink file are not among them.
    pub fn left_out(&self) -> SkippedRecords {
        self.left_out
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.pictures {
            Pictures::Examples(examples) => examples.len(),
            Pictures::Drawings(drawings) => drawings.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the picture at `index` shows; `index` must be below [`EvaluationSet::len`].
    pub fn truth(&self, index: usize) -> Digit {
        match &self.pictures {
            Pictures::Examples(examples) => examples.label(index),
            Pictures::Drawings(drawings) => drawings[index].1,
        }
    }

    /// The picture at `index`, which must be below [`EvaluationSet::len`]: as it is tested with, noise included.
    pub fn bitmap(&self, index: usize) -> Bitmap {
        let plain = match &self.pictures {
            Pictures::Examples(examples) => Bitmap::from_bytes(examples.image(index)),
            Pictures::Drawings(drawings) => drawings[index].0.clone(),
        };
        match self.noise {
            Some(noise) => noise.on(&plain, index),
            None => plain,
        }
    }
}

fn name_of(file: &Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Says that there is nothing to measure with.
fn nothing(name: &str, found: impl Into<String>, expected: impl Into<String>) -> EvaluationError {
    EvaluationError::Refused(Refusal::new(
        format!("test the model on {name}"),
        found,
        expected,
        "choose other pictures",
    ))
}
