//! The focus of the keyboard.
//!
//! egui drops the focus when its control vanishes or is disabled, when Enter ends a text field, and with Escape. It
//! leaves a popup open when a key chooses an entry or when Tab leaves it. This module alone brings the focus back, moves
//! it within popups, and closes them.

use egui::{
    Context, Event, FocusDirection, Id, Key, LayerId, Memory, Modifiers, Order, Popup, Rect,
    Response, Stroke, StrokeKind, SurrenderFocusOn, Tooltip, Ui, Vec2, WidgetRect, WidgetRects,
    vec2,
};

use super::theme::{self, Palette};

/// The width of the outline of the focused control, in points.
const RING: f32 = 2.0;
/// The part of a page that Page Down scrolls, and the distance of an arrow key in points.
const PAGE: f32 = 0.9;
const LINE: f32 = 40.0;
/// Where egui stores what this module and the controls tell each other.
const NEWEST: &str = "newest focus";
const KEPT: &str = "popup that stays open";
const CHOSEN: &str = "chosen entry";
const INNER_AREA: &str = "inner area of the focus";
/// The arrow keys with their directions, the vertical ones first.
const ARROWS: [(Key, FocusDirection); 4] = [
    (Key::ArrowUp, FocusDirection::Up),
    (Key::ArrowDown, FocusDirection::Down),
    (Key::ArrowLeft, FocusDirection::Left),
    (Key::ArrowRight, FocusDirection::Right),
];

/// A control that had the focus or was clicked.
#[derive(Clone, Copy, Debug)]
struct Stop {
    layer: LayerId,
    id: Id,
    rect: Rect,
}

/// The focused control, and the time at which it got the focus.
#[derive(Clone, Copy, Debug)]
struct Newest {
    id: Id,
    secs: f64,
}

/// The focus between frames.
#[derive(Debug, Default)]
pub(super) struct Focus {
    /// The last stop in each layer, the newest last. The focus returns along them.
    stops: Vec<Stop>,
    /// The control that has the focus or gets it back.
    owner: Option<Id>,
    /// Whether Tab gives the focus to the first control of the next frame.
    is_between: bool,
    /// The open popup.
    popup: Option<LayerId>,
    /// Whether the focus enters the popup once it is drawn.
    enters_popup: bool,
    /// Whether a popup or a dialog is open.
    has_overlay: bool,
    lead: Option<Lead>,
    text: TextFocus,
}

/// The next Tab from this control enters a part of the window, which the control has just opened.
#[derive(Clone, Copy, Debug)]
struct Lead {
    from: Id,
    part: &'static str,
}

/// Text fields and the focus.
#[derive(Clone, Copy, Debug, Default)]
struct TextFocus {
    /// Whether a text field has the focus or had it last.
    is_field: bool,
    /// Whether the focus came from a text field.
    is_after_field: bool,
    /// Whether the field was edited since it has the focus.
    is_edited: bool,
}

impl Focus {
    /// Brings a lost focus back, and moves it by keys. Call it at the beginning of a frame.
    pub(super) fn begin(&mut self, ctx: &Context) {
        if let Some(owner) = self.owner
            && focused(ctx).is_none()
        {
            // Escape has just taken the focus. The control sees that before the focus comes back.
            if ctx.memory(|memory| memory.had_focus_last_frame(owner)) {
                return;
            }
            self.owner = self.returning(ctx);
            request(ctx, self.owner);
        }
        let tabs = ctx.input(|input| input.key_pressed(Key::Tab));
        if tabs && focused(ctx).is_none() && !self.is_between {
            // From the control that was clicked last, if any.
            self.start_tab_at_stop(ctx);
        }
        let lead = self.lead.take_if(|_| tabs);
        if let Some(Lead { from, part }) = lead.filter(|lead| focused(ctx) == Some(lead.from))
            && ctx.input(|input| input.modifiers.is_none())
            && let Some(layer) = control(ctx, from).map(|control| control.layer_id)
        {
            let controls = controls_in(ctx, layer);
            let first = controls.iter().find(|it| is_in_part(ctx, it.id, part));
            request(ctx, first.map(|it| it.id));
        }
        self.hold_in_dialog(ctx);
        self.move_by_keys(ctx);
    }

    /// Where the focus returns to: the newest control in what is open, or the nearest one in its place.
    fn returning(&mut self, ctx: &Context) -> Option<Id> {
        let (dialog, popup) = (ctx.memory(Memory::top_modal_layer), open_popup(ctx));
        let is_open = |layer: LayerId| match dialog {
            _ if Some(layer) == popup => true,
            Some(dialog) => layer == dialog,
            None => layer.order < Order::Foreground,
        };
        self.stops
            .retain(|stop| is_open(stop.layer) || stop.layer.order < Order::Foreground);
        let mut open = self.stops.iter().rev().filter(|stop| is_open(stop.layer));
        open.find_map(|stop| {
            let controls = controls_in(ctx, stop.layer);
            if controls.iter().any(|control| control.id == stop.id) {
                return Some(stop.id);
            }
            let gap = |it: &&WidgetRect| {
                let above = it.rect.min - stop.rect.max;
                above
                    .max(stop.rect.min - it.rect.max)
                    .max(Vec2::ZERO)
                    .length()
            };
            let visible = controls.iter().filter(|it| it.interact_rect.is_positive());
            // Of several in its place, the first.
            let nearest = visible.min_by(|a, b| gap(a).total_cmp(&gap(b)));
            nearest.map(|it| it.id)
        })
    }

    /// Lets the pressed Tab go on from where the focus returns to.
    fn start_tab_at_stop(&mut self, ctx: &Context) {
        if let Some(id) = self.returning(ctx) {
            ctx.memory_mut(|memory| memory.request_focus(id));
        }
    }

    /// A dialog holds the focus while it is open.
    fn hold_in_dialog(&self, ctx: &Context) {
        let Some(dialog) = ctx.memory(Memory::top_modal_layer) else {
            return;
        };
        let is_held = match focused(ctx) {
            None => self.is_between,
            Some(id) => control(ctx, id)
                .is_none_or(|it| it.layer_id == dialog || Some(it.layer_id) == open_popup(ctx)),
        };
        if !is_held {
            let controls = controls_in(ctx, dialog);
            let stop = self.stops.iter().find(|stop| stop.layer == dialog);
            let same = stop.and_then(|stop| controls.iter().find(|it| it.id == stop.id));
            request(ctx, same.or(controls.first()).map(|it| it.id));
        }
    }

    /// Enters a popup, moves the focus in a menu, closes it on Tab, and leaves a text field on Up and Down.
    fn move_by_keys(&mut self, ctx: &Context) {
        let popup = open_popup(ctx);
        let from = focused(ctx).and_then(|id| control(ctx, id));
        let is_in = |layer| from.is_some_and(|from| from.layer_id == layer);
        if let Some(popup) = popup.filter(|popup| self.enters_popup && !is_in(*popup)) {
            let entry = first_entry(ctx, &controls_in(ctx, popup));
            self.enters_popup = entry.is_none();
            request(ctx, entry);
            return;
        }
        let is_text = ctx.text_edit_focused();
        let menu = popup.filter(|popup| !is_kept(ctx, *popup));
        match (menu, from) {
            (Some(menu), Some(from)) if from.layer_id == menu => {
                if ctx.input(|input| input.key_pressed(Key::Tab)) {
                    Popup::close_all(ctx);
                    self.start_tab_at_stop(ctx);
                } else if let Some(direction) = arrow(ctx, is_text) {
                    let controls = controls_in(ctx, menu);
                    let end = match direction {
                        FocusDirection::Down | FocusDirection::Right => controls.first(),
                        _ => controls.last(),
                    };
                    let next = toward(&controls, &from, direction);
                    request(ctx, next.or(end.map(|it| it.id)));
                }
            }
            (Some(menu), None) if arrow(ctx, false).is_some() => {
                request(ctx, first_entry(ctx, &controls_in(ctx, menu)));
            }
            (_, Some(from)) if is_text => {
                if let Some(direction) = arrow(ctx, true) {
                    let controls = controls_in(ctx, from.layer_id);
                    request(ctx, toward(&controls, &from, direction));
                }
            }
            _ => {}
        }
    }

    /// Notes the focus, and closes the popup that it leaves. Call it at the end of a frame.
    pub(super) fn end(&mut self, ctx: &Context) {
        let pressed = |key| ctx.input(|input| input.key_pressed(key));
        let is_pointed =
            ctx.input(|input| input.pointer.any_pressed() || input.pointer.any_released());
        let mut has_overlay = self.close_left_popup(ctx, is_pointed);
        let owner = self.owner;
        let pressed_at = ctx.input(|input| {
            let is_pressed = input.pointer.any_pressed();
            input.pointer.interact_pos().filter(|_| is_pressed)
        });
        if let Some(pos) = pressed_at {
            // What is pressed now is the next stop, or there is none.
            let layer = ctx.layer_id_at(pos).unwrap_or_else(LayerId::background);
            self.stops.retain(|stop| stop.layer != layer);
        }
        match focused(ctx).map(|id| (id, drawn(ctx, id))) {
            Some((id, Some(control))) => {
                self.visit(&control);
                self.owner = Some(id);
                let is_field = ctx.text_edit_focused();
                if self.owner != owner {
                    self.text.is_after_field = self.text.is_field && !is_field;
                }
                self.text.is_field = is_field;
            }
            Some((id, None)) => ctx.memory_mut(|memory| memory.surrender_focus(id)),
            None if is_pointed => {
                self.owner = None;
                self.text = TextFocus::default();
            }
            None if pressed(Key::Tab) => self.owner = None,
            None if self.owner.is_none() => self.text = TextFocus::default(),
            None => {}
        }
        self.is_between = self.owner.is_none() && pressed(Key::Tab);
        if let Some(id) = ctx.interaction_snapshot(|snapshot| snapshot.clicked)
            && let Some(control) = drawn(ctx, id).filter(can_focus)
        {
            self.visit(&control);
        }
        // What was opened by the pointer and is closed by a key gives the focus to what opened it.
        let dialog = ctx.memory(Memory::top_modal_layer);
        has_overlay |= dialog.is_some_and(|dialog| {
            ctx.viewport(|viewport| {
                viewport
                    .this_pass
                    .widgets
                    .get_layer(dialog)
                    .next()
                    .is_some()
            })
        });
        if std::mem::replace(&mut self.has_overlay, has_overlay) && !has_overlay && !is_pointed {
            self.owner = self.owner.or(self.stops.last().map(|stop| stop.id));
        }
        if self.owner.is_some() && focused(ctx).is_none() {
            ctx.request_repaint();
        }
        if self.owner != owner || pressed(Key::Enter) || pressed(Key::Escape) {
            self.text.is_edited = false;
        }
        self.text.is_edited |= ctx.text_edit_focused() && ctx.input(|input| edits(&input.events));
        self.note_newest(ctx);
    }

    /// Closes a popup that the focus leaves, and a menu in which a key chooses an entry. Lets the focus enter a popup
    /// that a key opens. Returns whether one is open.
    fn close_left_popup(&mut self, ctx: &Context, is_pointed: bool) -> bool {
        let before = std::mem::replace(&mut self.popup, open_popup(ctx));
        let Some(popup) = self.popup else {
            self.enters_popup = false;
            return false;
        };
        let was_inside = self.stops.last().is_some_and(|stop| stop.layer == popup);
        let enter = ctx.input(|input| input.key_pressed(Key::Enter));
        let space = ctx.input(|input| input.key_pressed(Key::Space));
        let presses = enter || space && !ctx.text_edit_focused();
        if before.is_none() && presses && self.owner.is_some() {
            self.enters_popup = true;
        }
        let is_outside = focused(ctx)
            .and_then(|id| drawn(ctx, id))
            .is_some_and(|control| control.layer_id != popup);
        let tabs = ctx.input(|input| input.key_pressed(Key::Tab));
        // A popup without controls never has the focus.
        let is_left = is_outside && !is_pointed && (was_inside || tabs);
        if is_left || was_inside && presses && !is_kept(ctx, popup) {
            Popup::close_all(ctx);
            self.popup = None;
        }
        self.popup.is_some()
    }

    fn visit(&mut self, control: &WidgetRect) {
        let layer = control.layer_id;
        self.stops.retain(|stop| stop.layer != layer);
        self.stops.push(Stop {
            layer,
            id: control.id,
            rect: control.rect,
        });
    }

    /// Tells the controls which of them has the focus, and since when.
    fn note_newest(&self, ctx: &Context) {
        let secs = ctx.input(|input| input.time);
        let before = newest(ctx).filter(|newest| Some(newest.id) == self.owner);
        let newest = before.or(self.owner.map(|id| Newest { id, secs }));
        ctx.data_mut(|data| {
            data.insert_temp(Id::unique(NEWEST), newest);
            data.remove::<Rect>(Id::unique(INNER_AREA));
        });
    }

    /// Gives the focus to another control, also to one that is drawn next.
    pub(super) fn give_to(&mut self, ctx: &Context, id: Id) {
        if let Some(control) = control(ctx, id) {
            self.visit(&control);
            self.owner = Some(id);
            ctx.request_repaint();
        }
    }

    /// Lets the next Tab enter this part of the window if this control has the focus or was clicked last.
    pub(super) fn lead_into(&mut self, part: &'static str, from: Id) {
        self.lead = Some(Lead { from, part });
    }

    /// Whether the focus is in this part of the window.
    pub(super) fn is_in(&self, ctx: &Context, part: &str) -> bool {
        self.owner.is_some_and(|id| is_in_part(ctx, id, part))
    }

    /// Whether the focus came from a text field right now: what is typed may still be meant for it.
    pub(super) fn is_after_field(&self) -> bool {
        self.text.is_after_field
    }

    /// Whether a text field has the focus or had it in the last frame. The key that ends the focus still belongs to it.
    pub(super) fn is_in_field(&self) -> bool {
        self.text.is_field
    }

    /// Whether this control has the focus.
    pub(super) fn is_at(&self, id: Id) -> bool {
        self.owner == Some(id)
    }

    /// Whether a text was typed into the focused field and not yet accepted.
    pub(super) fn is_edited(&self) -> bool {
        self.text.is_edited
    }
}

/// Lets any press beside a control take its focus. By default only a click does, so that keys after a stroke on the pad
/// would go to a field.
pub(super) fn install(ctx: &Context) {
    ctx.options_mut(|options| {
        options.input_options.surrender_focus_on = SurrenderFocusOn::Presses;
    });
}

fn focused(ctx: &Context) -> Option<Id> {
    ctx.memory(Memory::focused)
}

/// Gives the focus, and takes the arrow key from egui.
fn request(ctx: &Context, id: Option<Id>) {
    if let Some(id) = id {
        ctx.memory_mut(|memory| {
            memory.request_focus(id);
            memory.move_focus(FocusDirection::None);
        });
    }
}

fn newest(ctx: &Context) -> Option<Newest> {
    ctx.data(|data| data.get_temp(Id::unique(NEWEST))).flatten()
}

/// A control of the last frame.
fn control(ctx: &Context, id: Id) -> Option<WidgetRect> {
    ctx.viewport(|viewport| viewport.prev_pass.widgets.get(id).copied())
}

/// A control of this frame, after it was drawn.
fn drawn(ctx: &Context, id: Id) -> Option<WidgetRect> {
    ctx.viewport(|viewport| viewport.this_pass.widgets.get(id).copied())
}

fn can_focus(control: &WidgetRect) -> bool {
    control.enabled && control.visible && control.sense.is_focusable()
}

/// The controls of a layer in the last frame that can have the focus, in the order of Tab.
fn controls_in(ctx: &Context, layer: LayerId) -> Vec<WidgetRect> {
    ctx.viewport(|viewport| {
        let controls = viewport.prev_pass.widgets.get_layer(layer);
        controls.copied().filter(can_focus).collect()
    })
}

/// The layer of the open popup.
fn open_popup(ctx: &Context) -> Option<LayerId> {
    if !Popup::is_any_open(ctx) {
        return None;
    }
    ctx.memory(|memory| {
        let dialog = memory.top_modal_layer();
        let is_popup = |layer: &LayerId| {
            layer.order == Order::Foreground
                && Some(*layer) != dialog
                && memory.areas().is_visible(layer)
        };
        memory.layer_ids().filter(is_popup).last()
    })
}

/// Makes the popup of this `Ui` one of controls, not a menu of entries: it stays open when a key uses a control, the
/// arrow keys are the controls' own, and Tab goes from one to the next.
pub(super) fn keep_popup(ui: &Ui) {
    ui.data_mut(|data| data.insert_temp(Id::unique(KEPT), ui.layer_id()));
}

fn is_kept(ctx: &Context, popup: LayerId) -> bool {
    ctx.data(|data| data.get_temp(Id::unique(KEPT))) == Some(popup)
}

/// Lets the focus enter a popup at this entry, the chosen one.
pub(super) fn enter_at(entry: &Response) {
    let id = entry.id;
    entry
        .ctx
        .data_mut(|data| data.insert_temp(Id::unique(CHOSEN), id));
}

/// The chosen entry of a popup, or else the first one.
fn first_entry(ctx: &Context, controls: &[WidgetRect]) -> Option<Id> {
    let chosen: Option<Id> = ctx.data(|data| data.get_temp(Id::unique(CHOSEN)));
    let chosen = controls.iter().find(|it| Some(it.id) == chosen);
    chosen.or(controls.first()).map(|it| it.id)
}

/// The direction of a pressed arrow key. In a text, the horizontal ones move the cursor.
fn arrow(ctx: &Context, is_text: bool) -> Option<FocusDirection> {
    let arrows = if is_text { &ARROWS[..2] } else { &ARROWS };
    let mut pressed = arrows
        .iter()
        .filter(|(key, _)| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, *key)));
    pressed.next().map(|(_, direction)| *direction)
}

/// The next control in this direction: for left and right in the order of Tab, otherwise the nearest row.
fn toward(controls: &[WidgetRect], from: &WidgetRect, direction: FocusDirection) -> Option<Id> {
    let index = controls.iter().position(|it| it.id == from.id)?;
    let next = match direction {
        FocusDirection::Left => controls.get(index.checked_sub(1)?),
        FocusDirection::Right => controls.get(index + 1),
        _ => {
            let sign = if direction == FocusDirection::Up {
                -1.0
            } else {
                1.0
            };
            let below = |it: &WidgetRect| sign * (it.rect.center().y - from.rect.center().y);
            let beside = |it: &WidgetRect| {
                let gap =
                    it.rect.left().max(from.rect.left()) - it.rect.right().min(from.rect.right());
                let offset = it.rect.center().x - from.rect.center().x;
                // A control that is not above or below counts only if there is no other.
                4.0 * gap.max(0.0) + 0.01 * offset.abs()
            };
            let least = from.rect.height() / 2.0;
            let distance = |it: &&WidgetRect| below(it) + beside(it);
            let rows = controls.iter().filter(|it| below(it) > least);
            rows.min_by(|a, b| distance(a).total_cmp(&distance(b)))
        }
    };
    next.map(|it| it.id)
}

/// Whether these events change a text.
fn edits(events: &[Event]) -> bool {
    events.iter().any(|event| {
        matches!(
            event,
            Event::Text(_)
                | Event::Paste(_)
                | Event::Cut
                | Event::Key {
                    key: Key::Backspace | Key::Delete,
                    pressed: true,
                    ..
                }
        )
    })
}

/// Whether a control of the last frame is in this part of the window.
fn is_in_part(ctx: &Context, control: Id, part: &str) -> bool {
    let part = Id::unique(part);
    ctx.viewport(|viewport| is_within(&viewport.prev_pass.widgets, control, part))
}

/// Whether a widget is in the `Ui` with this id.
fn is_within(widgets: &WidgetRects, widget: Id, ui: Id) -> bool {
    let parent = |id: &Id| widgets.get(*id).map(|it| it.parent_id);
    // The root is its own parent.
    let next = |id: &Id| parent(id).filter(|parent| parent != id);
    std::iter::successors(Some(widget), next).any(|id| id == ui)
}

/// Draws a ring around the focused control, whatever it is. Call it at the end of a frame.
pub(super) fn ring(ctx: &Context) {
    let Some(response) = focused(ctx).and_then(|id| ctx.read_response(id)) else {
        return;
    };
    let palette = Palette::of(&ctx.global_style());
    ctx.layer_painter(response.layer_id).rect_stroke(
        response.interact_rect.expand(1.0),
        f32::from(theme::RADIUS),
        Stroke::new(RING, palette.focus),
        StrokeKind::Outside,
    );
}

/// Scrolls to the control in this part that has just got the focus, and a page up or down with the focus in this part.
/// Call it at the end of a scroll area.
pub(super) fn scroll_to_focus(ui: &Ui) {
    let Some(id) = focused(ui.ctx()) else {
        return;
    };
    let part = ui.unique_id();
    if !ui
        .ctx()
        .viewport(|it| is_within(&it.this_pass.widgets, id, part))
    {
        return;
    }
    let is_new = newest(ui.ctx()).is_none_or(|newest| newest.id != id);
    if let Some(control) = drawn(ui.ctx(), id).filter(|_| is_new) {
        let mut rect = control.rect;
        // A scroll area inside this one brings the control into its own part.
        let inner = Id::unique(INNER_AREA);
        if let Some(area) = ui.data(|data| data.get_temp::<Rect>(inner)) {
            let most = (area.max - rect.size()).max(area.min);
            rect = Rect::from_min_size(rect.min.clamp(area.min, most), rect.size());
        }
        ui.scroll_to_rect(rect.expand(theme::GAP), None);
        ui.data_mut(|data| data.insert_temp(inner, ui.clip_rect()));
    }
    scroll_by(
        ui,
        &[(Key::PageUp, PAGE), (Key::PageDown, -PAGE)],
        ui.clip_rect().height(),
    );
}

/// Tells the place of a scroll area inside another one, so that both bring the focused control into sight.
pub(super) fn inside_scroll_area(ui: &Ui, place: Rect) {
    let area = Id::unique(INNER_AREA);
    ui.data_mut(|data| {
        if data.get_temp::<Rect>(area).is_some() {
            data.insert_temp(area, place);
        }
    });
}

/// Scrolls a page of text with the arrow keys, Page Up and Page Down. Call it at the end of a scroll area.
pub(super) fn scroll_page(ui: &Ui) {
    let page = ui.clip_rect().height();
    let line = LINE / page;
    let keys = [
        (Key::PageUp, PAGE),
        (Key::PageDown, -PAGE),
        (Key::ArrowUp, line),
        (Key::ArrowDown, -line),
    ];
    scroll_by(ui, &keys, page);
}

/// Scrolls by the part of a page that belongs to a pressed key.
fn scroll_by(ui: &Ui, keys: &[(Key, f32)], page: f32) {
    for (key, part) in keys {
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, *key)) {
            ui.scroll_with_delta(vec2(0.0, part * page));
        }
    }
}

/// Shows a help while the pointer rests on a control, and while it has the focus of the keyboard.
pub(super) fn tip(response: Response, help: &str) -> Response {
    let ctx = &response.ctx;
    let newest = newest(ctx).filter(|newest| newest.id == response.id);
    if let Some(newest) = newest {
        let delay = f64::from(ctx.global_style().interaction.tooltip_delay);
        let rest = newest.secs + delay - ctx.input(|input| input.time);
        if rest > 0.0 {
            ctx.request_repaint_after_secs(rest as f32);
        } else {
            show_at_focus(&response, help);
        }
    }
    response.on_hover_text(help)
}

/// Shows a reading while the pointer rests on a control, and as soon as it has the focus of the keyboard.
pub(super) fn reading(response: Response, text: &str) -> Response {
    show_at_focus(&response, text);
    response.on_hover_text(text)
}

/// Shows a text at the focused control, unless the pointer shows one at another or has moved since.
fn show_at_focus(response: &Response, text: &str) {
    let ctx = &response.ctx;
    if !response.has_focus() || response.hovered() || Popup::is_any_open(ctx) {
        return;
    }
    let since_moved = ctx.input(|input| f64::from(input.pointer.time_since_last_movement()));
    let now = ctx.input(|input| input.time);
    if newest(ctx).is_some_and(|newest| newest.secs < now - since_moved) {
        return;
    }
    let hovered = ctx.interaction_snapshot(|snapshot| snapshot.hovered.clone());
    let has_tooltip = |id: &Id| {
        let hovered = ctx.read_response(*id);
        hovered.is_some_and(|hovered| hovered.is_tooltip_open())
    };
    if !hovered.iter().any(has_tooltip) {
        Tooltip::always_open(ctx.clone(), response.layer_id, response.id, response)
            .show(|ui| ui.label(text));
    }
}
