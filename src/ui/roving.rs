//! The focus of the keyboard in a grid: the grid is one stop of Tab, the arrow keys move inside it, and Home and End go to
//! its ends.

use std::ops::Range;

use egui::{
    Event, FocusDirection, Id, Key, Modifiers, Rect, Response, Sense, Ui, Vec2, accesskit::Action,
    vec2,
};

/// What a grid keeps between frames.
#[derive(Clone, Copy, Default)]
struct Kept {
    /// The index of the cell at which Tab stops.
    current: usize,
    /// The widget of that cell in the last frame.
    widget: Option<Id>,
    /// Whether the current cell gets the focus when it is drawn.
    takes_focus: bool,
}

/// The focus in a grid of cells. Draw the current cell also where it is out of sight: Tab finds only what is drawn.
pub(super) struct RovingFocus {
    id: Id,
    kept: Kept,
}

impl RovingFocus {
    /// Takes the keys of the focused cell in a grid of `count` cells, in rows of `columns`. `chosen` is the cell at which
    /// Tab enters; without one, Tab enters at the last focused cell.
    pub(super) fn of(ui: &Ui, id: Id, columns: usize, count: usize, chosen: Option<usize>) -> Self {
        let mut kept: Kept = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let focused = ui.memory(egui::Memory::focused);
        if focused.is_some() && focused == kept.widget {
            for key in pressed_keys(ui, Modifiers::NONE) {
                kept.current = moved(key, kept.current, columns.max(1), count);
                kept.takes_focus = true;
            }
        } else if !kept.takes_focus {
            kept.current = chosen.unwrap_or(kept.current);
        }
        kept.current = kept.current.min(count.saturating_sub(1));
        Self { id, kept }
    }

    /// The index of the cell at which Tab stops.
    pub(super) fn current(&self) -> usize {
        self.kept.current
    }

    /// What a cell senses: only the current one can have the focus.
    pub(super) fn sense(&self, index: usize, sense: Sense) -> Sense {
        if index == self.kept.current {
            sense | Sense::FOCUSABLE
        } else {
            sense - Sense::FOCUSABLE
        }
    }

    /// Makes a part of the screen a cell.
    pub(super) fn interact(&mut self, ui: &Ui, index: usize, rect: Rect, sense: Sense) -> Response {
        let response = ui.interact(rect, self.id.with(index), self.sense(index, sense));
        self.follow(ui, index, &response);
        response
    }

    /// Follows a cell after it is drawn: it may take the focus, or become the current one.
    pub(super) fn follow(&mut self, ui: &Ui, index: usize, response: &Response) {
        // A screen reader may focus any cell.
        ui.ctx()
            .accesskit_node_builder(response.id, |node| node.add_action(Action::Focus));
        let is_asked =
            ui.input(|input| input.has_accesskit_action_request(response.id, Action::Focus));
        let is_current = index == self.kept.current;
        if !is_current && (is_asked || response.clicked()) {
            self.kept.current = index;
            self.kept.takes_focus |= is_asked;
        } else if is_current {
            self.kept.widget = Some(response.id);
            if std::mem::take(&mut self.kept.takes_focus) {
                response.request_focus();
            }
        } else {
            return;
        }
        ui.data_mut(|data| data.insert_temp(self.id, self.kept));
    }
}

/// The arrow keys, Home and End that are pressed in this frame with these modifiers. The focus of egui stays.
pub(super) fn pressed_keys(ui: &Ui, wanted: Modifiers) -> Vec<Key> {
    let keys: Vec<Key> = ui.input(|input| {
        let pressed = input.events.iter().filter_map(|event| match event {
            Event::Key {
                key,
                pressed: true,
                modifiers,
                ..
            } if *modifiers == wanted => Some(*key),
            _ => None,
        });
        pressed.filter(|key| KEYS.contains(key)).collect()
    });
    if !keys.is_empty() {
        ui.memory_mut(|memory| memory.move_focus(FocusDirection::None));
    }
    keys
}

const KEYS: [Key; 6] = [
    Key::ArrowLeft,
    Key::ArrowRight,
    Key::ArrowUp,
    Key::ArrowDown,
    Key::Home,
    Key::End,
];

/// The index after a key. At an edge, it stays.
fn moved(key: Key, at: usize, columns: usize, count: usize) -> usize {
    let last = count.saturating_sub(1);
    match key {
        Key::ArrowLeft => at.saturating_sub(1),
        Key::ArrowRight => (at + 1).min(last),
        Key::ArrowUp => at.checked_sub(columns).unwrap_or(at),
        // The last row may be shorter.
        Key::ArrowDown if at / columns < last / columns => (at + columns).min(last),
        Key::Home => 0,
        Key::End => last,
        _ => at,
    }
}

/// Tiles of one size, row by row in a scroll area. Only those in sight are drawn, and the current one.
pub(super) struct TileRows {
    place: Rect,
    size: Vec2,
    gap: Vec2,
    columns: usize,
    count: usize,
    in_sight: Range<usize>,
    focus: RovingFocus,
}

impl TileRows {
    /// Allocates `count` tiles below the cursor of a scroll area that shows the part `viewport` of them.
    pub(super) fn allocate(
        ui: &mut Ui,
        viewport: Rect,
        size: Vec2,
        gap: Vec2,
        columns: usize,
        count: usize,
    ) -> Self {
        let pitch = size + gap;
        let whole = vec2(columns as f32, count.div_ceil(columns) as f32) * pitch - gap;
        let (place, _) = ui.allocate_exact_size(whole.max(Vec2::ZERO), Sense::hover());
        let row_at = |y: f32| (y / pitch.y).max(0.0) as usize;
        let start = (row_at(viewport.min.y) * columns).min(count);
        let end = ((row_at(viewport.max.y) + 1) * columns).min(count);
        let id = ui.scope_id().with("tiles");
        Self {
            place,
            size,
            gap,
            columns,
            count,
            in_sight: start..end,
            focus: RovingFocus::of(ui, id, columns, count, None),
        }
    }

    /// The indices of the tiles in sight.
    pub(super) fn in_sight(&self) -> Range<usize> {
        self.in_sight.clone()
    }

    /// The indices of the tiles to draw.
    pub(super) fn drawn(&self) -> impl Iterator<Item = usize> + use<> {
        let current = self.focus.current();
        let is_beyond = current < self.count && !self.in_sight.contains(&current);
        self.in_sight().chain(is_beyond.then_some(current))
    }

    /// The place of a tile, made a cell that can be clicked.
    pub(super) fn interact(&mut self, ui: &Ui, index: usize) -> Response {
        let (column, row) = (index % self.columns, index / self.columns);
        let corner = self.place.min + vec2(column as f32, row as f32) * (self.size + self.gap);
        let rect = Rect::from_min_size(corner, self.size);
        self.focus.interact(ui, index, rect, Sense::CLICK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_in_the_grid_and_stay_at_its_edges() {
        // 0 1 2 3
        // 4 5 6
        let cases = [
            (Key::ArrowRight, 0, 1, "to the next"),
            (Key::ArrowRight, 3, 4, "into the next row"),
            (Key::ArrowRight, 6, 6, "the last stays"),
            (Key::ArrowLeft, 4, 3, "into the row before"),
            (Key::ArrowLeft, 0, 0, "the first stays"),
            (Key::ArrowDown, 1, 5, "below"),
            (Key::ArrowDown, 3, 6, "a shorter row ends before"),
            (Key::ArrowDown, 5, 5, "the last row stays"),
            (Key::ArrowUp, 5, 1, "above"),
            (Key::ArrowUp, 2, 2, "the first row stays"),
            (Key::Home, 5, 0, "to the first"),
            (Key::End, 1, 6, "to the last"),
        ];
        for (key, at, expected, reason) in cases {
            assert_eq!(moved(key, at, 4, 7), expected, "{key:?} at {at}: {reason}");
        }
        for key in KEYS {
            assert_eq!(moved(key, 0, 1, 0), 0, "{key:?} in an empty grid");
        }
    }
}
