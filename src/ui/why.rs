//! The place *Why*: the pad stays live on the left, and the views of the explanation follow each other on the right.
//!
//! A view is an entry of [`VIEWS`], with a file of its own in `ui/why` that draws it into a rectangle, at any size: in the
//! story, filling the place beside the pad, or filling the window. [`view_ui`] gives it its explanation. The explainer
//! computes only the views in sight.

mod counterfactual;
mod evidence;
mod inside;
mod map;
mod neighbors;
mod occlusion;
mod signed;

use std::collections::BTreeSet;

use egui::{
    Align2, CollapsingHeader, Color32, Id, Pos2, Rect, Response, RichText, ScrollArea, Sense, Ui,
    UiBuilder, WidgetInfo, accesskit::Role, pos2, vec2,
};

use self::{
    counterfactual::CounterfactualPanel, evidence::EvidencePanel, inside::InsideView, map::MapView,
    neighbors::NeighborsView, occlusion::OcclusionPanel,
};
use super::{
    draw::{self, DrawView},
    focus, prediction,
    roving::RovingFocus,
    theme::{self, Palette},
    widgets::{self, note, problem, small_button},
};
use crate::{
    app::{
        action::Action,
        state::{State, explanation::ExplanationAction},
    },
    bitmap::Digit,
    explanation::Comparison,
    worker::explainer::{Explanation, ExplanationView},
};

/// The width from which the pad is beside the views, in points.
const MIN_WIDTH_BESIDE: f32 = 540.0;
/// The share of the place's width beside the views that the pad takes, and its bounds in points.
const PAD_SHARE: f32 = 0.32;
const PAD_WIDTHS: [f32; 2] = [draw::MIN_TOOLBAR, 480.0];
/// The smallest and the largest height of the ten bars, in points.
const BARS: f32 = 150.0;
const LARGEST_BARS: f32 = 360.0;
/// The smallest and the largest height of the answer, in points.
const ANSWER: f32 = 92.0;
const LARGEST_ANSWER: f32 = 160.0;
/// The width from which the caption of the bars says what a click does, in points.
const WIDE_CAPTION: f32 = 340.0;
/// The height of the place below which the answer is beside the pad, in points.
const LOW: f32 = 480.0;
/// What the views of strokes show for a picture.
const NO_STROKES: &str = "A picture has no strokes. Draw the digit on the pad.";
/// What a view shows before its first explanation.
const COMPUTING: &str = "Computing…";
/// The height of the pad above the views, in points.
const STACKED_PAD: f32 = 190.0;

/// A view of the story.
struct ViewEntry {
    view: ExplanationView,
    title: &'static str,
    /// What the view shows, in one sentence.
    sentence: &'static str,
    /// The formula and its source.
    method: &'static str,
    /// The height in the story, for a width.
    height: fn(f32, &State) -> f32,
    /// What an empty pad shows in its place, if it needs a drawing.
    empty: Option<&'static str>,
}

/// The views from top to bottom.
const VIEWS: [ViewEntry; 6] = [
    ViewEntry {
        view: ExplanationView::Neighbors,
        title: "It looked like these",
        sentence: "The eight training images of MNIST that the network finds most similar to your drawing. Amber: the digit it is compared with.",
        method: neighbors::METHOD,
        height: |width, _| neighbors::height(width),
        empty: Some("Draw a digit to see which training images it resembles."),
    },
    ViewEntry {
        view: ExplanationView::Occlusion,
        title: "Which ink counts",
        sentence: "Your strokes. Blue pieces speak for the answer, amber ones for the digit it is compared with.",
        method: occlusion::METHOD,
        height: |width, _| occlusion::height(width),
        empty: Some("Draw a digit to see which ink counts."),
    },
    ViewEntry {
        view: ExplanationView::Evidence,
        title: "One rather than the other",
        sentence: "What each pixel of the network's picture adds to the lead of the answer, together with the others. What leaving ink out does is above.",
        method: evidence::METHOD,
        height: |width, _| evidence::height(width),
        empty: Some("Draw a digit to see what each pixel speaks for."),
    },
    ViewEntry {
        view: ExplanationView::Counterfactual,
        title: "What would change it",
        sentence: "One more dot, the smallest bending of your strokes that was found, and the way to a training image of the other digit.",
        method: counterfactual::METHOD,
        height: |width, _| counterfactual::height(width),
        empty: Some("Draw a digit to see what would change the answer."),
    },
    ViewEntry {
        view: ExplanationView::Inside,
        title: "Inside",
        sentence: "The layers from the picture to the answer. Point at a unit, or go to it with the arrow keys, to see its arithmetic. A click or Enter holds it.",
        method: inside::METHOD,
        height: inside::height,
        empty: None,
    },
    ViewEntry {
        view: ExplanationView::Map,
        title: "The map",
        sentence: "Training images in the plane in which the outputs of a layer vary most, and your drawing among them. Digits that lie on each other may differ in other directions.",
        method: map::METHOD,
        height: |width, _| map::height(width),
        empty: None,
    },
];

/// How much of the window a view fills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extent {
    /// All views are in the story.
    #[default]
    Story,
    /// The view fills the place beside the pad.
    Beside(ExplanationView),
    /// The view fills the place without the pad.
    Window(ExplanationView),
}

/// The state of the place between frames.
#[derive(Debug, Default)]
pub(super) struct WhyView {
    extent: Extent,
    /// The view that the keyboard has reached by the button above it or the fold below it. It is drawn also beyond the edge.
    reached: Option<ExplanationView>,
    neighbors: NeighborsView,
    occlusion: OcclusionPanel,
    evidence: EvidencePanel,
    counterfactual: CounterfactualPanel,
    inside: InsideView,
    map: MapView,
}

impl WhyView {
    /// Whether one view fills the place or the window.
    pub(super) fn is_enlarged(&self) -> bool {
        self.extent != Extent::Story
    }

    /// Shows all views below each other.
    pub(super) fn show_all(&mut self) {
        self.extent = Extent::Story;
    }

    /// Starts all scales anew.
    fn reset_scales(&mut self) {
        self.occlusion.scale.reset();
        self.evidence.scale.reset();
        self.counterfactual.scale.reset();
    }
}

/// Draws the place.
pub(super) fn why_ui(
    ui: &mut Ui,
    state: &State,
    draw: &mut DrawView,
    view: &mut WhyView,
    actions: &mut Vec<Action>,
) {
    if state.pad.is_blank() {
        view.reset_scales();
    }
    let stage = ui.available_rect_before_wrap();
    let aspect = state.settings.pad_shape.width();
    let mut seen = BTreeSet::new();
    if let Extent::Window(filling) = view.extent {
        filling_ui(ui, stage, filling, state, view, actions);
        seen.insert(filling);
    } else if stage.width() >= MIN_WIDTH_BESIDE {
        let places = WhyLayout::beside(stage, aspect);
        pad_ui(ui, &places, state, draw, actions);
        if let Extent::Beside(filling) = view.extent {
            filling_ui(ui, places.story, filling, state, view, actions);
            seen.insert(filling);
        } else {
            ui.scope_builder(UiBuilder::new().max_rect(places.story), |ui| {
                ScrollArea::vertical()
                    .id_salt("why")
                    .auto_shrink(false)
                    .show(ui, |ui| story_ui(ui, state, view, &mut seen, actions));
            });
        }
    } else {
        ScrollArea::vertical()
            .id_salt("why")
            .auto_shrink(false)
            .show(ui, |ui| {
                let stage = Rect::from_min_size(ui.cursor().min, stage.size());
                let places = WhyLayout::stacked(stage, aspect);
                ui.allocate_exact_size(
                    vec2(stage.width(), places.story.top() - stage.top()),
                    Sense::hover(),
                );
                pad_ui(ui, &places, state, draw, actions);
                story_ui(ui, state, view, &mut seen, actions);
            });
    }
    if seen != state.explanation.seen {
        actions.push(Action::Explanation(ExplanationAction::See(seen)));
    }
}

/// The places of the parts.
struct WhyLayout {
    pad: Rect,
    toolbar: Rect,
    answer: Rect,
    bars: Rect,
    story: Rect,
}

impl WhyLayout {
    /// The pad and the bars on the left, the views on the right.
    fn beside(stage: Rect, aspect: f32) -> Self {
        let width = (stage.width() * PAD_SHARE).clamp(PAD_WIDTHS[0], PAD_WIDTHS[1]);
        let (left, right) = stage.split_left_right_at_x(stage.left() + width);
        let story = right.with_min_x(right.left() + theme::MARGIN);
        Self::of(left, aspect, stage.height() < LOW, story)
    }

    /// The pad and the bars above, the views below.
    fn stacked(stage: Rect, aspect: f32) -> Self {
        let height = STACKED_PAD + theme::GAP + draw::TOOLBAR_HEIGHT + prediction::BARS_GAP + BARS;
        let (above, below) = stage.split_top_bottom_at_y(stage.top() + height);
        let story = below.with_min_y(below.top() + theme::MARGIN);
        Self::of(above, aspect, true, story)
    }

    /// The pad, its buttons, the answer and the bars below each other. Where it is low, the answer is beside the pad.
    fn of(place: Rect, aspect: f32, is_low: bool, story: Rect) -> Self {
        let rest = theme::GAP + draw::TOOLBAR_HEIGHT + prediction::BARS_GAP + BARS;
        let (answer, width) = if is_low {
            (0.0, place.width() * 0.5)
        } else {
            (theme::GAP + ANSWER, place.width())
        };
        let height = (place.height() - rest - answer).max(draw::MIN_PAD);
        // Beside the answer, the pad's place is a square also for numbers: the answer is as high.
        let aspect = if is_low { 1.0 } else { aspect };
        let width = width.min(height * aspect).floor();
        let pad = Rect::from_min_size(place.min, vec2(width, width / aspect));
        let row = |top: f32, bottom: f32| place.with_min_y(top).with_max_y(bottom);
        let top = pad.bottom() + theme::GAP;
        let toolbar = row(top, top + draw::TOOLBAR_HEIGHT);
        let (answer, above) = if is_low {
            let right = place.with_min_x(pad.right() + theme::GAP);
            (right.with_max_y(pad.bottom()), toolbar.bottom())
        } else {
            let top = toolbar.bottom() + theme::GAP;
            let room = place.bottom() - top - prediction::BARS_GAP;
            let bottom = top + (room * 0.36).clamp(ANSWER, LARGEST_ANSWER);
            (row(top, bottom), bottom)
        };
        let top = above + prediction::BARS_GAP;
        Self {
            pad,
            toolbar,
            answer,
            bars: row(top, place.bottom().min(top + LARGEST_BARS)),
            story,
        }
    }
}

/// The pad, its buttons, the answer, and the bars that choose the rival.
fn pad_ui(
    ui: &mut Ui,
    places: &WhyLayout,
    state: &State,
    draw: &mut DrawView,
    actions: &mut Vec<Action>,
) {
    draw.canvas
        .ui(ui, places.pad, state, draw.preview.texture(), actions);
    let toolbar = &mut part(ui, places.toolbar, "toolbar");
    draw.tools.ui(toolbar, draw::TOOLBAR_HEIGHT, state, actions);
    let preview = &mut draw.preview;
    prediction::answer_ui(
        &mut part(ui, places.answer, "answer"),
        places.answer,
        state,
        preview,
        actions,
    );
    let rival = state.rival();
    let above = places.bars.left_top() - vec2(0.0, prediction::BARS_GAP - 4.0);
    if let Some(rival) = rival {
        let is_wide = places.bars.width() >= WIDE_CAPTION;
        let more = if is_wide {
            ". Meant another digit? Click its bar."
        } else {
            ""
        };
        prediction::caption(ui, above, &format!("Compared with {rival}{more}"));
    }
    let height = places.bars.height() / 10.0;
    let id = ui.scope_id().with("rivals");
    let count = Digit::ALL.len();
    let mut focus = RovingFocus::of(ui, id, 1, count, rival.map(Digit::index));
    for digit in Digit::ALL {
        let top = places.bars.top() + height * f32::from(digit.value());
        let row = Rect::from_min_size(
            pos2(places.bars.left(), top),
            vec2(places.bars.width(), height),
        );
        let answer = state.pad.answer();
        let is_free = answer.is_some_and(|answer| answer.prediction.digit() != digit);
        let sense = if is_free {
            Sense::CLICK
        } else {
            Sense::hover()
        };
        let response = focus.interact(ui, digit.index(), row, sense);
        rival_ui(ui, response, digit, rival, state, actions);
    }
}

/// A bar that chooses the rival.
fn rival_ui(
    ui: &Ui,
    response: Response,
    digit: Digit,
    rival: Option<Digit>,
    state: &State,
    actions: &mut Vec<Action>,
) {
    let answer = state.pad.answer();
    let is_free = response.sense.senses_click();
    response.widget_info(|| {
        let name = format!("Compare with {digit}");
        let mut info = WidgetInfo::selected(Role::Button, is_free, rival == Some(digit), name);
        let probability = prediction::probability_of(digit, answer);
        info.current_text_value =
            Some(probability.map_or_else(|| "none".to_owned(), prediction::percent));
        info
    });
    prediction::bar_ui(ui, response.rect, digit, answer, rival, &response);
    if response.clicked() {
        // A second click returns to the second-best digit.
        let chosen = (state.explanation.rival != Some(digit)).then_some(digit);
        actions.push(Action::Explanation(ExplanationAction::ChooseRival(chosen)));
    }
    if is_free {
        response.on_hover_text(format!("Compare the answer with {digit}."));
    }
}

/// All views below each other. Inserts those in sight.
fn story_ui(
    ui: &mut Ui,
    state: &State,
    view: &mut WhyView,
    seen: &mut BTreeSet<ExplanationView>,
    actions: &mut Vec<Action>,
) {
    // The scroll bar does not cover the views.
    let width = ui.available_width() - ui.spacing().scroll.bar_width - 4.0;
    ui.set_max_width(width);
    if ui.input(|input| input.pointer.any_pressed()) {
        view.reached = None;
    }
    for entry in &VIEWS {
        let head = head_ui(ui, entry, state, view);
        let Some(head) = head else {
            ui.add_space(theme::MARGIN);
            continue;
        };
        // At once, so that the next Tab enters the view.
        if head.has_focus() {
            view.reached = Some(entry.view);
        }
        let size = vec2(width, (entry.height)(width, state));
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        if ui.is_rect_visible(rect) || view.reached == Some(entry.view) {
            seen.insert(entry.view);
            view_ui(ui, rect, entry, state, view, actions);
        }
        let method = method_ui(ui, entry);
        if method.has_focus() {
            view.reached = Some(entry.view);
        }
        ui.add_space(theme::MARGIN);
    }
    focus::scroll_to_focus(ui);
}

/// One view as large as the place allows.
fn filling_ui(
    ui: &mut Ui,
    place: Rect,
    filling: ExplanationView,
    state: &State,
    view: &mut WhyView,
    actions: &mut Vec<Action>,
) {
    let Some(entry) = VIEWS.iter().find(|entry| entry.view == filling) else {
        return;
    };
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        head_ui(ui, entry, state, view);
        method_ui(ui, entry);
        let rect = ui.available_rect_before_wrap();
        let least = (entry.height)(rect.width() - 12.0, state);
        if rect.height() >= least {
            view_ui(ui, rect, entry, state, view, actions);
        } else {
            ScrollArea::vertical()
                .id_salt("filling")
                .auto_shrink(false)
                .show(ui, |ui| {
                    let size = vec2(rect.width() - 12.0, least);
                    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
                    view_ui(ui, rect, entry, state, view, actions);
                });
        }
    });
}

/// The title, with the two digits in the view that compares them: "7 rather than 1".
fn heading(entry: &ViewEntry, state: &State) -> String {
    match (entry.view, state.pad.answer(), state.rival()) {
        (ExplanationView::Evidence, Some(answer), Some(rival)) => {
            let digit = answer.prediction.digit();
            if answer.is_digit() {
                format!("{digit} rather than {rival}")
            } else {
                format!("Not a digit; if it were one, {digit} rather than {rival}")
            }
        }
        _ => entry.title.to_owned(),
    }
}

/// The title, the sentence, and the buttons for the size. Returns the first button. In the story, a picture has none for
/// the view of its strokes.
fn head_ui(ui: &mut Ui, entry: &ViewEntry, state: &State, view: &mut WhyView) -> Option<Response> {
    let place = entry.view;
    let is_of_strokes = place == ExplanationView::Occlusion;
    if is_of_strokes && view.extent == Extent::Story && state.pad.picture().is_some() {
        ui.label(RichText::new(entry.title).font(theme::strong(theme::HEADING)));
        note(ui, NO_STROKES);
        return None;
    }
    let row = ui.horizontal(|ui| {
        ui.label(RichText::new(heading(entry, state)).font(theme::strong(theme::HEADING)))
            .on_hover_text(entry.method);
        widgets::at_right(ui, "extent", |ui| {
            let before = view.extent;
            let mut button = |text: &str, name: &str, help: &str, extent: Extent| {
                let button = widgets::named(small_button(ui, text), name);
                let button = button.on_hover_text(help);
                if button.clicked() {
                    view.extent = extent;
                }
                button
            };
            let title = entry.title;
            match before {
                Extent::Story => button(
                    "Enlarge",
                    &format!("Enlarge {title}"),
                    "Fills the place beside the pad with this view.",
                    Extent::Beside(place),
                ),
                Extent::Beside(_) => {
                    button(
                        "All views",
                        "All views",
                        "Shows all views below each other.",
                        Extent::Story,
                    );
                    button(
                        "Fill window",
                        "Fill window",
                        "Hides the pad, so that this view fills the window.",
                        Extent::Window(place),
                    )
                }
                Extent::Window(_) => button(
                    "Show pad",
                    "Show pad",
                    "Shows the pad beside this view.",
                    Extent::Beside(place),
                ),
            }
        })
    });
    note(ui, entry.sentence);
    Some(row.inner)
}

/// Formula and source, which a click opens. Returns the header.
fn method_ui(ui: &mut Ui, entry: &ViewEntry) -> Response {
    ui.scope(|ui| {
        ui.visuals_mut().widgets.noninteractive.bg_stroke.width = 0.0;
        let title = RichText::new("How is this computed?").small().weak();
        let header = CollapsingHeader::new(title)
            .id_salt(entry.title)
            .show(ui, |ui| {
                ui.label(RichText::new(entry.method).small());
            });
        header.header_response.widget_info(|| {
            WidgetInfo::labeled(
                Role::Button,
                true,
                format!("How is {} computed?", entry.title),
            )
        });
        header.header_response
    })
    .inner
}

fn view_ui(
    ui: &mut Ui,
    rect: Rect,
    entry: &ViewEntry,
    state: &State,
    view: &mut WhyView,
    actions: &mut Vec<Action>,
) {
    let ui = &mut part(ui, rect, entry.title);
    ui.set_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
    // A stop of Tab before the controls of the view, which may be late.
    let id = Id::unique(("view", entry.title));
    let whole = ui.interact(rect, id, Sense::hover() | Sense::FOCUSABLE);
    let name = format!("Content of {}", entry.title);
    whole.widget_info(|| WidgetInfo::labeled(Role::Group, true, &name));
    if let Some(text) = entry.empty.filter(|_| state.pad.is_blank()) {
        return empty_ui(ui, rect, text);
    }
    let Some(shown) = state.explanation.of(entry.view) else {
        return empty_ui(ui, rect, COMPUTING);
    };
    match &shown.outcome {
        Err(text) => problem(ui, text),
        Ok(Explanation::Neighbors(found)) => view.neighbors.ui(ui, rect, found, state, actions),
        Ok(Explanation::Occlusion(Some(found))) => {
            view.occlusion.ui(ui, rect, shown, found, state, actions);
        }
        Ok(Explanation::Occlusion(None)) => empty_ui(ui, rect, NO_STROKES),
        Ok(Explanation::Evidence(Some(found))) => view.evidence.ui(ui, rect, shown, found, state),
        Ok(Explanation::Counterfactual(Some(found))) => {
            view.counterfactual.ui(ui, rect, shown, found, state);
        }
        Ok(Explanation::Evidence(None) | Explanation::Counterfactual(None)) => {
            empty_ui(ui, rect, COMPUTING);
        }
        Ok(Explanation::Inside(found)) => view.inside.ui(ui, rect, shown, found, state, actions),
        Ok(Explanation::Map(found)) => view.map.ui(ui, rect, shown, found, state, actions),
    }
}

/// A part of a place that leaves the cursor where it is.
fn part(ui: &mut Ui, rect: Rect, name: &str) -> Ui {
    ui.new_child(draw::fixed_place(name, rect))
}

/// A text in the middle of a view that has nothing to show yet.
fn empty_ui(ui: &mut Ui, rect: Rect, text: &str) {
    let palette = Palette::of(ui.style());
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let font = theme::font(theme::BODY);
    let galley = ui
        .painter()
        .layout(text.to_owned(), font, palette.weak, rect.width());
    let pos = rect.center() - galley.size() / 2.0;
    ui.painter().galley(pos, galley, palette.weak);
}

/// Who leads: "7 leads 1 by 2.3".
fn lead(Comparison { winner, rival }: Comparison, margin: f32) -> String {
    let (first, second) = if margin < 0.0 {
        (rival, winner)
    } else {
        (winner, rival)
    };
    format!("{first} leads {second} by {:.1}", margin.abs())
}

/// The exponent that keeps small values in sight. The scales below the pictures have the same colors.
const VISIBILITY: f32 = 0.7;

/// The color of a signed value of -1..=1: blue above 0, amber below, paper at 0.
fn signed_color(palette: &Palette, value: f32) -> Color32 {
    signed_color_from(palette.paper, palette, value)
}

/// The same with another color at 0.
fn signed_color_from(neutral: Color32, palette: &Palette, value: f32) -> Color32 {
    let color = if value < 0.0 {
        palette.second
    } else {
        palette.accent
    };
    neutral.lerp_to_gamma(color, value.abs().min(1.0).powf(VISIBILITY))
}

/// Small text with its left center at a point.
fn small_text(ui: &Ui, left: Pos2, text: &str, color: Color32) -> Rect {
    let font = theme::font(theme::SMALL);
    ui.painter()
        .text(left, Align2::LEFT_CENTER, text, font, color)
}
