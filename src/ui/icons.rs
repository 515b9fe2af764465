//! The icons of small buttons, drawn as lines.

use egui::{Button, Painter, Pos2, Rect, Response, Stroke, Ui, Vec2, pos2};

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Icon {
    Undo,
    Redo,
    Clear,
    Open,
    Save,
    Eraser,
    /// A stroke that is erased as a whole.
    ErasedStroke,
    /// A stroke with a gap.
    CutStroke,
    /// A dot of this diameter, in points.
    Dot(f32),
    History,
    More,
}

/// A button with an icon. Its accessible name is up to the caller.
pub(super) fn icon_button(ui: &mut Ui, icon: Icon, size: Vec2, is_selected: bool) -> Response {
    let button = Button::selectable(is_selected, "").frame_when_inactive(true);
    let response = ui.add_sized(size, button);
    let color = ui.style().interact(&response).text_color();
    let color = if response.enabled() {
        color
    } else {
        color.gamma_multiply(0.5)
    };
    let side = size.min_elem().min(18.0);
    let place = Rect::from_center_size(response.rect.center(), Vec2::splat(side));
    paint(ui.painter(), icon, place, Stroke::new(1.6, color));
    response
}

/// Draws an icon into a square. Its lines are on a grid from 0 to 16.
fn paint(painter: &Painter, icon: Icon, place: Rect, stroke: Stroke) {
    let at =
        |(x, y): (f32, f32)| -> Pos2 { place.min + place.size() * egui::vec2(x / 16.0, y / 16.0) };
    let line = |points: &[(f32, f32)]| {
        painter.line(points.iter().copied().map(at).collect(), stroke);
    };
    match icon {
        Icon::Undo | Icon::Redo => {
            let side = |x: f32| if icon == Icon::Undo { x } else { 16.0 - x };
            let mirrored = |points: &[(f32, f32)]| {
                let points: Vec<_> = points.iter().map(|&(x, y)| (side(x), y)).collect();
                line(&points);
            };
            mirrored(&[(6.0, 2.0), (2.0, 6.0), (6.0, 10.0)]);
            mirrored(&[
                (2.0, 6.0),
                (10.0, 6.0),
                (12.8, 7.2),
                (14.0, 10.0),
                (12.8, 12.8),
                (10.0, 14.0),
                (6.0, 14.0),
            ]);
        }
        Icon::Clear => {
            line(&[(3.0, 3.0), (13.0, 13.0)]);
            line(&[(13.0, 3.0), (3.0, 13.0)]);
        }
        Icon::Open => line(&[
            (1.5, 13.0),
            (1.5, 3.5),
            (6.0, 3.5),
            (7.5, 5.5),
            (14.5, 5.5),
            (14.5, 13.0),
            (1.5, 13.0),
        ]),
        Icon::Save => {
            line(&[(8.0, 2.0), (8.0, 10.0)]);
            line(&[(4.5, 6.8), (8.0, 10.3), (11.5, 6.8)]);
            line(&[(2.0, 10.0), (2.0, 14.0), (14.0, 14.0), (14.0, 10.0)]);
        }
        Icon::Eraser => {
            line(&[
                (6.0, 13.5),
                (1.8, 9.3),
                (8.8, 2.3),
                (14.0, 7.5),
                (8.0, 13.5),
                (6.0, 13.5),
            ]);
            line(&[(5.2, 5.9), (10.4, 11.1)]);
            line(&[(6.0, 13.5), (15.0, 13.5)]);
        }
        Icon::ErasedStroke | Icon::CutStroke => {
            let wave = |x: f32| (x, 8.0 + 4.0 * (x * 0.55).sin());
            let is_left = |index: usize| match icon {
                Icon::CutStroke => !(5..9).contains(&index),
                _ => index.is_multiple_of(2),
            };
            for index in (0..14).filter(|index| is_left(*index)) {
                line(&[wave(1.0 + index as f32), wave(2.0 + index as f32)]);
            }
        }
        Icon::Dot(diameter) => {
            painter.circle_filled(place.center(), diameter / 2.0, stroke.color);
        }
        Icon::History => {
            painter.circle_stroke(at((8.0, 8.0)), 0.4 * place.width(), stroke);
            line(&[(8.0, 4.2), (8.0, 8.2), (11.0, 9.8)]);
        }
        Icon::More => {
            for x in [3.0, 8.0, 13.0] {
                let center: Pos2 = at((x, 8.0));
                painter.circle_filled(pos2(center.x, center.y), 1.6, stroke.color);
            }
        }
    }
}
