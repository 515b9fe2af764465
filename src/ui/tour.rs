//! The guided tour: six steps in a strip above the status line, which leaves every control in reach.

use egui::{Align, Context, Id, Label, Layout, RichText, Ui, vec2};

use super::{
    open_panel, theme,
    widgets::{at_right, primary_button, room_before, small_button},
};
use crate::app::{action::Action, state::Place};

/// The height of the strip, in points.
pub(super) const HEIGHT: f32 = 76.0;

/// A step of the tour.
struct TourStep {
    title: &'static str,
    text: &'static str,
    /// Where the step takes place, and whether it needs the training panel.
    place: Place,
    needs_panel: bool,
    /// A button that prepares the step.
    preparation: Option<Preparation>,
}

/// A button with its action.
struct Preparation {
    button: &'static str,
    action: Action,
}

const STEPS: [TourStep; 6] = [
    TourStep {
        title: "Draw",
        text: "Draw a digit. The bars follow the pen, and the longest one is the answer. Try a 7 with a bar, or a crooked 4.",
        place: Place::Draw,
        needs_panel: false,
        preparation: None,
    },
    TourStep {
        title: "Correct",
        text: "Is a digit misread? Press Wrong? and choose the right digit. The drawing is saved as a correction, to train on.",
        place: Place::Draw,
        needs_panel: false,
        preparation: None,
    },
    TourStep {
        title: "Why",
        text: "See which training images your digit resembles. Scroll to Inside and point at a unit to follow its arithmetic, or switch it off.",
        place: Place::Why,
        needs_panel: false,
        preparation: None,
    },
    TourStep {
        title: "Train",
        text: "Press Train. Watch the curves, and keep drawing: the new network answers while it learns.",
        place: Place::Draw,
        needs_panel: true,
        preparation: None,
    },
    TourStep {
        title: "Overfit on purpose",
        text: "Train on few images for many epochs. The network learns them by heart: its training loss falls, and its \
            validation loss rises.",
        place: Place::Learn,
        needs_panel: true,
        preparation: Some(Preparation {
            button: "Set it up",
            action: Action::SetUpOverfitting,
        }),
    },
    TourStep {
        title: "Test",
        text: "Compare on 10,000 digits that no training has seen. Click an error to see it, and ask again why.",
        place: Place::Test,
        needs_panel: false,
        preparation: None,
    },
];

/// Goes to a step, and to its place. After the last step, the tour ends. Returns whether the step trains.
fn go_to(index: usize, actions: &mut Vec<Action>) -> bool {
    let step = STEPS.get(index);
    actions.push(Action::ShowTourStep(step.map(|_| index)));
    let Some(step) = step else { return false };
    actions.push(Action::GoTo(step.place));
    if step.needs_panel {
        actions.push(Action::ShowTraining(true));
    }
    step.needs_panel
}

/// Draws the strip of a step. Returns whether the panel is to show its tab *Train*.
pub(super) fn tour_ui(ui: &mut Ui, index: usize, actions: &mut Vec<Action>) -> bool {
    let Some(step) = STEPS.get(index) else {
        return false;
    };
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let size = vec2(room_before(ui, "buttons"), HEIGHT);
        ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add_space(theme::GAP);
            let title = format!("{} of {}: {}", index + 1, STEPS.len(), step.title);
            ui.label(RichText::new(title).font(theme::strong(theme::BODY)));
            ui.add(Label::new(RichText::new(step.text).small()).wrap());
        });
        at_right(ui, "buttons", |ui| buttons_ui(ui, step, index, actions))
    })
    .inner
}

/// Whether this step was not shown in the last frame.
fn is_new(ctx: &Context, index: usize) -> bool {
    let id = Id::unique("step of the tour");
    let pass = ctx.cumulative_pass_nr();
    let last: Option<(usize, u64)> = ctx.data(|data| data.get_temp(id));
    ctx.data_mut(|data| data.insert_temp(id, (index, pass)));
    last.is_none_or(|(step, at)| step != index || at + 1 < pass)
}

/// The buttons from left to right. Returns whether the panel is to show its tab *Train*.
fn buttons_ui(ui: &mut Ui, step: &TourStep, index: usize, actions: &mut Vec<Action>) -> bool {
    let mut trains = false;
    if let Some(Preparation { button, action }) = &step.preparation
        && small_button(ui, button).clicked()
    {
        actions.push(action.clone());
        open_panel(ui.ctx(), actions);
        trains = true;
    }
    let help = "Leaves the tour (Esc). Help (F1) starts it again.";
    if small_button(ui, "Leave").on_hover_text(help).clicked() {
        actions.push(Action::ShowTourStep(None));
    }
    ui.add_enabled_ui(index > 0, |ui| {
        if small_button(ui, "Back").clicked() {
            trains |= go_to(index.saturating_sub(1), actions);
        }
    });
    let next = if index + 1 < STEPS.len() {
        "Next"
    } else {
        "Finish"
    };
    let next = primary_button(ui, next, vec2(76.0, 32.0));
    if ui.is_visible() && is_new(ui.ctx(), index) {
        // The keyboard goes through the tour with Enter alone.
        next.request_focus();
    }
    if next.clicked() {
        trains |= go_to(index + 1, actions);
    }
    trains
}
