//! The signals that ask the program to end.

use std::thread;

/// Calls `handler` at each Ctrl-C, SIGTERM and SIGHUP, on a thread of its own. Returns whether it will: not where the
/// system refuses that thread, nor in a program that was started to outlive its terminal.
pub fn on_end_signal(handler: impl FnMut() + Send + 'static) -> bool {
    // Without the thread, a signal would have no effect at all.
    let starts_threads = thread::Builder::new().spawn(|| {}).is_ok();
    starts_threads && !ignores_hangup() && ctrlc::set_handler(handler).is_ok()
}

/// Whether the program was started to outlive its terminal, as by nohup. A handler would end it with the terminal.
fn ignores_hangup() -> bool {
    const SIGHUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & SIGHUP != 0)
}
