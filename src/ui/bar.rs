//! The row at the top: the tabs, the theme, and the switch of the training panel.

use std::f32::consts::TAU;

use egui::{
    Align, Button, Color32, Layout, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2,
    WidgetInfo, accesskit::Role,
};

use super::theme::{self, Palette};
use crate::{
    app::{
        action::Action,
        state::{State, Tab},
    },
    store::settings::ThemeChoice,
};

/// The tabs of the window, with names and help.
const STAGES: [(Tab, &str, &str); 2] = [
    (
        Tab::Draw,
        "Draw",
        "Draw a digit and watch the prediction (Ctrl+1).",
    ),
    (
        Tab::Evaluate,
        "Test",
        "Evaluate the model on thousands of digits and look at its errors (Ctrl+2).",
    ),
];

/// Draws the row.
pub(super) fn bar_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    theme::quiet_selection(ui);
    ui.horizontal_centered(|ui| {
        ui.heading("Digitpad");
        ui.add_space(theme::GAP);
        for (stage, name, help) in STAGES {
            let tab = ui.add(Button::selectable(state.tab == stage, name));
            if tab.on_hover_text(help).clicked() {
                actions.push(Action::SwitchTab(stage));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let shown = state.settings.training_panel;
            let toggle = ui.add(Button::selectable(shown, "Training panel"));
            if toggle
                .on_hover_text("Shows or hides the training panel.")
                .clicked()
            {
                actions.push(Action::ShowTraining(!shown));
            }
            ui.add_space(theme::GAP);
            for choice in ThemeChoice::ALL.into_iter().rev() {
                if theme_button(ui, choice, state.settings.theme == choice).clicked() {
                    actions.push(Action::ChooseTheme(choice));
                }
            }
        });
    });
}

/// A button with the icon of a theme.
fn theme_button(ui: &mut Ui, choice: ThemeChoice, selected: bool) -> Response {
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

/// A crescent: a strip between the outer and the inner edge.
fn moon(painter: &Painter, center: Pos2, color: Color32) {
    let (radius, steps) = (7.0, 24);
    let bite = center + Vec2::new(3.4, -2.6);
    let mut strip = egui::Mesh::default();
    // Both edges run from horn to horn.
    let angle = (bite - center).angle();
    let horn = ((bite - center).length() / 2.0 / radius).acos();
    for step in 0..=steps {
        let part = step as f32 / steps as f32;
        let outer = angle + horn + (TAU - 2.0 * horn) * part;
        let inner = angle + (TAU / 2.0 - horn) + (2.0 * horn) * part;
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
