//! Widgets that several panels share.

use egui::{
    Align2, Button, Color32, Context, FontId, Id, Key, Modal, Painter, Pos2, Rect, Response,
    RichText, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetInfo, WidgetText, accesskit::Role,
    text::CCursorRange, text_edit::TextEditState, vec2,
};

use super::{
    focus,
    theme::{self, Palette},
};
use crate::{app::action::Action, format};

/// Makes selected toggles gray: the accent is for the prediction and the primary button.
pub(super) fn quiet_selection(ui: &mut Ui) {
    let palette = Palette::of(ui.style());
    let visuals = ui.visuals_mut();
    visuals.selection.bg_fill = palette.button_pressed;
    visuals.selection.stroke = Stroke::new(1.0, palette.text);
}

/// The primary button. A size of zero is that of its text.
pub(super) fn primary_button(ui: &mut Ui, text: &str, size: Vec2) -> Response {
    let palette = Palette::of(ui.style());
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for (widget, fill) in [
            (&mut widgets.inactive, palette.accent),
            (&mut widgets.hovered, palette.accent_hovered),
            (&mut widgets.active, palette.accent_hovered),
        ] {
            widget.weak_bg_fill = fill;
            widget.bg_stroke = Stroke::NONE;
            widget.fg_stroke.color = palette.on_accent;
        }
        let text = RichText::new(text).font(theme::strong(theme::BODY));
        if size == Vec2::ZERO {
            ui.button(text)
        } else {
            ui.add_sized(size, Button::new(text).truncate())
        }
    })
    .inner
}

/// Gives the entries of a menu room beside their texts.
pub(super) fn roomy_menu(ui: &mut Ui, width: f32) {
    ui.set_width(width);
    ui.spacing_mut().button_padding = vec2(theme::GAP, 4.0);
}

/// Draws check boxes or radio buttons of a menu, with the lines that a menu takes from them.
pub(super) fn toggles_ui<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        let palette = Palette::of(ui.style());
        let widgets = &mut ui.visuals_mut().widgets;
        for widget in [
            &mut widgets.inactive,
            &mut widgets.hovered,
            &mut widgets.active,
        ] {
            widget.bg_stroke = Stroke::new(1.0, palette.control);
        }
        content(ui)
    })
    .inner
}

/// Gives the buttons of a menu their usual look.
pub(super) fn framed_buttons(ui: &mut Ui) {
    let usual = ui.ctx().global_style().visuals.widgets.inactive;
    ui.visuals_mut().widgets.inactive = usual;
}

/// A small button.
pub(super) fn small_button(ui: &mut Ui, text: &str) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = Vec2::new(8.0, 4.0);
        let button = Button::new(RichText::new(text).size(theme::SMALL));
        ui.add(button.min_size(Vec2::new(0.0, 24.0)))
    })
    .inner
}

/// Gives a button an accessible name that says more than its text.
pub(super) fn named(response: Response, name: &str) -> Response {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, response.enabled(), name));
    response
}

/// A text on paper. What is behind it is pale. Returns its place.
pub(super) fn text_on_paper(
    painter: &Painter,
    pos: Pos2,
    align: Align2,
    text: String,
    font: FontId,
    color: Color32,
) -> Rect {
    let galley = painter.layout_no_wrap(text, font, color);
    let place = align.anchor_size(pos, galley.size());
    let paper = Palette::of(&painter.ctx().global_style()).paper;
    painter.rect_filled(
        place.expand2(vec2(2.0, 0.0)),
        2.0,
        paper.gamma_multiply(0.85),
    );
    painter.galley(place.min, galley, color);
    place
}

/// A text in small type.
pub(super) fn note(ui: &mut Ui, text: impl Into<String>) -> Response {
    ui.label(RichText::new(text).small().weak())
}

/// A row of texts of this height, without the height of a control.
pub(super) fn text_row<R>(ui: &mut Ui, height: f32, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = height;
        ui.horizontal_wrapped(content).inner
    })
    .inner
}

/// An error in small type.
pub(super) fn problem(ui: &mut Ui, text: impl Into<String>) {
    let color = ui.visuals().error_fg_color;
    ui.label(RichText::new(text).small().color(color));
}

/// The progress of a task as a bar; `done` is 0..=1.
pub(super) fn progress_bar(ui: &mut Ui, name: &str, done: f64) {
    let palette = Palette::of(ui.style());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    ui.painter().rect_filled(rect, 4.0, palette.track);
    let mut part = rect;
    part.set_width(rect.width() * done as f32);
    ui.painter()
        .with_clip_rect(part)
        .rect_filled(rect, 4.0, palette.accent);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, name);
        info.value = Some(done);
        info.current_text_value = Some(format::percent(done, 0));
        info
    });
}

/// A question over the window.
pub(super) struct Question<'a> {
    pub(super) heading: &'a str,
    pub(super) text: String,
    /// The answers, in one row. The first one is the safe one.
    pub(super) answers: &'a [(&'a str, &'a [Action])],
    /// What Escape and a click beside the question do.
    pub(super) otherwise: Action,
}

impl Question<'_> {
    /// Asks.
    pub(super) fn ui(self, ctx: &Context, actions: &mut Vec<Action>) {
        let closes = modal(ctx, self.heading, 420.0, |ui| {
            ui.label(self.text);
            ui.horizontal(|ui| {
                for (index, (label, answer)) in self.answers.iter().enumerate() {
                    let clicked = match index {
                        0 => primary_button(ui, label, Vec2::ZERO),
                        _ => ui.button(*label),
                    }
                    .clicked();
                    if clicked {
                        actions.extend_from_slice(answer);
                    }
                }
            });
        });
        if closes {
            actions.push(self.otherwise);
        }
    }
}

/// Shows a heading and content over the window. Returns whether the user closes it.
pub(super) fn modal(
    ctx: &Context,
    heading: &str,
    width: f32,
    content: impl FnOnce(&mut Ui),
) -> bool {
    let frame = egui::Frame::popup(&ctx.global_style()).inner_margin(24);
    let modal = Modal::new(Id::unique(heading))
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(width.min(ctx.content_rect().width() - 72.0));
            ui.spacing_mut().item_spacing.y = 12.0;
            ui.heading(heading);
            content(ui);
        });
    modal.should_close()
}

/// An entry of a drop-down. The focus of the keyboard enters at the chosen one.
pub(super) fn option_ui(ui: &mut Ui, is_chosen: bool, text: impl Into<WidgetText>) -> Response {
    let option = ui.selectable_label(is_chosen, text.into());
    if is_chosen {
        focus::enter_at(&option);
    }
    if option.gained_focus() {
        option.scroll_to_me(None);
    }
    option
}

/// Gives a text field the focus with all of its text selected: typing replaces it.
pub(super) fn focus_all(field: &Response, text: &str) {
    field.request_focus();
    let mut state = TextEditState::load(&field.ctx, field.id).unwrap_or_default();
    let all = CCursorRange::select_all_str(text);
    state.cursor.set_char_range(Some(all));
    state.store(&field.ctx, field.id);
}

/// Restores the text of a field from before it had the focus, or the last valid one, if Escape ends the focus.
pub(super) fn escape_restores(field: &mut Response, text: &mut String, is_valid: bool) {
    let ctx = field.ctx.clone();
    let id = field.id.with("before");
    // After Enter the field has the focus anew.
    if field.gained_focus() && is_valid {
        ctx.data_mut(|data| data.insert_temp(id, text.clone()));
    } else if field.lost_focus()
        && ctx.input(|input| input.key_pressed(Key::Escape))
        && let Some(before) = ctx.data(|data| data.get_temp::<String>(id))
        && before != *text
    {
        *text = before;
        field.mark_changed();
    }
}

/// The room before controls that are drawn with [`at_right`].
pub(super) fn room_before(ui: &Ui, name: &str) -> f32 {
    let width: Option<f32> = ui.data(|data| data.get_temp(ui.scope_id().with(name)));
    let controls = width.unwrap_or_default() + ui.spacing().item_spacing.x;
    (ui.available_width() - controls).max(0.0)
}

/// Draws controls at the right end of a row, from left to right as the focus goes. Their width is that of the last frame.
pub(super) fn at_right<R>(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let id = ui.scope_id().with(name);
    let known: Option<f32> = ui.data(|data| data.get_temp(id));
    ui.add_space((ui.available_width() - known.unwrap_or_default()).max(0.0));
    let mut builder = UiBuilder::new();
    builder.invisible = known.is_none();
    let shown = ui.scope_builder(builder, content);
    let width = shown.response.rect.width();
    if known != Some(width) {
        ui.data_mut(|data| data.insert_temp(id, width));
        ui.ctx().request_repaint();
    }
    shown.inner
}
