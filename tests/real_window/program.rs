//! The program as a process, followed through its log.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes on a slow and busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// When nothing was heard for so long, nothing more comes.
const QUIET: Duration = Duration::from_millis(700);

/// The program, which ends with this.
pub(crate) struct Program {
    process: Child,
    lines: Receiver<String>,
    /// All that it said so far, for the message of a failure.
    log: Vec<String>,
}

impl Program {
    /// The program with a settings folder of its own, out of reach of any other display or of a
    /// desktop's file dialogs.
    pub(crate) fn command(folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_digitpad"));
        for variable in [
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "WAYLAND_SOCKET",
            "XDG_RUNTIME_DIR",
        ] {
            command.env_remove(variable);
        }
        command.env_remove("DBUS_SESSION_BUS_ADDRESS");
        command
            .env("DIGITPAD_CONFIG_DIR", folder)
            .env("DIGITPAD_DATA_DIR", folder.join("data"))
            .current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Starts it on a display, in a process group of its own.
    pub(crate) fn start(display: &str, folder: &Path) -> Self {
        let mut command = Self::command(folder);
        command
            .env("DISPLAY", display)
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
            .env("WINIT_X11_SCALE_FACTOR", "1")
            .env("RUST_LOG", "digitpad=debug");
        command.stderr(Stdio::piped()).process_group(0);
        let mut process = command.spawn().expect("the program starts");
        let stderr = process.stderr.take().expect("its errors are a pipe");
        let (sender, lines) = mpsc::channel();
        // It ends with the pipe, which the program closes when it ends.
        thread::spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            lines.map(|line| sender.send(line)).find(Result::is_err)
        });
        Self {
            process,
            lines,
            log: Vec::new(),
        }
    }

    /// The rest of the next line of the log with these words in it.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            let line = self.next_line(wait);
            let line = line.unwrap_or_else(|| panic!("no \"{words}\"; it said:\n{}", self.said()));
            if let Some((_, rest)) = line.split_once(words) {
                return rest.to_owned();
            }
        }
    }

    /// The digit that is read when the program has taken in all of the drawing.
    pub(crate) fn wait_for_digit(&mut self) -> u8 {
        let words = "prediction digit=";
        let mut last = self.wait_for(words);
        while let Some(line) = self.next_line(QUIET) {
            if let Some((_, rest)) = line.split_once(words) {
                rest.clone_into(&mut last);
            }
        }
        let digit = last
            .split_whitespace()
            .next()
            .and_then(|digit| digit.parse().ok());
        digit.unwrap_or_else(|| panic!("a digit in \"{last}\""))
    }

    fn next_line(&mut self, wait: Duration) -> Option<String> {
        match self.lines.recv_timeout(wait) {
            Ok(line) => {
                self.log.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the program has ended; it said:\n{}", self.said())
            }
        }
    }

    /// All that it said so far.
    pub(crate) fn said(&self) -> String {
        self.log.join("\n")
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.try_wait().expect("it can be asked").is_none()
    }

    /// How it ended, by itself and with all that it started.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        wait_until("the program ends", || !self.runs());
        let group = self.process.id().to_string();
        wait_until("nothing that it started is left", || !is_alive(&group));
        self.process.wait().expect("it has ended")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether any process belongs to a group.
fn is_alive(group: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("Linux shows its processes");
    let stats =
        processes.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    // After the name, which is in brackets: the state, the parent, the group.
    let mut groups = stats.filter_map(|stat| {
        Some(
            stat.rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(2)?
                .to_owned(),
        )
    });
    groups.any(|found| found == group)
}

/// Waits for something that can only be asked for again and again.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
