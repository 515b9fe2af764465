//! A file that a background thread replaces. The caller does not wait, and content that is outdated before its write
//! begins is dropped.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::write_atomically;
use crate::error::{IoError, excerpt};

/// The pause after a write, as a multiple of the write's duration. It keeps disk and processor free.
const PAUSE_FACTOR: u32 = 4;

/// Makes the content of a file, on the background thread.
type MakeContent = Box<dyn FnOnce() -> io::Result<Vec<u8>> + Send>;

/// A file that is replaced in the background, or at once where the system refuses threads. Dropping it waits until the
/// newest content is written.
pub struct LatestFile {
    path: PathBuf,
    queue: Arc<WriteQueue>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The newest content that is not written yet, and the state of the writer.
#[derive(Default)]
struct WriteQueue {
    state: Mutex<WriterState>,
    changed: Condvar,
}

#[derive(Default)]
struct WriterState {
    next: Option<MakeContent>,
    is_closed: bool,
    is_written: bool,
    error: Option<IoError>,
}

impl LatestFile {
    /// Starts the background thread. Does not touch the file.
    pub fn new(path: PathBuf) -> Self {
        let queue = Arc::new(WriteQueue::default());
        let thread = thread::Builder::new().name("digitpad-writer".to_owned());
        let thread = thread.spawn({
            let (queue, path) = (Arc::clone(&queue), path.clone());
            move || queue.serve(&path)
        });
        Self {
            path,
            queue,
            thread: thread.ok(),
        }
    }

    /// Sets the next content. The background thread calls `content`.
    pub fn replace(&self, content: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static) {
        if self.thread.is_none() {
            self.queue.write(&self.path, Box::new(content));
            return;
        }
        self.queue.lock().next = Some(Box::new(content));
        self.queue.changed.notify_one();
    }

    /// The error of the last failed write, once.
    pub fn take_error(&self) -> Option<IoError> {
        self.queue.lock().error.take()
    }

    /// Whether the last write succeeded.
    pub fn is_written(&self) -> bool {
        self.queue.lock().is_written
    }

    /// Removes the file and drops content that is not written yet.
    pub fn remove(self) {
        self.queue.lock().next = None;
        let path = self.path.clone();
        drop(self);
        // There may be no file, or it may be a device. A leftover file is harmless.
        if path.is_file()
            && let Err(error) = fs::remove_file(&path)
        {
            log::warn!(target: "digitpad", "could not remove {}: {error}", excerpt(path.display()));
        }
    }
}

impl Drop for LatestFile {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.changed.notify_one();
        if let Some(Err(_)) = self.thread.take().map(thread::JoinHandle::join) {
            log::error!(target: "digitpad", "the writer of {} panicked", excerpt(self.path.display()));
        }
    }
}

impl fmt::Debug for LatestFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LatestFile").field(&self.path).finish()
    }
}

impl WriteQueue {
    fn serve(&self, path: &Path) {
        while let Some(content) = self.next() {
            let begin = Instant::now();
            self.write(path, content);
            self.pause(PAUSE_FACTOR * begin.elapsed());
        }
    }

    fn write(&self, path: &Path, content: MakeContent) {
        let written = content()
            .map_err(|source| IoError::new("write", path, source))
            .and_then(|bytes| write_atomically(path, &bytes));
        let mut state = self.lock();
        state.is_written = written.is_ok();
        if let Err(error) = written {
            state.error = Some(error);
        }
    }

    /// Waits for this time or until the queue is closed.
    fn pause(&self, time: Duration) {
        let is_open = |state: &mut WriterState| !state.is_closed;
        drop(self.changed.wait_timeout_while(self.lock(), time, is_open));
    }

    /// Waits for the next content. `None` once the queue is closed and empty.
    fn next(&self) -> Option<MakeContent> {
        let is_idle = |state: &mut WriterState| state.next.is_none() && !state.is_closed;
        let state = self.changed.wait_while(self.lock(), is_idle);
        state.unwrap_or_else(PoisonError::into_inner).next.take()
    }

    /// A panic cannot leave the state half changed, so a poisoned lock is fine.
    fn lock(&self) -> MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_content_is_written_and_the_file_can_be_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.bin");
        let file = LatestFile::new(path.clone());
        for number in 0..50_u8 {
            file.replace(move || Ok(vec![number; 1000]));
        }
        drop(file);
        let content = fs::read(&path).expect("reads");
        assert_eq!(content, vec![49; 1000], "the newest");
        let file = LatestFile::new(path);
        file.replace(|| Ok(vec![7]));
        file.remove();
        let count = fs::read_dir(folder.path()).expect("lists").count();
        assert_eq!(count, 0, "removed, written or not");
    }

    #[test]
    fn a_failed_write_is_reported() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("no/such/a.bin");
        let file = LatestFile::new(path.clone());
        file.replace(|| Ok(vec![1]));
        let error = loop {
            if let Some(error) = file.take_error() {
                break error;
            }
            thread::yield_now();
        };
        assert_eq!(error.path, path, "the file");
        assert!(!file.is_written(), "nothing is written");
        file.remove();
    }
}
