//! What the window looks like. Panels read the state and return what the person asks for; they know
//! no files, no threads and no network.

pub mod canvas;
pub mod prediction;

mod curves;
mod fields;
mod keys;
mod models;
mod notices;
mod pen;
mod questions;
mod theme;
mod training;
mod words;

use egui::{
    Button, CentralPanel, Context, Frame, Margin, Panel, Rect, Response, RichText, Ui, UiBuilder,
    Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use self::{canvas::Canvas, prediction::Preview, theme::Palette};
use crate::app::{
    action::{Action, PathPurpose},
    settings::ThemeChoice,
    state::State,
};

/// The height of the row at the top.
const BAR_HEIGHT: f32 = 52.0;
/// The height of a row of buttons.
const TOOLBAR_HEIGHT: f32 = 34.0;
/// What the ten bars need at least, in points.
const LEAST_RESULTS_WIDTH: f32 = 230.0;

/// What the drawing code remembers between frames.
#[derive(Debug, Default)]
pub struct View {
    canvas: Canvas,
    preview: Preview,
}

impl View {
    /// Gives the window its look.
    pub fn new(ctx: &Context) -> Self {
        theme::install(ctx);
        Self::default()
    }

    /// What the pen, the keys and dropped files ask for; to be applied before anything is drawn.
    pub fn input_actions(&mut self, ctx: &Context, state: &State) -> Vec<Action> {
        let mut actions = self.canvas.pen_actions(ctx);
        actions.extend(keys::key_actions(ctx, state));
        actions
    }

    /// Draws the whole window, and returns what the person asks for.
    pub fn ui(&mut self, ui: &mut Ui, state: &State) -> Vec<Action> {
        theme::apply(ui.ctx(), state.settings.theme);
        let palette = Palette::of(ui.style());
        let mut actions = Vec::new();
        let bar = Frame::new()
            .fill(palette.panel)
            .inner_margin(Margin::symmetric(20, 0));
        Panel::top("bar")
            .exact_size(BAR_HEIGHT)
            .frame(bar)
            .show(ui, |ui| {
                bar_ui(ui, state, &mut actions);
            });
        notices::notices_panel(ui, state, &mut actions);
        let mut shows_training = state.settings.training_panel;
        let width = (ui.available_width() * 0.29).clamp(290.0, 440.0);
        let side = Frame::new()
            .fill(palette.panel)
            .inner_margin(Margin::same(20));
        Panel::right("training")
            .exact_size(width)
            .resizable(false)
            .frame(side)
            .show_collapsible(ui, &mut shows_training, |ui| {
                training::training_ui(ui, state, &mut actions)
            });
        let stage = Frame::new()
            .fill(palette.window)
            .inner_margin(Margin::same(20));
        CentralPanel::default().frame(stage).show(ui, |ui| {
            self.stage_ui(ui, state, &mut actions);
        });
        questions::path_window(ui.ctx(), state, &mut actions);
        questions::close_modal(ui.ctx(), state, &mut actions);
        notices::drop_hint(ui.ctx());
        actions
    }

    /// The pad with its buttons on the left, what the network makes of it on the right; in a narrow
    /// stage the one above the other.
    fn stage_ui(&mut self, ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
        let stage = ui.available_rect_before_wrap();
        let answers_height = models::height(stage.width());
        let below = theme::GAP + TOOLBAR_HEIGHT + theme::MARGIN + answers_height;
        let gap = theme::MARGIN * 1.4;
        let is_narrow = stage.width() < 2.0 * LEAST_RESULTS_WIDTH;
        let side = if is_narrow {
            stage.width().min((stage.height() - below) * 0.55)
        } else {
            let results = LEAST_RESULTS_WIDTH.max(stage.width() * 0.38);
            (stage.height() - below).min(stage.width() - gap - results)
        };
        let side = side.max(96.0).floor();
        let pad = Rect::from_min_size(stage.min, Vec2::splat(side));
        self.canvas.ui(ui, pad, state);
        let left_width = if is_narrow { stage.width() } else { side };
        let toolbar = Rect::from_min_size(
            pos2(stage.left(), pad.bottom() + theme::GAP),
            vec2(left_width, TOOLBAR_HEIGHT),
        );
        ui.scope_builder(UiBuilder::new().max_rect(toolbar), |ui| {
            toolbar_ui(ui, state, actions)
        });
        let answers = Rect::from_min_size(
            pos2(stage.left(), toolbar.bottom() + theme::MARGIN),
            vec2(left_width, answers_height),
        );
        ui.scope_builder(UiBuilder::new().max_rect(answers), |ui| {
            models::models_ui(ui, state, actions);
        });
        let results = if is_narrow {
            Rect::from_min_max(
                pos2(stage.left(), answers.bottom() + theme::MARGIN),
                stage.max,
            )
        } else {
            Rect::from_min_max(
                pos2(pad.right() + gap, stage.top()),
                pos2(stage.right(), answers.bottom()),
            )
        };
        prediction::prediction_ui(ui, results, state, &mut self.preview);
    }
}

fn bar_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.horizontal_centered(|ui| {
        ui.heading("Digitpad");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let shown = state.settings.training_panel;
            let toggle = ui.add(Button::selectable(shown, "Training panel"));
            if toggle
                .on_hover_text("Shows or hides the training panel.")
                .clicked()
            {
                actions.push(Action::ShowTraining(!shown));
            }
            ui.add_space(theme::GAP);
            for choice in ThemeChoice::ALL.into_iter().rev() {
                let icon = match choice {
                    ThemeChoice::Light => "☀",
                    ThemeChoice::Dark => "🌙",
                    ThemeChoice::System => "💻",
                };
                let selected = state.settings.theme == choice;
                let button = ui
                    .add(Button::selectable(selected, icon))
                    .on_hover_text(choice.name());
                if named(button, choice.name(), Some(selected)).clicked() {
                    actions.push(Action::ChooseTheme(choice));
                }
            }
        });
    });
}

fn toolbar_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 6.0;
    // Five buttons find room beside each other, however small the pad is.
    let padding = ((ui.available_width() - 236.0) / 10.0).clamp(2.0, 12.0);
    ui.spacing_mut().button_padding.x = padding;
    ui.spacing_mut().interact_size.x = 0.0;
    ui.horizontal(|ui| {
        let mut button = |enabled: bool, text: &str, name: &str, help: &str, action: Action| {
            let button = Button::new(RichText::new(text)).min_size(vec2(0.0, TOOLBAR_HEIGHT));
            let response = ui.add_enabled(enabled, button).on_hover_text(help);
            if named(response, name, None).clicked() {
                actions.push(action);
            }
        };
        let is_drawn = !state.ink().is_empty();
        let can_clear = !state.is_blank();
        button(
            state.can_undo(),
            "Undo",
            "Undo",
            "Takes the last stroke back (Ctrl+Z).",
            Action::Undo,
        );
        button(
            state.can_redo(),
            "Redo",
            "Redo",
            "Brings it back (Ctrl+Y).",
            Action::Redo,
        );
        button(
            can_clear,
            "Clear",
            "Clear",
            "Empties the pad (Esc).",
            Action::Clear,
        );
        let open = Action::AskPath(PathPurpose::OpenDrawing);
        button(
            true,
            "Open…",
            "Open drawing…",
            "Opens a picture or an ink file (Ctrl+O).",
            open,
        );
        let save = Action::AskPath(PathPurpose::SaveDrawing);
        let help = "Saves the drawing as ink (.jsonl) or as a picture (.png) (Ctrl+S).";
        button(is_drawn, "Save…", "Save drawing…", help, save);
    });
}

/// Gives a button a name that says more than its face does.
fn named(response: Response, name: &str, selected: Option<bool>) -> Response {
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Button, response.enabled(), name);
        info.selected = selected;
        info
    });
    response
}
