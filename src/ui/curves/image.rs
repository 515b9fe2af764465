//! The image of the curves: a large overlay for a few frames, of which egui takes a screenshot.

use std::sync::{Arc, OnceLock};

use egui::{
    Area, ColorImage, Context, Frame, Id, Order, Pos2, Rect, RichText, UiBuilder, Vec2, vec2,
};

use super::{Curves, DECORATION_HEIGHT, Metric, PlotOptions, metric_ui};
use crate::{app::state::training::CurvesImage, format, ui::theme};

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
pub(in crate::ui) struct ImageExport {
    frames: u32,
    image: Arc<OnceLock<Arc<CurvesImage>>>,
}

impl ImageExport {
    /// Draws the overlay and takes the screenshot. Returns the image in the frame after it.
    pub(in crate::ui) fn ui(
        &mut self,
        ctx: &Context,
        curves: &Curves<'_>,
        metrics: &[&Metric],
        options: PlotOptions,
    ) -> Option<Arc<CurvesImage>> {
        let window = ctx.content_rect();
        let size = MAX_SIZE.min(window.size() - Vec2::splat(2.0 * WINDOW_MARGIN));
        let rect = Rect::from_center_size(window.center(), size.floor());
        if let Some(image) = self.image.get() {
            return Some(Arc::clone(image));
        }
        let available = size.y - 2.0 * theme::MARGIN - HEADING_HEIGHT;
        let height = (available / metrics.len() as f32 - DECORATION_HEIGHT).max(40.0);
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
                    let [title, result] = caption(curves);
                    ui.label(RichText::new(title).font(theme::strong(theme::HEADING)));
                    ui.label(RichText::new(result).small().weak());
                    for metric in metrics {
                        ui.add_space(theme::GAP);
                        metric_ui(ui, curves, metric, options, height);
                    }
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
fn caption(curves: &Curves<'_>) -> [String; 2] {
    let run = &curves.run;
    let title = format!("{}: {}, {}", run.name, run.description(), run.config.model);
    // A finished run has the accuracy of the epoch that answers. Before its end, only the best epoch is known.
    let best = || run.best_epoch()?.validation_accuracy;
    let [validation, test] = match run.record {
        Some(record) => [record.validation_accuracy, record.test_accuracy],
        None => [best(), None],
    };
    let mut result = vec![format!("Digitpad: {} epochs", run.history.len())];
    for (name, accuracy) in [("validation", validation), ("test", test)] {
        let text = |accuracy| format!("{name} accuracy {}", format::percent(accuracy, 2));
        result.extend(accuracy.map(text));
    }
    [title, result.join(", ")]
}

#[cfg(test)]
mod tests {
    use egui::{Color32, pos2};

    use super::*;
    use crate::{app::state::runs::ShownRun, store::run_library::RunRecord};

    #[test]
    fn the_caption_shows_the_returned_accuracy_instead_of_the_best() {
        let mut record = RunRecord::example(1, "Run 1");
        record.history[0].validation_accuracy = Some(0.9);
        record.validation_accuracy = Some(0.8);
        for (is_finished, percent, reason) in [
            (false, "90.00", "a running training: the best epoch"),
            (true, "80.00", "a finished training: the epoch that answers"),
        ] {
            let curves = Curves::of(ShownRun {
                record: is_finished.then_some(&record),
                ..ShownRun::of(&record)
            });
            let [_, result] = caption(&curves);
            let expected = format!("Digitpad: 1 epochs, validation accuracy {percent}\u{a0}%");
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
