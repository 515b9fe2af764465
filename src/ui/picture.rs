//! The picture on the pad: its steps, the frames around what was found, and the part of it that is selected.

use std::sync::Arc;

use egui::{
    Align2, Button, Color32, ColorImage, Id, Painter, Pos2, Rect, RichText, Sense, Stroke,
    StrokeKind, TextureHandle, TextureOptions, Ui, UiBuilder, Vec2, WidgetInfo, accesskit::Role,
    pos2, text::LayoutJob, vec2,
};

use super::theme::{self, Palette};
use crate::{
    app::{action::Action, state::State},
    bitmap::SIDE,
    ink::{Bounds, edit::Picture},
    picture::{PictureStep, PictureView},
};

/// The largest movement of a click, in points.
const CLICK: f32 = 4.0;
/// The size of the button that shows the next step, in points.
const STEP_BUTTON: Vec2 = vec2(92.0, 24.0);
/// The distance of the picture and of its button from the edge of the pad, in points.
const MARGIN: f32 = 8.0;

/// Each step with its name and what it shows.
const STEPS: [(PictureStep, &str, &str); 4] = [
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
];

/// The picture on the pad between frames.
#[derive(Default)]
pub(super) struct ShownPicture {
    /// What the texture shows.
    texture: Option<(Arc<PictureView>, PictureStep, TextureHandle)>,
    step: PictureStep,
    place: Option<PicturePlace>,
    /// Where the pointer went down on the picture, and where it is.
    drag: Option<[Pos2; 2]>,
}

/// The place of a picture of which a part may be selected.
struct PicturePlace {
    rect: Rect,
    /// Points per pixel of the picture.
    scale: f32,
    /// The button that shows the next step.
    button: Rect,
    /// The frame around each digit of a number.
    digits: Vec<Rect>,
    /// Whether only a part is read.
    is_part: bool,
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
        let Some(place) = &self.place else {
            return false;
        };
        let is_on_picture = place.rect.contains(pos);
        if is_on_picture && !is_menu_open {
            self.drag = Some([pos; 2]);
        }
        is_on_picture || place.button.contains(pos)
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

    /// Releases the button: a drag selects a part, a click a digit, or all of the picture again.
    pub(super) fn release(&mut self) -> Option<Action> {
        let [from, to] = self.drag.take()?;
        let place = self.place.as_ref()?;
        if from.distance(to) > CLICK {
            let selected = Rect::from_two_pos(from, to);
            return Some(Action::SelectPart(Some(place.pixels(selected))));
        }
        let digit = place.digits.iter().position(|frame| frame.contains(from));
        match digit {
            Some(digit) => Some(Action::SelectDigit(digit)),
            None => place.is_part.then_some(Action::SelectPart(None)),
        }
    }

    /// Draws a picture as it is, or a step of it, above its name. Frames are around what was found.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        painter: &Painter,
        pad: Rect,
        state: &State,
        view: &Arc<PictureView>,
    ) {
        let palette = Palette::of(ui.style());
        let room = pad
            .shrink(MARGIN)
            .with_max_y(pad.bottom() - foot_height(pad));
        let [width, height] = view.size.map(|side| side as f32);
        let scale = (room.width() / width).min(room.height() / height);
        let mut place = PicturePlace {
            rect: Rect::from_center_size(room.center(), scale * vec2(width, height)),
            scale,
            button: button_place(pad),
            digits: Vec::new(),
            is_part: view.part.is_some(),
        };
        let texture = self.texture(painter, view).id();
        painter.image(texture, place.rect, super::canvas::WHOLE, Color32::WHITE);
        let response = ui.interact(place.rect, Id::unique("picture"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Picture on the pad"));
        if let Some(part) = view.part {
            shade_around(painter, &place, part.map(|at| at as f32), palette);
        }
        let frame = |pixels: [f32; 4], color| {
            let found = place.on_screen(pixels).expand(3.0);
            // In sight on any picture.
            let behind = Stroke::new(4.0, palette.paper.gamma_multiply(0.8));
            painter.rect_stroke(found.expand(-1.0), 3.0, behind, StrokeKind::Outside);
            painter.rect_stroke(found, 3.0, Stroke::new(2.0, color), StrokeKind::Outside);
            found
        };
        if let Some(shown) = state.pad.number() {
            let bounds = shown.number().bounds().enumerate();
            place.digits = bounds
                .map(|(index, Bounds { min, max })| {
                    let color = if index == shown.selected() {
                        palette.accent
                    } else {
                        palette.weak
                    };
                    frame([min.x, min.y, max.x, max.y], color)
                })
                .collect();
        } else {
            frame(view.ink.map(|at| at as f32), palette.accent);
        }
        if let Some(selected) = self.dragged() {
            painter.rect_filled(selected, 0.0, palette.accent.gamma_multiply(0.15));
            let line = Stroke::new(1.5, palette.accent);
            painter.rect_stroke(selected, 0.0, line, StrokeKind::Inside);
        }
        self.place = has_parts(view).then_some(place);
        self.step_ui(ui);
    }

    /// The rectangle that is being dragged.
    fn dragged(&self) -> Option<Rect> {
        let [from, to] = self.drag.filter(|[from, to]| from.distance(*to) > CLICK)?;
        Some(Rect::from_two_pos(from, to))
    }

    /// The texture of a step.
    fn texture(&mut self, painter: &Painter, view: &Arc<PictureView>) -> &TextureHandle {
        let known = self.texture.as_ref();
        if known.is_some_and(|(known, ..)| !Arc::ptr_eq(&known.rgb, &view.rgb)) {
            // Another picture shows itself first.
            self.step = PictureStep::default();
        }
        let step = self.step;
        let known = self
            .texture
            .take()
            .filter(|(known, shown, _)| Arc::ptr_eq(known, view) && *shown == step);
        let (.., texture) = self.texture.insert(known.unwrap_or_else(|| {
            let image = match view.shades(step) {
                Some(shades) => {
                    let dark = shades.iter().map(|shade| 255 - shade);
                    ColorImage::from_gray_iter(view.size, dark)
                }
                None => ColorImage::from_rgb(view.size, &view.rgb),
            };
            let options = TextureOptions::LINEAR;
            let texture = painter.ctx().load_texture("picture", image, options);
            (Arc::clone(view), step, texture)
        }));
        texture
    }

    /// The button that shows the next step.
    fn step_ui(&mut self, ui: &mut Ui) {
        let Some(place) = self.place.as_ref().map(|place| place.button) else {
            return;
        };
        let count = STEPS.len();
        let index = STEPS.iter().position(|(step, ..)| *step == self.step);
        let index = index.unwrap_or(0);
        let (_, name, help) = STEPS[index];
        let (next, next_name, _) = STEPS[(index + 1) % count];
        let text = RichText::new(format!("{name} {}/{count}", index + 1)).size(theme::SMALL);
        let builder = UiBuilder::new().max_rect(place);
        let response = ui.scope_builder(builder, |ui| {
            ui.spacing_mut().button_padding = Vec2::ZERO;
            ui.spacing_mut().interact_size = STEP_BUTTON;
            ui.put(place, Button::new(text).min_size(STEP_BUTTON))
        });
        let response = response.inner;
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Button, true, "Step of the picture");
            info.current_text_value = Some(format!("{} of {count}: {name}", index + 1));
            info
        });
        let help = format!(
            "Step {} of {count}: {help}. Click for the next one, {next_name}.",
            index + 1
        );
        if response.on_hover_text(help).clicked() {
            self.step = next;
        }
    }
}

/// Whether parts of a picture may be selected: one as small as the input of the network is one digit.
fn has_parts(view: &PictureView) -> bool {
    let is_large = view.size.iter().any(|&side| side >= 2 * SIDE);
    is_large && view.components.is_some()
}

/// Pales what is not in the selected part, and frames the part.
fn shade_around(painter: &Painter, place: &PicturePlace, part: [f32; 4], palette: &Palette) {
    let all = place.rect;
    let part = place.on_screen(part).intersect(all);
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

/// The name of a picture, and what can be done with it, below it.
pub(super) fn foot_ui(painter: &Painter, pad: Rect, picture: &Picture, palette: &Palette) {
    let has_parts = picture.view.as_ref().is_some_and(|view| has_parts(view));
    let hint = match (has_parts, &picture.whole) {
        (false, _) => "Draw here for a new digit.",
        (true, None) => "Drag over a part to read it, or draw below it.",
        (true, Some(_)) => "Click on the picture to read all of it (Esc).",
    };
    let small = hint_size(pad);
    let first = button_place(pad);
    let room = pad.shrink(MARGIN);
    let beside_button = if has_parts {
        room.with_max_x(first.left() - MARGIN)
    } else {
        room
    };
    let lines = [
        (
            &*picture.name,
            1.1 * small,
            palette.text,
            beside_button,
            first.center().y,
        ),
        (hint, small, palette.weak, room, pad.bottom() - 0.8 * small),
    ];
    for (text, size, color, room, middle) in lines {
        let mut job = LayoutJob::simple_singleline(text.to_owned(), theme::font(size), color);
        job.wrap.max_width = room.width();
        job.wrap.max_rows = 1;
        let galley = painter.layout_job(job);
        let place = Align2::CENTER_CENTER.anchor_size(pos2(room.center().x, middle), galley.size());
        painter.galley(place.min, galley, color);
    }
}

/// The place of the button that shows the next step: at the right, below a picture.
fn button_place(pad: Rect) -> Rect {
    let top = pad.bottom() - foot_height(pad);
    Rect::from_min_size(pos2(pad.right() - MARGIN - STEP_BUTTON.x, top), STEP_BUTTON)
}

/// The size of small text on a pad.
pub(super) fn hint_size(pad: Rect) -> f32 {
    (pad.width() * 0.035).clamp(theme::SMALL, 22.0)
}

/// The height of the two lines below a picture.
fn foot_height(pad: Rect) -> f32 {
    3.2 * hint_size(pad)
}
