//! What the training under way is set to. It cannot be changed any more, but a class wants to see it.

use egui::{CollapsingHeader, Grid, RichText, Ui};

use super::theme;
use crate::{
    app::state::{runs::title_of, training::Training},
    format,
    training::config::TrainingConfig,
};

/// What is trained, in two lines.
pub(crate) fn run_summary_ui(ui: &mut Ui, training: &Training) {
    let Some(config) = &training.config else {
        return;
    };
    let title = title_of(&training.preset, config);
    ui.label(RichText::new(title).font(theme::strong(theme::BODY)));
    ui.label(RichText::new(summary(config)).small().weak());
    ui.add_space(theme::GAP);
}

/// "784-128-10 relu, 101,770 parameters, Adam, batches of 32, 10 epochs".
fn summary(config: &TrainingConfig) -> String {
    let epochs = match config.epochs {
        1 => "1 epoch".to_owned(),
        epochs => format!("{} epochs", format::count(epochs)),
    };
    format!(
        "{}, {} parameters, {}, batches of {}, {epochs}",
        config.model,
        format::count(config.model.parameter_count()),
        config.optimizer.title(),
        format::count(config.batch_size),
    )
}

/// All of its settings, folded away.
pub(crate) fn run_settings_ui(ui: &mut Ui, training: &Training) {
    let Some(config) = &training.config else {
        return;
    };
    let folded = CollapsingHeader::new("Settings of this run")
        .id_salt("settings of this run")
        .show_unindented(ui, |ui| {
            Grid::new("settings of this run")
                .num_columns(2)
                .spacing([theme::MARGIN, 4.0])
                .show(ui, |ui| {
                    ui.spacing_mut().interact_size.y = 18.0;
                    for (name, value) in settings(config) {
                        ui.label(RichText::new(name).small().weak());
                        ui.label(RichText::new(value).small());
                        ui.end_row();
                    }
                });
        });
    theme::show_focus(ui, &folded.header_response);
}

/// Each setting with its value: first what is chosen by name, then the numbers.
fn settings(config: &TrainingConfig) -> Vec<(&'static str, String)> {
    let hidden: Vec<_> = config.model.hidden().iter().map(usize::to_string).collect();
    let hidden = match hidden.len() {
        0 => "none".to_owned(),
        _ => hidden.join(", "),
    };
    let mut settings = vec![
        ("hidden layers", hidden),
        ("activation", config.model.activation().label().to_owned()),
        (
            "shared fields",
            if config.convolutional { "yes" } else { "no" }.to_owned(),
        ),
        ("loss", config.loss.name().to_owned()),
        ("optimizer", config.optimizer.title().to_owned()),
        ("schedule", config.schedule.name().to_owned()),
        ("seed", config.seed.to_string()),
    ];
    let numbers = config.numbers().into_iter();
    settings
        .extend(numbers.map(|(hyperparameter, value)| (hyperparameter.name, value.to_string())));
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::config::Preset;

    #[test]
    fn every_number_of_a_run_is_told() {
        let config = TrainingConfig {
            epochs: 1,
            dropout: 0.25,
            ..Preset::Keras.config()
        };
        assert_eq!(
            summary(&config),
            "784-128-10 relu, 101,770 parameters, Adam, batches of 32, 1 epoch"
        );
        let settings = settings(&config);
        let value = |name: &str| {
            let mut found = settings.iter().filter(|(other, _)| *other == name);
            let value = found.next().map(|(_, value)| value.as_str());
            assert_eq!(found.next(), None, "{name} is there once");
            value
        };
        assert_eq!(value("hidden layers"), Some("128"), "the network");
        assert_eq!(value("shared fields"), Some("no"), "the network's kind");
        assert_eq!(value("dropout"), Some("0.25"), "what was changed");
        for (hyperparameter, _) in config.numbers() {
            assert!(
                value(hyperparameter.name).is_some(),
                "{} is told",
                hyperparameter.name
            );
        }
    }
}
