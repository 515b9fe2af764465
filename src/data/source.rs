//! Where labeled images come from, as the window, the command line and a checkpoint name it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    Corrections, Dataset, folder,
    ink_set::{self, Fold, InkExamples},
};
use crate::{
    error::{InputError, Refusal, excerpt},
    ink,
};

/// One writer in this many is held out of training, to calibrate the model.
const CALIBRATION_FOLD: Fold = Fold::new(0, 12);
/// With fewer digits, the reject threshold's 0.5 % of rejected digits is not measurable. Training learns from
/// them instead.
const MIN_CALIBRATION_DIGITS: usize = 200;

/// Where labeled images come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataSource {
    /// The built-in MNIST.
    #[default]
    Mnist,
    /// A folder of four IDX files.
    Folder(#[serde(with = "stored_path")] PathBuf),
    /// An ink file. It has no test part, so training adds it to another source as [`TrainingData::ink`].
    Ink(#[serde(with = "stored_path")] PathBuf),
}

/// All that one training reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingData {
    /// The training, validation and test examples.
    pub base: DataSource,
    /// Ink files with further training examples.
    #[serde(with = "stored_path::list", skip_serializing_if = "Vec::is_empty")]
    pub ink: Vec<PathBuf>,
    /// The writers of `ink` that training leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<Fold>,
    /// The user's corrections, each repeated several times.
    #[serde(skip_serializing_if = "Corrections::is_empty")]
    pub corrections: Corrections,
}

impl DataSource {
    /// The same source with an absolute path, which holds in any working directory.
    #[must_use]
    pub fn absolute(self) -> Self {
        match self {
            Self::Mnist => Self::Mnist,
            Self::Folder(path) => Self::Folder(absolute(path)),
            Self::Ink(path) => Self::Ink(absolute(path)),
        }
    }

    /// Reads training and test examples.
    ///
    /// # Errors
    /// As [`Dataset::mnist`] and [`Dataset::from_folder`]; and for an ink file, which has no test part.
    pub fn read(&self) -> Result<Dataset, InputError> {
        match self {
            Self::Mnist => Dataset::mnist(),
            Self::Folder(folder) => Dataset::from_folder(folder),
            Self::Ink(file) => Err(no_test_part(file)),
        }
    }

    /// The files that are read.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Mnist => Vec::new(),
            Self::Folder(path) => folder::files_in(path),
            Self::Ink(path) => vec![path.clone()],
        }
    }
}

impl From<DataSource> for TrainingData {
    fn from(base: DataSource) -> Self {
        Self {
            base,
            ..Self::default()
        }
    }
}

impl TrainingData {
    /// The same data with absolute paths, which hold in any working directory.
    #[must_use]
    pub fn absolute(self) -> Self {
        Self {
            base: self.base.absolute(),
            ink: self.ink.into_iter().map(absolute).collect(),
            ..self
        }
    }

    /// The files that are read. The corrections are in memory.
    pub fn files(&self) -> Vec<PathBuf> {
        [self.base.files(), self.ink.clone()].concat()
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// As [`DataSource::read`]; and if an ink file is unreadable or invalid, or `leave_out` leaves no drawing.
    pub fn read(&self) -> Result<Dataset, InputError> {
        let mut dataset = self.base.read()?;
        let mut records = ink::file::read_all(&self.ink)?;
        let all = records.len();
        if let Some(fold) = self.leave_out {
            records.retain(|record| !fold.has(record.writer.as_deref()));
            if all > 0 && records.is_empty() {
                return Err(Refusal::new(
                    format!("leave out the writers of fold {fold}"),
                    format!("all {all} drawings in that fold"),
                    "drawings by other writers",
                    "leave out another fold, or add ink by other writers",
                )
                .into());
            }
        }
        let (held_out, training): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| CALIBRATION_FOLD.has(record.writer.as_deref()));
        let calibration = ink_set::digits(held_out);
        if calibration.len() < MIN_CALIBRATION_DIGITS || training.is_empty() {
            dataset.ink = InkExamples::for_training(&records);
        } else {
            dataset.ink = InkExamples::for_training(training);
            dataset.calibration = calibration;
        }
        dataset.corrections = self.corrections.images()?;
        dataset.source = self.clone();
        Ok(dataset)
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn no_test_part(file: &std::path::Path) -> InputError {
    Refusal::new(
        format!(
            "read training and test examples from {}",
            excerpt(file.display())
        ),
        "an ink file, which has no test part",
        "MNIST or a folder of four IDX files",
        "choose one of them, and add the ink file to it",
    )
    .into()
}

/// Paths as text. Unix allows paths that are not text; they are stored as raw bytes.
mod stored_path {
    use std::{ffi::OsString, path::PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum StoredPath {
        Text(String),
        Raw(OsString),
    }

    impl From<&PathBuf> for StoredPath {
        fn from(path: &PathBuf) -> Self {
            match path.to_str() {
                Some(text) => Self::Text(text.to_owned()),
                None => Self::Raw(path.into()),
            }
        }
    }

    impl From<StoredPath> for PathBuf {
        fn from(stored: StoredPath) -> Self {
            match stored {
                StoredPath::Text(text) => text.into(),
                StoredPath::Raw(raw) => raw.into(),
            }
        }
    }

    pub(super) fn serialize<S: Serializer>(path: &PathBuf, to: S) -> Result<S::Ok, S::Error> {
        StoredPath::from(path).serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<PathBuf, D::Error> {
        StoredPath::deserialize(from).map(PathBuf::from)
    }

    pub(super) mod list {
        use super::{Deserialize as _, Deserializer, PathBuf, Serializer, StoredPath};

        pub(in super::super) fn serialize<S: Serializer>(
            paths: &[PathBuf],
            to: S,
        ) -> Result<S::Ok, S::Error> {
            to.collect_seq(paths.iter().map(StoredPath::from))
        }

        pub(in super::super) fn deserialize<'a, D: Deserializer<'a>>(
            from: D,
        ) -> Result<Vec<PathBuf>, D::Error> {
            let paths = Vec::<StoredPath>::deserialize(from)?;
            Ok(paths.into_iter().map(PathBuf::from).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// MNIST and an ink file with these numbers of 1s by each writer.
    fn by_writers(folder: &Path, writers: &[(&str, usize)]) -> TrainingData {
        let path = folder.join("ink.jsonl");
        let line = |name: &str| {
            format!(r#"{{"label": 1, "writer": "{name}", "strokes": [[[5, 1], [5, 9]]]}}"#) + "\n"
        };
        let lines = writers
            .iter()
            .map(|&(name, count)| line(name).repeat(count));
        std::fs::write(&path, lines.collect::<String>()).expect("writes");
        TrainingData {
            ink: vec![path],
            ..TrainingData::default()
        }
    }

    #[test]
    fn held_out_writers_calibrate_when_they_have_enough_digits() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let is_held_out = ["emil", "me"].map(|name| CALIBRATION_FOLD.has(Some(name)));
        assert_eq!(is_held_out, [true, false], "one writer of each kind");
        let cases: [(&[_], _, &str); 5] = [
            (&[("emil", 2)], (2, 0), "training needs the only writer"),
            (&[("emil", 300)], (300, 0), "with any number of drawings"),
            (&[("me", 2)], (2, 0), "no writer is held out"),
            (&[("emil", 199), ("me", 2)], (201, 0), "one digit too few"),
            (&[("emil", 200), ("me", 2)], (2, 200), "enough digits"),
        ];
        for (writers, expected, reason) in cases {
            let dataset = by_writers(folder.path(), writers).read().expect("reads");
            let counts = (dataset.ink.digits.len(), dataset.calibration.len());
            assert_eq!(counts, expected, "{reason}");
        }
    }

    #[test]
    fn leaving_out_the_only_writer_is_refused() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let data = by_writers(folder.path(), &[("me", 2)]);
        let read = |fold| {
            let leave_out = Some(fold);
            TrainingData {
                leave_out,
                ..data.clone()
            }
            .read()
        };
        let (one, other) = (Fold::new(0, 2), Fold::new(1, 2));
        let (own, others) = if one.has(Some("me")) {
            (one, other)
        } else {
            (other, one)
        };
        let error = read(own).expect_err("nothing is left");
        assert!(matches!(error, InputError::Refused(_)), "{error:?}");
        let dataset = read(others).expect("the other fold has no writer");
        assert_eq!(dataset.ink.digits.len(), 2, "both drawings stay");
    }

    #[test]
    fn an_ink_file_alone_is_refused() {
        let error = DataSource::Ink("ink.jsonl".into())
            .read()
            .expect_err("no test part");
        assert!(matches!(error, InputError::Refused(_)), "{error:?}");
    }

    #[test]
    fn data_have_a_readable_form() {
        let cases = [
            ("base = \"mnist\"\n", DataSource::Mnist),
            (
                "[base]\nfolder = \"/data/ä\"\n",
                DataSource::Folder("/data/ä".into()),
            ),
            (
                "[base]\nink = \"/a.jsonl\"\n",
                DataSource::Ink("/a.jsonl".into()),
            ),
        ];
        for (text, base) in cases {
            let data = TrainingData {
                base,
                ..TrainingData::default()
            };
            assert_eq!(toml::to_string(&data).as_deref(), Ok(text));
            assert_eq!(toml::from_str(text), Ok(data), "{text}");
        }
        assert_eq!(
            toml::from_str(""),
            Ok(TrainingData::default()),
            "every field has a default"
        );
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_text_survive() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
        let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
        let (text, raw) = (path("/data/ä".as_bytes()), path(b"/data/\xe4 1"));
        let cases = [
            (&text, vec![&text], "all are text"),
            (&raw, vec![&raw], "none is text"),
            (&text, vec![&text, &raw, &text], "some are text"),
            (&raw, Vec::new(), "no ink"),
        ];
        for (folder, ink, reason) in cases {
            let data = TrainingData {
                base: DataSource::Folder(folder.clone()),
                ink: ink.into_iter().cloned().collect(),
                ..TrainingData::default()
            };
            let text = toml::to_string(&data).expect(reason);
            assert_eq!(toml::from_str(&text), Ok(data), "{reason}:\n{text}");
        }
    }
}
