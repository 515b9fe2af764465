//! The look of the window. Panels read the state and return actions. They know no files, threads or network.

mod atlas;
mod canvas;
mod clipboard;
mod correct;
mod corrections;
mod curves;
mod draw;
mod drawings;
mod evaluation;
mod fields;
mod focus;
mod gallery;
mod header;
mod icons;
mod keyboard_pen;
mod keys;
mod learn;
mod noise;
mod number;
mod pad;
mod picture;
mod prediction;
mod questions;
mod roving;
mod runs;
mod status;
mod theme;
mod tools;
mod tour;
mod training;
mod why;
mod widgets;

use egui::{
    Color32, Context, Id, Key, Memory, Modifiers, Popup, Rect, Stroke, StrokeKind, Ui, UiBuilder,
    Vec2, vec2,
};

use self::{
    corrections::CorrectionsView, draw::DrawView, evaluation::EvaluationView, focus::Focus,
    header::HelpOutcome, keys::KeyPlace, learn::LearnView, theme::Palette, training::TrainingView,
    why::WhyView,
};
use crate::app::{
    action::Action,
    state::{Place, State, notices::Notice},
};

/// The smallest width of the pad's place beside the training panel, in points. A narrower one is behind the panel.
const MIN_STAGE: f32 = 264.0;
/// The smallest width of another place beside the panel, in points. A narrower one hides the panel.
const MIN_OTHER_STAGE: f32 = 420.0;
/// The smallest and the largest width of the panel, in points.
const PANEL_WIDTHS: [f32; 2] = [368.0, 440.0];

/// The state of the panels between frames.
#[derive(Debug, Default)]
pub struct View {
    draw: DrawView,
    evaluation: EvaluationView,
    learn: LearnView,
    training: TrainingView,
    why: WhyView,
    corrections: CorrectionsView,
    focus: Focus,
    shows_help: bool,
    /// What was shown in the last frame.
    before: ShownParts,
    /// The actions of keys that end the input of a text field. They wait until the field has set its value.
    after_field: Vec<Action>,
}

/// Whether parts of the window are shown.
#[derive(Clone, Copy, Debug, Default)]
struct ShownParts {
    help: bool,
    panel: bool,
    tour: bool,
}

/// An entry of the header.
struct PlaceEntry {
    place: Place,
    name: &'static str,
    help: &'static str,
    ui: fn(&mut Ui, &State, &mut View, &mut Vec<Action>),
}

/// The places of the window from left to right.
const PLACES: [PlaceEntry; 4] = [
    PlaceEntry {
        place: Place::Draw,
        name: "Draw",
        help: "Draw a digit and watch the prediction",
        ui: |ui, state, view, actions| draw::draw_ui(ui, state, &mut view.draw, actions),
    },
    PlaceEntry {
        place: Place::Why,
        name: "Why",
        help: "Look into the network and see why it answers so",
        ui: |ui, state, view, actions| {
            why::why_ui(ui, state, &mut view.draw, &mut view.why, actions);
        },
    },
    PlaceEntry {
        place: Place::Test,
        name: "Test",
        help: "Evaluate the model on thousands of digits and look at its errors",
        ui: |ui, state, view, actions| {
            evaluation::evaluation_ui(ui, state, &mut view.evaluation, actions);
        },
    },
    PlaceEntry {
        place: Place::Learn,
        name: "Learn",
        help: "Look at the curves of a training and compare runs",
        ui: |ui, state, view, actions| learn::learn_ui(ui, state, &mut view.learn, actions),
    },
];

impl View {
    /// Gives the window its look.
    pub fn new(ctx: &Context) -> Self {
        theme::install(ctx);
        focus::install(ctx);
        Self::default()
    }

    /// The actions of the pen, the keys and dropped files. Apply them before drawing.
    pub fn input_actions(&mut self, ctx: &Context, state: &State) -> Vec<Action> {
        self.focus.begin(ctx);
        let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::F1) {
            self.shows_help = !self.shows_help;
        }
        if pressed(Key::F11) {
            header::switch_full_screen(ctx);
        }
        let mut actions = self.draw.canvas.pen_actions(ctx, state);
        actions.extend(keys::dropped_files(ctx));
        // An open menu or dialog has the keyboard.
        if Popup::is_any_open(ctx) || state.has_prompt() || self.shows_help {
            return actions;
        }
        let is_panel = self.focus.is_in(ctx, "training");
        let place = KeyPlace {
            shows_pad: self.draw.canvas.is_shown(),
            is_field: self.focus.is_in_field() || ctx.text_edit_focused(),
            is_beside_field: is_panel
                || self.focus.is_after_field() && !self.focus.is_at(canvas::pad_id()),
        };
        let [escapes, enters] =
            [Key::Escape, Key::Enter].map(|key| ctx.input(|input| input.key_pressed(key)));
        if escapes && is_panel && place.shows_pad && !self.focus.is_edited() {
            self.focus.give_to(ctx, canvas::pad_id());
        }
        let is_refused = state.notices.shown().is_some_and(Notice::is_refusal);
        if (escapes || enters) && place.is_field && is_refused {
            // The field has another value now, or it is refused again.
            actions.push(Action::Dismiss);
        }
        let is_enlarged = state.place == Place::Why && self.why.is_enlarged();
        if is_enlarged && !place.is_field && pressed(Key::Escape) {
            self.why.show_all();
        }
        let keys = keys::key_actions(ctx, state, place);
        if ctx.text_edit_focused() && !keys.is_empty() {
            ctx.memory_mut(Memory::stop_text_input);
            self.after_field = keys;
        } else {
            actions.extend(keys);
        }
        actions
    }

    /// Moves the focus when the training panel opens or closes, and when the tour ends.
    fn follow_parts(&mut self, ctx: &Context, shows_panel: bool, shows_tour: bool) {
        let showed_panel = std::mem::replace(&mut self.before.panel, shows_panel);
        let showed_tour = std::mem::replace(&mut self.before.tour, shows_tour);
        let button = header::panel_button(ctx);
        if let Some(button) = button.filter(|_| showed_panel != shows_panel) {
            if shows_panel {
                self.focus.lead_into("training", button);
            } else if self.focus.is_in(ctx, "training") {
                self.focus.give_to(ctx, button);
            }
        }
        if showed_tour && !shows_tour && self.focus.is_in(ctx, "tour") {
            let pad = Some(canvas::pad_id()).filter(|_| self.draw.canvas.is_shown());
            if let Some(place) = pad.or_else(|| header::place_button(ctx)) {
                self.focus.give_to(ctx, place);
            }
        }
    }

    /// Draws the window and returns the actions of its widgets. The order is that of the keyboard's focus.
    pub fn ui(&mut self, ui: &mut Ui, state: &State) -> Vec<Action> {
        theme::apply(ui.ctx(), state.settings.theme);
        let palette = Palette::of(ui.style());
        let mut actions = Vec::new();
        let layout = WindowLayout::of(ui.max_rect(), state);
        let shows_panel = layout.panel.is_some();
        self.follow_parts(ui.ctx(), shows_panel, layout.tour.is_some());
        let side = vec2(theme::MARGIN, 0.0);
        let all = Vec2::splat(theme::MARGIN);
        part_ui(ui, "header", layout.header, palette.panel, side, |ui| {
            header::header_ui(ui, state, shows_panel, &mut self.shows_help, &mut actions);
        });
        if let Some(stage) = layout.stage {
            part_ui(ui, "stage", stage, palette.window, all, |ui| {
                let entry = PLACES.iter().find(|entry| entry.place == state.place);
                if let Some(entry) = entry {
                    (entry.ui)(ui, state, self, &mut actions);
                }
            });
        }
        if let Some(panel) = layout.panel {
            part_ui(ui, "training", panel, palette.panel, all, |ui| {
                training::training_ui(ui, state, &mut self.training, &mut actions);
            });
        }
        if let (Some(place), Some(step)) = (layout.tour, state.tour) {
            part_ui(ui, "tour", place, palette.panel, side, |ui| {
                if tour::tour_ui(ui, step, &mut actions) {
                    self.training.show_train_tab();
                }
            });
        }
        part_ui(ui, "status", layout.status, palette.panel, side, |ui| {
            status::status_ui(ui, state, &mut actions);
        });
        let ctx = ui.ctx();
        questions::path_window(ctx, state, &mut actions);
        questions::questions_ui(ctx, state, &mut actions);
        self.corrections.ui(ctx, state, &mut actions);
        let is_new = !std::mem::replace(&mut self.before.help, self.shows_help);
        if self.shows_help {
            self.shows_help = match header::help_modal(ctx, &keys::shortcuts(ctx), is_new) {
                HelpOutcome::Stays => true,
                HelpOutcome::Closes => false,
                HelpOutcome::StartsTour => {
                    actions.push(Action::StartTour);
                    false
                }
            };
        }
        status::drop_hint(ctx, state);
        focus::ring(ctx);
        self.draw.canvas.end_frame();
        self.focus.end(ctx);
        actions.append(&mut self.after_field);
        actions
    }
}

/// Opens the training panel. Another place in a narrow window has no room for it.
fn open_panel(ctx: &Context, actions: &mut Vec<Action>) {
    actions.push(Action::ShowTraining(true));
    if ctx.content_rect().width() < PANEL_WIDTHS[0] + MIN_OTHER_STAGE {
        actions.push(Action::GoTo(Place::Draw));
    }
}

/// The places of the window's parts. No content changes them.
struct WindowLayout {
    header: Rect,
    stage: Option<Rect>,
    panel: Option<Rect>,
    tour: Option<Rect>,
    status: Rect,
}

impl WindowLayout {
    fn of(window: Rect, state: &State) -> Self {
        let shows_tour = state.tour.is_some();
        let (header, rest) = window.split_top_bottom_at_y(window.top() + header::HEIGHT);
        let (middle, status) = rest.split_top_bottom_at_y(rest.bottom() - status::HEIGHT);
        let bottom = middle.bottom() - if shows_tour { tour::HEIGHT } else { 0.0 };
        let (middle, strip) = middle.split_top_bottom_at_y(bottom);
        let width = (middle.width() * 0.3).clamp(PANEL_WIDTHS[0], PANEL_WIDTHS[1]);
        let (stage, panel) = match middle.width() - width {
            _ if !state.settings.training_panel => (Some(middle), None),
            room if state.place != Place::Draw && room < MIN_OTHER_STAGE => (Some(middle), None),
            room if room < MIN_STAGE => (None, Some(middle)),
            room => {
                let (stage, panel) = middle.split_left_right_at_x(middle.left() + room);
                (Some(stage), Some(panel))
            }
        };
        Self {
            header,
            stage,
            panel,
            tour: shows_tour.then_some(strip),
            status,
        }
    }
}

/// Draws a part of the window. Nothing of it is outside its place.
fn part_ui(
    ui: &mut Ui,
    name: &str,
    place: Rect,
    fill: Color32,
    margin: Vec2,
    content: impl FnOnce(&mut Ui),
) {
    ui.painter().rect_filled(place, 0.0, fill);
    if name != "stage" {
        let outline = Palette::of(ui.style()).outline;
        let line = Stroke::new(1.0, outline);
        ui.painter()
            .rect_stroke(place, 0.0, line, StrokeKind::Middle);
    }
    let builder = UiBuilder::new()
        .scope_id(Id::unique(name))
        .max_rect(place.shrink2(margin));
    ui.scope_builder(builder, |ui| {
        ui.set_clip_rect(place.intersect(ui.clip_rect()));
        content(ui);
    });
}
