//! Questions of the window: for a path, before closing, before deleting, and whether to resume.

use egui::{
    Align2, Context, Event, Frame, Id, InputState, Key, Modal, TextEdit, Ui, Vec2, WidgetInfo,
    Window, accesskit::Role, text::CCursorRange, text_edit::TextEditState,
};

use super::{runs, theme};
use crate::app::{
    action::Action,
    state::{
        Closing, PathPrompt, State,
        models::Entry,
        runs::{RunAction, title},
    },
};

/// The path field, for systems without file dialogs. Other questions hide it.
pub(crate) fn path_window(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    let Some(prompt) = state.path_prompt.as_ref().filter(|_| !state.has_modal()) else {
        return;
    };
    Window::new(prompt.request.purpose.title())
        .id(Id::unique("path"))
        .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
        .collapsible(false)
        .resizable(false)
        .show(ctx, |ui| {
            ui.set_width(420.0_f32.min(ctx.content_rect().width() - 80.0));
            path_ui(ui, prompt, actions);
        });
}

fn path_ui(ui: &mut Ui, prompt: &PathPrompt, actions: &mut Vec<Action>) {
    let details = prompt.request.purpose.details();
    let (question, verb) = if prompt.replaces {
        ("This file exists. Replace it?", "Replace")
    } else {
        (details.question, details.verb)
    };
    ui.label(question);
    let mut text = prompt.text.clone();
    let edit = TextEdit::singleline(&mut text)
        .hint_text(details.file_name)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, "Path");
        info.current_text_value = Some(prompt.text.clone());
        info
    });
    if response.changed() {
        actions.push(Action::EditPath(text.clone()));
    }
    let enter = response.lost_focus() && ui.input(is_enter_pressed);
    let escape = ui.input(|input| input.key_pressed(Key::Escape));
    let is_new = is_new(ui);
    let nothing_has_focus = ui.memory(|memory| memory.focused().is_none()) && !enter && !escape;
    if !response.has_focus() && (is_new || nothing_has_focus) {
        response.request_focus();
        // Typing replaces the previous path.
        let mut edit = TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
        edit.cursor
            .set_char_range(Some(CCursorRange::select_all_str(&text)));
        edit.store(ui.ctx(), response.id);
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let is_typed = !text.trim().is_empty();
        if ui.add_enabled(is_typed, egui::Button::new(verb)).clicked() || (enter && is_typed) {
            actions.push(Action::AcceptPath);
        }
        if ui.button("Cancel").clicked() || escape {
            actions.push(Action::CancelPath);
        }
    });
}

/// Whether Enter goes down now. A key that was already down does not answer a new question.
fn is_enter_pressed(input: &InputState) -> bool {
    input.events.iter().any(|event| {
        matches!(
            event,
            Event::Key {
                key: Key::Enter,
                pressed: true,
                repeat: false,
                ..
            }
        )
    })
}

/// Whether the path field was not there in the last frame.
fn is_new(ui: &Ui) -> bool {
    let frame = ui.ctx().cumulative_frame_nr();
    let seen = ui.data_mut(|data| {
        let last: &mut Option<u64> = data.get_temp_mut_or_default(Id::unique("path-seen"));
        last.replace(frame)
    });
    seen.is_none_or(|seen| seen + 1 < frame)
}

/// Asks before closing loses unsaved work.
pub(crate) fn close_modal(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    if state.closing != Closing::Asking {
        return;
    }
    let frame = Frame::popup(&ctx.global_style()).inner_margin(24);
    let modal = Modal::new(Id::unique("close"))
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(400.0);
            ui.spacing_mut().item_spacing.y = 12.0;
            if state.training.state.active_run().is_some() {
                training_question(ui, state.training.has_checkpoint, actions);
            } else {
                unsaved_question(ui, state, actions);
            }
        });
    if modal.should_close() {
        actions.push(Action::KeepOpen);
    }
}

/// Asks at the start whether to resume the last session's training.
pub(crate) fn interrupted_modal(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    let Some(checkpoint) = &state.training.resumable else {
        return;
    };
    let frame = Frame::popup(&ctx.global_style()).inner_margin(24);
    let modal = Modal::new(Id::unique("interrupted"))
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(400.0);
            ui.spacing_mut().item_spacing.y = 12.0;
            let config = checkpoint.config();
            let (epoch, epochs) = (checkpoint.progress().epoch, config.epochs);
            ui.heading("Resume the training?");
            ui.label(format!(
                "The last session ended during the training of {}, in epoch {epoch} of {epochs}. Resuming gives \
                 the same model as an uninterrupted training.",
                config.model
            ));
            ui.horizontal(|ui| {
                if theme::primary_button(ui, "Resume", Vec2::ZERO).clicked() {
                    actions.push(Action::ResumeCheckpoint);
                }
                if ui.button("Delete").clicked() {
                    actions.push(Action::DeleteCheckpoint);
                }
                if ui.button("Later").clicked() {
                    actions.push(Action::KeepCheckpoint);
                }
            });
        });
    if modal.should_close() {
        actions.push(Action::KeepCheckpoint);
    }
}

/// Asks before a run is deleted.
pub(crate) fn remove_modal(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    let Some(run) = state.runs.asked() else {
        return;
    };
    let frame = Frame::popup(&ctx.global_style()).inner_margin(24);
    let modal = Modal::new(Id::unique("remove"))
        .frame(frame)
        .show(ctx, |ui| {
            ui.set_width(400.0);
            ui.spacing_mut().item_spacing.y = 12.0;
            ui.heading("Delete this run?");
            let figures = runs::figures(run).join(", ");
            ui.label(format!("{}: {figures}.", title(&run.record)));
            ui.label("Its settings, curves and weights are deleted permanently.");
            ui.horizontal(|ui| {
                if theme::primary_button(ui, "Keep", Vec2::ZERO).clicked() {
                    actions.push(Action::Run(RunAction::CancelDelete));
                }
                if ui.button("Delete").clicked() {
                    actions.push(Action::Run(RunAction::Delete(run.record.id)));
                }
            });
        });
    if modal.should_close() {
        actions.push(Action::Run(RunAction::CancelDelete));
    }
}

fn training_question(ui: &mut Ui, is_saved: bool, actions: &mut Vec<Action>) {
    ui.heading("A training is running");
    ui.label(if is_saved {
        "Closing the window ends it. The next start offers to resume it and repeats at most half a minute."
    } else {
        "Closing the window ends it, and the training is lost: it has no checkpoint."
    });
    ui.horizontal(|ui| {
        if theme::primary_button(ui, "Keep training", Vec2::ZERO).clicked() {
            actions.push(Action::KeepOpen);
        }
        if ui.button("Stop and close").clicked() {
            actions.push(Action::CloseAnyway);
        }
    });
}

fn unsaved_question(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let names: Vec<_> = state.models.unsaved().map(Entry::name).collect();
    ui.heading("A trained model is not saved");
    ui.label(format!(
        "Closing the window loses it: {}.",
        names.join(", ")
    ));
    ui.horizontal(|ui| {
        if let Some(entry) = state.models.unsaved().last()
            && theme::primary_button(ui, "Save…", Vec2::ZERO).clicked()
        {
            actions.push(Action::KeepOpen);
            actions.push(Action::SaveWeights(entry.id));
        }
        if ui.button("Close without saving").clicked() {
            actions.push(Action::CloseAnyway);
        }
        if ui.button("Keep the window open").clicked() {
            actions.push(Action::KeepOpen);
        }
    });
}
