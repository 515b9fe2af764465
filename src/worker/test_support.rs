//! A waker that tells the test of each call, and that can be made to wait.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Waker, lock};

/// So long that only a worker that hangs takes it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a test's waker does and knows.
pub(super) struct TestWaker {
    waker: Waker,
    rings: Receiver<()>,
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

/// Waits for what nobody is woken for.
pub(super) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "the worker gets there");
        thread::yield_now();
    }
}

impl TestWaker {
    pub(super) fn new() -> Self {
        let gate = Arc::new(Gate::default());
        let (sender, rings): (Sender<()>, _) = channel();
        let waker: Waker = Arc::new({
            let gate = Arc::clone(&gate);
            move || {
                // Nobody may be waiting any more.
                let _ = sender.send(());
                gate.pass();
            }
        });
        Self { waker, rings, gate }
    }

    /// As [`TestWaker::new`], but a worker that rings waits until [`TestWaker::open_gate`].
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

    /// Waits until it rings.
    pub(super) fn wait(&self) {
        self.rings
            .recv_timeout(PATIENCE)
            .expect("the worker wakes its owner");
    }

    /// Looks after each ring until there is something.
    pub(super) fn wait_for<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = look() {
                return found;
            }
            self.wait();
        }
    }

    /// Whether no worker holds the waker any more, so that each of them has ended.
    pub(super) fn has_no_worker(&self) -> bool {
        Arc::strong_count(&self.waker) == 1
    }
}
