//! Typed errors, one type per area: what was attempted, what was found, what was expected, what to do.

use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A file or a value from outside that the program refuses, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The attempt: "read the weights in model.safetensors".
    pub attempted: String,
    /// The finding: "a tensor fc1.weight of shape [64, 784]".
    pub found: String,
    /// The expectation: "shape [128, 784]".
    pub expected: String,
    /// The advice: a sentence without its full stop.
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

/// An error and its causes in one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A file or folder that the operating system did not open, read or write. The message holds the system's reason.
#[derive(Debug)]
pub struct IoError {
    /// The attempt: "read", "write".
    pub attempted: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The system's reason. It is a part of the message and therefore not a source of this error.
    pub source: io::Error,
}

impl IoError {
    /// Puts the three parts together.
    pub fn new(attempted: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            attempted,
            path: path.to_path_buf(),
            source,
        }
    }

    /// Whether the file or folder does not exist.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// The advice, if the kind of error allows one.
    fn remedy(&self) -> Option<&'static str> {
        use io::ErrorKind as Kind;
        Some(match self.source.kind() {
            Kind::NotFound => "check the path",
            Kind::PermissionDenied => "check the permissions of the file and its folder",
            Kind::AlreadyExists => "choose another name",
            Kind::IsADirectory => "choose a file, not a folder",
            Kind::NotADirectory | Kind::ReadOnlyFilesystem => "choose another folder",
            Kind::StorageFull | Kind::QuotaExceeded => "free some space or choose another disk",
            Kind::InvalidFilename => "choose a shorter or simpler name",
            Kind::ResourceBusy | Kind::WouldBlock => {
                "close the other program that uses it and try again"
            }
            Kind::OutOfMemory => "close other programs and try again",
            _ => return None,
        })
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            attempted,
            path,
            source,
        } = self;
        write!(f, "could not {attempted} {}: {source}", path.display())?;
        match self.remedy() {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl StdError for IoError {}

/// Ink files.
#[derive(Debug, Error)]
pub enum InkError {
    /// The file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The file does not hold valid ink.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Pictures from outside.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The file does not hold a picture of a digit.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Data sets.
#[derive(Debug, Error)]
pub enum DatasetError {
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A file does not hold valid examples.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<InkError> for DatasetError {
    fn from(error: InkError) -> Self {
        match error {
            InkError::Io(error) => Self::Io(error),
            InkError::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// Models and weight files.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The file or the configuration does not fit.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The tensor library failed: a defect of the program, or a lack of memory.
    #[error("could not compute the network's output")]
    Compute(#[source] Box<dyn StdError + Send + Sync>),
}

/// Training.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// A hyperparameter is out of range, or the data does not fit.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The loss became NaN or infinite before there was a usable model. The text says why and what to do.
    #[error("could not continue the training: {0}")]
    Diverged(String),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The data set failed.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// Checkpoints and the run library in the user's folders.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A file is too large or invalid.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A model could not be read or written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Another window trains and has the lock of this file.
    #[error(
        "could not store checkpoints in {}: another window of Digitpad is training; wait until its training ends, or \
         close that window",
        .0.display()
    )]
    Locked(PathBuf),
    /// A file is invalid. It was renamed.
    #[error("{reason}{}", backup.as_ref().map(|name| format!("; the file is now {}", name.display())).unwrap_or_default())]
    Invalid {
        /// The error.
        reason: Refusal,
        /// Its new name.
        backup: Option<PathBuf>,
    },
}

/// Evaluation.
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
    /// The evaluation set is empty or does not fit the model.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Training configurations in files.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The file holds no valid configuration.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A panic of a worker's thread.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the program has a defect ({message}); please report what led to it")]
pub struct PanicError {
    /// The message of the panic.
    pub message: String,
}

/// Predictions of the window.
#[derive(Debug, Error)]
pub enum PredictionError {
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The thread panicked.
    #[error(transparent)]
    Panic(#[from] PanicError),
}

/// Files of the window: those that the user names, and those in the user's folders.
#[derive(Debug, Error)]
pub enum FileError {
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// An ink file.
    #[error(transparent)]
    Ink(#[from] InkError),
    /// A picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Weights.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A training configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that cannot serve its purpose.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A file in the user's folders.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The corrections.
    #[error("{0}")]
    Corrections(String),
    /// The thread panicked.
    #[error(transparent)]
    Panic(#[from] PanicError),
}

/// The command line.
#[derive(Debug, Error)]
pub enum CliError {
    /// An ink file.
    #[error(transparent)]
    Ink(#[from] InkError),
    /// A picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Weights or a model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A training.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A training configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An evaluation.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// A file or folder.
    #[error(transparent)]
    Io(#[from] IoError),
    /// An argument or the content of a file.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Standard output is closed or full.
    #[error("could not write the result to standard output")]
    Output(#[from] io::Error),
}

impl CliError {
    /// Whether the user can correct it: a file or an argument, not the program or the machine.
    pub fn is_user_error(&self) -> bool {
        !matches!(
            self,
            Self::Output(_)
                | Self::Model(ModelError::Compute(_))
                | Self::Training(TrainingError::Model(ModelError::Compute(_)))
                | Self::Evaluation(EvaluationError::Model(ModelError::Compute(_)))
        )
    }
}

/// The window.
#[derive(Debug, Error)]
pub enum WindowError {
    /// The weights for the start do not fit.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// There is no display.
    #[error(
        "could not open the window: found no display ({reason}); start the program from a desktop, or use the \
         command line: digitpad predict FILE; digitpad --help lists all commands"
    )]
    NoDisplay {
        /// The system's reason.
        reason: String,
    },
    /// The display cannot be drawn on.
    #[error(
        "could not draw the window, which needs OpenGL 2.1 or OpenGL ES 2.0; install the graphics driver \
         (Mesa on Linux), or use the command line: digitpad --help lists all commands"
    )]
    Graphics(#[source] Box<dyn StdError>),
    /// The window opened, but its content failed.
    #[error("could not start the window")]
    Start(#[source] Box<dyn StdError + Send + Sync>),
}

impl WindowError {
    /// Whether the user can correct it: a file, or the place where the program is started.
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
    fn a_refusal_shows_its_four_parts() {
        let refusal = Refusal::new("read x.png", "a sound", "a picture", "choose another file");
        assert_eq!(
            refusal.to_string(),
            "could not read x.png: found a sound, expected a picture; choose another file",
            "in this order"
        );
    }

    #[test]
    fn an_io_error_advises_what_its_reason_allows() {
        let cases = [
            (io::ErrorKind::NotFound, "; check the path"),
            (
                io::ErrorKind::StorageFull,
                "; free some space or choose another disk",
            ),
            (
                io::ErrorKind::WouldBlock,
                "; close the other program that uses it and try again",
            ),
            (io::ErrorKind::Other, ""),
        ];
        for (kind, advice) in cases {
            let error = IoError::new("read", Path::new("a.png"), kind.into());
            assert_eq!(
                error.to_string(),
                format!("could not read a.png: {kind}{advice}"),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        let io = || IoError::new("read", Path::new("a.png"), io::Error::other("no disk"));
        let text = "could not read a.png: no disk";
        assert_eq!(chain(&io()), text, "the reason is in the message");
        assert_eq!(chain(&InkError::Io(io())), text, "a wrapper adds nothing");
        let error = ModelError::Compute(io().into());
        assert_eq!(chain(&error), format!("{error}: {text}"), "a cause");
    }
}
