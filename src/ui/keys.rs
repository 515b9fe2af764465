//! Keys and dropped files.

use egui::{Context, Event, InputState, Key, KeyboardShortcut, Modifiers};

use super::{PLACES, clipboard::clipboard_actions};
use crate::{
    app::{
        action::Action,
        state::{Place, State, evaluation::EvaluationAction},
    },
    bitmap::Digit,
    evaluation::Selection,
    worker::file_tasks::FilePurpose,
};

/// A key, what it does in words, and its action.
struct Shortcut(Modifiers, Key, &'static str, Action);

/// The keys. A shortcut with more modifiers comes first, or the other would take it.
const SHORTCUTS: [Shortcut; 14] = [
    Shortcut(
        Modifiers::COMMAND.plus(Modifiers::SHIFT),
        Key::Z,
        "Redo",
        Action::Redo,
    ),
    Shortcut(Modifiers::COMMAND, Key::Z, "Undo", Action::Undo),
    Shortcut(Modifiers::COMMAND, Key::Y, "Redo", Action::Redo),
    Shortcut(Modifiers::NONE, Key::Delete, "Clear the pad", Action::Clear),
    Shortcut(
        Modifiers::NONE,
        Key::Backspace,
        "Clear the pad",
        Action::Clear,
    ),
    Shortcut(
        Modifiers::COMMAND,
        Key::O,
        "Open a drawing",
        Action::AskPath(FilePurpose::OpenDrawing),
    ),
    Shortcut(
        Modifiers::COMMAND,
        Key::S,
        "Save the drawing",
        Action::AskPath(FilePurpose::SaveDrawing),
    ),
    Shortcut(Modifiers::COMMAND, Key::T, "Train", Action::Train),
    Shortcut(
        Modifiers::SHIFT,
        Key::E,
        "Erase whole strokes, or what is touched",
        Action::SwitchErased,
    ),
    Shortcut(
        Modifiers::NONE,
        Key::E,
        "Eraser or pen",
        Action::SwitchEraser,
    ),
    Shortcut(
        Modifiers::NONE,
        Key::L,
        "Square pad, or a line for numbers",
        Action::SwitchPadShape,
    ),
    Shortcut(
        Modifiers::NONE,
        Key::P,
        "Next pen width",
        Action::NextPenWidth,
    ),
    Shortcut(
        Modifiers::NONE,
        Key::R,
        "Replay the drawing",
        Action::Replay,
    ),
    Shortcut(Modifiers::NONE, Key::G, "Guides", Action::SwitchGuides),
];

/// The keys of the ten digits as labels.
const DIGITS: [Key; 10] = [
    Key::Num0,
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// All shortcuts with their meaning.
pub(super) fn shortcuts(ctx: &Context) -> Vec<(String, &'static str)> {
    let text = |modifiers, key| ctx.format_shortcut(&KeyboardShortcut::new(modifiers, key));
    let keys = SHORTCUTS.iter();
    let keys = keys.map(|Shortcut(modifiers, key, name, _)| (text(*modifiers, *key), *name));
    let places = PLACES.iter().zip(&DIGITS[1..]);
    let places = places.map(|(entry, key)| (text(Modifiers::COMMAND, *key), entry.name));
    let others = [
        ("0 … 9", "Correct the prediction to this digit"),
        ("N", "Correct the prediction to a non-digit"),
        ("Right mouse button", "Erase"),
        (
            "Tab, arrows, Space",
            "On the pad: move the pen, put it down or lift it",
        ),
        ("Ctrl+C, Ctrl+V", "Copy the drawing, paste a picture"),
        ("Esc", "Close, restore a field, dismiss the notice"),
        ("Esc", "Leave the tour, go from the panel to the pad"),
        ("Tab, Shift+Tab", "To the next, to the previous control"),
        ("Up, Down", "From a field to the one above or below"),
        ("Enter", "Accept a field, press a button, choose"),
        ("Page Up, Page Down", "Scroll"),
        ("Ctrl++, Ctrl+−, Ctrl+0", "Larger, smaller, normal size"),
        ("F1", "Help"),
        ("F11", "Full screen"),
    ];
    let others = others.map(|(keys, name)| (keys.to_owned(), name));
    keys.chain(places).chain(others).collect()
}

/// The actions of dropped files.
pub(super) fn dropped_files(ctx: &Context) -> Vec<Action> {
    let dropped = ctx.input(|input| input.raw.dropped_files.clone());
    let paths = dropped.iter().map(|file| file.path().to_path_buf());
    paths.map(Action::DropFile).collect()
}

/// Where the keys go.
#[derive(Clone, Copy)]
pub(super) struct KeyPlace {
    /// Whether the pad is shown.
    pub(super) shows_pad: bool,
    /// Whether a text field has the keyboard. It takes all keys but those with Ctrl that mean nothing in a text.
    pub(super) is_field: bool,
    /// Whether the focus is beside a text field. A digit that is typed there must not correct the drawing.
    pub(super) is_beside_field: bool,
}

impl KeyPlace {
    /// Whether this key is a shortcut here.
    fn has(self, modifiers: Modifiers, key: Key) -> bool {
        match self {
            Self { is_field: true, .. } => modifiers.command && key != Key::Z && key != Key::Y,
            Self {
                is_beside_field: true,
                ..
            } => modifiers.command || key == Key::Escape,
            _ => true,
        }
    }
}

/// The actions of pressed keys.
pub(super) fn key_actions(ctx: &Context, state: &State, place: KeyPlace) -> Vec<Action> {
    let shows_pad = place.shows_pad;
    let mut actions = Vec::new();
    if shows_pad && !place.is_field {
        actions.extend(clipboard_actions(ctx, state));
    }
    // A key that is held acts once: the 2 of Ctrl+2 must save no correction when Ctrl is released first.
    let pressed = |modifiers, key| {
        if !place.has(modifiers, key) {
            return false;
        }
        let is_new = ctx.input(|input| is_new_press(input, key));
        let shortcut = KeyboardShortcut::new(modifiers, key);
        ctx.input_mut(|input| input.consume_shortcut(&shortcut)) && is_new
    };
    for Shortcut(modifiers, key, _, action) in SHORTCUTS {
        if pressed(modifiers, key) && is_possible(&action, state, shows_pad) {
            actions.push(action);
        }
    }
    for (entry, key) in PLACES.iter().zip(&DIGITS[1..]) {
        if pressed(Modifiers::COMMAND, *key) {
            actions.push(Action::GoTo(entry.place));
        }
    }
    if shows_pad && state.can_correct() {
        let labels = Digit::ALL.map(Some).into_iter().zip(DIGITS);
        for (label, key) in labels.chain([(None, Key::N)]) {
            if pressed(Modifiers::NONE, key) {
                actions.push(Action::SaveCorrection(label));
            }
        }
    }
    if pressed(Modifiers::NONE, Key::Escape) {
        actions.extend(escape(state, shows_pad));
    }
    actions
}

/// Whether the key goes down now, and was not down before.
pub(super) fn is_new_press(input: &InputState, key: Key) -> bool {
    input.events.iter().any(|event| {
        matches!(event, Event::Key { key: it, pressed: true, repeat: false, .. } if *it == key)
    })
}

/// What Escape does: first it dismisses the notice, then it leaves the tour, then it goes back from a part or a
/// digit of a picture. It never changes the drawing.
fn escape(state: &State, shows_pad: bool) -> Option<Action> {
    if state.notices.shown().is_some() {
        return Some(Action::Dismiss);
    }
    if state.tour.is_some() {
        return Some(Action::ShowTourStep(None));
    }
    let is_part = state.pad.picture().is_some_and(|it| it.whole.is_some());
    if shows_pad && is_part {
        return Some(Action::BackToPicture);
    }
    let all = EvaluationAction::Select(Selection::Misclassified);
    (state.place == Place::Test).then_some(Action::Evaluation(all))
}

/// Whether a key acts now. Keys never change a hidden drawing.
fn is_possible(action: &Action, state: &State, shows_pad: bool) -> bool {
    let is_drawing = matches!(
        action,
        Action::Undo
            | Action::Redo
            | Action::Clear
            | Action::SwitchEraser
            | Action::SwitchErased
            | Action::NextPenWidth
            | Action::SwitchPadShape
            | Action::Replay
            | Action::SwitchGuides
            | Action::AskPath(FilePurpose::SaveDrawing)
    );
    let needs_ink = matches!(
        action,
        Action::Replay | Action::AskPath(FilePurpose::SaveDrawing)
    );
    (shows_pad || !is_drawing) && !(needs_ink && state.pad.ink().is_empty())
}
