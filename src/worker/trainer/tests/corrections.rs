//! Trainings that learn from one's own drawings.

use super::*;

#[test]
fn ones_own_drawings_change_what_is_learnt_and_none_change_nothing() {
    let (folder, test_waker) = (data_folder(), TestWaker::new());
    let file = folder.path().join("corrections.jsonl");
    let trained = |hand| {
        let mut job = job(config(3), folder.path());
        job.corrections = hand;
        let trainer = Trainer::spawn(7, job, None, wakers(&test_waker));
        logits(&finished(to_the_end(&trainer, &test_waker)).model.mlp)
    };
    let without = trained(None);
    assert_eq!(trained(Some(file.clone())), without, "none is kept");
    let line = r#"{"label": 1, "strokes": [[[0.5, 0.1], [0.5, 0.9]]]}"#;
    fs::write(&file, line).expect("writes");
    assert_ne!(trained(Some(file)), without, "one is");
}
