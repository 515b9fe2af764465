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

/// The time limit of a wait. It allows for a slow, busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// Without a prediction for this duration, the last one is that of the whole drawing.
const QUIET: Duration = Duration::from_millis(700);

/// The program. It ends on drop.
pub(crate) struct Program {
    process: Child,
    lines: Receiver<String>,
    /// The log so far, for the message of a failure.
    log: Vec<String>,
}

impl Program {
    /// The program with its own settings folder, without access to other displays and to the desktop's file
    /// dialogs.
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

    /// Starts the program on a display, in its own process group.
    pub(crate) fn start(display: &str, folder: &Path) -> Self {
        let mut command = Self::command(folder);
        command
            .env("DISPLAY", display)
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
            .env("WINIT_X11_SCALE_FACTOR", "1")
            .env("RUST_LOG", "digitpad=trace");
        command.stderr(Stdio::piped()).process_group(0);
        let mut process = command.spawn().expect("the program starts");
        let stderr = process.stderr.take().expect("its errors are a pipe");
        let (sender, lines) = mpsc::channel();
        // The thread ends when the program closes the pipe.
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

    /// Waits for the next line of the log with these words. Returns the rest of that line.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let rest = self.next_with(words, PATIENCE);
        rest.unwrap_or_else(|| panic!("no \"{words}\"; log:\n{}", self.said()))
    }

    /// Waits for a line of the log with these words, unless it was there already.
    pub(crate) fn wait_for_once(&mut self, words: &str) {
        if !self.log.iter().any(|line| line.contains(words)) {
            self.wait_for(words);
        }
    }

    /// Waits until the window shows what it received: one frame may be under way, and another in the log's pipe.
    pub(crate) fn wait_for_frames(&mut self) {
        self.log.extend(self.lines.try_iter());
        for _ in 0..3 {
            self.wait_for("frame drawn in");
        }
    }

    /// The predicted digit after the program has received all of the drawing.
    pub(crate) fn wait_for_digit(&mut self) -> u8 {
        let words = "prediction digit=";
        let mut last = self.wait_for(words);
        while let Some(rest) = self.next_with(words, QUIET) {
            last = rest;
        }
        let digit = last
            .split_whitespace()
            .next()
            .and_then(|digit| digit.parse().ok());
        digit.unwrap_or_else(|| panic!("a digit in \"{last}\""))
    }

    /// The rest of the next line with these words, if it comes in time.
    fn next_with(&mut self, words: &str, patience: Duration) -> Option<String> {
        let deadline = Instant::now() + patience;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(wait) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the program has ended; log:\n{}", self.said())
                }
            }
            let line = self.log.last().and_then(|line| line.split_once(words));
            if let Some((_, rest)) = line {
                return Some(rest.to_owned());
            }
        }
    }

    /// The log so far.
    pub(crate) fn said(&self) -> String {
        self.log.join("\n")
    }

    /// Ends the program as a crash does: it can do nothing about it.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it has ended");
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let kill = Command::new("kill").args([signal, &id]).status();
        assert!(kill.expect("kill starts").success(), "the signal is sent");
    }

    /// Whether the program still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.try_wait().expect("it can be asked").is_none()
    }

    /// Waits for the end of the program and of its child processes.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        wait_until("the program ends", || !self.runs());
        let group = self.process.id().to_string();
        wait_until("its child processes end", || !is_alive(&group));
        self.process.wait().expect("it has ended")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The program may have ended by itself, as expected.
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

/// Polls a condition until it holds.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "timeout: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
