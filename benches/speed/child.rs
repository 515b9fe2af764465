//! Trainings in child processes: the number of threads is fixed at the start of a process.

use std::{
    env,
    process::{Command, Stdio},
    time::Instant,
};

use candle_core::Device;
use digitpad::{
    data::{Dataset, augment::Augmentation},
    model::{MlpConfig, parse_hidden},
    training::{
        Start, TrainingEvent,
        config::{Preset, TrainingConfig},
        control::Control,
        run,
    },
};

use crate::figures::Measured;

/// The argument of a child process.
pub(crate) const WORD: &str = "child";

/// A training to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    /// The widths, as in `--hidden`.
    pub(crate) hidden: &'static str,
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    /// Examples per epoch.
    pub(crate) examples: usize,
    pub(crate) augments: bool,
}

impl Task {
    /// The Keras preset, with this number of epochs per process.
    pub(crate) fn keras_preset(epochs: usize) -> Self {
        Self {
            hidden: "128",
            batch_size: 32,
            epochs,
            examples: 48_000,
            augments: false,
        }
    }

    fn config(self) -> TrainingConfig {
        let hidden = parse_hidden(self.hidden).expect("a constant");
        let keras = Preset::Keras.config();
        TrainingConfig {
            model: MlpConfig::new(hidden, keras.model.activation()).expect("a constant"),
            epochs: self.epochs,
            batch_size: self.batch_size,
            augmentation: if self.augments {
                Augmentation::HANDWRITING
            } else {
                Augmentation::default()
            },
            validation_split: 0.0,
            ..keras
        }
    }

    /// The operations of an epoch with dense images, in units of 10⁹: two per weight and pass. The first layer has two
    /// passes, the others three.
    pub(crate) fn dense_gflop(self) -> f64 {
        let widths = self.config().model.widths();
        let layers = widths.windows(2).enumerate();
        let of_layer =
            |(index, pair): (usize, &[usize])| (if index == 0 { 4 } else { 6 }) * pair[0] * pair[1];
        (layers.map(of_layer).sum::<usize>() * self.examples) as f64 / 1e9
    }

    /// Runs the training in a process with this number of threads. Returns the seconds of each epoch.
    pub(crate) fn run(self, threads: usize) -> Vec<f64> {
        let output = Command::new(env::current_exe().expect("it runs"))
            .args([WORD, self.hidden])
            .args(
                [
                    self.batch_size,
                    self.epochs,
                    self.examples,
                    usize::from(self.augments),
                ]
                .map(|n| n.to_string()),
            )
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stderr(Stdio::inherit())
            .output()
            .expect("a process can be started");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let epochs: Vec<f64> = said.lines().filter_map(|line| line.parse().ok()).collect();
        assert_eq!(epochs.len(), self.epochs, "an epoch a line: {said}");
        epochs
    }

    /// The first epochs of several processes, and all later epochs.
    pub(crate) fn measure(self, threads: usize, processes: usize) -> (Measured, Measured) {
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for _ in 0..processes {
            let epochs = self.run(threads);
            first.push(epochs[0]);
            later.extend(&epochs[1..]);
        }
        (first.into_iter().collect(), later.into_iter().collect())
    }
}

/// The child process: trains, and prints the seconds of each epoch.
pub(crate) fn serve(task: &[String]) {
    let [hidden, numbers @ ..] = task else {
        panic!("the arguments of a child process");
    };
    let numbers: Vec<usize> = numbers
        .iter()
        .filter_map(|number| number.parse().ok())
        .collect();
    let [batch_size, epochs, examples, augments] = numbers[..] else {
        panic!("the arguments of a child process");
    };
    let task = Task {
        hidden: hidden.clone().leak(),
        batch_size,
        epochs,
        examples,
        augments: augments == 1,
    };
    let mut dataset = Dataset::mnist().expect("it is built in");
    dataset.train = dataset.train.take(examples);
    dataset.test = dataset.test.take(0);
    let mut start = Instant::now();
    let mut on_event = |event| match event {
        TrainingEvent::Started(_) => start = Instant::now(),
        TrainingEvent::Resumed(_)
        | TrainingEvent::Batch(_)
        | TrainingEvent::LiveSnapshot { .. }
        | TrainingEvent::TestStarted { .. }
        | TrainingEvent::Checkpoint(_) => {}
        TrainingEvent::EpochFinished { .. } => {
            println!("{}", start.elapsed().as_secs_f64());
            start = Instant::now();
        }
    };
    run(
        &Start::Fresh(Box::new(task.config())),
        &dataset,
        &Device::Cpu,
        &Control::default(),
        &mut on_event,
    )
    .expect("it trains");
}
