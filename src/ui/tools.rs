//! The row of tools below the pad.

use egui::{Button, Color32, RichText, Ui, Vec2, WidgetInfo, accesskit::Role, vec2};

use super::{
    clipboard,
    correct::all_corrections_ui,
    drawings::{self, DrawingGrid, GridContent, Tile, TileLine, reading},
    focus,
    icons::{Icon, icon_button},
    theme::{self, Palette},
    widgets::{named, note, roomy_menu, toggles_ui},
};
use crate::{
    app::{action::Action, state::State},
    ink::edit::Eraser,
    recognition::RecognizedDrawing,
    store::settings::PadShape,
    worker::file_tasks::FilePurpose,
};

/// The width of a button with an icon where there is room, in points.
const ICON: f32 = 30.0;
/// The space between two buttons, and inside a button beside its text, in points.
const GAP: f32 = 6.0;
/// The widths of the five texts together, in small and in normal type, in points.
const TEXTS: [f32; 2] = [174.0, 212.0];
/// The number of buttons, and of those with a text where there is room.
const BUTTONS: f32 = 9.0;
const WITH_TEXT: f32 = 5.0;
/// The largest width of the history: eight drawings, in points.
const HISTORY_WIDTH: f32 = 8.0 * 80.0 + 16.0;

/// The state of the row between frames.
#[derive(Debug, Default)]
pub(super) struct ToolsView {
    grid: DrawingGrid,
}

/// A button of the row.
struct Tool<'a> {
    icon: Icon,
    /// The text in place of the icon where there is room.
    text: &'a str,
    name: &'a str,
    help: &'a str,
    is_enabled: bool,
    action: Action,
}

/// The measures of the row.
#[derive(Clone, Copy)]
struct Measures {
    height: f32,
    icon: f32,
    /// The size of the texts; `None` shows icons alone.
    text: Option<f32>,
}

impl Measures {
    fn of(width: f32, height: f32) -> Self {
        let others = (BUTTONS - WITH_TEXT) * ICON + (BUTTONS - 1.0) * GAP;
        let padding = 2.0 * GAP * WITH_TEXT;
        let [small, normal] = TEXTS.map(|texts| others + padding + texts);
        let text = match width {
            width if width >= normal => Some(theme::BODY),
            width if width >= small => Some(theme::SMALL),
            _ => None,
        };
        let icon = match text {
            Some(_) => ICON,
            None => ((width - (BUTTONS - 1.0) * GAP / 2.0) / BUTTONS).min(40.0),
        };
        Self { height, icon, text }
    }

    fn icon(self) -> Vec2 {
        vec2(self.icon, self.height)
    }
}

impl ToolsView {
    /// Draws the row.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        height: f32,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        let measures = Measures::of(ui.available_width(), height);
        let spacing = ui.spacing_mut();
        spacing.item_spacing.x = if measures.text.is_some() {
            GAP
        } else {
            GAP / 2.0
        };
        spacing.button_padding.x = GAP;
        spacing.interact_size.x = 0.0;
        ui.horizontal(|ui| {
            for tool in edit_tools(state) {
                tool.ui(ui, measures, actions);
            }
            let has_ink = !state.pad.ink().is_empty();
            let eraser = ui
                .add_enabled_ui(has_ink, |ui| {
                    icon_button(ui, Icon::Eraser, measures.icon(), state.pad.uses_eraser())
                })
                .inner;
            let help = format!(
                "Removes {} (E, or the right mouse button). The button beside it changes that.",
                state.settings.eraser.name()
            );
            eraser.widget_info(|| {
                WidgetInfo::selected(Role::Button, has_ink, state.pad.uses_eraser(), "Eraser")
            });
            if focus::tip(eraser, &format!("Eraser\n{help}")).clicked() {
                actions.push(Action::SwitchEraser);
            }
            if state.pad.uses_eraser() {
                erased_ui(ui, measures, state.settings.eraser, actions);
            } else {
                width_ui(ui, measures, state, actions);
            }
            for tool in file_tools(state) {
                tool.ui(ui, measures, actions);
            }
            self.history_ui(ui, measures, state, actions);
            more_ui(ui, measures, state, actions);
        });
    }

    fn history_ui(
        &mut self,
        ui: &mut Ui,
        measures: Measures,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        menu_ui(
            ui,
            Icon::History,
            measures,
            "History",
            "History: your last drawings.",
            |ui| {
                focus::keep_popup(ui);
                let list = &state.history.list;
                if list.is_empty() {
                    note(ui, "Your last 50 drawings will be here.");
                    return;
                }
                let window = ui.ctx().content_rect().size();
                let content = GridContent {
                    list,
                    version: state.history.version,
                    lines: 1,
                    tile_width: 72.0,
                    room: vec2(
                        (window.x - 32.0).min(HISTORY_WIDTH),
                        (window.y - 140.0).min(drawings::height_of(5, 1)),
                    ),
                };
                let color = Palette::of(ui.style()).text;
                let tile = |index| tile_of(index, list, color);
                if let Some(index) = self.grid.ui(ui, &content, tile) {
                    actions.push(Action::ShowDrawing(index));
                    ui.close();
                }
            },
        );
    }
}

/// A drawing of the history with what it is read as. The newest is the first.
fn tile_of(index: usize, list: &[RecognizedDrawing], color: Color32) -> Tile {
    let reading = reading(&list[index]);
    Tile {
        name: format!("Drawing {}, read as {reading}", list.len() - index),
        help: "Click to put it on the pad. Undo returns.",
        is_selected: false,
        is_marked: false,
        lines: vec![TileLine {
            text: reading,
            font: theme::font(theme::SMALL),
            color,
        }],
    }
}

impl Tool<'_> {
    fn ui(self, ui: &mut Ui, measures: Measures, actions: &mut Vec<Action>) {
        ui.add_enabled_ui(self.is_enabled, |ui| {
            let (response, help) = if let Some(size) = measures.text {
                let text = RichText::new(self.text).size(size);
                let button = Button::new(text).min_size(vec2(0.0, measures.height));
                (ui.add(button), self.help.to_owned())
            } else {
                let button = icon_button(ui, self.icon, measures.icon(), false);
                (button, format!("{}\n{}", self.name, self.help))
            };
            if focus::tip(named(response, self.name), &help).clicked() {
                actions.push(self.action);
            }
        });
    }
}

fn edit_tools(state: &State) -> [Tool<'static>; 3] {
    [
        Tool {
            icon: Icon::Undo,
            text: "Undo",
            name: "Undo",
            help: "Takes the last change back (Ctrl+Z).",
            is_enabled: state.pad.can_undo(),
            action: Action::Undo,
        },
        Tool {
            icon: Icon::Redo,
            text: "Redo",
            name: "Redo",
            help: "Restores the change (Ctrl+Y).",
            is_enabled: state.pad.can_redo(),
            action: Action::Redo,
        },
        Tool {
            icon: Icon::Clear,
            text: "Clear",
            name: "Clear",
            help: "Clears the pad (Delete).",
            is_enabled: !state.pad.is_blank(),
            action: Action::Clear,
        },
    ]
}

fn file_tools(state: &State) -> [Tool<'static>; 2] {
    [
        Tool {
            icon: Icon::Open,
            text: "Open…",
            name: "Open drawing…",
            help: "Opens a picture or an ink file, weights or training settings (Ctrl+O).",
            is_enabled: true,
            action: Action::AskPath(FilePurpose::OpenDrawing),
        },
        Tool {
            icon: Icon::Save,
            text: "Save…",
            name: "Save drawing…",
            help: "Saves the drawing as ink (.jsonl), as a drawing (.svg), or the input of the network as a picture \
                   (.png) (Ctrl+S).",
            is_enabled: !state.pad.ink().is_empty(),
            action: Action::AskPath(FilePurpose::SaveDrawing),
        },
    ]
}

/// The width of the pen. Each click chooses the next one.
fn width_ui(ui: &mut Ui, measures: Measures, state: &State, actions: &mut Vec<Action>) {
    let width = state.settings.pen_width;
    let dot = Icon::Dot(4.0 + 130.0 * (width.of_pad() - 0.03));
    let response = icon_button(ui, dot, measures.icon(), false);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Button, true, "Pen width");
        info.current_text_value = Some(width.name().to_owned());
        info
    });
    let help = format!(
        "Pen width: {}. Click for the next one (P). The network gets the same input with every width.",
        width.name()
    );
    if focus::tip(response, &help).clicked() {
        actions.push(Action::NextPenWidth);
    }
}

/// What the eraser removes, in place of the width of the pen. Each click chooses the other.
fn erased_ui(ui: &mut Ui, measures: Measures, eraser: Eraser, actions: &mut Vec<Action>) {
    let icon = match eraser {
        Eraser::WholeStrokes => Icon::ErasedStroke,
        Eraser::Touched => Icon::CutStroke,
    };
    let response = icon_button(ui, icon, measures.icon(), false);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Button, true, "Eraser removes");
        info.current_text_value = Some(eraser.name().to_owned());
        info
    });
    let help = format!(
        "The eraser removes {}. Click for {} (Shift+E).",
        eraser.name(),
        eraser.other().name()
    );
    if focus::tip(response, &help).clicked() {
        actions.push(Action::SwitchErased);
    }
}

/// A button with an icon that opens a menu.
fn menu_ui(
    ui: &mut Ui,
    icon: Icon,
    measures: Measures,
    name: &str,
    help: &str,
    content: impl FnOnce(&mut Ui),
) {
    let response = icon_button(ui, icon, measures.icon(), false);
    egui::Popup::menu(&response).show(content);
    focus::tip(named(response, name), help);
}

/// Seldom used tools.
fn more_ui(ui: &mut Ui, measures: Measures, state: &State, actions: &mut Vec<Action>) {
    menu_ui(
        ui,
        Icon::More,
        measures,
        "More tools",
        "More tools.",
        |ui| {
            roomy_menu(ui, 232.0);
            let can_replay = !state.pad.ink().is_empty();
            let replay = Button::new("Replay").shortcut_text("R");
            let help = "Draws the strokes again, one by one.";
            if ui
                .add_enabled(can_replay, replay)
                .on_hover_text(help)
                .clicked()
            {
                actions.push(Action::Replay);
            }
            toggles_ui(ui, |ui| switches_ui(ui, state, actions));
            ui.separator();
            let can_copy = !state.pad.is_blank();
            let copy = Button::new("Copy as a picture").shortcut_text("Ctrl+C");
            if ui.add_enabled(can_copy, copy).clicked() {
                clipboard::copy(ui.ctx(), state);
            }
            let paste = Button::new("Paste a picture").shortcut_text("Ctrl+V");
            if ui.add(paste).clicked() {
                clipboard::request_paste(ui.ctx());
            }
            ui.separator();
            all_corrections_ui(ui, actions);
        },
    );
}

/// The shape of the pad, and its guides.
fn switches_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let is_line = state.settings.pad_shape == PadShape::Line;
    let switches = [
        (
            "Pad for numbers (L)",
            "Makes the pad three times as wide as high, with room for a long number.",
            is_line,
            Action::SwitchPadShape,
        ),
        (
            "Guides (G)",
            "Shows the box of the digit, the square that becomes 20×20 pixels, and the center of mass, which becomes \
             the middle of the input.",
            state.settings.guides,
            Action::SwitchGuides,
        ),
    ];
    ui.spacing_mut().button_padding.x = 0.0;
    for (name, help, mut is_on, action) in switches {
        let switch = ui.checkbox(&mut is_on, name).on_hover_text(help);
        if switch.changed() {
            actions.push(action);
        }
    }
}
