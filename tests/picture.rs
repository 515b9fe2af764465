//! A digit in a picture gives the same bitmap as its ink, on any paper and with any pen.

use std::io::Cursor;

use digitpad::{
    bitmap::{Bitmap, SIDE},
    data::Dataset,
    error::{InputError, Refusal},
    ink::{Point, normalize::normalize, raster::Raster},
    picture::{self, PictureStep, bitmap_from_bytes, save_bitmap_png},
};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

/// A 4 in two strokes, with its longer side a little more than half of the unit square.
fn strokes() -> [Vec<Point>; 2] {
    let p = Point::new;
    [
        vec![p(0.48, 0.22), p(0.3, 0.58), p(0.7, 0.58)],
        vec![p(0.6, 0.4), p(0.58, 0.8)],
    ]
}

/// The inked part of each pixel of a square picture.
fn coverage(side: usize, pen_width: f32) -> Vec<f32> {
    let lines = strokes().map(|stroke| {
        let place = |point: &Point| Point::new(point.x * side as f32, point.y * side as f32);
        stroke.iter().map(place).collect()
    });
    Raster::draw(&lines, pen_width * side as f32, side, side)
        .pixels()
        .to_vec()
}

/// A picture of the digit. `tone` maps a place in 0..=1 and its coverage to a color.
fn picture(side: usize, pen_width: f32, tone: impl Fn(f32, f32, f32) -> [f32; 4]) -> RgbaImage {
    let coverage = coverage(side, pen_width);
    RgbaImage::from_fn(side as u32, side as u32, |x, y| {
        let (x, y) = (x as usize, y as usize);
        let place = |at: usize| at as f32 / side as f32;
        Rgba(tone(place(x), place(y), coverage[y * side + x]).map(|tone| (tone * 255.0) as u8))
    })
}

/// The formats that are read.
const FORMATS: [ImageFormat; 7] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Bmp,
    ImageFormat::WebP,
    ImageFormat::Gif,
    ImageFormat::Pnm,
    ImageFormat::Tiff,
];

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("encodes");
    file.into_inner()
}

/// Reads a picture file with this content.
fn bitmap_of(bytes: &[u8]) -> Result<Bitmap, Refusal> {
    bitmap_from_bytes(bytes, "the test's picture")
}

fn read(picture: RgbaImage) -> Bitmap {
    bitmap_of(&encoded(&picture.into(), ImageFormat::Png)).expect("is read")
}

/// The digit's bitmap, from clean ink with a pen of MNIST's width.
fn clean() -> Bitmap {
    let raster = Raster::new(1000, 1000, coverage(1000, 0.08)).expect("1000×1000");
    normalize(&raster).expect("there is ink")
}

/// The intersection over union of two pictures' ink, after the best shift by up to one pixel, because rounding decides
/// between two whole-pixel shifts.
fn likeness(a: &Bitmap, b: &Bitmap) -> f32 {
    let shared = |dx: usize, dy: usize| -> f32 {
        let (mut both, mut either) = (0.0, 0.0);
        for y in 1..SIDE - 1 {
            for x in 1..SIDE - 1 {
                let a = a.pixels()[y * SIDE + x];
                let b = b.pixels()[(y + dy - 1) * SIDE + x + dx - 1];
                both += a.min(b);
                either += a.max(b);
            }
        }
        both / either
    };
    (0..9)
        .map(|shift| shared(shift % 3, shift / 3))
        .fold(0.0, f32::max)
}

fn gray(tone: f32) -> [f32; 4] {
    [tone, tone, tone, 1.0]
}

/// A pseudorandom number in -1..1 for a place.
fn grain(x: f32, y: f32) -> f32 {
    let mixed = ((x * 12_989.8 + y * 78_233.0).sin() * 43_758.547).fract();
    2.0 * mixed.abs() - 1.0
}

#[test]
fn any_paper_is_read() {
    type Tone = fn(f32, f32, f32) -> [f32; 4];
    let cases: [(Tone, &str); 13] = [
        (|_, _, ink| gray(1.0 - ink), "black on white"),
        (|_, _, ink| gray(ink), "white on black"),
        (|_, _, ink| gray(0.8 - 0.4 * ink), "pencil on gray paper"),
        (|_, _, ink| gray(0.3 + 0.4 * ink), "chalk on a board"),
        (
            |x, y, ink| gray((0.95 - 0.5 * x - 0.1 * y) * (1.0 - 0.8 * ink)),
            "a lamp on the left",
        ),
        (
            |x, y, ink| {
                let corner = (x - 0.5).powi(2) + (y - 0.5).powi(2);
                gray((0.9 - 0.9 * corner) * (1.0 - 0.7 * ink))
            },
            "dark corners of a lens",
        ),
        (
            |x, y, ink| gray((0.8 - 0.6 * ink + 0.08 * grain(x, y)).clamp(0.0, 1.0)),
            "grained paper",
        ),
        (|_, _, ink| [1.0, 1.0, 1.0 - ink, 1.0], "yellow on white"),
        (
            |_, _, ink| [1.0 - ink, 1.0 - 0.9 * ink, 1.0 - 0.3 * ink, 1.0],
            "a blue ballpoint",
        ),
        (|_, _, ink| [0.0, 0.0, 0.0, ink], "black on transparent"),
        (|_, _, ink| [1.0, 1.0, 1.0, ink], "white on transparent"),
        (
            |x, y, ink| {
                let sheet = (x - 0.5).abs().max((y - 0.5).abs()) < 0.45;
                [1.0 - ink, 1.0 - ink, 1.0 - ink, f32::from(u8::from(sheet))]
            },
            "a sheet on transparent",
        ),
        (
            |x, y, ink| {
                let dust = ((x - 0.1).hypot(y - 0.9) < 0.01) || y > 0.97;
                gray(if dust { 0.1 } else { 0.9 - 0.8 * ink })
            },
            "dust, and the table's edge",
        ),
    ];
    let expected = clean();
    for side in [64, 400] {
        for (tone, reason) in cases {
            let bitmap = read(picture(side, 0.08, tone));
            let likeness = likeness(&expected, &bitmap);
            assert!(
                likeness > 0.8,
                "{reason}, {side} pixels: only {likeness} alike: {expected:?}{bitmap:?}"
            );
        }
    }
}

#[test]
fn a_digit_that_crosses_its_printed_box_is_read() {
    let expected = clean();
    for (side, thickness) in [(120, 0.02), (400, 0.008), (400, 0.03)] {
        for line in [0.2, 0.6] {
            // The bar of the 4 ends at the right side, and its stem crosses the bottom.
            let tone = |x: f32, y: f32, ink: f32| {
                let away = (x - 0.49).abs() - 0.25;
                let away = away.max((y - 0.43).abs() - 0.27);
                let paper = if away.abs() < thickness / 2.0 {
                    line
                } else {
                    0.95
                };
                gray(paper * (1.0 - ink) + 0.1 * ink)
            };
            let bitmap = read(picture(side, 0.08, tone));
            let likeness = likeness(&expected, &bitmap);
            // Ink that ends on a line of its own tone loses or gains that line's thickness.
            assert!(
                likeness > 0.7,
                "{side} pixels, lines of {thickness} and {line}: only {likeness} alike: {bitmap:?}"
            );
        }
    }
}

#[test]
fn any_pen_is_read() {
    let expected = clean();
    for (pen_width, least) in [(0.01, 0.75), (0.03, 0.75), (0.07, 0.8), (0.15, 0.65)] {
        let bitmap = read(picture(400, pen_width, |_, _, ink| gray(1.0 - ink)));
        let likeness = likeness(&expected, &bitmap);
        assert!(
            likeness > least,
            "a pen of {pen_width}: {likeness} alike: {bitmap:?}"
        );
    }
}

#[test]
fn a_digit_cropped_to_its_bounding_box_is_read() {
    let test = Dataset::mnist().expect("is built in").test.take(50);
    for index in 0..test.len() {
        let whole = GrayImage::from_raw(28, 28, test.image(index).to_vec()).expect("28×28");
        let inked = || whole.enumerate_pixels().filter(|(.., pixel)| pixel[0] > 0);
        let (left, top) =
            inked().fold((28, 28), |(left, top), (x, y, _)| (x.min(left), y.min(top)));
        let (right, bottom) = inked().fold((0, 0), |(x, y), (a, b, _)| (a.max(x), b.max(y)));
        let size = (right - left + 1, bottom - top + 1);
        let cut = image::imageops::crop_imm(&whole, left, top, size.0, size.1).to_image();
        let bitmap = bitmap_of(&encoded(&cut.into(), ImageFormat::Png)).expect("is read");
        let likeness = likeness(&Bitmap::from_bytes(test.image(index)), &bitmap);
        assert!(
            likeness > 0.7,
            "number {index}: {likeness} alike: {bitmap:?}"
        );
    }
}

#[test]
fn every_format_is_read() {
    let picture = DynamicImage::from(picture(900, 0.08, |_, _, ink| gray(1.0 - ink)));
    let expected = clean();
    for format in FORMATS {
        let picture = picture.to_rgb8().into();
        let bitmap = bitmap_of(&encoded(&picture, format)).expect("is read");
        let likeness = likeness(&expected, &bitmap);
        assert!(
            likeness > 0.85,
            "{format:?}: only {likeness} alike: {bitmap:?}"
        );
    }
    let deep = DynamicImage::ImageLuma16(picture.to_luma16());
    let bitmap = bitmap_of(&encoded(&deep, ImageFormat::Png)).expect("is read");
    assert!(likeness(&expected, &bitmap) > 0.85, "16 bits a pixel");
}

/// A progressive JPEG of a 4 with six scans, drawn and written by `ImageMagick`.
const PROGRESSIVE: &[u8] = include_bytes!("pictures/progressive.jpg");

#[test]
fn a_picture_that_is_cut_off_is_refused() {
    let picture = picture(300, 0.08, |x, y, ink| {
        gray((0.9 - 0.8 * ink) * (1.0 - 0.1 * x * y))
    });
    let rgb = DynamicImage::from(DynamicImage::from(picture).to_rgb8());
    let mut files = vec![(ImageFormat::Jpeg, PROGRESSIVE.to_vec())];
    files.extend(FORMATS.map(|format| (format, encoded(&rgb, format))));
    for (format, file) in files {
        bitmap_of(&file).unwrap_or_else(|refusal| panic!("{format:?}: {refusal}"));
        let followed = [file.as_slice(), b"\xff\xd8more"].concat();
        assert!(bitmap_of(&followed).is_ok(), "{format:?} and more bytes");
        for percent in 15..100 {
            let cut = &file[..file.len() * percent / 100];
            let refusal = bitmap_of(cut).expect_err("cut off");
            let found = "a picture that is cut off";
            assert_eq!(refusal.found, found, "{format:?} at {percent} %");
        }
        assert!(
            bitmap_of(&file[..file.len() - 1]).is_err(),
            "{format:?}, the last byte"
        );
    }
    let refusal =
        bitmap_of(include_bytes!("../fuzz/seeds/picture/cut-off.jpg")).expect_err("cut off");
    assert_eq!(
        refusal.found, "a picture that is cut off",
        "a JPEG without its end"
    );
    let refusal = bitmap_of(b"\xff\xd8\xff").expect_err("cut off");
    assert_eq!(refusal.found, "a picture that is cut off", "three bytes");
}

#[test]
fn mnist_pictures_stay_unchanged() {
    let data = digitpad::data::Dataset::mnist()
        .expect("it is built in")
        .train
        .take(300);
    for index in 0..data.len() {
        let bytes = data.image(index);
        let side = SIDE as u32;
        let light = GrayImage::from_raw(side, side, bytes.to_vec()).expect("28×28");
        let dark = GrayImage::from_fn(side, side, |x, y| Luma([255 - light.get_pixel(x, y).0[0]]));
        for (picture, kind) in [(light, "as it is"), (dark, "on white")] {
            let bitmap = bitmap_of(&encoded(&picture.into(), ImageFormat::Png));
            let bitmap = bitmap.expect("is read");
            assert_eq!(bitmap, Bitmap::from_bytes(bytes), "image {index} {kind}");
        }
        // Normalization changes only what bytes rounded.
        let before = Bitmap::from_bytes(bytes);
        let pixels = before.pixels().to_vec();
        let raster = Raster::new(SIDE, SIDE, pixels).expect("28×28");
        let again = normalize(&raster).expect("there is ink");
        let likeness = likeness(&before, &again);
        assert!(
            likeness > 0.98,
            "image {index} is only {likeness} alike: {again:?}"
        );
    }
}

#[test]
fn a_picture_is_rotated_by_its_orientation() {
    // The smallest Exif block with orientation 6: rotate by 90° clockwise.
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let upright = DynamicImage::from(picture(200, 0.08, |_, _, ink| gray(1.0 - ink)));
    let lying = DynamicImage::from(upright.rotate270().to_rgb8());
    let jpeg = encoded(&lying, ImageFormat::Jpeg);
    let len = (exif.len() as u16 + 2).to_be_bytes();
    let file = [&jpeg[..2], &[0xff, 0xe1], &len, exif, &jpeg[2..]].concat();
    let bitmap = bitmap_of(&file).expect("is read");
    assert!(likeness(&clean(), &bitmap) > 0.85, "upright: {bitmap:?}");
}

#[test]
fn a_picture_without_a_digit_is_refused() {
    let paper = |tone: fn(f32, f32, f32) -> [f32; 4]| {
        encoded(&picture(200, 0.08, tone).into(), ImageFormat::Png)
    };
    let png = paper(|_, _, ink| gray(ink));
    let pixel = RgbImage::from_pixel(1, 1, Rgb([9, 9, 9]));
    let cases = [
        (Vec::new(), "an empty file", "nothing"),
        (b"not a picture".to_vec(), "a file of text", "text"),
        (
            png[..png.len() / 2].to_vec(),
            "a picture that is cut off",
            "cut off",
        ),
        (
            b"P5 99999 99999 255\n".to_vec(),
            "99999×99999 pixels",
            "too many pixels",
        ),
        (
            b"P6 4294967295 4294967295 65535\n".to_vec(),
            "a damaged or unusual picture",
            "more bytes than 64 bits count",
        ),
        (
            b"\0\0\0\x18ftypavif".to_vec(),
            "an AVIF picture",
            "a format without a reader",
        ),
        (
            paper(|_, _, _| gray(1.0)),
            "no ink that stands out",
            "white",
        ),
        (
            paper(|_, _, _| gray(0.0)),
            "no ink that stands out",
            "black",
        ),
        (
            paper(|_, _, _| [0.3, 0.5, 0.7, 0.0]),
            "no ink that stands out",
            "transparent",
        ),
        (
            paper(|x, y, _| gray(0.9 - 0.4 * x * y)),
            "no ink that stands out",
            "shaded paper",
        ),
        (
            paper(|x, y, _| gray(0.7 + 0.15 * grain(x, y))),
            "no ink that stands out",
            "grained paper",
        ),
        (
            encoded(&pixel.into(), ImageFormat::Png),
            "no ink that stands out",
            "one pixel",
        ),
    ];
    for (bytes, found, reason) in cases {
        let refusal = bitmap_of(&bytes).expect_err(reason);
        assert!(refusal.found.contains(found), "{reason}: {refusal}");
    }
}

#[test]
fn a_saved_bitmap_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("four.png");
    let bitmap = Bitmap::from_bytes(&clean().to_bytes());
    save_bitmap_png(&bitmap, &path).expect("writes");
    assert_eq!(
        picture::read(&path).expect("reads").bitmap,
        bitmap,
        "exactly"
    );
    let missing = folder.path().join("none.png");
    match picture::read(&missing).expect_err("no such file") {
        InputError::Io(error) => assert_eq!(error.path, missing, "the file"),
        InputError::Refused(refusal) => panic!("{refusal}"),
    }
}

#[test]
fn a_picture_is_shown_as_it_is_with_a_frame_around_its_ink() {
    // Black on a yellow sheet, far from the middle.
    let is_ink = |x: usize, y: usize| (20..30).contains(&x) && (10..60).contains(&y);
    let size = [120, 80];
    let pixels = (0..size[1]).flat_map(|y| (0..size[0]).map(move |x| (x, y)));
    let color = |(x, y)| {
        if is_ink(x, y) {
            [0, 0, 0, 255]
        } else {
            [240, 220, 120, 255]
        }
    };
    let rgba: Vec<u8> = pixels.flat_map(color).collect();
    let read = picture::from_rgba(rgba.clone(), size).expect("there is ink");
    assert_eq!(read.view.size, size, "it is small enough");
    assert_eq!(read.view.ink, [20, 10, 30, 60], "the frame");
    assert_eq!(read.view.rgb[..3], [240, 220, 120], "in its colors");
    let of = |rgba: &[u8], size| picture::from_rgba(rgba.to_vec(), size).is_err();
    assert!(of(&rgba[4..], size), "a pixel is missing");
    assert!(of(&vec![255; rgba.len()], size), "without ink");
    assert!(of(&[], [usize::MAX, 2]), "too large");
}

#[test]
fn a_part_is_read_as_if_it_were_all_of_the_picture() {
    // Two bars, the right one much fainter, beside a lamp.
    let size = [200, 100];
    let bar = |x: usize, left: usize| (left..left + 12).contains(&x);
    let pixels = (0..size[1]).flat_map(|y| (0..size[0]).map(move |x| (x, y)));
    let color = |(x, y): (usize, usize)| {
        let is_inside = (20..80).contains(&y);
        let paper = 230 - x / 4;
        let tone = match is_inside {
            true if bar(x, 40) => 20,
            true if bar(x, 140) => paper - 60,
            _ => paper,
        };
        [tone as u8; 3]
    };
    let rgba = pixels.flat_map(|at| {
        let [red, green, blue] = color(at);
        [red, green, blue, 255]
    });
    let whole = picture::from_rgba(rgba.collect(), size)
        .expect("there is ink")
        .view;
    let read = whole.read_part([100, 5, 195, 95]).expect("the right bar");
    assert_eq!(read.view.part, Some([100, 5, 195, 95]), "the part");
    assert_eq!(read.view.ink, [140, 20, 152, 80], "in pixels of the whole");
    assert_eq!(read.view.size, size, "the whole is shown");
    let ink = read.view.components.as_ref().expect("the ink");
    let boxes: Vec<[f64; 4]> = ink.boxes().iter().map(|it| ink.in_picture(it)).collect();
    assert_eq!(boxes, [[140.0, 20.0, 12.0, 60.0]], "one component");
    for step in PictureStep::ALL {
        let shades = read.view.shades(step);
        assert_eq!(shades.is_none(), step == PictureStep::Picture, "{step:?}");
        let Some(shades) = shades else { continue };
        let [left, right] = [46, 146].map(|x| shades[50 * size[0] + x]);
        assert!(left == 0 && right > 200, "{step:?}: {left}, {right}");
    }
    let again = read
        .view
        .read_part([20, 0, 100, 100])
        .expect("the left bar");
    assert_eq!(again.view.ink, [40, 20, 52, 80], "of the whole again");
    for part in [[60, 0, 130, 100], [50, 50, 50, 90], [190, 0, 900, 900]] {
        let refusal = whole.read_part(part).expect_err("paper");
        assert!(refusal.found.contains("no ink"), "{part:?}: {refusal}");
    }
}
