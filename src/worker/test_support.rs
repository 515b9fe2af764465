//! A waker for tests: it counts its calls and can block the worker that calls it.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Waker, lock};

/// Only a worker that hangs takes so long.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A waker and its calls.
pub(super) struct TestWaker {
    waker: Waker,
    calls: Receiver<()>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    is_shut: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, is_shut: bool) {
        *lock(&self.is_shut) = is_shut;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let waiting = self
            .changed
            .wait_while(lock(&self.is_shut), |is_shut| *is_shut);
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Waits for a condition that no waker announces.
pub(super) fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < TIMEOUT, "the worker gets there");
        thread::yield_now();
    }
}

impl TestWaker {
    pub(super) fn new() -> Self {
        let gate = Arc::new(Gate::default());
        let (sender, calls): (Sender<()>, _) = channel();
        let waker: Waker = Arc::new({
            let gate = Arc::clone(&gate);
            move || {
                // The receiver may be gone.
                let _ = sender.send(());
                gate.pass();
            }
        });
        Self { waker, calls, gate }
    }

    /// Like [`TestWaker::new`], but its caller waits until [`TestWaker::open_gate`].
    pub(super) fn shut() -> Self {
        let test_waker = Self::new();
        test_waker.gate.set(true);
        test_waker
    }

    pub(super) fn open_gate(&self) {
        self.gate.set(false);
    }

    pub(super) fn waker(&self) -> Waker {
        Arc::clone(&self.waker)
    }

    /// Waits for a call.
    pub(super) fn wait(&self) {
        self.calls
            .recv_timeout(TIMEOUT)
            .expect("the worker wakes its owner");
    }

    /// Polls after each call of the waker until there is a value.
    pub(super) fn wait_for<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = look() {
                return found;
            }
            self.wait();
        }
    }

    /// Whether no worker holds the waker, so that all of them have ended.
    pub(super) fn has_no_worker(&self) -> bool {
        Arc::strong_count(&self.waker) == 1
    }
}
