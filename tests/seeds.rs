//! The seeds of the fuzz targets, as they are and changed at random: no reader panics. Inputs on which a fuzz target
//! failed join the seeds.

#[path = "../fuzz/readers.rs"]
mod readers;

use std::{fs, path::Path};

use rand::{Rng, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

/// The changes of each seed.
const CHANGES: usize = 60;
/// The most memory of all readers, in kB. A seed and its content are a few kilobytes, and a length in it may make a
/// reader reserve up to its limit.
const MAX_PEAK_KB: u64 = 600_000;

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

#[test]
fn changed_seeds_are_accepted_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (name, reader) in readers::READERS {
        let files = fs::read_dir(seeds.join(name)).expect("the reader has seeds");
        let mut paths: Vec<_> = files.map(|file| file.expect("a seed").path()).collect();
        paths.sort();
        let seeds = paths
            .iter()
            .map(|path| fs::read(path).expect("a seed is readable"));
        let seeds: Vec<Vec<u8>> = seeds.filter(|seed| !seed.is_empty()).collect();
        for seed in &seeds {
            for _ in 0..CHANGES {
                let other = seeds.choose(&mut rng).expect("there are seeds");
                reader(&changed(seed, other, &mut rng));
            }
        }
    }
    #[cfg(target_os = "linux")]
    {
        let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        assert!(peak.expect("a peak") < MAX_PEAK_KB, "{peak:?} kB");
    }
}

/// A seed with one to four changes: a byte, a number of up to four bytes, a part left out, a part of another seed.
fn changed(seed: &[u8], other: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        if bytes.is_empty() {
            break;
        }
        let place = rng.random_range(0..bytes.len());
        let end = (place + rng.random_range(1..=32)).min(bytes.len());
        match rng.random_range(0..5) {
            0 => bytes[place] = rng.random(),
            1 => {
                let extreme = *[0, 1, 0x7f, 0x80, 0xff].choose(rng).unwrap_or(&0);
                let end = (place + 4).min(bytes.len());
                bytes[place..end].fill(extreme);
            }
            2 => drop(bytes.drain(place..end)),
            3 => bytes.truncate(place),
            _ => {
                let from = rng.random_range(0..other.len());
                let to = (from + 32).min(other.len());
                bytes.splice(place..end, other[from..to].iter().copied());
            }
        }
    }
    bytes
}
