//! Pairs of IDX files and folders of four.

use std::{fs, path::Path};

use digitpad::{
    bitmap::PIXELS,
    data::{Dataset, read_idx_pair},
    error::InputError,
};
use tempfile::TempDir;

use crate::{gzip, images, labels, pixels};

/// The usual names of a data set's four files.
const USUAL: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Writes a data set of three examples to train on and two to test with under these names.
fn folder_of(names: [&str; 4]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let files = [
        images(&pixels(3)),
        labels(&[4, 0, 9]),
        images(&pixels(2)),
        labels(&[7, 7]),
    ];
    for (name, file) in names.into_iter().zip(files) {
        write(folder.path(), name, &file);
    }
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).expect("the temporary folder takes files");
}

#[test]
fn a_pair_that_does_not_belong_together_is_refused() {
    let table: [(usize, &[u8], &str, &str); 3] = [
        (2, &[1], "2 images and 1 labels", "a label short"),
        (1, &[1, 2], "1 images and 2 labels", "a label long"),
        (3, &[1, 9, 10], "label 10 at index 2", "EMNIST's letters"),
    ];
    let folder = TempDir::new().expect("a temporary folder can be made");
    for (count, digits, part, reason) in table {
        write(folder.path(), "some-images", &images(&pixels(count)));
        write(folder.path(), "some-labels", &labels(digits));
        let error = read_idx_pair(
            &folder.path().join("some-images"),
            &folder.path().join("some-labels"),
        )
        .expect_err(reason)
        .to_string();
        for part in [part, "some-images", "some-labels"] {
            assert!(error.contains(part), "{reason}: {error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_does_not_block() {
    let folder = folder_of(USUAL);
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo starts").success(), "makes a pipe");
    let labels = folder.path().join(USUAL[1]);
    for (images, labels) in [(&pipe, &labels), (&folder.path().join(USUAL[0]), &pipe)] {
        let error = read_idx_pair(images, labels).expect_err("nobody writes into it");
        assert!(matches!(error, InputError::Refused(_)), "{error:?}");
    }
}

#[test]
fn an_unreadable_file_is_named_with_the_systems_error() {
    let folder = folder_of(USUAL);
    let labels = folder.path().join(USUAL[1]);
    let table = [
        (folder.path().join("nowhere"), "is not there"),
        (folder.path().to_owned(), "is a folder"),
    ];
    for (images, reason) in table {
        let error = read_idx_pair(&images, &labels).expect_err(reason);
        let InputError::Io(error) = error else {
            panic!("{reason}: {error:?}");
        };
        assert_eq!(error.path, images, "{reason}");
        assert!(
            error.to_string().contains(&error.source.to_string()),
            "the system's words: {reason}"
        );
    }
    let table = [
        (folder.path().join("nowhere"), "is not there"),
        (labels, "is a file"),
    ];
    for (path, reason) in table {
        let error = Dataset::from_folder(&path).expect_err(reason);
        assert!(matches!(error, InputError::Io(_)), "{reason}: {error:?}");
    }
}

#[test]
fn a_folder_is_read_by_any_of_the_usual_names() {
    let table = [
        (USUAL, "as MNIST names them"),
        (
            [
                "train-images.idx3-ubyte",
                "train-labels.idx1-ubyte",
                "t10k-images.idx3-ubyte",
                "t10k-labels.idx1-ubyte",
            ],
            "with a dot",
        ),
        (
            USUAL.map(|name| match name {
                "t10k-labels-idx1-ubyte" => "t10k-labels-idx1-ubyte.gz",
                other => other,
            }),
            "unpacked, but the name ends in .gz",
        ),
    ];
    for (names, reason) in table {
        let folder = folder_of(names);
        let data = Dataset::from_folder(folder.path()).expect(reason);
        assert_eq!(data.train.images(), pixels(3), "{reason}");
        assert_eq!(data.train.labels(), [4, 0, 9], "{reason}");
        assert_eq!(data.test.images(), pixels(2), "{reason}");
        assert_eq!(data.test.labels(), [7, 7], "{reason}");
        let own_name = folder.path().file_name().expect("a folder has a name");
        assert_eq!(data.name, own_name.to_string_lossy(), "{reason}");
    }
}

#[test]
fn a_file_and_its_gzip_copy_count_once() {
    let folder = folder_of(USUAL);
    write(
        folder.path(),
        "t10k-labels-idx1-ubyte.gz",
        &gzip(&labels(&[1, 2])),
    );
    let read = || Dataset::from_folder(folder.path()).expect("four files are there");
    assert_eq!(read().test.labels(), [7, 7], "the unpacked one is read");

    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).expect("it was written above");
    assert_eq!(read().test.labels(), [1, 2], "now the packed one is");
}

#[test]
fn emnist_is_turned_upright() {
    let emnist = folder_of([
        "emnist-digits-train-images-idx3-ubyte",
        "emnist-digits-train-labels-idx1-ubyte",
        "emnist-digits-test-images-idx3-ubyte",
        "emnist-digits-test-labels-idx1-ubyte",
    ]);
    let upright = Dataset::from_folder(emnist.path()).expect("these names are known");
    let stored = pixels(3);
    for example in 0..3 {
        let stored = &stored[example * PIXELS..][..PIXELS];
        for row in 0..28 {
            for column in 0..28 {
                assert_eq!(
                    upright.train.image(example)[row * 28 + column],
                    stored[column * 28 + row],
                    "example {example}, row {row}, column {column}"
                );
            }
        }
    }
    assert_eq!(upright.train.labels(), [4, 0, 9], "labels stay in order");
}

#[test]
fn a_folder_without_exactly_the_four_is_refused() {
    let table = [
        (
            "",
            "no train-images-idx3-ubyte, no train-labels-idx1-ubyte, no t10k-images-idx3-ubyte, no t10k-labels-idx1-ubyte (the folder is empty)",
            "empty",
        ),
        (
            "train-images-idx3-ubyte t10k-images-idx3-ubyte train-labels-idx1-ubyte",
            "no t10k-labels-idx1-ubyte (the folder holds t10k-images-idx3-ubyte, train-images-idx3-ubyte, train-labels-idx1-ubyte)",
            "one is missing",
        ),
        (
            "train-images-idx3-ubyte t10k-images-idx3-ubyte train-labels-idx1-ubyte t10k-labels-idx1-ubyte/",
            "found no t10k-labels-idx1-ubyte (",
            "a folder of the right name is no file",
        ),
        (
            "train-images-idx3-ubyte train-images.idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte",
            "found train-images-idx3-ubyte beside train-images.idx3-ubyte (",
            "one is there twice",
        ),
        (
            "emnist-letters-train-images-idx3-ubyte",
            "EMNIST's emnist-digits-",
            "only the digits of EMNIST will do",
        ),
        (
            "a b c d e f g h i j k l m n",
            "(the folder holds a, b, c, d, e, f, g, h, i, j, k, l and 2 more)",
            "too many to list",
        ),
    ];
    for (names, part, reason) in table {
        let folder = TempDir::new().expect("a temporary folder can be made");
        for name in names.split_whitespace() {
            match name.strip_suffix('/') {
                Some(name) => fs::create_dir(folder.path().join(name)).expect("it is new"),
                None => write(folder.path(), name, b""),
            }
        }
        let error = Dataset::from_folder(folder.path())
            .expect_err(reason)
            .to_string();
        assert!(error.contains(part), "{reason}: {error}");
    }
}
