//! The command line, run as a process.

mod eval;
mod faults;
#[cfg(unix)]
mod locks;
mod predict;
mod refusals;
#[cfg(unix)]
mod stop;
mod support;
mod train;
