//! The library of finished trainings in the user's data folder: for each its settings, history and figures
//! in one file, and its weights in another beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{self, IoError},
    files::{self, ReadError},
    model::file::Model,
    training::{EpochRecord, config::TrainingConfig},
};

/// The library's folder in the data folder.
const FOLDER_NAME: &str = "runs";
/// The longest history, of 10,000 epochs, takes half of it.
const LIMIT_BYTES: u64 = 8 << 20;
/// No more records are read: nobody but this program writes there, and it keeps fewer.
const MAX_RECORDS_READ: usize = 1000;

/// How many runs are kept. Beyond that the oldest goes that is not pinned.
pub const MAX_RUNS: usize = 30;
/// How many bytes they may take together; the newest and those that are pinned stay even so. The shipped
/// model's takes a hundredth of it.
pub const MAX_TOTAL_BYTES: u64 = 1_000_000_000;

/// What is known of a finished training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Names it: when it ended, in milliseconds since 1970.
    pub id: u64,
    /// The preset that its settings began with, or what lesson it was.
    pub preset: String,
    /// How it was trained.
    pub config: TrainingConfig,
    /// On what.
    pub dataset: String,
    /// Whether somebody stopped it before its end.
    pub is_stopped: bool,
    /// The finished epochs whose figures are numbers.
    pub history: Vec<EpochRecord>,
    /// The accuracy of the model on the validation examples, 0..=1.
    pub validation_accuracy: Option<f64>,
    /// Its accuracy on the test set, 0..=1.
    pub test_accuracy: Option<f64>,
    /// Whether it stays however many come.
    pub is_pinned: bool,
}

impl RunRecord {
    /// How long the finished epochs took together.
    pub fn secs(&self) -> f64 {
        self.history.iter().map(|record| record.elapsed_secs).sum()
    }
}

/// Something to be done in the library.
#[derive(Clone, Debug)]
pub enum RunLibraryTask {
    /// Read all records.
    List,
    /// Take a run in.
    Keep(Box<RunRecord>, std::sync::Arc<Model>),
    /// Write what is known of a run anew.
    Change(Box<RunRecord>),
    /// Read a run's weights.
    Load(u64),
    /// Throw a run away.
    Remove(u64),
}

/// What came of it.
#[derive(Debug)]
pub enum RunLibraryOutcome {
    /// The runs, the newest first, and a sentence for each file that is damaged and was passed over.
    Listed(Vec<RunRecord>, Vec<String>),
    /// The run is kept, and these had to make room.
    Kept(u64, Vec<u64>),
    /// What is known of a run is written.
    Changed,
    /// A run's weights.
    Loaded(u64, std::sync::Arc<Model>),
    /// The run is gone.
    Removed(u64),
}

/// The library in a data folder.
pub fn folder_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FOLDER_NAME)
}

/// Does a task in the library's folder, or says in a whole sentence why not.
pub(crate) fn done(folder: &Path, task: RunLibraryTask) -> Result<RunLibraryOutcome, String> {
    match task {
        RunLibraryTask::List => {
            let (runs, faults) = list(folder);
            Ok(RunLibraryOutcome::Listed(runs, faults))
        }
        RunLibraryTask::Keep(record, model) => {
            let kept = keep(folder, &record, &model);
            let removed = kept.map_err(|reason| format!("Could not keep the run: {reason}"))?;
            Ok(RunLibraryOutcome::Kept(record.id, removed))
        }
        RunLibraryTask::Change(record) => {
            write_record(folder, &record)?;
            Ok(RunLibraryOutcome::Changed)
        }
        RunLibraryTask::Load(id) => {
            let model = Model::load(&weights_path(folder, id));
            let model = model.map_err(|error| error::chain(&error))?;
            Ok(RunLibraryOutcome::Loaded(id, model.into()))
        }
        RunLibraryTask::Remove(id) => {
            remove(folder, id)?;
            Ok(RunLibraryOutcome::Removed(id))
        }
    }
}

fn record_path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn weights_path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.safetensors"))
}

/// All records that can be read, the newest first, and what is wrong with the others.
fn list(folder: &Path) -> (Vec<RunRecord>, Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        // There is none before the first run.
        return (Vec::new(), Vec::new());
    };
    let (mut runs, mut faults) = (Vec::new(), Vec::new());
    let paths = entries.flatten().map(|entry| entry.path());
    let is_record = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
    for path in paths.filter(is_record).take(MAX_RECORDS_READ) {
        match read_record(&path) {
            Ok(record) if record_path(folder, record.id) == path => runs.push(record),
            Ok(_) => faults.push(passed_over(
                &path,
                "it is named otherwise than the run in it",
            )),
            Err(reason) => faults.push(passed_over(&path, &reason)),
        }
    }
    runs.sort_by_key(|record| std::cmp::Reverse(record.id));
    (runs, faults)
}

fn passed_over(path: &Path, reason: &str) -> String {
    format!(
        "A former run is passed over: {} is damaged ({reason}); the file stays as it is.",
        path.display()
    )
}

fn read_record(path: &Path) -> Result<RunRecord, String> {
    let bytes = files::read_bounded(path, LIMIT_BYTES).map_err(|fault| match fault {
        ReadError::Io(error) => error.source.to_string(),
        ReadError::TooLarge(limit) => format!("it is larger than {limit} bytes"),
    })?;
    let record: RunRecord = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    record
        .config
        .validate()
        .map_err(|refusal| refusal.to_string())?;
    Ok(record)
}

/// Writes the weights first: a record is only there when they are.
fn keep(folder: &Path, record: &RunRecord, model: &Model) -> Result<Vec<u64>, String> {
    fs::create_dir_all(folder)
        .map_err(|source| error::chain(&IoError::new("make", folder, source)))?;
    let saved = model.save(&weights_path(folder, record.id));
    saved.map_err(|error| error::chain(&error))?;
    write_record(folder, record)?;
    make_room(folder, record.id, MAX_TOTAL_BYTES)
}

/// Removes the oldest runs beyond what the library may hold, but not those that are pinned, nor the newest.
fn make_room(folder: &Path, newest: u64, most_bytes: u64) -> Result<Vec<u64>, String> {
    let (runs, _) = list(folder);
    let size = |record: &RunRecord| {
        let paths = [
            record_path(folder, record.id),
            weights_path(folder, record.id),
        ];
        let sizes = paths.iter().filter_map(|path| fs::metadata(path).ok());
        sizes.map(|found| found.len()).sum::<u64>()
    };
    let mut bytes: u64 = runs.iter().map(size).sum();
    let mut removed = Vec::new();
    let oldest_first = runs.iter().rev();
    for other in oldest_first.filter(|other| !other.is_pinned && other.id != newest) {
        if runs.len() - removed.len() <= MAX_RUNS && bytes <= most_bytes {
            break;
        }
        bytes -= size(other);
        remove(folder, other.id)?;
        removed.push(other.id);
    }
    Ok(removed)
}

fn write_record(folder: &Path, record: &RunRecord) -> Result<(), String> {
    let text = serde_json::to_vec(record).map_err(|error| error.to_string())?;
    let path = record_path(folder, record.id);
    files::write_atomically(&path, &text).map_err(|error| error::chain(&error))
}

/// Removes the record first: weights alone are nothing.
fn remove(folder: &Path, id: u64) -> Result<(), String> {
    for path in [record_path(folder, id), weights_path(folder, id)] {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(error::chain(&IoError::new("remove", &path, source)));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: u64) -> RunRecord {
        RunRecord {
            id,
            preset: "keras".to_owned(),
            config: TrainingConfig::default(),
            dataset: "mnist".to_owned(),
            is_stopped: false,
            history: vec![EpochRecord {
                epoch: 1,
                loss: 0.25,
                accuracy: 0.9,
                validation_loss: Some(0.125),
                validation_accuracy: None,
                learning_rate: 0.001,
                elapsed_secs: 2.5,
            }],
            validation_accuracy: Some(0.95),
            test_accuracy: None,
            is_pinned: id == 2,
        }
    }

    fn shipped() -> Model {
        Model::built_in().expect("the shipped model fits")
    }

    fn ids(folder: &Path) -> Vec<u64> {
        list(folder).0.iter().map(|record| record.id).collect()
    }

    #[test]
    fn a_run_that_is_kept_comes_back_whole() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let library = folder_in(folder.path());
        assert_eq!(list(&library), (Vec::new(), Vec::new()), "nothing at first");
        let model = std::sync::Arc::new(shipped());
        let kept = done(&library, RunLibraryTask::Keep(Box::new(record(7)), model));
        assert!(
            matches!(kept, Ok(RunLibraryOutcome::Kept(7, ref gone)) if gone.is_empty()),
            "{kept:?}"
        );
        assert_eq!(list(&library), (vec![record(7)], Vec::new()), "its record");
        let loaded = done(&library, RunLibraryTask::Load(7));
        let Ok(RunLibraryOutcome::Loaded(7, model)) = loaded else {
            panic!("expected the model, found {loaded:?}");
        };
        assert_eq!(model.metadata, shipped().metadata, "its weights");
        done(&library, RunLibraryTask::Remove(7)).expect("it can be thrown away");
        let left = fs::read_dir(&library).expect("the folder is there").count();
        assert_eq!(left, 0, "nothing of it is left");
        let gone = done(&library, RunLibraryTask::Load(7));
        assert!(gone.is_err(), "and what is gone is said to be");
    }

    #[test]
    fn the_oldest_that_is_not_pinned_makes_room() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let library = folder.path();
        for id in 1..=MAX_RUNS as u64 {
            write_record(library, &record(id)).expect("writes");
        }
        let model = shipped();
        let next = MAX_RUNS as u64 + 1;
        assert_eq!(
            keep(library, &record(next), &model),
            Ok(vec![1]),
            "the oldest"
        );
        let removed = keep(library, &record(next + 1), &model);
        assert_eq!(removed, Ok(vec![3]), "the second is pinned");
        let kept = ids(library);
        assert_eq!(kept.len(), MAX_RUNS, "so many are left");
        assert_eq!(kept[0], next + 1, "the newest first");
    }

    #[test]
    fn large_models_make_room_for_larger_ones() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let library = folder.path();
        for id in 1..=5 {
            write_record(library, &record(id)).expect("writes");
            fs::write(weights_path(library, id), vec![0; 100_000]).expect("writes");
        }
        assert_eq!(make_room(library, 5, 600_000), Ok(vec![]), "they fit");
        assert_eq!(make_room(library, 5, 350_000), Ok(vec![1, 3]), "the oldest");
        assert_eq!(
            make_room(library, 5, 0),
            Ok(vec![4]),
            "neither the pinned one nor the newest"
        );
        assert_eq!(ids(library), [5, 2], "these are left");
        let left = fs::read_dir(library).expect("the folder is there").count();
        assert_eq!(left, 4, "with their weights, and no others");
    }

    #[test]
    fn what_is_damaged_is_passed_over_and_said() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        write_record(folder.path(), &record(1)).expect("writes");
        let whole = serde_json::to_string(&record(5)).expect("it is JSON");
        let cases = [
            ("2.json", &whole[..whole.len() / 2], "cut off"),
            ("3.json", "", "empty"),
            ("4.json", whole.as_str(), "of another run"),
            (
                "5.json",
                &whole.replace("\"epochs\":10", "\"epochs\":0"),
                "out of range",
            ),
        ];
        for (name, text, _) in cases {
            fs::write(folder.path().join(name), text).expect("writes");
        }
        fs::write(folder.path().join("notes.txt"), "of somebody").expect("writes");
        let (runs, faults) = list(folder.path());
        assert_eq!(runs, [record(1)], "the whole one is there");
        for (name, _, reason) in cases {
            let is_said = faults.iter().any(|fault| fault.contains(name));
            assert!(is_said, "{name}, {reason}: {faults:?}");
            assert!(folder.path().join(name).exists(), "{name} stays");
        }
        assert_eq!(faults.len(), cases.len(), "and nothing else is said");
    }
}
