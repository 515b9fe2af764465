//! Writing files: a file is replaced as a whole or left unchanged.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{folder_of, is_device};
use crate::error::{IoError, excerpt};

/// The name of a temporary file: this, six random characters, and the suffix.
const TEMPORARY_PREFIX: &str = ".digitpad-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Replaces a file as a whole or leaves it unchanged: writes a temporary file in the same folder, syncs and renames
/// it. Keeps the permissions of an existing file. A link stays a link: its target is replaced.
///
/// # Errors
/// When the folder is not writable, or the path is a read-only file, a folder, a device, a pipe or a link without
/// target.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let replace = || {
        let target = target_of(path)?;
        let mut file = temporary_file(&target)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|error| error.error)?;
        let folder = folder_of(&target);
        if let Err(error) = sync_folder(folder) {
            // Some file systems cannot sync a folder. The file is complete all the same.
            log::debug!(target: "digitpad", "could not sync {}: {error}", excerpt(folder.display()));
        }
        Ok(())
    };
    replace().map_err(|source| IoError::new("write", path, without_path(source)))
}

/// Checks that [`write_atomically`] can write a file of this size: writes and removes a temporary file.
///
/// # Errors
/// As [`write_atomically`].
pub fn try_write(path: &Path, size_bytes: u64) -> Result<(), IoError> {
    let write = || {
        let mut file = temporary_file(&target_of(path)?)?;
        io::copy(&mut io::repeat(0).take(size_bytes), &mut file)?;
        Ok(())
    };
    write().map_err(|source| IoError::new("write", path, without_path(source)))
}

/// The system's reason alone. `tempfile` adds the path of the temporary file, which is of no use to anybody.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.rsplit_once(" at path \"") {
        Some((reason, _)) => io::Error::new(error.kind(), reason),
        None => error,
    }
}

/// Whether two paths lead to the same file, by links or otherwise. The file may be missing.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => {
            let folder = identity(folder_of(one));
            one.file_name() == other.file_name()
                && folder.is_some()
                && folder == identity(folder_of(other))
        }
        _ => false,
    }
}

/// The device and the inode of an existing file or folder.
#[cfg(unix)]
fn identity(path: &Path) -> Option<[u64; 2]> {
    fs::metadata(path)
        .ok()
        .map(|metadata| identity_of(&metadata))
}

#[cfg(unix)]
fn identity_of(metadata: &fs::Metadata) -> [u64; 2] {
    use std::os::unix::fs::MetadataExt as _;
    [metadata.dev(), metadata.ino()]
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// Whether a path leads to an open file of the program, or to the file of its standard output or error. Text that follows
/// would go to the replaced file, which nobody sees.
#[cfg(unix)]
fn is_own_output(path: &Path) -> bool {
    use std::os::fd::AsFd as _;
    let open = [
        "/dev/fd",
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/proc/self/fd",
    ];
    if open.iter().any(|open| path.starts_with(open)) {
        return true;
    }
    let (out, err) = (io::stdout(), io::stderr());
    let found = identity(path);
    let mut outputs = [out.as_fd(), err.as_fd()].into_iter();
    found.is_some()
        && outputs.any(|output| {
            let file = output.try_clone_to_owned().map(fs::File::from);
            let metadata = file.and_then(|file| file.metadata()).ok();
            let metadata = metadata.filter(fs::Metadata::is_file);
            found == metadata.map(|metadata| identity_of(&metadata))
        })
}

#[cfg(not(unix))]
fn is_own_output(_path: &Path) -> bool {
    false
}

/// The file that a write to `path` replaces or creates.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    let refused = |kind, reason: &str| Err(io::Error::new(kind, reason));
    if is_own_output(path) {
        let reason = "the program already has it open, as its standard output for instance";
        return refused(io::ErrorKind::InvalidInput, reason);
    }
    if is_device(path) {
        return refused(io::ErrorKind::InvalidInput, "it is a device or a pipe");
    }
    let target = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => match path.canonicalize() {
            Ok(target) => target,
            // The target may lie on a disk that is not mounted.
            Err(error) => {
                return refused(error.kind(), "it is a link whose target cannot be found");
            }
        },
        Ok(_) => path.to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(error),
    };
    let metadata = fs::metadata(&target)?;
    if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if metadata.permissions().readonly() {
        refused(io::ErrorKind::PermissionDenied, "the file is read-only")
    } else {
        Ok(target)
    }
}

/// A temporary file beside `target`, with its permissions. The lock tells it from the temporary files of killed runs,
/// which are removed.
fn temporary_file(target: &Path) -> io::Result<NamedTempFile> {
    let folder = folder_of(target);
    remove_leftovers(folder);
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX);
    match fs::metadata(target) {
        Ok(metadata) => builder.permissions(metadata.permissions()),
        Err(_) => new_file_permissions(&mut builder),
    };
    loop {
        let file = builder.tempfile_in(folder)?;
        // Without locks on this file system, no leftover is removed.
        let _ = file.as_file().lock();
        // Another run may have removed the file before it was locked.
        match fs::symlink_metadata(file.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => return Ok(file),
        }
    }
}

/// Removes the temporary files of killed runs: nobody has their lock.
fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_temporary = name.to_str().is_some_and(|name| {
            name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX)
        });
        // Opening a pipe would block.
        if is_temporary
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = fs::OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            // A leftover is harmless.
            let _ = fs::remove_file(entry.path());
        }
    }
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
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_no_temporary_file_remains() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        try_write(&path, 1000).expect("fits");
        assert!(!path.exists(), "a trial leaves nothing");
        write_atomically(&path, b"first").expect("writes");
        write_atomically(&path, b"second").expect("replaces");
        let content = fs::read(&path).expect("reads");
        assert_eq!(content, b"second", "the new content");
        let count = fs::read_dir(folder.path()).expect("lists").count();
        assert_eq!(count, 1, "no temporary file remains");
    }

    #[test]
    fn only_temporary_files_of_killed_runs_are_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        let live = temporary_file(&path).expect("creates");
        let others = [".digitpad-notes", "digitpad-a.tmp", "a.tmp"];
        let killed = ".digitpad-abcdef.tmp";
        for name in others.iter().chain([&killed]) {
            fs::write(folder.path().join(name), "").expect("writes");
        }
        write_atomically(&path, b"new").expect("writes");
        assert!(live.path().exists(), "another run writes it");
        assert!(!folder.path().join(killed).exists(), "nobody writes it");
        for name in others {
            assert!(folder.path().join(name).exists(), "{name} is not ours");
        }
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
        let content = fs::read(&path).expect("reads");
        assert_eq!(content, b"new", "its target is replaced");
        let mode = fs::metadata(&path).expect("exists").permissions().mode() & 0o777;
        assert_eq!(mode, 0o640, "the old file's mode");
    }

    /// What each place is, as a file system shows it.
    #[cfg(unix)]
    #[test]
    fn what_is_no_writable_file_is_refused_and_stays() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().expect("a folder for the test");
        let within = |name: &str| folder.path().join(name);
        fs::write(within("read-only"), b"old").expect("writes");
        let mode = fs::Permissions::from_mode(0o444);
        fs::set_permissions(within("read-only"), mode).expect("sets the mode");
        symlink("/no/such/share/a.bin", within("dangling")).expect("links");
        symlink("/dev/null", within("device")).expect("links");
        let mut mkfifo = std::process::Command::new("mkfifo");
        let made = mkfifo.arg(within("pipe")).status();
        assert!(made.expect("mkfifo starts").success(), "makes a pipe");
        let cases = [
            ("read-only", io::ErrorKind::PermissionDenied),
            ("dangling", io::ErrorKind::NotFound),
            ("device", io::ErrorKind::InvalidInput),
            ("pipe", io::ErrorKind::InvalidInput),
            ("", io::ErrorKind::IsADirectory),
            ("read-only/a.bin", io::ErrorKind::NotADirectory),
            ("no/such/folder/a.bin", io::ErrorKind::NotFound),
        ];
        let kinds = || cases.map(|(name, _)| fs::symlink_metadata(within(name)).ok());
        let identities = || kinds().map(|kind| kind.map(|it| (it.file_type(), it.len())));
        let before = identities();
        for (name, kind) in cases {
            for result in [
                write_atomically(&within(name), b"new"),
                try_write(&within(name), 1),
            ] {
                let error = result.expect_err(name);
                assert_eq!(error.source.kind(), kind, "{name}");
                let text = error.to_string();
                assert!(!text.contains(TEMPORARY_PREFIX), "{name}: {text}");
            }
        }
        assert_eq!(identities(), before, "nothing is replaced");
    }

    #[cfg(unix)]
    #[test]
    fn the_same_file_is_recognized_by_any_path() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let within = |name: &str| folder.path().join(name);
        fs::write(within("a"), "").expect("writes");
        fs::write(within("b"), "").expect("writes");
        fs::create_dir(within("sub")).expect("makes");
        fs::hard_link(within("a"), within("hard")).expect("links");
        for (target, link) in [("a", "soft"), ("sub", "folder")] {
            std::os::unix::fs::symlink(target, within(link)).expect("links");
        }
        let cases = [
            ("a", "a", true, "the same path"),
            ("a", "sub/../a", true, "a detour"),
            ("a", "soft", true, "a link"),
            ("a", "hard", true, "a hard link"),
            ("sub/new", "folder/new", true, "missing, in a linked folder"),
            ("a", "b", false, "equal files"),
            ("a", "new", false, "one is missing"),
            ("new", "sub/new", false, "missing, in other folders"),
            ("no/new", "nor/new", false, "missing folders"),
        ];
        for (one, other, expected, reason) in cases {
            let is_same = is_same_file(&within(one), &within(other));
            assert_eq!(is_same, expected, "{reason}");
        }
    }
}
