//! Files of the user: read within bounds, written so that no crash leaves half of one.

pub mod backup;
pub mod latest;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use crate::error::IoError;

/// Why [`read_bounded`] did not read.
#[derive(Debug)]
pub enum ReadError {
    /// The system refused.
    Io(IoError),
    /// The file is larger than the limit, given in bytes.
    TooLarge(u64),
}

/// Reads a whole file of at most `limit_bytes`. The limit is checked while reading, so that neither
/// a file that grows nor a device that never ends fills the memory.
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

/// The folder in which a path's last part lies.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether it is a device or a pipe: there, but neither a file nor a folder.
pub fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Replaces a file by new content, or leaves it as it was: written beside, synced, renamed.
/// An existing file's permissions are kept. A device or a pipe stays one: it is written to.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    write_beside_and_rename(path, bytes).map_err(|source| IoError::new("write", path, source))
}

fn write_beside_and_rename(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link: what it points to is replaced.
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
        // Some file systems cannot; the file is whole all the same.
        log::debug!(target: "digitpad", "{} could not be synced: {error}", folder.display());
    }
    Ok(())
}

/// A temporary file is its owner's alone unless told otherwise; the umask still applies to this.
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

/// Makes the rename itself last; only Unix can and must.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other systems' twin can fail")]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
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
        assert_eq!(count, 1, "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        fs::write(&path, b"old").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("sets the mode");
        let link = folder.path().join("link.bin");
        symlink(&path, &link).expect("links");
        write_atomically(&link, b"new").expect("writes through the link");
        assert!(link.is_symlink(), "the link is still one");
        assert_eq!(
            fs::read(&path).expect("reads"),
            b"new",
            "its target changed"
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
        assert!(kind.is_fifo(), "it is still a pipe");
        let read = reader.join().expect("no panic").expect("reads");
        assert_eq!(read, b"through", "and what was written came out");
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let missing = folder.path().join("no/such/folder/a.bin");
        assert!(write_atomically(&missing, b"x").is_err(), "no such folder");
        assert!(
            write_atomically(folder.path(), b"x").is_err(),
            "a folder is no file"
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
