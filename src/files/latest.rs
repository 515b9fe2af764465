//! A file that is replaced again and again, in the background: whoever hands over its next content does not
//! wait, and content that was not begun when newer came is left out.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::write_atomically;
use crate::error::IoError;

/// How many times as long as a write took the next one waits, so that neither the disk nor a processor is
/// kept busy by content that comes quicker than it can be written.
const REST: u32 = 4;

/// Makes the content of a file.
type Content = Box<dyn FnOnce() -> io::Result<Vec<u8>> + Send>;

/// A file that is replaced in the background. Dropping it waits until the newest content is written.
pub struct LatestFile {
    path: PathBuf,
    desk: Arc<Desk>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next: Option<Content>,
    is_closed: bool,
    /// Whether the last write was one.
    is_written: bool,
    error: Option<IoError>,
}

impl LatestFile {
    /// Starts the thread that writes; the file is not touched yet.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn new(path: PathBuf) -> Result<Self, IoError> {
        let desk = Arc::new(Desk::default());
        let thread = thread::Builder::new()
            .name("digitpad-writer".to_owned())
            .spawn({
                let (desk, path) = (Arc::clone(&desk), path.clone());
                move || desk.serve(&path)
            });
        let failed = |source| IoError::new("write", &path, source);
        let thread = Some(thread.map_err(failed)?);
        Ok(Self { path, desk, thread })
    }

    /// Hands over the next content, made where it is written.
    pub fn replace(&self, content: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static) {
        self.desk.lock().next = Some(Box::new(content));
        self.desk.changed.notify_one();
    }

    /// Why a write failed, once.
    pub fn take_error(&self) -> Option<IoError> {
        self.desk.lock().error.take()
    }

    /// Whether content is in the file, and none that came later failed to be.
    pub fn is_written(&self) -> bool {
        self.desk.lock().is_written
    }

    /// Removes the file; what was not written yet never is.
    pub fn remove(self) {
        self.desk.lock().next = None;
        let path = self.path.clone();
        drop(self);
        // It may never have been written, or be a device; and a file that stays does no harm.
        if path.is_file()
            && let Err(error) = fs::remove_file(&path)
        {
            log::warn!(target: "digitpad", "{} could not be removed: {error}", path.display());
        }
    }
}

impl Drop for LatestFile {
    fn drop(&mut self) {
        self.desk.lock().is_closed = true;
        self.desk.changed.notify_one();
        if let Some(Err(_)) = self.thread.take().map(thread::JoinHandle::join) {
            log::error!(target: "digitpad", "the writer of {} ended by a panic", self.path.display());
        }
    }
}

impl fmt::Debug for LatestFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LatestFile").field(&self.path).finish()
    }
}

impl Desk {
    fn serve(&self, path: &Path) {
        while let Some(content) = self.next() {
            let begin = Instant::now();
            let written = content().map_err(|source| IoError::new("write", path, source));
            let written = written.and_then(|bytes| write_atomically(path, &bytes));
            let mut state = self.lock();
            state.is_written = written.is_ok();
            if let Err(error) = written {
                state.error = Some(error);
            }
            drop(state);
            self.rest(REST * begin.elapsed());
        }
    }

    /// Waits for so long, or until the end.
    fn rest(&self, time: Duration) {
        let is_open = |state: &mut State| !state.is_closed;
        // Whether the time is over or the end has come, there is nothing else to do.
        drop(self.changed.wait_timeout_while(self.lock(), time, is_open));
    }

    /// Waits for the next content; none after the end.
    fn next(&self) -> Option<Content> {
        let is_idle = |state: &mut State| state.next.is_none() && !state.is_closed;
        let state = self.changed.wait_while(self.lock(), is_idle);
        state.unwrap_or_else(PoisonError::into_inner).next.take()
    }

    /// It is whole whatever happened to the thread that held it: it is only ever replaced.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_content_is_written_and_can_be_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        let file = LatestFile::new(path.clone()).expect("starts");
        for number in 0..50_u8 {
            file.replace(move || Ok(vec![number; 1000]));
        }
        drop(file);
        assert_eq!(
            fs::read(&path).expect("is there"),
            vec![49; 1000],
            "the last"
        );
        let file = LatestFile::new(path.clone()).expect("starts");
        file.replace(|| Ok(vec![7]));
        file.remove();
        assert!(!path.exists(), "removed, whether it was written or not");
        assert_eq!(
            fs::read_dir(folder.path()).expect("lists").count(),
            0,
            "nothing beside it"
        );
    }

    #[test]
    fn what_goes_wrong_is_told() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = LatestFile::new(folder.path().join("no/such/a.bin")).expect("starts");
        file.replace(|| Ok(vec![1]));
        let error = loop {
            if let Some(error) = file.take_error() {
                break error;
            }
            thread::yield_now();
        };
        assert!(
            error.to_string().contains("a.bin"),
            "{error} names the file"
        );
        file.remove();
    }
}
