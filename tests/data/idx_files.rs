//! Single IDX files.

use std::{
    cell::Cell,
    io::{self, Read},
    path::Path,
};

use digitpad::{
    bitmap::PIXELS,
    data::idx::{read_images, read_labels},
    files::limits::IDX_EXAMPLES,
};
use proptest::prelude::*;

use crate::{IMAGES, LABELS, gzip, idx, images, labels, pixels};

/// Counts the bytes that are read through it.
struct Counted<'a, R>(R, &'a Cell<usize>);

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.set(self.1.get() + read);
        Ok(read)
    }
}

fn assert_images_refused(file: &[u8], part: &str, reason: &str) {
    let error = read_images(file, Path::new("some-file"))
        .expect_err(reason)
        .to_string();
    assert!(error.contains(part), "{reason}: {error}");
    assert!(error.contains("some-file"), "{reason}: {error}");
}

#[test]
fn malformed_images_are_refused() {
    let image = pixels(1);
    let table = [
        (vec![], "ends within its header", "an empty file"),
        (vec![0], "ends within its header", "a single byte"),
        (
            idx(&[IMAGES, 1, 28], &[0, 0, 0]),
            "ends within its header",
            "a byte short of the header",
        ),
        (
            labels(&[1, 2]),
            "found an IDX file of labels, expected a file of images",
            "labels for images",
        ),
        (
            idx(&[0x0d03, 1, 28, 28], &image),
            "another kind of file",
            "IDX of floats",
        ),
        (
            b"<!DOCTYPE html>".to_vec(),
            "a web page",
            "a web page saved in its stead",
        ),
        (
            idx(&[IMAGES, 1, 28, 28], &image[1..]),
            "found 783 bytes after the header, expected the 784",
            "claims more than there is",
        ),
        (
            idx(&[IMAGES, 1, 28, 28], &pixels(2)),
            "found more bytes after the header, expected the 784",
            "claims less than there is",
        ),
        (
            idx(&[IMAGES, 1, 27, 28], &image[28..]),
            "images of 27×28 pixels",
            "a row short",
        ),
        (
            idx(&[IMAGES, 1, 28, 29], &[0; 28 * 29]),
            "images of 28×29 pixels",
            "a column long",
        ),
        (
            idx(&[IMAGES, 1, u32::MAX, u32::MAX], &[]),
            "images of 4294967295×4294967295 pixels",
            "a product that overflows",
        ),
        (
            idx(&[IMAGES, 0, 28, 28], &[]),
            "found 0 images",
            "no images",
        ),
        (
            idx(&[IMAGES, IDX_EXAMPLES as u32 + 1, 28, 28], &[]),
            "found 300001 images",
            "one more than allowed",
        ),
        (
            idx(&[IMAGES, u32::MAX, 28, 28], &[]),
            "found 4294967295 images",
            "the largest number of the header",
        ),
        (
            idx(&[IMAGES, IDX_EXAMPLES as u32, 28, 28], &image),
            "expected the 235200000",
            "the most that is allowed, claimed only",
        ),
    ];
    for (file, part, reason) in table {
        assert_images_refused(&file, part, reason);
    }
}

#[test]
fn malformed_gzip_is_refused() {
    let packed = gzip(&images(&pixels(1)));
    let mut wrong_sum = packed.clone();
    wrong_sum[packed.len() - 8] ^= 1;
    let table = [
        (
            packed[..5].to_vec(),
            "damaged gzip",
            "gzip cut in its header",
        ),
        (
            packed[..packed.len() / 2].to_vec(),
            "damaged gzip",
            "gzip cut in its data",
        ),
        (
            packed[..packed.len() - 1].to_vec(),
            "damaged gzip",
            "gzip cut in its checksum",
        ),
        (wrong_sum, "damaged gzip", "a wrong checksum"),
        (
            [packed.as_slice(), b"more"].concat(),
            "damaged gzip",
            "something after the gzip",
        ),
        (gzip(&packed), "a gzip file", "packed twice, unpacked once"),
        (
            gzip(&images(&pixels(1))[..100]),
            "found 84 bytes after the header",
            "gzip of a file cut short",
        ),
    ];
    for (file, part, reason) in table {
        assert_images_refused(&file, part, reason);
    }
}

#[test]
fn malformed_labels_are_refused() {
    let table = [
        (vec![], "ends within its header", "an empty file"),
        (
            images(&pixels(1)),
            "found an IDX file of images, expected a file of labels",
            "images for labels",
        ),
        (
            idx(&[LABELS, 3], &[1, 2]),
            "found 2 bytes after the header, expected the 3",
            "claims more than there is",
        ),
        (
            idx(&[LABELS, 1], &[1, 2]),
            "found more bytes after the header, expected the 1",
            "claims less than there is",
        ),
        (idx(&[LABELS, 0], &[]), "found 0 labels", "no labels"),
        (
            idx(&[LABELS, u32::MAX], &[1]),
            "found 4294967295 labels",
            "the largest number of the header",
        ),
    ];
    for (file, part, reason) in table {
        let error = read_labels(file.as_slice(), Path::new("some-file"))
            .expect_err(reason)
            .to_string();
        assert!(error.contains(part), "{reason}: {error}");
    }
}

#[test]
fn only_the_size_in_the_header_is_read() {
    let endless = |header: &[u32]| io::Cursor::new(idx(header, &[])).chain(io::repeat(0));
    let read = Cell::new(0);

    read_images(
        Counted(endless(&[IMAGES, 2, 28, 28]), &read),
        Path::new("endless"),
    )
    .expect_err("it never ends");
    assert_eq!(
        read.get(),
        16 + 2 * PIXELS + 1,
        "one byte beyond the images"
    );

    read.set(0);
    read_images(
        Counted(endless(&[IMAGES, u32::MAX, 28, 28]), &read),
        Path::new("endless"),
    )
    .expect_err("it claims too much");
    assert_eq!(read.get(), 16, "nothing beyond the header");
}

#[test]
fn a_gzip_bomb_is_not_unpacked() {
    let mut bomb = images(&pixels(1));
    bomb.resize(64 << 20, 0);
    let bomb = gzip(&bomb);
    let read = Cell::new(0);
    let error = read_images(Counted(bomb.as_slice(), &read), Path::new("bomb"))
        .expect_err("it holds more than an image")
        .to_string();
    assert!(
        error.contains("more bytes"),
        "trailing bytes are an error: {error}"
    );
    // The decoder reads ahead by one buffer.
    assert!(
        read.get() < 64 << 10 && bomb.len() > 200 << 10,
        "{} of {} packed bytes were read",
        read.get(),
        bomb.len()
    );
}

#[test]
fn gzip_in_several_members_is_one_file() {
    let file = images(&pixels(2));
    let (first, second) = file.split_at(1000);
    let packed = [gzip(first), gzip(second)].concat();
    let read = read_images(packed.as_slice(), Path::new("some-file"))
        .expect("gzip files may be concatenated");
    assert_eq!(read, pixels(2), "both halves");
}

proptest! {
    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read_images(bytes.as_slice(), Path::new("x")).is_err());
        // 200 random bytes would have to start with the right eight to be labels.
        prop_assert!(read_labels(bytes.as_slice(), Path::new("x")).is_err());
    }

    #[test]
    fn a_file_with_a_changed_byte_is_refused_or_still_an_image(
        packed in any::<bool>(),
        place in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut file = images(&pixels(1));
        if packed {
            file = gzip(&file);
        }
        let place = place.index(file.len());
        file[place] = value;
        if let Ok(read) = read_images(file.as_slice(), Path::new("x")) {
            prop_assert_eq!(read.len(), PIXELS);
            if packed {
                prop_assert_eq!(read, pixels(1), "a checksum guards the content");
            }
        }
    }

    #[test]
    fn written_images_read_back_the_same(
        digits in proptest::collection::vec(any::<u8>(), 1..50),
        count in 1_usize..4,
        packed in any::<bool>(),
    ) {
        let pack = |file: Vec<u8>| if packed { gzip(&file) } else { file };
        let path = Path::new("x");
        let read = read_labels(pack(labels(&digits)).as_slice(), path);
        prop_assert_eq!(read.expect("well formed"), digits);
        let read = read_images(pack(images(&pixels(count))).as_slice(), path);
        prop_assert_eq!(read.expect("well formed"), pixels(count));
    }
}
