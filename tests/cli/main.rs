//! The command line, run as a process.

mod eval;
#[cfg(unix)]
mod interrupt;
mod locks;
mod predict;
mod refusals;
mod resume;
mod support;
mod surroundings;
mod train;
