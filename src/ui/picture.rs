//! The picture on the pad: its steps, the frames around what was found, and the part of it that is selected.

use std::sync::Arc;

use egui::{
    Align2, Button, Color32, ColorImage, CursorIcon, Id, Painter, Pos2, Rect, Response, RichText,
    Sense, Stroke, StrokeKind, TextureHandle, TextureId, TextureOptions, Ui, Vec2, WidgetInfo,
    accesskit::Role, pos2, text::LayoutJob, vec2,
};

use super::{
    canvas::WHOLE,
    draw::fixed_place,
    number::{color_of, nearest_at, readings},
    theme::{self, Palette},
};
use crate::{
    app::{
        action::Action,
        state::{State, number::ShownNumber},
    },
    bitmap::SIDE,
    ink::{Bounds, edit::Picture},
    picture::{PictureStep, PictureView},
    recognition::number::Number,
};

/// The largest movement of a click, in points.
const CLICK: f32 = 4.0;
/// The size of a button below a picture, in points. On a small pad it is narrower, to this width.
const BUTTON: Vec2 = vec2(92.0, 24.0);
const MIN_BUTTON: f32 = 64.0;
/// The width of the button of the steps with the name of the step, and of a pad that has room for it, in points.
const NAMED_STEP: f32 = 148.0;
const ROOMY: f32 = 400.0;
/// The distance of the picture and of its buttons from the edge of the pad, in points.
const MARGIN: f32 = 8.0;
/// The distance of a frame from the ink, and the width of its line and that of the selected digit's, in points.
const FRAME_GAP: f32 = 3.0;
const FRAME: f32 = 1.5;
const SELECTED_FRAME: f32 = 3.0;
/// The height of a digit, in points, below which its frame is finer, so that it does not cover its neighbors.
const FINE: f32 = 40.0;

/// How many digits of a number differ in color. The last one of the palette is a gray.
const COLORS: usize = 9;

/// Each step with its name and what it shows.
const STEPS: [(PictureStep, &str, &str); 5] = [
    (PictureStep::Picture, "Picture", "the picture as it is"),
    (
        PictureStep::Contrast,
        "Contrast",
        "how much each pixel differs from its paper, whatever the light",
    ),
    (PictureStep::Ink, "Ink", "the pixels that differ enough"),
    (
        PictureStep::Cleaned,
        "Cleaned",
        "the ink without dust, printed lines and the edge of a table, which is read",
    ),
    (
        PictureStep::Divided,
        "Digits",
        "which ink belongs to which digit, by color; gray is not a digit",
    ),
];

/// The picture on the pad between frames.
#[derive(Default)]
pub(super) struct ShownPicture {
    texture: Option<StepTexture>,
    step: PictureStep,
    place: Option<PicturePlace>,
    /// The places of the buttons.
    buttons: Vec<Rect>,
    /// Where the pointer went down on the picture, and where it is.
    drag: Option<[Pos2; 2]>,
}

/// The texture of a step.
struct StepTexture {
    view: Arc<PictureView>,
    step: PictureStep,
    /// The number whose digits are colored.
    number: Option<Number>,
    handle: TextureHandle,
}

/// The place of a picture of which a part may be selected.
struct PicturePlace {
    rect: Rect,
    /// Points per pixel of the picture.
    scale: f32,
    /// The frame around each digit.
    digits: Vec<Rect>,
    /// The part that is read, if it is not all.
    part: Option<Rect>,
}

impl PicturePlace {
    /// Pixels of the picture to points.
    fn on_screen(&self, [left, top, right, bottom]: [f32; 4]) -> Rect {
        let [min, max] = [pos2(left, top), pos2(right, bottom)]
            .map(|at| self.rect.min + self.scale * at.to_vec2());
        Rect::from_min_max(min, max)
    }

    /// The pixels that a rectangle touches: left, top, right and bottom.
    fn pixels(&self, selected: Rect) -> [usize; 4] {
        let [min, max] =
            [selected.min, selected.max].map(|corner| (corner - self.rect.min) / self.scale);
        [min.x.floor(), min.y.floor(), max.x.ceil(), max.y.ceil()].map(|at| at as usize)
    }
}

impl ShownPicture {
    /// Takes a press of the primary button, unless it is beside the picture. A press that closes a menu does nothing.
    pub(super) fn press(&mut self, pos: Pos2, is_menu_open: bool) -> bool {
        if self.buttons.iter().any(|button| button.contains(pos)) {
            return true;
        }
        let place = self.place.as_ref();
        let is_on_picture = place.is_some_and(|place| place.rect.contains(pos));
        if is_on_picture && !is_menu_open {
            self.drag = Some([pos; 2]);
        }
        is_on_picture
    }

    /// Whether a press on the picture was not released yet.
    pub(super) fn is_pressed(&self) -> bool {
        self.drag.is_some()
    }

    /// Moves the pointer.
    pub(super) fn move_to(&mut self, pos: Pos2) {
        if let (Some([_, to]), Some(place)) = (&mut self.drag, &self.place) {
            *to = place.rect.clamp(pos);
        }
    }

    /// Forgets a press.
    pub(super) fn cancel(&mut self) {
        self.drag = None;
    }

    /// Releases the button: a drag selects a part, a click puts a digit on the pad, and one beside the part reads all.
    pub(super) fn release(&mut self) -> Option<Action> {
        let [from, to] = self.drag.take()?;
        let place = self.place.as_ref()?;
        if from.distance(to) > CLICK {
            let selected = Rect::from_two_pos(from, to);
            return Some(Action::SelectPart(place.pixels(selected)));
        }
        if let Some(digit) = nearest_at(&place.digits, from) {
            return Some(Action::TakeDigit(digit));
        }
        let part = place.part?;
        (!part.contains(from)).then_some(Action::BackToPicture)
    }

    /// Draws the picture on the pad, if there is one, with what can be done with it below. `input` is the network's input.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        painter: &Painter,
        pad: Rect,
        state: &State,
        input: Option<TextureId>,
        actions: &mut Vec<Action>,
    ) {
        self.place = None;
        self.buttons.clear();
        let Some(picture) = state.pad.picture() else {
            *self = Self::default();
            return;
        };
        match (&picture.view, input) {
            (Some(view), _) => self.view_ui(ui, painter, pad, state, view),
            (None, Some(input)) => {
                let room = above_foot(pad).shrink(MARGIN);
                let place =
                    Rect::from_center_size(room.center(), Vec2::splat(room.size().min_elem()));
                painter.image(input, place, WHOLE, Color32::WHITE);
            }
            (None, None) => {}
        }
        self.foot_ui(ui, painter, pad, state, picture, actions);
    }

    /// Draws a picture as it is, or a step of it. Frames are around what was found.
    fn view_ui(
        &mut self,
        ui: &Ui,
        painter: &Painter,
        pad: Rect,
        state: &State,
        view: &Arc<PictureView>,
    ) {
        let palette = Palette::of(ui.style());
        let above_foot = above_foot(pad);
        let room = pad.shrink(MARGIN).with_max_y(above_foot.bottom());
        let [width, height] = view.size.map(|side| side as f32);
        let scale = (room.width() / width).min(room.height() / height);
        let mut place = PicturePlace {
            rect: Rect::from_center_size(room.center(), scale * vec2(width, height)),
            scale,
            digits: Vec::new(),
            part: None,
        };
        let shown = state.pad.number();
        let texture = self.texture(painter, view, shown.map(ShownNumber::number));
        painter.image(texture, place.rect, WHOLE, Color32::WHITE);
        let response = ui.interact(place.rect, Id::unique("picture"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Picture on the pad"));
        if let Some(part) = view.part {
            let part = place.on_screen(part.map(|at| at as f32));
            shade_around(painter, place.rect, part, palette);
            place.part = Some(part);
        }
        let frame = |pixels: [f32; 4], width: f32, color| {
            let found = place.on_screen(pixels);
            let share = (found.height() / FINE).clamp(0.3, 1.0);
            let (found, width) = (found.expand(FRAME_GAP * share), (width * share).max(1.0));
            // In sight on any picture.
            let behind = Stroke::new(width + 2.0 * share, palette.paper.gamma_multiply(0.8));
            painter.rect_stroke(found.expand(-share), 3.0, behind, StrokeKind::Outside);
            let line = Stroke::new(width, color);
            painter.rect_stroke(found, 3.0, line, StrokeKind::Outside);
            found.expand(width)
        };
        if let Some(shown) = shown {
            let digits = shown.number().digits.iter().enumerate();
            let frames = digits.map(|(index, digit)| {
                let is_selected = index == shown.selected();
                let width = if is_selected { SELECTED_FRAME } else { FRAME };
                let color = color_of(digit, is_selected, palette);
                let Bounds { min, max } = digit.bounds;
                frame([min.x, min.y, max.x, max.y], width, color)
            });
            let frames: Vec<Rect> = frames.collect();
            readings(painter, above_foot, &frames, shown);
            place.digits = frames;
        } else {
            let found = frame(view.ink.map(|at| at as f32), SELECTED_FRAME, palette.accent);
            let is_digit = state.pad.digit_of_picture().is_some();
            place.digits.extend(is_digit.then_some(found));
        }
        if let Some(selected) = self.dragged() {
            painter.rect_filled(selected, 0.0, palette.accent.gamma_multiply(0.15));
            let line = Stroke::new(1.5, palette.accent);
            painter.rect_stroke(selected, 0.0, line, StrokeKind::Inside);
        }
        if has_parts(view) {
            let pointed = response
                .hover_pos()
                .filter(|_| !self.is_pressed())
                .and_then(|pos| nearest_at(&place.digits, pos));
            if let Some(digit) = pointed {
                let light = palette.accent.gamma_multiply(0.12);
                painter.rect_filled(place.digits[digit], 3.0, light);
                ui.set_cursor_icon(CursorIcon::PointingHand);
            }
            self.place = Some(place);
        }
    }

    /// The rectangle that is being dragged.
    fn dragged(&self) -> Option<Rect> {
        let [from, to] = self.drag.filter(|[from, to]| from.distance(*to) > CLICK)?;
        Some(Rect::from_two_pos(from, to))
    }

    /// The texture of the step.
    fn texture(
        &mut self,
        painter: &Painter,
        view: &Arc<PictureView>,
        number: Option<&Number>,
    ) -> TextureId {
        let known = self.texture.as_ref();
        if known.is_some_and(|known| !Arc::ptr_eq(&known.view.rgb, &view.rgb)) {
            // Another picture shows itself first.
            self.step = PictureStep::default();
        }
        let step = self.step;
        let number = number.filter(|_| step == PictureStep::Divided);
        let is_same = |known: &StepTexture| {
            let is_of = Arc::ptr_eq(&known.view, view) && known.step == step;
            is_of && known.number.as_ref() == number
        };
        let known = self.texture.take().filter(is_same);
        let shown = self.texture.insert(known.unwrap_or_else(|| {
            let image = image_of(view, step, number);
            let options = TextureOptions::LINEAR;
            StepTexture {
                view: Arc::clone(view),
                step,
                number: number.cloned(),
                handle: painter.ctx().load_texture("picture", image, options),
            }
        }));
        shown.handle.id()
    }

    /// Draws the name of a picture below it, what can be done with it, and the buttons.
    fn foot_ui(
        &mut self,
        ui: &mut Ui,
        painter: &Painter,
        pad: Rect,
        state: &State,
        picture: &Picture,
        actions: &mut Vec<Action>,
    ) {
        let palette = Palette::of(ui.style());
        let top = above_foot(pad).bottom();
        let width = ((pad.width() - 3.0 * MARGIN) / 2.0).min(BUTTON.x);
        let step_width = if pad.width() < ROOMY {
            width
        } else {
            NAMED_STEP
        };
        let button = |left, width| Rect::from_min_size(pos2(left, top), vec2(width, BUTTON.y));
        let left = button(pad.left() + MARGIN, width);
        let right = button(pad.right() - MARGIN - step_width, step_width);
        let can_be_taken = state.pad.digit_of_picture().is_some();
        let has_steps = picture.view.as_ref().is_some_and(|view| has_parts(view));
        let has_left = width >= MIN_BUTTON && (can_be_taken || picture.whole.is_some());
        if has_left {
            self.buttons.push(left);
            pad_button_ui(ui, left, state, actions);
        }
        if has_steps {
            self.buttons.push(right);
            self.step_ui(ui, right);
        }
        let hint = match (has_steps, &picture.whole) {
            (true, Some(_)) => "Click beside the part to read all (Esc).",
            (true, None) if can_be_taken => {
                "Click a digit for the pad. Drag over a part to read it."
            }
            (true, None) => "Drag over a part to read it, or draw below it.",
            (false, Some(_)) => "Draw here for a new digit, or go back (Esc).",
            (false, None) => "Draw here for a new digit.",
        };
        let small = hint_size(pad);
        let room = pad.shrink(MARGIN);
        let between = if has_left || has_steps {
            room.shrink2(vec2(step_width + MARGIN, 0.0))
        } else {
            room
        };
        let last = room.with_min_y(pad.bottom() - 1.6 * small);
        let first = between.with_min_y(top).with_max_y(top + BUTTON.y);
        line_ui(painter, first, &picture.name, 1.1 * small, palette.text);
        line_ui(
            painter,
            last.with_max_y(pad.bottom()),
            hint,
            small,
            palette.weak,
        );
    }

    /// The button that shows the next step.
    fn step_ui(&mut self, ui: &mut Ui, place: Rect) {
        let count = STEPS.len();
        let index = STEPS.iter().position(|(step, ..)| *step == self.step);
        let index = index.unwrap_or(0);
        let (_, name, help) = STEPS[index];
        let (next, next_name, _) = STEPS[(index + 1) % count];
        let step = format!("Step {} of {count}", index + 1);
        let text = if place.width() < NAMED_STEP {
            step.clone()
        } else {
            format!("{step}: {name}")
        };
        let response = button_ui(ui, place, "step", &text);
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Button, true, "Step of the picture");
            info.current_text_value = Some(format!("{} of {count}: {name}", index + 1));
            info
        });
        let help = format!("{step}: {help}. Click for the next one, {next_name}.");
        if response.on_hover_text(help).clicked() {
            self.step = next;
        }
    }
}

/// The button that puts the selected digit of the picture on the pad, or goes back from it or from a part.
fn pad_button_ui(ui: &mut Ui, place: Rect, state: &State, actions: &mut Vec<Action>) {
    let (text, name, help, action) = match state.pad.digit_of_picture() {
        Some(digit) => (
            "To the pad",
            "Put the digit on the pad",
            "Puts the selected digit on the pad, as the network sees it. A click on a digit does so too.",
            Action::TakeDigit(digit),
        ),
        None => (
            "Back",
            "Back to the picture",
            "Shows all of the picture again (Esc).",
            Action::BackToPicture,
        ),
    };
    let response = button_ui(ui, place, "to or from the pad", text);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    if response.on_hover_text(help).clicked() {
        actions.push(action);
    }
}

/// A button below a picture.
fn button_ui(ui: &mut Ui, place: Rect, name: &str, text: &str) -> Response {
    let builder = fixed_place(name, place);
    let response = ui.scope_builder(builder, |ui| {
        ui.spacing_mut().button_padding = Vec2::ZERO;
        ui.spacing_mut().interact_size = place.size();
        let text = RichText::new(text).size(theme::SMALL);
        ui.put(place, Button::new(text).min_size(place.size()))
    });
    response.inner
}

/// Draws a text in the middle of its place, cut off where it is too long.
fn line_ui(painter: &Painter, place: Rect, text: &str, size: f32, color: Color32) {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), theme::font(size), color);
    job.wrap.max_width = place.width();
    job.wrap.max_rows = 1;
    let galley = painter.layout_job(job);
    let at = Align2::CENTER_CENTER.anchor_size(place.center(), galley.size());
    painter.galley(at.min, galley, color);
}

/// A step of a picture, in which each digit of a number has a color.
fn image_of(view: &PictureView, step: PictureStep, number: Option<&Number>) -> ColorImage {
    let (Some(shades), Some(ink)) = (view.shades(step), &view.components) else {
        return ColorImage::from_rgb(view.size, &view.rgb);
    };
    if step != PictureStep::Divided {
        let dark = shades.iter().map(|shade| 255 - shade);
        return ColorImage::from_gray_iter(view.size, dark);
    }
    let palette = Palette::ON_WHITE;
    let color_of = |owner: Option<usize>| match (number, owner) {
        (None, _) => palette.accent,
        (Some(number), Some(index)) if number.digits[index].is_digit => {
            palette.digits[index % COLORS]
        }
        (Some(_), _) => palette.bar,
    };
    let owners = number.map_or_else(|| vec![None; shades.len()], |number| number.owners(ink));
    let pixels = shades.iter().zip(owners).map(|(&shade, owner)| {
        Color32::WHITE.lerp_to_gamma(color_of(owner), f32::from(shade) / 255.0)
    });
    ColorImage::new(view.size, pixels.collect())
}

/// Whether parts of a picture may be selected: one as small as the input of the network is one digit.
fn has_parts(view: &PictureView) -> bool {
    let is_large = view.size.iter().any(|&side| side >= 2 * SIDE);
    is_large && view.components.is_some()
}

/// Pales what is not in the selected part, and frames the part.
fn shade_around(painter: &Painter, all: Rect, part: Rect, palette: &Palette) {
    let part = part.intersect(all);
    let shade = palette.paper.gamma_multiply(0.7);
    let around = [
        all.with_max_y(part.top()),
        all.with_min_y(part.bottom()),
        Rect::from_min_max(pos2(all.left(), part.top()), part.left_bottom()),
        Rect::from_min_max(part.right_top(), pos2(all.right(), part.bottom())),
    ];
    for rest in around {
        painter.rect_filled(rest, 0.0, shade);
    }
    painter.rect_stroke(
        part,
        0.0,
        Stroke::new(1.0, palette.text),
        StrokeKind::Outside,
    );
}

/// The size of small text on a pad.
pub(super) fn hint_size(pad: Rect) -> f32 {
    (pad.width() * 0.035).clamp(theme::SMALL, 22.0)
}

/// The part of a pad above the two lines below a picture.
fn above_foot(pad: Rect) -> Rect {
    pad.with_max_y(pad.bottom() - 3.2 * hint_size(pad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ink::{Ink, Point, Stroke as InkStroke},
        model::calibration::Calibration,
        picture,
        recognition::Prediction,
    };

    #[test]
    fn the_ink_of_each_digit_has_a_color_of_its_own() {
        let lines = [20, 60, 100];
        let is_ink = |at: usize| {
            let (x, y) = (at % 140, at / 140);
            (10..90).contains(&y) && lines.iter().any(|left| (*left..left + 8).contains(&x))
        };
        let tone = |at: usize| if is_ink(at) { 0 } else { 255 };
        let pixels = (0..140 * 100).flat_map(|at| [tone(at), tone(at), tone(at), 255]);
        let picture = picture::from_rgba(pixels.collect(), [140, 100]).expect("a picture");
        let dot = |x: usize| InkStroke::new(vec![Point::new(x as f32, 50.0)]).expect("has points");
        let strokes: Ink = lines.map(dot).into_iter().collect();
        let prediction = Prediction::from_logits(&[0.0; 10], &Calibration::default());
        let mut number = Number::of_strokes(&strokes, &prediction);
        number.digits[2].is_digit = false;
        let palette = Palette::ON_WHITE;
        let [first, second, ..] = palette.digits;
        let cases = [
            (
                PictureStep::Divided,
                Some(&number),
                [first, second, palette.bar],
            ),
            (PictureStep::Divided, None, [palette.accent; 3]),
            (PictureStep::Cleaned, Some(&number), [Color32::BLACK; 3]),
        ];
        for (step, number, expected) in cases {
            let image = image_of(&picture.view, step, number);
            let found = lines.map(|left| image[(left + 4, 50)]);
            assert_eq!(found, expected, "{step:?} of {number:?}");
            assert_eq!(image[(45, 50)], Color32::WHITE, "{step:?}: paper");
        }
    }
}
