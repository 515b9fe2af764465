//! The command line, run as a process.
#![cfg_attr(
    target_os = "linux",
    expect(clippy::print_stderr, reason = "a skipped test says so")
)]

mod eval;
mod explain;
mod faults;
#[cfg(unix)]
mod locks;
mod predict;
mod refusals;
#[cfg(unix)]
mod stop;
mod support;
mod train;
