//! 48 hours of use: memory, open files, threads and the lists of the window stay bounded.
//!
//! A process of its own, because the figures are those of the whole process.
#![expect(clippy::print_stdout, reason = "the test prints what it counted")]
#![cfg(target_os = "linux")]

use std::{
    alloc::System,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use digitpad::{
    app::{
        action::{Action, Effect},
        state::State,
    },
    bitmap::PIXELS,
    ink::Point,
    model::{Activation, MlpConfig, file::Model},
    store::{
        corrections, history, run_library,
        settings::{SavedForm, Settings},
    },
    training::config::TrainingConfig,
    worker::{
        Waker, Wakers,
        file_tasks::{FileTask, FileTasks},
        predictor::Predictor,
        trainer::{Trainer, TrainingJob},
    },
};

/// Counts what is in use. The memory that an allocator reserves beside it varies by 15 MB from run to run.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DRAWINGS: usize = 10_000;
const TRAININGS: usize = 200;
const LOADS: usize = 1000;
/// One access to the history in this many is made.
const HISTORY: usize = 50;
/// One drawing in this many becomes a correction.
const CORRECTED: usize = 200;

/// The window without its panels: its state and its workers.
struct Window {
    /// The accesses to the history so far.
    accesses: usize,
    /// File tasks without an outcome so far.
    pending: usize,
    state: State,
    predictor: Predictor,
    trainer: Option<Trainer>,
    files: FileTasks,
    folder: PathBuf,
    wake: Sender<()>,
    calls: Receiver<()>,
}

fn waker(wake: &Sender<()>) -> Waker {
    let wake = wake.clone();
    Arc::new(move || {
        // The receiver may be gone.
        let _ = wake.send(());
    })
}

impl Window {
    fn open(folder: &Path) -> Self {
        let config = TrainingConfig {
            model: MlpConfig::new(vec![4], Activation::Relu).expect("a small network"),
            epochs: 1,
            batch_size: 4,
            validation_split: 0.0,
            ..TrainingConfig::default()
        };
        let training = SavedForm {
            folder: folder.to_str().expect("it is text").to_owned(),
            from_folder: true,
            uses_corrections: false,
            config,
            ..SavedForm::default()
        };
        let settings = Settings {
            training,
            ..Settings::default()
        };
        let built_in = Model::built_in().expect("the built-in model fits");
        let state = State::new(settings, built_in, None);
        let (wake, calls) = channel();
        Self {
            predictor: Predictor::spawn(Arc::clone(state.models.in_use()), waker(&wake)),
            trainer: None,
            files: FileTasks::new(waker(&wake)),
            folder: folder.to_owned(),
            state,
            accesses: 0,
            pending: 0,
            wake,
            calls,
        }
    }

    fn act(&mut self, action: Action) {
        let effects = self.state.apply(action);
        self.run(effects);
    }

    fn run(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::UseModel(model) => self.predictor.set_model(model),
                Effect::Train {
                    run,
                    start,
                    data,
                    device,
                    ..
                } => {
                    let wakers = Wakers {
                        gauge: waker(&self.wake),
                        fact: waker(&self.wake),
                    };
                    let job = TrainingJob {
                        start,
                        data,
                        corrections: None,
                        device,
                    };
                    let checkpoint = self.folder.join("training.checkpoint");
                    self.trainer = Some(Trainer::spawn(run, job, Some(checkpoint), wakers));
                }
                Effect::File(task) => self.submit(task),
                Effect::Library(task) => {
                    let library = run_library::folder_in(&self.folder);
                    self.submit(FileTask::Library(library, task));
                }
                Effect::Corrections(task) => {
                    let path = corrections::file_in(&self.folder);
                    self.submit(FileTask::Corrections(path, Box::new(task)));
                }
                Effect::ListCorrections(model) => {
                    let path = corrections::file_in(&self.folder);
                    self.submit(FileTask::ListCorrections(path, model));
                }
                // Each access reads all drawings of the history anew.
                Effect::History(task, model) if self.accesses.is_multiple_of(HISTORY) => {
                    self.accesses += 1;
                    let path = history::file_in(&self.folder);
                    self.submit(FileTask::History(path, task, model));
                }
                Effect::History(..) => self.accesses += 1,
                other => panic!("not a part of this test: {other:?}"),
            }
        }
    }

    fn submit(&mut self, task: FileTask) {
        self.pending += 1;
        self.files.submit(task);
    }

    /// Passes the messages of the workers to the state.
    fn poll(&mut self) {
        if let Some(response) = self.predictor.take() {
            self.state.on_prediction(response);
        }
        let messages = self.trainer.as_ref().map(Trainer::drain);
        for message in messages.into_iter().flatten() {
            let effects = self.state.on_trainer_message(message);
            self.run(effects);
        }
        if self.state.training.state.active_run().is_none() {
            self.trainer = None;
        }
        for outcome in self.files.drain() {
            self.pending -= 1;
            let effects = self.state.on_file_outcome(outcome);
            self.run(effects);
        }
    }

    /// Waits for the workers until the state has changed.
    fn wait_until(&mut self, has_changed: impl Fn(&State) -> bool) {
        self.wait(|window| has_changed(&window.state));
    }

    fn wait(&mut self, is_done: impl Fn(&Self) -> bool) {
        self.poll();
        while !is_done(self) {
            self.calls.recv().expect("a worker wakes its owner");
            self.poll();
        }
    }

    /// What the process has while no worker has anything to do.
    fn usage(&mut self) -> Usage {
        self.wait(|window| window.pending == 0);
        Usage::now()
    }

    fn draw(&mut self, number: usize) {
        let x = 0.3 + 0.4 * (number % 97) as f32 / 97.0;
        self.act(Action::PenDown(Point::new(x, 0.2)));
        for step in 1..8 {
            self.act(Action::PenMoved(Point::new(x, 0.2 + 0.07 * step as f32)));
        }
        self.act(Action::PenUp);
        if let Some(Effect::Predict(request)) = self.state.take_prediction_request() {
            self.predictor.request(request);
        }
        self.wait_until(|state| state.pad.answer().is_some());
        if number.is_multiple_of(CORRECTED) {
            self.act(Action::SaveCorrection(None));
            self.wait_until(|state| state.correction().is_some());
        }
        self.act(Action::Clear);
        // A blank pad has an answer as well.
        if let Some(Effect::Predict(request)) = self.state.take_prediction_request() {
            self.predictor.request(request);
        }
        self.wait_until(|state| state.pad.answer().is_none());
    }

    fn train(&mut self) {
        let before = self.state.models.chosen().id;
        self.act(Action::Train);
        self.wait_until(|state| state.training.state.active_run().is_none());
        assert_ne!(
            self.state.models.chosen().id,
            before,
            "a new model is in use"
        );
        self.wait_until(|state| state.models.unsaved().next().is_none());
    }

    fn load(&mut self, number: usize) {
        let path = self.folder.join(format!("{number}.safetensors"));
        self.act(Action::DropFile(path.clone()));
        let name = path.file_name().expect("a file").to_string_lossy();
        self.wait_until(|state| state.models.chosen().name == name);
    }
}

/// What the process has of the system.
#[derive(Debug)]
struct Usage {
    /// Memory in use, without what the allocator reserves.
    allocated_mb: f64,
    open_files: usize,
    threads: usize,
}

impl Usage {
    fn now() -> Self {
        let count = |path| fs::read_dir(path).expect("Linux has it").count();
        let stats = ALLOCATOR.stats();
        Self {
            allocated_mb: (stats.bytes_allocated - stats.bytes_deallocated) as f64 / 1e6,
            open_files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }
}

/// A folder with a data set of 16 images, and weights to load.
fn folder_of_data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (part, count) in [("train", 16_u32), ("t10k", 4)] {
        let header = |numbers: &[u32]| -> Vec<u8> {
            numbers
                .iter()
                .flat_map(|number| number.to_be_bytes())
                .collect()
        };
        let mut images = header(&[0x803, count, 28, 28]);
        let mut labels = header(&[0x801, count]);
        for index in 0..count as u8 {
            images.extend([20 + 10 * index; PIXELS]);
            labels.push(index * 7 % 10);
        }
        for (kind, bytes) in [("images-idx3", images), ("labels-idx1", labels)] {
            let path = folder.path().join(format!("{part}-{kind}-ubyte"));
            fs::write(path, bytes).expect("writes");
        }
    }
    let built_in = Model::built_in().expect("the built-in model fits");
    let bytes = built_in.to_bytes().expect("fits in memory");
    for number in 0..50 {
        let path = folder.path().join(format!("{number}.safetensors"));
        fs::write(path, &bytes).expect("writes");
    }
    folder
}

#[test]
fn long_use_takes_no_more_than_short_use() {
    let folder = folder_of_data();
    let mut window = Window::open(folder.path());
    let use_window = |window: &mut Window, parts: usize| {
        for number in 0..DRAWINGS / parts {
            window.draw(number);
        }
        for _ in 0..TRAININGS / parts {
            window.train();
        }
        for number in 0..LOADS / parts {
            window.load(number % 50);
        }
    };
    // The lists of the window are full after a fifth.
    use_window(&mut window, 5);
    let before = window.usage();
    for _ in 1..5 {
        use_window(&mut window, 5);
    }
    let after = window.usage();
    println!("after a fifth: {before:?}; in the end: {after:?}");
    // Each leaked built-in model would take 1 MB, and each leaked drawing 1 kB: 800 and 8,000 of them more than this.
    let grown_mb = after.allocated_mb - before.allocated_mb;
    assert!(grown_mb < 0.5, "{before:?}, then {after:?}");
    assert_eq!(after.open_files, before.open_files, "open files");
    assert_eq!(after.threads, before.threads, "threads");
    let runs = window.state.runs.list().len();
    assert!(runs <= run_library::MAX_RUNS, "{runs} runs");
    let models = window.state.models.entries().len();
    assert!(models <= 33, "{models} models");
    let notices = window.state.notices.list().len();
    assert!(notices <= 50, "{notices} notices");
}
