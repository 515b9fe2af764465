//! How a training is paused and stopped from another thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a training shall do, asked before every batch and before every part of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    Run,
    /// Wait until told otherwise.
    Pause,
    /// Finish after what is at hand: keep the weights, test them, return.
    Stop,
    /// The same without the test: return what there is.
    Skip,
    /// Return at once; nobody waits for the result.
    Abandon,
}

impl Signal {
    /// Whether nothing more is to be learned.
    pub fn ends_training(self) -> bool {
        matches!(self, Self::Stop | Self::Skip | Self::Abandon)
    }
}

/// The lever between a training and whoever started it.
#[derive(Debug)]
pub struct Control {
    signal: Mutex<Signal>,
    changed: Condvar,
    #[cfg(test)]
    script: tests::Script,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            signal: Mutex::new(Signal::Run),
            changed: Condvar::new(),
            #[cfg(test)]
            script: tests::Script::default(),
        }
    }
}

impl Control {
    /// Makes the training wait before its next batch.
    pub fn pause(&self) {
        self.change(|signal| {
            if signal == Signal::Run {
                Signal::Pause
            } else {
                signal
            }
        });
    }

    /// Lets a waiting training go on.
    pub fn resume(&self) {
        self.change(|signal| {
            if signal == Signal::Pause {
                Signal::Run
            } else {
                signal
            }
        });
    }

    /// Ends the training after its batch, waiting or not; final.
    pub fn stop(&self) {
        self.change(|signal| match signal {
            Signal::Run | Signal::Pause => Signal::Stop,
            Signal::Stop | Signal::Skip | Signal::Abandon => signal,
        });
    }

    /// Ends it without a test of what it has learned, or leaves out the rest of that test; final.
    pub fn skip(&self) {
        self.change(|signal| match signal {
            Signal::Run | Signal::Pause | Signal::Stop | Signal::Skip => Signal::Skip,
            Signal::Abandon => signal,
        });
    }

    /// Ends the training without a result; final.
    pub fn abandon(&self) {
        self.change(|_| Signal::Abandon);
    }

    /// What was asked for last.
    pub fn signal(&self) -> Signal {
        *self.lock()
    }

    /// Waits while paused; then says what to do: anything but to pause.
    pub(super) fn wait_while_paused(&self) -> Signal {
        #[cfg(test)]
        self.script.look(self);
        let waiting = self
            .changed
            .wait_while(self.lock(), |signal| *signal == Signal::Pause);
        *waiting.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a test of what was learned goes on after `read` examples: the first few are read in any case,
    /// unless nobody waits for the result. A pause is none here: it would be over before it was noticed.
    pub(super) fn continues_testing(&self, read: usize) -> bool {
        #[cfg(test)]
        self.script.look(self);
        match self.signal() {
            Signal::Run | Signal::Pause | Signal::Stop => true,
            Signal::Skip => read == 0,
            Signal::Abandon => false,
        }
    }

    fn change(&self, next: impl FnOnce(Signal) -> Signal) {
        let mut signal = self.lock();
        *signal = next(*signal);
        self.changed.notify_all();
    }

    /// A signal is whole whatever happened to the thread that held it.
    fn lock(&self) -> MutexGuard<'_, Signal> {
        self.signal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// What whoever holds the lever does.
    type Act = fn(&Control);

    /// Changes the signal at a certain look at it, so that a test can act between any two of them.
    #[derive(Debug, Default)]
    pub(in crate::training) struct Script {
        looks: AtomicUsize,
        act: Option<(usize, Act)>,
    }

    impl Script {
        /// Acts right before the look of this number, counted from 1.
        pub(in crate::training) fn at(look: usize, act: Act) -> Self {
            Self {
                looks: AtomicUsize::new(0),
                act: Some((look, act)),
            }
        }

        pub(super) fn look(&self, control: &Control) {
            let look = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some((_, act)) = self.act.filter(|(at, _)| *at == look) {
                act(control);
            }
        }
    }

    impl Control {
        /// One that acts by itself.
        pub(in crate::training) fn scripted(script: Script) -> Self {
            Self {
                script,
                ..Self::default()
            }
        }

        /// How many looks at what is wished for there were.
        pub(in crate::training) fn looks(&self) -> usize {
            self.script.looks.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn a_stop_is_final() {
        let control = Control::default();
        assert_eq!(control.wait_while_paused(), Signal::Run, "at first");
        control.stop();
        control.pause();
        control.resume();
        assert_eq!(
            control.wait_while_paused(),
            Signal::Stop,
            "neither pause nor resume undoes it"
        );
        control.skip();
        control.stop();
        assert_eq!(control.signal(), Signal::Skip, "a skip goes further");
        control.abandon();
        control.stop();
        control.skip();
        assert_eq!(
            control.signal(),
            Signal::Abandon,
            "and an abandon outranks it"
        );
    }

    #[test]
    fn a_test_goes_on_until_it_is_skipped() {
        let cases: [(Act, [bool; 2], &str); 5] = [
            (|_| (), [true, true], "undisturbed"),
            (Control::pause, [true, true], "a pause comes too late"),
            (Control::stop, [true, true], "a stop ends the learning"),
            (Control::skip, [true, false], "something is read of it"),
            (Control::abandon, [false, false], "nobody waits"),
        ];
        for (act, expected, reason) in cases {
            let control = Control::default();
            act(&control);
            let goes_on = [0, 500].map(|read| control.continues_testing(read));
            assert_eq!(goes_on, expected, "{reason}");
        }
    }

    #[test]
    fn a_paused_training_wakes_to_stop() {
        let control = Control::default();
        control.pause();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| control.wait_while_paused());
            control.stop();
            assert_eq!(
                waiting.join().expect("ends"),
                Signal::Stop,
                "woken by the stop"
            );
        });
    }
}
