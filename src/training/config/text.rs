//! A configuration as TOML with a comment for each key, and as a map for serde.

use std::{fmt::Write as _, ops::Range};

use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

use super::{TrainingConfig, hyperparameter};
use crate::{
    error::{Refusal, excerpt},
    files::{kind::content_of, limits::TEXT_BYTES},
};

/// The value that does not fit, its full key, and why.
struct Invalid {
    key: String,
    value: Value,
    refusal: Refusal,
}

impl TrainingConfig {
    /// The configuration as TOML, each key with a comment on its meaning and its range.
    pub fn to_toml(&self) -> String {
        let mut text = "# A training of Digitpad: digitpad train --config FILE\n\
                        # Keys that are left out have the values of the preset \"keras\".\n"
            .to_owned();
        for table in tables() {
            if !table.is_empty() {
                // Writing into a string cannot fail.
                let _ = writeln!(text, "\n[{table}]");
            }
            for hyperparameter in hyperparameter::ALL {
                let (of_table, name) = parts(hyperparameter.key);
                if of_table == table
                    && let Some(value) = hyperparameter.value(self)
                {
                    let (help, expected) = (hyperparameter.help, hyperparameter.expected());
                    let _ = writeln!(text, "# {help}; {expected}\n{name} = {value}");
                }
            }
        }
        text
    }

    /// Reads a configuration in TOML. `name` is the source of the text.
    ///
    /// # Errors
    /// If the text is longer than [`TEXT_BYTES`] or not TOML, a key is unknown or a value is invalid. The error names the line and the expected value.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, Refusal> {
        let refused = |place: Option<Range<usize>>, found: String, expected: String| {
            let line =
                place.map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let line = line.map_or(String::new(), |line| format!(", line {line}"));
            Refusal::new(
                format!("read the configuration in {name}{line}"),
                found,
                expected,
                "correct it, or start from the output of \"digitpad presets keras\"",
            )
        };
        let invalid_toml = |error: toml::de::Error| {
            // Where the text begins like another kind of file, this says more than the first mistake.
            let kind = content_of(text.as_bytes());
            let found = if kind == "a file of text" || kind == "another kind of file" {
                toml_mistake(&error)
            } else {
                kind.to_owned()
            };
            refused(error.span(), found, "TOML".to_owned())
        };
        if text.len() as u64 > TEXT_BYTES {
            let found = format!("{} bytes", text.len());
            return Err(refused(None, found, format!("at most {TEXT_BYTES}")));
        }
        let document = DeTable::parse(text).map_err(invalid_toml)?;
        let table = toml::from_str(text).map_err(invalid_toml)?;
        let config = Self::from_table(table).map_err(|invalid| {
            let Invalid {
                key,
                value,
                refusal,
            } = *invalid;
            let mut found = format!("{key} = {value}");
            if refusal.found != value.to_string() {
                found = format!("{found} ({})", refusal.found);
            }
            refused(place(document.get_ref(), &key), found, refusal.expected)
        })?;
        config
            .validate()
            .map_err(|refusal| refused(None, refusal.found, refusal.expected))?;
        Ok(config)
    }

    /// The default configuration with these values, in the order of hyperparameters: a kind comes before its parameters.
    fn from_table(table: Table) -> Result<Self, Box<Invalid>> {
        let mut entries = Vec::new();
        flatten(table, "", &mut entries);
        let mut config = Self::default();
        let invalid = |key, value, refusal| {
            Err(Box::new(Invalid {
                key,
                value,
                refusal,
            }))
        };
        for hyperparameter in hyperparameter::ALL {
            let place = entries
                .iter()
                .position(|(key, _)| key == hyperparameter.key);
            let Some(place) = place else { continue };
            let (key, value) = entries.remove(place);
            if let Err(refusal) = hyperparameter.set(&mut config, &value) {
                return invalid(key, value, refusal);
            }
        }
        match entries.into_iter().next() {
            None => Ok(config),
            Some((key, value)) => {
                let refusal = unknown(&key);
                invalid(key, value, refusal)
            }
        }
    }
}

impl From<TrainingConfig> for Table {
    fn from(config: TrainingConfig) -> Self {
        let mut table = Self::new();
        for hyperparameter in hyperparameter::ALL {
            if let Some(value) = hyperparameter.value(&config) {
                insert(&mut table, hyperparameter.key, value);
            }
        }
        table
    }
}

/// Inserts a value under a key such as "model.hidden".
fn insert(table: &mut Table, key: &str, value: Value) {
    let Some((name, rest)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return;
    };
    let nested = table.entry(name).or_insert_with(|| Table::new().into());
    if let Some(nested) = nested.as_table_mut() {
        insert(nested, rest, value);
    }
}

impl TryFrom<Table> for TrainingConfig {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        Self::from_table(table).map_err(|invalid| {
            let Invalid { key, refusal, .. } = *invalid;
            format!(
                "{key}: found {}, expected {}",
                refusal.found, refusal.expected
            )
        })
    }
}

/// The tables of a file in order; the first has no name.
fn tables() -> Vec<&'static str> {
    let mut tables = vec![""];
    for hyperparameter in hyperparameter::ALL {
        let (table, _) = parts(hyperparameter.key);
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    tables
}

/// The table and the name of a key.
fn parts(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

/// The place of a key in the text.
fn place(table: &DeTable<'_>, key: &str) -> Option<Range<usize>> {
    let (outer, rest) = key.split_once('.').unwrap_or((key, ""));
    let mut entries = table.iter();
    let (name, value) = entries.find(|(name, _)| name.get_ref() == outer)?;
    match value.get_ref() {
        DeValue::Table(nested) => place(nested, rest),
        _ if name.span().is_empty() => Some(value.span()),
        _ => Some(name.span()),
    }
}

/// The mistake in a text, without the parser's list of what it expected.
pub(crate) fn toml_mistake(error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default();
    let found = message.split(", expected").next().unwrap_or_default();
    format!("a mistake in the TOML ({})", excerpt(found))
}

/// The values of a table, each with its full key.
fn flatten(table: Table, name: &str, entries: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        let key = match name {
            "" => key,
            _ => format!("{name}.{key}"),
        };
        match value {
            Value::Table(nested) => flatten(nested, &key, entries),
            value => entries.push((key, value)),
        }
    }
}

fn unknown(key: &str) -> Refusal {
    let (table, _) = parts(key);
    let is_sibling = |other: &&str| parts(other).0 == table;
    let keys = hyperparameter::ALL
        .iter()
        .map(|hyperparameter| hyperparameter.key);
    let sections = tables().into_iter().filter(|table| !table.is_empty());
    let sections: Vec<_> = sections.map(|table| format!("[{table}]")).collect();
    let siblings: Vec<_> = keys.filter(is_sibling).map(str::to_owned).collect();
    let (found, known) = match table {
        // A section in place of a value, or a value in place of a section.
        "" if tables().contains(&key) => ("a value in place of a section", sections),
        "" => ("an unknown key", [siblings, sections].concat()),
        _ if tables().contains(&table) => ("an unknown key", siblings),
        _ => ("an unknown section", sections),
    };
    let expected = format!("one of {}", known.join(", "));
    Refusal::new(format!("set {key}"), found, expected, "correct the key")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::{
        data::augment::Augmentation,
        model::{Activation, MlpConfig, preprocess::Preprocessing},
        training::{
            config::{Loss, Optimizer, Preset},
            schedule::{Schedule, ScheduleKind},
        },
    };

    /// A configuration in which every value differs from the default.
    fn unusual(optimizer: Optimizer, schedule: Schedule) -> TrainingConfig {
        let filters = Preprocessing {
            deslant: 0.9,
            width_normalization: 0.6,
            median_px: 1,
            gaussian_px: 0.7,
            threshold: 0.3,
        };
        let model = MlpConfig::relu([2, 2], []).with_activation(Activation::Gelu);
        TrainingConfig {
            model: model.with_preprocessing(filters).expect("in range"),
            epochs: 3,
            batch_size: 64,
            optimizer,
            learning_rate: 0.0123,
            schedule,
            clip_norm: 2.5,
            loss: Loss::MeanSquaredError,
            label_smoothing: 0.1,
            l1: 1e-7,
            l2: 1e-6,
            dropout: 0.25,
            ema: 0.995,
            patience: 4,
            augmentation: Augmentation {
                thickness_px: 0.3,
                gaps: 0.05,
                noise: 0.1,
                taper: 0.1,
                ..Augmentation::HANDWRITING
            },
            synthetic_digits: 5,
            non_digits: 6,
            data_fraction: 0.5,
            validation_split: 1.0 / 12.0,
            seed: 7,
        }
    }

    #[test]
    fn every_configuration_survives_a_round_trip() {
        let presets = Preset::value_variants().iter();
        let mut configs: Vec<_> = presets.map(|preset| preset.config()).collect();
        for optimizer in Optimizer::ALL {
            let schedules = ScheduleKind::value_variants().iter();
            configs.extend(schedules.map(|kind| unusual(optimizer, kind.defaults())));
        }
        for config in configs {
            let text = config.to_toml();
            let again = TrainingConfig::from_toml(&text, "the text").expect("it is its own");
            assert_eq!(again, config, "as written:\n{text}");
            let value = Value::try_from(&config).expect("can be a part of a file");
            assert_eq!(
                value.try_into().as_ref(),
                Ok(&config),
                "as a part of the settings"
            );
            let json = serde_json::to_string(&config).expect("can be JSON");
            let again: TrainingConfig = serde_json::from_str(&json).expect("is its own");
            assert_eq!(again, config, "as JSON:\n{json}");
        }
    }

    #[test]
    fn missing_keys_have_the_default_values() {
        let cases = [
            ("", TrainingConfig::default(), "an empty file"),
            (
                "epochs = 3\n[schedule]\nkind = \"cosine\"",
                TrainingConfig {
                    epochs: 3,
                    schedule: Schedule::COSINE,
                    ..TrainingConfig::default()
                },
                "a kind without its parameters",
            ),
            (
                "[optimizer]\nmomentum = 1e-1\nkind = \"sgd\"\n[augmentation]\nscale = 0.1",
                TrainingConfig {
                    optimizer: Optimizer::Sgd { momentum: 0.1 },
                    augmentation: Augmentation {
                        scale: 0.1,
                        ..Augmentation::default()
                    },
                    ..TrainingConfig::default()
                },
                "tables with one value, and a parameter before its kind",
            ),
            (
                "[model]\nconvolutional = [5, 50]\nhidden = [64]",
                TrainingConfig {
                    model: MlpConfig::relu([5, 50], [64]),
                    ..TrainingConfig::default()
                },
                "a convolutional network by its filters",
            ),
        ];
        for (text, expected, reason) in cases {
            let config = TrainingConfig::from_toml(text, "a test");
            assert_eq!(config, Ok(expected), "{reason}");
        }
    }

    #[test]
    fn invalid_values_are_refused_with_their_line() {
        // The text, the line, parts of what was found and of what was expected, and the reason.
        let cases = [
            (
                "epochs = 3\nepoch = 4",
                2,
                "epoch = 4",
                "epochs",
                "an unknown key",
            ),
            (
                "[optimiser]\nkind = \"sgd\"",
                2,
                "optimiser",
                "optimizer",
                "an unknown table",
            ),
            (
                "\n\nepochs = 0",
                3,
                "epochs = 0",
                "1 to 10000",
                "out of range",
            ),
            (
                "[augmentation]\nscale = 0.1\nrotation_deg = 90",
                3,
                "augmentation.rotation_deg = 90",
                "0 to 45",
                "out of range in a table",
            ),
            (
                "seed = 1\noptimizer = { kind = \"sgd\", momentum = 2 }",
                2,
                "optimizer.momentum = 2",
                "0 to 0.999",
                "out of range in a table on one line",
            ),
            (
                "[optimizer]\nkind = \"adam\"\nmomentum = 0.9",
                3,
                "Adam",
                "another optimizer",
                "a parameter of another kind",
            ),
            (
                "[optimizer]\nkind = \"adam\"\nbeta3 = 0.9",
                3,
                "beta3",
                "beta1",
                "a parameter of no kind",
            ),
            (
                "optimizer.kind = \"adams\"",
                1,
                "adams",
                "adamw",
                "an unknown kind",
            ),
            (
                "loss = \"mse\"",
                1,
                "mse",
                "mean-squared-error",
                "an unknown name",
            ),
            ("[model]\nhidden = [9000]", 2, "9000", "8192", "too wide"),
            (
                "seed = 9223372036854775808",
                1,
                "",
                "",
                "larger than a number of TOML",
            ),
            (
                "epochs = \"many\"",
                1,
                "many",
                "whole number",
                "another type",
            ),
            (
                "optimizer = 3",
                1,
                "a value in place of a section",
                "[optimizer]",
                "a section is no value",
            ),
            ("<html>", 1, "a web page", "TOML", "another kind of file"),
            ("epochs =", 1, "", "TOML", "no TOML"),
        ];
        for (text, line, found, expected, reason) in cases {
            let refusal = TrainingConfig::from_toml(text, "a.toml").expect_err(reason);
            let attempted = format!("read the configuration in a.toml, line {line}");
            assert_eq!(refusal.attempted, attempted, "{reason}: {refusal}");
            assert!(refusal.found.contains(found), "{reason}: {refusal}");
            assert!(refusal.expected.contains(expected), "{reason}: {refusal}");
        }
    }
}
