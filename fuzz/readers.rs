//! The readers of files from outside, for the fuzz targets and for `tests/seeds.rs`. Each says whether it accepts the
//! bytes. It may refuse them, but must not panic.

use std::{fs, path::Path};

use digitpad::{
    data::{Corrections, idx},
    ink, model, picture,
    store::settings::Settings,
    training::{checkpoint::Checkpoint, config::TrainingConfig},
};

type Reader = fn(&[u8]) -> bool;

/// The name of each reader's fuzz target and of its folder in `seeds/`.
pub(crate) const READERS: [(&str, Reader); 9] = [
    ("checkpoint", |bytes| {
        Checkpoint::from_bytes(bytes, "x").is_ok()
    }),
    ("configuration", |bytes| {
        str::from_utf8(bytes).is_ok_and(|text| TrainingConfig::from_toml(text, "x").is_ok())
    }),
    ("corrections", |bytes| {
        in_file("x.jsonl", bytes, |path| Corrections::read(path).is_ok())
    }),
    ("gzip", |bytes| {
        idx::read_images(bytes, Path::new("x")).is_ok() | ink::file::from_bytes(bytes, "x").is_ok()
    }),
    ("idx", |bytes| {
        let path = Path::new("x");
        idx::read_images(bytes, path).is_ok() | idx::read_labels(bytes, path).is_ok()
    }),
    ("ink", |bytes| {
        str::from_utf8(bytes).is_ok_and(|text| ink::file::from_text(text, "x").is_ok())
    }),
    ("picture", |bytes| {
        picture::bitmap_from_bytes(bytes, "x").is_ok()
    }),
    ("settings", |bytes| {
        in_file("settings.toml", bytes, |path| {
            path.parent()
                .is_some_and(|folder| Settings::load(folder).is_ok())
        })
    }),
    ("weights", |bytes| {
        model::file::Model::from_bytes(bytes, "x").is_ok()
    }),
];

/// Gives the bytes to the reader of this name.
pub(crate) fn read(name: &str, bytes: &[u8]) -> bool {
    READERS
        .iter()
        .any(|(own, reader)| *own == name && reader(bytes))
}

/// Calls a reader of files with a file of these bytes, alone in a new folder.
fn in_file(name: &str, bytes: &[u8], reader: fn(&Path) -> bool) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("space for a file");
    reader(&path)
}
