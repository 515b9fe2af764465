//! *It looked like these*: the nearest training images.

use std::collections::BTreeMap;

use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Rect, Response, RichText, Sense, Stroke, StrokeKind,
    TextureId, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::part;
use crate::{
    app::{
        action::Action,
        state::{State, explanation::ExplanationAction},
    },
    bitmap::Digit,
    format,
    ui::{
        atlas::Atlas,
        roving::RovingFocus,
        theme::{self, Palette},
    },
    worker::explainer::{Neighbors, TrainingImage},
};

pub(super) const METHOD: &str = "The network turns a picture x into the outputs of its last hidden layer, a list of \
    numbers a(x), and these into the logits f(x). Shown are the training images t of MNIST with the smallest distance \
    √(|f(x) − f(t)|² + s²·|a(x) − a(t)|²), found by comparing with every one of them. s is the norm of the last weights \
    divided by the root of the number of units: of random weights of this size, both parts would be equal. So what the \
    last layer weighs most counts most. People judge an answer better by such examples than by heat maps (Nguyen, Kim \
    and Nguyen, \"The effectiveness of feature attribution methods\", NeurIPS 2021). A network with random weights also \
    finds pictures that look alike, but mostly others.";

/// The images.
const COUNT: usize = 8;
/// The height of the summary and of a caption, in points.
const SUMMARY: f32 = 26.0;
const CAPTION: f32 = 20.0;
/// The side of a tile from which all tiles are in one row, in points.
const MIN_SIDE: f32 = 48.0;

/// The tiles of some training images in a rectangle: one row, or two where it is narrow.
#[derive(Debug, Default)]
pub(super) struct ImageTiles {
    atlas: Atlas<Vec<usize>>,
}

/// The columns of tiles in a width, and the side of a tile.
fn columns_of(width: f32) -> (usize, f32) {
    let side = |columns: usize| (width + theme::GAP) / columns as f32 - theme::GAP;
    let columns = if side(COUNT) >= MIN_SIDE {
        COUNT
    } else {
        COUNT / 2
    };
    (columns, side(columns).min(140.0))
}

/// The height of the view in the story.
pub(super) fn height(width: f32) -> f32 {
    let (columns, side) = columns_of(width);
    SUMMARY + (COUNT / columns) as f32 * (side.min(100.0) + CAPTION)
}

/// The state of the view between frames.
#[derive(Debug, Default)]
pub(super) struct NeighborsView {
    tiles: ImageTiles,
}

impl NeighborsView {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        neighbors: &Neighbors,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        let answer = state.pad.answer().map(|answer| answer.prediction.digit());
        let head = rect.with_max_y(rect.top() + SUMMARY);
        part(ui, head, "summary").horizontal(|ui| {
            let text = RichText::new(summary(neighbors, answer));
            ui.label(text.font(theme::strong(theme::BODY)));
            let images = RichText::new(progress(neighbors)).small().weak();
            ui.add(egui::Label::new(images).truncate());
        });
        let place = rect.with_min_y(rect.top() + SUMMARY);
        let (mut columns, mut side) = columns_of(place.width());
        let fits = |columns: usize, side: f32| {
            (COUNT / columns) as f32 * (side + CAPTION) <= place.height() + 1.0
        };
        // An enlarged view has room for two rows of larger tiles.
        let (fewer, larger) = (
            COUNT / 2,
            ((place.height() / 2.0) - CAPTION).min(place.width() / 4.0 - theme::GAP),
        );
        if larger > side && fits(fewer, larger) {
            (columns, side) = (fewer, larger);
        }
        while side > 16.0 && !fits(columns, side) {
            side -= 1.0;
        }
        self.tiles.ui(
            ui,
            place,
            (columns, side),
            &neighbors.images,
            "distance",
            state.rival(),
            actions,
        );
    }
}

impl ImageTiles {
    /// Draws images with their labels. A click puts one on the pad. Those with the label `rival` are amber and framed.
    #[expect(clippy::too_many_arguments, reason = "two views draw the same tiles")]
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        place: Rect,
        (columns, side): (usize, f32),
        images: &[TrainingImage],
        value_name: &str,
        rival: Option<Digit>,
        actions: &mut Vec<Action>,
    ) {
        let key: Vec<usize> = images.iter().map(|image| image.index).collect();
        let bitmaps: Vec<_> = images.iter().map(|image| image.bitmap.clone()).collect();
        self.atlas.show(ui, key, bitmaps.into_iter());
        // By their places: the focus stays where it is while other images come.
        let id = ui.scope_id().with(value_name);
        let mut focus = RovingFocus::of(ui, id, columns, images.len(), None);
        for (index, image) in images.iter().enumerate() {
            let (column, row) = ((index % columns) as f32, (index / columns) as f32);
            let pitch = vec2(side + theme::GAP, side + CAPTION);
            let corner = place.min + pitch * vec2(column, row);
            let tile = Rect::from_min_size(corner, vec2(side, side + CAPTION));
            let texture = self.atlas.place(index);
            let response = focus.interact(ui, index, tile, Sense::CLICK);
            let response = tile_ui(ui, response, image, value_name, rival, texture);
            if response.clicked() {
                actions.push(Action::Explanation(ExplanationAction::Show {
                    index: image.index,
                    label: image.label,
                    bitmap: image.bitmap.clone(),
                }));
            }
        }
    }
}

fn tile_ui(
    ui: &Ui,
    response: Response,
    image: &TrainingImage,
    value_name: &str,
    rival: Option<Digit>,
    texture: Option<(TextureId, Rect)>,
) -> Response {
    let palette = Palette::of(ui.style());
    let TrainingImage {
        index,
        label,
        value,
        ..
    } = image;
    let tile = response.rect;
    let number = format::count(index + 1);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(
            Role::Button,
            true,
            format!("Training image {number}: {label}"),
        );
        info.current_text_value = Some(format!("{value_name} {value:.2}"));
        info
    });
    let picture = Rect::from_min_size(tile.min, Vec2::splat(tile.width()));
    if let Some((texture, place)) = texture {
        ui.painter().image(texture, picture, place, Color32::WHITE);
    }
    let is_rival = rival == Some(*label);
    let (color, width) = match () {
        () if response.hovered() || response.has_focus() => (palette.accent, 2.0),
        () if is_rival => (palette.second, 2.0),
        () => (palette.outline, 1.0),
    };
    let outline = Stroke::new(width, color);
    ui.painter()
        .rect_stroke(picture, CornerRadius::ZERO, outline, StrokeKind::Inside);
    let below = pos2(picture.center().x, picture.bottom() + CAPTION / 2.0);
    let color = if is_rival {
        palette.second
    } else {
        palette.text
    };
    ui.painter().text(
        below,
        Align2::CENTER_CENTER,
        label,
        theme::strong(theme::BODY),
        color,
    );
    response
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_text(format!(
            "Training image {number}, {}, {value_name} {value:.2}. Click to put it on the pad.",
            format::with_article(*label)
        ))
}

/// "7 of 8 are 7s". If most are not of the answer: "6 of 8 are 6s, 2 are the answer 4".
fn summary(neighbors: &Neighbors, answer: Option<Digit>) -> String {
    let mut counts: BTreeMap<Digit, usize> = BTreeMap::new();
    for image in &neighbors.images {
        *counts.entry(image.label).or_default() += 1;
    }
    let Some((&most, &count)) = counts.iter().max_by_key(|&(_, count)| count) else {
        return String::new();
    };
    let all = neighbors.images.len();
    let text = if count == all {
        format!("All {all} are {most}s")
    } else {
        format!("{count} of {all} are {most}s")
    };
    match answer.filter(|&answer| answer != most) {
        Some(answer) => match counts.get(&answer) {
            None => format!("{text}, none is the answer {answer}"),
            Some(1) => format!("{text}, 1 is the answer {answer}"),
            Some(same) => format!("{text}, {same} are the answer {answer}"),
        },
        None => text,
    }
}

/// Of which images these are the nearest.
fn progress(neighbors: &Neighbors) -> String {
    let Neighbors { read, total, .. } = *neighbors;
    if read < total {
        format!(
            "{} of {} images are compared so far",
            format::count(read),
            format::count(total)
        )
    } else {
        format!("among {} training images", format::count(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmap::Bitmap;

    #[test]
    fn the_summary_counts_the_most_frequent_label() {
        let of = |labels: &[usize], answer: usize| {
            let image = |&label: &usize| TrainingImage {
                index: label,
                label: Digit::ALL[label],
                bitmap: Bitmap::blank(),
                value: 1.0,
            };
            let neighbors = Neighbors {
                images: labels.iter().map(image).collect(),
                read: 8,
                total: 8,
            };
            summary(&neighbors, Some(Digit::ALL[answer]))
        };
        assert_eq!(of(&[7, 7, 1, 7], 7), "3 of 4 are 7s");
        assert_eq!(of(&[4, 4], 4), "All 2 are 4s");
        assert_eq!(of(&[6, 4, 6], 4), "2 of 3 are 6s, 1 is the answer 4");
        assert_eq!(of(&[6, 6], 4), "All 2 are 6s, none is the answer 4");
        assert_eq!(of(&[], 4), "", "an empty pad");
    }
}
