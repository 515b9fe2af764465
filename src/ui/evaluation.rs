//! How good the model at work is: on what it is tested, the figures, the confusion matrix, the
//! pictures that were misclassified, and how far its confidence can be relied on.

pub(super) mod atlas;
mod gallery;
mod head;
mod matrix;
mod reliability;

use egui::{Align2, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};

use self::gallery::Gallery;
use super::theme::{self, Palette};
use crate::app::{
    action::Action,
    state::{
        State,
        evaluation::{EvaluationAction, Measured},
    },
};

/// The width from which on the matrix has the pictures beside it, in points.
const MIN_TWO_COLUMN_WIDTH: f32 = 620.0;
/// The height below which parts beside each other are scrolled instead of squeezed.
const MIN_HEIGHT: f32 = 370.0;
/// The heights of the pictures and of the reliability diagram where all are above each other.
const STACKED_HEIGHTS: [f32; 2] = [300.0, 240.0];

/// What this view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct EvaluationView {
    gallery: Gallery,
}

/// Draws the view, and says what the person asks for.
pub(crate) fn evaluation_ui(
    ui: &mut Ui,
    state: &State,
    view: &mut EvaluationView,
    actions: &mut Vec<Action>,
) {
    let mut drawing = Drawing {
        state,
        view,
        asked: Vec::new(),
        actions,
    };
    let width = ui.available_width();
    if width >= MIN_TWO_COLUMN_WIDTH {
        drawing.ui(ui);
    } else {
        ScrollArea::vertical().id_salt("test").show(ui, |ui| {
            ui.set_width(width);
            drawing.ui(ui);
        });
    }
    let asked = std::mem::take(&mut drawing.asked);
    actions.extend(asked.into_iter().map(Action::Evaluation));
}

/// What is needed while the view is drawn.
struct Drawing<'a> {
    state: &'a State,
    view: &'a mut EvaluationView,
    /// What the person asks for, of this view's own.
    asked: Vec<EvaluationAction>,
    actions: &'a mut Vec<Action>,
}

impl Drawing<'_> {
    fn ui(&mut self, ui: &mut Ui) {
        head::head_ui(ui, self.state, &mut self.asked, self.actions);
        ui.add_space(theme::GAP);
        let Some(measured) = &self.state.measuring.measured else {
            nothing_ui(ui, self.state);
            return;
        };
        let rect = ui.available_rect_before_wrap();
        if rect.width() < MIN_TWO_COLUMN_WIDTH {
            let places = Places::stacked(rect);
            ui.allocate_exact_size(places.whole().size(), Sense::hover());
            self.parts_ui(ui, &places, measured);
        } else if rect.height() >= MIN_HEIGHT {
            self.parts_ui(ui, &Places::beside(rect), measured);
        } else {
            ScrollArea::vertical().id_salt("test").show(ui, |ui| {
                let size = vec2(ui.available_width(), MIN_HEIGHT);
                let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
                self.parts_ui(ui, &Places::beside(rect), measured);
            });
        }
    }

    fn parts_ui(&mut self, ui: &mut Ui, places: &Places, measured: &Measured) {
        let measuring = &self.state.measuring;
        let within = |rect: Rect| UiBuilder::new().max_rect(rect);
        ui.scope_builder(within(places.matrix), |ui| {
            matrix::matrix_ui(ui, measuring, measured, &mut self.asked, self.actions);
        });
        ui.scope_builder(within(places.gallery), |ui| {
            self.view
                .gallery
                .ui(ui, measuring, measured, &mut self.asked);
        });
        let reliability = &measured.measurement.figures().reliability;
        reliability::reliability_ui(ui, places.reliability, reliability);
    }
}

/// Where the parts are.
struct Places {
    matrix: Rect,
    gallery: Rect,
    reliability: Rect,
}

impl Places {
    /// The matrix on the left; the pictures on the right, and the diagram below them.
    fn beside(rect: Rect) -> Self {
        let gap = theme::MARGIN * 1.4;
        let wanted = (rect.height() - matrix::BESIDE.y) / matrix::CELL_ASPECT + matrix::BESIDE.x;
        let matrix_width = wanted.clamp(rect.width() * 0.4, rect.width() * 0.56);
        let middle = rect.left() + matrix_width;
        let right = Rect::from_min_max(pos2(middle + gap, rect.top()), rect.max);
        let diagram_height = (right.height() * 0.4)
            .min(right.width() * 0.8)
            .clamp(150.0, 520.0);
        let edge = right.bottom() - diagram_height;
        Self {
            matrix: Rect::from_min_max(rect.min, pos2(middle, rect.bottom())),
            gallery: Rect::from_min_max(right.min, pos2(right.right(), edge - theme::MARGIN)),
            reliability: Rect::from_min_max(pos2(right.left(), edge), right.max),
        }
    }

    /// All above each other.
    fn stacked(rect: Rect) -> Self {
        let matrix_height =
            (rect.width() - matrix::BESIDE.x) * matrix::CELL_ASPECT + matrix::BESIDE.y;
        let part = |top: f32, height: f32| {
            Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), height))
        };
        let matrix = part(rect.top(), matrix_height);
        let gallery = part(matrix.bottom() + theme::MARGIN, STACKED_HEIGHTS[0]);
        Self {
            matrix,
            gallery,
            reliability: part(gallery.bottom() + theme::MARGIN, STACKED_HEIGHTS[1]),
        }
    }

    fn whole(&self) -> Rect {
        self.matrix.union(self.gallery).union(self.reliability)
    }
}

/// What there is to say before the first test.
fn nothing_ui(ui: &mut Ui, state: &State) {
    let palette = Palette::of(ui.style());
    let rect = ui.available_rect_before_wrap();
    let text = if state.measuring.active_number().is_some() {
        "Reading the pictures"
    } else {
        "Press Test now to see which digits the model misclassifies."
    };
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        theme::font(theme::HEADING),
        palette.weak,
    );
}
