//! *Inside*: the layers as tiles from the picture to the answer, and the details of one unit.

mod details;
mod grid;
mod steps;

use egui::{
    Align2, Button, ColorImage, Modifiers, Pos2, Rect, Response, RichText, Sense, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use self::{
    details::DetailsView,
    grid::{Cell, LayerPicture, TileGrid, outline},
};
use super::{empty_ui, part, signed_color, small_text};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            explanation::{ExplanationAction, ShownExplanation},
        },
    },
    bitmap::{Digit, SIDE},
    explanation::units::{Channel, Connection, LayerActivity, SwitchedOff, Unit, UnitDetails},
    format,
    model::{Activation, Grid, LayerShape, MlpConfig},
    recognition::Prediction,
    ui::{
        roving::pressed_keys,
        theme::{self, Palette},
        widgets::quiet_selection,
    },
    worker::explainer::{ExplanationView, Inside, OffTest},
};

pub(super) const METHOD: &str = "A unit adds its inputs, each times its weight, and its bias, and applies the activation \
    function: a = f(Σ w·x + b). The units of a filter have the same weights at each position. Blue is above 0, amber below, \
    and paper is 0. The color is full at the size that 99.9 % of the layer's outputs stay below, over 500 training images, \
    so it does not change while you draw. Dead units output 0 for each of these images. A connection carries its weight times the output at its start. A unit that is \
    switched off outputs 0. The training images that excite a unit most are real ones, which explain a unit better than \
    images that are made to excite it (Borowski and others, \"Exemplary natural images explain CNN activations better than \
    state-of-the-art feature visualization\", ICLR 2021).";

/// The bounds of the side of a layer, in points.
const SIDES: [f32; 2] = [92.0, 210.0];
/// The height of a layer's caption and legend, in points.
const CAPTION: f32 = 20.0;
const LEGEND: f32 = 18.0;
/// The height of the row of buttons, in points.
const ROW: f32 = 36.0;
/// The height of the line below them, in points.
const LINE: f32 = 24.0;
/// The height of the arithmetic of the unit above the layers, in points: there it is in sight with them where the details
/// are below the edge.
const UNIT: f32 = 40.0;
/// The width from which the parts of a row are beside each other, in points.
const WIDE: f32 = 560.0;

/// The height of the view in the story.
pub(super) fn height(width: f32, state: &State) -> f32 {
    let shown = state.explanation.of(ExplanationView::Inside);
    let model = shown.map_or(state.models.in_use(), |shown| &shown.model);
    let config = model.mlp.config();
    let below = steps::height(state);
    let flow = Flow::of(width, config.layers().len() + 1, SIDES[1], below);
    row_height(width) + flow.height() + theme::GAP + details::height(width)
}

/// The height of the buttons, of the line that tells which units are off, and of the arithmetic above the layers.
fn row_height(width: f32) -> f32 {
    if width >= WIDE {
        ROW + LINE
    } else {
        2.0 * ROW + LINE + UNIT
    }
}

/// The layers in rows.
struct Flow {
    count: usize,
    columns: usize,
    side: f32,
    gap: f32,
    /// The height below a layer's legend.
    below: f32,
}

impl Flow {
    fn of(width: f32, count: usize, largest: f32, below: f32) -> Self {
        let gap = theme::MARGIN;
        let side = |columns: usize| (width + gap) / columns as f32 - gap;
        let columns = (1..=count)
            .rev()
            .find(|&columns| side(columns) >= SIDES[0])
            .unwrap_or(1);
        let side = side(columns).min(largest).floor();
        Self {
            count,
            columns,
            side,
            gap,
            below,
        }
    }

    fn block(&self) -> Vec2 {
        vec2(self.side, CAPTION + self.side + LEGEND + self.below)
    }

    fn height(&self) -> f32 {
        self.count.div_ceil(self.columns) as f32 * self.block().y
    }

    fn place(&self, rect: Rect, index: usize) -> Rect {
        let (column, row) = ((index % self.columns) as f32, (index / self.columns) as f32);
        let pitch = self.block() + vec2(self.gap, 0.0);
        Rect::from_min_size(rect.min + pitch * vec2(column, row), self.block())
    }
}

/// The state of the view between frames.
#[derive(Default)]
pub(super) struct InsideView {
    /// One for the input and for each layer.
    pictures: Vec<LayerPicture>,
    details: DetailsView,
    /// Whether convolutional layers show their kernels in place of their outputs.
    shows_kernels: bool,
    /// The layer with the focus, and the cell in it at which the keyboard points.
    cursor: Option<(usize, Cell)>,
}

impl std::fmt::Debug for InsideView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InsideView").finish_non_exhaustive()
    }
}

impl InsideView {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        shown: &ShownExplanation,
        inside: &Inside,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        let config = shown.model.mlp.config();
        let row = rect.with_max_y(rect.top() + row_height(rect.width()));
        let is_convolutional = !config.filters().is_empty();
        self.shows_kernels &= is_convolutional;
        let row_ui = &mut part(ui, row, "off");
        row_ui.horizontal_wrapped(|ui| {
            if is_convolutional {
                quiet_selection(ui);
                let help = "Shows all kernels of the convolutional layers, in place of their outputs. Point at a kernel to \
                    see its filter.";
                let button = Button::selectable(self.shows_kernels, "Kernels");
                if ui.add(button.frame_when_inactive(true)).on_hover_text(help).clicked() {
                    self.shows_kernels = !self.shows_kernels;
                }
            }
            off_ui(ui, inside, config, actions);
        });
        let shapes = config.layers();
        let (row, above) = if rect.width() >= WIDE {
            (row, None)
        } else {
            let (row, above) = row.split_top_bottom_at_y(row.bottom() - UNIT);
            (row, Some(above))
        };
        if let (Some(place), Some(unit)) = (above, &inside.unit) {
            let text = details::in_words(unit, inside, config);
            let ui = &mut part(ui, place, "unit line");
            ui.add(egui::Label::new(RichText::new(text).small()).wrap());
        }
        let line = row.with_min_y(row.bottom() - LINE);
        let line_ui = &mut part(ui, line, "off line");
        let text = if inside.off.is_empty() {
            RichText::new("All units are on.").small().weak()
        } else {
            let palette = Palette::of(ui.style());
            RichText::new(off_text(state, inside, &shapes)).color(palette.second)
        };
        line_ui.add(egui::Label::new(text).truncate());
        let below = details::height(rect.width());
        let rest = rect.with_min_y(rect.top() + row_height(rect.width()));
        let steps = steps::height(state);
        let largest = rest.height() - below - theme::GAP - CAPTION - LEGEND - steps;
        let flow = Flow::of(rest.width(), shapes.len() + 1, largest.max(SIDES[0]), steps);
        let blocks = if steps > 0.0 {
            0..shapes.len() + 1
        } else {
            0..0
        };
        for index in blocks {
            let block = flow.place(rest, index);
            let place = block.with_min_y(block.bottom() - steps);
            steps::rows_ui(ui, place, index.checked_sub(1), state);
        }
        let pointed = self.layers_ui(ui, rest, &flow, inside, config, actions);
        // The unit of the answer, whose story this is. Without a drawing, the first kernel.
        let last = shapes.len() - 1;
        let digit = inside.prediction.as_ref().map(Prediction::digit);
        let channel = digit.map_or(Channel { layer: 0, index: 0 }, |digit| Channel {
            layer: last,
            index: digit.index(),
        });
        let default = Unit {
            channel,
            position: 0,
        };
        // Another model may have no such unit.
        let is_there = |unit: &Unit| {
            let shape = shapes.get(unit.channel.layer);
            shape.is_some_and(|shape| unit.channel.index < shape.output.channels)
        };
        self.details.held = self.details.held.filter(is_there);
        let wanted = Some(pointed.or(self.details.held).unwrap_or(default));
        if wanted != state.explanation.unit {
            actions.push(Action::Explanation(ExplanationAction::ChooseUnit(wanted)));
        }
        let top = rest.top() + flow.height() + theme::GAP;
        let place = Rect::from_min_size(pos2(rest.left(), top), vec2(rest.width(), below));
        if let Some(unit) = &inside.unit {
            self.details.ui(ui, place, unit, inside, config, actions);
        } else {
            let hint = "Point at a unit to see its inputs, its weights and the training images that excite it most.";
            empty_ui(
                ui,
                place.with_max_y(place.top() + details::HEIGHT * 0.5),
                hint,
            );
        }
    }

    /// Draws the layers. Returns the unit under the pointer.
    fn layers_ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        flow: &Flow,
        inside: &Inside,
        config: &MlpConfig,
        actions: &mut Vec<Action>,
    ) -> Option<Unit> {
        let shapes = &config.layers()[..];
        let has_negative = !matches!(config.activation(), Activation::Relu | Activation::Sigmoid);
        let palette = Palette::of(ui.style());
        self.pictures
            .resize_with(shapes.len() + 1, LayerPicture::default);
        let tiles = self.tile_grids(rect, flow, shapes);
        let mut pointed = None;
        for (index, grid) in tiles.iter().enumerate() {
            let place = flow.place(rect, index);
            let caption = caption(index, shapes);
            small_text(
                ui,
                pos2(place.left(), place.top() + CAPTION / 2.0),
                &caption,
                palette.text,
            );
            let Some(layer) = index.checked_sub(1) else {
                let values = inside
                    .input
                    .as_ref()
                    .map_or([0.0; SIDE * SIDE], |input| *input.pixels());
                let image = grid.image(&values, palette.paper, |value| {
                    palette.paper.lerp_to_gamma(palette.ink, value)
                });
                self.pictures[0].ui(ui, grid.rect, image);
                outline(ui, grid.rect, palette);
                continue;
            };
            let shows_kernels = self.shows_kernels_of(&shapes[layer]);
            let (image, legend) = if shows_kernels {
                kernels_image(inside, layer, &shapes[layer], grid, palette)
            } else {
                let signed = layer + 1 == shapes.len() || has_negative;
                outputs_image(inside, layer, signed, grid, palette)
            };
            self.pictures[index].ui(ui, grid.rect, image);
            outline(ui, grid.rect, palette);
            if !shows_kernels {
                crosses_ui(ui, grid, layer, &inside.off);
            }
            small_text(
                ui,
                pos2(place.left(), place.bottom() - flow.below - LEGEND / 2.0),
                &legend,
                palette.weak,
            );
            let response = ui.interact(
                grid.rect,
                ui.scope_id().with(("layer", layer)),
                Sense::click(),
            );
            let unit_of = |Cell { tile, position }| {
                let (index, position) = if shows_kernels {
                    (tile / shapes[layer].input.channels, 0)
                } else {
                    (tile, position)
                };
                let channel = Channel { layer, index };
                Unit { channel, position }
            };
            let cursor = self.cursor_in(ui, &response, layer, grid, shows_kernels);
            response.widget_info(|| {
                let name = format!("Units of layer {}", layer + 1);
                let mut info = WidgetInfo::labeled(Role::Button, true, name);
                info.current_text_value =
                    cursor.map(|cell| details::unit_name(unit_of(cell), shapes));
                info
            });
            let at = response.hover_pos().and_then(|pos| grid.at(pos));
            let unit = at.or(cursor).map(unit_of);
            pointed = pointed.or(unit);
            if response.clicked() {
                self.details.held = if self.details.held == unit {
                    None
                } else {
                    unit
                };
            }
            if response.secondary_clicked()
                && let Some(unit) = unit
                && layer + 1 < shapes.len()
            {
                actions.push(Action::Explanation(ExplanationAction::ToggleChannel(
                    unit.channel,
                )));
            }
        }
        // A kernel belongs to no position.
        let details = inside.unit.as_ref().filter(|_| !self.shows_kernels);
        if let Some(details) = details {
            connections_ui(ui, &tiles, details);
        }
        // Above the lines.
        if let Some(answer) = tiles.last() {
            digits_ui(ui, answer);
        }
        pointed
    }

    /// Frames the cell at which the keyboard points in a layer with the focus. The arrow keys move it to the next cell, with Shift
    /// to the next tile. A kernel is one cell.
    fn cursor_in(
        &mut self,
        ui: &Ui,
        response: &Response,
        layer: usize,
        grid: &TileGrid,
        shows_kernels: bool,
    ) -> Option<Cell> {
        if !response.has_focus() {
            return None;
        }
        let held = self.details.held.filter(|held| held.channel.layer == layer);
        let held = held.filter(|_| !shows_kernels).map(|held| Cell {
            tile: held.channel.index,
            position: held.position,
        });
        let known = self.cursor.filter(|(known, _)| *known == layer);
        let known = known.map(|(_, cell)| cell).or(held);
        let mut cell = known.filter(|cell| grid.contains(*cell)).unwrap_or(Cell {
            tile: 0,
            position: grid.grid.positions() / 2,
        });
        for (modifiers, is_tile) in [(Modifiers::NONE, shows_kernels), (Modifiers::SHIFT, true)] {
            for key in pressed_keys(ui, modifiers) {
                cell = grid.moved(cell, key, is_tile);
            }
        }
        self.cursor = Some((layer, cell));
        let frame = Stroke::new(2.0, Palette::of(ui.style()).focus);
        let place = grid.cell_rect(cell, shows_kernels);
        ui.painter()
            .rect_stroke(place, 1.0, frame, StrokeKind::Outside);
        Some(cell)
    }

    fn shows_kernels_of(&self, shape: &LayerShape) -> bool {
        self.shows_kernels && shape.is_convolutional()
    }

    /// The places of the pixels and of each layer's tiles.
    fn tile_grids(&self, rect: Rect, flow: &Flow, shapes: &[LayerShape]) -> Vec<TileGrid> {
        let pixels = Grid {
            side: SIDE,
            channels: 1,
        };
        let grids = shapes.iter().map(|shape| {
            if self.shows_kernels_of(shape) {
                kernel_grid(shape)
            } else {
                shape.output
            }
        });
        let grids = [pixels].into_iter().chain(grids).enumerate();
        let of_grid = |(index, grid)| {
            let place = flow.place(rect, index);
            let place = Rect::from_min_size(place.min + vec2(0.0, CAPTION), Vec2::splat(flow.side));
            TileGrid::of(grid, place)
        };
        grids.map(of_grid).collect()
    }
}

/// The kernels of a layer as a picture, and its scale in words.
fn kernels_image(
    inside: &Inside,
    layer: usize,
    shape: &LayerShape,
    grid: &TileGrid,
    palette: &Palette,
) -> (ColorImage, String) {
    let weights = inside.network.weights(layer).unwrap_or_default();
    let magnitudes = weights.iter().map(|weight| weight.abs());
    let largest = magnitudes.fold(0.0, f32::max);
    let image = grid.image(&kernels(weights, shape), palette.window, |weight| {
        signed_color(palette, weight / largest.max(f32::MIN_POSITIVE))
    });
    (image, format!("weights to ±{}", figure(largest)))
}

/// The outputs of a layer as a picture, and its scale in words.
fn outputs_image(
    inside: &Inside,
    layer: usize,
    signed: bool,
    grid: &TileGrid,
    palette: &Palette,
) -> (ColorImage, String) {
    let activity = &inside.activity[layer];
    // A blank pad lights nothing.
    let lit = if inside.input.is_some() {
        1.0 / activity.scale.max(f32::MIN_POSITIVE)
    } else {
        0.0
    };
    let image = grid.image(&inside.layers[layer].outputs, palette.window, |value| {
        signed_color(palette, value * lit)
    });
    (image, legend(activity, signed))
}

/// The tiles of a layer's kernels: those of a filter follow each other, one for each channel of the input.
fn kernel_grid(shape: &LayerShape) -> Grid {
    Grid {
        side: shape.kernel,
        channels: shape.output.channels * shape.input.channels,
    }
}

/// The weights of a convolutional layer in the order of [`kernel_grid`], `[positions, filters · input channels]`.
fn kernels(weights: &[f32], shape: &LayerShape) -> Vec<f32> {
    let (inputs, filters) = (shape.input.channels, shape.output.channels);
    let positions = weights.chunks_exact(inputs * filters);
    let of_position = |weights: &[f32]| -> Vec<f32> {
        let tiles = 0..inputs * filters;
        tiles
            .map(|tile| weights[tile % inputs * filters + tile / inputs])
            .collect()
    };
    positions.flat_map(of_position).collect()
}

/// The range of a layer's colors, and its dead units.
fn legend(LayerActivity { scale, means }: &LayerActivity, has_negative: bool) -> String {
    let least = if has_negative {
        format!("−{}", figure(*scale))
    } else {
        "0".to_owned()
    };
    let dead = match means.iter().filter(|&&mean| mean == 0.0).count() {
        0 => String::new(),
        count => format!(", {count} dead"),
    };
    format!("{least} to {}{dead}", figure(*scale))
}

/// The digits on the tiles of the answer.
fn digits_ui(ui: &Ui, grid: &TileGrid) {
    let palette = Palette::of(ui.style());
    for digit in Digit::ALL {
        let tile = grid.tile(digit.index());
        let font = theme::strong((tile.height() * 0.6).clamp(8.0, 20.0));
        ui.painter().text(
            tile.center(),
            Align2::CENTER_CENTER,
            digit,
            font,
            palette.text,
        );
    }
}

/// Crosses out the channels that are switched off.
fn crosses_ui(ui: &Ui, grid: &TileGrid, layer: usize, off: &SwitchedOff) {
    let palette = Palette::of(ui.style());
    for index in 0..grid.grid.channels {
        if off.contains(Channel { layer, index }) {
            let tile = grid.tile(index);
            let line = Stroke::new(1.5, palette.second);
            ui.painter()
                .line_segment([tile.left_top(), tile.right_bottom()], line);
            ui.painter()
                .line_segment([tile.right_top(), tile.left_bottom()], line);
        }
    }
}

/// Lines to the units of the strongest connections, as thick as what they carry.
fn connections_ui(ui: &Ui, tiles: &[TileGrid], details: &UnitDetails) {
    let palette = Palette::of(ui.style());
    let Unit { channel, position } = details.unit;
    let grid = &tiles[channel.layer + 1];
    let own = Rect::from_center_size(grid.center(channel.index, position), Vec2::splat(grid.cell));
    let line = |start: Pos2, grid: Option<&TileGrid>, connections: &[Connection]| {
        let Some(grid) = grid else { return };
        let sizes = connections
            .iter()
            .map(|connection| connection.contribution.abs());
        let most = sizes.fold(0.0, f32::max);
        for connection in connections {
            let Connection {
                position,
                channel,
                contribution,
                ..
            } = *connection;
            if contribution == 0.0 {
                continue;
            }
            let end = grid.center(channel, position);
            let color = if contribution < 0.0 {
                palette.second
            } else {
                palette.accent
            };
            let width = 1.0 + 2.0 * contribution.abs() / most;
            ui.painter()
                .line_segment([start, end], Stroke::new(width, color));
            ui.painter().circle_filled(end, 2.5, color);
        }
    };
    line(own.left_center(), tiles.get(channel.layer), &details.back);
    line(
        own.right_center(),
        tiles.get(channel.layer + 2),
        &details.forward,
    );
    let frame = Stroke::new(2.0, palette.text);
    ui.painter()
        .rect_stroke(own, 1.0, frame, StrokeKind::Outside);
}

/// The buttons that switch units off and on.
fn off_ui(ui: &mut Ui, inside: &Inside, config: &MlpConfig, actions: &mut Vec<Action>) {
    let hidden = config.layers().len() - 1;
    ui.add_enabled_ui(hidden > 0, |ui| {
            let menu = egui::containers::menu::MenuButton::new("Switch off…").ui(ui, |ui| {
                for layer in 0..hidden {
                    let text = format!("The weakest half of layer {}", layer + 1);
                    if ui.button(text).clicked() {
                        let weakest = weakest_half(layer, &inside.activity[layer], &inside.off);
                        actions.push(Action::Explanation(ExplanationAction::SwitchOff(weakest)));
                    }
                }
            });
            let help = "Switches off the half of a layer with the smallest outputs over 500 training images. The button \
                below a unit switches off that unit.";
            menu.0.on_hover_text(help);
        });
    if inside.off.is_empty() {
        return;
    }
    if ui
        .button("All on")
        .on_hover_text("Switches all units on again.")
        .clicked()
    {
        actions.push(Action::Explanation(ExplanationAction::SwitchAllOn));
    }
    let test = ui
        .button("Test without them")
        .on_hover_text("Reads MNIST's test set with and without these units.");
    if test.clicked() {
        actions.push(Action::Explanation(ExplanationAction::TestOff));
    }
}

/// Which units are off, and how the answer and the accuracy move.
fn off_text(state: &State, inside: &Inside, shapes: &[LayerShape]) -> String {
    let answer = inside.prediction.as_ref().map(|prediction| {
        let share = format::probability(prediction.confidence(), 0);
        format!(", answer {} {share}", prediction.digit())
    });
    let off = &state.explanation.off;
    let is_filter = |channel: &Channel| {
        let shape = shapes.get(channel.layer);
        shape.is_some_and(LayerShape::is_convolutional)
    };
    let filters = off.iter().filter(|channel| is_filter(channel)).count();
    let parts = [(filters, "filter"), (off.len() - filters, "unit")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts = parts.map(|(count, name)| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{} {name}{plural}", format::count(count))
    });
    format!(
        "{} off{}{}",
        parts.collect::<Vec<_>>().join(" and "),
        answer.unwrap_or_default(),
        inside.test.as_ref().map_or_else(String::new, test_text)
    )
}

/// ", test 99.42 % → 97.10 %".
fn test_text(test: &OffTest) -> String {
    if test.done < test.total {
        return format!(
            ", {} of {} tested",
            format::count(test.done),
            format::count(test.total)
        );
    }
    let [whole, without] = [test.whole, test.without]
        .map(|correct| format::percent(correct as f64 / test.total.max(1) as f64, 2));
    format!(", test accuracy {without} instead of {whole}")
}

/// The channels of a layer that are on, without the half with the largest outputs.
fn weakest_half(layer: usize, activity: &LayerActivity, off: &SwitchedOff) -> Vec<Channel> {
    let on = (0..activity.means.len()).map(|index| Channel { layer, index });
    let mut on: Vec<Channel> = on.filter(|&channel| !off.contains(channel)).collect();
    on.sort_by(|a, b| activity.means[a.index].total_cmp(&activity.means[b.index]));
    on.truncate(on.len().div_ceil(2));
    on
}

/// "Layer 1: 10 filters".
fn caption(index: usize, shapes: &[LayerShape]) -> String {
    let Some(shape) = index.checked_sub(1).map(|layer| &shapes[layer]) else {
        return "Picture".to_owned();
    };
    if index == shapes.len() {
        return "Answer".to_owned();
    }
    let count = format::count(shape.output.channels);
    let kind = if shape.is_convolutional() {
        "filters"
    } else {
        "units"
    };
    format!("Layer {index}: {count} {kind}")
}

/// A number in three digits or so, with a true minus.
fn figure(value: f32) -> String {
    let text = match value.abs() {
        ..0.1 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_of_a_filter_follow_each_other() {
        let shapes = MlpConfig::relu([3, 2], [4]).layers();
        let shape = &shapes[1];
        let [rows, filters] = shape.weight();
        let (inputs, positions) = (3, rows / 3);
        let weights: Vec<f32> = (0..rows * filters).map(|at| at as f32).collect();
        let tiles = kernels(&weights, shape);
        let grid = kernel_grid(shape);
        assert_eq!([grid.positions(), grid.channels], [positions, 6]);
        for (position, filter, input) in [(0, 0, 0), (0, 0, 2), (7, 1, 1), (24, 1, 2)] {
            let tile = tiles[position * grid.channels + filter * inputs + input];
            let weight = weights[(position * inputs + input) * filters + filter];
            assert_eq!(tile, weight, "{input} of filter {filter} at {position}");
        }
    }
}
