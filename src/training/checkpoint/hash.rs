//! A hash against damage, not against malice.

/// FNV-1a (Fowler, Noll and Vo) over words of eight bytes, with a shift that brings their upper bits down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    /// Takes in some bytes, and how many they are.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add_word(u64::from_le_bytes(*word));
        }
        for &byte in rest {
            self.add_word(u64::from(byte));
        }
        self.add_word(bytes.len() as u64);
    }

    fn add_word(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
        self.0 = product ^ (product >> 29);
    }

    pub(super) fn finish(self) -> u64 {
        self.0
    }
}
