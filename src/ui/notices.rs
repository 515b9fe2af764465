//! Notices at the bottom of the window.

use egui::{
    Align2, Area, Button, Color32, Context, Frame, Id, Label, Margin, Order, Sense, Stroke, Ui,
    Vec2, WidgetInfo, accesskit::Role, vec2,
};

use super::theme::{self, Palette};
use crate::app::{
    action::Action,
    state::{
        State, Tab,
        notices::{Notice, Severity},
    },
};

/// The number of visible notices. Dismissing one shows an older one.
const SHOWN: usize = 3;
/// The largest width, in points: longer lines are hard to read.
const MOST_WIDTH: f32 = 720.0;
/// The width of the button, in points.
const DISMISS_WIDTH: f32 = 84.0;

/// Draws the newest notices over the window, so that nothing moves when one appears.
pub(crate) fn notices_ui(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    let notices = state.notices.list();
    if notices.is_empty() {
        return;
    }
    let area = Area::new(Id::unique("notices")).order(Order::Foreground);
    area.anchor(Align2::CENTER_BOTTOM, vec2(0.0, -16.0))
        .show(ctx, |ui| {
            ui.set_width((ctx.content_rect().width() - 40.0).min(MOST_WIDTH));
            for notice in notices.iter().rev().take(SHOWN).rev() {
                notice_ui(ui, notice, actions);
            }
        });
}

fn notice_ui(ui: &mut Ui, notice: &Notice, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.style());
    let color = match notice.severity {
        Severity::Info => palette.accent,
        Severity::Error => palette.error,
    };
    let frame = Frame::popup(ui.style()).inner_margin(Margin::symmetric(16, 10));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            let (mark, _) = ui.allocate_exact_size(vec2(10.0, 20.0), Sense::hover());
            ui.painter().circle_filled(mark.center(), 4.0, color);
            let text_width = ui.available_width() - DISMISS_WIDTH - ui.spacing().item_spacing.x;
            ui.vertical(|ui| {
                ui.set_width(text_width);
                let response = ui.add(Label::new(&notice.text).wrap());
                response.widget_info(|| WidgetInfo::labeled(Role::Alert, true, &notice.text));
            });
            let size = vec2(DISMISS_WIDTH, ui.spacing().interact_size.y);
            if ui.add_sized(size, Button::new("Dismiss")).clicked() {
                actions.push(Action::Dismiss(notice.id));
            }
        });
    });
}

/// Explains what a drop of the dragged file does.
pub(crate) fn drop_hint(ctx: &Context, state: &State) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let area = Area::new(Id::unique("drop"))
        .order(Order::Foreground)
        .interactable(false);
    area.anchor(Align2::CENTER_CENTER, Vec2::ZERO)
        .show(ctx, |ui| {
            let palette = Palette::of(ui.style());
            let frame = Frame::popup(ui.style())
                .inner_margin(Margin::same(28))
                .stroke(Stroke::new(2.0, palette.accent))
                .shadow(egui::Shadow {
                    color: Color32::from_black_alpha(90),
                    ..ui.visuals().popup_shadow
                });
            frame.show(ui, |ui| {
                let text = match state.tab {
                    Tab::Draw => "Drop weights, a picture, an ink file or training settings",
                    Tab::Evaluate => "Drop a folder or an ink file to evaluate the model on it",
                };
                ui.label(egui::RichText::new(text).size(theme::HEADING));
            });
        });
}
