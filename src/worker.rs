//! Threads behind handles, for whoever must never wait: a predictor, a trainer, a evaluator, a
//! rehearser, file tasks.
//!
//! A handle takes requests at once and gives results when asked; the thread behind it wakes the owner
//! whenever there is something new. Dropping a handle stops its thread, wakes it if it waits, and
//! joins it. A panic in a thread becomes a failure with its message.

pub mod evaluator;
pub mod file_tasks;
pub mod predictor;
pub mod trainer;

mod block_on;
mod file_kind;
#[cfg(test)]
mod test_support;

use std::{
    any::Any,
    fmt, io,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Called from a worker's thread after anything new is there to be taken. It must return soon.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// What wakes the owner of a worker that tells much.
#[derive(Clone)]
pub struct Wakers {
    /// For how far it is, and for what comes as often: the owner may take its time.
    pub gauge: Waker,
    /// For all else, which is seldom and worth a look at once.
    pub fact: Waker,
}

impl fmt::Debug for Wakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakers").finish_non_exhaustive()
    }
}

/// How many facts wait to be drained before a worker waits for its owner. A fact is small, but for
/// the weights that a finished epoch comes with.
const FACTS_CAPACITY: usize = 64;

/// A thread that is joined when its handle goes. Whatever tells it to end must go or happen before.
struct JoinOnDrop(Option<thread::JoinHandle<()>>);

impl JoinOnDrop {
    fn spawn(
        name: &str,
        rank: WorkerPriority,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || {
            rank.take();
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
            log::error!("a worker ended by a panic: {}", panic_message(&*payload));
        }
    }
}

impl fmt::Debug for JoinOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinOnDrop").field(&self.thread()).finish()
    }
}

/// Which workers go first that want the processor.
#[derive(Clone, Copy, Debug)]
enum WorkerPriority {
    /// As soon as any other thread: it is waited for.
    Interactive,
    /// Behind all others, which get three times as much where there is not enough for both: a training takes all
    /// that is left over.
    Background,
}

impl WorkerPriority {
    /// Gives the calling thread this rank, and the threads that it starts.
    ///
    /// No worker takes a core from the thread that wakes it. Linux would rather have that wait than look for
    /// an idle core, and the window wakes the predictor in the middle of a frame.
    fn take(self) {
        #[cfg(target_os = "linux")]
        if let Err(error) = self.take_on_linux() {
            log::debug!("a worker keeps the window's rank: {error}");
        }
    }

    #[cfg(target_os = "linux")]
    fn take_on_linux(self) -> Result<(), Box<dyn std::error::Error>> {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        };
        // Of 0..=99, most of all first; as nicenesses they are 0, which every thread begins with, and 5.
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

/// Does the work; a panic in it becomes a sentence with its message.
fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What the work may have left half done is dropped with it or replaced whole by the caller.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = panic_message(&*payload);
        format!("a defect of the program ended this ({message}); please report what led to it")
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Locks what is whole whatever happened to the thread that held it: it is only ever replaced.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calling thread's niceness and its policy: the 19th and the 41st of `proc_pid_stat(5)`.
    #[cfg(target_os = "linux")]
    fn niceness_and_policy() -> (i32, i32) {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux tells it");
        let (_, after_name) = stat.rsplit_once(')').expect("a name");
        let field = |number: usize| {
            let text = after_name.split_whitespace().nth(number - 3);
            text.and_then(|text| text.parse().ok()).expect("a number")
        };
        (field(19), field(41))
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_worker_has_its_rank_and_takes_no_core_from_who_wakes_it() {
        const SCHED_BATCH: i32 = 3;
        // Where the tests themselves are nice already, a worker may not be less so.
        let (own, _) = niceness_and_policy();
        for (rank, niceness) in [
            (WorkerPriority::Interactive, 0),
            (WorkerPriority::Background, 5),
        ] {
            let worker = thread::spawn(move || {
                rank.take();
                niceness_and_policy()
            });
            let (found, policy) = worker.join().expect("it ends");
            assert_eq!(policy, SCHED_BATCH, "{rank:?}");
            assert!(
                found == niceness || own > niceness,
                "{rank:?}: niceness {found}, not {niceness}"
            );
        }
    }

    #[test]
    fn a_panic_becomes_a_sentence_with_its_message() {
        let cases: [(fn(), &str, &str); 3] = [
            (|| panic!("plain"), "(plain)", "a literal"),
            (|| panic!("number {}", 3), "(number 3)", "a formatted text"),
            (|| panic::panic_any(3), "without a message", "anything else"),
        ];
        for (work, part, reason) in cases {
            let sentence = catch_panic(work).expect_err("it panics");
            assert!(sentence.contains(part), "{reason}: {sentence}");
        }
        assert_eq!(catch_panic(|| 3), Ok(3), "and what is done is given");
    }
}
