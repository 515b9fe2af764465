//! FNV-1a, the hash of Fowler, Noll and Vo. It is the same on every machine, and detects no malice.

/// The hash of nothing.
pub(crate) const START: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds a byte, or a word of up to eight.
pub(crate) fn add(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(0x0100_0000_01b3)
}

/// The hash of bytes, word by word, as a number of 63 bits: TOML's integers have a sign.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    let words = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    words.fold(add(START, bytes.len() as u64), add) >> 1
}
