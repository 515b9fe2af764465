//! The way from a handle to its thread where only the newest request counts.

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use super::{JoinOnDrop, WorkerPriority, lock};

/// The newest request that the thread has not taken.
pub(super) struct Mailbox<T> {
    state: Mutex<MailboxState<T>>,
    changed: Condvar,
}

struct MailboxState<T> {
    request: Option<T>,
    is_closed: bool,
}

impl<T> MailboxState<T> {
    fn has_news(&self) -> bool {
        self.request.is_some() || self.is_closed
    }
}

/// What a thread finds in its mailbox.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delivery<T> {
    /// The newest request.
    Request(T),
    /// No request came in time.
    Nothing,
    /// The handle is dropped.
    Closed,
}

impl<T> Mailbox<T> {
    fn new() -> Self {
        Self {
            state: Mutex::new(MailboxState {
                request: None,
                is_closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Replaces the request, and wakes the thread.
    fn put(&self, request: T) {
        lock(&self.state).request = Some(request);
        self.changed.notify_one();
    }

    fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_one();
    }

    /// Whether a request waits or the handle is dropped, so that the thread should leave what it does.
    pub(super) fn has_news(&self) -> bool {
        lock(&self.state).has_news()
    }

    /// Takes the request. Waits for one at most this long; [`Duration::MAX`] has no end.
    pub(super) fn next(&self, limit: Duration) -> Delivery<T> {
        let is_idle = |state: &mut MailboxState<T>| !state.has_news();
        let waiting = self
            .changed
            .wait_timeout_while(lock(&self.state), limit, is_idle);
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner).0;
        if state.is_closed {
            return Delivery::Closed;
        }
        state
            .request
            .take()
            .map_or(Delivery::Nothing, Delivery::Request)
    }
}

/// A thread with a mailbox. Dropping it closes the mailbox and joins the thread.
pub(super) struct MailboxThread<T> {
    mailbox: Arc<Mailbox<T>>,
    _thread: JoinOnDrop,
}

impl<T: Send + 'static> MailboxThread<T> {
    /// Starts the thread. It ends when the mailbox is closed.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub(super) fn spawn(name: &str, serve: impl FnOnce(&Mailbox<T>) + Send + 'static) -> Self {
        let mailbox = Arc::new(Mailbox::new());
        let thread = JoinOnDrop::spawn(name, WorkerPriority::Interactive, {
            let mailbox = Arc::clone(&mailbox);
            move || serve(&mailbox)
        })
        .expect("the system can start a thread");
        Self {
            mailbox,
            _thread: thread,
        }
    }
}

impl<T> MailboxThread<T> {
    /// Replaces the request that the thread has not taken.
    pub(super) fn request(&self, request: T) {
        self.mailbox.put(request);
    }
}

impl<T> Drop for MailboxThread<T> {
    /// Ends the thread, which is joined when the fields are dropped.
    fn drop(&mut self) {
        self.mailbox.close();
    }
}

impl<T> fmt::Debug for MailboxThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailboxThread").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{TryRecvError, channel};

    use super::*;

    #[test]
    fn the_newest_request_is_delivered_once() {
        let mailbox = Mailbox::new();
        assert_eq!(
            mailbox.next(Duration::ZERO),
            Delivery::Nothing,
            "no request"
        );
        assert!(!mailbox.has_news(), "no request");
        for number in 1..=3 {
            mailbox.put(number);
        }
        assert!(mailbox.has_news(), "a request waits");
        assert_eq!(
            mailbox.next(Duration::MAX),
            Delivery::Request(3),
            "the newest"
        );
        assert!(!mailbox.has_news(), "it is taken");
        mailbox.put(4);
        mailbox.close();
        assert!(mailbox.has_news(), "closed");
        assert_eq!(
            mailbox.next(Duration::MAX),
            Delivery::Closed,
            "before any request"
        );
    }

    #[test]
    fn a_request_and_the_drop_wake_the_thread_and_the_drop_joins_it() {
        let (sender, answers) = channel();
        let thread = MailboxThread::spawn("echo", move |mailbox| {
            while let Delivery::Request(number) = mailbox.next(Duration::MAX) {
                // The test may have failed.
                let _ = sender.send(number);
            }
        });
        // Only a thread that hangs takes so long.
        let limit = Duration::from_mins(1);
        for number in 1..=2 {
            thread.request(number);
            assert_eq!(answers.recv_timeout(limit), Ok(number), "it comes back");
        }
        drop(thread);
        assert_eq!(
            answers.try_recv(),
            Err(TryRecvError::Disconnected),
            "it has ended"
        );
    }
}
