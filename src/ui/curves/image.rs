//! The image of the curves: a large overlay for a few frames, of which egui takes a screenshot.

use std::sync::{Arc, OnceLock};

use egui::{
    Area, ColorImage, Context, Frame, Id, Order, Pos2, Rect, RichText, UiBuilder, Vec2, vec2,
};

use super::{CurvesView, DECORATION_HEIGHT, RATE_HEIGHT, plots_ui};
use crate::{
    app::state::{State, runs, training::CurvesImage},
    format,
    ui::theme,
};

/// The largest size of the overlay, in points. A small window makes it smaller.
const MAX_SIZE: Vec2 = vec2(800.0, 760.0);
/// The space between the overlay and the edge of the window, in points.
const WINDOW_MARGIN: f32 = 8.0;
/// The height of the heading, in points.
const HEADING_HEIGHT: f32 = 64.0;
/// Frames before the screenshot: egui places the axes of a new plot within two.
const LAYOUT_FRAMES: u32 = 3;

/// An export in progress.
#[derive(Debug, Default)]
pub(super) struct ImageExport {
    frames: u32,
    image: Arc<OnceLock<Arc<CurvesImage>>>,
}

impl ImageExport {
    /// Draws the overlay and takes the screenshot. Returns the image in the frame after it.
    pub(super) fn ui(
        &mut self,
        ctx: &Context,
        state: &State,
        view: &CurvesView,
    ) -> Option<Arc<CurvesImage>> {
        let window = ctx.content_rect();
        let size = MAX_SIZE.min(window.size() - Vec2::splat(2.0 * WINDOW_MARGIN));
        let rect = Rect::from_center_size(window.center(), size.floor());
        if let Some(image) = self.image.get() {
            return Some(Arc::clone(image));
        }
        let rates = view.plots(0.0).len() - 2;
        let rate_height = rates as f32 * (RATE_HEIGHT + DECORATION_HEIGHT);
        let available = size.y - 2.0 * theme::MARGIN - HEADING_HEIGHT - rate_height;
        let height = (available / 2.0 - DECORATION_HEIGHT).max(40.0);
        // The tooltip layer lies above notices; without interaction, the pointer leaves no label in the image.
        let area = Area::new(Id::unique("curves image"))
            .order(Order::Tooltip)
            .fixed_pos(rect.min)
            .interactable(false);
        area.show(ctx, |ui| {
            ui.painter().rect_filled(rect, 0.0, ui.visuals().panel_fill);
            ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
                ui.set_clip_rect(rect);
                let frame = Frame::new().inner_margin(theme::MARGIN);
                frame.show(ui, |ui| {
                    let [title, result] = caption(state);
                    ui.label(RichText::new(title).font(theme::strong(theme::HEADING)));
                    ui.label(RichText::new(result).small().weak());
                    plots_ui(ui, state, view, height);
                });
            });
        });
        self.frames += 1;
        if self.frames == LAYOUT_FRAMES {
            let (image, pixels_per_point) = (Arc::clone(&self.image), ctx.pixels_per_point());
            ctx.request_screenshot(move |screenshot| {
                image.get_or_init(|| Arc::new(crop(&screenshot, rect, pixels_per_point)));
            });
        }
        ctx.request_repaint();
        None
    }
}

/// The part of a screenshot within a rectangle in points.
fn crop(screenshot: &ColorImage, rect: Rect, pixels_per_point: f32) -> CurvesImage {
    // If the window has become smaller, so has its screenshot.
    let [width, height] = screenshot.size;
    let window = Rect::from_min_size(
        Pos2::ZERO,
        vec2(width as f32, height as f32) / pixels_per_point,
    );
    let visible = rect.intersect(window);
    let visible = if visible.is_positive() {
        visible
    } else {
        window
    };
    let image = screenshot.region(&visible, Some(pixels_per_point));
    CurvesImage {
        size: image.size,
        rgb: image
            .pixels
            .iter()
            .flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()])
            .collect(),
    }
}

/// The heading: the run, and its accuracies.
fn caption(state: &State) -> [String; 2] {
    let training = &state.training;
    let title = match &training.config {
        Some(config) => format!(
            "{}, {}",
            runs::title_of(&training.kind, config),
            config.model
        ),
        None => "Training".to_owned(),
    };
    // Without early stopping, a training returns its last epoch. Before its end, only the best epoch is known.
    let best = || training.best_epoch()?.validation_accuracy;
    let mut result = vec![format!("Digitpad: {} epochs", training.history.len())];
    for (name, accuracy) in [
        ("validation", training.validation_accuracy.or_else(best)),
        ("test", training.test.as_ref().map(|test| test.accuracy)),
    ] {
        let text = |accuracy| format!("{name} accuracy {}", format::percent(accuracy, 2));
        result.extend(accuracy.map(text));
    }
    [title, result.join(", ")]
}

#[cfg(test)]
mod tests {
    use egui::{Color32, pos2};

    use super::*;
    use crate::{model::file::Model, store::settings::Settings, training::EpochRecord};

    #[test]
    fn the_caption_shows_the_returned_accuracy_instead_of_the_best() {
        let built_in = Model::built_in().expect("the built-in model loads");
        let mut state = State::new(Settings::default(), built_in, None);
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
        for (returned, percent, reason) in [
            (None, "90.00", "a running training: the best epoch"),
            (Some(0.8), "80.00", "a finished training: its last epoch"),
        ] {
            state.training.validation_accuracy = returned;
            let [_, result] = caption(&state);
            let expected = format!("Digitpad: 2 epochs, validation accuracy {percent}\u{a0}%");
            assert_eq!(result, expected, "{reason}");
        }
    }

    #[test]
    fn a_crop_is_in_physical_pixels() {
        let pixel = |index: usize| Color32::from_rgb((index % 40) as u8, (index / 40) as u8, 7);
        let screenshot = ColorImage::new([40, 20], (0..800).map(pixel).collect());
        let rect = Rect::from_min_max(pos2(5.0, 2.0), pos2(15.0, 9.0));
        let image = crop(&screenshot, rect, 2.0);
        assert_eq!(image.size, [20, 14], "pixels");
        assert_eq!(image.rgb[..3], [10, 4, 7], "the top left pixel");
        assert_eq!(
            image.rgb[image.rgb.len() - 3..],
            [29, 17, 7],
            "the bottom right pixel"
        );
    }
}
