//! How a training is paused and stopped from another thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a training shall do, asked before every batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Go on.
    Run,
    /// Wait until told otherwise.
    Pause,
    /// Finish after this batch: keep the weights, evaluate them, return.
    Stop,
    /// Return at once; nobody waits for the result.
    Abandon,
}

/// The lever between a training and whoever started it.
#[derive(Debug)]
pub struct Control {
    wish: Mutex<Wish>,
    changed: Condvar,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            wish: Mutex::new(Wish::Run),
            changed: Condvar::new(),
        }
    }
}

impl Control {
    /// Makes the training wait before its next batch.
    pub fn pause(&self) {
        self.change(|wish| if wish == Wish::Run { Wish::Pause } else { wish });
    }

    /// Lets a waiting training go on.
    pub fn resume(&self) {
        self.change(|wish| if wish == Wish::Pause { Wish::Run } else { wish });
    }

    /// Ends the training after its batch, waiting or not; final.
    pub fn stop(&self) {
        self.change(|wish| {
            if wish == Wish::Abandon {
                wish
            } else {
                Wish::Stop
            }
        });
    }

    /// Ends the training without a result; final.
    pub fn abandon(&self) {
        self.change(|_| Wish::Abandon);
    }

    /// What was asked for last.
    pub fn wish(&self) -> Wish {
        *self.lock()
    }

    /// Waits while paused; then says what to do: run, stop or abandon.
    pub(super) fn await_turn(&self) -> Wish {
        let waiting = self
            .changed
            .wait_while(self.lock(), |wish| *wish == Wish::Pause);
        *waiting.unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, next: impl FnOnce(Wish) -> Wish) {
        let mut wish = self.lock();
        *wish = next(*wish);
        self.changed.notify_all();
    }

    /// A wish is whole whatever happened to the thread that held it.
    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_final() {
        let control = Control::default();
        assert_eq!(control.await_turn(), Wish::Run, "at first");
        control.stop();
        control.pause();
        control.resume();
        assert_eq!(
            control.await_turn(),
            Wish::Stop,
            "neither pause nor resume undoes it"
        );
        control.abandon();
        control.stop();
        assert_eq!(control.wish(), Wish::Abandon, "and an abandon outranks it");
    }

    #[test]
    fn a_paused_training_wakes_to_stop() {
        let control = Control::default();
        control.pause();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| control.await_turn());
            control.stop();
            assert_eq!(
                waiting.join().expect("ends"),
                Wish::Stop,
                "woken by the stop"
            );
        });
    }
}
