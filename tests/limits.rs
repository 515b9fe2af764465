//! No file from outside takes more than 600 MB of memory, and what is refused is refused soon. Each file is read by a
//! child process, this program again, which reports its peak.
#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a child reports its memory, and the test prints it"
)]

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use digitpad::{
    data::{TrainingData, idx},
    evaluation::evaluation_set::EvaluationSet,
    files::limits::{IDX_EXAMPLES, INK_DRAWINGS},
    ink,
    model::{MAX_PARAMETERS, file::Model},
    picture,
    store::checkpoints,
};
use flate2::{
    Compression, Crc,
    write::{GzEncoder, ZlibEncoder},
};
use image::{DynamicImage, ImageFormat, RgbImage};

/// The allocator of the program, which decides how much memory stays reserved.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The most memory of the program and any file.
const MAX_PEAK_KB: u64 = 600_000;
/// A second, for a build for tests, which is about three times slower than a release.
const MAX_CPU_SECONDS: f64 = 3.0;

/// Tells the child its reader and its file.
const READER: &str = "DIGITPAD_TEST_READER";
const FILE: &str = "DIGITPAD_TEST_FILE";

/// Reads a file, and returns whether it is accepted.
type Reader = fn(&Path) -> bool;

const READERS: [(&str, Reader); 7] = [
    ("picture", |path| picture::read(path).is_ok()),
    ("ink", |path| ink::file::read(path).is_ok()),
    ("evaluation", |path| {
        EvaluationSet::load_ink(&[path.to_owned()], &|| true).is_ok()
    }),
    ("training", |path| {
        let ink = vec![path.to_owned()];
        let data = TrainingData {
            ink,
            ..TrainingData::default()
        };
        data.read().is_ok()
    }),
    ("weights", |path| Model::load(path).is_ok()),
    ("checkpoint", |path| checkpoints::load(path).is_ok()),
    ("images", |path| {
        fs::File::open(path).is_ok_and(|file| idx::read_images(file, path).is_ok())
    }),
];

/// What a child reports.
#[derive(Debug)]
struct Report {
    is_accepted: bool,
    peak_kb: u64,
    cpu_seconds: f64,
}

#[test]
fn child() {
    let (Ok(name), Some(path)) = (env::var(READER), env::var_os(FILE)) else {
        return;
    };
    let (_, reader) = READERS
        .iter()
        .find(|(own, _)| *own == name)
        .expect("a reader");
    let is_accepted = reader(Path::new(&path));
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.split_whitespace().next());
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    // Time in the program and in the system, in hundredths of a second, after the name in brackets.
    let ticks = |index: usize| fields[index].parse::<u64>().expect("a number");
    let cpu = ticks(12) + ticks(13);
    println!("\nreport {is_accepted} {} {cpu}", peak.expect("a peak"));
}

/// Writes a file and lets a child read it.
fn read(reader: &str, bytes: &[u8]) -> Report {
    read_padded(reader, bytes, bytes.len() as u64)
}

/// As [`read`], with zeros behind the bytes until the file has this length.
fn read_padded(reader: &str, bytes: &[u8], len: u64) -> Report {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path: PathBuf = folder.path().join("file");
    fs::write(&path, bytes).expect("writes");
    let file = fs::File::options().write(true).open(&path).expect("opens");
    file.set_len(len).expect("a hole takes no room");
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(READER, reader)
        .env(FILE, &path)
        .output()
        .expect("starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{reader}: {text}{errors}");
    let report = text.lines().find_map(|line| line.strip_prefix("report "));
    let report: Vec<&str> = report.expect("a report").split(' ').collect();
    Report {
        is_accepted: report[0] == "true",
        peak_kb: report[1].parse().expect("a number"),
        cpu_seconds: report[2].parse::<f64>().expect("a number") / 100.0,
    }
}

fn assert_bounded(reader: &str, bytes: &[u8], reason: &str) -> Report {
    let report = read(reader, bytes);
    eprintln!("{reader}, {reason}: {report:?}");
    assert!(report.peak_kb < MAX_PEAK_KB, "{reason}: {report:?}");
    report
}

fn assert_refused_soon(reader: &str, bytes: &[u8], reason: &str) {
    let report = assert_bounded(reader, bytes, reason);
    assert!(!report.is_accepted, "{reason}");
    assert!(report.cpu_seconds < MAX_CPU_SECONDS, "{reason}: {report:?}");
}

/// Writes a part many times into an encoder.
fn repeated(mut encoder: impl Write, part: &[u8], count: usize) {
    let block = part.repeat(1024);
    for _ in 0..count / 1024 {
        encoder.write_all(&block).expect("memory takes all");
    }
    encoder
        .write_all(&block[..count % 1024 * part.len()])
        .expect("memory takes all");
}

fn zlib_of_zeros(count: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    repeated(&mut encoder, &[0], count);
    encoder.finish().expect("memory takes all")
}

fn gzip_of(start: &[u8], part: &[u8], count: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(start).expect("memory takes all");
    repeated(&mut encoder, part, count);
    encoder.finish().expect("memory takes all")
}

fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let content = [kind.as_slice(), data].concat();
    let mut crc = Crc::new();
    crc.update(&content);
    let len = (data.len() as u32).to_be_bytes();
    [&len, content.as_slice(), &crc.sum().to_be_bytes()].concat()
}

/// A black PNG of 16 bits, with red, green, blue and opacity if `colors` is 6, and with one more chunk.
fn png([width, height]: [u32; 2], colors: u8, chunk: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([16, colors, 0, 0, 0]);
    let channels = if colors == 6 { 4 } else { 1 };
    let row = 1 + 2 * channels * width as usize;
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &png_chunk(*b"IHDR", &header),
        chunk,
        &png_chunk(*b"IDAT", &zlib_of_zeros(row * height as usize)),
        &png_chunk(*b"IEND", b""),
    ]
    .concat()
}

#[test]
fn pictures_are_bounded() {
    let rotated = png_chunk(
        *b"eXIf",
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
    );
    let picture = png([7_600, 8_000], 6, &rotated);
    assert_bounded("picture", &picture, "487 MB of rotated pixels of 16 bits");
    let profile = [b"x\0\0".as_slice(), &zlib_of_zeros(700_000_000)].concat();
    let profile = png([28, 28], 0, &png_chunk(*b"iCCP", &profile));
    assert_bounded("picture", &profile, "a color profile of 700 MB");
    assert_bounded("picture", &tiff([5_120, 5_120]), "a packed TIFF of 16 bits");
    let mut jpeg = include_bytes!("pictures/progressive.jpg").to_vec();
    let size = jpeg.windows(2).position(|pair| pair == [0xff, 0xc2]);
    let size = size.expect("a frame") + 5;
    jpeg[size..size + 4].copy_from_slice(&[0x1f, 0x40, 0x3e, 0x80]);
    assert_bounded("picture", &jpeg, "a progressive JPEG of 16,000×8,000");
    let gif = b"GIF89a\x58\x1b\x58\x1b\0\0\0\x2c\0\0\0\0\x01\0\x01\0\x80\0\0\0\xff\xff\xff\x02\x02\x44\x01\0\x3b";
    assert_bounded("picture", gif, "a large GIF of one pixel");
    let mut webp = std::io::Cursor::new(Vec::new());
    let black = DynamicImage::from(RgbImage::new(6_400, 6_400));
    black
        .write_to(&mut webp, ImageFormat::WebP)
        .expect("encodes");
    assert_bounded("picture", webp.get_ref(), "a lossless WebP of 6,400×6,400");
}

/// A black TIFF with 16 bits a color, its only strip packed.
fn tiff([width, height]: [u32; 2]) -> Vec<u8> {
    // 128 bytes of zeros.
    let strip = [0x81, 0].repeat((width * height * 6 / 128) as usize);
    let end = 8 + strip.len() as u32;
    let tags = [
        (256, 1, width),
        (257, 1, height),
        (258, 3, end),
        (259, 1, 32_773),
        (262, 1, 2),
        (273, 1, 8),
        (277, 1, 3),
        (278, 1, height),
        (279, 1, strip.len() as u32),
    ];
    let mut file = b"II*\0".to_vec();
    file.extend((end + 12).to_le_bytes());
    file.extend(&strip);
    file.extend([16_u32; 3].map(u32::to_le_bytes).concat());
    file.extend((tags.len() as u16).to_le_bytes());
    for (tag, count, value) in tags {
        file.extend((tag as u16).to_le_bytes());
        file.extend([4, 0]);
        file.extend([count, value].map(u32::to_le_bytes).concat());
    }
    file.extend([0; 4]);
    file
}

#[test]
fn pictures_that_are_blank_or_ask_for_too_much_are_refused_soon() {
    let blank = png([16_000, 8_000], 0, &[]);
    assert_refused_soon("picture", &blank, "the largest blank picture");
    let mut small = std::io::Cursor::new(Vec::new());
    let black = DynamicImage::from(RgbImage::new(28, 28));
    black
        .write_to(&mut small, ImageFormat::WebP)
        .expect("encodes");
    let extended = b"VP8X\x0a\0\0\0\x08\0\0\0\x1b\0\0\x1b\0\0";
    let exif = b"EXIF\xf0\xff\xff\xffab";
    let chunks = [b"WEBP".as_slice(), extended, &small.get_ref()[12..], exif].concat();
    let len = (chunks.len() as u32).to_le_bytes();
    let webp = [b"RIFF".as_slice(), &len, &chunks].concat();
    assert_refused_soon("picture", &webp, "4 GB of EXIF in a small WebP");
    let wide = png_chunk(*b"IHDR", &[0, 0, 0x40, 0, 0, 0, 0x40, 0, 16, 6, 0, 0, 0]);
    let wide = [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &wide,
        &png_chunk(*b"IDAT", b""),
        &png_chunk(*b"IEND", b""),
    ]
    .concat();
    assert_refused_soon("picture", &wide, "2 GB of pixels in a header");
}

#[test]
fn ink_is_bounded() {
    let dot = b"{\"strokes\":[[[0,0]]]}\n";
    let dots = gzip_of(b"", dot, 2_000_000);
    for reader in ["evaluation", "training"] {
        assert_refused_soon(reader, &dots, "2 million dots");
    }
    assert_refused_soon(
        "ink",
        &gzip_of(b"", b"\n", 1 << 30),
        "a billion blank lines",
    );
    assert_refused_soon("ink", &gzip_of(b"", b" ", 1 << 30), "a billion spaces");
    let seven = b"{\"label\":7,\"strokes\":[[[0.3,0.3],[0.7,0.3],[0.4,0.8]]]}\n";
    let sevens = gzip_of(b"", seven, INK_DRAWINGS);
    let report = assert_bounded("evaluation", &sevens, "the most drawings");
    assert!(report.is_accepted, "within the limit");
    let dots = b"[[0,0]],".repeat(500_000);
    let line = [b"{\"strokes\":[".as_slice(), &dots, b"[[0,0]]]}\n"].concat();
    assert_bounded("ink", &gzip_of(b"", &line, 4), "the longest lines");
}

/// A safetensors file with a header of about this length, whose tensor has as many dimensions as fit.
fn with_header_of(len: usize) -> Vec<u8> {
    let shape = "1,".repeat(len / 2 - 50) + "1";
    with_header(&format!(
        "{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{shape}],\"data_offsets\":[0,1]}}}}"
    ))
}

fn with_header(header: &str) -> Vec<u8> {
    let len = (header.len() as u64).to_le_bytes();
    [len.as_slice(), header.as_bytes(), b"1"].concat()
}

#[test]
fn checkpoints_are_bounded() {
    assert_refused_soon("checkpoint", &with_header_of(98_000_000), "98 MB of header");
    assert_refused_soon("checkpoint", &with_header_of(4 << 20), "the longest header");
    assert_refused_soon("checkpoint", &vec![0; 250_000_000], "zeros");
    let tensor = "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}";
    let with = |config: &str, state: &str| {
        with_header(&format!(
            "{{\"__metadata__\":{{\"format\":\"digitpad-checkpoint-1\",\"hash\":\"0\",\
             \"config\":\"{config}\",\"state\":\"{state}\"}},{tensor}}}"
        ))
    };
    let keys = "a=1\\n".repeat((4 << 20) / 5 - 100);
    let lists = format!("seed=[{}]", "0,".repeat((4 << 20) / 2 - 200));
    for text in [&keys, &lists] {
        assert_refused_soon("checkpoint", &with(text, ""), "a long configuration");
        assert_refused_soon("checkpoint", &with("", text), "a long state");
    }
}

/// The header of a checkpoint of a network near the limit, and the length of the file.
fn header_of_largest_checkpoint() -> (Vec<u8>, u64) {
    let seed = include_bytes!("../fuzz/seeds/checkpoint/interrupted.checkpoint");
    let (len, rest) = seed.split_first_chunk().expect("a length");
    let header = &rest[..u64::from_le_bytes(*len) as usize];
    let mut header: serde_json::Value = serde_json::from_slice(header).expect("JSON");
    let metadata = header["__metadata__"].clone();
    let config = metadata["config"].as_str().expect("a text");
    let config = config
        .replace("hidden = [2]", "hidden = [8192, 1650]")
        .replace("ema = 0.0", "ema = 0.9");
    header = serde_json::json!({ "__metadata__": metadata });
    header["__metadata__"]["config"] = config.into();
    let mut end = 0;
    let mut add = |name: String, dtype: &str, count: u64, size: u64| {
        let offsets = [end, end + count * size];
        end = offsets[1];
        header[name] =
            serde_json::json!({"dtype": dtype, "shape": [count], "data_offsets": offsets});
    };
    for set in [
        "parameters",
        "first_moment",
        "second_moment",
        "average",
        "best",
    ] {
        let counts = [784 * 8192, 8192, 8192 * 1650, 1650, 16_500, 10];
        assert!(
            counts.iter().sum::<u64>() * 20 > MAX_PARAMETERS as u64 * 19,
            "near"
        );
        for (index, count) in counts.into_iter().enumerate() {
            add(format!("{set}.{index}"), "F32", count, 4);
        }
    }
    add("order".to_owned(), "U32", 32, 4);
    add("corrections".to_owned(), "U8", 0, 1);
    let header = header.to_string().into_bytes();
    let len = header.len() as u64;
    (
        [&len.to_le_bytes(), header.as_slice()].concat(),
        8 + len + end,
    )
}

#[test]
fn the_largest_checkpoint_is_bounded() {
    let (header, len) = header_of_largest_checkpoint();
    let report = read_padded("checkpoint", &header, len);
    eprintln!("the largest checkpoint: {report:?}");
    assert!(
        report.peak_kb > len / 1024 * 9 / 10,
        "it is read to the end: {report:?}"
    );
    assert!(report.peak_kb < MAX_PEAK_KB, "{report:?}");
    assert!(!report.is_accepted, "its hash is another");
}

#[test]
fn weights_are_bounded() {
    assert_refused_soon("weights", &with_header_of(98_000_000), "a header of 98 MB");
    assert_refused_soon("weights", &with_header_of(1 << 20), "the longest header");
    assert_refused_soon("weights", &vec![0; 250_000_000], "zeros");
}

#[test]
fn images_are_bounded() {
    let header = [0x0803, IDX_EXAMPLES as u32, 28, 28].map(u32::to_be_bytes);
    let images = gzip_of(&header.concat(), &[0], IDX_EXAMPLES * 784);
    let report = assert_bounded("images", &images, "the most images");
    assert!(report.is_accepted, "{report:?}");
    let more = gzip_of(&header.concat(), &[0], 2 * IDX_EXAMPLES * 784);
    assert_refused_soon("images", &more, "more images than the header says");
}
