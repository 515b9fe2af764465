//! Where the examples of a training come from, in words that a file can hold.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    Dataset,
    pen::{self, Fold, PenExamples},
};
use crate::{
    error::{DatasetError, InkError},
    ink,
};

/// One hand in so many is not learnt from: what confidence means is found with it.
const CALIBRATION: Fold = Fold::new(0, 12);

/// Where the examples of a training come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSource {
    /// The folder of four files; `None` is the built-in MNIST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Ink files to learn from as well.
    pub ink: Vec<PathBuf>,
    /// The hands of the ink that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<Fold>,
}

impl DataSource {
    /// The same with paths that hold wherever the program is started next.
    #[must_use]
    pub fn absolute(self) -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Self {
            folder: self.folder.map(absolute),
            ink: self.ink.into_iter().map(absolute).collect(),
            leave_out: self.leave_out,
        }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// As [`Dataset::mnist`] and [`Dataset::from_folder`], and if an ink file cannot be read or is none.
    pub fn read(&self) -> Result<Dataset, DatasetError> {
        let mut dataset = match &self.folder {
            Some(folder) => Dataset::from_folder(folder)?,
            None => Dataset::mnist()?,
        };
        let mut records = Vec::new();
        for file in &self.ink {
            records.extend(read_ink(file)?);
        }
        let fold = self.leave_out;
        records.retain(|record| !fold.is_some_and(|fold| fold.has(record.writer.as_deref())));
        let (calibration, learnt): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| CALIBRATION.has(record.writer.as_deref()));
        dataset.pen = PenExamples::learnt(learnt);
        dataset.calibration = pen::digits(calibration);
        dataset.source = self.clone();
        Ok(dataset)
    }
}

fn read_ink(file: &Path) -> Result<Vec<ink::file::InkRecord>, DatasetError> {
    ink::file::read(file).map_err(|error| match error {
        InkError::Io(error) => DatasetError::Io(error),
        InkError::Refused(refusal) => DatasetError::Refused(refusal),
    })
}
