//! The curves as a picture to be saved, of a size of its own: whatever of them is in sight.

use egui::{Frame, RichText, Theme, Vec2};

use super::{BESIDE, CurvesView, figure_ui};
use crate::{
    app::state::{State, runs::title_of, training::Photograph},
    ui::{off_screen, theme, words},
};

/// The size of the picture that is saved, in points, but for its height; and its pixels a point.
const PICTURE_WIDTH: f32 = 800.0;
const PICTURE_SCALE: f32 = 2.0;
/// The heights of its plots, and of its heading, in points.
const PICTURE_HEIGHT: f32 = 250.0;
const PICTURE_RATE_HEIGHT: f32 = 130.0;
const PICTURE_HEADING: f32 = 88.0;

/// A picture of all the curves that are shown, of a size of its own: whatever of them is in sight.
pub(super) fn picture_of(state: &State, view: CurvesView, theme: Theme) -> Photograph {
    let figures = || view.figures(PICTURE_HEIGHT, PICTURE_RATE_HEIGHT);
    let plots: f32 = figures().map(|(_, height)| height + BESIDE).sum();
    let size = Vec2::new(PICTURE_WIDTH, plots + PICTURE_HEADING + theme::MARGIN);
    let (size, rgb) = off_screen::picture(size, PICTURE_SCALE, theme, |ui| {
        let margin = Frame::new().inner_margin(theme::MARGIN);
        margin.show(ui, |ui| {
            let (name, result) = caption(state);
            ui.label(RichText::new(name).font(theme::strong(theme::HEADING)));
            ui.label(RichText::new(result).small().weak());
            for (figure, height) in figures() {
                ui.add_space(theme::GAP);
                ui.scope(|ui| figure_ui(ui, state, view, figure, height));
            }
        });
    });
    Photograph { size, rgb }
}

/// What the curves are of, and what came of it.
fn caption(state: &State) -> (String, String) {
    let training = &state.training;
    let name = match &training.config {
        Some(config) => format!("{}, {}", title_of(&training.preset, config), config.model),
        None => "Training".to_owned(),
    };
    let best = training
        .best_epoch()
        .and_then(|best| best.validation_accuracy);
    let figures = [
        ("validation", best),
        ("test", training.test.as_ref().map(|test| test.accuracy)),
    ];
    let figures = figures.into_iter();
    let mut result: Vec<String> = figures
        .filter_map(|(name, share)| Some(format!("{name} accuracy {}", words::accuracy(share?))))
        .collect();
    result.insert(0, format!("Digitpad: {} epochs", training.history.len()));
    (name, result.join(", "))
}
