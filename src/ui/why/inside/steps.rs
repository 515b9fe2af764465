//! What a training does to each layer: rows below the layers of *Inside*.

use egui::{Rect, Sense, Ui, WidgetInfo, accesskit::Role, pos2, vec2};

use crate::{
    app::state::State,
    training::LayerStep,
    ui::{theme::Palette, why::small_text},
};

/// The height of a row, in points.
const ROW: f32 = 26.0;
/// The height of a row's bar, in points.
const BAR: f32 = 4.0;

/// A figure of a step, with its bar.
struct Figure {
    label: &'static str,
    help: &'static str,
    value: fn(&LayerStep) -> f64,
    text: fn(f64) -> String,
    /// The ends of the bar, which is logarithmic.
    ends: [f64; 2],
}

const FIGURES: [Figure; 2] = [
    Figure {
        label: "Gradient",
        help: "The mean absolute gradient of the loss by a weight, over the last batch. The bar is logarithmic, from \
            0.000001 to 0.1. Far smaller gradients in the first layers than in the last ones vanish: the first layers \
            hardly learn.",
        value: |step| step.gradient,
        text: two_digits,
        ends: [1e-6, 1e-1],
    },
    Figure {
        label: "Update",
        help: "How much one batch changes a weight: the mean change, divided by the mean size of a weight. The bar is \
            logarithmic, from 0.001 % to 10 %. A healthy training often has about 0.1 %; far more is unstable.",
        value: |step| step.update,
        text: |update| format!("{} %", two_digits(100.0 * update)),
        ends: [1e-5, 1e-1],
    },
];

/// The height of the rows; 0 while no training is watched.
pub(super) fn height(state: &State) -> f32 {
    if state.models.snapshot().is_some() {
        ROW * FIGURES.len() as f32
    } else {
        0.0
    }
}

/// Draws the rows below a layer; below the picture, their names.
pub(super) fn rows_ui(ui: &mut Ui, place: Rect, layer: Option<usize>, state: &State) {
    let palette = Palette::of(ui.style());
    for (index, figure) in FIGURES.iter().enumerate() {
        let top = place.top() + ROW * index as f32;
        let row = Rect::from_min_size(pos2(place.left(), top), vec2(place.width(), ROW));
        let middle = pos2(row.left(), top + (ROW - BAR) / 2.0);
        let Some(layer) = layer else {
            small_text(ui, middle, figure.label, palette.weak);
            continue;
        };
        let step = state.training.layers.get(layer);
        let text = step.map_or_else(
            || "–".to_owned(),
            |step| (figure.text)((figure.value)(step)),
        );
        small_text(ui, middle, &text, palette.text);
        let response = ui.interact(
            row,
            ui.scope_id().with((figure.label, layer)),
            Sense::hover(),
        );
        response.widget_info(|| {
            let name = format!("{} of layer {}", figure.label, layer + 1);
            let mut info = WidgetInfo::labeled(Role::Meter, true, name);
            info.current_text_value = Some(text.clone());
            info
        });
        response.on_hover_text(figure.help);
        let track = row
            .with_min_y(row.bottom() - BAR - 2.0)
            .with_max_y(row.bottom() - 2.0);
        ui.painter().rect_filled(track, 2.0, palette.track);
        let share = step.map_or(0.0, |step| share((figure.value)(step), figure.ends));
        let bar = track.with_max_x(track.left() + track.width() * share);
        ui.painter().rect_filled(bar, 2.0, palette.accent);
    }
}

/// Where a value is between two ends of a logarithmic scale, 0..=1.
fn share(value: f64, [low, high]: [f64; 2]) -> f32 {
    let share = (value / low).ln() / (high / low).ln();
    // NaN of an invalid value is the low end.
    share.clamp(0.0, 1.0).max(0.0) as f32
}

/// "0.0012", "3.4", "120": two digits or so.
fn two_digits(value: f64) -> String {
    let decimals = (1.0 - value.abs().max(1e-8).log10().floor()).clamp(0.0, 9.0);
    format!("{value:.*}", decimals as usize)
}
