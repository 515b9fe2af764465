//! Keys and dropped files.

use egui::{Context, Key, KeyboardShortcut, Modifiers, Popup};

use crate::{
    app::{
        action::{Action, PathPurpose},
        state::{State, Tab, evaluation::EvaluationAction},
    },
    evaluation::Selection,
};

/// What each key asks for. The one with more modifiers comes first, or the other would take it.
const SHORTCUTS: [(Modifiers, Key, Action); 11] = [
    (
        Modifiers::COMMAND.plus(Modifiers::SHIFT),
        Key::Z,
        Action::Redo,
    ),
    (Modifiers::COMMAND, Key::Z, Action::Undo),
    (Modifiers::COMMAND, Key::Y, Action::Redo),
    (
        Modifiers::COMMAND,
        Key::O,
        Action::AskPath(PathPurpose::OpenDrawing),
    ),
    (
        Modifiers::COMMAND,
        Key::S,
        Action::AskPath(PathPurpose::SaveDrawing),
    ),
    (Modifiers::COMMAND, Key::T, Action::Train),
    (Modifiers::COMMAND, Key::Num1, Action::Enter(Tab::Draw)),
    (Modifiers::COMMAND, Key::Num2, Action::Enter(Tab::Test)),
    (Modifiers::NONE, Key::Delete, Action::Clear),
    (Modifiers::NONE, Key::Backspace, Action::Clear),
    (Modifiers::NONE, Key::Escape, Action::Clear),
];

/// What the keyboard asks for and what was dropped on the window.
pub(crate) fn key_actions(ctx: &Context, state: &State, field_had_keyboard: bool) -> Vec<Action> {
    let dropped = ctx.input(|input| input.raw.dropped_files.clone());
    let mut actions: Vec<Action> = dropped
        .iter()
        .map(|file| Action::FileDropped(file.path().to_path_buf()))
        .collect();
    // Keys belong to what has them: a text field, an open menu, a question.
    if field_had_keyboard
        || ctx.text_edit_focused()
        || Popup::is_any_open(ctx)
        || state.has_prompt()
    {
        return actions;
    }
    for (modifiers, key, action) in SHORTCUTS {
        let shortcut = KeyboardShortcut::new(modifiers, key);
        if ctx.input_mut(|input| input.consume_shortcut(&shortcut)) {
            actions.extend(meant(action, key, state));
        }
    }
    actions
}

/// What a key asks for where it is pressed: what cannot be seen is not changed.
fn meant(action: Action, key: Key, state: &State) -> Option<Action> {
    let is_drawing = matches!(
        action,
        Action::Undo | Action::Redo | Action::Clear | Action::AskPath(PathPurpose::SaveDrawing)
    );
    match (state.stage, action) {
        (Tab::Draw, Action::AskPath(PathPurpose::SaveDrawing)) if state.ink().is_empty() => None,
        (Tab::Test, _) if is_drawing => (key == Key::Escape).then_some(Action::Measuring(
            EvaluationAction::Select(Selection::Misclassified),
        )),
        (_, action) => Some(action),
    }
}
