use std::{fs, future, thread};

use tempfile::TempDir;

use super::{dialog::Choice, *};
use crate::{
    ink::{Point, Stroke},
    recognition::predict,
    worker::test_support::TestWaker,
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn shipped() -> Arc<Model> {
    Arc::new(Model::built_in().expect("the shipped model fits"))
}

fn seven() -> Ink {
    let points = [(0.25, 0.25), (0.75, 0.25), (0.5, 0.875)];
    let points = points.map(|(x, y)| Point::new(x, y));
    Stroke::new(points.to_vec()).into_iter().collect()
}

/// What comes of one task, with the whole path from the queue to the owner.
fn outcome_of(task: FileTask) -> FileOutcome {
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    files.submit(task);
    test_waker.wait_for(|| files.drain().pop())
}

#[test]
fn saved_weights_answer_as_before() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    let model = shipped();
    let save = FileTask::SaveWeights {
        path: path.clone(),
        model: Arc::clone(&model),
    };
    let saved = outcome_of(save);
    assert!(
        matches!(&saved, FileOutcome::WeightsSaved { path: to, .. } if *to == path),
        "{saved:?}"
    );
    let bitmap = ink::to_bitmap(&seven()).expect("there is ink");
    let before = predict(&model, &bitmap).expect("candle computes it");
    for load in [FileTask::LoadWeights, FileTask::OpenAny] {
        let loaded = outcome_of(load(path.clone()));
        let FileOutcome::WeightsLoaded { model, .. } = loaded else {
            panic!("another outcome: {loaded:?}");
        };
        let after = predict(&model, &bitmap).expect("candle computes it");
        assert_eq!(before, after, "to the last bit");
    }
}

#[test]
fn a_saved_drawing_opens_again() {
    let folder = folder();
    for name in ["a.jsonl", "A.JSON", "a.jsonl.gz"] {
        let path = folder.path().join(name);
        let ink = seven();
        let saved = outcome_of(FileTask::SaveDrawing {
            path: path.clone(),
            ink,
        });
        assert!(
            matches!(saved, FileOutcome::DrawingSaved { .. }),
            "{name}: {saved:?}"
        );
        for open in [FileTask::OpenDrawing, FileTask::OpenAny] {
            match outcome_of(open(path.clone())) {
                FileOutcome::InkOpened { ink, count: 1, .. } => {
                    assert_eq!(ink, seven(), "{name}: the same strokes");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_saved_picture_is_what_the_network_saw() {
    let folder = folder();
    let path = folder.path().join("a.png");
    let ink = seven();
    let saved = outcome_of(FileTask::SaveDrawing {
        path: path.clone(),
        ink,
    });
    assert!(
        matches!(saved, FileOutcome::DrawingSaved { .. }),
        "{saved:?}"
    );
    let seen = ink::to_bitmap(&seven()).expect("there is ink");
    match outcome_of(FileTask::OpenAny(path)) {
        FileOutcome::PictureOpened { bitmap, .. } => {
            assert_eq!(bitmap.to_bytes(), seen.to_bytes(), "to the last gray");
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
    };
    let dot: Ink = Stroke::new(vec![Point::new(0.5, 0.5)])
        .into_iter()
        .collect();
    let records = [seven(), dot.clone(), dot].map(record);
    file::write(&path, &records).expect("writes");
    match outcome_of(FileTask::OpenDrawing(path)) {
        FileOutcome::InkOpened { ink, count, .. } => {
            assert_eq!((ink, count), (seven(), 3), "the first of three");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_fails_says_so_in_a_whole_sentence() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("text.safetensors"), "hello").expect("writes");
    fs::write(at("text.jsonl"), "hello").expect("writes");
    fs::write(at("blank.jsonl"), "{\"strokes\": []}").expect("writes");
    fs::write(at("text.png"), "hello").expect("writes");
    fs::write(at("text"), "hello").expect("writes");
    let (model, ink) = (shipped(), seven());
    let save = |name: &str| FileTask::SaveWeights {
        path: at(name),
        model: Arc::clone(&model),
    };
    let draw = |name: &str| FileTask::SaveDrawing {
        path: at(name),
        ink: ink.clone(),
    };
    let cases = [
        (
            FileTask::LoadWeights(at("none.safetensors")),
            "check the path",
            "not there, with what the system says",
        ),
        (
            FileTask::LoadWeights(at("text.safetensors")),
            "a file that Digitpad saved",
            "no weights, with what to do",
        ),
        (
            FileTask::OpenAny(at("text.safetensors")),
            "read the weights",
            "by its name it should be weights",
        ),
        (FileTask::OpenDrawing(at("text.jsonl")), "line 1", "no ink"),
        (
            FileTask::OpenDrawing(at("blank.jsonl")),
            "no point",
            "ink without ink",
        ),
        (FileTask::OpenDrawing(at("text.png")), "PNG", "no picture"),
        (FileTask::OpenAny(at("text")), "PNG", "of no known kind"),
        (FileTask::OpenAny(at("none")), "none", "not there"),
        (
            FileTask::LoadWeights(at("")),
            "could not read",
            "a folder is no weights",
        ),
        (save("no/such/folder/a"), "could not write", "no folder"),
        (save(""), "could not write", "a folder is in the way"),
        (
            draw("no/such/folder/a.jsonl"),
            "could not write",
            "no folder",
        ),
        (draw("no/such/folder/a.png"), "could not write", "no folder"),
        (
            draw("a.doc"),
            ".jsonl",
            "another ending, with what it should be",
        ),
        (draw("a"), ".jsonl", "no ending"),
        (
            FileTask::SaveDrawing {
                path: at("a.jsonl"),
                ink: Ink::default(),
            },
            "no stroke",
            "a drawing of nothing",
        ),
    ];
    for (task, part, reason) in cases {
        match outcome_of(task) {
            FileOutcome::Failed(sentence) => {
                assert!(sentence.contains(part), "{reason}: {sentence}");
            }
            other => panic!("{reason}: {other:?}"),
        }
    }
    let count = fs::read_dir(folder.path()).expect("lists").count();
    assert_eq!(count, 5, "nothing was written");
}

#[cfg(unix)]
#[test]
fn what_could_wait_for_ever_is_not_read() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    let _socket = std::os::unix::net::UnixListener::bind(&path).expect("binds");
    for read in [
        FileTask::LoadWeights,
        FileTask::OpenDrawing,
        FileTask::OpenAny,
    ] {
        let outcome = outcome_of(read(path.clone()));
        let text = format!("{outcome:?}");
        assert!(text.contains("a pipe or a device"), "{text}");
    }
}

#[test]
fn a_folder_is_named() {
    let folder = folder();
    let outcome = outcome_of(FileTask::OpenAny(folder.path().to_path_buf()));
    assert!(
        matches!(&outcome, FileOutcome::FolderChosen(path) if path == folder.path()),
        "{outcome:?}"
    );
}

#[test]
fn what_was_to_be_saved_is_saved_although_the_handle_goes() {
    let folder = folder();
    let test_waker = TestWaker::shut();
    let files = FileTasks::new(test_waker.waker());
    let model = shipped();
    let path = |number| folder.path().join(format!("{number}.safetensors"));
    let count = 2 * FACTS_CAPACITY;
    for number in 0..count {
        let (path, model) = (path(number), Arc::clone(&model));
        files.submit(FileTask::SaveWeights { path, model });
    }
    test_waker.wait();
    // The thread stands in the waker after its first task, and most are still to be done.
    thread::scope(|scope| {
        scope.spawn(|| drop(files));
        test_waker.open_gate();
    });
    assert!(test_waker.has_no_worker(), "the threads ended");
    let is_there = |number: &usize| path(*number).is_file();
    assert_eq!((0..count).filter(is_there).count(), count, "all of them");
}

/// The dialog's part of the handle, with a choice that is not the system's.
fn open(files: &FileTasks, dialog: Dialog, choice: Choice) -> bool {
    files.dialogs.open_by(dialog, |_| choice)
}

#[test]
fn a_dialog_gives_one_outcome() {
    let folder = folder();
    let weights = folder.path().join("a.safetensors");
    shipped().save(&weights).expect("writes");
    let chosen = |path: &Path| -> Choice { Box::pin(future::ready(Some(path.to_path_buf()))) };
    let cases: [(Dialog, Choice, &str, &str); 6] = [
        (
            Dialog::LoadWeights,
            Box::pin(future::ready(None)),
            "Canceled",
            "no choice",
        ),
        (
            Dialog::LoadWeights,
            chosen(&weights),
            "WeightsLoaded",
            "a file",
        ),
        (
            Dialog::SaveWeights(shipped()),
            chosen(&folder.path().join("b")),
            "WeightsSaved",
            "a place",
        ),
        (
            Dialog::SaveDrawing(seven()),
            chosen(&folder.path().join("b.png")),
            "DrawingSaved",
            "a place",
        ),
        (
            Dialog::OpenDrawing,
            Box::pin(future::poll_fn(|_| panic!("no dialogs here"))),
            "no dialogs here",
            "a panic",
        ),
        (
            Dialog::ChooseFolder,
            chosen(folder.path()),
            "FolderChosen",
            "after all that",
        ),
    ];
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    for (dialog, choice, expected, reason) in cases {
        assert!(open(&files, dialog, choice), "{reason}: none is open");
        let outcome = test_waker.wait_for(|| files.drain().pop());
        let outcome = format!("{outcome:?}");
        assert!(outcome.contains(expected), "{reason}: {outcome}");
        assert_eq!(files.dialog_open_secs(), None, "{reason}: it is closed");
    }
}

#[test]
fn a_dialog_that_never_answers_holds_nobody_up() {
    let test_waker = TestWaker::new();
    let files = FileTasks::new(test_waker.waker());
    assert_eq!(files.dialog_open_secs(), None, "none was opened");
    let opened = open(&files, Dialog::LoadWeights, Box::pin(future::pending()));
    assert!(opened, "the first");
    assert!(files.dialog_open_secs().is_some(), "it is open");
    assert!(!files.open_dialog(Dialog::LoadWeights), "one at a time");
    let none = PathBuf::from("no such file");
    files.submit(FileTask::LoadWeights(none));
    test_waker.wait_for(|| files.drain().pop());
    drop(files);
    assert!(test_waker.has_no_worker(), "the threads ended");
}
