//! One hyperparameter a row: its label, its control, and help on both.

use std::{cell::Cell, ops::RangeInclusive};

use egui::{Checkbox, ComboBox, DragValue, Grid, Response, RichText, Ui, Vec2};

use crate::training::config::hyperparameter::{Choice, Scale};

/// The smallest width of the labels' column, so that the controls of all groups are aligned.
const LABEL_WIDTH: f32 = 122.0;
/// How wide a control is where there is room.
const CONTROL_WIDTH: f32 = 124.0;
/// Between the two.
const GAP: f32 = 10.0;

/// Rows below each other.
pub(super) fn rows(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    let room = ui.available_width() - LABEL_WIDTH - GAP;
    Grid::new(name)
        .num_columns(2)
        .min_col_width(0.0)
        .spacing([GAP, 6.0])
        .show(ui, |ui| {
            ui.spacing_mut().combo_width = room.min(CONTROL_WIDTH);
            content(ui);
        });
}

/// The label names the control for screen readers, and both show the help on hover.
pub(super) fn row(ui: &mut Ui, label: &str, help: &str, control: impl FnOnce(&mut Ui) -> Response) {
    let name = ui.scope(|ui| {
        ui.set_min_width(LABEL_WIDTH);
        ui.label(label).on_hover_text(help)
    });
    control(ui).labelled_by(name.inner.id).on_hover_text(help);
    ui.end_row();
}

/// All controls are of one width, within [`rows`].
pub(super) fn control_size(ui: &Ui) -> Vec2 {
    Vec2::new(ui.spacing().combo_width, ui.spacing().interact_size.y)
}

/// A decimal number in its range.
pub(super) fn real(
    ui: &mut Ui,
    value: &mut f64,
    range: RangeInclusive<f64>,
    scale: Scale,
) -> Response {
    match scale {
        Scale::Linear => {
            let speed = (range.end() - range.start()).min(10.0) / 200.0;
            let show = |value| trimmed(value, 5);
            decimal(ui, value, show, |drag| drag.range(range).speed(speed))
        }
        Scale::Logarithmic => {
            let speed = (*value / 100.0).max(1e-7);
            decimal(ui, value, short, |drag| drag.range(range).speed(speed))
        }
        Scale::Percent => {
            let range = range.start() * 100.0..=range.end() * 100.0;
            let before = *value * 100.0;
            let mut percent = before;
            let show = |value| trimmed(value, 2);
            let response = decimal(ui, &mut percent, show, |drag| {
                drag.range(range).speed(0.5).suffix(" %")
            });
            if percent != before {
                *value = percent / 100.0;
            }
            response
        }
    }
}

/// A field for a number that it does not show with all decimals. egui takes over what a field shows when it loses the
/// keyboard; so the value changes only if the shown text does.
fn decimal(
    ui: &mut Ui,
    value: &mut f64,
    show: impl Fn(f64) -> String,
    with: impl FnOnce(DragValue<'_>) -> DragValue<'_>,
) -> Response {
    let mut edited = *value;
    let drag = DragValue::new(&mut edited)
        .max_decimals(12)
        .custom_formatter(|value, _| show(value))
        .min_size(control_size(ui));
    let response = ui.add(with(drag));
    if show(edited) != show(*value) {
        *value = edited;
    }
    response
}

/// A whole number in its range with all its digits: egui's field counts in `f64`, which holds sixteen of them.
pub(super) fn integer(ui: &mut Ui, value: &mut u64, range: RangeInclusive<u64>) -> Response {
    let (min, max) = range.into_inner();
    let shown = *value;
    let speed = (shown as f64 / 50.0).clamp(0.1, 500.0);
    let exact = |rounded: f64| {
        if rounded == shown as f64 {
            shown
        } else {
            rounded as u64
        }
    };
    let typed = Cell::new(None);
    let change = |changed: Option<f64>| {
        if let Some(rounded) = changed {
            let changed = typed.take().unwrap_or_else(|| exact(rounded));
            *value = changed.clamp(min, max);
        }
        *value as f64
    };
    let drag = DragValue::from_get_set(change)
        .custom_formatter(|rounded, _| exact(rounded).to_string())
        .custom_parser(|text| {
            typed.set(text.trim().parse().ok());
            typed.get().map(|exact: u64| exact as f64)
        })
        .range(min..=max)
        .clamp_existing_to_range(false)
        .max_decimals(0)
        .speed(speed)
        .min_size(control_size(ui));
    ui.add(drag)
}

/// One of several options; `value` is its name.
pub(super) fn choice(ui: &mut Ui, label: &str, value: &mut String, options: &[Choice]) -> Response {
    let chosen = options.iter().find(|option| option.name == *value);
    let combo = ComboBox::from_id_salt(label)
        .width(control_size(ui).x)
        .selected_text(chosen.map_or("", |chosen| &chosen.label))
        .truncate();
    let shown = combo.show_ui(ui, |ui| {
        for option in options {
            if ui
                .selectable_label(option.name == *value, &option.label)
                .clicked()
            {
                value.clone_from(&option.name);
            }
        }
    });
    shown.response
}

/// On or off.
pub(super) fn switch(ui: &mut Ui, value: &mut bool) -> Response {
    ui.add(Checkbox::without_text(value))
}

/// A small text over both columns.
pub(super) fn note(ui: &mut Ui, text: impl Into<String>) {
    ui.label(RichText::new(text).small().weak());
}

/// The errors of a group.
pub(super) fn problem(ui: &mut Ui, text: impl Into<String>) {
    let color = ui.visuals().error_fg_color;
    ui.label(RichText::new(text).small().color(color));
}

/// At most this many decimals, without trailing zeros.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Three significant digits at most, without trailing zeros.
pub(super) fn short(value: f64) -> String {
    let decimals = (2.0 - value.abs().max(1e-12).log10().floor()).clamp(0.0, 14.0) as usize;
    if decimals == 0 {
        format!("{value:.0}")
    } else {
        trimmed(value, decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_rates_are_short() {
        let cases = [
            (0.001, "0.001"),
            (0.1, "0.1"),
            (10.0, "10"),
            (8192.0, "8192"),
            (0.000_123_4, "0.000123"),
            (1e-9, "0.000000001"),
            (0.0, "0"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text, "of {value}");
        }
    }
}
