//! The system's file dialogs, one at a time.
//!
//! A dialog is created on the thread that draws the window, as some systems demand, and awaited on
//! another. It has no parent window: the window's handle would have to outlive a dialog that may
//! never answer.

use std::{
    fmt,
    path::PathBuf,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    task::{Context, Poll, Wake},
    thread::{self, Thread},
    time::Instant,
};

use rfd::{AsyncFileDialog, FileHandle};

use super::{FileAccess, FileOutcome, FilePurpose, FileRequest, FileResult, FileTask, Reply};
use crate::worker::{JoinOnDrop, WorkerPriority, catch_panic, lock};

/// The path that the user chooses; `None` after a cancellation.
pub(super) type ChosenPath = Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>>;

fn show(purpose: FilePurpose) -> ChosenPath {
    let details = purpose.details();
    let mut dialog = AsyncFileDialog::new().set_title(purpose.title());
    if !details.extensions.is_empty() {
        dialog = dialog.add_filter(details.type_name, details.extensions);
    }
    match details.access {
        FileAccess::Read => path_of(dialog.add_filter("All files", &["*"]).pick_file()),
        FileAccess::Write => path_of(dialog.set_file_name(details.file_name).save_file()),
        FileAccess::Folder => path_of(dialog.pick_folder()),
    }
}

fn path_of(handle: impl Future<Output = Option<FileHandle>> + Send + 'static) -> ChosenPath {
    Box::pin(async { handle.await.map(|handle| handle.path().to_path_buf()) })
}

/// The handle of the thread that awaits dialogs.
pub(super) struct Dialogs {
    shared: Arc<Shared>,
    requests: Option<Sender<(FileRequest, ChosenPath)>>,
    thread: JoinOnDrop,
}

struct Shared {
    /// When the open dialog was opened.
    open_since: Mutex<Option<Instant>>,
    /// Whether the handle is gone.
    is_closed: AtomicBool,
}

impl Dialogs {
    /// Starts the thread. It turns a choice into a task and a cancellation into an outcome.
    pub(super) fn spawn(tasks: Sender<FileTask>, reply: Reply) -> Self {
        let shared = Arc::new(Shared {
            open_since: Mutex::new(None),
            is_closed: AtomicBool::new(false),
        });
        let (requests, queue) = channel();
        let thread = JoinOnDrop::spawn("digitpad-dialogs", WorkerPriority::Interactive, {
            let shared = Arc::clone(&shared);
            move || await_choices(&queue, &shared, &tasks, &reply)
        })
        .expect("the system can start a thread");
        Self {
            shared,
            requests: Some(requests),
            thread,
        }
    }

    pub(super) fn open(&self, request: FileRequest) -> bool {
        let purpose = request.purpose;
        self.open_with(request, || show(purpose))
    }

    /// Opens a dialog with a function, unless one is open.
    pub(super) fn open_with(
        &self,
        request: FileRequest,
        show: impl FnOnce() -> ChosenPath,
    ) -> bool {
        let mut open_since = lock(&self.shared.open_since);
        if open_since.is_some() {
            return false;
        }
        let requests = self.requests.as_ref();
        let is_sent = requests.is_some_and(|requests| requests.send((request, show())).is_ok());
        *open_since = is_sent.then(Instant::now);
        is_sent
    }

    pub(super) fn open_secs(&self) -> Option<f64> {
        lock(&self.shared.open_since).map(|since| since.elapsed().as_secs_f64())
    }
}

impl Drop for Dialogs {
    /// Ends the thread, which is joined when the fields are dropped. An open dialog has a thread of
    /// its own, which ends with the dialog or with the program.
    fn drop(&mut self) {
        self.requests = None;
        self.shared.is_closed.store(true, Ordering::Release);
        if let Some(thread) = self.thread.thread() {
            thread.unpark();
        }
    }
}

impl fmt::Debug for Dialogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogs")
            .field("open_secs", &self.open_secs())
            .finish_non_exhaustive()
    }
}

fn await_choices(
    queue: &Receiver<(FileRequest, ChosenPath)>,
    shared: &Shared,
    tasks: &Sender<FileTask>,
    reply: &Reply,
) {
    for (request, choice) in queue {
        let choice = catch_panic(|| block_on(choice, &shared.is_closed));
        *lock(&shared.open_since) = None;
        let result = match choice {
            Ok(Some(Some(path))) => {
                // The dialog has asked before it replaces a file.
                let replaces = true;
                // The outcome follows; the owner learns at once that the dialog is closed.
                let _ = tasks.send(FileTask::Requested {
                    request,
                    path,
                    replaces,
                });
                (reply.waker)();
                continue;
            }
            Ok(Some(None)) => Ok(FileResult::Canceled),
            Ok(None) => return,
            Err(panic) => Err(panic.into()),
        };
        reply.send(FileOutcome::Requested { request, result });
    }
}

/// Wakes a future by unparking the thread that waits for it.
struct Unparker(Thread);

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future. Returns `None` once `is_canceled` is set and the thread is unparked.
fn block_on<T>(future: impl Future<Output = T>, is_canceled: &AtomicBool) -> Option<T> {
    let waker = Arc::new(Unparker(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    // An unpark before the park makes that return at once, so none is missed.
    while !is_canceled.load(Ordering::Acquire) {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        thread::park();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        task::Waker,
    };

    use super::*;

    #[test]
    fn block_on_waits_for_another_thread() {
        let (seen, is_ready) = (Mutex::new(None::<Waker>), AtomicBool::new(false));
        let future = poll_fn(|context| {
            if is_ready.load(Ordering::Acquire) {
                return Poll::Ready(3);
            }
            *lock(&seen) = Some(context.waker().clone());
            Poll::Pending
        });
        let value = thread::scope(|scope| {
            scope.spawn(|| {
                let waker = loop {
                    match lock(&seen).take() {
                        Some(waker) => break waker,
                        None => thread::yield_now(),
                    }
                };
                is_ready.store(true, Ordering::Release);
                waker.wake();
            });
            block_on(future, &AtomicBool::new(false))
        });
        assert_eq!(value, Some(3), "the waker leads to another poll");
    }

    #[test]
    fn block_on_can_be_canceled() {
        let is_canceled = AtomicBool::new(false);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| block_on(pending::<()>(), &is_canceled));
            is_canceled.store(true, Ordering::Release);
            waiting.thread().unpark();
            assert_eq!(waiting.join().ok(), Some(None), "it ends without a value");
        });
    }
}
