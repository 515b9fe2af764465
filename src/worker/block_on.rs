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

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        sync::Mutex,
        task::Waker,
    };

    use super::*;
    use crate::worker::lock;

    #[test]
    fn it_waits_for_another_thread() {
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
        assert_eq!(value, Some(3), "polled again when woken");
    }

    #[test]
    fn it_can_be_called_off() {
        let is_off = AtomicBool::new(false);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| block_on(pending::<()>(), &is_off));
            is_off.store(true, Ordering::Release);
            waiting.thread().unpark();
            assert_eq!(waiting.join().ok(), Some(None), "it ended without a value");
        });
    }
}
