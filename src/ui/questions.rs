//! Questions of the window: for a path, before closing, before deleting, and whether to resume.

use egui::{Context, Id, Key, TextEdit, Ui, WidgetInfo, accesskit::Role};

use super::{
    keys::is_new_press,
    runs,
    widgets::{self, Question, focus_all},
};
use crate::app::{
    action::Action,
    state::{
        Closing, PathPrompt, State,
        models::{Entry, Origin},
        runs::RunAction,
    },
};

/// The path field, for systems without file dialogs. Other questions hide it.
pub(crate) fn path_window(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    let Some(prompt) = state.path_prompt.as_ref().filter(|_| !state.has_modal()) else {
        return;
    };
    let closes = widgets::modal(ctx, &prompt.request.purpose.title(), 420.0, |ui| {
        path_ui(ui, prompt, actions);
    });
    if closes {
        actions.push(Action::CancelPath);
    }
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
    if let Some(problem) = &prompt.problem {
        widgets::problem(ui, problem);
    }
    let enter = response.lost_focus() && ui.input(|input| is_new_press(input, Key::Enter));
    if is_new(ui) {
        // Typing replaces the previous path.
        focus_all(&response, &text);
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let is_typed = !text.trim().is_empty();
        if ui.add_enabled(is_typed, egui::Button::new(verb)).clicked() || (enter && is_typed) {
            actions.push(Action::AcceptPath);
        }
        if ui.button("Cancel").clicked() {
            actions.push(Action::CancelPath);
        }
    });
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

/// Draws the question that is open, if any.
pub(super) fn questions_ui(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    if state.closing == Closing::Asking {
        closing_question(ctx, state, actions);
    } else if let Some(checkpoint) = &state.training.resumable
        && state.training.asks_to_resume
    {
        let (epoch, epochs) = (checkpoint.progress().epoch, checkpoint.config().epochs);
        let text = format!(
            "The last session ended during the training of {}, in epoch {epoch} of {epochs}. Resuming gives the same \
             model as an uninterrupted training.",
            checkpoint.config().model
        );
        let question = Question {
            heading: "Resume the training?",
            text,
            answers: &[
                ("Resume", &[Action::ResumeCheckpoint]),
                ("Delete", &[Action::DeleteCheckpoint]),
                ("Later", &[Action::AskToResume(false)]),
            ],
            otherwise: Action::AskToResume(false),
        };
        question.ui(ctx, actions);
    } else if let Some(run) = state.runs.asked() {
        let figures = runs::figures(run).join(", ");
        let is_used = state.models.chosen().origin == Origin::Run(run.record.id);
        let use_ends = if is_used {
            " Its model is in use until you choose another one or close the window."
        } else {
            ""
        };
        let text = format!(
            "{}: {figures}. Its settings, curves and weights are deleted permanently.{use_ends}",
            run.record.name
        );
        let question = Question {
            heading: "Delete this run?",
            text,
            answers: &[
                ("Keep", &[Action::Run(RunAction::CancelDelete)]),
                ("Delete", &[Action::Run(RunAction::Delete(run.record.id))]),
            ],
            otherwise: Action::Run(RunAction::CancelDelete),
        };
        question.ui(ctx, actions);
    }
}

/// Asks before closing loses unsaved work.
fn closing_question(ctx: &Context, state: &State, actions: &mut Vec<Action>) {
    let unsaved: Vec<&Entry> = state.models.unsaved().collect();
    let question = if state.training.state.active_run().is_some() {
        let text = if state.training.has_checkpoint {
            "Closing the window ends it. The next start offers to resume it and repeats at most half a minute."
        } else {
            "Closing the window ends it, and the training is lost: it has no checkpoint."
        };
        Question {
            heading: "A training is running",
            text: text.to_owned(),
            answers: &[
                ("Keep training", &[Action::KeepOpen]),
                ("Stop and close", &[Action::CloseAnyway]),
            ],
            otherwise: Action::KeepOpen,
        }
    } else {
        let Some(last) = unsaved.last() else { return };
        let names: Vec<_> = unsaved.iter().map(|entry| entry.name.as_str()).collect();
        return Question {
            heading: "A trained model is not saved",
            text: format!("Closing the window loses it: {}.", names.join(", ")),
            answers: &[
                ("Save…", &[Action::KeepOpen, Action::SaveWeights(last.id)]),
                ("Close without saving", &[Action::CloseAnyway]),
                ("Cancel", &[Action::KeepOpen]),
            ],
            otherwise: Action::KeepOpen,
        }
        .ui(ctx, actions);
    };
    question.ui(ctx, actions);
}
