//! Training images as the network will be fed with them: varied and filtered as the hyperparameters are set.

use egui::{
    Color32, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role,
    vec2,
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{
    atlas::Atlas,
    theme::{self, Palette},
};
use crate::{
    app::{
        action::Action,
        state::{form::TrainingForm, training::Training},
    },
    bitmap::{Bitmap, PIXELS},
    data::augment::Augmentation,
    model::preprocess::Preprocessing,
};

/// Images beside each other.
const COLUMNS: usize = 8;
/// Between two images, in points.
const GAP: f32 = 3.0;

/// What the images depend on.
#[derive(Clone, Debug, PartialEq)]
struct Recipe {
    augmentation: Augmentation,
    filters: Preprocessing,
    seed: u64,
    /// Counts how often other variations were asked for.
    round: u64,
    /// Of the first image: another one comes from other data.
    first: [u8; PIXELS],
}

/// The images as they were made last.
#[derive(Debug, Default)]
pub(crate) struct Gallery {
    atlas: Atlas<(Recipe, usize)>,
    recipe: Option<Recipe>,
    round: u64,
    pictures: Vec<Bitmap>,
    /// How many of them are by the recipe.
    fresh: usize,
}

impl Gallery {
    /// Draws the gallery, or asks for a look at the data first.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        training: &Training,
        form: &TrainingForm,
        actions: &mut Vec<Action>,
    ) {
        let Some(source) = form.source() else { return };
        let Some(Ok(preview)) = training.data.of(&source) else {
            ask_for_data(ui, training, form, actions);
            return;
        };
        let Some(first) = preview.images.first() else {
            return;
        };
        let recipe = Recipe {
            augmentation: form.draft.augmentation,
            filters: form.draft.model.preprocessing(),
            seed: form.draft.seed,
            round: self.round,
            first: *first,
        };
        self.make_some(ui, recipe, &preview.images);
        self.pictures_ui(ui);
        ui.horizontal(|ui| {
            let help = "Varies the same images anew, as the next epoch does.";
            let again = theme::small_button(ui, "Vary again");
            if again.on_hover_text(help).clicked() {
                self.round += 1;
            }
            ui.label(
                egui::RichText::new("Training images, so varied")
                    .small()
                    .weak(),
            );
        });
    }

    /// Makes a row of images, so that no frame takes long over it; the others still are as they were.
    fn make_some(&mut self, ui: &Ui, recipe: Recipe, images: &[[u8; PIXELS]]) {
        if self.recipe.as_ref() != Some(&recipe) {
            self.fresh = 0;
        }
        self.pictures.resize(images.len(), Bitmap::blank());
        let row = self.fresh..images.len().min(self.fresh + COLUMNS);
        for index in row.clone() {
            self.pictures[index] = fed(&images[index], &recipe, index);
        }
        self.fresh = row.end;
        if self.fresh < images.len() {
            ui.ctx().request_repaint();
        }
        self.recipe = Some(recipe.clone());
        let pictures = self.pictures.clone();
        self.atlas
            .show(ui, (recipe, self.fresh), pictures.into_iter());
    }

    fn pictures_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui.style());
        let side = (ui.available_width() + GAP) / COLUMNS as f32 - GAP;
        let rows = self.pictures.len().div_ceil(COLUMNS);
        let height = rows as f32 * (side + GAP) - GAP;
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        for index in 0..self.pictures.len() {
            let Some((texture, place)) = self.atlas.place(index) else {
                continue;
            };
            let (column, row) = ((index % COLUMNS) as f32, (index / COLUMNS) as f32);
            let corner = rect.min + vec2(column, row) * (side + GAP);
            let tile = Rect::from_min_size(corner, Vec2::splat(side));
            ui.painter().image(texture, tile, place, Color32::WHITE);
            ui.painter().rect_stroke(
                tile,
                CornerRadius::ZERO,
                Stroke::new(1.0, palette.outline),
                StrokeKind::Inside,
            );
        }
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, "What the network is fed");
            info.current_text_value = Some(format!("{} images", self.pictures.len()));
            info
        });
        response.on_hover_text(
            "Training images with the augmentation and the filters as they are set: what the network would \
             see of them.",
        );
    }
}

/// Asks for a look at the data, unless somebody is still typing where they are.
pub(crate) fn ask_for_data(
    ui: &Ui,
    training: &Training,
    form: &TrainingForm,
    actions: &mut Vec<Action>,
) {
    let is_new = form
        .source()
        .is_some_and(|source| !training.data.is_requested(&source));
    if is_new && *form == training.form && ui.memory(|memory| memory.focused().is_none()) {
        actions.push(Action::PreviewData);
    }
}

/// One image as the network would be fed with it.
fn fed(image: &[u8; PIXELS], recipe: &Recipe, index: usize) -> Bitmap {
    let mut image = *image;
    if !recipe.augmentation.is_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
        rng.set_stream((recipe.round << 8) + index as u64);
        image = recipe.augmentation.apply(&image, &mut rng);
    }
    recipe.filters.apply(&mut image);
    Bitmap::from_bytes(&image)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(augmentation: Augmentation, filters: Preprocessing) -> Recipe {
        Recipe {
            augmentation,
            filters,
            seed: 1,
            round: 0,
            first: [0; PIXELS],
        }
    }

    #[test]
    fn images_are_varied_and_filtered_as_the_knobs_say() {
        let mut image = [0; PIXELS];
        for row in 8..20 {
            image[row * 28 + 13..row * 28 + 16].fill(200);
        }
        let none = (Augmentation::default(), Preprocessing::default());
        let plain = fed(&image, &recipe(none.0, none.1), 0);
        assert_eq!(plain.to_bytes(), image, "as it is");
        let hand = recipe(Augmentation::HANDWRITING, none.1);
        let varied = fed(&image, &hand, 0);
        assert_ne!(varied.to_bytes(), image, "varied");
        assert_eq!(varied, fed(&image, &hand, 0), "and does not flicker");
        assert_ne!(varied, fed(&image, &hand, 1), "each in its own way");
        let filters = Preprocessing {
            threshold: 0.5,
            ..none.1
        };
        let filtered = fed(&image, &recipe(none.0, filters), 0);
        assert!(
            filtered.to_bytes().iter().all(|&pixel| pixel % 255 == 0),
            "black and white"
        );
    }
}
