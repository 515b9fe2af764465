//! The hyperparameters of a training, in groups that fold.

mod data;
mod rows;

use egui::{CollapsingHeader, Id, RichText, TextEdit, Ui, UiBuilder};

use self::rows::{choice, control_size, integer, note, problem, real, row, rows};
use super::{gallery::Gallery, theme};
use crate::{
    app::{
        action::Action,
        state::{form::TrainingForm, training::Training},
    },
    format,
    training::config::hyperparameter::{Group, Hyperparameter, Kind},
};

/// The height of a group's header, in points.
const HEADER_HEIGHT: f32 = 24.0;

/// Draws all groups and changes the form.
pub(crate) fn fields_ui(
    ui: &mut Ui,
    training: &Training,
    form: &mut TrainingForm,
    gallery: &mut Gallery,
    actions: &mut Vec<Action>,
) {
    let height = ui.spacing().interact_size.y;
    for group in Group::ALL {
        // Headers are closer to each other than rows.
        ui.spacing_mut().interact_size.y = HEADER_HEIGHT;
        let is_changed = form.is_group_changed(group);
        let mark = if is_changed { " · changed" } else { "" };
        let title = RichText::new(format!("{}{mark}", group.name())).font(theme::strong(14.0));
        // A fixed id lets a field keep the keyboard, whatever appears above it.
        let place = UiBuilder::new().scope_id(Id::unique(("group", group.name())));
        ui.scope_builder(place, |ui| {
            let folded = CollapsingHeader::new(title)
                .id_salt(group.name())
                .default_open(group == Group::Network)
                .show_unindented(ui, |ui| {
                    ui.spacing_mut().interact_size.y = height - 4.0;
                    group_ui(ui, group, training, form, gallery, actions);
                    if is_changed {
                        reset_ui(ui, group, form);
                    }
                    ui.add_space(theme::GAP);
                });
            theme::show_focus(ui, &folded.header_response);
        });
    }
    ui.spacing_mut().interact_size.y = height;
}

fn group_ui(
    ui: &mut Ui,
    group: Group,
    training: &Training,
    form: &mut TrainingForm,
    gallery: &mut Gallery,
    actions: &mut Vec<Action>,
) {
    match group {
        Group::Preprocessing => note(
            ui,
            "Every image passes these steps before the network. They belong to the model.",
        ),
        Group::Augmentation => note(
            ui,
            "Training images vary at random each time they are used, within these limits.",
        ),
        Group::Data => data::source_ui(ui, training, form, actions),
        Group::Network | Group::Training | Group::Optimizer | Group::Regularization => {}
    }
    rows(ui, group.name(), |ui| {
        for hyperparameter in group.hyperparameters() {
            hyperparameter_ui(ui, hyperparameter, form);
        }
    });
    match group {
        Group::Network => size_ui(ui, form),
        Group::Optimizer => learning_rate_ui(ui, form),
        Group::Regularization => early_stopping_ui(ui, form),
        Group::Preprocessing | Group::Augmentation => gallery.ui(ui, training, form, actions),
        Group::Data => {
            early_stopping_ui(ui, form);
            data::contents_ui(ui, training, form, actions);
        }
        Group::Training => {}
    }
}

/// A row for a hyperparameter; none where it does not apply, as the momentum with Adam.
fn hyperparameter_ui(ui: &mut Ui, hyperparameter: &Hyperparameter, form: &mut TrainingForm) {
    let Hyperparameter { label, help, .. } = hyperparameter;
    let help = match &hyperparameter.kind {
        Kind::Integer { .. } | Kind::Real { .. } => {
            format!("{help}. Expects {}.", hyperparameter.expected())
        }
        Kind::Choice { .. } | Kind::Layers { .. } => format!("{help}."),
    };
    match &hyperparameter.kind {
        Kind::Integer { min, max, get, set } => {
            let mut value = get(&form.draft);
            row(ui, label, &help, |ui| integer(ui, &mut value, *min..=*max));
            set(&mut form.draft, value);
        }
        Kind::Real {
            min,
            max,
            scale,
            get,
            set,
        } => {
            if let Some(before) = get(&form.draft) {
                let mut value = before;
                row(ui, label, &help, |ui| {
                    real(ui, &mut value, *min..=*max, *scale)
                });
                if value != before {
                    set(&mut form.draft, value);
                }
            }
        }
        Kind::Choice { options, get, set } => {
            let before = get(&form.draft);
            let mut name = before.clone();
            row(ui, label, &help, |ui| {
                choice(ui, label, &mut name, &options())
            });
            if name != before {
                set(&mut form.draft, &name);
            }
        }
        Kind::Layers { .. } => {
            let text = form.layers_text(hyperparameter);
            row(ui, label, &help, |ui| {
                let width = control_size(ui).x;
                ui.add(
                    TextEdit::singleline(text)
                        .hint_text("none")
                        .desired_width(width),
                )
            });
        }
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

fn reset_ui(ui: &mut Ui, group: Group, form: &mut TrainingForm) {
    let text = format!("Reset to {}", form.preset.label());
    let button = theme::small_button(ui, &text);
    let name = format!("Reset {}", group.name());
    button.widget_info(|| {
        egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, name.clone())
    });
    let help = "Sets this group to the values of the preset.";
    if button.on_hover_text(help).clicked() {
        form.reset(group);
    }
}
