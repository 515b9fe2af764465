//! A number: a bracket with its reading below each digit on the pad, and the whole number in the answer.

use egui::{
    Align, Align2, Button, Color32, Context, DragValue, Id, Key, Layout, Memory, Modifiers,
    Painter, Popup, PopupCloseBehavior, Pos2, Rect, RichText, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo,
    accesskit::Role,
    containers::menu::{MenuButton, MenuConfig},
    pos2, vec2,
};

use super::{
    draw::fixed_place,
    pad::PadView,
    prediction::percent,
    roving::RovingFocus,
    theme::{self, Palette},
    widgets::text_on_paper,
};
use crate::{
    app::{
        action::Action,
        state::{State, number::ShownNumber},
    },
    format,
    ink::{Bounds, Point},
    recognition::number::{Constraints, Number, NumberDigit, NumberFormat},
    store::settings::PadShape,
};

/// The distance from the ink to its bracket, the length of the bracket's ends, and the size of its reading, in points.
const BRACKET_GAP: f32 = 5.0;
const BRACKET_END: f32 = 5.0;
const READING: Vec2 = vec2(36.0, 34.0);
/// The size of a reading without its confidence, in points.
const SHORT_READING: Vec2 = vec2(12.0, 18.0);
/// The height of a digit and of the room below it, in sizes of the font, and the room above it, in points. Roboto's digits
/// are 0.711 em high and 0.57 em wide.
const DIGIT_HEIGHTS: [f32; 2] = [0.711, 0.12];
const ABOVE: f32 = 8.0;
/// The space between two groups of digits, in widths of a digit.
const SPACE: f32 = 0.6;
/// The smallest size of the font, for a place of any height.
const MIN_SIZE: f32 = 8.0;
/// The distance from the line below the selected digit to the end of the digits' room, in points.
const BELOW: f32 = 4.0;
/// The width of the control that says what is known of a number, in points.
const KNOWN: f32 = 104.0;
/// Its width in a row that is narrower than [`NARROW`], in points.
const SHORT_KNOWN: f32 = 50.0;
const NARROW: f32 = 220.0;
/// The largest length of a number.
const MAX_LENGTH: usize = 16;
/// The part of the answer that the digits take from the top.
const DIGITS: f32 = 0.68;

/// The place of a digit's bracket on the screen.
struct Bracket {
    /// The bracket's line, with the ends towards the digit.
    ends: [Pos2; 4],
    /// The reading beyond the line, of no height where there is no room for it.
    reading: Rect,
}

impl Bracket {
    /// That of the digit of this index, among the boxes of all digits.
    fn of(pad: Rect, boxes: &[Rect], index: usize) -> Self {
        let ink = boxes[index];
        let below = (ink.bottom() + BRACKET_GAP).min(pad.bottom() - 1.0);
        let above = ink.top() - BRACKET_GAP;
        let reading_from = |top: f32, size: Vec2| {
            // In sight at the edge of the pad too.
            let left = (ink.center().x - size.x / 2.0).min(pad.right() - size.x);
            Rect::from_min_size(pos2(left.max(pad.left()), top), size)
        };
        // A reading must not cover ink, neither its own nor that of another line.
        let is_free = |reading: &Rect| {
            pad.contains_rect(*reading) && !boxes.iter().any(|ink| ink.intersects(*reading))
        };
        let sizes = [READING, SHORT_READING];
        let beneath = sizes.map(|size| {
            let top = below.min((pad.bottom() - size.y).max(ink.bottom() + 1.0));
            reading_from(top, size)
        });
        let atop = sizes.map(|size| reading_from(above - size.y, size));
        let (line, end, reading) = match [beneath, atop].map(|it| it.into_iter().find(is_free)) {
            [Some(reading), _] => (reading.top(), reading.top() - BRACKET_END, reading),
            [None, Some(reading)] => (above, above + BRACKET_END, reading),
            // The answer has it.
            [None, None] => (below, below - BRACKET_END, reading_from(below, Vec2::ZERO)),
        };
        let (left, right) = (ink.left(), ink.right());
        Self {
            ends: [
                pos2(left, end),
                pos2(left, line),
                pos2(right, line),
                pos2(right, end),
            ],
            reading,
        }
    }
}

/// The ink of each digit on the screen, with its pen.
fn ink_boxes(paper: &PadView, digits: &[NumberDigit]) -> Vec<Rect> {
    let on_screen = |digit: &NumberDigit| {
        let Bounds { min, max } = digit.bounds;
        let corners = [min, max].map(|corner| paper.screen_from_pad(corner));
        Rect::from_min_max(corners[0], corners[1]).expand(paper.radius())
    };
    digits.iter().map(on_screen).collect()
}

/// The index of the digit whose reading, bracket or ink is at a place on the screen.
pub(super) fn digit_at(paper: &PadView, state: &State, pos: Pos2) -> Option<usize> {
    let shown = state
        .pad
        .number()
        .filter(|_| state.pad.picture().is_none())?;
    let boxes = ink_boxes(paper, &shown.number().digits);
    let is_bracket = |index: &usize| {
        let Bracket { ends, reading } = Bracket::of(paper.rect, &boxes, *index);
        let line = Rect::from_points(&ends).expand(BRACKET_GAP);
        reading.contains(pos) || line.contains(pos)
    };
    let bracket = (0..boxes.len()).find(is_bracket);
    bracket.or_else(|| nearest_at(&boxes, pos))
}

/// The index of the box that holds a place: of several, the one whose center is nearest.
pub(super) fn nearest_at(boxes: &[Rect], pos: Pos2) -> Option<usize> {
    let away = |index: &usize| boxes[*index].center().distance_sq(pos);
    let near = (0..boxes.len()).filter(|&index| boxes[index].contains(pos));
    near.min_by(|a, b| away(a).total_cmp(&away(b)))
}

/// Draws the brackets on the pad.
pub(super) fn brackets(painter: &Painter, paper: &PadView, shown: &ShownNumber) {
    let palette = Palette::of(&painter.ctx().global_style());
    let digits = &shown.number().digits;
    let boxes = ink_boxes(paper, digits);
    for (index, digit) in digits.iter().enumerate() {
        let is_selected = index == shown.selected();
        let line = Bracket::of(paper.rect, &boxes, index).ends.to_vec();
        let width = if is_selected { 2.5 } else { 1.0 };
        painter.line(
            line,
            Stroke::new(width, color_of(digit, is_selected, palette)),
        );
    }
    readings(painter, paper.rect, &boxes, shown);
}

/// Draws the reading of each digit below or above its box, where it covers no other box, with the confidence where there
/// is room for it.
pub(super) fn readings(painter: &Painter, pad: Rect, boxes: &[Rect], shown: &ShownNumber) {
    let palette = Palette::of(&painter.ctx().global_style());
    let places = (0..boxes.len()).map(|index| Bracket::of(pad, boxes, index).reading);
    let places: Vec<Rect> = places.collect();
    for (index, reading) in places.iter().enumerate() {
        let digit = &shown.number().digits[index];
        let color = color_of(digit, index == shown.selected(), palette);
        if !reading.is_positive() {
            continue;
        }
        let text = if digit.is_digit {
            digit.digit.to_string()
        } else {
            "–".to_owned()
        };
        let top = reading.center_top() + vec2(0.0, 1.0);
        let place = text_on_paper(
            painter,
            top,
            Align2::CENTER_TOP,
            text,
            theme::strong(theme::BODY),
            color,
        );
        // Beside a near neighbor there is no room for the confidence, nor in a short reading.
        let mut others = places.iter().enumerate();
        let has_room = others.all(|(other, place)| {
            let away = (place.center() - reading.center()).abs();
            other == index || away.max_elem() > READING.x + 2.0
        });
        if digit.is_digit && has_room && reading.height() >= READING.y {
            let top = place.center_bottom() - vec2(0.0, 2.0);
            let share = format::probability(digit.confidence(), 0);
            text_on_paper(
                painter,
                top,
                Align2::CENTER_TOP,
                share,
                theme::font(theme::SMALL),
                palette.weak,
            );
        }
    }
}

/// The color of a digit's bracket or frame, and of its reading.
pub(super) fn color_of(digit: &NumberDigit, is_selected: bool, palette: &Palette) -> Color32 {
    match (digit.is_digit, is_selected) {
        (true, true) => palette.accent,
        (false, true) => palette.second,
        (true, false) => palette.text,
        (false, false) => palette.weak,
    }
}

/// Where each digit begins, and where the last one ends, in widths of a digit.
fn starts(number: &Number) -> Vec<f32> {
    let mut starts = Vec::new();
    let mut end = 0.0;
    for index in 0..number.digits.len() {
        if number.begins_group(index) {
            end += SPACE;
        }
        starts.push(end);
        end += 1.0;
    }
    starts.push(end);
    starts
}

/// Draws the number in place of the one digit. A click on a digit selects it. Returns all of it as text.
pub(super) fn number_ui(
    ui: &mut Ui,
    rect: Rect,
    shown: &ShownNumber,
    known: Constraints,
    actions: &mut Vec<Action>,
) -> String {
    let palette = Palette::of(ui.style());
    let number = shown.number();
    let count = number.digits.len();
    let room = rect.with_max_y(rect.top() + rect.height() * DIGITS);
    let starts = starts(number);
    let [digit_height, below] = DIGIT_HEIGHTS;
    let height = (room.height() - ABOVE - BELOW) / (digit_height + below);
    let size = height
        .min(room.width() / (0.6 * starts[count]))
        .max(MIN_SIZE);
    let cell = vec2(size * 0.6, room.height());
    let id = Id::unique("number");
    let mut focus = RovingFocus::of(ui, id, count, count, Some(shown.selected()));
    for (index, digit) in number.digits.iter().enumerate() {
        let left = room.left() + cell.x * starts[index];
        let place = Rect::from_min_size(pos2(left, room.top()), cell);
        let is_selected = index == shown.selected();
        let response = focus.interact(ui, index, place, Sense::CLICK);
        let confidence = percent(digit.confidence());
        let value = if digit.is_digit {
            format!("{}, {confidence}", digit.digit)
        } else {
            "not a digit".to_owned()
        };
        response.widget_info(|| {
            let name = format!("Digit {} of {count}", index + 1);
            let mut info = WidgetInfo::selected(Role::Button, true, is_selected, name);
            info.current_text_value = Some(value.clone());
            info
        });
        let painter = ui.painter();
        if response.hovered() || response.has_focus() {
            painter.rect_filled(place, 3.0, palette.panel);
        }
        if response.has_focus() {
            let ring = Stroke::new(2.0, palette.accent);
            painter.rect_stroke(place, 3.0, ring, StrokeKind::Inside);
        }
        let color = if digit.is_digit {
            palette.accent
        } else {
            palette.weak
        };
        let text = if digit.is_digit {
            digit.digit.to_string()
        } else {
            "–".to_owned()
        };
        let galley = painter.layout_no_wrap(text, theme::strong(size), color);
        let ink = galley.mesh_bounds;
        let bottom = place.bottom() - BELOW;
        let base = bottom - size * below;
        let y = if digit.is_digit {
            base - ink.bottom()
        } else {
            // In the middle of the digits beside it.
            base - size * digit_height / 2.0 - ink.center().y
        };
        let at = pos2(place.center().x - ink.center().x, y);
        painter.galley(at, galley, color);
        if is_selected {
            let line = Rect::from_min_max(
                pos2(place.left() + 2.0, bottom),
                pos2(place.right() - 2.0, bottom + 3.0),
            );
            painter.rect_filled(line, 1.0, palette.accent);
        }
        let tip = format!("Shows the input and the bars of this digit: {value}.");
        if response.on_hover_text(tip).clicked() {
            actions.push(Action::SelectDigit(index));
        }
    }
    let confidence = percent(number.confidence());
    let beside = match number.non_digits() {
        0 => String::new(),
        1 => ", and a non-digit".to_owned(),
        more => format!(", and {more} non-digits"),
    };
    let misfit = match number.misfit() {
        Some(_) => format!(", {}", missed(known)),
        None => String::new(),
    };
    let small = (rect.height() * 0.14).clamp(theme::SMALL, 24.0);
    let words = format!("{confidence}{misfit}{beside}");
    let galley = ui.painter().layout(
        words.clone(),
        theme::font(small),
        palette.text,
        rect.width(),
    );
    let at = pos2(rect.left(), room.bottom() + 6.0);
    let place = Rect::from_min_size(at, galley.size());
    let response = ui.interact(place, Id::unique("number share"), Sense::hover());
    response.on_hover_text("The probability that all digits are right.");
    ui.painter().galley(at, galley, palette.text);
    format!("{} · {words}", number.spaced_text())
}

/// Says that a reading lacks what is known of it.
pub(super) fn missed(known: Constraints) -> String {
    match (known.format, known.length) {
        (Some(NumberFormat::Card), _) => "not a card number".to_owned(),
        (Some(NumberFormat::Date), _) => "not a date".to_owned(),
        (None, Some(1)) => "not one digit".to_owned(),
        (None, length) => format!("not {} digits", length.unwrap_or_default()),
    }
}

/// Whether a number is expected or shown. For a single digit on the square pad, nothing needs to be known.
fn is_for_numbers(state: &State) -> bool {
    let is_expected = state.settings.pad_shape == PadShape::Line;
    is_expected || state.known != Constraints::default() || state.pad.number().is_some()
}

/// The place of the control that says what is known of a number, at the right of a row: none for a single digit.
pub(super) fn known_place(row: Rect, state: &State) -> Rect {
    let width = match is_for_numbers(state) {
        true if row.width() < NARROW => SHORT_KNOWN,
        true => KNOWN,
        false => 0.0,
    };
    row.with_min_x(row.right() - width)
}

/// Draws the control that says what is known of a number.
pub(super) fn known_ui(ui: &mut Ui, place: Rect, state: &State, actions: &mut Vec<Action>) {
    if !is_for_numbers(state) {
        return;
    }
    let known = state.known;
    let text = match (known.format, known.length) {
        (Some(NumberFormat::Card), _) => "Card number".to_owned(),
        (Some(NumberFormat::Date), _) => "Date".to_owned(),
        (None, None) => "Any number".to_owned(),
        (None, Some(1)) => "1 digit".to_owned(),
        (None, Some(length)) => format!("{length} digits"),
    };
    // The first word says it.
    let shown = match text.split_once(' ') {
        Some((short, _)) if place.width() < KNOWN => short,
        _ => &text,
    };
    let layout = Layout::right_to_left(Align::Center);
    let builder = fixed_place("known", place).layout(layout);
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().button_padding = vec2(8.0, 0.0);
        ui.spacing_mut().interact_size.y = place.height();
        let button = Button::new(RichText::new(shown).size(theme::SMALL))
            .min_size(vec2(place.width(), place.height()));
        // A click into the field must not close it.
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let menu = MenuButton::from_button(button).config(config);
        let (response, _) = menu.ui(ui, |ui| known_menu_ui(ui, known, actions));
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Button, true, "Known of the number");
            info.current_text_value = Some(text.clone());
            info
        });
        response.on_hover_text(
            "Says what is known of the number: its length, or that it is a card number or a date.",
        );
    });
}

fn known_menu_ui(ui: &mut Ui, known: Constraints, actions: &mut Vec<Action>) {
    let any = ui
        .radio(known == Constraints::default(), "Any number")
        .on_hover_text("Nothing is known.");
    if any.clicked() {
        actions.push(Action::Constrain(Constraints::default()));
        ui.close();
    }
    let formats = [
        (
            NumberFormat::Card,
            "Card number",
            "The last digit is a check digit (Luhn).",
        ),
        (
            NumberFormat::Date,
            "Date",
            "A day, a month and a year of two or four digits, in a usual order.",
        ),
    ];
    for (format, text, help) in formats {
        let is_known = known.format == Some(format);
        if ui.radio(is_known, text).on_hover_text(help).clicked() {
            // A date has a length of its own.
            let length = known.length.filter(|_| format != NumberFormat::Date);
            actions.push(Action::Constrain(Constraints {
                length,
                format: Some(format),
                ..known
            }));
            ui.close();
        }
    }
    ui.separator();
    ui.add_enabled_ui(known.format != Some(NumberFormat::Date), |ui| {
        ui.horizontal(|ui| {
            let label = ui.label("Digits");
            let mut length = known.length.unwrap_or(0);
            let field = DragValue::new(&mut length)
                .range(0..=MAX_LENGTH)
                .custom_formatter(|length, _| match length {
                    0.0 => "any".to_owned(),
                    _ => format!("{length}"),
                })
                .custom_parser(|text| text.trim().parse().ok().or(Some(0.0)));
            let field = ui.add(field).labelled_by(label.id);
            if field
                .on_hover_text("The number of digits; 0 is any.")
                .changed()
            {
                let length = (length > 0).then_some(length);
                actions.push(Action::Constrain(Constraints { length, ..known }));
            }
        });
    });
}

/// The arrow keys of the focused pad, or without a focus, select the digit before and after, and in the line above and
/// below.
pub(super) fn arrow_actions(ctx: &Context, pad: Id, state: &State) -> Option<Action> {
    let shown = state.pad.number()?;
    let is_free = |memory: &Memory| {
        let focused = memory.focused();
        focused.is_none_or(|id| id == pad) && memory.top_modal_layer().is_none()
    };
    if !ctx.memory(is_free) || Popup::is_any_open(ctx) {
        return None;
    }
    let keys = [
        Key::ArrowLeft,
        Key::ArrowRight,
        Key::ArrowUp,
        Key::ArrowDown,
    ];
    let pressed = |key: &Key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, *key));
    let key = keys.into_iter().find(pressed)?;
    let bounds: Vec<_> = shown.number().digits.iter().map(|it| it.bounds).collect();
    let digit = digit_beside(&bounds, shown.selected(), key)?;
    Some(Action::SelectDigit(digit))
}

/// The digit beside another one in the direction of an arrow key.
fn digit_beside(bounds: &[Bounds], from: usize, key: Key) -> Option<usize> {
    let own = bounds[from];
    let center = |bounds: &Bounds| (bounds.min + bounds.max) * 0.5;
    let is_beyond = |at: Point| match key {
        Key::ArrowUp => at.y < own.min.y,
        _ => at.y > own.max.y,
    };
    match key {
        Key::ArrowLeft => from.checked_sub(1),
        Key::ArrowRight => Some(from + 1).filter(|&next| next < bounds.len()),
        _ => {
            let away = |index: &usize| {
                let offset = center(&bounds[*index]) - center(&own);
                // The nearest line, and the nearest digit in it.
                4.0 * offset.y.abs() + offset.x.abs()
            };
            let beyond = (0..bounds.len()).filter(|&index| is_beyond(center(&bounds[index])));
            beyond.min_by(|a, b| away(a).total_cmp(&away(b)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::state::pad::PadFrame,
        ink::{Ink, Stroke as InkStroke},
        model::calibration::Calibration,
        recognition::{Prediction, number::Number},
    };

    #[test]
    fn a_reading_covers_no_ink_of_another_line() {
        let line = |x: f32, top: f32, bottom: f32| {
            InkStroke::new(vec![Point::new(x, top), Point::new(x, bottom)]).expect("has points")
        };
        let prediction = Prediction::from_logits(&[0.0; 10], &Calibration::default());
        let paper = PadView {
            rect: Rect::from_min_size(Pos2::ZERO, vec2(900.0, 300.0)),
            frame: PadFrame::default(),
            pixels_per_point: 1.0,
            color: Color32::BLACK,
            pen_width: 0.05,
        };
        let cases = [
            ([(0.2, 0.5), (0.58, 0.85)], [true, false], "near lines"),
            ([(0.1, 0.35), (0.55, 0.8)], [false; 2], "far lines"),
            ([(0.04, 0.49), (0.53, 0.98)], [false; 2], "no room"),
        ];
        for (lines, expected, reason) in cases {
            let strokes = lines.map(|(top, bottom)| line(0.5, top, bottom));
            let ink: Ink = strokes.into_iter().collect();
            let digits = Number::of_strokes(&ink, &prediction).digits;
            let boxes = ink_boxes(&paper, &digits);
            for (index, is_above) in expected.into_iter().enumerate() {
                let reading = Bracket::of(paper.rect, &boxes, index).reading;
                assert_eq!(reading.bottom() < boxes[index].top(), is_above, "{reason}");
                let is_shown = reading.is_positive();
                let covers = is_shown && boxes.iter().any(|ink| ink.intersects(reading));
                assert!(!covers, "{reason}: {reading} of {boxes:?}");
                assert_eq!(is_shown, reason != "no room", "{reason}");
            }
        }
    }

    #[test]
    fn a_reading_at_the_edge_is_in_sight() {
        let pad = Rect::from_min_size(Pos2::ZERO, vec2(900.0, 300.0));
        for left in [1.0, 891.0] {
            let ink = Rect::from_min_size(pos2(left, 50.0), vec2(8.0, 100.0));
            let reading = Bracket::of(pad, &[ink], 0).reading;
            assert_eq!(reading.size(), READING, "with its confidence");
            assert!(pad.contains_rect(reading), "at {left}: {reading}");
        }
    }

    #[test]
    fn arrow_keys_go_along_a_line_and_to_the_next_one() {
        // 0 1 2
        //   3 4
        let digit = |x: f32, y: f32| Bounds {
            min: Point::new(x, y),
            max: Point::new(x + 0.2, y + 0.3),
        };
        let bounds = [
            digit(0.1, 0.1),
            digit(0.4, 0.12),
            digit(0.7, 0.1),
            digit(0.42, 0.6),
            digit(0.72, 0.58),
        ];
        let cases = [
            (0, Key::ArrowLeft, None, "the first stays"),
            (2, Key::ArrowRight, Some(3), "into the next line"),
            (4, Key::ArrowRight, None, "the last stays"),
            (1, Key::ArrowUp, None, "no line is above"),
            (1, Key::ArrowDown, Some(3), "below"),
            (0, Key::ArrowDown, Some(3), "the nearest below"),
            (4, Key::ArrowUp, Some(2), "above"),
            (3, Key::ArrowDown, None, "no line is below"),
        ];
        for (from, key, expected, reason) in cases {
            assert_eq!(digit_beside(&bounds, from, key), expected, "{reason}");
        }
    }
}
