//! FNV-1a, the hash of Fowler, Noll and Vo. It is the same on every machine, and detects no malice.

/// The hash of nothing.
pub(crate) const START: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds a byte, or a word of up to eight.
pub(crate) fn add(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(0x0100_0000_01b3)
}
