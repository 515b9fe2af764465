//! Threads that share the work of a step, and that stay from step to step.
//!
//! A step takes some tens of microseconds, and each of its phases must be over before the next one
//! begins. To hand work to a thread that sleeps takes as long as the work. So these threads look
//! out for the next work for a while before they sleep, and whoever is free takes the next part.
//!
//! Where the processor is busy with something else as well, a thread that is out of its turn in the
//! middle of a part holds all up. Then the caller works alone for a while, and the other programs,
//! our own window among them, have the other cores.

use std::{
    any::Any,
    fmt,
    panic::{self, AssertUnwindSafe},
    ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

/// The most parts that a work may have: the bits of the lower half of [`Shared::claims`].
pub(super) const MAX_PARTS: usize = 32;

/// How long a thread looks out before it sleeps: longer than from one step to the next, and nothing
/// beside the time of a training that is paused.
const LOOKOUT: Duration = Duration::from_micros(100);

/// How long the caller works alone after it was held up, in times that it was held up for: to try in
/// vain costs a thirtieth at most.
const ALONE: u32 = 32;

/// Some threads, the caller among them.
pub(super) struct ThreadPool {
    shared: Arc<Shared>,
    others: Vec<JoinHandle<()>>,
    /// Until when the caller works alone.
    alone_until: Option<Instant>,
}

struct Shared {
    /// In the upper half the number of the round, in the lower a bit for each part that is taken or
    /// not there. Taking a part compares both, so that nobody takes it in a round that is over.
    claims: AtomicU64,
    /// The round's [`Task`]: whoever has taken a part may read it until that is done.
    task: AtomicPtr<Task<'static>>,
    /// Parts that are not done yet.
    open: AtomicUsize,
    /// What the first thread that panicked in this round said.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// The threads that sleep, or are about to, until there is a round.
    asleep: Vec<AtomicBool>,
    /// The caller, once it sleeps until the round is done.
    caller: Mutex<Option<Thread>>,
    caller_sleeps: AtomicBool,
    ends: AtomicBool,
}

struct Task<'a> {
    work: &'a (dyn Fn(usize) + Sync),
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}

impl ThreadPool {
    /// So many threads, at least one and at most [`MAX_PARTS`]. Where the system gives fewer, the
    /// others do the work.
    pub(super) fn new(threads: usize) -> Self {
        let others = threads.clamp(1, MAX_PARTS) - 1;
        let shared = Arc::new(Shared {
            claims: AtomicU64::new(u64::from(u32::MAX)),
            task: AtomicPtr::new(ptr::null_mut()),
            open: AtomicUsize::new(0),
            panic: Mutex::new(None),
            asleep: (0..others).map(|_| AtomicBool::new(false)).collect(),
            caller: Mutex::new(None),
            caller_sleeps: AtomicBool::new(false),
            ends: AtomicBool::new(false),
        });
        let start = |index: usize| {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name(format!("training-team-{}", index + 1))
                .spawn(move || shared.serve(index, others + 1))
                .ok()
        };
        Self {
            others: (0..others).filter_map(start).collect(),
            shared,
            alone_until: None,
        }
    }

    /// How many there are.
    pub(super) fn threads(&self) -> usize {
        self.others.len() + 1
    }

    /// Does the work on each part, at most [`MAX_PARTS`] of them, and returns when all are done. Which
    /// thread does which part is open; as far as it can, each does the same ones each time.
    ///
    /// # Panics
    /// Where the work does, after the other parts are done.
    pub(super) fn share<P: Send>(&mut self, parts: &mut [P], work: impl Fn(&mut P) + Sync) {
        assert!(parts.len() <= MAX_PARTS, "a bit for each part");
        if self.others.is_empty() || parts.len() < 2 || self.is_alone() {
            return alone(parts, work);
        }
        let count = parts.len();
        let first = Parts(parts.as_mut_ptr());
        let on_part = move |index: usize| {
            debug_assert!(index < count, "a part that is there");
            #[expect(
                unsafe_code,
                reason = "each part goes to one thread, which a slice cannot say"
            )]
            // SAFETY: `index` is below the slice's length, and each index is taken once in a round,
            // so that this is the only reference to the part; `share` holds the slice until then.
            work(unsafe { &mut *first.at(index) });
        };
        self.round(count, &on_part);
    }

    /// Whether the caller is to work alone for now.
    fn is_alone(&mut self) -> bool {
        let until = self.alone_until.filter(|until| Instant::now() < *until);
        self.alone_until = until;
        until.is_some()
    }

    /// One round: calls `work` with each index below `count`, once.
    fn round(&mut self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let shared = &*self.shared;
        let task = Task { work };
        shared
            .task
            .store(ptr::from_ref(&task).cast_mut().cast(), Ordering::Relaxed);
        shared.open.store(count, Ordering::Relaxed);
        let round = (shared.claims.load(Ordering::Relaxed) >> 32).wrapping_add(1);
        let absent = !0_u32 << (count - 1) << 1;
        // Publishes the task, and comes before the look at who sleeps: see `Shared::sleep`.
        shared
            .claims
            .store(round << 32 | u64::from(absent), Ordering::SeqCst);
        for (asleep, other) in shared.asleep.iter().zip(&self.others) {
            if asleep.load(Ordering::SeqCst) {
                other.thread().unpark();
            }
        }
        let threads = self.others.len() + 1;
        let start = Instant::now();
        while let Some(index) = shared.claim(0, threads) {
            shared.do_part(index);
        }
        if shared.open.load(Ordering::SeqCst) > 0 {
            let worked = start.elapsed();
            shared.await_the_others();
            let waited = start.elapsed().saturating_sub(worked);
            if waited > LOOKOUT.max(worked) {
                self.alone_until = Some(Instant::now() + ALONE * waited);
            }
        }
        let panicked = shared.lock_panic().take();
        if let Some(payload) = panicked {
            panic::resume_unwind(payload);
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        for other in self.others.drain(..) {
            other.thread().unpark();
            // It catches the panics of what it is given, so it does not end by one.
            let _ = other.join();
        }
    }
}

impl Shared {
    /// What a thread of the team does until the team is dropped.
    fn serve(&self, index: usize, threads: usize) {
        while !self.ends.load(Ordering::SeqCst) {
            match self.claim(index + 1, threads) {
                Some(part) => self.do_part(part),
                None => self.sleep(index),
            }
        }
    }

    /// Takes a part of this round for one of the threads: of those that it has each time, or else of
    /// those of others; `None` when all are taken.
    fn claim(&self, thread: usize, threads: usize) -> Option<usize> {
        let mut claims = self.claims.load(Ordering::Acquire);
        loop {
            let free = !(claims as u32);
            if free == 0 {
                return None;
            }
            let is_correction = |part: &usize| free >> part & 1 == 1;
            let own = (thread..MAX_PARTS).step_by(threads).find(is_correction);
            let part = own.unwrap_or(free.trailing_zeros() as usize);
            match self.claims.compare_exchange_weak(
                claims,
                claims | 1 << part,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(part),
                Err(now) => claims = now,
            }
        }
    }

    /// Does a part that was claimed.
    fn do_part(&self, part: usize) {
        #[expect(
            unsafe_code,
            reason = "the task lives on the stack of the caller, who waits for this part"
        )]
        // SAFETY: the part was claimed in the round that the task was published for, and
        // `ThreadPool::round`, where the task lives, does not return before all its parts are done.
        let task = unsafe { &*self.task.load(Ordering::Relaxed) };
        let done = panic::catch_unwind(AssertUnwindSafe(|| (task.work)(part)));
        if let Err(payload) = done {
            self.lock_panic().get_or_insert(payload);
        }
        // From here on the task may be gone.
        if self.open.fetch_sub(1, Ordering::SeqCst) == 1
            && self.caller_sleeps.load(Ordering::SeqCst)
            && let Some(caller) = &*self.caller.lock().unwrap_or_else(PoisonError::into_inner)
        {
            caller.unpark();
        }
    }

    /// Looks out for a part to take; after a while sleeps until there may be one.
    fn sleep(&self, index: usize) {
        let is_something = || {
            self.claims.load(Ordering::SeqCst) as u32 != u32::MAX
                || self.ends.load(Ordering::SeqCst)
        };
        if look_out(is_something) {
            return;
        }
        // Either the caller sees this and wakes the thread, or the thread sees the new round.
        self.asleep[index].store(true, Ordering::SeqCst);
        while !is_something() {
            thread::park();
        }
        self.asleep[index].store(false, Ordering::SeqCst);
    }

    fn await_the_others(&self) {
        let is_done = || self.open.load(Ordering::SeqCst) == 0;
        if look_out(is_done) {
            return;
        }
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while !is_done() {
            thread::park();
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }

    fn lock_panic(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread does all parts, and panics where the work does, but after the other parts as well.
fn alone<P>(parts: &mut [P], work: impl Fn(&mut P)) {
    let mut panicked = None;
    for part in parts {
        let done = panic::catch_unwind(AssertUnwindSafe(|| work(part)));
        panicked = panicked.or(done.err());
    }
    if let Some(payload) = panicked {
        panic::resume_unwind(payload);
    }
}

/// Waits for something that is to come soon; says whether it came.
fn look_out(has_come: impl Fn() -> bool) -> bool {
    const SPINS_PER_CLOCK_READ: usize = 32;
    let mut start = None;
    loop {
        for _ in 0..SPINS_PER_CLOCK_READ {
            if has_come() {
                return true;
            }
            std::hint::spin_loop();
        }
        if start.get_or_insert_with(Instant::now).elapsed() > LOOKOUT {
            return false;
        }
    }
}

/// The first of the parts, for every thread to find its own.
struct Parts<P>(*mut P);

impl<P> Parts<P> {
    /// Where the part is. A method, so that a closure holds the whole and not its pointer alone.
    fn at(&self, index: usize) -> *mut P {
        self.0.wrapping_add(index)
    }
}

#[expect(unsafe_code, reason = "a pointer says nothing about threads")]
// SAFETY: each part goes to one thread at a time, and may, being `Send`.
unsafe impl<P: Send> Sync for Parts<P> {}

#[cfg(test)]
mod tests;
