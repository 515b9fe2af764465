//! One hyperparameter a row: its name on the left, what turns it on the right, an explanation on both.

use std::cell::Cell;

use egui::{Checkbox, ComboBox, DragValue, Grid, Response, RichText, Ui, Vec2, emath::Numeric};

use crate::training::config::hyperparameter::Hyperparameter;

/// The least width of the names' column, so that the controls of all groups are below each other.
const NAME_WIDTH: f32 = 122.0;
/// How wide a control is where there is room.
const CONTROL_WIDTH: f32 = 124.0;
/// Between the two.
const GAP: f32 = 10.0;

/// Rows below each other.
pub(super) fn rows(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    let room = ui.available_width() - NAME_WIDTH - GAP;
    Grid::new(name)
        .num_columns(2)
        .min_col_width(0.0)
        .spacing([GAP, 6.0])
        .show(ui, |ui| {
            ui.spacing_mut().combo_width = room.min(CONTROL_WIDTH);
            content(ui);
        });
}

/// The label names the control for screen readers, and both explain on hover.
pub(super) fn row(ui: &mut Ui, label: &str, help: &str, control: impl FnOnce(&mut Ui) -> Response) {
    let name = ui.scope(|ui| {
        ui.set_min_width(NAME_WIDTH);
        ui.label(label).on_hover_text(help)
    });
    control(ui).labelled_by(name.inner.id).on_hover_text(help);
    ui.end_row();
}

/// All controls are of one width, within [`rows`].
pub(super) fn control_size(ui: &Ui) -> Vec2 {
    Vec2::new(ui.spacing().combo_width, ui.spacing().interact_size.y)
}

/// A number within its hyperparameter's range.
pub(super) fn number<N: Numeric>(
    ui: &mut Ui,
    label: &str,
    help: &str,
    hyperparameter: Hyperparameter,
    value: &mut N,
) {
    let help = format!("{help} From {hyperparameter}.");
    row(ui, label, &help, |ui| {
        if N::INTEGRAL {
            let speed = (value.to_f64() / 50.0).clamp(0.1, 500.0);
            let drag = DragValue::new(value)
                .range(N::from_f64(hyperparameter.least)..=N::from_f64(hyperparameter.most))
                .speed(speed)
                .min_size(control_size(ui));
            return ui.add(drag);
        }
        let mut precise = value.to_f64();
        let speed = (hyperparameter.most - hyperparameter.least).min(10.0) / 200.0;
        let response = fraction(
            ui,
            &mut precise,
            |value| trimmed(value, 5),
            |drag| {
                drag.range(hyperparameter.least..=hyperparameter.most)
                    .speed(speed)
            },
        );
        *value = N::from_f64(precise);
        response
    });
}

/// A number whose size is what matters: its step follows it, so that 0.1 and 0.0001 are set with the same
/// ease.
pub(super) fn magnitude(
    ui: &mut Ui,
    label: &str,
    help: &str,
    hyperparameter: Hyperparameter,
    value: &mut f64,
) {
    let help = format!("{help} From {hyperparameter}.");
    row(ui, label, &help, |ui| {
        let speed = (*value / 100.0).max(1e-7);
        fraction(ui, value, short, |drag| {
            drag.range(hyperparameter.least..=hyperparameter.most)
                .speed(speed)
        })
    });
}

/// A part of a whole, in percent.
pub(super) fn percent(
    ui: &mut Ui,
    label: &str,
    help: &str,
    hyperparameter: Hyperparameter,
    value: &mut f64,
) {
    let (least, most) = (hyperparameter.least * 100.0, hyperparameter.most * 100.0);
    let help = format!("{help} From {} to {} %.", short(least), short(most));
    row(ui, label, &help, |ui| {
        let before = *value * 100.0;
        let mut percent = before;
        let response = fraction(
            ui,
            &mut percent,
            |value| trimmed(value, 2),
            |drag| drag.range(least..=most).speed(0.5).suffix(" %"),
        );
        if percent != before {
            *value = percent / 100.0;
        }
        response
    });
}

/// Lets a number be changed that is not shown with all its decimals. A field that is merely entered and left takes
/// over what it shows; so the number stays as it is unless that is another.
fn fraction(
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

/// A whole number from 0, shown and taken over with all its digits: egui's field counts in `f64`, which holds sixteen.
pub(super) fn whole(ui: &mut Ui, value: &mut u64, most: u64) -> Response {
    let shown = *value;
    let show = |rounded: f64| {
        if rounded == shown as f64 {
            shown
        } else {
            rounded as u64
        }
    };
    let typed = Cell::new(None);
    let change = |changed: Option<f64>| {
        if let Some(rounded) = changed {
            *value = typed.take().unwrap_or_else(|| show(rounded)).min(most);
        }
        *value as f64
    };
    let drag = DragValue::from_get_set(change)
        .custom_formatter(|rounded, _| show(rounded).to_string())
        .custom_parser(|text| {
            typed.set(text.trim().parse().ok());
            typed.get().map(|exact: u64| exact as f64)
        })
        .range(0..=most)
        .clamp_existing_to_range(false)
        .max_decimals(0)
        .speed(0.1)
        .min_size(control_size(ui));
    ui.add(drag)
}

/// One of several, by their names.
pub(super) fn choice<T: PartialEq + Copy>(
    ui: &mut Ui,
    label: &str,
    help: &str,
    value: &mut T,
    options: &[T],
    name: impl Fn(T) -> &'static str,
) {
    let width = control_size(ui).x;
    row(ui, label, help, |ui| {
        let combo = ComboBox::from_id_salt(label)
            .width(width)
            .selected_text(name(*value))
            .truncate();
        let shown = combo.show_ui(ui, |ui| {
            for &option in options {
                let selected = name(option) == name(*value);
                if ui.selectable_label(selected, name(option)).clicked() && !selected {
                    *value = option;
                }
            }
        });
        shown.response
    });
}

/// Yes or no.
pub(super) fn switch(ui: &mut Ui, label: &str, help: &str, value: &mut bool) {
    row(ui, label, help, |ui| ui.add(Checkbox::without_text(value)));
}

/// A remark over both columns' width.
pub(super) fn remark(ui: &mut Ui, text: impl Into<String>) {
    ui.label(RichText::new(text).small().weak());
}

/// What is wrong with a group, in a sentence.
pub(super) fn fault(ui: &mut Ui, text: impl Into<String>) {
    let color = ui.visuals().error_fg_color;
    ui.label(RichText::new(text).small().color(color));
}

/// So many decimals at most, without trailing zeros.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// At most three digits that matter, without trailing zeros.
pub(super) fn short(value: f64) -> String {
    let decimals = (2.0 - value.abs().max(1e-12).log10().floor()).clamp(0.0, 14.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
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
