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

/// The hash of a file's content: FNV-1a over words of eight bytes, with a shift that mixes their upper bits down. Four lanes
/// take the words in turn, because each multiplication waits for the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContentHash([u64; 4]);

impl Default for ContentHash {
    fn default() -> Self {
        Self([START; 4])
    }
}

impl ContentHash {
    /// Adds bytes and their number.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<32>();
        for block in blocks {
            for (lane, word) in self.0.iter_mut().zip(block.as_chunks().0) {
                mix(lane, u64::from_le_bytes(*word));
            }
        }
        for &byte in rest {
            mix(&mut self.0[0], byte.into());
        }
        mix(&mut self.0[0], bytes.len() as u64);
    }

    pub(crate) fn finish(self) -> u64 {
        let [mut hash, others @ ..] = self.0;
        for lane in others {
            mix(&mut hash, lane);
        }
        hash
    }
}

fn mix(hash: &mut u64, word: u64) {
    let product = add(*hash, word);
    *hash = product ^ (product >> 29);
}
