//! The library of finished trainings in the user's data folder: for each run a JSON record and a weight file.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    bitmap::CLASSES,
    error::{self, IoError, Refusal, StoreError},
    files::{self, limits::RUN_BYTES},
    model::file::Model,
    training::{
        BatchPoint, EpochRecord,
        config::{Preset, TrainingConfig},
    },
};

/// The library's folder in the data folder.
const FOLDER_NAME: &str = "runs";
/// The most records that are read. The program stores fewer.
const MAX_RECORDS_READ: usize = 1000;

/// The largest number of stored runs. A new run replaces the oldest one without a pin.
pub const MAX_RUNS: usize = 30;
/// The bytes of all stored runs, apart from the newest and the pinned ones. The built-in model takes a hundredth.
pub const MAX_TOTAL_BYTES: u64 = 1_000_000_000;

/// A finished training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Its identifier: when it ended, in milliseconds since 1970.
    pub id: u64,
    /// Its name: "Run 7", unless the user renames it.
    pub name: String,
    /// How it started.
    pub kind: RunKind,
    /// The run that trained the base model of a fine-tuning, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_run: Option<u64>,
    /// Its configuration.
    pub config: TrainingConfig,
    /// The name of its data set, if known.
    pub dataset: Option<String>,
    /// Whether the user stopped it.
    pub is_stopped: bool,
    /// The finished epochs with finite metrics.
    pub history: Vec<EpochRecord>,
    /// The metrics of its batches, as far as they are finite.
    #[serde(default)]
    pub batches: Vec<BatchPoint>,
    /// The epoch that ended with the model's weights; `None` within an epoch.
    pub epoch: Option<usize>,
    /// The accuracy on the validation examples, 0..=1.
    pub validation_accuracy: Option<f64>,
    /// The accuracy on the test set, 0..=1.
    pub test_accuracy: Option<f64>,
    /// Test images by true digit (row) and predicted digit (column).
    pub confusion: Option<[[usize; CLASSES]; CLASSES]>,
    /// Whether the run is never deleted for space.
    pub is_pinned: bool,
}

/// How a run started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// From random weights. Its settings began as this preset.
    Preset(Preset),
    /// From the base model that had this name.
    FineTuning(String),
}

impl RunKind {
    /// The preset that the settings began with.
    pub fn preset(&self) -> Option<Preset> {
        match self {
            Self::Preset(preset) => Some(*preset),
            Self::FineTuning(_) => None,
        }
    }
}

/// "keras", or "fine-tuning of" a base model.
impl fmt::Display for RunKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(preset) => write!(f, "{preset}"),
            Self::FineTuning(base) => write!(f, "fine-tuning of {base}"),
        }
    }
}

impl RunRecord {
    #[cfg(test)]
    pub(crate) fn example(id: u64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            kind: RunKind::Preset(Preset::Keras),
            base_run: None,
            config: TrainingConfig::default(),
            dataset: Some("mnist".to_owned()),
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
            batches: vec![BatchPoint {
                batch: 1,
                done: 1.0,
                loss: 0.5,
                accuracy: 0.75,
                learning_rate: 0.001,
            }],
            epoch: Some(1),
            validation_accuracy: Some(0.95),
            test_accuracy: None,
            confusion: None,
            is_pinned: false,
        }
    }

    /// The duration of the finished epochs.
    pub fn secs(&self) -> f64 {
        self.history.iter().map(|record| record.elapsed_secs).sum()
    }
}

/// A task in the library.
#[derive(Clone, Debug)]
pub enum RunLibraryTask {
    /// Read all records.
    List,
    /// Store a run.
    Save(Box<RunRecord>, Arc<Model>),
    /// Replace the record of a run.
    Update(Box<RunRecord>),
    /// Load the weights of a run.
    Load(u64),
    /// Delete a run.
    Delete(u64),
}

/// The result of a task.
#[derive(Debug)]
pub enum RunLibraryOutcome {
    /// The runs, newest first, and the errors of invalid files.
    Listed(Vec<RunRecord>, Vec<StoreError>),
    /// The run is stored. These runs were deleted for space.
    Saved(u64, Vec<u64>),
    /// The record is replaced.
    Updated,
    /// The weights of a run.
    Loaded(u64, Arc<Model>),
    /// The run is deleted.
    Deleted(u64),
}

/// The library in a data folder.
pub fn folder_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FOLDER_NAME)
}

/// Does a task in the library's folder.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn done(folder: &Path, task: RunLibraryTask) -> Result<RunLibraryOutcome, StoreError> {
    Ok(match task {
        RunLibraryTask::List => {
            let (runs, errors) = list(folder);
            RunLibraryOutcome::Listed(runs, errors)
        }
        RunLibraryTask::Save(record, model) => {
            RunLibraryOutcome::Saved(record.id, save(folder, &record, &model)?)
        }
        RunLibraryTask::Update(record) => {
            write_record(folder, &record)?;
            RunLibraryOutcome::Updated
        }
        RunLibraryTask::Load(id) => {
            let model = Model::load(&weights_path(folder, id))?;
            RunLibraryOutcome::Loaded(id, model.into())
        }
        RunLibraryTask::Delete(id) => {
            delete(folder, id)?;
            RunLibraryOutcome::Deleted(id)
        }
    })
}

fn record_path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn weights_path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.safetensors"))
}

/// All valid records, newest first, and the errors of the others.
fn list(folder: &Path) -> (Vec<RunRecord>, Vec<StoreError>) {
    let Ok(entries) = fs::read_dir(folder) else {
        // There is no folder before the first run.
        return (Vec::new(), Vec::new());
    };
    let (mut runs, mut errors) = (Vec::new(), Vec::new());
    let paths = entries.flatten().map(|entry| entry.path());
    let is_record = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
    for path in paths.filter(is_record).take(MAX_RECORDS_READ) {
        match read_record(folder, &path) {
            Ok(record) => runs.push(record),
            Err(error) => errors.push(error),
        }
    }
    runs.sort_by_key(|record| std::cmp::Reverse(record.id));
    (runs, errors)
}

fn read_record(folder: &Path, path: &Path) -> Result<RunRecord, StoreError> {
    let attempted = format!("read the run in {}", error::excerpt(path.display()));
    let bytes = files::read_bounded(path, RUN_BYTES, &attempted)?;
    let refused = |found: String| {
        let remedy = "delete the file, or leave it: the other runs are listed";
        Refusal::new(&attempted, found, "the record of a run", remedy)
    };
    let record: RunRecord = serde_json::from_slice(&bytes)
        .map_err(|error| refused(format!("invalid content ({error})")))?;
    record
        .config
        .validate()
        .map_err(|refusal| refused(format!("settings with {}", refusal.found)))?;
    if record_path(folder, record.id) != path {
        return Err(refused(format!("the run {}", record.id)).into());
    }
    Ok(record)
}

/// Writes the weights before the record: a listed run always has weights.
fn save(folder: &Path, record: &RunRecord, model: &Model) -> Result<Vec<u64>, StoreError> {
    fs::create_dir_all(folder).map_err(|source| IoError::new("make", folder, source))?;
    let saved = model
        .save(&weights_path(folder, record.id))
        .map_err(StoreError::from)
        .and_then(|()| write_record(folder, record));
    if saved.is_err() {
        // On a full disk, weights without a record would stay for ever.
        let _ = fs::remove_file(weights_path(folder, record.id));
    }
    saved?;
    delete_oldest(folder, record.id, MAX_TOTAL_BYTES)
}

/// Deletes the oldest runs beyond the limits, apart from the newest and the pinned ones.
fn delete_oldest(folder: &Path, newest: u64, max_bytes: u64) -> Result<Vec<u64>, StoreError> {
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
    let mut deleted = Vec::new();
    let oldest_first = runs.iter().rev();
    for other in oldest_first.filter(|other| !other.is_pinned && other.id != newest) {
        if runs.len() - deleted.len() <= MAX_RUNS && bytes <= max_bytes {
            break;
        }
        bytes -= size(other);
        delete(folder, other.id)?;
        deleted.push(other.id);
    }
    Ok(deleted)
}

fn write_record(folder: &Path, record: &RunRecord) -> Result<(), StoreError> {
    let path = record_path(folder, record.id);
    let text = serde_json::to_vec(record)
        .map_err(|error| IoError::new("write", &path, io::Error::from(error)))?;
    Ok(files::write_atomically(&path, &text)?)
}

/// Deletes the record before the weights: a listed run always has weights.
fn delete(folder: &Path, id: u64) -> Result<(), StoreError> {
    for path in [record_path(folder, id), weights_path(folder, id)] {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(IoError::new("delete", &path, source).into());
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
            is_pinned: id == 2,
            ..RunRecord::example(id, "Run 1")
        }
    }

    fn built_in() -> Model {
        Model::built_in().expect("the built-in model fits")
    }

    fn ids(folder: &Path) -> Vec<u64> {
        list(folder).0.iter().map(|record| record.id).collect()
    }

    #[test]
    fn a_stored_run_is_loaded_whole() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let library = folder_in(folder.path());
        assert!(ids(&library).is_empty(), "nothing at first");
        let model = Arc::new(built_in());
        let saved = done(&library, RunLibraryTask::Save(Box::new(record(7)), model));
        assert!(
            matches!(saved, Ok(RunLibraryOutcome::Saved(7, ref gone)) if gone.is_empty()),
            "{saved:?}"
        );
        assert_eq!(list(&library).0, [record(7)], "its record");
        let loaded = done(&library, RunLibraryTask::Load(7));
        let Ok(RunLibraryOutcome::Loaded(7, model)) = loaded else {
            panic!("expected the model, found {loaded:?}");
        };
        assert_eq!(model.metadata, built_in().metadata, "its weights");
        done(&library, RunLibraryTask::Delete(7)).expect("deletes");
        let left = fs::read_dir(&library).expect("the folder is there").count();
        assert_eq!(left, 0, "nothing of it is left");
        let gone = done(&library, RunLibraryTask::Load(7));
        assert!(gone.is_err(), "a deleted run has no model");
    }

    #[test]
    fn a_run_that_cannot_be_stored_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let library = folder.path();
        save(library, &record(1), &built_in()).expect("saves");
        // The weights can be written, but the record cannot.
        fs::create_dir(record_path(library, 7)).expect("a folder in its place");
        let error = save(library, &record(7), &built_in()).expect_err("no place");
        assert!(matches!(error, StoreError::Input(_)), "{error:?}");
        assert!(!weights_path(library, 7).exists(), "no weights are left");
        assert_eq!(list(library).0, [record(1)], "the other run is unchanged");
    }

    /// A test that runs itself with a limit on the size of files, which a full disk resembles.
    #[cfg(unix)]
    #[test]
    fn a_full_disk_leaves_the_runs_that_are_there() {
        const FOLDER: &str = "DIGITPAD_TEST_FULL_DISK";
        if let Some(library) = std::env::var_os(FOLDER) {
            let library = PathBuf::from(library);
            let error = save(&library, &record(7), &built_in()).expect_err("the disk is full");
            assert!(matches!(error, StoreError::Model(_)), "{error:?}");
            assert_eq!(list(&library).0, [record(1)], "the other run is unchanged");
            return;
        }
        let folder = tempfile::tempdir().expect("a folder for the test");
        save(folder.path(), &record(1), &built_in()).expect("saves");
        let files = || fs::read_dir(folder.path()).expect("lists").count();
        let before = files();
        let itself = std::env::current_exe().expect("a test is a program");
        // The limit is in blocks of 512 or 1,024 bytes. The weights take more than half a megabyte.
        let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact \"$1\"";
        let output = std::process::Command::new("sh")
            .args(["-c", script])
            .arg(itself)
            .arg("store::run_library::tests::a_full_disk_leaves_the_runs_that_are_there")
            .env(FOLDER, folder.path())
            .output()
            .expect("a shell starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("1 passed"), "the test runs itself: {said}");
        assert_eq!(files(), before, "no temporary file remains");
    }

    #[test]
    fn the_oldest_run_without_a_pin_is_deleted_first() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let library = folder.path();
        for id in 1..=MAX_RUNS as u64 {
            write_record(library, &record(id)).expect("writes");
        }
        let model = built_in();
        let next = MAX_RUNS as u64 + 1;
        let deleted = save(library, &record(next), &model).expect("saves");
        assert_eq!(deleted, [1], "the oldest");
        let deleted = save(library, &record(next + 1), &model).expect("saves");
        assert_eq!(deleted, [3], "the second is pinned");
        let left = ids(library);
        assert_eq!(left.len(), MAX_RUNS, "the largest number of runs");
        assert_eq!(left[0], next + 1, "the newest first");
    }

    #[test]
    fn models_are_deleted_above_the_limit_of_bytes() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let library = folder.path();
        for id in 1..=5 {
            write_record(library, &record(id)).expect("writes");
            fs::write(weights_path(library, id), vec![0; 100_000]).expect("writes");
        }
        let cases: [(u64, &[u64], &str); 3] = [
            (600_000, &[], "they fit"),
            (350_000, &[1, 3], "the oldest"),
            (0, &[4], "neither the pinned one nor the newest"),
        ];
        for (max_bytes, expected, reason) in cases {
            let deleted = delete_oldest(library, 5, max_bytes).expect("deletes");
            assert_eq!(deleted, expected, "{reason}");
        }
        assert_eq!(ids(library), [5, 2], "these are left");
        let left = fs::read_dir(library).expect("the folder is there").count();
        assert_eq!(left, 4, "with their weights, and no others");
    }

    #[test]
    fn invalid_records_are_skipped_and_reported() {
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
        fs::write(folder.path().join("notes.txt"), "a file of the user").expect("writes");
        #[cfg(unix)]
        files::make_pipe(&folder.path().join("6.json"));
        let (runs, errors) = list(folder.path());
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(runs, [record(1)], "the whole one is there");
        for (name, _, reason) in cases {
            let is_said = errors.iter().any(|error| error.contains(name));
            assert!(is_said, "{name}, {reason}: {errors:?}");
            assert!(folder.path().join(name).exists(), "{name} stays");
        }
        let pipes = usize::from(cfg!(unix));
        assert_eq!(
            errors.len(),
            cases.len() + pipes,
            "and a pipe blocks nothing"
        );
    }
}
