//! The benchmarks: training, evaluation, prediction, frames of the window. Prints the tables of benches/README.md.
//!
//! `cargo bench` runs all groups, `cargo bench -- train window` the named ones. Measurements with another number of
//! threads or of whole processes run in child processes, in alternation.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

mod child;
mod desktop;
mod figures;
mod growth;
mod pen;
mod program;
mod train;
mod why;
mod window;

use std::{env, process::Command, thread};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The groups and their functions.
const GROUPS: [(&str, fn()); 6] = [
    ("train", train::run),
    ("pen", pen::run),
    ("why", why::run),
    ("window", window::run),
    ("program", program::run),
    ("desktop", desktop::run),
];

/// Sets the number of threads of rayon, as in the program.
const THREADS: &str = "RAYON_NUM_THREADS";

fn main() {
    // Cargo adds options of its own, such as --bench.
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    if let Some((child::WORD, task)) = arguments
        .split_first()
        .map(|(word, task)| (&word[..], task))
    {
        return child::serve(task);
    }
    if env::var_os(THREADS).is_none() {
        return run_again();
    }
    println!("{}", figures::machine());
    for (name, run) in GROUPS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            run();
        }
    }
}

/// Runs the benchmarks in a process with a fixed number of threads.
fn run_again() {
    let count = thread::available_parallelism().map_or(1, usize::from);
    let status = Command::new(env::current_exe().expect("it runs"))
        .args(env::args_os().skip(1))
        .env(THREADS, count.to_string())
        .status()
        .expect("a process can be started");
    assert!(status.success(), "{status}");
}
