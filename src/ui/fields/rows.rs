//! One hyperparameter a row: its label, its control, a button that resets it, and help on all.

use std::{cell::Cell, f32::consts::TAU, ops::RangeInclusive};

use egui::{
    Button, Checkbox, ComboBox, DragValue, Grid, Response, RichText, Shape, Stroke, Ui, Vec2, vec2,
};

use crate::{
    training::config::hyperparameter::{Choice, Scale},
    ui::{
        focus, theme,
        widgets::{named, option_ui},
    },
};

/// The smallest width of the labels' column, so that the controls of all groups are aligned.
const LABEL_WIDTH: f32 = 122.0;
/// The width of a control. The longest option fits in it.
const CONTROL_WIDTH: f32 = 160.0;
/// The side of the reset button.
const RESET: f32 = 24.0;
/// Between two columns.
const GAP: f32 = 6.0;

/// Rows below each other.
pub(super) fn rows(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    let room = ui.available_width() - LABEL_WIDTH - RESET - 2.0 * GAP;
    Grid::new(name)
        .num_columns(3)
        .min_col_width(0.0)
        .spacing([GAP, 6.0])
        .show(ui, |ui| {
            ui.spacing_mut().combo_width = room.min(CONTROL_WIDTH);
            ui.spacing_mut().button_padding.x = 8.0;
            content(ui);
        });
}

/// The label names the control for screen readers, and both show the help on hover. Returns whether the value is reset;
/// the button's place is always there, so that nothing moves when a value changes.
pub(super) fn row(
    ui: &mut Ui,
    label: &str,
    help: &str,
    is_changed: bool,
    control: impl FnOnce(&mut Ui) -> Response,
) -> bool {
    let name = ui.scope(|ui| {
        ui.set_min_width(LABEL_WIDTH);
        ui.label(label).on_hover_text(help)
    });
    control(ui).labelled_by(name.inner.id).on_hover_text(help);
    let size = Vec2::splat(RESET);
    let is_reset = if is_changed {
        let reset = ui.add_sized(size, Button::new(""));
        back_arrow(ui, &reset);
        let name = format!("Reset {label}");
        let help = format!("{name}\nSets the value of the preset.");
        focus::tip(named(reset, &name), &help).clicked()
    } else {
        ui.allocate_space(size);
        false
    };
    ui.end_row();
    is_reset
}

/// Draws an arrow that turns back. The fonts have none.
fn back_arrow(ui: &Ui, button: &Response) {
    let center = button.rect.center();
    let (radius, color) = (5.0, ui.style().interact(button).fg_stroke.color);
    let on_circle = |part: f32| center + radius * Vec2::angled(part * TAU);
    let arc = (0..=16).map(|step| on_circle(0.62 + 0.75 * step as f32 / 16.0));
    let tip = on_circle(0.62);
    let head = [vec2(-3.5, 0.5), vec2(3.5, -1.5), vec2(0.5, 4.0)];
    let painter = ui.painter();
    painter.line(arc.collect(), Stroke::new(1.5, color));
    painter.add(Shape::convex_polygon(
        head.map(|offset| tip + offset).to_vec(),
        color,
        Stroke::NONE,
    ));
}

/// All controls are of one width, within [`rows`].
pub(super) fn control_size(ui: &Ui) -> Vec2 {
    vec2(ui.spacing().combo_width, ui.spacing().interact_size.y)
}

/// A value that was entered: a number, or a text that is none.
pub(super) type Entered<T> = Result<T, String>;

/// A decimal number, and its new value. A drag stays in the range; a typed value may lie outside.
pub(super) fn real(
    ui: &mut Ui,
    value: f64,
    range: RangeInclusive<f64>,
    scale: Scale,
) -> (Response, Option<Entered<f64>>) {
    let (unit, suffix) = match scale {
        Scale::Percent => (100.0, " %"),
        Scale::Linear | Scale::Logarithmic => (1.0, ""),
    };
    let show = |value: f64| match scale {
        Scale::Linear => trimmed(value, 5),
        Scale::Logarithmic => short(value),
        Scale::Percent => trimmed(value, 2),
    };
    let speed = match scale {
        Scale::Linear => (range.end() - range.start()).min(10.0) / 200.0,
        Scale::Logarithmic => (value / 100.0).max(1e-7),
        Scale::Percent => 0.5,
    };
    let before = value * unit;
    let mut edited = before;
    let refused = Cell::new(None);
    let drag = DragValue::new(&mut edited)
        .max_decimals(12)
        .custom_formatter(|value, _| show(value))
        .custom_parser(|text| {
            let is_of_number = |letter: &char| !letter.is_whitespace() && *letter != '%';
            let number: String = text.chars().filter(is_of_number).collect();
            let number = number.parse().ok();
            refused.set(number.is_none().then(|| text.to_owned()));
            number
        })
        .update_while_editing(false)
        .speed(speed)
        .suffix(suffix)
        .min_size(control_size(ui));
    let response = ui.add(drag);
    if let Some(text) = refused.take() {
        return (response, Some(Err(text)));
    }
    // egui takes over the rounded value that the field shows when it loses the keyboard. So the value changes only if
    // the shown text does.
    if show(edited) == show(before) {
        return (response, None);
    }
    let mut new = edited / unit;
    if response.dragged() {
        new = new.clamp(*range.start(), *range.end());
    }
    (response, Some(Ok(new)))
}

/// A whole number with all its digits, and its new value: egui's field counts in `f64`, which holds sixteen of them. A
/// drag stays in the range; a typed value may lie outside.
pub(super) fn integer(
    ui: &mut Ui,
    value: u64,
    range: RangeInclusive<u64>,
) -> (Response, Option<Entered<u64>>) {
    let speed = (value as f64 / 50.0).clamp(0.1, 500.0);
    let exact = |rounded: f64| {
        if rounded == value as f64 {
            value
        } else {
            rounded.max(0.0) as u64
        }
    };
    let (typed, new) = (Cell::new(None), Cell::new(value));
    let refused = Cell::new(None);
    let change = |changed: Option<f64>| {
        if let Some(rounded) = changed {
            new.set(typed.take().unwrap_or_else(|| exact(rounded)));
        }
        new.get() as f64
    };
    let drag = DragValue::from_get_set(change)
        .custom_formatter(|rounded, _| exact(rounded).to_string())
        .custom_parser(|text| {
            typed.set(text.trim().parse().ok());
            refused.set(typed.get().is_none().then(|| text.to_owned()));
            typed.get().map(|exact: u64| exact as f64)
        })
        .update_while_editing(false)
        .max_decimals(0)
        .speed(speed)
        .min_size(control_size(ui));
    let response = ui.add(drag);
    if let Some(text) = refused.take() {
        return (response, Some(Err(text)));
    }
    let mut new = new.get();
    if response.dragged() {
        new = new.clamp(*range.start(), *range.end());
    }
    (response, (new != value).then_some(Ok(new)))
}

/// One of several options; `value` is its name.
pub(super) fn choice(ui: &mut Ui, label: &str, value: &mut String, options: &[Choice]) -> Response {
    // In small type, the longest option fits.
    let small = |text: &str| RichText::new(text).size(theme::SMALL);
    let chosen = options.iter().find(|option| option.name == *value);
    let combo = ComboBox::from_id_salt(label)
        .width(control_size(ui).x)
        .selected_text(small(chosen.map_or("", |chosen| &chosen.label)))
        .truncate();
    let shown = combo.show_ui(ui, |ui| {
        for option in options {
            if option_ui(ui, option.name == *value, small(&option.label)).clicked() {
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
