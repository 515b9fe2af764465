//! Files of the user: bounded reads, atomic writes, kinds of files, backups.

pub mod backup;
pub mod kind;
pub mod latest;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use crate::error::{IoError, Refusal};

/// Why [`read_bounded`] failed.
#[derive(Debug)]
pub enum ReadError {
    /// The system did not open or read the file.
    Io(IoError),
    /// The file is larger than the limit, given in bytes.
    TooLarge(u64),
}

impl ReadError {
    /// The error of an area. `attempted` is for the refusal of a file that is too large.
    pub(crate) fn into_error<E: From<IoError> + From<Refusal>>(
        self,
        attempted: impl Into<String>,
    ) -> E {
        match self {
            Self::Io(error) => error.into(),
            Self::TooLarge(limit) => Refusal::new(
                attempted,
                "a larger file",
                format!("at most {limit} bytes"),
                "choose another file",
            )
            .into(),
        }
    }
}

/// Reads a whole file of at most `limit_bytes`. Stops at the limit, so that neither a growing file nor an endless
/// device fills the memory.
///
/// # Errors
/// When the file cannot be read or is larger than the limit.
pub fn read_bounded(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError::Io(IoError::new("read", path, source));
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(ReadError::TooLarge(limit_bytes));
    }
    Ok(bytes)
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

/// Replaces a file as a whole or leaves it unchanged: writes a temporary file in the same folder, syncs and renames
/// it. Keeps the permissions of an existing file. Writes directly to a device or a pipe.
///
/// # Errors
/// When the folder is not writable.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    replace(path, bytes).map_err(|source| IoError::new("write", path, source))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link: its target is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if is_device(&target) {
        return fs::OpenOptions::new()
            .write(true)
            .open(&target)?
            .write_all(bytes);
    }
    let folder = folder_of(&target);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".digitpad-");
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) => builder.permissions(metadata.permissions()),
        Err(_) => new_file_permissions(&mut builder),
    };
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    if let Err(error) = sync_folder(folder) {
        // Some file systems cannot sync a folder. The file is complete all the same.
        log::debug!(target: "digitpad", "could not sync {}: {error}", folder.display());
    }
    Ok(())
}

/// Permissions of an ordinary new file, less the umask. A temporary file is private by default.
#[cfg(unix)]
fn new_file_permissions<'a, 'b, 'c>(
    builder: &'a mut tempfile::Builder<'b, 'c>,
) -> &'a mut tempfile::Builder<'b, 'c> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file_permissions<'a, 'b, 'c>(
    builder: &'a mut tempfile::Builder<'b, 'c>,
) -> &'a mut tempfile::Builder<'b, 'c> {
    builder
}

/// Makes the rename durable. Only Unix can sync a folder and has to.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the Unix version can fail")]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_no_temporary_file_remains() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        write_atomically(&path, b"first").expect("writes");
        write_atomically(&path, b"second").expect("replaces");
        assert_eq!(
            fs::read(&path).expect("reads"),
            b"second",
            "the new content"
        );
        let count = fs::read_dir(folder.path()).expect("lists").count();
        assert_eq!(count, 1, "no temporary file remains");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        fs::write(&path, b"old").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("sets the mode");
        let link = folder.path().join("link.bin");
        symlink(&path, &link).expect("links");
        write_atomically(&link, b"new").expect("writes through the link");
        assert!(link.is_symlink(), "the link remains");
        assert_eq!(
            fs::read(&path).expect("reads"),
            b"new",
            "its target is replaced"
        );
        let mode = fs::metadata(&path).expect("exists").permissions().mode() & 0o777;
        assert_eq!(mode, 0o640, "the old file's mode");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_written_to_and_stays_one() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo starts").success(), "makes a pipe");
        let reader = std::thread::spawn({
            let path = path.clone();
            move || fs::read(path)
        });
        write_atomically(&path, b"through").expect("writes");
        let kind = fs::metadata(&path).expect("exists").file_type();
        assert!(kind.is_fifo(), "the pipe remains");
        let read = reader.join().expect("no panic").expect("reads");
        assert_eq!(read, b"through", "and transmits the bytes");
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let missing = folder.path().join("no/such/folder/a.bin");
        assert!(write_atomically(&missing, b"x").is_err(), "no such folder");
        assert!(
            write_atomically(folder.path(), b"x").is_err(),
            "a folder is not a file"
        );
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        fs::write(&path, [0; 100]).expect("writes");
        assert_eq!(
            read_bounded(&path, 100).expect("fits").len(),
            100,
            "exactly the limit"
        );
        assert!(
            matches!(read_bounded(&path, 99), Err(ReadError::TooLarge(99))),
            "one too many"
        );
        let missing = read_bounded(&folder.path().join("none"), 99);
        assert!(matches!(missing, Err(ReadError::Io(_))), "missing");
    }
}
