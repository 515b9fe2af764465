//! The input of the network, the predicted digit, and the probability of each digit.

use egui::{
    Align2, Button, Color32, ColorImage, CornerRadius, FontId, Id, Pos2, Rect, Response, RichText,
    Sense, Stroke, StrokeKind, TextureHandle, TextureId, TextureOptions, Ui, Vec2, WidgetInfo,
    accesskit::{Live, Role},
    emath::GuiRounding as _,
    lerp, pos2, vec2,
};

use super::{
    correct::{self, correct_ui},
    noise::noise_ui,
    number::{self, number_ui},
    theme::{self, Palette},
};
use crate::{
    app::{
        action::Action,
        state::{State, pad::Answer},
    },
    bitmap::{Bitmap, Digit, SIDE},
    format,
    recognition::{Prediction, Verdict},
    store::settings::PadShape,
};

/// The height of the captions, in points.
const CAPTION_HEIGHT: f32 = 24.0;

/// The texture of the input of the network.
#[derive(Default)]
pub(super) struct Preview {
    texture: Option<TextureHandle>,
    shown: Option<(Option<Bitmap>, Color32)>,
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preview").finish_non_exhaustive()
    }
}

/// The distance from the answer to the bars. The row that corrects is in it.
pub(super) const BARS_GAP: f32 = 34.0;
/// The width below which the prediction is below the input and not beside it, in points.
const NARROW: f32 = 190.0;
/// The size of the button that goes to the pad for numbers, in points.
const NUMBER_BUTTON: Vec2 = vec2(124.0, 26.0);
/// The confidence below which a prediction says nothing, as at the beginning of a drawing.
const NO_IDEA: f32 = 0.4;

/// The height of the answer beside the pad: that of the input with its caption.
pub(super) fn answer_height(results: Vec2) -> f32 {
    CAPTION_HEIGHT + (results.x * 0.4).min(results.y * 0.28)
}

/// Draws the input and the prediction.
pub(super) fn answer_ui(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    preview: &mut Preview,
    actions: &mut Vec<Action>,
) {
    let is_narrow = rect.width() < NARROW;
    let side = picture_side(rect, is_narrow, ui.pixels_per_point());
    let below = rect.min + vec2(0.0, CAPTION_HEIGHT);
    let picture =
        Rect::from_min_size(below, Vec2::splat(side)).round_to_pixels(ui.pixels_per_point());
    let corner = if is_narrow {
        picture.left_bottom() + vec2(0.0, theme::GAP)
    } else {
        picture.right_top() + vec2(theme::MARGIN, 0.0)
    };
    let bottom = if is_narrow {
        rect.bottom()
    } else {
        picture.bottom()
    };
    let answer = Rect::from_min_max(corner, pos2(rect.right(), bottom));
    let above = rect.with_max_y(picture.top());
    if rect.width() > 240.0 {
        caption(ui, rect.min, "Input");
        caption(ui, pos2(answer.left(), rect.top()), "Prediction");
    }
    noise_ui(ui, above, state.noise, actions);
    preview.ui(ui, picture, state);
    verdict_place_ui(ui, answer, state, actions);
}

/// The side of the input: a whole number of physical pixels per pixel of the network.
fn picture_side(rect: Rect, is_narrow: bool, pixels_per_point: f32) -> f32 {
    let height = rect.height() - CAPTION_HEIGHT;
    let wanted = if is_narrow {
        (height * 0.55).min(rect.width())
    } else {
        height.min(rect.width() * 0.5)
    };
    let scale = (wanted * pixels_per_point / SIDE as f32).floor().max(1.0);
    scale * SIDE as f32 / pixels_per_point
}

/// Draws a caption and returns its place.
pub(super) fn caption(ui: &Ui, pos: Pos2, text: &str) -> Rect {
    let palette = Palette::of(ui.style());
    let font = theme::font(theme::SMALL);
    ui.painter()
        .text(pos, Align2::LEFT_TOP, text, font, palette.weak)
}

impl Preview {
    /// The texture of the last frame.
    pub(crate) fn texture(&self) -> Option<TextureId> {
        Some(self.texture.as_ref()?.id())
    }

    fn ui(&mut self, ui: &mut Ui, rect: Rect, state: &State) {
        let palette = Palette::of(ui.style());
        let bitmap = match (state.pad.answer(), state.pad.picture()) {
            (Some(answer), _) => Some(&answer.bitmap),
            (None, Some(picture)) => Some(&picture.bitmap),
            (None, None) => None,
        };
        if self
            .shown
            .as_ref()
            .is_none_or(|(shown, ink)| shown.as_ref() != bitmap || *ink != palette.ink)
        {
            let image = image_of(bitmap, palette);
            match &mut self.texture {
                Some(texture) => texture.set(image, TextureOptions::NEAREST),
                empty => {
                    *empty = Some(ui.load_texture("network-sees", image, TextureOptions::NEAREST));
                }
            }
            self.shown = Some((bitmap.cloned(), palette.ink));
        }
        if let Some(texture) = &self.texture {
            let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
            ui.painter()
                .image(texture.id(), rect, whole, Color32::WHITE);
        }
        // A colored outline shows that noise is on.
        let outline = match state.noise {
            Some(_) => Stroke::new(2.0, palette.second),
            None => Stroke::new(1.0, palette.outline),
        };
        ui.painter()
            .rect_stroke(rect, CornerRadius::ZERO, outline, StrokeKind::Outside);
        let response = ui.interact(rect, Id::unique("network-sees"), Sense::hover());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, "Input of the network");
            let text = match (bitmap, state.noise) {
                (None, _) => "nothing",
                (Some(_), None) => "28 by 28 pixels",
                (Some(_), Some(_)) => "28 by 28 pixels, with noise",
            };
            info.current_text_value = Some(text.to_owned());
            info
        });
        response.on_hover_text(
            "The input of the network: your drawing in 28 by 28 pixels, scaled and centered like the \
             training images. Position and size of the drawing do not matter.",
        );
    }
}

fn image_of(bitmap: Option<&Bitmap>, palette: &Palette) -> ColorImage {
    let pixels = match bitmap {
        Some(bitmap) => bitmap
            .pixels()
            .iter()
            .map(|&ink| palette.paper.lerp_to_gamma(palette.ink, ink))
            .collect(),
        None => vec![palette.paper; SIDE * SIDE],
    };
    ColorImage::new([SIDE, SIDE], pixels)
}

fn verdict_place_ui(ui: &mut Ui, rect: Rect, state: &State, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.style());
    // Before the digits of a number, which take the clicks.
    let response = ui.interact(rect, Id::unique("answer"), Sense::hover());
    let text = if let Some(shown) = state.pad.number() {
        number_ui(ui, rect, shown, state.known, actions)
    } else if let Some(answer) = state.pad.answer().filter(|answer| answer.misses) {
        let small = match answer.prediction.verdict() {
            _ if answer.shows_several => "more than one digit".to_owned(),
            Verdict::NonDigit(_) => "not a digit".to_owned(),
            _ => {
                let prediction = &answer.prediction;
                format!(
                    "{} · {}",
                    prediction.digit(),
                    percent(prediction.confidence())
                )
            }
        };
        let words = number::missed(state.known);
        words_ui(ui, rect, &words.replacen('n', "N", 1), &small)
    } else if state
        .pad
        .answer()
        .is_some_and(|answer| answer.shows_several)
    {
        several_ui(ui, rect, state, actions)
    } else if let Some(Answer { prediction, .. }) = state.pad.answer() {
        verdict_ui(ui, rect, prediction)
    } else {
        let (first, none) = match state.settings.pad_shape {
            PadShape::Square => ("Draw a digit.", "none, draw a digit on the pad"),
            PadShape::Line => ("Draw a number.", "none, draw a number on the pad"),
        };
        let steps = [
            (first, theme::font(theme::HEADING)),
            ("Then train your own,", theme::font(theme::SMALL)),
            ("and test it.", theme::font(theme::SMALL)),
        ];
        let mut place = rect.left_top();
        for (step, font) in steps {
            let galley = ui
                .painter()
                .layout_no_wrap(step.to_owned(), font, palette.weak);
            let height = galley.size().y;
            ui.painter().galley(place, galley, palette.weak);
            place.y += height + 4.0;
        }
        none.to_owned()
    };
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Status, true, "Prediction");
        info.current_text_value = Some(text.clone());
        info
    });
    // A screen reader says each new answer.
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
}

/// Says that there is more than one digit. On the pad for one character, offers the pad for numbers.
fn several_ui(ui: &mut Ui, rect: Rect, state: &State, actions: &mut Vec<Action>) -> String {
    let words = "More than one digit";
    if state.settings.pad_shape == PadShape::Line {
        return words_ui(ui, rect, words, "not readable as a number");
    }
    let top = rect.bottom() - NUMBER_BUTTON.y;
    let text = words_ui(ui, rect.with_max_y(top - theme::GAP), words, "");
    let size = vec2(NUMBER_BUTTON.x.min(rect.width()), NUMBER_BUTTON.y);
    let place = Rect::from_min_size(pos2(rect.left(), top), size);
    let button = Button::new(RichText::new("Read the number").size(theme::SMALL));
    let help = "Makes the pad three times as wide as high, on which numbers are read (L).";
    if ui.put(place, button).on_hover_text(help).clicked() {
        actions.push(Action::SwitchPadShape);
    }
    text
}

/// Draws a large digit and the text beside it, or large words where there is no answer. Returns all of it as text.
fn verdict_ui(ui: &Ui, rect: Rect, prediction: &Prediction) -> String {
    let palette = Palette::of(ui.style());
    let share = percent(prediction.confidence());
    let (digit, beside, words) = match prediction.verdict() {
        Verdict::NonDigit(nearest) => {
            let text = format!("looks most like {nearest}");
            return words_ui(ui, rect, "Not a digit", &text);
        }
        _ if prediction.confidence() < NO_IDEA => {
            let text = format!("perhaps {}, {share}", prediction.digit());
            return words_ui(ui, rect, "No idea", &text);
        }
        Verdict::Confident(digit) | Verdict::Likely(digit) => {
            let words = format!("{digit} · {share}");
            (digit, share, words)
        }
        Verdict::Ambiguous(digit, other) => (
            digit,
            format!("{share}\nor {other}?"),
            format!("{digit} · {share}, or {other}?"),
        ),
    };
    let right = large_digit(ui, rect, &digit.to_string(), palette.accent);
    let size = (rect.height() * 0.26)
        .min((rect.right() - right) / 3.6)
        .max(theme::SMALL);
    ui.painter().text(
        pos2(right + size * 0.4, rect.bottom() + size * 0.2),
        Align2::LEFT_BOTTOM,
        beside,
        theme::font(size),
        palette.text,
    );
    words
}

/// Draws large words and a small line below them. Returns both as text.
fn words_ui(ui: &Ui, rect: Rect, words: &str, small: &str) -> String {
    let palette = Palette::of(ui.style());
    // Eleven letters are about 5.5 em wide.
    let size = (rect.width() / 5.5)
        .min(rect.height() * 0.45)
        .clamp(theme::SMALL, 56.0);
    let painter = ui.painter();
    let lines = [
        (words, theme::strong(size), palette.text),
        (
            small,
            theme::font((size * 0.55).max(theme::SMALL)),
            palette.weak,
        ),
    ];
    let mut top = rect.top();
    for (text, font, color) in lines {
        let galley = painter.layout(text.to_owned(), font, color, rect.width());
        let height = galley.size().y;
        painter.galley(pos2(rect.left(), top), galley, color);
        top += height + 4.0;
    }
    if small.is_empty() {
        return words.to_owned();
    }
    format!("{words}, {small}")
}

/// Draws a digit as high as the rectangle, at its left. Returns the right edge of the widest digit, so that the text
/// beside it does not move.
fn large_digit(ui: &Ui, rect: Rect, digit: &str, color: Color32) -> f32 {
    // Roboto's digits are 0.711 em high and 0.57 em wide, and one em is 1.17 points of its size.
    let size = (rect.height() / 0.711 / 1.17).min(rect.width() / 1.12);
    let galley = ui
        .painter()
        .layout_no_wrap(digit.to_owned(), theme::strong(size), color);
    let ink = galley.mesh_bounds;
    let pos = pos2(rect.left() - ink.left(), rect.bottom() - ink.bottom());
    let width = size * 0.57;
    let centered = pos + vec2(((width - ink.width()) / 2.0).max(0.0), 0.0);
    ui.painter().galley(centered, galley, color);
    rect.left() + width
}

/// Draws the ten bars, and above them the control that corrects the prediction.
pub(super) fn bars_ui(ui: &mut Ui, rect: Rect, state: &State, actions: &mut Vec<Action>) {
    let above = rect.with_max_y(rect.top() - correct::GAP);
    let above = above.with_min_y(rect.top() - BARS_GAP + correct::GAP);
    let known = number::known_place(above, state);
    correct_ui(ui, above.with_max_x(known.left()), state, actions);
    number::known_ui(ui, known, state, actions);
    let height = rect.height() / 10.0;
    for digit in Digit::ALL {
        let top = rect.top() + height * f32::from(digit.value());
        let row = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), height));
        let response = ui.interact(row, bar_id(digit), Sense::hover());
        bar_ui(ui, row, digit, state.pad.answer(), None, &response);
        response.widget_info(|| {
            let mut info =
                WidgetInfo::labeled(Role::Meter, true, format!("Probability of {digit}"));
            let probability = probability_of(digit, state.pad.answer());
            info.current_text_value = Some(probability.map_or_else(|| "none".to_owned(), percent));
            info
        });
    }
}

fn bar_id(digit: Digit) -> Id {
    Id::unique(("bar", digit.value()))
}

pub(super) fn probability_of(digit: Digit, answer: Option<&Answer>) -> Option<f32> {
    answer.map(|answer| answer.prediction.probabilities()[digit.index()])
}

pub(super) fn percent(probability: f32) -> String {
    format::probability(probability, 1)
}

/// Draws a bar. That of the rival is amber.
pub(super) fn bar_ui(
    ui: &Ui,
    row: Rect,
    digit: Digit,
    answer: Option<&Answer>,
    rival: Option<Digit>,
    response: &Response,
) {
    let palette = Palette::of(ui.style());
    let probability = probability_of(digit, answer);
    let is_best = answer.is_some_and(|answer| answer.prediction.digit() == digit);
    let is_answer = is_best && answer.is_some_and(Answer::is_digit);
    let size = (row.height() * 0.52).clamp(13.0, 44.0);
    // Columns of fixed width, so that nothing moves when a number changes.
    let left = row.left() + size * 1.1;
    let right = row.right() - size * 3.7;
    let thickness = (row.height() * 0.62).round();
    let track = Rect::from_min_max(pos2(left, row.center().y), pos2(right, row.center().y))
        .expand2(vec2(0.0, thickness / 2.0))
        .round_to_pixels(ui.pixels_per_point());
    let corners = CornerRadius::same((thickness / 4.0).min(6.0) as u8);
    let painter = ui.painter();
    let is_offered = response.sense.senses_click() && (response.hovered() || response.has_focus());
    if is_offered {
        painter.rect_filled(row.expand2(vec2(theme::GAP, -1.0)), corners, palette.panel);
    }
    painter.rect_filled(track, corners, palette.track);
    // Without an animation: at every frame, the bar is as long as the number beside it says.
    let length = probability.unwrap_or(0.0);
    if length > 0.001 {
        let end = lerp(track.left()..=track.right(), length.clamp(0.0, 1.0));
        let bar = Rect::from_min_max(track.min, pos2(end, track.bottom()));
        let color = if is_answer {
            palette.accent
        } else if rival == Some(digit) {
            palette.second
        } else {
            palette.bar
        };
        painter
            .with_clip_rect(bar)
            .rect_filled(track, corners, color);
    }
    let middle = row.center().y;
    let (font, color): (fn(f32) -> FontId, Color32) = if is_answer {
        (theme::strong, palette.text)
    } else {
        (theme::font, palette.weak)
    };
    let name = digit.to_string();
    painter.text(
        pos2(row.left(), middle),
        Align2::LEFT_CENTER,
        name,
        font(size),
        color,
    );
    let share = probability.map(percent).unwrap_or_default();
    painter.text(
        pos2(row.right(), middle),
        Align2::RIGHT_CENTER,
        share,
        font(size * 0.88),
        color,
    );
}
