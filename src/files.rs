//! Files of the user: bounded reads, atomic writes, kinds of files, backups.

pub mod backup;
pub(crate) mod fnv;
pub mod kind;
pub mod latest;
pub mod limits;
pub mod lock;

mod write;

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

pub use self::write::{is_same_file, try_write, write_atomically};
use crate::error::{InputError, IoError, Refusal};

/// Opens a file to read it, and returns its length. `attempted` is for a refusal. Refuses a pipe or a device, which
/// could block the thread or never end, except for a pipe that the shell has opened.
///
/// # Errors
/// When the file cannot be opened or is no regular file.
pub fn open(path: &Path, attempted: &str) -> Result<(fs::File, u64), InputError> {
    let failed = |source| IoError::new("read", path, source);
    // Opening a pipe already blocks.
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()).into());
    }
    let is_open = path.starts_with("/dev/fd") || path == Path::new("/dev/stdin");
    if !metadata.is_file() && !is_open {
        let remedy = "choose a file, or save the data in one first";
        return Err(Refusal::new(attempted, "a pipe or a device", "a file", remedy).into());
    }
    Ok((fs::File::open(path).map_err(failed)?, metadata.len()))
}

/// Reads a whole file of at most `limit_bytes` into memory of its size.
///
/// # Errors
/// As [`open`].
pub fn read_bounded(path: &Path, limit_bytes: u64, attempted: &str) -> Result<Vec<u8>, InputError> {
    let failed = |source| IoError::new("read", path, source);
    let (file, len) = open(path, attempted)?;
    if len > limit_bytes {
        return Err(too_large(limit_bytes, attempted).into());
    }
    let is_pipe = !file.metadata().map_err(failed)?.is_file();
    let expected_bytes = if is_pipe { limit_bytes } else { len };
    read_stream(file, expected_bytes, limit_bytes, attempted, failed)
}

/// Reads standard input, of at most `limit_bytes`.
///
/// # Errors
/// When it cannot be read or is larger than the limit.
pub fn read_standard_input(limit_bytes: u64, attempted: &str) -> Result<Vec<u8>, InputError> {
    let failed = |source| IoError::new("read", Path::new("standard input"), source);
    let input = io::stdin().lock();
    read_stream(input, limit_bytes, limit_bytes, attempted, failed)
}

/// Reads a stream to its end, or refuses it after `limit_bytes`. The system gives memory to the expected bytes as they
/// arrive.
fn read_stream(
    stream: impl Read,
    expected_bytes: u64,
    limit_bytes: u64,
    attempted: &str,
    failed: impl Fn(io::Error) -> IoError,
) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    // One byte more notices the end without growing.
    bytes
        .try_reserve_exact(expected_bytes as usize + 1)
        .map_err(|_full| failed(io::ErrorKind::OutOfMemory.into()))?;
    let read = stream.take(limit_bytes + 1).read_to_end(&mut bytes);
    if read.map_err(failed)? as u64 > limit_bytes {
        return Err(too_large(limit_bytes, attempted).into());
    }
    Ok(bytes)
}

/// The refusal of a file that is larger than its limit.
pub(crate) fn too_large(limit_bytes: u64, attempted: &str) -> Refusal {
    let expected = format!("at most {limit_bytes} bytes");
    Refusal::new(
        attempted,
        "a larger file",
        expected,
        "choose a smaller file",
    )
}

/// The folder that holds a file.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether a path is a device or a pipe: it exists, but is neither a file nor a folder.
pub fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Whether bytes begin as a gzip file does.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Text without the byte order mark that some editors write.
pub(crate) fn strip_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Makes a pipe, for tests.
#[cfg(all(test, unix))]
pub(crate) fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo starts").success(), "makes a pipe");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_at_the_limit() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        fs::write(&path, [0; 100]).expect("writes");
        let read = |path: &Path, limit| read_bounded(path, limit, "read");
        let all = read(&path, 100).expect("exactly the limit");
        assert_eq!(
            (all.len(), all.capacity()),
            (100, 101),
            "no more memory than the file"
        );
        let refused = read(&path, 99);
        assert!(
            matches!(refused, Err(InputError::Refused(_))),
            "one too many"
        );
        let missing = read(&folder.path().join("none"), 99);
        assert!(matches!(missing, Err(InputError::Io(_))), "missing");
    }

    #[test]
    fn a_stream_is_read_to_its_end_or_the_limit() {
        let failed = |source| IoError::new("read", Path::new("a"), source);
        for expected in [0, 3, 5] {
            let read = |limit| read_stream(&b"12345"[..], expected, limit, "read", failed);
            assert_eq!(read(5).expect("fits"), b"12345", "the limit");
            assert!(read(4).is_err(), "one too many");
        }
        let endless = read_stream(io::repeat(0), 0, 1 << 20, "read", failed);
        assert!(
            matches!(endless, Err(InputError::Refused(_))),
            "an endless stream"
        );
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_refused_before_they_are_opened() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo starts").success(), "makes a pipe");
        for path in [&pipe, Path::new("/dev/zero")] {
            let error = read_bounded(path, 100, "read").expect_err("could block");
            assert!(matches!(error, InputError::Refused(_)), "{error:?}");
        }
    }
}
