//! Training images as the network sees them: augmented and preprocessed with the settings of the form.

use egui::{
    Color32, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role,
    vec2,
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{atlas::Atlas, theme::Palette, widgets::small_button};
use crate::{
    app::{
        action::Action,
        state::{form::TrainingForm, training::Training},
    },
    bitmap::{Bitmap, PIXELS},
    data::augment::Augmentation,
    model::preprocess::Preprocessing,
};

/// Images in a row.
const COLUMNS: usize = 8;
/// The distance of two images in points.
const GAP: f32 = 3.0;

/// All that the images depend on.
#[derive(Clone, Debug, PartialEq)]
struct Recipe {
    augmentation: Augmentation,
    preprocessing: Preprocessing,
    seed: u64,
    /// Counts the clicks on "Augment again".
    round: u64,
    /// The first image, which identifies the dataset.
    first: [u8; PIXELS],
}

/// The gallery and its images.
#[derive(Debug, Default)]
pub(crate) struct Gallery {
    atlas: Atlas<(Recipe, usize)>,
    recipe: Option<Recipe>,
    round: u64,
    images: Vec<Bitmap>,
    /// The number of images made from the current recipe.
    fresh: usize,
}

impl Gallery {
    /// Draws the gallery, or asks for a preview of the dataset first.
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
            preprocessing: form.draft.model.preprocessing(),
            seed: form.draft.seed,
            round: self.round,
            first: *first,
        };
        self.make_some(ui, recipe, &preview.images);
        self.images_ui(ui);
        ui.horizontal_wrapped(|ui| {
            let help = "Augments the same images anew, as the next epoch does.";
            let again = small_button(ui, "Augment again");
            if again.on_hover_text(help).clicked() {
                self.round += 1;
            }
            ui.label(
                egui::RichText::new("As the network sees them")
                    .small()
                    .weak(),
            );
        });
    }

    /// Makes one row of images, which keeps the frame short. The rows below still show the previous recipe.
    fn make_some(&mut self, ui: &Ui, recipe: Recipe, images: &[[u8; PIXELS]]) {
        if self.recipe.as_ref() != Some(&recipe) {
            self.fresh = 0;
        }
        self.images.resize(images.len(), Bitmap::blank());
        let row = self.fresh..images.len().min(self.fresh + COLUMNS);
        for index in row.clone() {
            self.images[index] = network_input(&images[index], &recipe, index);
        }
        self.fresh = row.end;
        if self.fresh < images.len() {
            ui.ctx().request_repaint();
        }
        self.recipe = Some(recipe.clone());
        let bitmaps = self.images.clone();
        self.atlas
            .show(ui, (recipe, self.fresh), bitmaps.into_iter());
    }

    fn images_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui.style());
        let side = (ui.available_width() + GAP) / COLUMNS as f32 - GAP;
        let rows = self.images.len().div_ceil(COLUMNS);
        let height = rows as f32 * (side + GAP) - GAP;
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        for index in 0..self.images.len() {
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
            let mut info = WidgetInfo::labeled(Role::Image, true, "Training images as inputs");
            info.current_text_value = Some(format!("{} images", self.images.len()));
            info
        });
        response.on_hover_text(
            "Training images with the current augmentation and preprocessing, as the network sees them.",
        );
    }
}

/// Asks for a preview of the dataset, unless the user is typing its folder.
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

/// One image as the network sees it.
fn network_input(image: &[u8; PIXELS], recipe: &Recipe, index: usize) -> Bitmap {
    let mut image = *image;
    if !recipe.augmentation.is_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
        rng.set_stream((recipe.round << 8) + index as u64);
        image = recipe.augmentation.apply(&image, &mut rng);
    }
    recipe.preprocessing.apply(&mut image);
    Bitmap::from_bytes(&image)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(augmentation: Augmentation, preprocessing: Preprocessing) -> Recipe {
        Recipe {
            augmentation,
            preprocessing,
            seed: 1,
            round: 0,
            first: [0; PIXELS],
        }
    }

    #[test]
    fn images_are_augmented_and_preprocessed() {
        let mut image = [0; PIXELS];
        for row in 8..20 {
            image[row * 28 + 13..row * 28 + 16].fill(200);
        }
        let none = (Augmentation::default(), Preprocessing::default());
        let plain = network_input(&image, &recipe(none.0, none.1), 0);
        assert_eq!(plain.to_bytes(), image, "unchanged");
        let augmentation = recipe(Augmentation::HANDWRITING, none.1);
        let augmented = network_input(&image, &augmentation, 0);
        assert_ne!(augmented.to_bytes(), image, "augmented");
        assert_eq!(
            augmented,
            network_input(&image, &augmentation, 0),
            "the same in each frame"
        );
        assert_ne!(
            augmented,
            network_input(&image, &augmentation, 1),
            "different for each image"
        );
        let filters = Preprocessing {
            threshold: 0.5,
            ..none.1
        };
        let filtered = network_input(&image, &recipe(none.0, filters), 0);
        assert!(
            filtered.to_bytes().iter().all(|&pixel| pixel % 255 == 0),
            "black and white"
        );
    }
}
