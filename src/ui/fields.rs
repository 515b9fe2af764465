//! The hyperparameters of a training, in groups that fold.

mod data;
mod rows;

use egui::{CollapsingHeader, Id, RichText, TextEdit, Ui, UiBuilder, vec2};
use toml::Value;

use self::rows::{choice, control_size, integer, real, row, rows};
use super::{
    gallery::Gallery,
    theme,
    widgets::{escape_restores, note, problem},
};
use crate::{
    app::{
        action::Action,
        state::{form::TrainingForm, training::Training},
    },
    format,
    training::config::hyperparameter::{Hyperparameter, HyperparameterGroup, HyperparameterKind},
};

/// The height of a group's header, in points.
const HEADER_HEIGHT: f32 = 24.0;

/// Draws all groups and changes the form.
pub(super) fn fields_ui(
    ui: &mut Ui,
    training: &Training,
    form: &mut TrainingForm,
    gallery: &mut Gallery,
    actions: &mut Vec<Action>,
) {
    let height = ui.spacing().interact_size.y;
    for group in HyperparameterGroup::ALL {
        // Headers are closer to each other than rows.
        ui.spacing_mut().interact_size.y = HEADER_HEIGHT;
        let mark = if form.is_group_changed(group) {
            " · changed"
        } else {
            ""
        };
        let title =
            RichText::new(format!("{}{mark}", group.name())).font(theme::strong(theme::BODY));
        // A fixed id lets a field keep the keyboard, whatever appears above it.
        let place = UiBuilder::new().scope_id(Id::unique(("group", group.name())));
        ui.scope_builder(place, |ui| {
            CollapsingHeader::new(title)
                .id_salt(group.name())
                .default_open(group == HyperparameterGroup::Network)
                .show_unindented(ui, |ui| {
                    ui.spacing_mut().interact_size.y = height - 4.0;
                    group_ui(ui, group, training, form, gallery, actions);
                    ui.add_space(theme::GAP);
                });
        });
    }
    ui.spacing_mut().interact_size.y = height;
}

fn group_ui(
    ui: &mut Ui,
    group: HyperparameterGroup,
    training: &Training,
    form: &mut TrainingForm,
    gallery: &mut Gallery,
    actions: &mut Vec<Action>,
) {
    match group {
        HyperparameterGroup::Preprocessing => {
            note(
                ui,
                "Every image passes these steps before the network. They belong to the model.",
            );
        }
        HyperparameterGroup::Augmentation => {
            note(
                ui,
                "Training images vary at random each time they are used, within these limits.",
            );
        }
        HyperparameterGroup::Data => data::source_ui(ui, training, form, actions),
        HyperparameterGroup::Network
        | HyperparameterGroup::Training
        | HyperparameterGroup::Optimizer
        | HyperparameterGroup::Regularization => {}
    }
    rows(ui, group.name(), |ui| {
        for hyperparameter in group.hyperparameters() {
            hyperparameter_ui(ui, hyperparameter, form, actions);
        }
    });
    match group {
        HyperparameterGroup::Network => size_ui(ui, form),
        HyperparameterGroup::Optimizer => learning_rate_ui(ui, form),
        HyperparameterGroup::Regularization => early_stopping_ui(ui, form),
        HyperparameterGroup::Preprocessing | HyperparameterGroup::Augmentation => {
            gallery.ui(ui, training, form, actions);
        }
        HyperparameterGroup::Data => {
            early_stopping_ui(ui, form);
            data::contents_ui(ui, training, form, actions);
        }
        HyperparameterGroup::Training => {}
    }
}

/// A row for a hyperparameter; none where it does not apply, as the momentum with Adam. A value out of range is refused.
fn hyperparameter_ui(
    ui: &mut Ui,
    hyperparameter: &Hyperparameter,
    form: &mut TrainingForm,
    actions: &mut Vec<Action>,
) {
    if hyperparameter.value(&form.draft).is_none() {
        return;
    }
    let Hyperparameter { label, help, .. } = hyperparameter;
    let help = match &hyperparameter.kind {
        HyperparameterKind::Integer { .. } | HyperparameterKind::Real { .. } => {
            format!("{help}. Expects {}.", hyperparameter.expected_in_window())
        }
        HyperparameterKind::Choice { .. } | HyperparameterKind::Layers { .. } => format!("{help}."),
    };
    let mut new = None;
    let is_changed = form.is_value_changed(hyperparameter);
    let is_reset = row(ui, label, &help, is_changed, |ui| {
        match &hyperparameter.kind {
            HyperparameterKind::Integer { min, max, get, .. } => {
                let (response, value) = integer(ui, get(&form.draft), *min..=*max);
                let whole = |value: u64| Value::Integer(value.try_into().unwrap_or(i64::MAX));
                new = value.map(|value| value.map_or_else(Value::String, whole));
                response
            }
            HyperparameterKind::Real {
                min,
                max,
                scale,
                get,
                ..
            } => {
                let value = get(&form.draft).unwrap_or(*min);
                let (response, value) = real(ui, value, *min..=*max, *scale);
                new = value.map(|value| value.map_or_else(Value::String, Value::Float));
                response
            }
            HyperparameterKind::Choice { options, get, .. } => {
                let before = get(&form.draft);
                let mut name = before.clone();
                let response = choice(ui, label, &mut name, &options());
                new = (name != before).then_some(Value::String(name));
                response
            }
            HyperparameterKind::Layers { .. } => {
                let width = control_size(ui).x;
                let is_valid = form.with_layers().is_ok();
                let text = form.layers_text(hyperparameter);
                let field = TextEdit::singleline(text).hint_text("none");
                let mut field = ui.add(field.desired_width(width).margin(vec2(8.0, 4.0)));
                escape_restores(&mut field, text, is_valid);
                field
            }
        }
    });
    if is_reset {
        form.reset_value(hyperparameter);
    } else if let Some(value) = new
        && let Err(mut refusal) = hyperparameter.set(&mut form.draft, &value)
    {
        refusal.found = hyperparameter.text_of(&value);
        refusal.expected = hyperparameter.expected_in_window();
        actions.push(Action::Refuse(Box::new(refusal)));
    }
}

/// The size of the network, or why its layers are not valid.
fn size_ui(ui: &mut Ui, form: &TrainingForm) {
    match (form.with_layers(), form.memory()) {
        (Ok(config), Some(memory)) => {
            let parameters = format::count(config.model.parameter_count());
            let [weights, training] = [memory.weights, memory.training].map(format::bytes);
            note(
                ui,
                format!(
                    "{parameters} parameters: {weights} of weights, {training} during training"
                ),
            );
        }
        (Err(refusal), _) => problem(
            ui,
            format!("Found {}, expected {}.", refusal.found, refusal.expected),
        ),
        (Ok(_), None) => {}
    }
}

/// Warns that the learning rate is far from the optimizer's default.
fn learning_rate_ui(ui: &mut Ui, form: &TrainingForm) {
    let (rate, optimizer) = (form.draft.learning_rate, form.draft.optimizer);
    let default = optimizer.default_learning_rate();
    if rate > 5.0 * default || rate < default / 5.0 {
        let rate = rows::short(rate);
        note(
            ui,
            format!("The learning rate is {rate}; the default for {optimizer} is {default}."),
        );
    }
}

/// The one rule between two hyperparameters, which lie in two groups.
fn early_stopping_ui(ui: &mut Ui, form: &TrainingForm) {
    if form.draft.patience > 0 && form.draft.validation_split == 0.0 {
        problem(
            ui,
            "Early stopping needs validation images: set a validation split above 0 %, or turn early stopping off.",
        );
    }
}
