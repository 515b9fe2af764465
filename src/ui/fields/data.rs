//! The data set of a training: its source, the saved corrections, and the number of images.

use egui::{Align2, Rect, Sense, TextEdit, Ui, WidgetInfo, accesskit::Role, pos2, vec2};

use super::rows::{row, rows, switch};
use crate::{
    app::{
        action::Action,
        state::{form::TrainingForm, training::Training},
    },
    bitmap::Digit,
    data::preview::DatasetPreview,
    format,
    ui::{
        correct::all_corrections_ui,
        gallery::ask_for_data,
        theme::{self, Palette},
        widgets::{escape_restores, note, problem},
    },
    worker::file_tasks::FilePurpose,
};

/// Where the examples come from.
pub(super) fn source_ui(
    ui: &mut Ui,
    training: &Training,
    form: &mut TrainingForm,
    actions: &mut Vec<Action>,
) {
    ui.radio_value(&mut form.from_folder, false, "MNIST (built in)")
        .on_hover_text("60,000 training and 10,000 test images of digits by 500 writers.");
    ui.radio_value(&mut form.from_folder, true, "Folder").on_hover_text(
        "Four IDX files in MNIST's format, gzip-compressed or not: Fashion-MNIST, KMNIST, EMNIST Digits.",
    );
    if form.from_folder {
        folder_ui(ui, form, actions);
    }
    ask_for_data(ui, training, form, actions);
}

/// The saved corrections and the number of images. They appear a moment later, so they stand below all fields: none
/// moves away from under the pointer.
pub(super) fn contents_ui(
    ui: &mut Ui,
    training: &Training,
    form: &mut TrainingForm,
    actions: &mut Vec<Action>,
) {
    if training.correction_count != Some(0) {
        corrections_ui(ui, training.correction_count, form, actions);
    }
    match form.source().and_then(|source| training.data.of(&source)) {
        Some(Ok(preview)) => {
            counts_ui(ui, preview);
            let draft = &form.draft;
            let all = preview.train_len() as f64;
            let others = (all * (1.0 - draft.validation_split)).floor();
            let (training, validation) = ((others * draft.data_fraction).round(), all - others);
            let [training, validation] =
                [training, validation].map(|it| format::count(it as usize));
            note(
                ui,
                format!("{training} of the training images train, {validation} validate"),
            );
        }
        Some(Err(reason)) => problem(ui, reason),
        None => {}
    }
}

/// Whether to train on the saved corrections. A folder may have other classes than digits, so that they are used with
/// MNIST alone.
fn corrections_ui(
    ui: &mut Ui,
    count: Option<usize>,
    form: &mut TrainingForm,
    actions: &mut Vec<Action>,
) {
    let which = match count {
        None => "your corrections, whose file cannot be read".to_owned(),
        Some(1) => "your correction".to_owned(),
        Some(count) => format!("your {} corrections", format::count(count)),
    };
    if form.from_folder {
        note(ui, format!("Only with MNIST: {which}"));
    } else {
        let help = format!("Trains on {which}, each up to 20 times an epoch.");
        rows(ui, "corrections", |ui| {
            row(ui, "Corrections", &help, false, |ui| {
                switch(ui, &mut form.uses_corrections)
            });
        });
        note(ui, format!("Train on {which}"));
    }
    all_corrections_ui(ui, actions);
}

fn folder_ui(ui: &mut Ui, form: &mut TrainingForm, actions: &mut Vec<Action>) {
    let mut response = ui.add(
        TextEdit::singleline(&mut form.folder)
            .hint_text("Path of the data folder")
            .desired_width(f32::INFINITY),
    );
    escape_restores(&mut response, &mut form.folder, true);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, "Path of the data folder");
        info.current_text_value = Some(form.folder.clone());
        info
    });
    if ui.button("Choose folder…").clicked() {
        actions.push(Action::AskPath(FilePurpose::TrainingFolder));
    }
}

/// The number of training images of each digit, as small bars.
fn counts_ui(ui: &mut Ui, preview: &DatasetPreview) {
    let palette = Palette::of(ui.style());
    let (bars_height, caption) = (34.0, 16.0);
    let size = vec2(ui.available_width(), bars_height + caption);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let most = preview
        .train_counts
        .iter()
        .max()
        .copied()
        .unwrap_or(1)
        .max(1);
    let width = rect.width() / 10.0;
    for digit in Digit::ALL {
        let count = preview.train_counts[digit.index()];
        let left = rect.left() + width * digit.index() as f32;
        let bottom = rect.bottom() - caption;
        let height = bars_height * count as f32 / most as f32;
        let bar = Rect::from_min_max(
            pos2(left + 2.0, bottom - height),
            pos2(left + width - 2.0, bottom),
        );
        ui.painter().rect_filled(bar, 2.0, palette.bar);
        ui.painter().text(
            pos2(left + width / 2.0, rect.bottom()),
            Align2::CENTER_BOTTOM,
            digit.to_string(),
            theme::font(theme::SMALL),
            palette.weak,
        );
    }
    let counts: Vec<String> = Digit::ALL
        .iter()
        .map(|digit| {
            format!(
                "{digit}: {}",
                format::count(preview.train_counts[digit.index()])
            )
        })
        .collect();
    let text = counts.join(", ");
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Figure, true, "Training images of each digit");
        info.current_text_value = Some(text.clone());
        info
    });
    response.on_hover_text(format!("Training images of each digit: {text}."));
    let tested: usize = preview.test_counts.iter().sum();
    note(
        ui,
        format!(
            "{} training images, {} test images",
            format::count(preview.train_len()),
            format::count(tested)
        ),
    );
}
