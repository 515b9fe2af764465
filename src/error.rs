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
    /// Puts the four parts together. Text from outside goes through [`excerpt`] first.
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
        let message =
            format!("could not {attempted}: found {found}, expected {expected}; {remedy}");
        f.write_str(&one_line(&message, MAX_MESSAGE))
    }
}

impl StdError for Refusal {}

/// The most characters of a text from outside: a name, a label, a key, a message of a decoder.
const MAX_EXCERPT: usize = 80;
/// The most characters of a message. It holds a few such texts.
const MAX_MESSAGE: usize = 2000;

/// A text from outside as a part of a message or a report: one line of at most 80 characters. Control characters are
/// escaped, so that the text can neither forge a line nor steer a terminal. Of a longer text, the middle is left out.
pub fn excerpt(text: impl fmt::Display) -> String {
    one_line(&text.to_string(), MAX_EXCERPT)
}

fn one_line(text: &str, most: usize) -> String {
    let escape = |char: char| {
        if is_control(char) {
            char.escape_default().collect()
        } else {
            vec![char]
        }
    };
    let start: Vec<char> = text.chars().flat_map(escape).take(most + 1).collect();
    if start.len() <= most {
        return start.into_iter().collect();
    }
    let backwards = text.chars().rev();
    let backwards = backwards.flat_map(|char| escape(char).into_iter().rev());
    let end: Vec<char> = backwards.take(most.div_ceil(2) - 1).collect();
    let (start, end) = (start.iter().take(most / 2), end.iter().rev());
    start.chain(&['…']).chain(end).collect()
}

/// Whether a character steers a terminal or the direction of text, or begins a line.
pub fn is_control(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An error and its causes in one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    one_line(&without_code(&text), MAX_MESSAGE)
}

/// Without the system's number of an error: "No such file or directory (os error 2)".
fn without_code(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once(')').map_or(part, |(_, rest)| rest));
    rest.fold(first, |text, rest| text + rest)
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

    /// Whether another path or other permissions help, and no fault of the system is behind it.
    fn is_user_error(&self) -> bool {
        use io::ErrorKind as Kind;
        let kind = self.source.kind();
        let is_fault = matches!(
            kind,
            Kind::StorageFull | Kind::QuotaExceeded | Kind::OutOfMemory
        );
        !is_fault && self.remedy().is_some()
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
            Kind::InvalidInput => "choose another file",
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
        let path = excerpt(path.display());
        write!(f, "could not {attempted} {path}: {source}")?;
        match self.remedy() {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl StdError for IoError {}

/// Reading or writing a file of any kind: ink, a picture, a data set, a configuration.
#[derive(Debug, Error)]
pub enum InputError {
    /// The operating system did not open, read or write it.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Its content, or a value from outside, is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Turns a system's reason and a refusal into each error that holds an [`InputError`].
macro_rules! holds_input_error {
    ($($error:ty),*) => {
        $(
            impl From<IoError> for $error {
                fn from(error: IoError) -> Self {
                    Self::Input(error.into())
                }
            }

            impl From<Refusal> for $error {
                fn from(refusal: Refusal) -> Self {
                    Self::Input(refusal.into())
                }
            }
        )*
    };
}

holds_input_error!(
    ModelError,
    TrainingError,
    StoreError,
    EvaluationError,
    FileError,
    CliError
);

/// Models and weight files.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file or the configuration.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The tensor library failed: a defect of the program, or a lack of memory.
    #[error("could not compute the network's output")]
    Compute(#[source] Box<dyn StdError + Send + Sync>),
}

/// A loss that became NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("the loss became NaN or infinite in epoch {epoch}: {cause}")]
pub struct Divergence {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The likely cause.
    pub cause: Cause,
}

/// A hyperparameter with an unsuitable value. Displays a sentence without its full stop.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum Cause {
    /// This learning rate is too high.
    #[error("the learning rate {0} is probably too high; try a tenth of it, or gradient clipping")]
    HighLearningRate(f64),
    /// This learning rate is too low.
    #[error("the learning rate {0} is probably too low; try ten times as much")]
    LowLearningRate(f64),
    /// This momentum is too high.
    #[error("the momentum {0} is probably too high; try 0.9")]
    Momentum(f64),
    /// The L1 or L2 penalty is too high.
    #[error("the L1 or L2 penalty is probably too high; try a tenth of it")]
    Penalty,
    /// This dropout is too high.
    #[error("the dropout {0} is probably too high; try 0.3")]
    Dropout(f64),
    /// The gradient vanishes over this many layers.
    #[error("the gradient vanishes over {0} layers of sigmoid or tanh; try ReLU, or fewer layers")]
    Depth(usize),
    /// A hidden layer has this many units.
    #[error("a hidden layer of {0} units is probably too narrow; try 32 or more")]
    Narrow(usize),
}

impl Cause {
    /// The key of the hyperparameter in a configuration file.
    pub fn key(self) -> &'static str {
        match self {
            Self::HighLearningRate(_) | Self::LowLearningRate(_) => "learning_rate",
            Self::Momentum(_) => "optimizer.momentum",
            Self::Penalty => "l2",
            Self::Dropout(_) => "dropout",
            Self::Depth(_) => "model.activation",
            Self::Narrow(_) => "model.hidden",
        }
    }
}

/// Training.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// The data or a hyperparameter.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The loss became NaN or infinite before there was a usable model.
    #[error("could not continue the training: {0}")]
    Diverged(Divergence),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Checkpoints, and files in the user's folders.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file could not be read or written, is too large or invalid.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A model could not be read or written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Another training has the lock of this file.
    #[error(
        "could not train into {}: another training of Digitpad writes it; wait until that training ends or \
         stop it, or use another file",
        excerpt(.0.display())
    )]
    Locked(PathBuf),
    /// A file is invalid. It was renamed, if possible.
    #[error("{reason}{}", backup.as_ref().map(|name| format!("; the file is now {}", excerpt(name.display()))).unwrap_or_default())]
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
    /// The evaluation set could not be read, is empty or does not fit the model.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A panic of a worker's thread.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the program has a defect ({message}); please report what led to it")]
pub struct PanicError {
    /// The message of the panic.
    pub message: String,
}

/// Files of the window: those that the user names, and those in the user's folders.
#[derive(Debug, Error)]
pub enum FileError {
    /// A file that is no weights, or one that cannot serve its purpose.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Weights.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file in the user's folders.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread panicked.
    #[error(transparent)]
    Panic(#[from] PanicError),
}

/// Whether the user can correct an error: a file or an argument, not the program or the machine.
macro_rules! is_user_error {
    ($($error:ty { $($variant:pat => $answer:expr),* $(,)? })*) => {
        $(
            impl $error {
                /// Whether the user can correct it: a file or an argument, not the program or the machine.
                pub fn is_user_error(&self) -> bool {
                    match self {
                        $($variant => $answer,)*
                    }
                }
            }
        )*
    };
}

is_user_error! {
    InputError {
        Self::Io(error) => error.is_user_error(),
        Self::Refused(_) => true,
    }
    ModelError {
        Self::Input(error) => error.is_user_error(),
        Self::Compute(_) => false,
    }
    TrainingError {
        Self::Input(error) => error.is_user_error(),
        Self::Diverged(_) => true,
        Self::Model(error) => error.is_user_error(),
    }
    StoreError {
        Self::Input(error) => error.is_user_error(),
        Self::Model(error) => error.is_user_error(),
        Self::Locked(_) | Self::Invalid { .. } => true,
    }
    EvaluationError {
        Self::Input(error) => error.is_user_error(),
        Self::Model(error) => error.is_user_error(),
    }
    FileError {
        Self::Input(error) => error.is_user_error(),
        Self::Model(error) => error.is_user_error(),
        Self::Store(error) => error.is_user_error(),
        Self::Panic(_) => false,
    }
    CliError {
        Self::Input(error) => error.is_user_error(),
        Self::Model(error) => error.is_user_error(),
        Self::Training(error) => error.is_user_error(),
        Self::Store(error) => error.is_user_error(),
        Self::Evaluation(error) => error.is_user_error(),
        Self::Output(_) | Self::Panic(_) => false,
    }
}

/// The command line.
#[derive(Debug, Error)]
pub enum CliError {
    /// A file, a folder or an argument.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Weights or a model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A training.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A checkpoint.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An evaluation.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// The program panicked.
    #[error(transparent)]
    Panic(#[from] PanicError),
    /// Standard output is closed or full.
    #[error("could not write the result to standard output")]
    Output(#[from] io::Error),
}

/// The window.
#[derive(Debug, Error)]
pub enum WindowError {
    /// The weights for the start are invalid.
    #[error(transparent)]
    File(#[from] FileError),
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
    Graphics,
    /// The window opened, but its content failed.
    #[error("could not start the window")]
    Start(#[source] Box<dyn StdError + Send + Sync>),
}

impl WindowError {
    /// Whether the user can correct it: a file, or the place where the program is started.
    pub fn is_user_error(&self) -> bool {
        match self {
            Self::File(error) => error.is_user_error(),
            Self::NoDisplay { .. } | Self::Graphics => true,
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
    fn a_chain_has_no_number_of_the_system() {
        let source = io::Error::from_raw_os_error(2);
        let number = " (os error 2)";
        assert!(source.to_string().contains(number), "{source}");
        let reason = source.to_string().replace(number, "");
        let text = chain(&IoError::new("read", Path::new("a.png"), source));
        assert!(
            text.contains(&reason) && !text.contains("os error"),
            "{text}"
        );
        assert_eq!(without_code("a (os error 2) b (os error 3): c"), "a b: c");
    }

    #[test]
    fn text_from_outside_is_one_short_line() {
        let (long, wide) = ("a".repeat(60 << 20), "€".repeat(100));
        let cases = [
            ("fc1.weight", "fc1.weight", "an ordinary name"),
            (
                "Zoë \"7\" \\ é",
                "Zoë \"7\" \\ é",
                "any script, quotes and accents",
            ),
            (
                "a\nb\r\t\u{1b}[2J\0",
                "a\\nb\\r\\t\\u{1b}[2J\\u{0}",
                "control characters",
            ),
            (
                "a\u{2028}\u{202e}",
                "a\\u{2028}\\u{202e}",
                "other lines and directions",
            ),
            (
                &long,
                &format!("{0}…{1}", "a".repeat(40), "a".repeat(39)),
                "60 MB",
            ),
            (
                &wide,
                &format!("{0}…{1}", "€".repeat(40), "€".repeat(39)),
                "cut between characters",
            ),
        ];
        for (text, expected, reason) in cases {
            assert_eq!(excerpt(text), expected, "{reason}");
        }
        let path = Path::new("/a\nfile: is fine");
        let errors = [
            IoError::new("read", path, io::ErrorKind::NotFound.into()).to_string(),
            StoreError::Locked(path.to_owned()).to_string(),
            Refusal::new("read", "a\nb", long, "x").to_string(),
            chain(&ModelError::Compute("two\nlines".into())),
        ];
        for error in errors {
            assert!(!error.contains('\n'), "one line: {error}");
            assert!(error.chars().count() <= MAX_MESSAGE, "bounded");
        }
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
        assert_eq!(chain(&InputError::Io(io())), text, "a wrapper adds nothing");
        let error = ModelError::Compute(io().into());
        assert_eq!(chain(&error), format!("{error}: {text}"), "a cause");
    }
}
