//! How much is read from outside. Within these limits, a file takes at most 600 MB of memory, and less time than a user
//! notices until it is refused. `model::MAX_PARAMETERS` bounds weights and checkpoints.

/// The most memory of a picture: the file, a copy of it, the pixels, and the decoder.
pub const PICTURE_MEMORY: u64 = 480 << 20;
/// The most memory of a picture's decoder for color profiles, text and strips. Real ones take a few megabytes.
pub const PICTURE_EXTRA_MEMORY: u64 = 64 << 20;
/// The largest picture file. A phone's uncompressed picture has about 36 MB.
pub const PICTURE_BYTES: u64 = 64 << 20;
/// The most pixels of a picture. The cameras of nearly all phones have fewer.
pub const PICTURE_PIXELS: u64 = 128 << 20;
/// The longest side of a picture.
pub const PICTURE_SIDE: u32 = 16_384;

/// The largest ink file, plain or unpacked: 100,000 drawings of 60 points take 100 MB.
pub const INK_BYTES: u64 = 256 << 20;
/// The most memory of the drawings of all ink files that are read together, as [`INK_DRAWINGS`].
pub const INK_MEMORY: usize = 160 << 20;
/// The most drawings of all ink files that are read together. Each one becomes up to two images, or one of 32 bits.
pub const INK_DRAWINGS: usize = 100_000;
/// The longest line of an ink file: a drawing of about 300,000 points.
pub const INK_LINE_BYTES: u64 = 4 << 20;
/// The longest label and name of a writer, in bytes.
pub const INK_NAME_BYTES: usize = 200;

/// The most examples of an IDX file: 235 MB of images. EMNIST `Digits` has 240,000.
pub const IDX_EXAMPLES: usize = 300_000;

/// The largest header of a safetensors file. A network of 18 layers and its metadata take 10 kB; parsing takes 30 times
/// the size.
pub const TENSOR_HEADER_BYTES: usize = 1 << 20;

/// The largest file of settings, and the largest configuration. With all its comments, one is a hundred times smaller.
pub const TEXT_BYTES: u64 = 1 << 20;
/// The largest record of a run. Its history grows with the epochs.
pub const RUN_BYTES: u64 = 8 << 20;
