//! Training configurations in files: the one reader of window and command line.

use std::path::Path;

use crate::{
    error::{InputError, Refusal, excerpt},
    files::{kind::content_of, limits::TEXT_BYTES, read_bounded},
    training::config::TrainingConfig,
};

/// Loads a configuration.
///
/// # Errors
/// When the file is unreadable, or is no valid configuration.
pub fn load(path: &Path) -> Result<TrainingConfig, InputError> {
    let name = excerpt(path.display());
    let attempted = format!("read the configuration in {name}");
    let bytes = read_bounded(path, TEXT_BYTES, &attempted)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let found = content_of(error.as_bytes());
        Refusal::new(attempted, found, "a TOML file", "choose another file")
    })?;
    Ok(TrainingConfig::from_toml(&text, &name)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn large_files_and_other_bytes_are_refused() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.toml");
        let comment = |len: usize| [b"epochs = 3\n#".as_slice(), &vec![b'-'; len]].concat();
        fs::write(&path, comment(900 << 10)).expect("writes");
        let config = load(&path).expect("it is small enough");
        assert_eq!(
            config.epochs, 3,
            "the limit holds for window and command line"
        );
        let refused = [
            (comment(1 << 20), "a larger file", "too large"),
            (b"\x89PNG\r\n\x1a\n".to_vec(), "a picture", "not text"),
            (b"epochs = 0".to_vec(), "epochs = 0", "out of range"),
        ];
        for (bytes, found, reason) in refused {
            fs::write(&path, bytes).expect("writes");
            match load(&path) {
                Err(InputError::Refused(refusal)) => {
                    assert!(refusal.found.contains(found), "{reason}: {refusal}");
                }
                other => panic!("{reason}: {other:?}"),
            }
        }
        let missing = load(&folder.path().join("none"));
        assert!(matches!(missing, Err(InputError::Io(_))), "{missing:?}");
    }
}
