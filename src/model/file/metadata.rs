//! What a weight file says of its network, in the metadata of a safetensors file.

use std::{collections::HashMap, ops::RangeInclusive};

use serde::Serialize;

use super::refused;
use crate::{
    error::{ModelError, Refusal},
    model::{
        Activation, MlpConfig, calibration::Calibration, parse_hidden, preprocess::Preprocessing,
    },
};

/// The version of the format, in the metadata under `format`.
const FORMAT: &str = "digitpad-1";
/// The version of a network behind filters. A program that knows none of them must not read it: the network
/// would see other images than it was trained with.
const FORMAT_WITH_FILTERS: &str = "digitpad-2";
/// What a network of this format is fed with, in the metadata under `input`.
const INPUT: &str = "28x28 pixels row by row, 0 is paper and 1 is ink";

/// Where a model comes from and what it reaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metadata {
    /// What it was trained on: "mnist", or the name of a folder.
    pub dataset: String,
    /// How it was trained: the training configuration as JSON.
    pub recipe: String,
    /// The model whose weights its training began with, in words; `None` where they were new.
    pub base_model: Option<String>,
    /// How many drawings of one's own it has learned from beside its data set.
    pub corrections_used: Option<usize>,
    /// The seed of its training.
    pub seed: Option<u64>,
    /// Accuracy on the validation examples, 0..=1.
    pub validation_accuracy: Option<f64>,
    /// Mean cross-entropy on the test set, in nats.
    pub test_loss: Option<f64>,
    /// Accuracy on the test set, 0..=1.
    pub test_accuracy: Option<f64>,
    /// What its logits are worth.
    pub calibration: Calibration,
}

impl Metadata {
    pub(super) fn to_map(&self, config: &MlpConfig) -> HashMap<String, String> {
        let hidden: Vec<_> = config.hidden().iter().map(ToString::to_string).collect();
        let preprocessing = config.preprocessing();
        let format = if preprocessing.is_none() {
            FORMAT
        } else {
            FORMAT_WITH_FILTERS
        };
        let mut map: HashMap<String, String> = [
            ("format", format.to_owned()),
            ("input", INPUT.to_owned()),
            ("hidden", hidden.join(",")),
            ("activation", config.activation().to_string()),
            ("dataset", self.dataset.clone()),
            ("recipe", self.recipe.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        let mut insert = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                map.insert(key.to_owned(), value);
            }
        };
        let filters = (!preprocessing.is_none()).then(|| serde_json::to_string(&preprocessing));
        insert("preprocessing", filters.and_then(Result::ok));
        insert("base_model", self.base_model.clone());
        insert(
            "corrections_used",
            self.corrections_used.map(|x| x.to_string()),
        );
        insert("seed", self.seed.map(|seed| seed.to_string()));
        insert(
            "validation_accuracy",
            self.validation_accuracy.map(|x| x.to_string()),
        );
        insert("test_loss", self.test_loss.map(|x| x.to_string()));
        insert("test_accuracy", self.test_accuracy.map(|x| x.to_string()));
        let Calibration {
            temperature,
            reject_threshold,
        } = self.calibration;
        insert("temperature", Some(temperature.to_string()));
        insert("reject_threshold", reject_threshold.map(|x| x.to_string()));
        map
    }

    pub(super) fn from_map(map: &HashMap<String, String>, name: &str) -> Result<Self, ModelError> {
        let text = |key: &str| map.get(key).cloned().unwrap_or_default();
        // A figure that cannot be is as good as none: the network is what it is.
        let figure = |key: &str, range: RangeInclusive<f64>| {
            let value = map.get(key)?.parse().ok();
            value.filter(|value| range.contains(value))
        };
        Ok(Self {
            dataset: text("dataset"),
            recipe: text("recipe"),
            base_model: map.get("base_model").cloned(),
            corrections_used: map
                .get("corrections_used")
                .and_then(|text| text.parse().ok()),
            seed: map.get("seed").and_then(|text| text.parse().ok()),
            validation_accuracy: figure("validation_accuracy", 0.0..=1.0),
            test_loss: figure("test_loss", 0.0..=f64::MAX),
            test_accuracy: figure("test_accuracy", 0.0..=1.0),
            calibration: calibration_of(map, name)?,
        })
    }
}

/// The network's shape as the metadata tells it.
pub(super) fn config_of(
    map: &HashMap<String, String>,
    name: &str,
) -> Result<MlpConfig, ModelError> {
    let field = |key: &str| {
        map.get(key).map(String::as_str).ok_or_else(|| {
            refused(
                name,
                &format!("no \"{key}\" in the metadata"),
                "what Digitpad writes there",
            )
        })
    };
    let format = field("format")?;
    let is_known = [FORMAT, FORMAT_WITH_FILTERS].contains(&format);
    let table = [
        ("format", is_known, FORMAT),
        ("input", field("input")? == INPUT, INPUT),
    ];
    for (key, is_known, expected) in table {
        if !is_known {
            let found = format!("{key} \"{}\"", excerpt(field(key)?));
            return Err(refused(name, &found, &format!("\"{expected}\"")));
        }
    }
    let nested = |refusal: Refusal| refused(name, &refusal.found, &refusal.expected);
    let hidden = parse_hidden(field("hidden")?).map_err(nested)?;
    let activation: Activation = field("activation")?.parse().map_err(nested)?;
    let preprocessing = match format {
        FORMAT_WITH_FILTERS => preprocessing_of(field("preprocessing")?, name)?,
        _ => Preprocessing::default(),
    };
    MlpConfig::new(hidden, activation)
        .and_then(|config| config.with_preprocessing(preprocessing))
        .map_err(nested)
}

fn preprocessing_of(text: &str, name: &str) -> Result<Preprocessing, ModelError> {
    serde_json::from_str(text).map_err(|error| {
        let found = format!("preprocessing {} ({error})", excerpt(text));
        refused(name, &found, "the filters that Digitpad writes")
    })
}

/// What the logits are worth as the metadata tells it; files from before it was known have none of it.
fn calibration_of(map: &HashMap<String, String>, name: &str) -> Result<Calibration, ModelError> {
    let number = |key: &str, range: RangeInclusive<f32>| {
        let Some(text) = map.get(key) else {
            return Ok(None);
        };
        let value = text.parse().ok().filter(|value| range.contains(value));
        value.map(Some).ok_or_else(|| {
            let found = format!("{key} \"{}\"", excerpt(text));
            let expected = format!("a number from {} to {}", range.start(), range.end());
            refused(name, &found, &expected)
        })
    };
    Ok(Calibration {
        temperature: number("temperature", 0.01..=100.0)?.unwrap_or(1.0),
        reject_threshold: number("reject_threshold", f32::MIN..=f32::MAX)?,
    })
}

/// What a foreign file says, short enough for a sentence.
fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}
