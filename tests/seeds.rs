//! The seeds of the fuzz targets: no reader panics. Inputs on which a fuzz target failed join them.

#[path = "../fuzz/readers.rs"]
mod readers;

use std::{fs, path::Path};

#[test]
fn every_reader_accepts_some_seeds_and_refuses_others() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, _) in readers::READERS {
        let files = fs::read_dir(seeds.join(name)).expect("the reader has seeds");
        let (mut accepted, mut refused) = (0, 0);
        for file in files {
            let path = file.expect("a seed").path();
            let bytes = fs::read(&path).expect("a seed is readable");
            if readers::read(name, &bytes) {
                accepted += 1;
            } else {
                refused += 1;
            }
        }
        assert!(
            accepted > 0 && refused > 0,
            "{name}: {accepted} accepted, {refused} refused"
        );
    }
}
