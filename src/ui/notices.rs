//! What happened, in sentences at the foot of the window.

use egui::{
    Align2, Area, Button, Color32, Context, Frame, Id, Label, Layout, Margin, Order, Panel, Sense,
    Stroke, Ui, Vec2, WidgetInfo, accesskit::Role,
};

use super::theme::{self, Palette};
use crate::app::{
    action::Action,
    state::{
        State,
        notices::{Notice, Severity},
    },
};

/// How many are shown at once; the older ones come up as the newer ones are dismissed.
const SHOWN: usize = 3;

/// Draws the newest notices, if there are any.
pub(crate) fn notices_panel(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let notices = state.notices.list();
    if notices.is_empty() {
        return;
    }
    let palette = Palette::of(ui.style());
    let frame = Frame::new()
        .fill(palette.panel)
        .inner_margin(Margin::symmetric(20, 10));
    Panel::bottom("notices").frame(frame).show(ui, |ui| {
        for notice in notices.iter().rev().take(SHOWN).rev() {
            notice_ui(ui, notice, actions);
        }
        if notices.len() > SHOWN {
            ui.weak(format!("and {} earlier", notices.len() - SHOWN));
        }
    });
}

fn notice_ui(ui: &mut Ui, notice: &Notice, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.style());
    let color = match notice.severity {
        Severity::News => palette.accent,
        Severity::Error => palette.error,
    };
    ui.with_layout(Layout::right_to_left(egui::Align::TOP), |ui| {
        if ui.add(Button::new("Dismiss").small()).clicked() {
            actions.push(Action::Dismiss(notice.id));
        }
        ui.with_layout(Layout::left_to_right(egui::Align::TOP), |ui| {
            let (mark, _) = ui.allocate_exact_size(Vec2::new(10.0, 20.0), Sense::hover());
            ui.painter().circle_filled(mark.center(), 4.0, color);
            let response = ui.add(Label::new(&notice.text).wrap());
            response.widget_info(|| WidgetInfo::labeled(Role::Alert, true, &notice.text));
        });
    });
}

/// Says what happens when the file that hangs over the window is let go.
pub(crate) fn drop_hint(ctx: &Context) {
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
                ui.label(
                    egui::RichText::new("Drop weights, a picture or an ink file")
                        .size(theme::HEADING),
                );
            });
        });
}
