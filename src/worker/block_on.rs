//! Waiting for a future on a thread of one's own, in a way that can be called off.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake},
    thread::{self, Thread},
};

/// Wakes a future by unparking the thread that waits for it.
struct Unparker(Thread);

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for the future; `None` if it is called off, which is noticed when the thread is unparked.
pub(super) fn block_on<T>(future: impl Future<Output = T>, is_off: &AtomicBool) -> Option<T> {
    let waker = Arc::new(Unparker(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    // An unpark that comes before the park makes that return at once, so none is missed.
    while !is_off.load(Ordering::Acquire) {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        thread::park();
    }
    None
}
