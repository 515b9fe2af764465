//! The details of one unit: its arithmetic, its weights, its strongest connections, and the training images that excite it
//! most.

use egui::{Button, Rect, RichText, Sense, Ui, WidgetInfo, accesskit::Role, pos2, vec2};

use super::{
    CAPTION, WIDE, figure,
    grid::{LayerPicture, TileGrid, outline},
};
use crate::{
    app::{action::Action, state::explanation::ExplanationAction},
    bitmap::SIDE,
    explanation::units::{Channel, Connection, Unit, UnitDetails},
    model::{Activation, Grid, LayerShape, MlpConfig},
    ui::{
        theme::{self, Palette},
        why::{neighbors::ImageTiles, part, signed_color, small_text},
        widgets::small_button,
    },
    worker::explainer::{Inside, TrainingImage},
};

/// The largest width and the height of the details, in points. Below [`WIDE`] they have twice the height.
const LARGEST_WIDTH: f32 = 880.0;
pub(super) const HEIGHT: f32 = 232.0;
/// The most tiles of a picture of weights.
const MAX_KERNELS: usize = 100;
/// A smaller contribution is 0.000 in a list.
const SMALLEST: f32 = 0.0005;
/// The side of the tiles of exciting images, in points.
const EXCITING: f32 = 56.0;

/// The height for a width, in points.
pub(super) fn height(width: f32) -> f32 {
    if width >= WIDE { HEIGHT } else { 2.0 * HEIGHT }
}

/// The state of the details between frames.
#[derive(Default)]
pub(super) struct DetailsView {
    weights: LayerPicture,
    exciting: ImageTiles,
    /// The unit that a click holds.
    pub(super) held: Option<Unit>,
}

impl DetailsView {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        unit: &UnitDetails,
        inside: &Inside,
        config: &MlpConfig,
        actions: &mut Vec<Action>,
    ) {
        let place = place.with_max_x(place.right().min(place.left() + LARGEST_WIDTH));
        let is_wide = place.width() >= WIDE;
        let (left, right) = if is_wide {
            let tiles = 3.0 * (EXCITING + theme::GAP);
            place.split_left_right_at_x(place.right() - tiles)
        } else {
            place.split_top_bottom_at_y(place.top() + HEIGHT)
        };
        let (first, second) = left.split_left_right_at_x(left.center().x);
        let first = first.with_max_x(first.right() - theme::GAP);
        let is_off = inside.off.contains(unit.unit.channel);
        self.arithmetic_ui(
            &mut part(ui, first, "arithmetic"),
            unit,
            is_off,
            config,
            actions,
        );
        let second = second.with_max_x(second.right() - theme::GAP);
        lists_ui(&mut part(ui, second, "connections"), unit, &config.layers());
        let columns = if is_wide {
            3
        } else {
            (place.width() / (EXCITING + theme::GAP)) as usize
        };
        self.exciting_ui(ui, right, columns, &inside.exciting, actions);
    }

    /// The sum of a unit, the button that switches it off, and its weights.
    fn arithmetic_ui(
        &mut self,
        ui: &mut Ui,
        unit: &UnitDetails,
        is_off: bool,
        config: &MlpConfig,
        actions: &mut Vec<Action>,
    ) {
        let shapes = config.layers();
        let Channel { layer, .. } = unit.unit.channel;
        let is_hidden = layer + 1 < shapes.len();
        ui.spacing_mut().item_spacing.y = 4.0;
        let name = RichText::new(unit_name(unit.unit, &shapes));
        ui.label(name.font(theme::strong(theme::BODY)));
        ui.label(RichText::new(equation(unit, !is_hidden, is_off, config.activation())).small());
        ui.horizontal(|ui| {
            let text = if is_off { "Switch on" } else { "Switch off" };
            let help = "Sets its output to 0 in this place only. The model in use keeps it.";
            let button = Button::new(RichText::new(text).size(theme::SMALL));
            let button = ui.add_enabled(is_hidden, button).on_hover_text(help);
            if button.clicked() {
                let toggle = ExplanationAction::ToggleChannel(unit.unit.channel);
                actions.push(Action::Explanation(toggle));
            }
            let help = "Shows the answer's unit again.";
            // Another unit may be shown: the pointer or the focus passes over it.
            if self.held.is_some() && small_button(ui, "Release").on_hover_text(help).clicked() {
                self.held = None;
            }
        });
        self.weights_ui(ui, unit, &shapes[layer]);
    }

    /// The training images that excite a unit most.
    fn exciting_ui(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        columns: usize,
        images: &[TrainingImage],
        actions: &mut Vec<Action>,
    ) {
        let palette = Palette::of(ui.style());
        let (head, below) = place.split_top_bottom_at_y(place.top() + CAPTION);
        small_text(ui, head.left_center(), "Excited most by", palette.text);
        if images.is_empty() {
            let line = below.left_top() + vec2(0.0, CAPTION / 2.0);
            small_text(ui, line, "no training image so far", palette.weak);
        }
        let side = (below.height() / 3.0 - CAPTION).min(EXCITING);
        let layout = (columns.max(1), side);
        self.exciting
            .ui(ui, below, layout, images, "output", None, actions);
    }

    /// The weights of a unit as pictures, one for each channel of its inputs.
    fn weights_ui(&mut self, ui: &mut Ui, unit: &UnitDetails, shape: &LayerShape) {
        let palette = Palette::of(ui.style());
        let channels = shape.input.channels;
        let place = ui.available_rect_before_wrap();
        let caption = pos2(place.left(), place.top() + 8.0);
        let largest = unit
            .weights
            .iter()
            .fold(0.0_f32, |most, weight| most.max(weight.abs()));
        small_text(
            ui,
            caption,
            &format!("Its weights, to ±{}", figure(largest)),
            palette.weak,
        );
        let place = place.with_min_y(place.top() + 18.0);
        // The inputs of a plain layer are one picture, not one tile each.
        let grid = match shape.kernel {
            1 => Grid { side: 1, channels },
            side => Grid {
                side,
                channels: channels.min(MAX_KERNELS),
            },
        };
        let grid = TileGrid::of(grid, place);
        let shown = unit.weights.chunks_exact(channels);
        let shown: Vec<f32> = shown
            .flat_map(|weights| weights[..grid.grid.channels].iter().copied())
            .collect();
        let image = grid.image(&shown, palette.window, |weight| {
            signed_color(palette, weight / largest.max(f32::MIN_POSITIVE))
        });
        self.weights.ui(ui, grid.rect, image);
        outline(ui, grid.rect, palette);
        let response = ui.interact(grid.rect, ui.scope_id().with("weights"), Sense::hover());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, "Weights of the unit");
            info.current_text_value = Some(format!("{} weights", unit.weights.len()));
            info
        });
    }
}

/// The strongest connections in both directions.
fn lists_ui(ui: &mut Ui, unit: &UnitDetails, shapes: &[LayerShape]) {
    let layer = unit.unit.channel.layer;
    ui.spacing_mut().item_spacing.y = 1.0;
    ui.spacing_mut().interact_size.y = 16.0;
    list_ui(ui, "Strongest inputs", &unit.back, layer, shapes);
    ui.add_space(6.0);
    if layer + 1 < shapes.len() {
        list_ui(ui, "Strongest effects", &unit.forward, layer + 2, shapes);
    }
}

/// A list of connections. `layer` counts from 0, the input.
fn list_ui(
    ui: &mut Ui,
    title: &str,
    connections: &[Connection],
    layer: usize,
    shapes: &[LayerShape],
) {
    let palette = Palette::of(ui.style());
    ui.label(RichText::new(title).size(theme::SMALL).color(palette.text));
    let is_seen = |connection: &&Connection| connection.contribution.abs() >= SMALLEST;
    if !connections.iter().any(|connection| is_seen(&connection)) {
        ui.label(RichText::new("none: they carry 0").small().weak());
    }
    for connection in connections.iter().filter(is_seen) {
        let Connection {
            position,
            channel,
            contribution,
            weight,
        } = *connection;
        let name = match layer.checked_sub(1) {
            Some(layer) => unit_name(
                Unit {
                    channel: Channel {
                        layer,
                        index: channel,
                    },
                    position,
                },
                shapes,
            ),
            None => format!("pixel {}, {}", position % SIDE + 1, position / SIDE + 1),
        };
        ui.horizontal(|ui| {
            let color = if contribution < 0.0 {
                palette.second
            } else {
                palette.accent
            };
            let value = RichText::new(signed(contribution))
                .size(theme::SMALL)
                .color(color);
            ui.add_sized(vec2(52.0, 16.0), egui::Label::new(value))
                .on_hover_text(format!("Weight {}", signed(weight)));
            ui.add(egui::Label::new(RichText::new(name).small()).truncate());
        });
    }
}

/// "Filter 4 of layer 1 at 3, 5", "unit 17 of layer 3", "answer 7".
pub(super) fn unit_name(unit: Unit, shapes: &[LayerShape]) -> String {
    let Channel { layer, index } = unit.channel;
    let side = shapes[layer].output.side;
    if layer + 1 == shapes.len() {
        format!("Answer {index}")
    } else if shapes[layer].is_convolutional() {
        let (x, y) = (unit.position % side + 1, unit.position / side + 1);
        format!("Filter {} of layer {} at {x}, {y}", index + 1, layer + 1)
    } else {
        format!("Unit {} of layer {}", index + 1, layer + 1)
    }
}

/// The name of a unit and its arithmetic.
pub(super) fn in_words(unit: &UnitDetails, inside: &Inside, config: &MlpConfig) -> String {
    let shapes = config.layers();
    let channel = unit.unit.channel;
    let is_last = channel.layer + 1 == shapes.len();
    let is_off = inside.off.contains(channel);
    let name = unit_name(unit.unit, &shapes);
    let equation = equation(unit, is_last, is_off, config.activation());
    format!("{name}: {}", equation.replace('\n', ". "))
}

/// "Σ w·x + b = 2.31 − 0.40 = 1.91, ReLU gives 1.91".
fn equation(unit: &UnitDetails, is_last: bool, is_off: bool, activation: Activation) -> String {
    let UnitDetails {
        weighted_sum,
        bias,
        output,
        ..
    } = *unit;
    let sign = if bias < 0.0 { '−' } else { '+' };
    let sum = format!(
        "Σ w·x + b = {} {sign} {} = {}",
        figure(weighted_sum),
        figure(bias.abs()),
        figure(weighted_sum + bias)
    );
    if is_last {
        format!("{sum}, the logit")
    } else if is_off {
        format!("{sum}\nIt is switched off and gives 0.")
    } else {
        format!("{sum}\n{} gives {}", activation.label(), figure(output))
    }
}

fn signed(value: f32) -> String {
    let figure = figure(value);
    let sign = if figure.starts_with('−') { "" } else { "+" };
    format!("{sign}{figure}")
}
