//! The hyperparameters of what is done to images before the network sees them.

use egui::Ui;

use super::rows::{number, remark, rows};
use crate::{app::state::form::TrainingForm, training::config::hyperparameter};

pub(super) fn preprocessing_ui(ui: &mut Ui, form: &mut TrainingForm) {
    remark(
        ui,
        "Every image passes these before the network. They belong to the model. 0 is none.",
    );
    let mut filters = form.numbers.model.preprocessing();
    rows(ui, "preprocessing", |ui| {
        let help = "Takes away this part of a digit's slant: hands lean, and what a network need not learn it \
                    cannot get wrong.";
        number(
            ui,
            "Upright",
            help,
            hyperparameter::DESLANT,
            &mut filters.deslant,
        );
        let help = "Brings a digit's width this part of the way to one that is usual.";
        number(
            ui,
            "Even width",
            help,
            hyperparameter::EVEN_WIDTH,
            &mut filters.width_normalization,
        );
        let help = "Each pixel becomes the middle one of its neighbors, so many pixels to each side: against \
                    single wrong pixels.";
        number(
            ui,
            "Median, pixels",
            help,
            hyperparameter::MEDIAN,
            &mut filters.median_px,
        );
        let help = "Blurs by this many pixels: against grain.";
        number(
            ui,
            "Blur, pixels",
            help,
            hyperparameter::GAUSSIAN,
            &mut filters.gaussian_px,
        );
        let help = "Makes what is at least this dark ink and all else paper: against gray.";
        number(
            ui,
            "Black and white at",
            help,
            hyperparameter::THRESHOLD,
            &mut filters.threshold,
        );
    });
    if filters != form.numbers.model.preprocessing() {
        form.set_filters(filters);
    }
}

pub(super) fn augmentation_ui(ui: &mut Ui, form: &mut TrainingForm) {
    remark(
        ui,
        "Varies every image anew each time it is seen, as hands vary. Never mirrored: that is another sign.",
    );
    let augmentation = &mut form.numbers.augmentation;
    rows(ui, "augmentation", |ui| {
        let help = "Turns by up to so many degrees either way.";
        number(
            ui,
            "Rotation, degrees",
            help,
            hyperparameter::ROTATION,
            &mut augmentation.rotation_deg,
        );
        let help = "Stretches and shrinks each way by up to this part.";
        number(
            ui,
            "Scale",
            help,
            hyperparameter::SCALE,
            &mut augmentation.scale,
        );
        let help = "Slants by up to so many pixels a pixel of height.";
        number(
            ui,
            "Shear",
            help,
            hyperparameter::SHEAR,
            &mut augmentation.shear,
        );
        let help = "Shifts by up to so many pixels each way.";
        number(
            ui,
            "Shift, pixels",
            help,
            hyperparameter::SHIFT,
            &mut augmentation.shift_px,
        );
        let help = "Wobbles the lines smoothly by about so many pixels.";
        number(
            ui,
            "Elastic, pixels",
            help,
            hyperparameter::ELASTIC,
            &mut augmentation.elastic_px,
        );
        let help = "Makes strokes thicker by up to so many pixels on each side, or thinner by half as many.";
        number(
            ui,
            "Thickness, pixels",
            help,
            hyperparameter::THICKNESS,
            &mut augmentation.thickness_px,
        );
        let help = "Leaves out this part of the inked pixels, here and there, so that the network relies on none too \
                    much.";
        number(
            ui,
            "Gaps",
            help,
            hyperparameter::GAPS,
            &mut augmentation.gaps,
        );
        if !augmentation.is_none() {
            let help = "The last part of the training in which all of it grows weaker: what is learned last should \
                        look like what will be read.";
            number(
                ui,
                "Taper",
                help,
                hyperparameter::TAPER,
                &mut augmentation.taper,
            );
        }
    });
}
