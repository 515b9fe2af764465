//! What `cargo bench` measures: training, evaluation, prediction, the window's frames. It prints the
//! rows of the tables in benches/README.md.
//!
//! `cargo bench` runs all of it, `cargo bench -- train window` the groups that are named. What takes
//! another number of threads, or a process's whole life, runs in processes of their own, in turn.

#![expect(clippy::print_stdout, reason = "its results are what it prints")]

mod child;
mod desktop;
mod figures;
mod growth;
mod pen;
mod program;
mod train;
mod window;

use std::{env, process::Command, thread};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Each group with what measures it.
const GROUPS: [(&str, fn()); 5] = [
    ("train", train::run),
    ("pen", pen::run),
    ("window", window::run),
    ("program", program::run),
    ("desktop", desktop::run),
];

/// Says how many threads rayon may have, as the program says it to itself.
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

/// All of it in a process that is told how many threads there may be.
fn run_again() {
    let count = thread::available_parallelism().map_or(1, usize::from);
    let status = Command::new(env::current_exe().expect("it runs"))
        .args(env::args_os().skip(1))
        .env(THREADS, count.to_string())
        .status()
        .expect("a process can be started");
    assert!(status.success(), "{status}");
}
