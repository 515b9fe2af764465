//! Files of the user: bounded reads, atomic writes, kinds of files, backups.

pub mod backup;
pub mod kind;
pub mod latest;
pub mod lock;

mod write;

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

pub use self::write::{is_same_file, try_write, write_atomically};
use crate::error::{InputError, IoError, Refusal};

/// Reads a whole file of at most `limit_bytes` into memory of its size. `attempted` is for a refusal. Refuses a pipe or
/// a device, which could block the thread or never end.
///
/// # Errors
/// When the file cannot be read, is no regular file or is larger than the limit.
pub fn read_bounded(path: &Path, limit_bytes: u64, attempted: &str) -> Result<Vec<u8>, InputError> {
    let (file, len) = open(path, attempted)?;
    let failed = |source| IoError::new("read", path, source);
    read_stream(file, len, limit_bytes, attempted, failed)
}

/// Opens a file, and returns its length. Refuses a pipe or a device as [`read_bounded`] does.
///
/// # Errors
/// When the file cannot be opened or is no regular file.
pub fn open(path: &Path, attempted: &str) -> Result<(fs::File, u64), InputError> {
    let failed = |source| IoError::new("read", path, source);
    // Opening a pipe already blocks.
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() && !metadata.is_dir() {
        let remedy = "choose a file, or save the data in one first";
        return Err(Refusal::new(attempted, "a pipe or a device", "a file", remedy).into());
    }
    Ok((fs::File::open(path).map_err(failed)?, metadata.len()))
}

/// Reads standard input or a pipe, of at most `limit_bytes`. `name` is for the errors.
///
/// # Errors
/// When it cannot be read or is larger than the limit.
pub fn read_pipe(
    pipe: impl Read,
    name: &Path,
    limit_bytes: u64,
    attempted: &str,
) -> Result<Vec<u8>, InputError> {
    let failed = |source| IoError::new("read", name, source);
    read_stream(pipe, 0, limit_bytes, attempted, failed)
}

/// Reads a stream to its end, or refuses it after `limit_bytes`. `expected_bytes` saves growing.
fn read_stream(
    stream: impl Read,
    expected_bytes: u64,
    limit_bytes: u64,
    attempted: &str,
    failed: impl Fn(io::Error) -> IoError,
) -> Result<Vec<u8>, InputError> {
    let too_large = || {
        let expected = format!("at most {limit_bytes} bytes");
        Refusal::new(
            attempted,
            "a larger file",
            expected,
            "choose a smaller file",
        )
    };
    if expected_bytes > limit_bytes {
        return Err(too_large().into());
    }
    let mut bytes = Vec::new();
    let mut stream = stream.take(limit_bytes + 1);
    // One byte more than the file notices its end without growing.
    let mut room = expected_bytes as usize + 1;
    loop {
        // The vector would double its room, beyond the limit as well.
        bytes
            .try_reserve_exact(room)
            .map_err(|_full| failed(io::ErrorKind::OutOfMemory.into()))?;
        let read = stream.by_ref().take(room as u64).read_to_end(&mut bytes);
        if read.map_err(&failed)? < room {
            return Ok(bytes);
        }
        if bytes.len() as u64 > limit_bytes {
            return Err(too_large().into());
        }
        let left = limit_bytes as usize + 1 - bytes.len();
        room = bytes.len().max(1 << 16).min(left);
    }
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
    fn a_stream_of_unknown_size_is_read_to_its_end_or_the_limit() {
        let failed = |source| IoError::new("read", Path::new("a"), source);
        for size in [0, 1, 1 << 16, (1 << 16) + 1, 3 << 20] {
            let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            let read = |limit| read_stream(&bytes[..], 0, limit, "read", failed);
            assert_eq!(read(size).expect("fits"), bytes, "{size} bytes");
            if size > 0 {
                assert!(read(size - 1).is_err(), "{size} bytes, one too many");
            }
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
