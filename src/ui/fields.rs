//! The hyperparameters of a training in groups that fold, each with what it does in plain words.

mod data;
mod groups;
mod images;
mod rows;

use egui::{CollapsingHeader, Id, RichText, Ui, UiBuilder};

use super::{gallery::Gallery, theme};
use crate::app::{
    action::Action,
    state::{
        form::{Group, TrainingForm},
        training::Training,
    },
};

/// The height of a group's header, in points.
const HEADER_HEIGHT: f32 = 24.0;

/// Draws all groups and changes the form as the person does.
pub(crate) fn fields_ui(
    ui: &mut Ui,
    training: &Training,
    form: &mut TrainingForm,
    gallery: &mut Gallery,
    actions: &mut Vec<Action>,
) {
    let height = ui.spacing().interact_size.y;
    for group in Group::ALL {
        // The headers are closer to each other than what is below them.
        ui.spacing_mut().interact_size.y = HEADER_HEIGHT;
        let is_changed = form.is_group_changed(group);
        let mark = if is_changed { " · changed" } else { "" };
        let title = RichText::new(format!("{}{mark}", group.name())).font(theme::strong(14.0));
        // Whatever appears above while somebody types, a field stays the same one and keeps the keyboard.
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
        Group::Network => groups::network_ui(ui, form),
        Group::Training => groups::training_ui(ui, form),
        Group::Optimizer => groups::optimizer_ui(ui, form),
        Group::Overfitting => groups::overfitting_ui(ui, form),
        Group::Preprocessing => {
            images::preprocessing_ui(ui, form);
            gallery.ui(ui, training, form, actions);
        }
        Group::Augmentation => {
            images::augmentation_ui(ui, form);
            gallery.ui(ui, training, form, actions);
        }
        Group::Data => data::data_ui(ui, training, form, actions),
    }
}

fn reset_ui(ui: &mut Ui, group: Group, form: &mut TrainingForm) {
    let text = format!("As in \"{}\"", form.preset);
    let button = theme::small_button(ui, &text);
    let name = format!("Reset {}", group.name());
    button.widget_info(|| {
        egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, name.clone())
    });
    let help = "Sets this group as the preset has it.";
    if button.on_hover_text(help).clicked() {
        form.reset(group);
    }
}
