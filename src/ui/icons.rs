//! The theme switch's pictures, drawn so that they look alike on every system.

use std::f32::consts::TAU;

use egui::{
    Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo,
    accesskit::Role,
};

use super::theme::{self, Palette};
use crate::store::settings::ThemeChoice;

/// A button with the theme's picture.
pub(crate) fn theme_button(ui: &mut Ui, choice: ThemeChoice, selected: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(32.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, choice.name()));
    let palette = Palette::of(ui.style());
    let fill = ui.style().interact_selectable(&response, selected).bg_fill;
    if selected || response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, theme::RADIUS, fill);
    }
    let color = if selected { palette.text } else { palette.weak };
    match choice {
        ThemeChoice::Light => sun(ui.painter(), rect.center(), color),
        ThemeChoice::Dark => moon(ui.painter(), rect.center(), color),
        ThemeChoice::System => halves(ui.painter(), rect.center(), color),
    }
    response.on_hover_text(choice.name())
}

fn sun(painter: &Painter, center: Pos2, color: Color32) {
    painter.circle_filled(center, 3.8, color);
    for ray in 0..8 {
        let direction = Vec2::angled(TAU * ray as f32 / 8.0);
        let ends = [center + 5.8 * direction, center + 8.2 * direction];
        painter.line_segment(ends, Stroke::new(1.6, color));
    }
}

/// A disc without another disc: the outer edge one way round, the inner edge back.
fn moon(painter: &Painter, center: Pos2, color: Color32) {
    let (radius, steps) = (7.0, 24);
    let bite = center + Vec2::new(3.4, -2.6);
    let mut strip = egui::Mesh::default();
    // Seen from the bite's side, the outer edge runs from horn to horn, and so does the bite's.
    let towards = (bite - center).angle();
    let horn = ((bite - center).length() / 2.0 / radius).acos();
    for step in 0..=steps {
        let share = step as f32 / steps as f32;
        let outer = towards + horn + (TAU - 2.0 * horn) * share;
        let inner = towards + (TAU / 2.0 - horn) + (2.0 * horn) * share;
        strip.colored_vertex(center + radius * Vec2::angled(outer), color);
        strip.colored_vertex(bite + radius * Vec2::angled(inner), color);
        if step > 0 {
            let last = 2 * step + 1;
            strip.add_triangle(last - 3, last - 2, last - 1);
            strip.add_triangle(last - 2, last - 1, last);
        }
    }
    painter.add(Shape::mesh(strip));
}

fn halves(painter: &Painter, center: Pos2, color: Color32) {
    painter.circle_stroke(center, 7.0, Stroke::new(1.6, color));
    let right = Rect::from_min_max(center - Vec2::new(0.0, 9.0), center + Vec2::splat(9.0));
    painter
        .with_clip_rect(right)
        .circle_filled(center, 7.0, color);
}
