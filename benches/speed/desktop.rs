//! The real window on a virtual display (Xvfb, software OpenGL): start-up time, and load at rest. Needs Linux and
//! Xvfb.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::figures::{self, Measured};

/// The measured time at rest.
const REST: Duration = Duration::from_secs(10);
/// Measured starts.
const STARTS: usize = 5;

pub(crate) fn run() {
    let Some(display) = Display::start() else {
        println!("\nNo Xvfb here: the real window was not measured.");
        return;
    };
    let mut starts = Measured::default();
    let mut rest = String::new();
    for start in 0..STARTS {
        let mut window = Window::start(&display.name);
        starts.push(window.wait_for_first_frame());
        if start == 0 {
            thread::sleep(Duration::from_secs(3));
            rest = window.rest();
        }
    }
    figures::table(
        "The real window (Xvfb, OpenGL in software)",
        &["what", "measured"],
    );
    figures::row(&[
        "from the start to the first frame shown",
        &starts.spread_secs(),
    ]);
    figures::row(&["at rest, data not unpacked", &rest]);
}

/// A process that ends on drop.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Display {
    name: String,
    _server: KillOnDrop,
}

impl Display {
    fn start() -> Option<Self> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let stdout = server.stdout.take()?;
        let server = KillOnDrop(server);
        let number = BufReader::new(stdout).lines().next()?.ok()?;
        Some(Self {
            name: format!(":{}", number.trim()),
            _server: server,
        })
    }
}

struct Window {
    program: KillOnDrop,
    started: Instant,
    log: std::io::Lines<BufReader<std::process::ChildStderr>>,
    _folder: tempfile::TempDir,
}

impl Window {
    fn start(display: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the settings");
        let started = Instant::now();
        let mut program = Command::new(env!("CARGO_BIN_EXE_digitpad"))
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env("DISPLAY", display)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("DIGITPAD_CONFIG_DIR", folder.path())
            .env("RUST_LOG", "digitpad=trace")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stderr = program.stderr.take().expect("its errors are a pipe");
        Self {
            program: KillOnDrop(program),
            started,
            log: BufReader::new(stderr).lines(),
            _folder: folder,
        }
    }

    /// The second frame starts when the first is on the screen.
    fn wait_for_first_frame(&mut self) -> Duration {
        let mut frames = 0;
        while frames < 2 {
            let line = self.log.next().expect("the window draws").expect("a line");
            frames += usize::from(line.contains("frame drawn"));
        }
        self.started.elapsed()
    }

    /// Processor time and memory at rest.
    fn rest(&mut self) -> String {
        let id = self.program.0.id();
        let ticks = || -> u64 {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("it runs");
            let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            let times = fields.split_whitespace().skip(11).take(2);
            times.filter_map(|field| field.parse::<u64>().ok()).sum()
        };
        let before = ticks();
        thread::sleep(REST);
        let spent = ticks() - before;
        let status = fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
        let resident = status.lines().find_map(|line| {
            let kib: f64 = line
                .strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()?;
            Some(kib / 1024.0)
        });
        format!(
            "{:.0} MB resident, {spent} ticks of the processor (of 10 ms) in {} s",
            resident.unwrap_or(f64::NAN) * 1.048_576,
            REST.as_secs()
        )
    }
}
