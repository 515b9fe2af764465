//! The choice of a preset, and what is to be expected of it.

use egui::{ComboBox, RichText, Ui};

use crate::{
    app::{action::Action, state::training::Training},
    format,
    training::config::Preset,
    ui::{gallery::ask_for_data, theme},
};

pub(super) fn preset_ui(ui: &mut Ui, training: &Training, actions: &mut Vec<Action>) {
    let form = &training.form;
    let changed = if form.is_changed() { ", changed" } else { "" };
    let label = ui.label("Preset");
    let combo = ComboBox::from_id_salt("preset")
        .width(ui.available_width())
        .selected_text(format!("{}{changed}", form.preset))
        .show_ui(ui, |ui| {
            for preset in Preset::ALL {
                let selected = preset == form.preset && !form.is_changed();
                let option = ui.selectable_label(selected, preset.name());
                if option.on_hover_text(preset.description()).clicked() {
                    actions.push(Action::PresetChosen(preset));
                }
            }
        });
    combo.response.labelled_by(label.id).on_hover_text(
        "A preset is a whole recipe: the network and how it is trained. Choose one and press Train.",
    );
    let [recipe, expectation] = [form.preset.description(), expectation(form.preset)];
    let said = if form.is_changed() {
        format!("{recipe}.")
    } else {
        format!("{recipe}. {expectation}.")
    };
    ui.label(RichText::new(said).small().weak());
    ui.label(RichText::new(time_ahead(training)).small().weak());
    ask_for_time(ui, training, actions);
    if form.is_changed() {
        let reset = theme::small_button(ui, "Reset to the preset");
        if reset
            .on_hover_text("Sets all as the preset has it.")
            .clicked()
        {
            actions.push(Action::PresetChosen(form.preset));
        }
    }
    ui.add_space(theme::GAP);
}

/// What a preset reaches, in round numbers: README.md has them with their spread over seeds.
fn expectation(preset: Preset) -> &'static str {
    match preset {
        Preset::Keras => "Expect 97 to 98\u{a0}% on MNIST's test images",
        Preset::Quick => "Expect over 99\u{a0}% on MNIST's test images",
        Preset::Balanced => {
            "Expect over 99\u{a0}% on MNIST's test images, and far more of what people draw"
        }
        Preset::Best => {
            "Expect over 99\u{a0}% on MNIST's test images, and most of what people draw"
        }
    }
}

/// How long the training will take here.
fn time_ahead(training: &Training) -> String {
    if let Some(secs) = training.expected_secs() {
        return format!(
            "About {} on this computer, measured just now.",
            format::duration(secs)
        );
    }
    let config = training.form.config();
    let rehearsed = config
        .ok()
        .and_then(|config| training.rehearsals.of(&config));
    match rehearsed {
        None => "Time: some steps are timed when you come here.".to_owned(),
        Some(Ok(_)) => "Time: shown when the data are found.".to_owned(),
        Some(Err(_)) => "Time: shown after the first seconds.".to_owned(),
    }
}

/// Asks for what the time ahead hangs on once the pointer is on the panel, so that whoever only draws pays nothing
/// for it; unless somebody is still typing or pulling at a setting.
fn ask_for_time(ui: &Ui, training: &Training, actions: &mut Vec<Action>) {
    let is_settled = ui.memory(|memory| memory.focused().is_none())
        && ui.rect_contains_pointer(ui.clip_rect())
        && !ui.input(|input| input.pointer.any_down());
    let Ok(config) = training.form.config() else {
        return;
    };
    if is_settled && training.rehearsals.lacks(&config) {
        actions.push(Action::Rehearse);
    }
    if training.form.from_folder {
        ask_for_data(ui, training, &training.form, actions);
    }
}
