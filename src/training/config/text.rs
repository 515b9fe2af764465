//! A configuration as text: TOML with a comment for each key, and back.

use clap::ValueEnum as _;
use std::{fmt::Write as _, ops::Range};

use serde::Deserialize as _;
use toml::{Spanned, de::DeTable};

use super::{Optimizer, TrainingConfig};
use crate::{error::Refusal, model::Activation};

/// The tables of a file, in order; the first is what belongs to none.
const TABLES: [&str; 5] = ["", "model", "model.preprocessing", "optimizer", "schedule"];
/// The last table.
const AUGMENTATION: &str = "augmentation";

impl TrainingConfig {
    /// The configuration as TOML: every key with a comment that says what it does and what it may be.
    pub fn to_toml(&self) -> String {
        let entries = self.entries();
        let mut text = "# How Digitpad trains: digitpad train --config FILE\n\
                        # What is left out is as in the preset \"keras\".\n"
            .to_owned();
        for table in TABLES.into_iter().chain([AUGMENTATION]) {
            if !table.is_empty() {
                // Writing into a text cannot fail.
                let _ = writeln!(text, "\n[{table}]");
            }
            for Entry { key, help, value } in &entries {
                let (of_table, name) = key.rsplit_once('.').unwrap_or(("", key));
                if of_table == table {
                    let _ = writeln!(text, "# {help}\n{name} = {value}");
                }
            }
        }
        text
    }

    /// Reads a configuration that [`TrainingConfig::to_toml`] wrote, or a person.
    ///
    /// # Errors
    /// When the text is no TOML, or has an unknown key or a value that does not fit: with the line, and what
    /// would fit. `name` says where the text is from.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, Refusal> {
        let refused = |line: Option<usize>, found: String, expected: String| {
            let place = line.map_or(String::new(), |line| format!(", line {line}"));
            Refusal::new(
                format!("read the configuration in {name}{place}"),
                found,
                expected,
                "mend it, or start from one that \"digitpad presets keras\" prints",
            )
        };
        let deserializer = toml::Deserializer::parse(text);
        let config = deserializer.and_then(Self::deserialize).map_err(|error| {
            let (found, expected) = parts(error.message());
            refused(
                error.span().map(|span| line_of(text, &span)),
                found,
                expected,
            )
        })?;
        for (hyperparameter, value) in config.numbers() {
            if hyperparameter.check(value).is_err() {
                let found = format!("{} = {value}", hyperparameter.key);
                return Err(refused(
                    line_of_key(text, hyperparameter.key),
                    found,
                    hyperparameter.range(),
                ));
            }
        }
        config
            .validate()
            .map_err(|refusal| refused(None, refusal.found, refusal.expected))?;
        Ok(config)
    }

    /// All that a file holds, in order within each table.
    fn entries(&self) -> Vec<Entry> {
        let hidden: Vec<String> = self.model.hidden().iter().map(usize::to_string).collect();
        let quoted = |name: &str| format!("\"{name}\"");
        let entry = |key, help: String, value| Entry { key, help, value };
        let mut entries = vec![
            entry(
                "model.hidden",
                "Units of the hidden layers, from the pixels to the digits".to_owned(),
                format!("[{}]", hidden.join(", ")),
            ),
            entry(
                "model.activation",
                format!(
                    "What follows each hidden layer: {}",
                    Activation::value_variants()
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
                quoted(&self.model.activation().to_string()),
            ),
            entry(
                "optimizer.kind",
                "How a gradient becomes a step: sgd, rmsprop, adam, adamw".to_owned(),
                quoted(self.optimizer.kind()),
            ),
            entry(
                "schedule.kind",
                "How the learning rate changes: constant, step, cosine, one-cycle".to_owned(),
                quoted(self.schedule.name()),
            ),
        ];
        entries.extend(self.numbers().into_iter().map(|(hyperparameter, value)| {
            let help = format!("{}; {hyperparameter}", hyperparameter.help);
            entry(hyperparameter.key, help, value.to_string())
        }));
        if let Optimizer::Sgd { nesterov, .. } = self.optimizer {
            let help = "Whether momentum looks ahead, as Nesterov proposed".to_owned();
            entries.push(entry("optimizer.nesterov", help, nesterov.to_string()));
        }
        entries.extend([
            entry(
                "loss",
                "What is made small: cross-entropy, mean-squared-error".to_owned(),
                quoted(self.loss.name()),
            ),
            entry(
                "convolutional",
                "Whether units of the first two hidden layers look at 5x5 fields, with the same weights everywhere"
                    .to_owned(),
                self.convolutional.to_string(),
            ),
            entry(
                "seed",
                "Decides all that is random; the same seed gives the same weights".to_owned(),
                self.seed.to_string(),
            ),
        ]);
        entries
    }
}

/// A line of a file, with the comment above it.
struct Entry {
    key: &'static str,
    help: String,
    value: String,
}

/// What was found and what was expected, from what the reader says.
fn parts(message: &str) -> (String, String) {
    let message = message.lines().next().unwrap_or_default();
    for separator in [", expected one of ", ", expected "] {
        if let Some((found, expected)) = message.split_once(separator) {
            let found = found.strip_prefix("found ").unwrap_or(found);
            return (found.to_owned(), expected.replace('`', ""));
        }
    }
    (message.to_owned(), "a configuration in TOML".to_owned())
}

/// Counted from 1.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.get(..span.start).unwrap_or_default();
    1 + before.matches('\n').count()
}

/// The line on which a key's value stands; none where the text leaves it out.
fn line_of_key(text: &str, key: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let (tables, name) = key.rsplit_once('.').unwrap_or(("", key));
    for part in tables.split('.').filter(|part| !part.is_empty()) {
        table = table.get(part)?.get_ref().as_table()?;
    }
    let value: &Spanned<_> = table.get(name)?;
    Some(line_of(text, &value.span()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::augment::Augmentation,
        model::{MlpConfig, preprocess::Preprocessing},
        training::{
            config::{Loss, Preset},
            schedule::Schedule,
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
        let model = MlpConfig::new(vec![242, 32], Activation::Gelu).expect("a small network");
        TrainingConfig {
            model: model.with_preprocessing(filters).expect("in range"),
            convolutional: true,
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
                taper: 0.1,
                ..Augmentation::HANDWRITING
            },
            synthetic_digits: 5,
            gce_q: 1.5,
            non_digits: 6,
            data_fraction: 0.5,
            validation_split: 1.0 / 12.0,
            seed: 7,
        }
    }

    #[test]
    fn every_configuration_survives_the_way_there_and_back() {
        let mut configs: Vec<_> = Preset::ALL.map(Preset::config).to_vec();
        for optimizer in Optimizer::ALL {
            configs.extend(Schedule::ALL.map(|schedule| unusual(optimizer, schedule)));
        }
        for config in configs {
            let text = config.to_toml();
            let again = TrainingConfig::from_toml(&text, "the text").expect("it is its own");
            assert_eq!(again, config, "as written:\n{text}");
            let value = toml::Value::try_from(&config).expect("can be a part of a file");
            assert_eq!(
                value.try_into(),
                Ok(config),
                "and as a part of the settings"
            );
        }
    }

    #[test]
    fn little_need_be_written() {
        let cases = [
            ("", TrainingConfig::default(), "nothing at all"),
            (
                "epochs = 3\noptimizer = \"nesterov\"\nschedule = \"cosine\"",
                TrainingConfig {
                    epochs: 3,
                    optimizer: Optimizer::NESTEROV,
                    schedule: Schedule::COSINE,
                    ..TrainingConfig::default()
                },
                "kinds by their names alone",
            ),
            (
                "[optimizer]\nkind = \"sgd\"\nmomentum = 1e-1\n[augmentation]\nscale = 0.1",
                TrainingConfig {
                    optimizer: Optimizer::Sgd {
                        momentum: 0.1,
                        nesterov: false,
                    },
                    augmentation: Augmentation {
                        scale: 0.1,
                        ..Augmentation::default()
                    },
                    ..TrainingConfig::default()
                },
                "tables with one value",
            ),
        ];
        for (text, expected, reason) in cases {
            let config = TrainingConfig::from_toml(text, "a test");
            assert_eq!(config, Ok(expected), "{reason}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_line() {
        let cases: [(&str, &[&str], &str); 12] = [
            (
                "epochs = 3\nepoch = 4",
                &["line 2", "epoch", "epochs"],
                "an unknown key",
            ),
            (
                "\n\nepochs = 0",
                &["line 3", "epochs = 0", "1 to 10000"],
                "out of range",
            ),
            (
                "[augmentation]\nscale = 0.1\nrotation_deg = 90",
                &["line 3", "augmentation.rotation_deg = 90", "0 to 45"],
                "out of range in a table",
            ),
            (
                "seed = 1\noptimizer = { kind = \"sgd\", momentum = 2 }",
                &["line 2", "optimizer.momentum = 2", "0 to 0.999"],
                "out of range in a table on one line",
            ),
            (
                "[optimizer]\nkind = \"adam\"\nmomentum = 0.9",
                &["line 1", "momentum"],
                "a parameter of another kind",
            ),
            (
                "[optimizer]\nkind = \"adam\"\nbeta3 = 0.9",
                &["line 3", "beta3"],
                "of none",
            ),
            (
                "seed = 1\noptimizer = \"adams\"",
                &["line 2", "adams", "adamw"],
                "an unknown kind",
            ),
            (
                "loss = \"mse\"",
                &["line 1", "mse", "mean-squared-error"],
                "an unknown name",
            ),
            (
                "[model]\nhidden = [9000]\nactivation = \"relu\"",
                &["9000", "8192"],
                "too wide",
            ),
            (
                "seed = 9223372036854775808",
                &["seed 9223372036854775808", "to 9223372036854775807"],
                "larger than TOML's numbers",
            ),
            ("epochs = \"many\"", &["line 1", "many"], "another type"),
            ("epochs =", &["line 1"], "no TOML"),
        ];
        for (text, words, reason) in cases {
            let refusal = TrainingConfig::from_toml(text, "a.toml")
                .expect_err(reason)
                .to_string();
            for word in words.iter().chain(&["a.toml"]) {
                assert!(
                    refusal.contains(word),
                    "{reason}: \"{refusal}\" says {word}"
                );
            }
        }
    }
}
