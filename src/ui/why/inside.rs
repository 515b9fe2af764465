//! *Inside*: the layers as tiles from the picture to the answer, and the arithmetic of one unit.

use egui::{
    Align2, Button, Color32, ColorImage, Pos2, Rect, RichText, Sense, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::{empty_ui, neighbors::Tiles, part, shown, signed_color, small_text};
use crate::{
    app::{
        action::Action,
        state::{State, explanation::ExplanationAction},
    },
    bitmap::{Digit, SIDE},
    explanation::units::{Channel, Connection, LayerActivity, SwitchedOff, Unit, UnitDetails},
    format,
    model::{Activation, Grid, LayerShape, MlpConfig},
    recognition::Prediction,
    ui::{
        theme::{self, Palette},
        widgets::{quiet_selection, small_button},
    },
    worker::explainer::{Explanation, ExplanationView, Inside, OffTest},
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
/// The width from which the parts of a unit's details are beside each other, their largest width, and their heights, in
/// points.
const WIDE: f32 = 560.0;
const WIDEST: f32 = 880.0;
const DETAILS: f32 = 232.0;
/// The most tiles of a picture of weights.
const MAX_KERNELS: usize = 100;
/// The side of the tiles of exciting images, in points.
const EXCITING: f32 = 56.0;

/// The height of the view in the story.
pub(super) fn height(width: f32, state: &State) -> f32 {
    let config = match shown(state, ExplanationView::Inside) {
        Some((shown, _)) => shown.model.mlp.config(),
        None => state.models.in_use().mlp.config(),
    };
    let flow = Flow::of(width, config.layers().len() + 1, SIDES[1]);
    let details = if width >= WIDE {
        DETAILS
    } else {
        2.0 * DETAILS
    };
    row_height(width) + flow.height() + theme::GAP + details
}

/// The height of the buttons and of the sign that units are off.
fn row_height(width: f32) -> f32 {
    if width >= WIDE { ROW } else { 2.0 * ROW }
}

/// The layers in rows.
struct Flow {
    count: usize,
    columns: usize,
    side: f32,
    gap: f32,
}

impl Flow {
    fn of(width: f32, count: usize, largest: f32) -> Self {
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
        }
    }

    fn block(&self) -> Vec2 {
        vec2(self.side, CAPTION + self.side + LEGEND)
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

/// The tiles of a layer: one for each channel, with a cell for each position.
#[derive(Clone, Copy)]
struct TileGrid {
    grid: Grid,
    columns: usize,
    /// Cells from one tile to the next.
    pitch: usize,
    rect: Rect,
    cell: f32,
}

impl TileGrid {
    fn of(grid: Grid, place: Rect) -> Self {
        let gap = usize::from(grid.side > 1);
        let pitch = grid.side + gap;
        // A square has the largest tiles.
        let columns = (grid.channels as f32).sqrt().ceil() as usize;
        let rows = grid.channels.div_ceil(columns);
        let cell = place.width().min(place.height()) / (columns * pitch - gap) as f32;
        let [width, height] = [columns, rows].map(|tiles| (tiles * pitch - gap) as f32);
        let size = vec2(width, height) * cell;
        Self {
            grid,
            columns,
            pitch,
            rect: Rect::from_min_size(place.min, size),
            cell,
        }
    }

    fn size(&self) -> [usize; 2] {
        let rows = self.grid.channels.div_ceil(self.columns);
        let gap = self.pitch - self.grid.side;
        [self.columns * self.pitch - gap, rows * self.pitch - gap]
    }

    /// The column and the row of a cell.
    fn cell_of(&self, channel: usize, position: usize) -> [usize; 2] {
        let side = self.grid.side;
        [
            channel % self.columns * self.pitch + position % side,
            channel / self.columns * self.pitch + position / side,
        ]
    }

    fn tile(&self, channel: usize) -> Rect {
        let [column, row] = self.cell_of(channel, 0);
        let corner = self.rect.min + vec2(column as f32, row as f32) * self.cell;
        Rect::from_min_size(corner, Vec2::splat(self.grid.side as f32 * self.cell))
    }

    fn center(&self, channel: usize, position: usize) -> Pos2 {
        let [column, row] = self.cell_of(channel, position);
        self.rect.min + vec2(column as f32 + 0.5, row as f32 + 0.5) * self.cell
    }

    /// The channel and the position under the pointer.
    fn at(&self, pos: Pos2) -> Option<(usize, usize)> {
        let offset = (pos - self.rect.min) / self.cell;
        if !self.rect.contains(pos) {
            return None;
        }
        let [x, y] = [offset.x, offset.y].map(|at| at as usize);
        let channel = y / self.pitch * self.columns + x / self.pitch;
        let [x, y] = [x % self.pitch, y % self.pitch].map(|at| at.min(self.grid.side - 1));
        (channel < self.grid.channels).then_some((channel, y * self.grid.side + x))
    }

    /// The values, `[positions, channels]`, as an image with paper between the tiles.
    fn image(&self, values: &[f32], ground: Color32, color: impl Fn(f32) -> Color32) -> ColorImage {
        let [width, height] = self.size();
        let mut pixels = vec![ground; width * height];
        for (index, &value) in values.iter().enumerate() {
            let [x, y] = self.cell_of(index % self.grid.channels, index / self.grid.channels);
            pixels[y * width + x] = color(value);
        }
        ColorImage::new([width, height], pixels)
    }
}

/// A texture that is uploaded when its content changes.
#[derive(Default)]
struct Picture {
    texture: Option<TextureHandle>,
    shown: Option<ColorImage>,
}

impl Picture {
    fn ui(&mut self, ui: &Ui, rect: Rect, image: ColorImage) {
        if self.shown.as_ref() != Some(&image) {
            match &mut self.texture {
                Some(texture) => texture.set(image.clone(), TextureOptions::NEAREST),
                empty => {
                    *empty = Some(ui.load_texture("layer", image.clone(), TextureOptions::NEAREST));
                }
            }
            self.shown = Some(image);
        }
        if let Some(texture) = &self.texture {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter()
                .image(texture.id(), rect, whole, Color32::WHITE);
        }
    }
}

/// The state of the view between frames.
#[derive(Default)]
pub(super) struct InsideView {
    /// One for the input and for each layer, and one for the weights.
    pictures: Vec<Picture>,
    weights: Picture,
    exciting: Tiles,
    /// The unit that a click holds.
    held: Option<Unit>,
}

impl std::fmt::Debug for InsideView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InsideView").finish_non_exhaustive()
    }
}

impl InsideView {
    pub(super) fn ui(&mut self, ui: &mut Ui, rect: Rect, state: &State, actions: &mut Vec<Action>) {
        let Some((shown, Explanation::Inside(inside))) = shown(state, ExplanationView::Inside)
        else {
            return empty_ui(ui, rect, "Reading the network");
        };
        let config = shown.model.mlp.config();
        let row = rect.with_max_y(rect.top() + row_height(rect.width()));
        off_ui(&mut part(ui, row, "off"), state, inside, config, actions);
        let shapes = config.layers();
        let is_wide = rect.width() >= WIDE;
        let below = if is_wide { DETAILS } else { 2.0 * DETAILS };
        let rest = rect.with_min_y(row.bottom());
        let largest = (rest.height() - below - theme::GAP - CAPTION - LEGEND).max(SIDES[0]);
        let flow = Flow::of(rest.width(), shapes.len() + 1, largest);
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
        self.held = self.held.filter(is_there);
        let wanted = Some(pointed.or(self.held).unwrap_or(default));
        if wanted != state.explanation.unit {
            actions.push(Action::Explanation(ExplanationAction::ChooseUnit(wanted)));
        }
        let top = rest.top() + flow.height() + theme::GAP;
        let place = Rect::from_min_size(pos2(rest.left(), top), vec2(rest.width(), below));
        if let Some(unit) = &inside.unit {
            self.details_ui(ui, place, unit, inside, config, actions);
        } else {
            let hint = "Point at a unit to see its inputs, its weights and the training images that excite it most.";
            empty_ui(ui, place.with_max_y(place.top() + DETAILS * 0.5), hint);
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
            .resize_with(shapes.len() + 1, Picture::default);
        let pixels = Grid {
            side: SIDE,
            channels: 1,
        };
        let grids = [pixels]
            .into_iter()
            .chain(shapes.iter().map(|shape| shape.output));
        let tiles: Vec<TileGrid> = grids
            .enumerate()
            .map(|(index, grid)| {
                let place = flow.place(rect, index);
                let place =
                    Rect::from_min_size(place.min + vec2(0.0, CAPTION), Vec2::splat(flow.side));
                TileGrid::of(grid, place)
            })
            .collect();
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
            let LayerActivity { scale, .. } = inside.activity[layer];
            let is_last = layer + 1 == shapes.len();
            // A blank pad lights nothing.
            let lit = if inside.input.is_some() {
                1.0 / scale.max(f32::MIN_POSITIVE)
            } else {
                0.0
            };
            let image = grid.image(&inside.layers[layer].outputs, palette.window, |value| {
                signed_color(palette, value * lit)
            });
            self.pictures[index].ui(ui, grid.rect, image);
            outline(ui, grid.rect, palette);
            crosses_ui(ui, grid, layer, &inside.off);
            small_text(
                ui,
                pos2(place.left(), place.bottom() - LEGEND / 2.0),
                &legend(&inside.activity[layer], is_last || has_negative),
                palette.weak,
            );
            let response = ui.interact(
                grid.rect,
                ui.scope_id().with(("layer", layer)),
                Sense::click(),
            );
            response.widget_info(|| {
                WidgetInfo::labeled(Role::Button, true, format!("Units of layer {}", layer + 1))
            });
            let at = response.hover_pos().and_then(|pos| grid.at(pos));
            let unit = at.map(|(index, position)| Unit {
                channel: Channel { layer, index },
                position,
            });
            pointed = pointed.or(unit);
            if response.clicked() {
                self.held = if self.held == unit { None } else { unit };
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
        if let Some(details) = &inside.unit {
            connections_ui(ui, &tiles, details);
        }
        // Above the lines.
        if let Some(answer) = tiles.last() {
            digits_ui(ui, answer);
        }
        pointed
    }

    /// The arithmetic of a unit, its weights, its connections, and the images that excite it.
    fn details_ui(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        unit: &UnitDetails,
        inside: &Inside,
        config: &MlpConfig,
        actions: &mut Vec<Action>,
    ) {
        let place = place.with_max_x(place.right().min(place.left() + WIDEST));
        let is_wide = place.width() >= WIDE;
        let (left, right) = if is_wide {
            let tiles = 3.0 * (EXCITING + theme::GAP);
            place.split_left_right_at_x(place.right() - tiles)
        } else {
            place.split_top_bottom_at_y(place.top() + DETAILS)
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
        let ui_of_lists = &mut part(
            ui,
            second.with_max_x(second.right() - theme::GAP),
            "connections",
        );
        lists_ui(ui_of_lists, unit, &config.layers());
        let columns = if is_wide {
            3
        } else {
            (place.width() / (EXCITING + theme::GAP)) as usize
        };
        self.exciting_ui(
            ui,
            right,
            columns,
            unit.unit.channel,
            inside,
            config,
            actions,
        );
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
        ui.label(RichText::new(equation(unit, !is_hidden, config.activation())).small());
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
            let is_held = self.held == Some(unit.unit);
            if is_held && small_button(ui, "Release").on_hover_text(help).clicked() {
                self.held = None;
            }
        });
        self.weights_ui(ui, unit, &shapes[layer]);
    }

    /// The training images that excite a unit most.
    #[expect(
        clippy::too_many_arguments,
        reason = "the place and its columns belong to the layout"
    )]
    fn exciting_ui(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        columns: usize,
        channel: Channel,
        inside: &Inside,
        config: &MlpConfig,
        actions: &mut Vec<Action>,
    ) {
        let palette = Palette::of(ui.style());
        let (head, below) = place.split_top_bottom_at_y(place.top() + CAPTION);
        small_text(ui, head.left_center(), "Excited most by", palette.text);
        if inside.exciting.is_empty() {
            let line = below.left_top() + vec2(0.0, CAPTION / 2.0);
            small_text(ui, line, "no training image so far", palette.weak);
        }
        let side = (below.height() / 3.0 - CAPTION).min(EXCITING);
        // An answer's unit should be excited by its own digit.
        let is_last = channel.layer + 1 == config.layers().len();
        let expected = is_last.then(|| Digit::ALL[channel.index]);
        let tiles = &mut self.exciting;
        tiles.ui(
            ui,
            below,
            (columns.max(1), side),
            &inside.exciting,
            "output",
            expected,
            actions,
        );
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

fn outline(ui: &Ui, rect: Rect, palette: &Palette) {
    let line = Stroke::new(1.0, palette.outline);
    ui.painter()
        .rect_stroke(rect.expand(1.0), 0.0, line, StrokeKind::Outside);
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
    for connection in connections {
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

/// The sign that units are off, and how the answer and the accuracy move.
fn off_ui(
    ui: &mut Ui,
    state: &State,
    inside: &Inside,
    config: &MlpConfig,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui.style());
    ui.horizontal_wrapped(|ui| {
        quiet_selection(ui);
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
            ui.label(RichText::new("All units are on.").small().weak());
            return;
        }
        if ui.button("All on").on_hover_text("Switches all units on again.").clicked() {
            actions.push(Action::Explanation(ExplanationAction::SwitchAllOn));
        }
        let test = ui.button("Test without them").on_hover_text("Reads MNIST's test set with and without these units.");
        if test.clicked() {
            actions.push(Action::Explanation(ExplanationAction::TestOff));
        }
        let answer = inside.prediction.as_ref().map(|prediction| {
            let share = format::percent(f64::from(prediction.confidence()), 0);
            format!(", answer {} {share}", prediction.digit())
        });
        let count = state.explanation.off.len();
        let units = if count == 1 { "unit" } else { "units" };
        let text = format!("{} {units} off{}{}", format::count(count), answer.unwrap_or_default(), inside.test.as_ref().map_or_else(String::new, test_text));
        ui.add(egui::Label::new(RichText::new(text).color(palette.second)).truncate());
    });
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

/// "Filter 4 of layer 1 at 3, 5", "unit 17 of layer 3", "answer 7".
fn unit_name(unit: Unit, shapes: &[LayerShape]) -> String {
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

/// "Σ w·x + b = 2.31 − 0.40 = 1.91, ReLU gives 1.91".
fn equation(unit: &UnitDetails, is_last: bool, activation: Activation) -> String {
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
    } else {
        format!("{sum}\n{} gives {}", activation.label(), figure(output))
    }
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

fn signed(value: f32) -> String {
    let sign = if value < 0.0 { "" } else { "+" };
    format!("{sign}{}", figure(value))
}
