//! What the window asks: for a path, and whether to close.

use egui::{
    Align2, Context, Event, Frame, Id, InputState, Key, Modal, TextEdit, Ui, Vec2, WidgetInfo,
    Window, accesskit::Role, text::CCursorRange, text_edit::TextEditState,
};

use super::{runs, theme};
use crate::app::{
    action::{Action, PathPurpose},
    state::{
        Closing, PathPrompt, State,
        models::Entry,
        runs::{RunAction, title},
    },
};

/// The field to type a path into, where no file dialog is to be had. It waits while something else is asked.
pub(crate) fn path_window(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    let Some(prompt) = state.path_prompt.as_ref().filter(|_| !state.has_modal()) else {
        return;
    };
    let (title, verb) = match prompt.purpose {
        PathPurpose::LoadWeights => ("Load weights", "Load"),
        PathPurpose::SaveWeights(_) => ("Save the weights", "Save"),
        PathPurpose::OpenDrawing => ("Open a picture or an ink file", "Open"),
        PathPurpose::SaveDrawing => ("Save the drawing", "Save"),
        PathPurpose::DataFolder => ("Choose a data set", "Choose"),
        PathPurpose::TestFolder => ("Choose a data set to test on", "Choose"),
        PathPurpose::TestInk => ("Choose an ink file to test on", "Choose"),
        PathPurpose::SaveConfusion => ("Save the confusion matrix", "Save"),
        PathPurpose::SaveCurvesImage => ("Save the picture of the curves", "Save"),
        PathPurpose::LoadSettings => ("Load training settings", "Load"),
        PathPurpose::SaveSettings => ("Save the training settings", "Save"),
        PathPurpose::SaveCurves => ("Save the curves", "Save"),
    };
    Window::new(title)
        .id(Id::unique("path"))
        .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
        .collapsible(false)
        .resizable(false)
        .show(ctx, |ui| {
            ui.set_width(420.0_f32.min(ctx.content_rect().width() - 80.0));
            path_ui(ui, prompt, verb, actions);
        });
}

fn path_ui(ui: &mut Ui, prompt: &PathPrompt, verb: &str, actions: &mut Vec<Action>) {
    let (hint, example) = match prompt.purpose {
        PathPurpose::LoadWeights => ("Where the weight file is:", "model.safetensors"),
        PathPurpose::SaveWeights(_) => ("Where to write the weights:", "model.safetensors"),
        PathPurpose::OpenDrawing => ("Where the picture or the ink file is:", "seven.png"),
        PathPurpose::SaveDrawing => (
            "Where to write the drawing, as ink (.jsonl) or as a picture (.png):",
            "seven.jsonl",
        ),
        PathPurpose::DataFolder => ("The folder with the four files:", "fashion-mnist"),
        PathPurpose::TestFolder => ("The folder with MNIST's test files:", "fashion-mnist"),
        PathPurpose::TestInk => ("Where the ink file is:", "digits.jsonl"),
        PathPurpose::SaveConfusion => ("Where to write the table, as CSV:", "confusion.csv"),
        PathPurpose::SaveCurvesImage => ("Where to write the picture, as PNG:", "training.png"),
        PathPurpose::LoadSettings => ("Where the settings are:", "training.toml"),
        PathPurpose::SaveSettings => ("Where to write the settings:", "training.toml"),
        PathPurpose::SaveCurves => ("Where to write the figures, as CSV:", "training.csv"),
    };
    let (hint, verb) = if prompt.replaces {
        ("There is such a file already. Replace it?", "Replace")
    } else {
        (hint, verb)
    };
    ui.label(hint);
    let mut text = prompt.text.clone();
    let edit = TextEdit::singleline(&mut text)
        .hint_text(example)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, "Path");
        info.current_text_value = Some(prompt.text.clone());
        info
    });
    if response.changed() {
        actions.push(Action::PathEdited(text.clone()));
    }
    let enter = response.lost_focus() && ui.input(is_enter_pressed);
    let escape = ui.input(|input| input.key_pressed(Key::Escape));
    let is_new = is_new(ui);
    let nobody_has_focus = ui.memory(|memory| memory.focused().is_none()) && !enter && !escape;
    if !response.has_focus() && (is_new || nobody_has_focus) {
        response.request_focus();
        // Typing replaces what was typed last time.
        let mut edit = TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
        edit.cursor
            .set_char_range(Some(CCursorRange::select_all_str(&text)));
        edit.store(ui.ctx(), response.id);
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let is_typed = !text.trim().is_empty();
        if ui.add_enabled(is_typed, egui::Button::new(verb)).clicked() || (enter && is_typed) {
            actions.push(Action::PathAccepted);
        }
        if ui.button("Cancel").clicked() || escape {
            actions.push(Action::PathCancelled);
        }
    });
}

/// Whether Enter goes down now. Whoever holds it down has not read what is asked meanwhile.
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

/// Asks before something is lost by closing.
pub(crate) fn close_modal(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    if state.closing != Closing::Asks {
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

/// Asks at the start what is to become of a training that was interrupted.
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
                "The training of {} was interrupted at epoch {epoch} of {epochs}. It can go on as if nothing \
                 had happened.",
                config.model
            ));
            ui.horizontal(|ui| {
                if theme::primary_button(ui, "Resume it", Vec2::ZERO).clicked() {
                    actions.push(Action::ResumeCheckpoint);
                }
                if ui.button("Discard it").clicked() {
                    actions.push(Action::DeleteCheckpoint);
                }
                if ui.button("Decide later").clicked() {
                    actions.push(Action::KeepCheckpoint);
                }
            });
        });
    if modal.should_close() {
        actions.push(Action::KeepCheckpoint);
    }
}

/// Asks before a run is thrown away.
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
            ui.heading("Throw this run away?");
            let figures = runs::figures(run).join(", ");
            ui.label(format!("{}: {figures}.", title(&run.record)));
            ui.label(
                "Its settings, its curves and its weights are removed from the library for good.",
            );
            ui.horizontal(|ui| {
                if theme::primary_button(ui, "Keep it", Vec2::ZERO).clicked() {
                    actions.push(Action::Run(RunAction::CancelDelete));
                }
                if ui.button("Throw it away").clicked() {
                    actions.push(Action::Run(RunAction::Delete(run.record.id)));
                }
            });
        });
    if modal.should_close() {
        actions.push(Action::Run(RunAction::CancelDelete));
    }
}

fn training_question(ui: &mut Ui, is_kept: bool, actions: &mut Vec<Action>) {
    ui.heading("Training is running");
    ui.label(if is_kept {
        "When the window closes now, it ends. The next start asks whether to resume it, from at most half a \
         minute before."
    } else {
        "When the window closes now, it ends, and may be lost: what is needed to resume it is not written yet, or \
         could not be."
    });
    ui.horizontal(|ui| {
        if theme::primary_button(ui, "Keep training", Vec2::ZERO).clicked() {
            actions.push(Action::KeepOpen);
        }
        if ui.button("Stop it and close").clicked() {
            actions.push(Action::CloseAnyway);
        }
    });
}

fn unsaved_question(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let names: Vec<_> = state.models.unsaved().map(Entry::name).collect();
    ui.heading("A trained model is not saved");
    ui.label(format!(
        "It is lost when the window closes now: {}.",
        names.join(", ")
    ));
    ui.horizontal(|ui| {
        if let Some(entry) = state.models.unsaved().last()
            && theme::primary_button(ui, "Save it…", Vec2::ZERO).clicked()
        {
            actions.push(Action::KeepOpen);
            actions.push(Action::AskPath(PathPurpose::SaveWeights(entry.id)));
        }
        if ui.button("Close without saving").clicked() {
            actions.push(Action::CloseAnyway);
        }
        if ui.button("Keep the window open").clicked() {
            actions.push(Action::KeepOpen);
        }
    });
}
