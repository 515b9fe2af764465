use std::{fs, future, thread};

use tempfile::TempDir;

use super::{dialog::ChosenPath, *};
use crate::{
    bitmap::Digit,
    error::{InputError, IoError, ModelError},
    ink::{Point, Stroke, file::Label},
    recognition::{number::Reading, predict},
    worker::test_support::TestWaker,
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn built_in() -> Arc<Model> {
    Arc::new(Model::built_in().expect("the built-in model fits"))
}

#[test]
fn a_number_comes_back_where_it_was_and_that_of_another_program_is_large() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("a.jsonl");
    let digit = |x: f32, y: f32, side: f32| {
        let points = [(x, y), (x + 0.3 * side, y), (x, y + 0.8 * side)];
        Stroke::new(points.map(|(x, y)| Point::new(x, y)).to_vec()).expect("has points")
    };
    let opened = |ink: &Ink| {
        let record = InkRecord {
            ink: ink.clone(),
            ..InkRecord::default()
        };
        file::write(&path, &[record]).expect("writes");
        match open_drawing(path.clone()) {
            Ok(FileResult::Ink { ink, .. }) => ink,
            other => panic!("expected ink, found {other:?}"),
        }
    };
    let drawn: Ink = [0.2, 1.4, 2.5]
        .map(|x| digit(x, 0.1, 1.0))
        .into_iter()
        .collect();
    assert!(opened(&drawn).is_alike(&drawn), "on the pad for numbers");
    let small: Ink = [0.1, 0.5].map(|x| digit(x, 0.1, 0.5)).into_iter().collect();
    assert!(opened(&small).is_alike(&small), "on the square pad");
    // In pixels.
    let other: Ink = [100.0, 180.0, 260.0]
        .map(|x| digit(x, 50.0, 90.0))
        .into_iter()
        .collect();
    let placed = opened(&other);
    let bounds = placed.bounds().expect("there is ink");
    assert!(PadShape::Line.holds(&placed), "on the pad: {bounds:?}");
    let size = bounds.max - bounds.min;
    assert!(size.x > 2.0 || size.y > 0.7, "as large as it: {size:?}");
    let tall: Ink = [100.0, 120.0]
        .map(|x| digit(x, 50.0, 90.0))
        .into_iter()
        .collect();
    assert_eq!(PadShape::of(&opened(&tall)), PadShape::Square, "a digit");
}

fn seven() -> Ink {
    let points = [(0.25, 0.25), (0.75, 0.25), (0.5, 0.875)];
    let points = points.map(|(x, y)| Point::new(x, y));
    Stroke::new(points.to_vec()).into_iter().collect()
}

fn request(purpose: FilePurpose, content: Option<FileContent>) -> FileRequest {
    FileRequest {
        number: 7,
        purpose,
        content,
    }
}

fn read(purpose: FilePurpose, path: impl Into<PathBuf>) -> FileTask {
    FileTask::Requested {
        request: request(purpose, None),
        path: path.into(),
        replaces: false,
    }
}

fn save(purpose: FilePurpose, content: FileContent, path: impl Into<PathBuf>) -> FileTask {
    FileTask::Requested {
        request: request(purpose, Some(content)),
        path: path.into(),
        replaces: false,
    }
}

fn save_weights(path: impl Into<PathBuf>) -> FileTask {
    let content = FileContent::Weights(built_in());
    save(FilePurpose::SaveWeights, content, path)
}

fn save_ink(ink: Ink, path: impl Into<PathBuf>) -> FileTask {
    save(FilePurpose::SaveDrawing, FileContent::Drawing(ink), path)
}

fn dropped(path: impl Into<PathBuf>, is_evaluation: bool) -> FileTask {
    FileTask::Dropped {
        number: 7,
        path: path.into(),
        is_evaluation,
    }
}

/// The outcome of one request, through the queue and back to the owner.
fn outcome_of(task: FileTask) -> (FilePurpose, Result<FileResult, FileError>) {
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    files.submit(task);
    match test_waker.wait_for(|| files.drain().pop()) {
        FileOutcome::Requested { request, result } => {
            assert_eq!(request.number, 7, "the outcome carries the request");
            (request.purpose, result)
        }
        other => panic!("another outcome: {other:?}"),
    }
}

fn result_of(task: FileTask) -> Result<FileResult, FileError> {
    outcome_of(task).1
}

fn assert_saved(task: FileTask) {
    let result = result_of(task);
    assert!(matches!(result, Ok(FileResult::Saved(_))), "{result:?}");
}

#[test]
fn saved_weights_predict_as_before() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    assert_saved(save_weights(&path));
    let bitmap = ink::to_bitmap(&seven()).expect("there is ink");
    let before = predict(&built_in(), &bitmap).expect("candle computes it");
    for load in [
        read(FilePurpose::LoadWeights, &path),
        dropped(&path, false),
        dropped(&path, true),
    ] {
        let (purpose, result) = outcome_of(load);
        assert_eq!(purpose, FilePurpose::LoadWeights, "by its kind");
        let Ok(FileResult::Weights(_, model)) = result else {
            panic!("another result: {result:?}");
        };
        let after = predict(&model, &bitmap).expect("candle computes it");
        assert_eq!(before, after, "to the last bit");
    }
}

#[test]
fn weights_are_reopened_only_if_the_file_is_the_same() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    built_in().save(&path).expect("writes");
    let (file, _) = open_weights(&path).expect("they are weights");
    let reopened = || match FileTask::ReopenWeights(file.clone()).run(&mut DrawingLists::default())
    {
        FileOutcome::Reopened(result) => result,
        other => panic!("another outcome: {other:?}"),
    };
    let (same, _) = reopened().expect("nothing changed");
    assert_eq!(same, file, "the same file");
    built_in().save(&path).expect("writes");
    assert!(reopened().is_ok(), "the same bytes again");
    let mut other = Model::clone(&built_in());
    other.metadata.seed = Some(7);
    other.save(&path).expect("writes");
    let changed = reopened();
    assert!(
        matches!(&changed, Err(FileError::Input(InputError::Refused(refusal))) if refusal.found.contains("another content")),
        "{changed:?}"
    );
    fs::remove_file(&path).expect("it is there");
    let gone = reopened();
    assert!(
        matches!(&gone, Err(FileError::Model(ModelError::Input(InputError::Io(error)))) if error.is_not_found()),
        "{gone:?}"
    );
}

#[test]
fn two_models_read_the_corrections() {
    let folder = folder();
    let path = corrections::file_in(folder.path());
    let record = |digit: Option<usize>| InkRecord {
        label: Some(corrections::label_of(digit.map(|digit| Digit::ALL[digit]))),
        ink: seven(),
        ..InkRecord::default()
    };
    let records = [record(Some(7)), record(Some(7)), record(None)];
    file::write(&path, &records).expect("writes");
    let mut rejecting = Model::clone(&built_in());
    rejecting.metadata.calibration.reject_threshold = Some(1e5);
    let task = FileTask::CompareModels {
        path,
        run: 7,
        models: [rejecting.into(), built_in()],
    };
    let outcome = task.run(&mut DrawingLists::default());
    let FileOutcome::Compared {
        run: 7,
        result: Ok(found),
    } = outcome
    else {
        panic!("another outcome: {outcome:?}");
    };
    let expected = OnCorrections {
        correct: [1, 2],
        total: 3,
    };
    assert_eq!(found, expected, "the first takes all for non-digits");
}

#[test]
fn a_saved_drawing_opens_again() {
    let folder = folder();
    for name in ["a.jsonl", "A.JSON", "a.jsonl.gz"] {
        let path = folder.path().join(name);
        assert_saved(save_ink(seven(), &path));
        for open in [read(FilePurpose::OpenDrawing, &path), dropped(&path, false)] {
            match outcome_of(open) {
                (FilePurpose::OpenDrawing, Ok(FileResult::Ink { ink, count: 1, .. })) => {
                    assert_eq!(ink, seven(), "{name}: the same strokes");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_saved_picture_is_the_input_of_the_network() {
    let folder = folder();
    let path = folder.path().join("a.png");
    assert_saved(save_ink(seven(), &path));
    let expected = ink::to_bitmap(&seven()).expect("there is ink");
    match result_of(dropped(path, true)) {
        Ok(FileResult::Picture(_, bitmap, _)) => {
            assert_eq!(bitmap.to_bytes(), expected.to_bytes(), "every pixel");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_of_several_drawings_is_opened() {
    let folder = folder();
    let path = folder.path().join("a.jsonl");
    let record = |ink| InkRecord {
        label: None,
        writer: None,
        ink,
        ..InkRecord::default()
    };
    let dot: Ink = Stroke::new(vec![Point::new(0.5, 0.5)])
        .into_iter()
        .collect();
    let records = [seven(), dot.clone(), dot].map(record);
    file::write(&path, &records).expect("writes");
    match result_of(read(FilePurpose::OpenDrawing, path)) {
        Ok(FileResult::Ink { ink, count, .. }) => {
            assert_eq!((ink, count), (seven(), 3), "the first of three");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_existing_file_is_replaced_only_if_the_request_says_so() {
    let folder = folder();
    let path = folder.path().join("a.csv");
    let table = |replaces, text: &str| FileTask::Requested {
        request: request(
            FilePurpose::SaveConfusion,
            Some(FileContent::Table(text.to_owned())),
        ),
        path: path.clone(),
        replaces,
    };
    assert_saved(table(false, "new"));
    let result = result_of(table(false, "newer"));
    assert!(
        matches!(&result, Ok(FileResult::Exists(found)) if *found == path),
        "{result:?}"
    );
    let content = || fs::read_to_string(&path).expect("is there");
    assert_eq!(content(), "new", "nothing is written");
    assert_saved(table(true, "newer"));
    assert_eq!(content(), "newer", "now it is");
}

#[test]
fn failures_are_typed_and_write_nothing() {
    type IsExpected = fn(&FileError) -> bool;
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for (name, text) in [
        ("text.safetensors", "hello"),
        ("text.jsonl", "hello"),
        ("blank.jsonl", "{\"strokes\": []}"),
        ("text.png", "hello"),
        ("text", "hello"),
        ("text.toml", "epochs = 0"),
    ] {
        fs::write(at(name), text).expect("writes");
    }
    let attempted = |error: &FileError| match error {
        FileError::Input(InputError::Io(IoError { attempted, .. }))
        | FileError::Model(ModelError::Input(InputError::Io(IoError { attempted, .. }))) => {
            Some(*attempted)
        }
        _ => None,
    };
    let no_weights: IsExpected = |e| {
        matches!(
            e,
            FileError::Model(ModelError::Input(InputError::Refused(_)))
        )
    };
    let refused: IsExpected = |e| matches!(e, FileError::Input(InputError::Refused(_)));
    let load = FilePurpose::LoadWeights;
    let open = FilePurpose::OpenDrawing;
    let cases = [
        (
            read(load, at("text.safetensors")),
            no_weights,
            "not weights",
        ),
        (
            dropped(at("text.safetensors"), false),
            no_weights,
            "by name",
        ),
        (read(open, at("text.jsonl")), refused, "not ink"),
        (read(open, at("blank.jsonl")), refused, "ink without points"),
        (read(open, at("text.png")), refused, "not a picture"),
        (dropped(at("text"), false), refused, "unknown kind"),
        (dropped(at("text.toml"), true), refused, "out of range"),
        (save_ink(seven(), at("a.doc")), refused, "other extension"),
        (save_ink(seven(), at("a")), refused, "no extension"),
        (
            save_ink(Ink::default(), at("a.jsonl")),
            refused,
            "no stroke",
        ),
    ];
    for (task, is_expected, reason) in cases {
        match result_of(task) {
            Err(error) => assert!(is_expected(&error), "{reason}: {error:?}"),
            Ok(other) => panic!("{reason}: {other:?}"),
        }
    }
    let cases = [
        (read(load, at("none.safetensors")), "read", "missing"),
        (read(load, at("")), "read", "a folder"),
        (dropped(at("none"), false), "read", "missing"),
        (save_weights(at("no/such/folder/a")), "write", "no folder"),
        (save_weights(at("")), "write", "a folder is in the way"),
        (save_ink(seven(), at("no/a.jsonl")), "write", "no folder"),
        (save_ink(seven(), at("no/a.png")), "write", "no folder"),
    ];
    for (task, expected, reason) in cases {
        match result_of(task) {
            Err(error) => assert_eq!(attempted(&error), Some(expected), "{reason}: {error:?}"),
            Ok(other) => panic!("{reason}: {other:?}"),
        }
    }
    let count = fs::read_dir(folder.path()).expect("lists").count();
    assert_eq!(count, 6, "nothing was written");
}

#[cfg(unix)]
#[test]
fn devices_are_refused() {
    let folder = folder();
    for name in ["a.safetensors", "a"] {
        let path = folder.path().join(name);
        let _socket = std::os::unix::net::UnixListener::bind(&path).expect("binds");
        for task in [
            read(FilePurpose::LoadWeights, &path),
            read(FilePurpose::OpenDrawing, &path),
            dropped(&path, false),
        ] {
            match result_of(task) {
                Err(
                    FileError::Input(InputError::Refused(refusal))
                    | FileError::Model(ModelError::Input(InputError::Refused(refusal))),
                ) => {
                    assert_eq!(refusal.found, "a pipe or a device", "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_panic_is_a_failure_with_its_message_and_the_next_task_is_done() {
    let folder = folder();
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    // The encoder asserts that there are as many bytes as pixels.
    let image = Arc::new(CurvesImage {
        size: [10, 10],
        rgb: Vec::new(),
    });
    let content = FileContent::CurvesImage(image);
    files.submit(save(
        FilePurpose::SaveCurvesImage,
        content,
        folder.path().join("a.png"),
    ));
    match test_waker.wait_for(|| files.drain().pop()) {
        FileOutcome::Requested {
            result: Err(FileError::Panic(panic)),
            ..
        } => assert!(!panic.message.is_empty(), "its message"),
        other => panic!("a failure, not {other:?}"),
    }
    files.submit(save_ink(seven(), folder.path().join("a.jsonl")));
    let next = test_waker.wait_for(|| files.drain().pop());
    let is_saved = |outcome: &FileOutcome| {
        matches!(
            outcome,
            FileOutcome::Requested {
                result: Ok(FileResult::Saved(_)),
                ..
            }
        )
    };
    assert!(is_saved(&next), "the next task: {next:?}");
}

#[test]
fn other_workers_read_data_sets() {
    let folder = folder();
    let ink = folder.path().join("a.jsonl");
    file::write(&ink, &[]).expect("writes");
    let cases = [
        (folder.path(), false, FilePurpose::TrainingFolder),
        (folder.path(), true, FilePurpose::EvaluationFolder),
        (&ink, true, FilePurpose::EvaluationInk),
    ];
    for (path, is_evaluation, expected) in cases {
        let (purpose, result) = outcome_of(dropped(path, is_evaluation));
        assert_eq!(purpose, expected, "by kind and tab");
        assert!(
            matches!(&result, Ok(FileResult::Chosen(chosen)) if chosen == path),
            "{expected:?}: {result:?}"
        );
    }
}

#[test]
fn a_failed_load_names_its_run() {
    let folder = folder();
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    let path = folder.path().to_path_buf();
    files.submit(FileTask::Library(path, RunLibraryTask::Load(3)));
    let outcome = test_waker.wait_for(|| files.drain().pop());
    assert!(
        matches!(
            outcome,
            FileOutcome::Library {
                loads: Some(3),
                result: Err(_)
            }
        ),
        "{outcome:?}"
    );
}

#[test]
fn pending_writes_finish_after_the_handle_is_dropped() {
    let folder = folder();
    let test_waker = TestWaker::shut();
    let files = FileTasks::new(test_waker.waker());
    let path = |number| folder.path().join(format!("{number}.csv"));
    let count = 2 * FACTS_CAPACITY;
    for number in 0..count {
        let content = FileContent::Table(number.to_string());
        files.submit(save(FilePurpose::SaveCurves, content, path(number)));
    }
    test_waker.wait();
    // The thread waits in the waker after its first task, and most tasks are pending.
    thread::scope(|scope| {
        scope.spawn(|| drop(files));
        test_waker.open_gate();
    });
    assert!(test_waker.has_no_worker(), "the threads ended");
    let is_there = |number: &usize| path(*number).is_file();
    assert_eq!((0..count).filter(is_there).count(), count, "all of them");
}

/// Opens a dialog with a choice that is not the system's.
fn open(files: &FileTasks, request: FileRequest, choice: ChosenPath) -> bool {
    files.dialogs.open_with(request, || choice)
}

#[test]
fn a_dialog_has_one_outcome() {
    type IsExpected = fn(&Result<FileResult, FileError>) -> bool;
    let folder = folder();
    let weights = folder.path().join("a.safetensors");
    built_in().save(&weights).expect("writes");
    let chosen = |path: &Path| -> ChosenPath { Box::pin(future::ready(Some(path.to_path_buf()))) };
    let is_saved: IsExpected = |result| matches!(result, Ok(FileResult::Saved(_)));
    let load = || request(FilePurpose::LoadWeights, None);
    let content = FileContent::Weights(built_in());
    let save = request(FilePurpose::SaveWeights, Some(content));
    let cases: [(FileRequest, ChosenPath, IsExpected, &str); 6] = [
        (
            load(),
            Box::pin(future::ready(None)),
            |result| matches!(result, Ok(FileResult::Canceled)),
            "no choice",
        ),
        (
            load(),
            chosen(&weights),
            |result| matches!(result, Ok(FileResult::Weights(..))),
            "a file to read",
        ),
        (
            save.clone(),
            chosen(&folder.path().join("b")),
            is_saved,
            "a new file",
        ),
        (
            save,
            chosen(&folder.path().join("b")),
            is_saved,
            "the dialog has asked before it replaces a file",
        ),
        (
            request(FilePurpose::OpenDrawing, None),
            Box::pin(future::poll_fn(|_| panic!("no dialogs here"))),
            |result| matches!(result, Err(FileError::Panic(_))),
            "a panic",
        ),
        (
            request(FilePurpose::TrainingFolder, None),
            chosen(folder.path()),
            |result| matches!(result, Ok(FileResult::Chosen(_))),
            "the thread lives on",
        ),
    ];
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    for (request, choice, is_expected, reason) in cases {
        assert!(open(&files, request, choice), "{reason}: none is open");
        let outcome = test_waker.wait_for(|| files.drain().pop());
        let FileOutcome::Requested { result, .. } = outcome else {
            panic!("{reason}: {outcome:?}");
        };
        assert!(is_expected(&result), "{reason}: {result:?}");
        assert_eq!(files.dialog_open_secs(), None, "{reason}: it is closed");
    }
}

#[test]
fn an_open_dialog_blocks_nothing() {
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    assert_eq!(files.dialog_open_secs(), None, "none was opened");
    let load = || request(FilePurpose::LoadWeights, None);
    let opened = open(&files, load(), Box::pin(future::pending()));
    assert!(opened, "the first");
    assert!(files.dialog_open_secs().is_some(), "it is open");
    assert!(!files.open_dialog(load()), "one at a time");
    files.submit(read(FilePurpose::LoadWeights, "no such file"));
    test_waker.wait_for(|| files.drain().pop());
    drop(files);
    assert!(test_waker.has_no_worker(), "the threads ended");
}

type IsExpected = fn(&Reading) -> bool;

#[test]
fn the_lists_of_drawings_say_what_the_pad_says() {
    let folder = folder();
    let path = folder.path().join("drawings.jsonl");
    let stroke = |points: Vec<Point>| Stroke::new(points).expect("has points");
    let ring = (0..=32).map(|at| {
        let (sin, cos) = (at as f32 * std::f32::consts::TAU / 32.0).sin_cos();
        Point::new(0.5 + 0.42 * sin, 0.5 - 0.45 * cos)
    });
    let seven = [(0.35, 0.3), (0.65, 0.3), (0.45, 0.7)].map(|(x, y)| Point::new(x, y));
    let down = |x: f32| stroke(vec![Point::new(x, 0.2), Point::new(x, 0.8)]);
    let drawings: [(Ink, IsExpected, &str); 3] = [
        (
            [stroke(ring.collect()), stroke(seven.to_vec())]
                .into_iter()
                .collect(),
            |reading| matches!(reading, Reading::Single { prediction, .. } if !prediction.is_digit()),
            "a circled 7 is not a digit",
        ),
        (
            self::seven(),
            |reading| matches!(reading, Reading::Single { prediction, .. } if prediction.digit().value() == 7),
            "a 7",
        ),
        (
            [0.2, 1.2, 2.2].map(down).into_iter().collect(),
            |reading| matches!(reading, Reading::Number(number) if number.text() == "111"),
            "a number of the line",
        ),
    ];
    let records = drawings.iter().map(|(ink, ..)| InkRecord {
        ink: ink.clone(),
        label: Some(Label::Digit(Digit::ALL[7])),
        ..InkRecord::default()
    });
    let records: Vec<InkRecord> = records.collect();
    let model = built_in();
    let circled = records[0].bitmap().expect("there is ink");
    let alone = predict(&model, &circled).expect("finite");
    assert!(alone.is_digit(), "the network alone takes it for a 0");
    let mut lists = DrawingLists::default();
    let history = lists.read_history(&model, records.clone());
    let mut history = history.expect("finite");
    for (drawing, (_, is_expected, reason)) in history.iter().zip(&drawings) {
        assert!(
            is_expected(&drawing.reading),
            "{reason}: {:?}",
            drawing.reading
        );
    }
    // The characters are corrections too.
    history.truncate(2);
    file::write(&path, &records[..2]).expect("writes");
    let outcome = FileTask::ListCorrections(path, model).run(&mut lists);
    let FileOutcome::CorrectionsListed(Ok(corrections)) = outcome else {
        panic!("expected corrections, found {outcome:?}");
    };
    let readings = |list: &[RecognizedDrawing]| -> Vec<bool> {
        list.iter()
            .map(|drawing| drawing.digit().is_some())
            .collect()
    };
    assert_eq!(readings(&corrections), readings(&history), "the same");
    assert_eq!(
        readings(&corrections),
        [false, true],
        "a non-digit, a digit"
    );
}
