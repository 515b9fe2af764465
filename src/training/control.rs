//! Pauses and stops a training from another thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The next step of a training. The training checks it before every batch and before every part of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Continue.
    Run,
    /// Wait for another signal.
    Pause,
    /// Finish the batch, test the network and return.
    Stop,
    /// As [`Signal::Stop`], without the test.
    SkipTest,
    /// Return without a result.
    Abandon,
}

impl Signal {
    /// Whether no further batch follows.
    pub fn ends_training(self) -> bool {
        matches!(self, Self::Stop | Self::SkipTest | Self::Abandon)
    }
}

/// The stop signal of a training, shared with its owner.
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
        self.change(|signal| match signal {
            Signal::Run => Signal::Pause,
            other => other,
        });
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.change(|signal| match signal {
            Signal::Pause => Signal::Run,
            other => other,
        });
    }

    /// Ends the training after its batch; final.
    pub fn stop(&self) {
        self.change(|signal| match signal {
            Signal::Run | Signal::Pause => Signal::Stop,
            other => other,
        });
    }

    /// Ends the training without its test, or skips the rest of the test; final.
    pub fn skip_test(&self) {
        self.change(|signal| match signal {
            Signal::Abandon => signal,
            _ => Signal::SkipTest,
        });
    }

    /// Ends the training without a result; final.
    pub fn abandon(&self) {
        self.change(|_| Signal::Abandon);
    }

    /// The last signal.
    pub fn signal(&self) -> Signal {
        *self.lock()
    }

    /// Waits during a pause. Never returns [`Signal::Pause`].
    pub(super) fn wait_while_paused(&self) -> Signal {
        #[cfg(test)]
        self.script.poll(self);
        let is_paused = |signal: &mut Signal| {
            let is_paused = *signal == Signal::Pause;
            #[cfg(test)]
            self.script.wait(is_paused);
            is_paused
        };
        let waiting = self.changed.wait_while(self.lock(), is_paused);
        *waiting.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a test continues after `done` examples. Ignores a pause, as a test is short. Even a skipped test has its
    /// first part, which calibration needs.
    pub(super) fn continues_testing(&self, done: usize) -> bool {
        #[cfg(test)]
        self.script.poll(self);
        match self.signal() {
            Signal::Run | Signal::Pause | Signal::Stop => true,
            Signal::SkipTest => done == 0,
            Signal::Abandon => false,
        }
    }

    fn change(&self, next: impl FnOnce(Signal) -> Signal) {
        let mut signal = self.lock();
        *signal = next(*signal);
        self.changed.notify_all();
    }

    /// A panic of another thread leaves the signal valid.
    fn lock(&self) -> MutexGuard<'_, Signal> {
        self.signal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::Sender,
    };

    use super::*;

    type Act = fn(&Control);

    /// Acts at one poll of the signal, so that a test can act between any two of them.
    #[derive(Debug, Default)]
    pub(in crate::training) struct Script {
        polls: AtomicUsize,
        act: Option<(usize, Act)>,
        waits: Option<Sender<()>>,
    }

    impl Script {
        /// Acts right before this poll, counted from 1.
        pub(in crate::training) fn at(poll: usize, act: Act) -> Self {
            Self {
                act: Some((poll, act)),
                ..Self::default()
            }
        }

        /// The same, which sends a message when the training waits.
        pub(in crate::training) fn telling(self, waits: Sender<()>) -> Self {
            Self {
                waits: Some(waits),
                ..self
            }
        }

        pub(super) fn poll(&self, control: &Control) {
            let poll = self.polls.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some((_, act)) = self.act.filter(|(at, _)| *at == poll) {
                act(control);
            }
        }

        pub(super) fn wait(&self, is_paused: bool) {
            if let Some(waits) = self.waits.as_ref().filter(|_| is_paused) {
                waits.send(()).expect("the test receives it");
            }
        }
    }

    impl Control {
        /// A control that acts by itself.
        pub(in crate::training) fn scripted(script: Script) -> Self {
            Self {
                script,
                ..Self::default()
            }
        }

        /// The number of polls so far.
        pub(in crate::training) fn polls(&self) -> usize {
            self.script.polls.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn a_stop_signal_is_final() {
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
        control.skip_test();
        control.stop();
        assert_eq!(control.signal(), Signal::SkipTest, "a skip replaces a stop");
        control.abandon();
        control.stop();
        control.skip_test();
        assert_eq!(
            control.signal(),
            Signal::Abandon,
            "an abandon replaces both"
        );
    }

    #[test]
    fn a_test_continues_until_it_is_skipped() {
        let cases: [(Act, [bool; 2], &str); 5] = [
            (|_| (), [true, true], "no command"),
            (Control::pause, [true, true], "a pause comes too late"),
            (Control::stop, [true, true], "a stop ends the training only"),
            (
                Control::skip_test,
                [true, false],
                "calibration needs the first part",
            ),
            (Control::abandon, [false, false], "no result"),
        ];
        for (act, expected, reason) in cases {
            let control = Control::default();
            act(&control);
            let continues = [0, 500].map(|done| control.continues_testing(done));
            assert_eq!(continues, expected, "{reason}");
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
