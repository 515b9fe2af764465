//! What is learned from: where it comes from, and how much of it.

use egui::{Align2, Rect, Sense, TextEdit, Ui, WidgetInfo, accesskit::Role, pos2, vec2};

use super::{
    groups,
    rows::{fault, remark, rows, switch},
};
use crate::{
    app::{
        action::{Action, PathPurpose},
        state::{form::TrainingForm, training::Training},
    },
    bitmap::Digit,
    data::preview::DatasetPreview,
    format,
    ui::{
        gallery::ask_for_data,
        theme::{self, Palette},
    },
};

pub(super) fn data_ui(
    ui: &mut Ui,
    training: &Training,
    form: &mut TrainingForm,
    actions: &mut Vec<Action>,
) {
    ui.radio_value(&mut form.from_folder, false, "MNIST, built in")
        .on_hover_text(
            "70,000 digits written by 500 people; 10,000 of them are kept for the test.",
        );
    ui.radio_value(&mut form.from_folder, true, "A folder").on_hover_text(
        "Four files in MNIST's format, packed with gzip or not: Fashion-MNIST, KMNIST, EMNIST digits.",
    );
    if form.from_folder {
        folder_ui(ui, form, actions);
    }
    ask_for_data(ui, training, form, actions);
    // The counts come a moment later; below the fields, so that none moves away from under the pointer.
    groups::amounts_ui(ui, form);
    if training.correction_count != Some(0) {
        corrections_ui(ui, training.correction_count, form, actions);
    }
    match form.source().and_then(|source| training.data.of(&source)) {
        Some(Ok(preview)) => counts_ui(ui, preview),
        Some(Err(reason)) => fault(ui, reason),
        None => {}
    }
}

/// Whether to learn from the drawings that are kept, and the way to be rid of one. A folder may show other things than
/// digits, so that they are not learned beside it.
fn corrections_ui(
    ui: &mut Ui,
    kept: Option<usize>,
    form: &mut TrainingForm,
    actions: &mut Vec<Action>,
) {
    let which = match kept {
        None => "the drawings that you kept, which cannot be read now".to_owned(),
        Some(1) => "the drawing that you kept".to_owned(),
        Some(kept) => format!("the {} drawings that you kept", format::count(kept)),
    };
    if form.from_folder {
        remark(ui, format!("Beside MNIST alone: {which}"));
    } else {
        let text = format!("Learn from {which}");
        rows(ui, "hand", |ui| {
            let help = format!("{text}, beside MNIST: each up to 20 times an epoch.");
            switch(ui, "Your drawings", &help, &mut form.uses_corrections);
        });
        remark(ui, text);
    }
    let forget = theme::small_button(ui, "Forget the last");
    let help = "Removes the drawing that you kept last, and puts it on the pad again.";
    if forget.on_hover_text(help).clicked() {
        actions.push(Action::RemoveLastCorrection);
    }
}

fn folder_ui(ui: &mut Ui, form: &mut TrainingForm, actions: &mut Vec<Action>) {
    let response = ui.add(
        TextEdit::singleline(&mut form.folder)
            .hint_text("Path of the folder")
            .desired_width(f32::INFINITY),
    );
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, "Path of the data folder");
        info.current_text_value = Some(form.folder.clone());
        info
    });
    if ui.button("Choose the folder…").clicked() {
        actions.push(Action::AskPath(PathPurpose::DataFolder));
    }
}

/// How many images there are of each digit, as small bars.
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
            theme::font(12.0),
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
    remark(
        ui,
        format!(
            "{} images to learn from, {} to test with",
            format::count(preview.train_len()),
            format::count(tested)
        ),
    );
}
