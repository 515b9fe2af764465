//! The views of the place *Why* that change the drawing or weigh its pixels.

use digitpad::{
    app::App,
    explanation::occlusion::{Normalization, Occlusion},
    store::settings::Settings,
    worker::explainer::{BendingSearch, Counterfactual, Explanation, ExplanationView},
};
use egui_kittest::{Harness, kittest::Queryable as _};

use crate::driver::{SEVEN, Window, settings};

/// A window that is high enough for all views.
fn why() -> Window {
    let settings = Settings {
        training_panel: false,
        ..settings()
    };
    let mut window = Window::with_model(settings, None, [1100.0, 2800.0], 1.0);
    window.click("Why");
    window
}

fn explanation(harness: &Harness<'static, App>, view: ExplanationView) -> Option<Explanation> {
    let shown = harness.state().state().explanation.of(view)?;
    shown.outcome.clone().ok()
}

fn occlusion(harness: &Harness<'static, App>) -> Option<Occlusion> {
    match explanation(harness, ExplanationView::Occlusion)? {
        Explanation::Occlusion(occlusion) => occlusion,
        _ => None,
    }
}

fn counterfactual(harness: &Harness<'static, App>) -> Option<Counterfactual> {
    match explanation(harness, ExplanationView::Counterfactual)? {
        Explanation::Counterfactual(found) => found.map(|found| *found),
        _ => None,
    }
}

fn value_has(harness: &Harness<'static, App>, label: &str, part: &str) -> bool {
    let node = harness.query_by_label(label);
    node.and_then(|node| node.value())
        .is_some_and(|value| value.contains(part))
}

#[test]
fn pieces_pixels_and_changes_are_explained_and_follow_the_rival() {
    let mut window = why();
    assert!(
        window.says("Draw a digit to see which ink counts."),
        "an empty pad"
    );
    window.draw(SEVEN);
    window.await_answer('7');
    for rival in ["2", "4"] {
        window.click(&format!("Compare with {rival}"));
        let part = format!("7 leads {rival} by");
        window.await_that("the rival in each view", |harness| {
            value_has(harness, "Evidence of each pixel", &part)
                && value_has(harness, "Pieces of your strokes", &part)
                && counterfactual(harness)
                    .is_some_and(|found| found.comparison.rival.to_string() == rival)
        });
    }
    let held = occlusion(&window.harness).expect("is shown");
    assert_eq!(held.normalization, Normalization::Held, "by default");
    window.click("The rest is re-centered");
    window.await_that("the other mode", |harness| {
        occlusion(harness).is_some_and(|it| it.normalization == Normalization::Anew)
    });
    window.await_that("the whole counterfactual", |harness| {
        counterfactual(harness).is_some_and(|found| {
            let strokes = found.strokes.as_ref();
            found.morph.is_some()
                && strokes.is_some_and(|strokes| strokes.bending != BendingSearch::Running)
        })
    });
    window.harness.run_steps(2);
    for label in [
        "One more dot",
        "Your strokes, bent",
        "The way to a training image",
    ] {
        let text = window.value(label);
        assert!(!text.is_empty(), "{label} says what it shows");
    }
    let before = window.value("The way to a training image");
    assert!(
        before.starts_with("Read as 7"),
        "the way begins at the drawing: {before}"
    );
    let slider = window.harness.get_by_label("Way to the training image");
    slider.focus();
    window.harness.run_steps(2);
    for _ in 0..20 {
        window.press(egui::Modifiers::NONE, egui::Key::ArrowRight);
    }
    let after = window.value("The way to a training image");
    assert!(
        after.starts_with("Read as 4"),
        "and ends at the training image: {after}"
    );
    window.click("Clear");
    assert!(
        window.says("Draw a digit to see what would change the answer."),
        "empty again"
    );
}
