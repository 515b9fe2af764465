//! Writes the man pages and the shell completions into a folder, for `scripts/package`:
//!
//! ```text
//! cargo run --example packaging_assets FOLDER
//! ```

use std::{env, fs, io, path::PathBuf};

use clap_complete::Shell;
use digitpad::cli;

fn main() -> io::Result<()> {
    let folder = env::args_os()
        .nth(1)
        .map_or_else(|| ".".into(), PathBuf::from);
    fs::create_dir_all(&folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut cli::command(), "digitpad", &folder)?;
    }
    clap_mangen::generate_to(cli::command(), &folder)
}
