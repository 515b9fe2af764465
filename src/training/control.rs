//! Pauses, slows and stops a training from another thread.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The time between the starts of two batches in slow motion.
const SLOW_BATCH: Duration = Duration::from_secs(1);

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

/// The signals of a training, shared with its owner.
#[derive(Debug)]
pub struct Control {
    orders: Mutex<Orders>,
    changed: Condvar,
    inspects: AtomicBool,
    #[cfg(test)]
    script: tests::Script,
}

/// What the owner wants.
#[derive(Clone, Copy, Debug)]
struct Orders {
    signal: Signal,
    is_slow: bool,
    /// The batches to train on in the pause.
    steps: usize,
    /// When the last batch started.
    last_batch: Option<Instant>,
}

impl Orders {
    /// How long the next batch waits; `None` until another order. Zero if it does not wait.
    fn wait(&self) -> Option<Duration> {
        match self.signal {
            Signal::Pause if self.steps == 0 => None,
            Signal::Run if self.is_slow => {
                let since = self.last_batch.map_or(SLOW_BATCH, |last| last.elapsed());
                Some(SLOW_BATCH.saturating_sub(since))
            }
            _ => Some(Duration::ZERO),
        }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self {
            orders: Mutex::new(Orders {
                signal: Signal::Run,
                is_slow: false,
                steps: 0,
                last_batch: None,
            }),
            changed: Condvar::new(),
            inspects: AtomicBool::new(false),
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

    /// Trains on one batch in a pause.
    pub fn step(&self) {
        self.order(|orders| orders.steps += usize::from(orders.signal == Signal::Pause));
    }

    /// Starts or ends slow motion: one batch a second.
    pub fn set_slow(&self, is_slow: bool) {
        self.order(|orders| orders.is_slow = is_slow);
    }

    /// Whether live snapshots come with what the step did to each layer. It costs the training some percent.
    pub fn inspect(&self, inspects: bool) {
        self.inspects.store(inspects, Ordering::Relaxed);
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
        self.lock().signal
    }

    /// Whether [`Control::inspect`] asks for it.
    pub(super) fn inspects(&self) -> bool {
        self.inspects.load(Ordering::Relaxed)
    }

    /// Whether every batch is shown: in slow motion and in a pause.
    pub(super) fn shows_every_batch(&self) -> bool {
        let orders = self.lock();
        orders.is_slow || orders.signal == Signal::Pause
    }

    /// Waits until the next batch may start. Never returns [`Signal::Pause`].
    pub(super) fn wait_before_batch(&self) -> Signal {
        let mut orders = self.wait(Orders::wait);
        orders.last_batch = Some(Instant::now());
        match orders.signal {
            Signal::Pause => {
                orders.steps -= 1;
                Signal::Run
            }
            other => other,
        }
    }

    /// Waits during a pause, until it ends or a batch is to follow. Never returns [`Signal::Pause`].
    pub(super) fn wait_while_paused(&self) -> Signal {
        let orders = self.wait(|orders| match orders.signal {
            Signal::Pause => orders.wait(),
            _ => Some(Duration::ZERO),
        });
        match orders.signal {
            Signal::Pause => Signal::Run,
            other => other,
        }
    }

    /// Waits as long as the orders say; `None` is until another order.
    fn wait(&self, time: impl Fn(&Orders) -> Option<Duration>) -> MutexGuard<'_, Orders> {
        #[cfg(test)]
        self.script.poll(self);
        let mut orders = self.lock();
        loop {
            let time = time(&orders);
            if time.is_some_and(|time| time.is_zero()) {
                return orders;
            }
            #[cfg(test)]
            self.script.wait();
            orders = if let Some(time) = time {
                let waiting = self.changed.wait_timeout(orders, time);
                waiting.unwrap_or_else(PoisonError::into_inner).0
            } else {
                let waiting = self.changed.wait(orders);
                waiting.unwrap_or_else(PoisonError::into_inner)
            };
        }
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
        self.order(|orders| {
            orders.signal = next(orders.signal);
            orders.steps = 0;
        });
    }

    fn order(&self, order: impl FnOnce(&mut Orders)) {
        order(&mut self.lock());
        self.changed.notify_all();
    }

    /// A panic of another thread leaves the orders valid.
    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
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

        pub(super) fn wait(&self) {
            if let Some(waits) = &self.waits {
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
    fn steps_count_in_a_pause_only() {
        let control = Control::default();
        control.step();
        control.pause();
        control.step();
        assert_eq!(control.wait_while_paused(), Signal::Run, "a batch follows");
        assert_eq!(control.wait_before_batch(), Signal::Run, "the batch");
        assert_eq!(control.lock().wait(), None, "the next one waits");
        control.step();
        control.resume();
        control.pause();
        assert_eq!(control.lock().wait(), None, "a step belongs to its pause");
    }

    #[test]
    fn slow_motion_holds_the_next_batch_only() {
        let control = Control::default();
        control.set_slow(true);
        assert_eq!(control.wait_before_batch(), Signal::Run, "the first batch");
        let wait = control.lock().wait();
        assert!(wait > Some(Duration::ZERO), "the next one waits: {wait:?}");
        assert!(
            wait <= Some(SLOW_BATCH),
            "not longer than a second: {wait:?}"
        );
        assert_eq!(
            control.wait_while_paused(),
            Signal::Run,
            "an evaluation does not wait"
        );
        control.stop();
        assert_eq!(
            control.wait_before_batch(),
            Signal::Stop,
            "a stop does not wait"
        );
        let control = Control::default();
        control.set_slow(true);
        control.wait_before_batch();
        control.set_slow(false);
        assert_eq!(control.lock().wait(), Some(Duration::ZERO), "full speed");
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
