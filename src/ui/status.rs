//! The status line at the bottom: the newest notice with its action, and the list of all notices.

use egui::{
    Align2, Area, Button, Color32, Context, Frame, Id, Label, Layout, Margin, Order, Rect,
    RichText, ScrollArea, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetInfo, accesskit::Role,
    containers::menu::MenuButton, gui_zoom, text::LayoutJob, vec2,
};

use super::{
    focus,
    theme::{self, Palette},
    widgets::{named, small_button},
};
use crate::app::{
    action::Action,
    state::{
        Place, State,
        notices::{Notice, Severity},
    },
};

/// The height of the line: two rows of small text, in points.
pub(super) const HEIGHT: f32 = 40.0;
/// The width of the button of the list, in points.
const LIST_WIDTH: f32 = 84.0;
/// The largest width of a notice's own button, in points.
const ACTION_WIDTH: f32 = 160.0;
/// A button of the size, in points of the normal size.
const ZOOM_BUTTON: Vec2 = vec2(32.0, 26.0);
/// The button that dismisses, in points.
const DISMISS: f32 = 24.0;

/// Draws the line, and at its end the buttons of the size.
pub(super) fn status_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let zoom = ui.ctx().zoom_factor();
    // In pixels, the buttons are always at the same place: a second click hits the same one.
    let size = ZOOM_BUTTON / zoom;
    let edge = vec2(theme::MARGIN, (HEIGHT - ZOOM_BUTTON.y) / 2.0) / zoom;
    let corner = ui.clip_rect().max - edge;
    let larger = Rect::from_min_max(corner - size, corner);
    let smaller = larger.translate(vec2(-size.x, 0.0));
    let rest = ui.max_rect();
    let rest = rest.with_max_x(smaller.left() - theme::GAP);
    ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| {
        notices_ui(ui, state, actions);
    });
    let mut button = |place: Rect, text: &str, name: &str, help: &str| {
        let text = RichText::new(text).size(theme::SMALL / zoom.max(1.0));
        ui.spacing_mut().button_padding = Vec2::ZERO;
        ui.spacing_mut().interact_size = Vec2::ZERO;
        let button = Button::new(text).min_size(place.size());
        let button = named(ui.put(place.shrink2(vec2(1.0, 0.0)), button), name);
        focus::tip(button, help).clicked()
    };
    let help = "Smaller texts and controls (Ctrl+−).";
    let is_smaller = button(smaller, "A−", "Smaller", help);
    let help = "Larger texts and controls (Ctrl++).";
    let is_larger = button(larger, "A+", "Larger", help);
    if is_smaller {
        gui_zoom::zoom_out(ui.ctx());
    } else if is_larger {
        gui_zoom::zoom_in(ui.ctx());
    }
}

fn notices_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let notices = &state.notices;
    ui.horizontal_centered(|ui| {
        let buttons = LIST_WIDTH + ui.spacing().item_spacing.x;
        if let Some(notice) = notices.shown() {
            shown_ui(ui, notice, buttons, actions);
        }
        ui.add_space((ui.available_width() - LIST_WIDTH).max(0.0));
        let count = notices.list().len();
        if count > 0 {
            let text = RichText::new(format!("Notices {count}")).size(theme::SMALL);
            let button = Button::new(text).min_size(vec2(LIST_WIDTH, DISMISS));
            let (button, _) = MenuButton::from_button(button).ui(ui, |ui| list_ui(ui, state));
            button.on_hover_text("Lists what was said before.");
        }
    });
}

/// A notice in at most two rows, its button, and one that dismisses it. A longer text is in the list.
fn shown_ui(ui: &mut Ui, notice: &Notice, reserved: f32, actions: &mut Vec<Action>) {
    let gap = ui.spacing().item_spacing.x;
    mark_ui(ui, notice);
    let palette = Palette::of(ui.style());
    let font = theme::font(theme::SMALL);
    let width_of = |label: &String| {
        let font = font.clone();
        let galley = ui
            .painter()
            .layout_no_wrap(label.clone(), font, palette.text);
        let padding = 2.0 * ui.spacing().button_padding.x;
        (galley.size().x + padding).min(ACTION_WIDTH)
    };
    let widths: Vec<f32> = notice
        .buttons
        .iter()
        .map(|button| width_of(&button.label))
        .collect();
    let buttons: f32 = widths.iter().map(|width| width + gap).sum();
    let width = ui.available_width() - reserved - buttons - DISMISS - gap;
    let mut job = LayoutJob::simple(notice.text.clone(), font, palette.text, width);
    job.wrap.max_rows = 2;
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let response = ui.add(Label::new(galley).selectable(false));
    response.widget_info(|| WidgetInfo::labeled(Role::Alert, true, &notice.text));
    response.on_hover_text(&notice.text);
    for (button, width) in notice.buttons.iter().zip(widths) {
        let text = RichText::new(&button.label).size(theme::SMALL);
        let size = vec2(width, ui.spacing().interact_size.y);
        // A button that is no longer possible keeps its place, so that a click hits no other.
        ui.add_enabled_ui(button.is_possible, |ui| {
            let shown = ui.add_sized(size, Button::new(text).truncate());
            if named(shown, &button.label).clicked() {
                actions.extend([Action::Dismiss, button.action.clone()]);
            }
        });
    }
    let dismiss = named(small_button(ui, "×"), "Dismiss");
    if focus::tip(dismiss, "Dismisses this notice (Esc).").clicked() {
        actions.push(Action::Dismiss);
    }
}

/// A dot in the color of the severity.
fn mark_ui(ui: &mut Ui, notice: &Notice) {
    let palette = Palette::of(ui.style());
    let color = match notice.severity {
        Severity::Info => palette.accent,
        Severity::Error => palette.error,
    };
    let (mark, _) = ui.allocate_exact_size(vec2(10.0, 16.0), Sense::hover());
    ui.painter().circle_filled(mark.center(), 4.0, color);
}

/// All notices, the newest first.
fn list_ui(ui: &mut Ui, state: &State) {
    let window = ui.ctx().content_rect();
    ui.set_width(440.0_f32.min(window.width() - 48.0));
    let area = ScrollArea::vertical().max_height(window.height() - 160.0);
    area.show(ui, |ui| {
        for notice in state.notices.list().iter().rev() {
            ui.with_layout(Layout::left_to_right(egui::Align::Min), |ui| {
                mark_ui(ui, notice);
                ui.add(Label::new(RichText::new(&notice.text).small()).wrap());
            });
        }
        focus::scroll_page(ui);
    });
}

/// Explains what a drop of the dragged file does.
pub(super) fn drop_hint(ctx: &Context, state: &State) {
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
                let text = match state.place {
                    Place::Test => "Drop a folder or an ink file to evaluate the model on it",
                    _ => "Drop weights, a picture, an ink file or training settings",
                };
                ui.label(RichText::new(text).size(theme::HEADING));
            });
        });
}
