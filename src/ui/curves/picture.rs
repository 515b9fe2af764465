//! The curves as a picture to be saved, of a size of its own: whatever of them is in sight.

use egui::{Frame, RichText, Theme, Vec2};

use super::{BESIDE, CurvesView, figure_ui};
use crate::{
    app::state::{State, runs::title_of, training::CurvesImage},
    format,
    ui::{off_screen, theme},
};

/// The size of the picture that is saved, in points, but for its height; and its pixels a point.
const PICTURE_WIDTH: f32 = 800.0;
const PICTURE_SCALE: f32 = 2.0;
/// The heights of its plots, and of its heading, in points.
const PICTURE_HEIGHT: f32 = 250.0;
const PICTURE_RATE_HEIGHT: f32 = 130.0;
const PICTURE_HEADING: f32 = 88.0;

/// A picture of all the curves that are shown, of a size of its own: whatever of them is in sight.
pub(super) fn picture_of(state: &State, view: CurvesView, theme: Theme) -> CurvesImage {
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
    CurvesImage { size, rgb }
}

/// What the curves are of, and what came of it.
fn caption(state: &State) -> (String, String) {
    let training = &state.training;
    let name = match &training.config {
        Some(config) => format!("{}, {}", title_of(&training.preset, config), config.model),
        None => "Training".to_owned(),
    };
    // Without patience a training keeps its last epoch, whichever was the best. While it runs, the best is what a stop
    // would keep.
    let best = || training.best_epoch()?.validation_accuracy;
    let figures = [
        ("validation", training.validation_accuracy.or_else(best)),
        ("test", training.test.as_ref().map(|test| test.accuracy)),
    ];
    let figures = figures.into_iter();
    let mut result: Vec<String> = figures
        .filter_map(|(name, share)| Some(format!("{name} accuracy {}", format::percent(share?, 2))))
        .collect();
    result.insert(0, format!("Digitpad: {} epochs", training.history.len()));
    (name, result.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::file::Model, store::settings::Settings, training::EpochRecord};

    #[test]
    fn the_caption_tells_what_is_kept_and_not_what_was_best() {
        let shipped = Model::built_in().expect("the shipped model fits");
        let mut state = State::new(Settings::default(), shipped, None);
        let epoch = |epoch, validation_loss, validation_accuracy| EpochRecord {
            epoch,
            loss: 0.5,
            accuracy: 0.8,
            validation_loss: Some(validation_loss),
            validation_accuracy: Some(validation_accuracy),
            learning_rate: 0.001,
            elapsed_secs: 1.0,
        };
        state.training.history = vec![epoch(1, 0.1, 0.9), epoch(2, 0.2, 0.8)];
        let cases = [
            (None, "90.00", "under way: what a stop would keep"),
            (Some(0.8), "80.00", "over: its last epoch is kept"),
        ];
        for (kept, figure, reason) in cases {
            state.training.validation_accuracy = kept;
            let (_, said) = caption(&state);
            let expected = format!("Digitpad: 2 epochs, validation accuracy {figure}\u{a0}%");
            assert_eq!(said, expected, "{reason}");
        }
    }
}
