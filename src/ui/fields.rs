//! The knobs of a training, each with what it does in plain words.

use egui::{ComboBox, DragValue, Grid, Response, RichText, TextEdit, Ui, Vec2};

use crate::{
    app::{
        action::{Action, PathPurpose},
        state::form::TrainingForm,
    },
    model::Activation,
};

/// Draws all fields and changes the form as the person does.
pub(crate) fn fields_ui(ui: &mut Ui, form: &mut TrainingForm, actions: &mut Vec<Action>) {
    Grid::new("fields")
        .num_columns(2)
        .spacing([16.0, 8.0])
        .show(ui, |ui| {
            numbers_ui(ui, form);
            network_ui(ui, form);
        });
    data_ui(ui, form, actions);
}

/// A row of the grid: the label names the control for screen readers, and both explain on hover.
fn row(ui: &mut Ui, label: &str, help: &str, control: impl FnOnce(&mut Ui) -> Response) {
    let label = ui.label(label).on_hover_text(help);
    control(ui).labelled_by(label.id).on_hover_text(help);
    ui.end_row();
}

/// All controls are of one width.
fn control_size(ui: &Ui) -> Vec2 {
    Vec2::new(
        ui.spacing().combo_width + 24.0,
        ui.spacing().interact_size.y,
    )
}

fn numbers_ui(ui: &mut Ui, form: &mut TrainingForm) {
    let numbers = &mut form.numbers;
    let help = "How often the network sees every training image. More epochs learn more, up to a point: \
                then it only learns these images by heart.";
    row(ui, "Epochs", help, |ui| {
        ui.add(
            DragValue::new(&mut numbers.epochs)
                .range(1..=10_000)
                .speed(0.1)
                .min_size(control_size(ui)),
        )
    });
    let help = "How many images are looked at before the weights are changed once. Small batches learn \
                in many shaky steps, large ones in few steady steps.";
    row(ui, "Batch size", help, |ui| {
        let speed = numbers.batch_size as f64 / 50.0;
        ui.add(
            DragValue::new(&mut numbers.batch_size)
                .range(1..=8192)
                .speed(speed)
                .min_size(control_size(ui)),
        )
    });
    let help = "How far each step goes. Too small, and it learns slowly; too large, and it overshoots \
                and learns nothing.";
    row(ui, "Learning rate", help, |ui| {
        // The step follows the value, so that 0.1 and 0.0001 are set with the same ease.
        let speed = numbers.learning_rate / 100.0;
        ui.add(
            DragValue::new(&mut numbers.learning_rate)
                .range(1e-9..=10.0)
                .speed(speed)
                .max_decimals(9)
                .custom_formatter(|value, _| short(value))
                .min_size(control_size(ui)),
        )
    });
    let help = "The part of the training images that is held back. After each epoch it shows how the \
                network does on images that it has not learnt from.";
    row(ui, "Validation part", help, |ui| {
        let mut percent = numbers.validation_split * 100.0;
        let drag = DragValue::new(&mut percent)
            .range(0.0..=90.0)
            .speed(0.5)
            .max_decimals(1)
            .suffix(" %")
            .min_size(control_size(ui));
        let response = ui.add(drag);
        if response.changed() {
            numbers.validation_split = percent / 100.0;
        }
        response
    });
    let help = "Where the dice start. The same seed gives the same training again, another one gives a \
                slightly different one.";
    row(ui, "Seed", help, |ui| {
        ui.add(
            DragValue::new(&mut numbers.seed)
                .range(0..=u64::from(u32::MAX))
                .speed(0.1)
                .min_size(control_size(ui)),
        )
    });
}

/// At most three digits that matter, without trailing zeros.
fn short(value: f64) -> String {
    let decimals = (2.0 - value.abs().max(1e-9).log10().floor()).clamp(0.0, 11.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn network_ui(ui: &mut Ui, form: &mut TrainingForm) {
    let help = "The layers between the 784 pixels and the ten digits: how many units each has, with \
                commas between them, such as 256,128. Nothing at all is a network without hidden layers.";
    let width = control_size(ui).x;
    row(ui, "Hidden layers", help, |ui| {
        ui.add(TextEdit::singleline(&mut form.hidden).desired_width(width))
    });
    if let Err(refusal) = form.model() {
        ui.label("");
        let text = format!("Found {}, expected {}.", refusal.found, refusal.expected);
        let color = ui.visuals().error_fg_color;
        ui.label(RichText::new(text).small().color(color));
        ui.end_row();
    }
    let help = "What a unit does with the sum of its inputs. ReLU lets what is positive through; sigmoid \
                and tanh bend it into a range.";
    row(ui, "Activation", help, |ui| {
        let combo = ComboBox::from_id_salt("activation")
            .width(width)
            .selected_text(form.activation.name());
        let shown = combo.show_ui(ui, |ui| {
            for activation in Activation::ALL {
                ui.selectable_value(&mut form.activation, activation, activation.name());
            }
        });
        shown.response
    });
}

fn data_ui(ui: &mut Ui, form: &mut TrainingForm, actions: &mut Vec<Action>) {
    ui.label("Data")
        .on_hover_text("The labelled images that it learns from.");
    ui.radio_value(&mut form.from_folder, false, "MNIST, built in")
        .on_hover_text(
            "70,000 digits written by 500 people; 10,000 of them are kept for the test.",
        );
    ui.radio_value(&mut form.from_folder, true, "A folder").on_hover_text(
        "Four files in MNIST's format, packed with gzip or not: Fashion-MNIST, KMNIST, EMNIST digits.",
    );
    if form.from_folder {
        let response = ui.add(
            TextEdit::singleline(&mut form.folder)
                .hint_text("Path of the folder")
                .desired_width(f32::INFINITY),
        );
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::labeled(
                egui::accesskit::Role::TextInput,
                true,
                "Path of the data folder",
            );
            info.current_text_value = Some(form.folder.clone());
            info
        });
        if ui.button("Choose the folder…").clicked() {
            actions.push(Action::AskPath(PathPurpose::DataFolder));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_rates_are_short() {
        let cases = [
            (0.001, "0.001"),
            (0.1, "0.1"),
            (10.0, "10"),
            (0.000_123_4, "0.000123"),
            (1e-9, "0.000000001"),
            (0.0, "0"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text, "of {value}");
        }
    }
}
