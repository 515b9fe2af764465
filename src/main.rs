//! The program: it picks window or command line, and turns how that ended into an exit code.

use std::{
    env,
    io::{self, Write as _},
    iter,
    path::PathBuf,
    process::ExitCode,
    sync::Mutex,
    thread,
};

use digitpad::{
    app::{self, WindowOptions},
    cli::{self, Invocation},
    error,
};

/// glibc gives memory back to the system between two steps of a training and fetches it anew, which
/// takes longer than the arithmetic.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The default log. Of a window that cannot open, the program's own line tells all.
const LOG_FILTER: &str = "warn,eframe::native::run=off,winit=error";

fn main() -> ExitCode {
    fix_thread_count();
    let filter = env_logger::Env::default().default_filter_or(LOG_FILTER);
    env_logger::Builder::from_env(filter).init();
    // Standard error is not locked: the progress bar and the log write to it as well.
    let mut err = io::stderr();
    let code = match cli::run(env::args_os(), &mut io::stdout(), &mut err) {
        Invocation::Window { weights } => window(weights),
        Invocation::Ended(code) => code,
    };
    ExitCode::from(code)
}

/// Sets the number of threads of rayon and candle. Otherwise candle reads that number from the system's files at every
/// product of matrices.
fn fix_thread_count() {
    const VARIABLE: &str = "RAYON_NUM_THREADS";
    /// More threads only wait for each other, unless there are as many cores.
    const MAX_THREADS: usize = 64;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let chosen = env::var(VARIABLE).ok().and_then(|count| count.parse().ok());
    let count = chosen.filter(|&count| count > 0).unwrap_or(cores);
    let count = count.min(cores.max(MAX_THREADS));
    // Those of rayon and of candle, one that writes files and one that waits for signals. A missing one is a panic of
    // candle.
    let count = if can_start(2 * count + 2) { count } else { 1 };
    #[expect(
        unsafe_code,
        reason = "no other thread runs yet that could read the environment"
    )]
    // SAFETY: this is the first thing that the program does. The threads of the trial have ended.
    unsafe {
        env::set_var(VARIABLE, count.to_string());
    }
}

/// Whether the system lets the program have this many threads at the same time.
fn can_start(count: usize) -> bool {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let _closed = gate.lock();
        let wait = || drop(gate.lock());
        let mut threads = iter::repeat_with(|| thread::Builder::new().spawn_scoped(scope, wait));
        threads.by_ref().take(count).all(|thread| thread.is_ok())
    })
}

/// Opens the window, and returns the exit code when it is closed.
fn window(weights: Option<PathBuf>) -> u8 {
    match app::run(WindowOptions { weights }) {
        Ok(()) => 0,
        Err(error) => {
            // If standard error is closed, there is no place to report it.
            let _ = writeln!(io::stderr(), "digitpad: {}", error::chain(&error));
            if error.is_user_error() { 2 } else { 1 }
        }
    }
}
