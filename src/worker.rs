//! Threads behind handles, for owners that must never wait: predictor, trainer, evaluator, explainer
//! and file tasks.
//!
//! A handle takes requests at once and returns results when asked. Its thread wakes the owner after
//! each result. Dropping a handle stops its thread, wakes it if it waits, and joins it. A panic in a
//! thread becomes a failure with its message.

pub mod evaluator;
pub mod explainer;
pub mod file_tasks;
mod mailbox;
pub mod predictor;
pub mod signals;
#[cfg(test)]
mod test_support;
pub mod trainer;

use std::{
    any::Any,
    fmt, io,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use thiserror::Error;

use crate::error::PanicError;

/// Wakes the owner of a worker: a worker's thread calls it after each result. It must return soon.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Wakers of a worker that reports often.
#[derive(Clone)]
pub struct Wakers {
    /// For progress, which the owner may show late.
    pub gauge: Waker,
    /// For events, which are rare and worth a look at once.
    pub fact: Waker,
}

impl fmt::Debug for Wakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakers").finish_non_exhaustive()
    }
}

/// How many events wait to be drained before a worker waits for its owner. An event is small, except
/// for the weights of a finished epoch.
const FACTS_CAPACITY: usize = 64;

/// The shortest time between two wake-ups for progress: batches are more frequent than frames.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(33);

/// The latest state of a worker, which its owner reads at any time.
#[derive(Clone)]
struct Gauge<T> {
    latest: Arc<Mutex<T>>,
    waker: Waker,
    last_wake: Option<Instant>,
}

impl<T> Gauge<T> {
    fn new(latest: Arc<Mutex<T>>, waker: Waker) -> Self {
        Self {
            latest,
            waker,
            last_wake: None,
        }
    }

    /// Changes the state, and wakes the owner unless that was a moment ago.
    fn change(&mut self, change: impl FnOnce(&mut T)) {
        change(&mut lock(&self.latest));
        let is_due = |wake: Instant| wake.elapsed() >= PROGRESS_INTERVAL;
        if self.last_wake.is_none_or(is_due) {
            self.last_wake = Some(Instant::now());
            (self.waker)();
        }
    }
}

/// Why a worker did not finish its work.
#[derive(Debug, Error)]
pub enum WorkerError<E: std::error::Error + 'static> {
    /// The work failed.
    #[error(transparent)]
    Work(E),
    /// The system did not start the thread.
    #[error("could not start a thread")]
    Thread(#[source] io::Error),
    /// The thread panicked.
    #[error(transparent)]
    Panic(PanicError),
}

/// A thread that is joined when its handle is dropped. The thread must have a reason to end by then.
struct JoinOnDrop(Option<thread::JoinHandle<()>>);

impl JoinOnDrop {
    fn spawn(
        name: &str,
        priority: WorkerPriority,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || {
            priority.apply();
            work();
        })?;
        Ok(Self(Some(thread)))
    }

    fn thread(&self) -> Option<&thread::Thread> {
        self.0.as_ref().map(thread::JoinHandle::thread)
    }
}

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let Some(Err(payload)) = self.0.take().map(thread::JoinHandle::join) {
            log::error!("a worker panicked: {}", panic_message(&*payload));
        }
    }
}

impl fmt::Debug for JoinOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinOnDrop").field(&self.thread()).finish()
    }
}

/// The thread priority of a worker.
#[derive(Clone, Copy, Debug)]
enum WorkerPriority {
    /// That of the window: the user waits for the result.
    Interactive,
    /// Below all others, which get three times as much of a busy processor. A training gets the rest.
    Background,
}

impl WorkerPriority {
    /// Sets the priority of the calling thread and of the threads that it starts.
    ///
    /// The scheduling policy is "batch": a worker does not preempt the thread that wakes it. Linux
    /// prefers preemption to a search for an idle core, and the window wakes the predictor in the
    /// middle of a frame.
    fn apply(self) {
        #[cfg(target_os = "linux")]
        if let Err(error) = self.apply_on_linux() {
            log::debug!("a worker has the window's priority: {error}");
        }
    }

    #[cfg(target_os = "linux")]
    fn apply_on_linux(self) -> Result<(), Box<dyn std::error::Error>> {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        };
        // Of 0..=99, the highest first. These are the niceness values 0, the default, and 5.
        let priority: u8 = match self {
            Self::Interactive => 48,
            Self::Background => 35,
        };
        thread_priority::set_thread_priority_and_policy(
            thread_priority::thread_native_id(),
            ThreadPriority::Crossplatform(ThreadPriorityValue::try_from(priority)?),
            ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch),
        )?;
        Ok(())
    }
}

/// Runs the work of a worker.
fn run_work<T, E: std::error::Error>(
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, WorkerError<E>> {
    match catch_panic(work) {
        Ok(result) => result.map_err(WorkerError::Work),
        Err(panic) => Err(WorkerError::Panic(panic)),
    }
}

/// Runs the work. A panic becomes an error.
pub(crate) fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, PanicError> {
    // Half-done work is dropped here or replaced as a whole by the caller.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| PanicError {
        message: panic_message(&*payload).to_owned(),
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Locks a mutex even after a panic: its content is only ever replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calling thread's niceness and policy: fields 19 and 41 of `proc_pid_stat(5)`.
    #[cfg(target_os = "linux")]
    fn niceness_and_policy() -> (i32, i32) {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux has it");
        let (_, after_name) = stat.rsplit_once(')').expect("a name");
        let field = |number: usize| {
            let text = after_name.split_whitespace().nth(number - 3);
            text.and_then(|text| text.parse().ok()).expect("a number")
        };
        (field(19), field(41))
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_worker_has_its_priority_and_preempts_no_waking_thread() {
        const SCHED_BATCH: i32 = 3;
        // Tests that are nice themselves cannot start a less nice worker.
        let (own, _) = niceness_and_policy();
        for (priority, niceness) in [
            (WorkerPriority::Interactive, 0),
            (WorkerPriority::Background, 5),
        ] {
            let worker = thread::spawn(move || {
                priority.apply();
                niceness_and_policy()
            });
            let (found, policy) = worker.join().expect("it ends");
            assert_eq!(policy, SCHED_BATCH, "{priority:?}");
            assert!(
                found == niceness || own > niceness,
                "{priority:?}: niceness {found}, expected {niceness}"
            );
        }
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let cases: [(fn(), &str); 3] = [
            (|| panic!("plain"), "plain"),
            (|| panic!("number {}", 3), "number 3"),
            (|| panic::panic_any(3), "a panic without a message"),
        ];
        for (work, message) in cases {
            let panic = catch_panic(work).expect_err("it panics");
            assert_eq!(panic.message, message, "the payload");
        }
        assert_eq!(catch_panic(|| 3), Ok(3), "a result passes");
    }
}
