//! The thread that times some steps of a training to come.

use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
};

use super::{JoinOnDrop, Waker, WorkerPriority, catch_panic};
use crate::{
    data::Dataset,
    error,
    model::device::DeviceChoice,
    training::{
        config::TrainingConfig,
        control::Control,
        rehearsal::{Rehearsal, rehearse},
    },
};

/// Images that the steps are timed with: more than the largest batch of a preset.
const IMAGES: usize = 2000;

/// What came of it, or the whole sentence why nothing did.
pub type Rehearsed = Result<Rehearsal, String>;

/// The handle of a rehearsal. Dropping it abandons it, and waits for the step at hand.
pub struct Rehearser {
    control: Arc<Control>,
    outcome: Receiver<Rehearsed>,
    thread: Option<JoinOnDrop>,
}

impl Rehearser {
    /// Starts to time steps of a training, on MNIST's test images: nothing is kept of what is learned.
    pub fn spawn(config: TrainingConfig, device: DeviceChoice, waker: Waker) -> Self {
        let control = Arc::new(Control::default());
        // There is one outcome, so that sending never waits.
        let (sender, outcome) = sync_channel(1);
        let unstarted = sender.clone();
        let spawned = JoinOnDrop::spawn("digitpad-rehearser", WorkerPriority::Background, {
            let control = Arc::clone(&control);
            move || {
                let timed = catch_panic(|| timed(&config, device, &control)).unwrap_or_else(Err);
                if let Some(rehearsed) = timed.transpose() {
                    // It fails only when the handle is gone, and then nobody wants to know.
                    let _ = sender.send(rehearsed);
                    waker();
                }
            }
        });
        if let Err(error) = &spawned {
            let _ = unstarted.send(Err(format!("could not start a thread: {error}")));
        }
        Self {
            control,
            outcome,
            thread: spawned.ok(),
        }
    }

    /// Ends it after the step at hand, which takes seconds for a very large network; nothing comes of it.
    pub fn abandon(&self) {
        self.control.abandon();
    }

    /// Whether its thread has ended, so that nobody waits who drops the handle.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinOnDrop::is_finished)
    }

    /// What came of it, once.
    pub fn take(&self) -> Option<Rehearsed> {
        self.outcome.try_recv().ok()
    }
}

impl Drop for Rehearser {
    /// Ends the thread, which is joined when the fields go.
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for Rehearser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearser")
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

fn timed(
    config: &TrainingConfig,
    device: DeviceChoice,
    control: &Control,
) -> Result<Option<Rehearsal>, String> {
    let images = Dataset::mnist_test().map_err(|error| error::chain(&error))?;
    let device = device.open_or_cpu().device;
    let rehearsal = rehearse(config, &images.take(IMAGES), &device, control);
    rehearsal.map_err(|error| error::chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        training::config::Preset,
        worker::test_support::{TestWaker, wait_until},
    };

    #[test]
    fn steps_are_timed_and_the_thread_ends_when_nobody_waits() {
        let test_waker = TestWaker::new();
        let spawn = |config| Rehearser::spawn(config, DeviceChoice::Cpu, test_waker.waker());
        let rehearser = spawn(Preset::Keras.config());
        let rehearsed = test_waker.wait_for(|| rehearser.take());
        assert!(rehearsed.is_ok_and(|costs| costs.learn_secs > 0.0), "timed");
        drop(rehearser);
        drop(spawn(Preset::Best.config()));
        let rehearser = spawn(Preset::Best.config());
        rehearser.abandon();
        wait_until(|| rehearser.is_finished());
        assert!(rehearser.take().is_none(), "nothing comes of it");
        let wild = TrainingConfig {
            batch_size: 0,
            ..Preset::Keras.config()
        };
        let rehearser = spawn(wild);
        let refused = test_waker.wait_for(|| rehearser.take());
        let text = refused.expect_err("a batch of nothing");
        assert!(text.contains("batch"), "{text}");
        drop(rehearser);
        assert!(test_waker.has_no_worker(), "all threads ended");
    }
}
