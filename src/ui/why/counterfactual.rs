//! *What would change it*: a dot, bent strokes, and the way to a training image of the rival.

use egui::{
    Align2, Color32, Rect, Response, Sense, Slider, SliderClamping, Ui, UiBuilder, WidgetInfo,
    accesskit::Role, pos2, vec2,
};

use super::{
    NO_STROKES, empty_ui, lead,
    signed::{ColorScale, Fit, SCALE, pixels_ui},
    signed_color,
};
use crate::{
    app::state::{State, explanation::ShownExplanation},
    bitmap::Digit,
    explanation::{
        Comparison,
        counterfactual::{Dot, blend},
    },
    format,
    recognition::Prediction,
    ui::theme::{self, Palette},
    worker::explainer::{BendingSearch, ChangedStrokes, Counterfactual, Morph},
};

pub(super) const METHOD: &str = "Dot: at each place of a grid, one dot of ink is added, and the drawing is made into a \
    picture and predicted again; the color is what the lead of the answer gains. Bending: the strokes move in cosine waves \
    along their length, of which short ones cost more. Each step of the search goes to the smallest bending at which the \
    logits, as linear functions, reach the other digit (Moosavi-Dezfooli, Fawzi and Frossard, \"DeepFool\", 2016). It counts \
    only if an ordinary prediction of the bent drawing is the other digit and is accepted as a digit; a smaller one may \
    exist. Way: the pixels are mixed with those of the nearest training image of the other digit that the network reads so. \
    Noise on the pad is left out.";

/// The height of a cell's caption, in points.
const CAPTION: f32 = 40.0;
/// The width from which the cells are beside each other, in points.
const WIDE: f32 = 460.0;
/// The height of the slider's row, in points.
const SLIDER: f32 = 30.0;

fn cell_of(width: f32) -> f32 {
    if width >= WIDE {
        (width - 2.0 * theme::MARGIN) / 3.0
    } else {
        width.min(260.0)
    }
}

/// The height of a cell below its picture: the scale or the slider, and the caption.
const BELOW: f32 = theme::GAP + SCALE + CAPTION;

/// The height of the view in the story.
pub(super) fn height(width: f32) -> f32 {
    let cell = cell_of(width).min(260.0) + BELOW;
    if width >= WIDE { cell } else { 3.0 * cell }
}

/// The state of the view between frames.
#[derive(Debug, Default)]
pub(super) struct CounterfactualPanel {
    pub(super) scale: ColorScale,
    /// The step on the way to the training image, which begins anew with other digits.
    step: usize,
    comparison: Option<Comparison>,
}

impl CounterfactualPanel {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        shown: &ShownExplanation,
        found: &Counterfactual,
        state: &State,
    ) {
        if self.comparison != Some(found.comparison) {
            self.comparison = Some(found.comparison);
            self.step = 0;
        }
        let cells = cells_of(rect);
        let answer = state.pad.answer();
        let is_digit = answer.is_some_and(|answer| answer.prediction.is_digit());
        if let Some(strokes) = &found.strokes {
            let changes = changes(strokes);
            self.scale.fit(shown, state.explanation.rival, changes);
            self.dots_ui(ui, cells[0], strokes, is_digit);
            bending_ui(ui, cells[1], strokes, found.comparison);
        } else {
            empty_ui(ui, cells[0].union(cells[1]), NO_STROKES);
        }
        self.morph_ui(ui, cells[2], found);
    }

    fn dots_ui(&self, ui: &mut Ui, cell: Rect, strokes: &ChangedStrokes, is_digit: bool) {
        let ChangedStrokes { ink, dots, .. } = strokes;
        let palette = Palette::of(ui.style());
        let Comparison { winner, rival } = dots.comparison;
        let text = match dots.strongest() {
            None => format!("No single dot moves it toward {rival}."),
            Some(dot) => match answer_of(&dot.prediction) {
                None if is_digit => "A dot here makes it not a digit.".to_owned(),
                Some(digit) if digit != winner || !is_digit => format!(
                    "A dot here makes it {}, {}.",
                    format::with_article(digit),
                    format::probability(dot.prediction.confidence(), 0)
                ),
                _ => format!(
                    "A dot here moves it most toward {rival}: {winner} leads by {:.1} instead of {:.1}.",
                    dot.margin, dots.margin
                ),
            },
        };
        let (picture, response) = picture_of(ui, cell, "One more dot", &text);
        let fit = Fit::of(ink, picture);
        let half = dots.spacing * fit.scale / 2.0;
        let painter = ui
            .painter()
            .with_clip_rect(picture.intersect(ui.clip_rect()));
        for dot in &dots.dots {
            let center = fit.screen_from_pad(dot.place);
            let color = signed_color(palette, (dot.margin - dots.margin) / self.scale.limit());
            let place = Rect::from_center_size(center, vec2(2.0 * half + 0.5, 2.0 * half + 0.5));
            painter.rect_filled(place, 0.0, color);
        }
        fit.ink_ui(ui, ink, 3.0, palette.ink);
        if let Some(dot) = dots.strongest() {
            let center = fit.screen_from_pad(dot.place);
            painter.circle_filled(center, fit.pen() / 2.0, palette.ink);
            painter.circle_stroke(center, fit.pen() / 2.0 + 2.0, (2.0, palette.paper));
            painter.circle_stroke(center, fit.pen() / 2.0 + 4.0, (2.0, palette.ink));
        }
        let pointed = response.hover_pos().and_then(|pos| {
            let places = dots.dots.iter();
            let away = |dot: &&Dot| fit.screen_from_pad(dot.place).distance_sq(pos);
            places.min_by(|a, b| away(a).total_cmp(&away(b)))
        });
        if let Some(dot) = pointed {
            let lead = lead(dots.comparison, dot.margin);
            response.on_hover_text_at_pointer(format!("With a dot here, {lead}."));
        }
        let legend = picture.left_bottom() + vec2(0.0, theme::GAP);
        let legend = Rect::from_min_size(legend, vec2(picture.width(), SCALE));
        self.scale.ui(ui, legend, dots.comparison, |value| {
            signed_color(palette, value)
        });
        caption_ui(ui, cell, legend.bottom(), &text);
    }

    fn morph_ui(&mut self, ui: &mut Ui, cell: Rect, found: &Counterfactual) {
        let Comparison { rival, .. } = found.comparison;
        let Some(Morph {
            from,
            to,
            predictions,
        }) = &found.morph
        else {
            let text = format!("Looking for a training image that is read as {rival}");
            return empty_ui(ui, cell, &text);
        };
        let palette = Palette::of(ui.style());
        let last = predictions.len() - 1;
        self.step = self.step.min(last);
        let prediction = &predictions[self.step];
        let verdict = match answer_of(prediction) {
            Some(digit) => {
                let confidence = format::probability(prediction.confidence(), 0);
                format!("Read as {digit}, {confidence}.")
            }
            None => "Not a digit.".to_owned(),
        };
        let text = format!(
            "{verdict} From your drawing, left, to training image {}, right.",
            format::count(to.index + 1)
        );
        let (place, _) = picture_of(ui, cell, "The way to a training image", &text);
        let bars = place.with_min_x(place.right() - 0.3 * place.width());
        let side = 0.66 * place.width();
        let picture = Rect::from_min_size(
            place.left_top() + vec2(0.0, (place.height() - side) / 2.0),
            vec2(side, side),
        );
        let mixed = blend(from, &to.bitmap, self.step as f32 / last as f32);
        pixels_ui(ui, picture, |index| {
            palette
                .paper
                .lerp_to_gamma(palette.ink, mixed.pixels()[index])
        });
        bars_ui(ui, bars, prediction, found.comparison);
        let row = Rect::from_min_size(
            place.left_bottom() + vec2(0.0, theme::GAP),
            vec2(place.width(), SLIDER),
        );
        ui.scope_builder(UiBuilder::new().max_rect(row), |ui| {
            ui.spacing_mut().slider_width = row.width() - 4.0;
            let slider = Slider::new(&mut self.step, 0..=last)
                .show_value(false)
                .clamping(SliderClamping::Always);
            let response = ui.add(slider);
            response.widget_info(|| {
                WidgetInfo::slider(true, self.step as f64, "Way to the training image")
            });
        });
        caption_ui(ui, cell, row.bottom() + 4.0, &text);
    }
}

/// The digit that is read, if it is accepted.
fn answer_of(prediction: &Prediction) -> Option<Digit> {
    prediction.is_digit().then(|| prediction.digit())
}

fn changes(strokes: &ChangedStrokes) -> impl Iterator<Item = f32> {
    let dots = &strokes.dots;
    dots.dots.iter().map(|dot| dot.margin - dots.margin)
}

/// Three cells beside each other, or below each other.
fn cells_of(rect: Rect) -> [Rect; 3] {
    if rect.width() >= WIDE {
        let width = cell_of(rect.width());
        [0, 1, 2].map(|cell| {
            let left = rect.left() + cell as f32 * (width + theme::MARGIN);
            Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()))
        })
    } else {
        let height = rect.height() / 3.0;
        [0, 1, 2].map(|cell| {
            let top = rect.top() + cell as f32 * height;
            Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), height))
        })
    }
}

/// The square picture of a cell, on paper, with its name and what it shows.
fn picture_of(ui: &mut Ui, cell: Rect, name: &str, text: &str) -> (Rect, Response) {
    let side = (cell.height() - BELOW).min(cell.width()).max(40.0);
    let rect = Rect::from_min_size(cell.min, vec2(side, side));
    let palette = Palette::of(ui.style());
    ui.painter().rect_filled(rect, 0.0, palette.paper);
    let id = ui.scope_id().with(name);
    let response = ui.interact(rect, id, Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Image, true, name);
        info.current_text_value = Some(text.to_owned());
        info
    });
    (rect, response)
}

fn caption_ui(ui: &Ui, cell: Rect, top: f32, text: &str) {
    let palette = Palette::of(ui.style());
    let font = theme::font(theme::SMALL);
    let galley = ui
        .painter()
        .layout(text.replace('-', "−"), font, palette.text, cell.width());
    ui.painter()
        .galley(pos2(cell.left(), top), galley, palette.text);
}

fn bending_ui(ui: &mut Ui, cell: Rect, strokes: &ChangedStrokes, comparison: Comparison) {
    let palette = Palette::of(ui.style());
    let Comparison { rival, .. } = comparison;
    let text = match &strokes.bending {
        BendingSearch::Running => {
            format!("Looking for the smallest bending that is read as {rival}")
        }
        BendingSearch::NoneFound => format!("No bending found that is read as {rival}."),
        BendingSearch::Found(bending) => {
            let shown = if bending.exaggeration >= 1.5 {
                format!(" Shown {:.0} times as strong.", bending.exaggeration)
            } else {
                String::new()
            };
            format!(
                "Moved by {} of its size on average, it is read as {rival}, {}.{shown}",
                format::percent(f64::from(bending.distance), 1),
                format::probability(bending.prediction.confidence(), 0),
            )
        }
    };
    let (picture, _) = picture_of(ui, cell, "Your strokes, bent", &text);
    let fit = Fit::of(&strokes.ink, picture);
    fit.ink_ui(ui, &strokes.ink, fit.pen(), palette.track);
    if let BendingSearch::Found(bending) = &strokes.bending {
        fit.ink_ui(ui, &bending.exaggerated, 0.4 * fit.pen(), palette.second);
    }
    caption_ui(ui, cell, picture.bottom() + theme::GAP, &text);
}

/// Ten small bars.
fn bars_ui(ui: &Ui, rect: Rect, prediction: &Prediction, comparison: Comparison) {
    let palette = Palette::of(ui.style());
    let height = rect.height() / Digit::ALL.len() as f32;
    for digit in Digit::ALL {
        let top = rect.top() + height * f32::from(digit.value());
        let row = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), height));
        let font = theme::font((height * 0.8).clamp(9.0, theme::SMALL));
        let left = row.left_center();
        ui.painter()
            .text(left, Align2::LEFT_CENTER, digit, font, palette.text);
        let track = row
            .with_min_x(row.left() + 14.0)
            .shrink2(vec2(0.0, 0.25 * height));
        ui.painter().rect_filled(track, 2.0, palette.track);
        let share = prediction.probabilities()[digit.index()];
        let bar = track.with_max_x(track.left() + share * track.width());
        let color: Color32 = match digit {
            digit if digit == comparison.winner => palette.accent,
            digit if digit == comparison.rival => palette.second,
            _ => palette.bar,
        };
        ui.painter().rect_filled(bar, 2.0, color);
    }
}
