//! Datasets on disk: pairs of IDX files, and folders of two pairs.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{
    Dataset, Examples,
    idx::{self, unreadable},
};
use crate::{
    bitmap::{PIXELS, SIDE},
    error::{InputError, Refusal, excerpt},
    files,
};

/// The number of a folder's files that an error lists.
const MAX_LISTED: usize = 12;

/// The known names of one file of a dataset without `.gz`, the most common first.
struct Names([&'static str; 3]);

const TRAIN_IMAGES: Names = Names([
    "train-images-idx3-ubyte",
    "train-images.idx3-ubyte",
    "emnist-digits-train-images-idx3-ubyte",
]);
const TRAIN_LABELS: Names = Names([
    "train-labels-idx1-ubyte",
    "train-labels.idx1-ubyte",
    "emnist-digits-train-labels-idx1-ubyte",
]);
const TEST_IMAGES: Names = Names([
    "t10k-images-idx3-ubyte",
    "t10k-images.idx3-ubyte",
    "emnist-digits-test-images-idx3-ubyte",
]);
const TEST_LABELS: Names = Names([
    "t10k-labels-idx1-ubyte",
    "t10k-labels.idx1-ubyte",
    "emnist-digits-test-labels-idx1-ubyte",
]);

impl Names {
    /// The paths of this file in `folder`, one for each of its names.
    fn within(&self, folder: &Path) -> Vec<PathBuf> {
        let present = |name: &str| {
            [folder.join(name), folder.join(format!("{name}.gz"))]
                .into_iter()
                .find(|path| path.is_file())
        };
        self.0.into_iter().filter_map(present).collect()
    }
}

/// Reads a file of images and the file of their labels, each gzip-compressed or not.
///
/// EMNIST stores its images transposed. Transposes them back if the image file's name starts with `emnist-`.
///
/// # Errors
/// If a file is unreadable or not a valid [`idx`] file, if the numbers of images and labels differ, or if a label is
/// above 9.
pub fn read_idx_pair(images: &Path, labels: &Path) -> Result<Examples, InputError> {
    let mut pixels = idx::read_images(open(images)?, images)?;
    let digits = idx::read_labels(open(labels)?, labels)?;
    let from_emnist = images
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"emnist-"));
    if from_emnist {
        transpose(&mut pixels);
    }
    Examples::checked(pixels, digits, || {
        format!(
            "pair the images in {} with the labels in {}",
            excerpt(images.display()),
            excerpt(labels.display())
        )
    })
}

impl Dataset {
    /// Reads a folder with MNIST's four files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, as Fashion-MNIST and KMNIST have them. A name may have
    /// `.idx` for `-idx`, and `.gz` at its end; of both versions of a file, the one without `.gz` is read. Reads
    /// EMNIST's `emnist-digits-train-…` and `emnist-digits-test-…` as well, and transposes them as
    /// [`read_idx_pair`] does.
    ///
    /// # Errors
    /// If a file is missing, exists under several names, is unreadable, or is not a valid [`idx`] file; if the numbers
    /// of images and labels differ; if a label is above 9.
    pub fn from_folder(folder: &Path) -> Result<Self, InputError> {
        let wanted = [&TRAIN_IMAGES, &TRAIN_LABELS, &TEST_IMAGES, &TEST_LABELS];
        let [train_images, train_labels, test_images, test_labels] = find(folder, wanted)?;
        Ok(Self::new(
            name_of(folder),
            read_idx_pair(&train_images, &train_labels)?,
            read_idx_pair(&test_images, &test_labels)?,
        ))
    }

    /// Reads only the test examples of such a folder, and its name. The training files may be missing.
    ///
    /// # Errors
    /// As [`Dataset::from_folder`].
    pub fn test_of_folder(folder: &Path) -> Result<(String, Examples), InputError> {
        let [images, labels] = find(folder, [&TEST_IMAGES, &TEST_LABELS])?;
        Ok((name_of(folder), read_idx_pair(&images, &labels)?))
    }
}

/// The data set's files that are in `folder`.
pub(super) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let all = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    all.iter().flat_map(|names| names.within(folder)).collect()
}

/// The path of each of these files. Each must exist exactly once.
fn find<const N: usize>(folder: &Path, wanted: [&Names; N]) -> Result<[PathBuf; N], InputError> {
    // Reports a path that is not a folder with the system's reason.
    let entries = fs::read_dir(folder).map_err(|source| unreadable(folder, source))?;
    let present = wanted.map(|names| names.within(folder));
    if present.iter().any(|paths| paths.len() != 1) {
        return Err(wrong_files(folder, entries, &wanted, &present));
    }
    Ok(present.map(|mut paths| paths.swap_remove(0)))
}

fn open(path: &Path) -> Result<File, InputError> {
    let attempted = format!("read the data set in {}", excerpt(path.display()));
    Ok(files::open(path, &attempted)?.0)
}

/// Exchanges rows and columns of each image.
fn transpose(images: &mut [u8]) {
    for image in images.as_chunks_mut::<PIXELS>().0 {
        for row in 0..SIDE {
            for column in row + 1..SIDE {
                image.swap(row * SIDE + column, column * SIDE + row);
            }
        }
    }
}

/// The folder's name, for the paths `.` and `..` as well.
fn name_of(folder: &Path) -> String {
    let absolute = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let name = absolute.file_name().unwrap_or(absolute.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The error for missing or ambiguous files.
fn wrong_files(
    folder: &Path,
    entries: fs::ReadDir,
    wanted: &[&Names],
    present: &[Vec<PathBuf>],
) -> InputError {
    let mut found = Vec::new();
    for (names, paths) in wanted.iter().zip(present) {
        match paths.as_slice() {
            [] => found.push(format!("no {}", names.0[0])),
            [_] => {}
            [first, rest @ ..] => found.push(format!(
                "{} beside {}",
                own_name(first),
                rest.iter()
                    .map(|p| own_name(p))
                    .collect::<Vec<_>>()
                    .join(" and ")
            )),
        }
    }
    Refusal::new(
        format!("find a dataset in the folder {}", excerpt(folder.display())),
        format!("{} ({})", found.join(", "), contents(entries)),
        format!(
            "exactly one each of {}, with or without .gz, or EMNIST's emnist-digits-… files",
            wanted
                .iter()
                .map(|names| names.0[0])
                .collect::<Vec<_>>()
                .join(", ")
        ),
        "choose a folder with exactly these four files",
    )
    .into()
}

/// The names of the files in a folder, for an error.
fn contents(entries: fs::ReadDir) -> String {
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| own_name(&entry.path()))
        .collect();
    names.sort();
    match names.len() {
        0 => "the folder is empty".to_owned(),
        count if count <= MAX_LISTED => format!("the folder holds {}", names.join(", ")),
        count => format!(
            "the folder holds {} and {} more",
            names[..MAX_LISTED].join(", "),
            count - MAX_LISTED
        ),
    }
}

fn own_name(path: &Path) -> String {
    excerpt(path.file_name().unwrap_or(path.as_os_str()).display())
}
