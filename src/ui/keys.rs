//! Keys and dropped files.

use egui::{Context, Key, KeyboardShortcut, Modifiers, Popup};

use crate::{
    app::{
        action::Action,
        state::{State, Tab, evaluation::EvaluationAction},
    },
    evaluation::Selection,
    worker::file_tasks::FilePurpose,
};

/// The action of each key. A shortcut with more modifiers comes first, or the other would take it.
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
        Action::AskPath(FilePurpose::OpenDrawing),
    ),
    (
        Modifiers::COMMAND,
        Key::S,
        Action::AskPath(FilePurpose::SaveDrawing),
    ),
    (Modifiers::COMMAND, Key::T, Action::Train),
    (Modifiers::COMMAND, Key::Num1, Action::SwitchTab(Tab::Draw)),
    (
        Modifiers::COMMAND,
        Key::Num2,
        Action::SwitchTab(Tab::Evaluate),
    ),
    (Modifiers::NONE, Key::Delete, Action::Clear),
    (Modifiers::NONE, Key::Backspace, Action::Clear),
    (Modifiers::NONE, Key::Escape, Action::Clear),
];

/// The actions of pressed keys and dropped files.
pub(crate) fn key_actions(ctx: &Context, state: &State, field_had_keyboard: bool) -> Vec<Action> {
    let dropped = ctx.input(|input| input.raw.dropped_files.clone());
    let mut actions: Vec<Action> = dropped
        .iter()
        .map(|file| Action::DropFile(file.path().to_path_buf()))
        .collect();
    // A text field, an open menu or a question has the keyboard.
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
            actions.extend(in_tab(action, key, state));
        }
    }
    actions
}

/// The action of a key in the current tab. Keys never change a hidden drawing.
fn in_tab(action: Action, key: Key, state: &State) -> Option<Action> {
    let is_drawing = matches!(
        action,
        Action::Undo | Action::Redo | Action::Clear | Action::AskPath(FilePurpose::SaveDrawing)
    );
    match (state.tab, action) {
        (Tab::Draw, Action::AskPath(FilePurpose::SaveDrawing)) if state.pad.ink().is_empty() => {
            None
        }
        (Tab::Evaluate, _) if is_drawing => (key == Key::Escape).then_some(Action::Evaluation(
            EvaluationAction::Select(Selection::Misclassified),
        )),
        (_, action) => Some(action),
    }
}
