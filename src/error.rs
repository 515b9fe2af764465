//! What can go wrong, one type an area: what was tried, what was found, what was expected, what to do.

use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A file or a value from outside that was refused, in the four parts that a person needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was tried: "read the weights in model.safetensors".
    pub attempted: String,
    /// What was found: "a tensor fc1.weight of shape [64, 784]".
    pub found: String,
    /// What was expected instead: "shape [128, 784]".
    pub expected: String,
    /// What to do now: a sentence without its full stop.
    pub remedy: String,
}

impl Refusal {
    /// Puts the four parts together.
    pub fn new(
        attempted: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            attempted: attempted.into(),
            found: found.into(),
            expected: expected.into(),
            remedy: remedy.into(),
        }
    }

    /// The one of `all` that has this name, in whatever case; `attempted` is for the refusal.
    pub(crate) fn parse_name<T: Copy>(
        attempted: &str,
        text: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, Self> {
        let is_named = |one: &T| name(*one).eq_ignore_ascii_case(text.trim());
        all.iter().copied().find(is_named).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|&one| name(one)).collect();
            let found = format!("\"{text}\"");
            Self::new(attempted, found, names.join(", "), "choose one of these")
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            attempted,
            found,
            expected,
            remedy,
        } = self;
        write!(
            f,
            "could not {attempted}: found {found}, expected {expected}; {remedy}"
        )
    }
}

impl StdError for Refusal {}

/// An error and all that caused it, in one line: "could not read a.png; … : no such file".
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A file that could not be opened, read or written.
#[derive(Debug, Error)]
#[error("could not {attempted} {}; check that the path exists and that you may use it", path.display())]
pub struct IoError {
    /// What was tried: "read", "write".
    pub attempted: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl IoError {
    /// What was attempted with a file or a folder, and why it failed.
    pub fn new(attempted: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            attempted,
            path: path.to_path_buf(),
            source,
        }
    }
}

/// Ink files.
#[derive(Debug, Error)]
pub enum InkError {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// What it holds is not ink as expected.
    #[error("{0}")]
    Refused(Refusal),
}

/// Pictures from outside.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// What it holds is no picture of a digit.
    #[error("{0}")]
    Refused(Refusal),
}

/// Data sets.
#[derive(Debug, Error)]
pub enum DatasetError {
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A file does not hold what its name promises.
    #[error("{0}")]
    Refused(Refusal),
}

impl From<InkError> for DatasetError {
    fn from(error: InkError) -> Self {
        match error {
            InkError::Io(error) => Self::Io(error),
            InkError::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// Weights and models.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The file or the configuration does not fit.
    #[error("{0}")]
    Refused(Refusal),
    /// The tensor library failed, which is a defect of the program or a lack of memory.
    #[error("the network could not be computed")]
    Compute(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Training and evaluation.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// A setting is out of its range.
    #[error("{0}")]
    Refused(Refusal),
    /// The loss was no finite number before there was anything worth keeping: how, and why it may be.
    #[error("the training was given up: {0}")]
    Diverged(String),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The data failed.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// Measuring a model.
#[derive(Debug, Error)]
pub enum EvaluationError {
    /// The data set failed.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The ink failed.
    #[error(transparent)]
    Ink(#[from] InkError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// There is nothing to measure with, or the model cannot be measured.
    #[error("{0}")]
    Refused(Refusal),
}

/// The command line: whatever its commands run into.
#[derive(Debug, Error)]
pub enum CliError {
    /// An ink file.
    #[error(transparent)]
    Ink(#[from] InkError),
    /// A picture.
    #[error(transparent)]
    Image(#[from] PictureError),
    /// A data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Weights or a model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A training.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A measurement.
    #[error(transparent)]
    Measurement(#[from] EvaluationError),
    /// A file or folder that was named.
    #[error(transparent)]
    Io(#[from] IoError),
    /// An argument, or a file that holds something else than was asked for.
    #[error("{0}")]
    Refused(Refusal),
    /// The result could not be written.
    #[error("could not write the result to standard output")]
    Output(#[from] io::Error),
}

impl CliError {
    /// Whether it is in the user's hands: a file or an argument, rather than the program or the machine.
    pub fn is_user_error(&self) -> bool {
        !matches!(
            self,
            Self::Output(_)
                | Self::Model(ModelError::Compute(_))
                | Self::Training(TrainingError::Model(ModelError::Compute(_)))
                | Self::Measurement(EvaluationError::Model(ModelError::Compute(_)))
        )
    }
}

/// The window.
#[derive(Debug, Error)]
pub enum WindowError {
    /// The weights that it should start with do not fit.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// There is nothing to open a window on.
    #[error(
        "could not open the window: no display was found ({reason}); start it from a desktop, or use the \
         command line instead: digitpad predict FILE, or digitpad --help for all it can do"
    )]
    NoDisplay {
        /// What the system said.
        reason: String,
    },
    /// The display is there, but cannot be drawn on.
    #[error(
        "could not draw the window, which needs OpenGL 2.1 or OpenGL ES 2.0; install the graphics driver \
         (Mesa on Linux), or use the command line instead: digitpad --help"
    )]
    Graphics(#[source] Box<dyn StdError>),
    /// The window opened, and then its content could not be made.
    #[error("could not start the window")]
    Start(#[source] Box<dyn StdError + Send + Sync>),
}

impl WindowError {
    /// Whether it is in the user's hands: a file, or the place where it is started.
    pub fn is_user_error(&self) -> bool {
        match self {
            Self::Model(error) => !matches!(error, ModelError::Compute(_)),
            Self::NoDisplay { .. } | Self::Graphics(_) => true,
            Self::Start(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_one_sentence() {
        let refusal = Refusal::new("read x.png", "a sound", "a picture", "choose another file");
        assert_eq!(
            refusal.to_string(),
            "could not read x.png: found a sound, expected a picture; choose another file",
            "all four parts stand in it"
        );
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        let source = io::Error::other("the disk is gone");
        let error = IoError {
            attempted: "read",
            path: "a.png".into(),
            source,
        };
        let expected = format!("{error}: the disk is gone");
        assert_eq!(chain(&error), expected, "the error and its cause");
        assert_eq!(
            chain(&InkError::Io(error)),
            expected,
            "what wraps it adds nothing"
        );
    }
}
