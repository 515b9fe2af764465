//! The look of the window. Panels read the state and return actions. They know no files, threads or network.

mod canvas;
mod prediction;

mod atlas;
mod bar;
mod correct;
mod curves;
mod evaluation;
mod fields;
mod gallery;
mod keys;
mod models;
mod noise;
mod notices;
mod pad;
mod questions;
mod runs;
mod theme;
mod training;

use egui::{
    Button, CentralPanel, Context, Frame, Margin, Panel, Popup, Rect, Response, RichText,
    ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use self::{
    canvas::Canvas, evaluation::EvaluationView, prediction::Preview, theme::Palette,
    training::TrainingView,
};
use crate::app::{
    action::Action,
    state::{State, Tab},
};
use crate::worker::file_tasks::FilePurpose;

/// The height of the row at the top, in points.
const BAR_HEIGHT: f32 = 52.0;
/// The height of a row of buttons, in points.
const TOOLBAR_HEIGHT: f32 = 34.0;
/// The smallest usable pad, in points.
const MIN_PAD: f32 = 96.0;
/// The smallest pad of a column that needs no scrolling, in points.
const MIN_STACKED_PAD: f32 = 200.0;
/// The smallest width of the buttons below the pad, in points.
const MIN_PAD_COLUMN: f32 = 240.0;
/// The smallest size of the preview, the prediction and the ten bars, in points.
const MIN_RESULTS: Vec2 = vec2(210.0, 360.0);
/// The height of the preview and the prediction, in points.
const ANSWER_HEIGHT: f32 = 140.0;

/// The state of the panels between frames.
#[derive(Debug, Default)]
pub struct View {
    canvas: Canvas,
    preview: Preview,
    evaluation: EvaluationView,
    training: TrainingView,
    /// Whether a text field had the focus in the last frame. The key that ends the focus still belongs to the field.
    field_had_keyboard: bool,
    /// Whether a menu was open in the last frame. The click that closes a menu still belongs to it.
    menu_was_open: bool,
}

impl View {
    /// Gives the window its look.
    pub fn new(ctx: &Context) -> Self {
        theme::install(ctx);
        Self::default()
    }

    /// The actions of the pen, the keys and dropped files. Apply them before drawing.
    pub fn input_actions(&mut self, ctx: &Context, state: &State) -> Vec<Action> {
        let mut actions = self.canvas.pen_actions(ctx);
        actions.extend(keys::key_actions(ctx, state, self.field_had_keyboard));
        actions
    }

    /// Draws the window and returns the actions of its widgets.
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
                bar::bar_ui(ui, state, &mut actions);
            });
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
                training::training_ui(ui, state, &mut self.training, &mut actions);
            });
        let stage = Frame::new()
            .fill(palette.window)
            .inner_margin(Margin::same(20));
        CentralPanel::default()
            .frame(stage)
            .show(ui, |ui| match state.tab {
                Tab::Draw => self.stage_ui(ui, state, &mut actions),
                Tab::Evaluate => {
                    self.canvas.hide();
                    evaluation::evaluation_ui(ui, state, &mut self.evaluation, &mut actions);
                }
            });
        questions::path_window(ui.ctx(), state, &mut actions);
        questions::close_modal(ui.ctx(), state, &mut actions);
        questions::interrupted_modal(ui.ctx(), state, &mut actions);
        questions::remove_modal(ui.ctx(), state, &mut actions);
        notices::notices_ui(ui.ctx(), state, &mut actions);
        notices::drop_hint(ui.ctx(), state);
        self.field_had_keyboard = ui.ctx().text_edit_focused();
        self.menu_was_open = Popup::is_any_open(ui.ctx());
        actions
    }

    /// The pad on the left and the results on the right; in a narrow window, above each other.
    fn stage_ui(&mut self, ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
        let stage = ui.available_rect_before_wrap();
        if stage.width() >= MIN_PAD_COLUMN + theme::MARGIN + MIN_RESULTS.x {
            self.parts_ui(ui, &DrawLayout::beside(stage), state, actions);
            return;
        }
        ScrollArea::vertical().show(ui, |ui| {
            let places = DrawLayout::stacked(Rect::from_min_size(ui.cursor().min, stage.size()));
            let whole = places.pad.union(places.models);
            ui.allocate_exact_size(vec2(stage.width(), whole.height()), Sense::hover());
            self.parts_ui(ui, &places, state, actions);
        });
    }

    fn parts_ui(
        &mut self,
        ui: &mut Ui,
        place: &DrawLayout,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        self.canvas.ui(ui, place.pad, state, self.preview.texture());
        ui.scope_builder(UiBuilder::new().max_rect(place.toolbar), |ui| {
            toolbar_ui(ui, state, actions);
        });
        ui.scope_builder(UiBuilder::new().max_rect(place.models), |ui| {
            models::models_ui(ui, state, actions);
        });
        let preview = &mut self.preview;
        let menu_is_open = self.menu_was_open;
        prediction::prediction_ui(ui, place.results, state, menu_is_open, preview, actions);
    }
}

/// The places of the parts of the *Draw* tab.
struct DrawLayout {
    pad: Rect,
    toolbar: Rect,
    models: Rect,
    results: Rect,
}

impl DrawLayout {
    /// The pad with its buttons on the left, the results on the right, equally high.
    fn beside(stage: Rect) -> Self {
        let results_width = MIN_RESULTS.x.max(stage.width() * 0.42);
        let gap = (stage.width() - MIN_PAD_COLUMN - results_width)
            .clamp(theme::MARGIN, theme::MARGIN * 1.4);
        let below = theme::GAP + TOOLBAR_HEIGHT + theme::MARGIN + models::HEIGHT;
        let side = (stage.height() - below).min(stage.width() - gap - results_width);
        let side = side.max(MIN_PAD).floor();
        let bottom = stage.bottom().min(stage.top() + (side + below) * 1.15);
        let right = stage.left() + side.max(MIN_PAD_COLUMN);
        let pad = Rect::from_min_size(stage.min, Vec2::splat(side));
        Self {
            pad,
            toolbar: toolbar_rect(pad, right),
            models: Rect::from_min_max(
                pos2(stage.left(), bottom - models::HEIGHT),
                pos2(right, bottom),
            ),
            results: Rect::from_min_max(
                pos2(right + gap, stage.top()),
                pos2(stage.right(), bottom),
            ),
        }
    }

    /// All in one column, for a narrow window. In a low window, the prediction is visible beside the pad, and the rest by
    /// scrolling.
    fn stacked(stage: Rect) -> Self {
        let buttons = TOOLBAR_HEIGHT + 2.0 * theme::GAP;
        let with_all = stage.height() - buttons - MIN_RESULTS.y - theme::GAP - models::HEIGHT;
        let side = if with_all >= MIN_STACKED_PAD {
            with_all
        } else {
            stage.height() - buttons - ANSWER_HEIGHT
        };
        let side = side.min(stage.width()).max(MIN_PAD).floor();
        let pad = Rect::from_min_size(stage.min, Vec2::splat(side));
        let toolbar = toolbar_rect(pad, stage.right());
        let row =
            |top, height| Rect::from_min_size(pos2(stage.left(), top), vec2(stage.width(), height));
        let results = row(toolbar.bottom() + theme::GAP, MIN_RESULTS.y);
        Self {
            pad,
            toolbar,
            models: row(results.bottom() + theme::GAP, models::HEIGHT),
            results,
        }
    }
}

/// The place of the row of buttons below the pad.
fn toolbar_rect(pad: Rect, right: f32) -> Rect {
    let top = pad.bottom() + theme::GAP;
    Rect::from_min_max(pos2(pad.left(), top), pos2(right, top + TOOLBAR_HEIGHT))
}

fn toolbar_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 6.0;
    // Five buttons fit beside each other even below the smallest pad.
    let width = ui.available_width();
    let (size, texts) = if width < 290.0 {
        (theme::SMALL, 189.0)
    } else {
        (theme::BODY, 236.0)
    };
    let padding = ((width - texts) / 10.0).clamp(2.0, 12.0);
    ui.spacing_mut().button_padding.x = padding;
    ui.spacing_mut().interact_size.x = 0.0;
    ui.horizontal(|ui| {
        let mut button = |enabled: bool, text: &str, name: &str, help: &str, action: Action| {
            let button =
                Button::new(RichText::new(text).size(size)).min_size(vec2(0.0, TOOLBAR_HEIGHT));
            let response = ui.add_enabled(enabled, button).on_hover_text(help);
            if named(response, name).clicked() {
                actions.push(action);
            }
        };
        let is_drawn = !state.pad.ink().is_empty();
        let can_clear = !state.pad.is_blank();
        button(
            state.pad.can_undo(),
            "Undo",
            "Undo",
            "Removes the last stroke (Ctrl+Z).",
            Action::Undo,
        );
        button(
            state.pad.can_redo(),
            "Redo",
            "Redo",
            "Restores the removed stroke (Ctrl+Y).",
            Action::Redo,
        );
        button(
            can_clear,
            "Clear",
            "Clear",
            "Clears the pad (Esc).",
            Action::Clear,
        );
        let open = Action::AskPath(FilePurpose::OpenDrawing);
        button(
            true,
            "Open…",
            "Open drawing…",
            "Opens a picture or an ink file (Ctrl+O).",
            open,
        );
        let save = Action::AskPath(FilePurpose::SaveDrawing);
        let help = "Saves the drawing as ink (.jsonl) or the input of the network as a picture (.png) (Ctrl+S).";
        button(is_drawn, "Save…", "Save drawing…", help, save);
    });
}

/// Gives a button an accessible name that says more than its text.
fn named(response: Response, name: &str) -> Response {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, response.enabled(), name));
    response
}
