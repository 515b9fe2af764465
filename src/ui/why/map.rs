//! *The map*: training images in the plane, and the drawing among them.

use egui::{
    Align2, Button, Color32, Key, Modifiers, Painter, Popup, PopupKind, Pos2, Rect, Response,
    RichText, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::part;
use crate::{
    app::{
        action::Action,
        state::{
            State,
            explanation::{ExplanationAction, ShownExplanation},
        },
    },
    bitmap::{Bitmap, Digit},
    format,
    model::MlpConfig,
    ui::{
        atlas::Atlas,
        roving::{RovingFocus, pressed_keys},
        theme::{self, Palette},
        widgets::{quiet_selection, text_on_paper},
    },
    worker::explainer::DigitMap,
};

pub(super) const METHOD: &str = "Every image becomes the list of a layer's outputs. The plane goes through the mean of these \
    lists, along the two directions in which they vary most: the principal components (Pearson, \"On lines and planes of \
    closest fit to systems of points in space\", 1901). It is a plain projection, so distances on the map are never larger \
    than true ones, but images that are far apart may fall together: the percentages say how much of the variance the \
    plane shows. The axes stay as they are for a model; only your drawing moves.";

/// The height of the row of layers, in points.
const ROW: f32 = 34.0;
/// The part of the plane around the points that stays free.
const FREE: f32 = 0.05;
/// The distance from the pointer to a point that it shows, in points.
const REACH: f32 = 12.0;
/// The side of the image of a point, in points.
const IMAGE: f32 = 112.0;

/// The height of the view in the story.
pub(super) fn height(width: f32) -> f32 {
    ROW + (width * 0.66).clamp(240.0, 460.0)
}

/// The state of the view between frames.
#[derive(Debug, Default)]
pub(super) struct MapView {
    image: Atlas<usize>,
    /// The point at which the keyboard points.
    cursor: Option<usize>,
}

impl MapView {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        shown: &ShownExplanation,
        map: &DigitMap,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        let row = rect.with_max_y(rect.top() + ROW);
        let config = shown.model.mlp.config();
        layers_ui(&mut part(ui, row, "layers"), config, map.layer, actions);
        self.plane_ui(ui, rect.with_min_y(row.bottom()), map, state, actions);
    }

    fn plane_ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        map: &DigitMap,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        let palette = Palette::of(ui.style());
        ui.painter()
            .rect_filled(rect, f32::from(theme::RADIUS), palette.paper);
        let id = ui.scope_id().with("plane");
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, "Map of training images");
            info.current_text_value = Some(description(map));
            info
        });
        let plane = PlaneView::of(rect.shrink(8.0), &map.points);
        let clipped = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let size = (rect.height() / 36.0).clamp(10.0, 16.0);
        let glyphs = Digit::ALL.map(|digit| {
            let color = palette.digits[digit.index()];
            clipped.layout_no_wrap(digit.to_string(), theme::font(size), color)
        });
        for (index, &point) in map.points.iter().enumerate() {
            let digit = map.examples.label(index).index();
            let glyph = &glyphs[digit];
            let corner = plane.screen_from_plane(point) - glyph.size() / 2.0;
            clipped.galley(corner, glyph.clone(), palette.digits[digit]);
        }
        let [x, y] = map
            .variance
            .map(|share| format::percent(f64::from(share), 0));
        let foot = format!(
            "{} images. Across {x}, upward {y} of the variance.",
            format::count(map.points.len())
        );
        let left = rect.left_bottom() + vec2(10.0, -12.0);
        let font = theme::font(theme::SMALL);
        text_on_paper(
            &clipped,
            left,
            Align2::LEFT_CENTER,
            foot,
            font,
            palette.text,
        );
        if let Some(own) = map.own.filter(|_| !state.pad.is_blank()) {
            own_ui(&clipped, rect, plane.screen_from_plane(own), palette);
        }
        let outline = Stroke::new(1.0, palette.outline);
        ui.painter().rect_stroke(
            rect,
            f32::from(theme::RADIUS),
            outline,
            egui::StrokeKind::Inside,
        );
        let nearest = response
            .hover_pos()
            .and_then(|pos| plane.nearest(pos, &map.points));
        let cursor = self.cursor_in(ui, &response, &plane, map);
        let Some(index) = nearest.or(cursor) else {
            return;
        };
        let at = plane.screen_from_plane(map.points[index]);
        clipped.circle_stroke(at, size * 0.7, Stroke::new(2.0, palette.text));
        let label = map.examples.label(index);
        let bitmap = Bitmap::from_bytes(map.examples.image(index));
        if response.clicked() {
            let bitmap = bitmap.clone();
            let show = ExplanationAction::Show {
                index,
                label,
                bitmap,
            };
            actions.push(Action::Explanation(show));
        }
        self.image.show(ui, index, [bitmap].into_iter());
        let texture = self.image.place(0);
        let tip = |ui: &mut Ui| {
            if let Some((texture, place)) = texture {
                let (rect, _) = ui.allocate_exact_size(Vec2::splat(IMAGE), Sense::hover());
                ui.painter().image(texture, rect, place, Color32::WHITE);
            }
            ui.label(format!(
                "Training image {}: {label}",
                format::count(index + 1)
            ));
            let text = "Click or Enter puts it on the pad.";
            ui.label(RichText::new(text).small().weak());
        };
        if nearest.is_some() {
            response.on_hover_ui_at_pointer(tip);
        } else {
            let beside = at + vec2(REACH, REACH);
            let popup = Popup::from_response(&response).kind(PopupKind::Tooltip);
            popup.at_position(beside).show(tip);
        }
    }

    /// The point at which the keyboard points while the map has the focus: at first the one nearest to the drawing, or to
    /// the middle.
    fn cursor_in(
        &mut self,
        ui: &Ui,
        response: &Response,
        plane: &PlaneView,
        map: &DigitMap,
    ) -> Option<usize> {
        if !response.has_focus() {
            return None;
        }
        let middle = plane.rect.center();
        let start = map.own.map_or(middle, |own| plane.screen_from_plane(own));
        let known = self.cursor.filter(|&index| index < map.points.len());
        let mut cursor = known.or_else(|| plane.nearest_of_all(start, &map.points))?;
        for key in pressed_keys(ui, Modifiers::NONE) {
            cursor = plane.beside(cursor, key, &map.points).unwrap_or(cursor);
        }
        self.cursor = Some(cursor);
        self.cursor
    }
}

/// Marks the place of the drawing, at the edge if it is beyond.
fn own_ui(painter: &Painter, rect: Rect, at: Pos2, palette: &Palette) {
    let inside = rect.shrink(12.0).clamp(at);
    painter.circle_stroke(inside, 9.0, Stroke::new(5.0, palette.paper));
    painter.circle_stroke(inside, 9.0, Stroke::new(2.5, palette.accent));
    painter.circle_filled(inside, 3.0, palette.accent);
    let text = if inside == at {
        "your drawing"
    } else {
        "your drawing, beyond the edge"
    };
    let (side, align) = if inside.x > rect.center().x {
        (-14.0, Align2::RIGHT_CENTER)
    } else {
        (14.0, Align2::LEFT_CENTER)
    };
    let place = inside + vec2(side, 0.0);
    let font = theme::strong(theme::SMALL);
    text_on_paper(painter, place, align, text.to_owned(), font, palette.accent);
}

/// The place of the plane on the screen.
struct PlaneView {
    rect: Rect,
    low: Vec2,
    high: Vec2,
}

impl PlaneView {
    /// Shows all points in a rectangle.
    fn of(rect: Rect, points: &[[f32; 2]]) -> Self {
        let mut bounds = Rect::NOTHING;
        for &[x, y] in points {
            bounds.extend_with(pos2(x, y));
        }
        let bounds = bounds.expand2(bounds.size() * FREE + Vec2::splat(f32::EPSILON));
        Self {
            rect,
            low: bounds.min.to_vec2(),
            high: bounds.max.to_vec2(),
        }
    }

    fn screen_from_plane(&self, [x, y]: [f32; 2]) -> Pos2 {
        let share = (vec2(x, y) - self.low) / (self.high - self.low);
        pos2(
            self.rect.left() + share.x * self.rect.width(),
            self.rect.bottom() - share.y * self.rect.height(),
        )
    }

    /// The point nearest to a place, if it is within reach.
    fn nearest(&self, pos: Pos2, points: &[[f32; 2]]) -> Option<usize> {
        let index = self.nearest_of_all(pos, points)?;
        let distance = self.screen_from_plane(points[index]).distance(pos);
        (distance < REACH).then_some(index)
    }

    /// The point nearest to a place.
    fn nearest_of_all(&self, pos: Pos2, points: &[[f32; 2]]) -> Option<usize> {
        let distance = |point: &[f32; 2]| self.screen_from_plane(*point).distance(pos);
        let distances = points.iter().map(distance).enumerate();
        Some(distances.min_by(|a, b| a.1.total_cmp(&b.1))?.0)
    }

    /// The nearest point in the direction of an arrow key: in the quarter of the plane around it.
    fn beside(&self, index: usize, key: Key, points: &[[f32; 2]]) -> Option<usize> {
        let direction = match key {
            Key::ArrowLeft => Vec2::LEFT,
            Key::ArrowRight => Vec2::RIGHT,
            Key::ArrowUp => Vec2::UP,
            Key::ArrowDown => Vec2::DOWN,
            _ => return None,
        };
        let from = self.screen_from_plane(points[index]);
        let offsets = points
            .iter()
            .map(|&point| self.screen_from_plane(point) - from);
        let ahead = offsets.enumerate().filter(|(_, offset)| {
            let along = offset.dot(direction);
            along > 0.0 && along >= offset.dot(direction.rot90()).abs()
        });
        Some(
            ahead
                .min_by(|a, b| a.1.length_sq().total_cmp(&b.1.length_sq()))?
                .0,
        )
    }
}

/// The choice of the layer.
fn layers_ui(ui: &mut Ui, config: &MlpConfig, chosen: usize, actions: &mut Vec<Action>) {
    let count = config.layers().len();
    ui.horizontal(|ui| {
        quiet_selection(ui);
        ui.spacing_mut().item_spacing.x = 4.0;
        let id = ui.scope_id().with("layers");
        let mut focus = RovingFocus::of(ui, id, count + 1, count + 1, Some(chosen));
        // Deep networks have more layers than the row has room for.
        let room = ui.available_width() / (count + 1) as f32;
        for layer in 0..=count {
            let (short, name) = match layer {
                0 => ("Input".to_owned(), "Map of the input".to_owned()),
                _ if layer == count => ("Answer".to_owned(), "Map of the answer".to_owned()),
                _ => (format!("Layer {layer}"), format!("Map of layer {layer}")),
            };
            let text = if room < 78.0 && (1..count).contains(&layer) {
                layer.to_string()
            } else {
                short
            };
            let size = if room < 60.0 {
                theme::SMALL
            } else {
                theme::BODY
            };
            ui.spacing_mut().button_padding.x = if room < 78.0 { 4.0 } else { 10.0 };
            ui.spacing_mut().interact_size.x = 0.0;
            let button = Button::selectable(layer == chosen, RichText::new(text).size(size));
            let response = ui.add(button.sense(focus.sense(layer, Sense::CLICK)));
            focus.follow(ui, layer, &response);
            response
                .widget_info(|| WidgetInfo::selected(Role::Button, true, layer == chosen, &name));
            if response
                .on_hover_text(format!(
                    "{name}: see how the classes part from layer to layer."
                ))
                .clicked()
            {
                let layer = (layer + 1 != count).then_some(layer);
                actions.push(Action::Explanation(ExplanationAction::ChooseMapLayer(
                    layer,
                )));
            }
        }
    });
}

/// The accessible value of the map.
fn description(map: &DigitMap) -> String {
    let own = map
        .own
        .map(|[x, y]| format!(", your drawing at {x:.1} and {y:.1}"));
    format!("{} images{}", map.points.len(), own.unwrap_or_default())
}
