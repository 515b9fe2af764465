//! What the metadata of a weight file say.

use super::*;

#[test]
fn figures_that_cannot_be_are_passed_over() {
    let cases = [
        ("0.977", Some(0.977), Some(0.977), "as it is written"),
        ("0", Some(0.0), Some(0.0), "none"),
        ("1", Some(1.0), Some(1.0), "all"),
        ("97.7", None, Some(97.7), "in percent; a loss may be so"),
        ("-0.1", None, None, "below nothing"),
        ("NaN", None, None, "no number"),
        ("inf", None, None, "without end"),
        ("good", None, None, "a word"),
    ];
    for (text, accuracy, loss, reason) in cases {
        let keys = ["validation_accuracy", "test_accuracy", "test_loss"];
        let map = keys.map(|key| (key.to_owned(), text.to_owned())).into();
        let read = Metadata::from_map(&map, "w").expect("the file is read all the same");
        assert_eq!(read.validation_accuracy, accuracy, "{reason}");
        assert_eq!(read.test_accuracy, accuracy, "{reason}");
        assert_eq!(read.test_loss, loss, "{reason}");
    }
}
