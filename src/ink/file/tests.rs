use super::*;

fn record(label: Option<Label>, points: &[(f32, f32)]) -> InkRecord {
    let points = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
    InkRecord {
        label,
        writer: None,
        ink: Stroke::new(points).into_iter().collect(),
        ..InkRecord::default()
    }
}

fn append(path: &Path, record: &InkRecord) -> Result<Vec<InkRecord>, InputError> {
    update(path, |records| records.push(record.clone()))
}

fn digit(value: usize) -> InkRecord {
    let label = Label::Digit(Digit::ALL[value]);
    record(Some(label), &[(0.25, 0.1), (1.0 / 3.0, 0.9)])
}

fn refusal(error: InputError) -> Refusal {
    match error {
        InputError::Refused(refusal) => refusal,
        InputError::Io(error) => panic!("not a refusal: {error}"),
    }
}

#[test]
fn write_and_read_are_exact_inverses() {
    let mut first = record(
        Digit::new(7).map(Label::Digit),
        &[(0.1, 0.2), (1.0 / 3.0, 0.7)],
    );
    first.writer = Some("a \"writer\"\n".to_owned());
    let records = [
        first,
        record(Some(Label::Other("Å".to_owned())), &[(0.0, 1.0)]),
        record(None, &[(0.50001, 0.5), (0.5, 0.50001)]),
    ];
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (name, is_compressed) in [("plain.jsonl", false), ("packed.jsonl.gz", true)] {
        let path = folder.path().join(name);
        write(&path, &records).expect("writes");
        assert_eq!(read(&path).expect("reads"), records, "{name}");
        let bytes = fs::read(&path).expect("reads");
        assert_eq!(is_gzip(&bytes), is_compressed, "{name}");
    }
}

#[test]
fn the_content_tells_whether_a_file_is_compressed() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("digits.jsonl");
    let line = b"\xef\xbb\xbf{\"strokes\": [[[0, 0]]]}\r\n\n  \n{\"strokes\": [[[1, 1]]]}";
    let gzip = |bytes| compress(bytes).expect("compresses");
    let twice = [gzip(line), gzip(b"\n{\"strokes\": [[[1, 1]]]}")].concat();
    let cases = [
        (
            line.to_vec(),
            2,
            "byte order mark, empty lines, no last line break",
        ),
        (gzip(line), 2, "gzip under another name"),
        (twice, 3, "two gzip members"),
    ];
    for (bytes, count, reason) in cases {
        fs::write(&path, bytes).expect("writes");
        assert_eq!(read(&path).expect(reason).len(), count, "{reason}");
    }
}

#[test]
fn damaged_files_are_refused_with_the_line() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("digits.jsonl");
    let good = b"{\"strokes\": [[[0, 0]]]}\n".as_slice();
    let mut cut = compress(&good.repeat(1000)).expect("compresses");
    cut.truncate(cut.len() - 12);
    let long = format!(
        "{{\"strokes\": [[[0, 0]]], \"x\": \"{}\"}}",
        " ".repeat(5 << 20)
    );
    let cases: [(Vec<u8>, &str); 6] = [
        ([good, good, b"{\"strokes\": 3}\n"].concat(), "in line 3"),
        ([good, b"\n", b"\xff\n"].concat(), "in line 3"),
        (cut, "damaged content"),
        (
            [good, long.as_bytes()].concat(),
            "more than 4194304 bytes in line 2",
        ),
        (Vec::new(), "an empty file"),
        (b"\n\n".to_vec(), "an empty file"),
    ];
    for (bytes, found) in cases {
        fs::write(&path, bytes).expect("writes");
        let refusal = refusal(read(&path).expect_err(found));
        assert!(refusal.found.contains(found), "{found}: {refusal}");
        assert!(refusal.attempted.contains("digits.jsonl"), "{refusal}");
    }
    let missing = read(&folder.path().join("none"));
    assert!(matches!(missing, Err(InputError::Io(_))), "no file");
}

#[test]
fn all_files_of_a_reading_share_its_limits() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let dot = "{\"strokes\":[[[0,0]]]}\n";
    let strokes = format!("{{\"strokes\":[{}[[0,0]]]}}\n", "[[0,0]],".repeat(500_000));
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, compress(text.as_bytes()).expect("compresses")).expect("writes");
        path
    };
    let half = file("half", &dot.repeat(INK_DRAWINGS / 2));
    let more = file("more", &dot.repeat(INK_DRAWINGS / 2 + 1));
    let blank = file("blank", &"\n".repeat(2 * INK_DRAWINGS + 1));
    let large = file("large", &strokes.repeat(3));
    let read = |paths: &[&Path]| read_all(paths).map(|records| records.len());
    assert_eq!(
        read(&[&half, &half]).expect("reads"),
        INK_DRAWINGS,
        "the limit"
    );
    let cases: [(&[&Path], &str); 3] = [
        (&[&half, &more], "100000 drawings"),
        (&[&blank], "100000 drawings"),
        (&[&half, &large, &large], "160 MB of strokes"),
    ];
    for (paths, expected) in cases {
        let refusal = refusal(read(paths).expect_err(expected));
        assert!(refusal.expected.contains(expected), "{refusal}");
    }
}

#[test]
fn a_change_creates_the_file_and_its_folder() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("not/yet/there.jsonl");
    assert_eq!(read_if_exists(&path).expect("no file"), [], "no file");
    assert_eq!(update(&path, Vec::clear).expect("no change"), [], "none");
    assert!(!path.exists(), "no change creates no file");
    for (value, count) in [(4, 1), (8, 2)] {
        let all = append(&path, &digit(value)).expect("appends");
        assert_eq!(all.len(), count, "one more");
    }
    let text = fs::read_to_string(&path).expect("reads");
    assert_eq!(text.lines().count(), 2, "one per line");
    let left = update(&path, |records| records.truncate(1)).expect("removes");
    assert_eq!(left, [digit(4)], "the first stays");
    assert_eq!(read(&path).expect("reads"), left, "in the file too");
    update(&path, Vec::clear).expect("removes");
    assert_eq!(read_if_exists(&path).expect("reads"), [], "an empty file");
    fs::write(&path, "\n \n").expect("writes");
    let all = append(&path, &digit(1)).expect("appends");
    assert_eq!(all, [digit(1)], "blank lines are no drawings");
}

#[test]
fn a_drawing_that_leaves_the_pad_is_known_again() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("corrections.jsonl");
    let mut off_pad = digit(4);
    let points = vec![Point::new(0.4, 0.1), Point::new(0.5, 1.2)];
    off_pad.ink = Stroke::new(points).into_iter().collect();
    append(&path, &off_pad).expect("appends");
    let known = [as_written(&off_pad).expect("it is short")];
    assert_ne!(known[0], off_pad, "it is moved into the pad");
    assert_eq!(read(&path).expect("reads"), known, "as predicted");
}

#[test]
fn a_picture_is_written_in_place_of_strokes() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("corrections.jsonl");
    let bitmap = Bitmap::from_bytes(&std::array::from_fn(|index| (index % 256) as u8));
    let picture = InkRecord {
        ink: Ink::default(),
        picture: Some(bitmap.clone()),
        ..digit(4)
    };
    write(&path, &[digit(8), picture.clone()]).expect("writes");
    assert_eq!(
        read(&path).expect("reads"),
        [digit(8), picture.clone()],
        "as it was"
    );
    assert_eq!(picture.bitmap(), Some(bitmap), "its own pixels");
    let pixels = "0".repeat(2 * PIXELS);
    let cases = [
        (
            format!(r#"{{"pixels": "{}"}}"#, &pixels[1..]),
            "a digit too few",
        ),
        (format!(r#"{{"pixels": "+{}"}}"#, &pixels[1..]), "a sign"),
        (
            format!(r#"{{"pixels": "{pixels}", "strokes": [[[0, 0]]]}}"#),
            "pixels and strokes",
        ),
    ];
    for (line, reason) in cases {
        assert!(from_text(&line, "a file").is_err(), "{reason}");
    }
}

#[test]
fn a_drawing_too_long_to_be_read_again_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("corrections.jsonl");
    append(&path, &digit(4)).expect("appends");
    let points = (0..200_000).map(|i| Point::new(1.0 / (i as f32 + 3.0), 1.0 / 3.0));
    let mut long = digit(8);
    long.ink = Stroke::new(points.collect()).into_iter().collect();
    let refusal = refusal(append(&path, &long).expect_err("too long"));
    assert!(refusal.found.contains("200000 points"), "{refusal}");
    assert_eq!(read(&path).expect("reads"), [digit(4)], "nothing is lost");
}

#[test]
fn a_file_that_is_not_ink_stays_unchanged() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("corrections.jsonl");
    fs::write(&path, "notes").expect("writes");
    for result in [
        append(&path, &digit(1)),
        update(&path, Vec::clear),
        read_if_exists(&path),
    ] {
        let refusal = refusal(result.expect_err("not ink"));
        assert_eq!(refusal.found, "a file of text", "its kind");
    }
    let text = fs::read_to_string(&path).expect("reads");
    assert_eq!(text, "notes", "nothing is lost");
}

#[test]
fn lines_of_many_kinds_are_read() {
    let digit = |value| Digit::new(value).map(Label::Digit);
    let other = |text: &str| Some(Label::Other(text.to_owned()));
    let cases = [
        (
            r#"{"label": 3, "strokes": [[[0, 0], [1, 1]]]}"#,
            digit(3),
            2,
        ),
        (r#"{"strokes": [[[0, 0]]]}"#, None, 1),
        (
            r#"{"label": null, "writer": null, "strokes": [[[0, 0]]]}"#,
            None,
            1,
        ),
        (r#"{"label": "A", "strokes": [[[0, 0]]]}"#, other("A"), 1),
        (r#"{"label": "e1", "strokes": [[[0, 0]]]}"#, other("e1"), 1),
        (
            r#"{"label": "inf", "strokes": [[[0, 0]]]}"#,
            other("inf"),
            1,
        ),
        (r#"{"label": "7", "strokes": [[[0, 0]]]}"#, digit(7), 1),
        (
            r#"{"label": "0042", "strokes": [[[0, 0]]]}"#,
            Some(Label::Number("0042".to_owned())),
            1,
        ),
        (r#"{"strokes": []}"#, None, 0),
        (r#"{"strokes": [[]]}"#, None, 0),
        (r#"{"strokes": [[[0, 0, 17, "x"]], []], "t": {}}"#, None, 1),
    ];
    for (line, label, points) in cases {
        let record = parse_line(line.as_bytes()).expect(line);
        assert_eq!(record.label, label, "{line}");
        assert_eq!(record.ink.point_count(), points, "{line}");
    }
}

#[test]
fn malformed_lines_are_refused() {
    let cases = [
        ("{", "JSON that is cut off"),
        ("[]", "a list in place of an object"),
        (r#"{"label": 3}"#, "neither strokes nor pixels"),
        (r#"{"strokes": [[[1]]]}"#, "a point of fewer than two"),
        (
            r#"{"strokes": [[1]]}"#,
            "the number 1 in place of a point [x, y]",
        ),
        (r#"{"strokes": [true]}"#, "true in place of a list"),
        ("{\"strokes\" 1}", "a mistake in the JSON"),
        (
            r#"{"strokes": [[["a", 1]]]}"#,
            "the text \"a\" in place of a number",
        ),
        (r#"{"strokes": [[[1e999, 1]]]}"#, "number out of range"),
        (r#"{"label": 10, "strokes": [[[1, 1]]]}"#, "the label 10,"),
        (r#"{"label": -1, "strokes": [[[1, 1]]]}"#, "the label -1,"),
        (r#"{"label": 2.5, "strokes": [[[1, 1]]]}"#, "the label 2.5,"),
        (r#"{"label": 3.0, "strokes": [[[1, 1]]]}"#, "the label 3.0,"),
        (
            r#"{"label": "3.0", "strokes": [[[1, 1]]]}"#,
            "the label \"3.0\",",
        ),
        (
            r#"{"label": " 3", "strokes": [[[1, 1]]]}"#,
            "the label \" 3\",",
        ),
        (r#"{"label": "", "strokes": [[[1, 1]]]}"#, "the label \"\","),
        (
            r#"{"label": "\n", "strokes": [[[1, 1]]]}"#,
            r#"the label "\n","#,
        ),
        (
            r#"{"label": true, "strokes": [[[1, 1]]]}"#,
            "true in place of a digit",
        ),
        (
            r#"{"label": 1, "label": 2, "strokes": [[[1, 1]]]}"#,
            "\"label\" twice",
        ),
        (
            r#"{"label": [], "strokes": [[[1, 1]]]}"#,
            "a list in place of a digit or a text",
        ),
    ];
    let long = "x".repeat(INK_NAME_BYTES + 1);
    for key in ["label", "writer", "spacing"] {
        let line = format!(r#"{{"{key}": "{long}", "strokes": [[[1, 1]]]}}"#);
        let message = parse_line(line.as_bytes()).expect_err("a long name");
        assert!(message.len() < INK_NAME_BYTES, "{message}");
    }
    for (line, words) in cases {
        let message = parse_line(line.as_bytes()).expect_err(line);
        assert!(message.contains(words), "{line}: {message}");
        assert!(
            !message.contains("at line"),
            "the line is named elsewhere: {message}"
        );
    }
}

#[test]
fn any_unit_is_fitted_into_the_unit_square() {
    let p = Point::new;
    let cases: [(&str, &[Point], &str); 6] = [
        (
            "[[0, 0], [1000, 500]]",
            &[p(0.1, 0.3), p(0.9, 0.7)],
            "the aspect is kept",
        ),
        (
            "[[-3, 7], [-3, 9]]",
            &[p(0.5, 0.1), p(0.5, 0.9)],
            "negative numbers",
        ),
        ("[[123, 456]]", &[p(0.5, 0.5)], "a dot"),
        ("[[5, 5], [5, 5]]", &[p(0.5, 0.5); 2], "a pen at rest"),
        (
            "[[0.25, 0], [1, 0.5]]",
            &[p(0.25, 0.0), p(1.0, 0.5)],
            "already in the square",
        ),
        (
            "[[-1e308, 0], [1e308, 0]]",
            &[p(0.1, 0.5), p(0.9, 0.5)],
            "the largest numbers",
        ),
    ];
    for (points, expected, reason) in cases {
        let line = format!(r#"{{"strokes": [{points}]}}"#);
        let record = parse_line(line.as_bytes()).expect(reason);
        let found = record.ink.strokes()[0].points();
        assert_eq!(found.len(), expected.len(), "{reason}");
        for (a, b) in found.iter().zip(expected) {
            let off = (a.x - b.x).abs().max((a.y - b.y).abs());
            // Rounding of f32.
            assert!(off < 1e-6, "{reason}: {a:?} is not {b:?}");
        }
    }
}

#[test]
fn boxes_are_in_the_units_of_the_file() {
    let cases = [
        (
            "[[10, 20], [30, 120]]",
            [10.0, 20.0, 20.0, 100.0],
            "any unit",
        ),
        (
            "[[-1, -2], [1e6, 5]]",
            [-1.0, -2.0, 1_000_001.0, 7.0],
            "large",
        ),
        (
            "[[0.25, 0.5], [0.75, 1]]",
            [0.25, 0.5, 0.5, 0.5],
            "the unit square",
        ),
    ];
    for (points, expected, reason) in cases {
        let text = format!("{{\"strokes\": [{points}]}}");
        let record = from_text(&text, "a test").expect("ink").remove(0);
        let bounds = record.ink.bounds().expect("there is ink");
        // Points are f32 in between.
        let tolerance = 1e-6 * record.units.side;
        for (found, expected) in record.units.of(&bounds).iter().zip(expected) {
            assert!(
                (found - expected).abs() <= tolerance,
                "{reason}: {found}, {expected}"
            );
        }
    }
}
