//! The table of all hyperparameters: key, group, label, help, range and access of each.
//!
//! The TOML format, the training panel, the command line and the validation read this table. A new hyperparameter is a
//! field of [`TrainingConfig`] and an entry here.

use clap::{ValueEnum, builder::PossibleValue};
use toml::Value;

use super::{Loss, Optimizer, OptimizerKind, TrainingConfig};
use crate::{
    error::Refusal,
    format,
    model::{Activation, MAX_FILTERS, MAX_WIDTH, parse_hidden, preprocess::Preprocessing},
    training::schedule::{Schedule, ScheduleKind},
};

/// A setting that decides how a network is trained.
#[derive(Clone, Debug)]
pub struct Hyperparameter {
    /// Its place in a configuration file: "optimizer.momentum".
    pub key: &'static str,
    /// The group that shows it.
    pub group: HyperparameterGroup,
    /// The label in the window, such as "Momentum", with the unit in parentheses.
    pub label: &'static str,
    /// The help text, without a full stop.
    pub help: &'static str,
    /// Its values, and where a configuration holds them.
    pub kind: HyperparameterKind,
}

/// The values of a hyperparameter, and where a configuration holds them.
///
/// The getter of a real number returns `None` where the configuration has no such value: only SGD has a momentum. The
/// setter then changes nothing.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "every variant has a range, a getter and a setter"
)]
pub enum HyperparameterKind {
    /// A whole number.
    Integer {
        min: u64,
        max: u64,
        get: fn(&TrainingConfig) -> u64,
        set: fn(&mut TrainingConfig, u64),
    },
    /// A decimal number.
    Real {
        min: f64,
        max: f64,
        scale: Scale,
        get: fn(&TrainingConfig) -> Option<f64>,
        set: fn(&mut TrainingConfig, f64),
    },
    /// One of several names.
    Choice {
        options: fn() -> Vec<Choice>,
        get: fn(&TrainingConfig) -> String,
        set: fn(&mut TrainingConfig, &str),
    },
    /// A count for each layer.
    Layers {
        max: usize,
        get: fn(&TrainingConfig) -> &[usize],
        set: fn(&mut TrainingConfig, Vec<usize>) -> Result<(), Refusal>,
    },
}

/// How the window shows a decimal number and how far a drag changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// By equal steps.
    Linear,
    /// By equal factors: 0.1 and 0.0001 are set with the same ease.
    Logarithmic,
    /// In percent.
    Percent,
}

/// One option of a [`HyperparameterKind::Choice`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The name in files and on the command line.
    pub name: String,
    /// The name in the window.
    pub label: String,
}

/// Hyperparameters that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum HyperparameterGroup {
    Network,
    Training,
    Optimizer,
    Regularization,
    Preprocessing,
    Augmentation,
    Data,
}

impl HyperparameterGroup {
    /// All groups in the order of the panel.
    pub const ALL: [Self; 7] = [
        Self::Network,
        Self::Training,
        Self::Optimizer,
        Self::Regularization,
        Self::Preprocessing,
        Self::Augmentation,
        Self::Data,
    ];

    /// The group's title.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Training => "Training steps",
            Self::Optimizer => "Optimizer",
            Self::Regularization => "Regularization",
            Self::Preprocessing => "Preprocessing",
            Self::Augmentation => "Augmentation",
            Self::Data => "Data",
        }
    }

    /// The group's hyperparameters in order.
    pub fn hyperparameters(self) -> impl Iterator<Item = &'static Hyperparameter> {
        ALL.iter().filter(move |entry| entry.group == self)
    }
}

/// A field that is always there: its range and path.
macro_rules! integer {
    ($min:literal..=$max:expr, $($path:ident).+) => {
        HyperparameterKind::Integer {
            min: $min,
            max: $max,
            get: |config| config.$($path).+ as u64,
            set: |config, value| config.$($path).+ = value as _,
        }
    };
}
macro_rules! real {
    ($scale:ident $min:literal..=$max:expr, $($path:ident).+) => {
        HyperparameterKind::Real {
            min: $min,
            max: $max,
            scale: Scale::$scale,
            get: |config| Some(config.$($path).+.to_exact()),
            set: |config, value| config.$($path).+ = value as _,
        }
    };
}
/// A parameter of one kind of optimizer or schedule: its range, the field that holds the kind, and the pattern that
/// binds the parameter.
macro_rules! parameter {
    ($scale:ident $min:literal..=$max:literal, $field:ident, $pattern:pat => $value:ident) => {
        HyperparameterKind::Real {
            min: $min,
            max: $max,
            scale: Scale::$scale,
            get: |config| match config.$field {
                $pattern => Some($value),
                _ => None,
            },
            set: |config, value| {
                if let $pattern = &mut config.$field {
                    *$value = value;
                }
            },
        }
    };
}
/// A field of the model's preprocessing: its range and name.
macro_rules! preprocessing {
    ($min:literal..=$max:expr, $field:ident) => {
        HyperparameterKind::Real {
            min: $min,
            max: $max,
            scale: Scale::Linear,
            get: |config| Some(config.model.preprocessing().$field.to_exact()),
            set: |config, value| config.set_preprocessing(|all| all.$field = value as _),
        }
    };
}

/// One of the names of an enum: a field, or the kind of a field, whose parameters then have their defaults.
macro_rules! choice {
    ($enum:ident, $field:ident) => {
        HyperparameterKind::Choice {
            options: choices::<$enum>,
            get: |config| name_of(&config.$field),
            set: |config, name| {
                if let Ok(value) = $enum::from_str(name, false) {
                    config.$field = value;
                }
            },
        }
    };
    ($enum:ident, kind of $field:ident) => {
        HyperparameterKind::Choice {
            options: choices::<$enum>,
            get: |config| name_of(&config.$field.kind()),
            set: |config, name| {
                if let Ok(kind) = $enum::from_str(name, false)
                    && kind != config.$field.kind()
                {
                    config.$field = kind.defaults();
                }
            },
        }
    };
}

const fn entry(
    key: &'static str,
    group: HyperparameterGroup,
    label: &'static str,
    kind: HyperparameterKind,
    help: &'static str,
) -> Hyperparameter {
    Hyperparameter {
        key,
        group,
        label,
        help,
        kind,
    }
}

/// All hyperparameters in the order of the window and the help. A kind comes before its parameters.
#[rustfmt::skip]
pub const ALL: &[Hyperparameter] = &[
    entry("model.hidden", HyperparameterGroup::Network, "Hidden layers",
        HyperparameterKind::Layers {
            max: MAX_WIDTH,
            get: |config| config.model.hidden(),
            set: |config, units| config.set_layers(config.model.filters().to_vec(), units),
        },
        "Units of each fully connected hidden layer, such as 256,128; none: only the output layer is fully connected"),
    entry("model.convolutional", HyperparameterGroup::Network, "Convolutional",
        HyperparameterKind::Layers {
            max: MAX_FILTERS,
            get: |config| config.model.filters(),
            set: |config, filters| config.set_layers(filters, config.model.hidden().to_vec()),
        },
        "Filters of each 5x5 convolutional layer before the hidden layers, such as 10,80; none: no convolutional layers"),
    entry("model.activation", HyperparameterGroup::Network, "Activation",
        HyperparameterKind::Choice {
            options: || choices_with(|activation: &Activation| activation.label().to_owned()),
            get: |config| name_of(&config.model.activation()),
            set: |config, name| if let Ok(activation) = Activation::from_str(name, false) { config.set_activation(activation) },
        },
        "The nonlinearity after each hidden layer"),

    entry("epochs", HyperparameterGroup::Training, "Epochs", integer!(1..=10_000, epochs),
        "Passes over the training examples"),
    entry("batch_size", HyperparameterGroup::Training, "Batch size", integer!(1..=8192, batch_size),
        "Examples per gradient step"),
    entry("learning_rate", HyperparameterGroup::Training, "Learning rate", real!(Logarithmic 1e-9..=10.0, learning_rate),
        "Size of the gradient steps; with a schedule, its highest value"),
    entry("loss", HyperparameterGroup::Training, "Loss", choice!(Loss, loss),
        "The function that training minimizes"),
    entry("seed", HyperparameterGroup::Training, "Seed", integer!(0..=TrainingConfig::MAX_SEED, seed),
        "Seed of all random choices; the same seed gives the same weights"),

    entry("optimizer.kind", HyperparameterGroup::Optimizer, "Optimizer", choice!(OptimizerKind, kind of optimizer),
        "The rule that turns gradients into steps"),
    entry("optimizer.momentum", HyperparameterGroup::Optimizer, "Momentum",
        parameter!(Linear 0.0..=0.999, optimizer, Optimizer::Sgd { momentum } => momentum),
        "Fraction of the previous step that is added to the next one"),
    entry("optimizer.rho", HyperparameterGroup::Optimizer, "Rho",
        parameter!(Linear 0.0..=0.9999, optimizer, Optimizer::RmsProp { decay, .. } => decay),
        "Decay of RMSprop's running mean of squared gradients"),
    entry("optimizer.beta1", HyperparameterGroup::Optimizer, "Beta 1",
        parameter!(Linear 0.0..=0.9999, optimizer,
            Optimizer::Adam { beta1, .. } => beta1),
        "Decay of Adam's running mean of gradients"),
    entry("optimizer.beta2", HyperparameterGroup::Optimizer, "Beta 2",
        parameter!(Linear 0.0..=0.999_99, optimizer,
            Optimizer::Adam { beta2, .. } => beta2),
        "Decay of Adam's running mean of squared gradients"),
    entry("optimizer.epsilon", HyperparameterGroup::Optimizer, "Epsilon",
        parameter!(Logarithmic 1e-12..=0.1, optimizer,
            Optimizer::RmsProp { epsilon, .. } | Optimizer::Adam { epsilon, .. } => epsilon),
        "Added to the denominator, which keeps steps finite"),
    entry("optimizer.weight_decay", HyperparameterGroup::Optimizer, "Weight decay",
        parameter!(Logarithmic 0.0..=1.0, optimizer,
            Optimizer::Adam { weight_decay: Some(weight_decay), .. } => weight_decay),
        "AdamW's decoupled weight decay: each step subtracts this fraction of each weight, times the learning rate"),
    entry("schedule.kind", HyperparameterGroup::Optimizer, "Schedule", choice!(ScheduleKind, kind of schedule),
        "How the learning rate changes during the training"),
    entry("schedule.end", HyperparameterGroup::Optimizer, "Final rate",
        parameter!(Linear 0.0..=1.0, schedule, Schedule::Cosine { end } => end),
        "Cosine schedule: final learning rate, as a fraction of the highest"),
    entry("schedule.warm_up", HyperparameterGroup::Optimizer, "Warm-up",
        parameter!(Linear 0.0..=1.0, schedule, Schedule::OneCycle { warm_up, .. } => warm_up),
        "One-cycle schedule: fraction of the training in which the learning rate rises"),
    entry("schedule.start", HyperparameterGroup::Optimizer, "Initial rate",
        parameter!(Linear 0.0..=1.0, schedule, Schedule::OneCycle { start, .. } => start),
        "One-cycle schedule: initial learning rate, as a fraction of the highest"),
    entry("clip_norm", HyperparameterGroup::Optimizer, "Gradient clipping", real!(Linear 0.0..=1000.0, clip_norm),
        "Largest norm of the gradient over all parameters; a larger one is scaled down; 0: off"),

    entry("dropout", HyperparameterGroup::Regularization, "Dropout", real!(Linear 0.0..=0.9, dropout),
        "Fraction of each hidden layer's outputs that a step sets to zero; 0: off"),
    entry("l1", HyperparameterGroup::Regularization, "L1 penalty", real!(Logarithmic 0.0..=1.0, l1),
        "The loss grows by this times the sum of the absolute weights; 0: off"),
    entry("l2", HyperparameterGroup::Regularization, "L2 penalty", real!(Logarithmic 0.0..=1.0, l2),
        "The loss grows by this times the sum of the squared weights; 0: off"),
    entry("label_smoothing", HyperparameterGroup::Regularization, "Label smoothing", real!(Linear 0.0..=0.5, label_smoothing),
        "Fraction of each target that is spread evenly over all classes; 0: off"),
    entry("ema", HyperparameterGroup::Regularization, "Weight averaging", real!(Linear 0.0..=0.9999, ema),
        "Decay of the exponential moving average of the weights, which becomes the model; 0: off"),
    entry("patience", HyperparameterGroup::Regularization, "Early stopping", integer!(0..=1000, patience),
        "Stops after this many epochs without a lower validation loss and restores the best epoch; 0: off"),

    entry("model.preprocessing.deslant", HyperparameterGroup::Preprocessing, "Deslant", preprocessing!(0.0..=1.0, deslant),
        "Fraction of a digit's slant that is removed; 0: off"),
    entry("model.preprocessing.width_normalization", HyperparameterGroup::Preprocessing, "Normalize width",
        preprocessing!(0.0..=1.0, width_normalization),
        "How far a digit's width is brought to the usual width, as a fraction of the difference; 0: off"),
    entry("model.preprocessing.median_px", HyperparameterGroup::Preprocessing, "Median filter (px)",
        HyperparameterKind::Integer {
            min: 0,
            max: Preprocessing::MAX_MEDIAN_PX as u64,
            get: |config| config.model.preprocessing().median_px as u64,
            set: |config, value| config.set_preprocessing(|all| all.median_px = value as usize),
        },
        "Radius of the median filter in pixels, which removes single wrong pixels; 0: off"),
    entry("model.preprocessing.gaussian_px", HyperparameterGroup::Preprocessing, "Gaussian blur (px)",
        preprocessing!(0.0..=Preprocessing::MAX_GAUSSIAN_PX as f64, gaussian_px),
        "Standard deviation of the Gaussian blur in pixels, which removes grain; 0: off"),
    entry("model.preprocessing.threshold", HyperparameterGroup::Preprocessing, "Threshold", preprocessing!(0.0..=1.0, threshold),
        "Pixels of at least this value become ink and all others paper; 0: off"),

    entry("augmentation.rotation_deg", HyperparameterGroup::Augmentation, "Rotation (°)",
        real!(Linear 0.0..=45.0, augmentation.rotation_deg),
        "Largest rotation in degrees, in either direction"),
    entry("augmentation.scale", HyperparameterGroup::Augmentation, "Scale", real!(Linear 0.0..=0.5, augmentation.scale),
        "Largest relative stretch or shrinkage of each axis"),
    entry("augmentation.shear", HyperparameterGroup::Augmentation, "Shear", real!(Linear 0.0..=0.5, augmentation.shear),
        "Largest shear in pixels per pixel of height"),
    entry("augmentation.shift_px", HyperparameterGroup::Augmentation, "Shift (px)", real!(Linear 0.0..=4.0, augmentation.shift_px),
        "Largest shift along each axis in pixels"),
    entry("augmentation.elastic_px", HyperparameterGroup::Augmentation, "Elastic (px)",
        real!(Linear 0.0..=3.0, augmentation.elastic_px),
        "Root mean square of the smooth random displacement in pixels"),
    entry("augmentation.thickness_px", HyperparameterGroup::Augmentation, "Thickness (px)",
        real!(Linear 0.0..=1.0, augmentation.thickness_px),
        "Largest growth of a stroke on each side in pixels; strokes shrink by at most half of it"),
    entry("augmentation.gaps", HyperparameterGroup::Augmentation, "Gaps", real!(Linear 0.0..=0.5, augmentation.gaps),
        "Fraction of the inked pixels that is erased"),
    entry("augmentation.noise", HyperparameterGroup::Augmentation, "Noise", real!(Linear 0.0..=1.0, augmentation.noise),
        "Fraction of the images that get noise of a random kind and strength"),
    entry("augmentation.taper", HyperparameterGroup::Augmentation, "Taper", real!(Linear 0.0..=1.0, augmentation.taper),
        "Final fraction of the training in which the augmentation grows weaker"),

    entry("validation_split", HyperparameterGroup::Data, "Validation split", real!(Percent 0.0..=0.9, validation_split),
        "Fraction of the training examples, their last, that is held out for validation"),
    entry("data_fraction", HyperparameterGroup::Data, "Training fraction", real!(Percent 0.0001..=1.0, data_fraction),
        "Fraction of the other training examples, their first, that is trained on"),
    entry("synthetic_digits", HyperparameterGroup::Data, "Synthetic digits", integer!(0..=500_000, synthetic_digits),
        "Synthetic digits, in the handwriting styles of many countries, that are added to the training examples"),
    entry("non_digits", HyperparameterGroup::Data, "Non-digits", integer!(0..=500_000, non_digits),
        "Synthetic scribbles, letters and signs that the model is trained to reject"),
];

/// The hyperparameter with this key.
pub fn by_key(key: &str) -> Option<&'static Hyperparameter> {
    ALL.iter().find(|entry| entry.key == key)
}

impl Hyperparameter {
    /// The label in a sentence: "label smoothing", "L1 penalty".
    pub fn name(&self) -> String {
        let label = self.label.split(" (").next().unwrap_or(self.label);
        let mut chars = label.chars();
        match (chars.next(), chars.next()) {
            (Some(first), Some(second)) if second.is_lowercase() => {
                format!("{}{}", first.to_lowercase(), &label[first.len_utf8()..])
            }
            _ => label.to_owned(),
        }
    }

    /// The option of the command line without its dashes: "momentum", "augmentation-rotation".
    pub fn option(&self) -> String {
        let (table, name) = self.key.rsplit_once('.').unwrap_or(("", self.key));
        let name = ["_px", "_deg"]
            .into_iter()
            .find_map(|unit| name.strip_suffix(unit))
            .unwrap_or(name);
        let option = match (table, name) {
            (table, "kind") => table.to_owned(),
            ("schedule" | "augmentation", name) => format!("{table}-{name}"),
            (_, name) => name.to_owned(),
        };
        option.replace('_', "-")
    }

    /// The expected value, such as "a number from 0 to 0.9", "one of sgd, adam".
    pub fn expected(&self) -> String {
        match &self.kind {
            HyperparameterKind::Integer { min, max, .. } => {
                format!("a whole number from {min} to {max}")
            }
            HyperparameterKind::Real { min, max, .. } => format!("a number from {min} to {max}"),
            HyperparameterKind::Choice { options, .. } => {
                let names: Vec<_> = options().into_iter().map(|choice| choice.name).collect();
                format!("one of {}", names.join(", "))
            }
            HyperparameterKind::Layers { max, .. } => {
                format!("whole numbers from 1 to {max}, such as 32,128")
            }
        }
    }

    /// [`Self::expected`] in the unit of the window: percent in place of fractions.
    pub fn expected_in_window(&self) -> String {
        match self.kind {
            HyperparameterKind::Real {
                min,
                max,
                scale: Scale::Percent,
                ..
            } => format!(
                "a number from {} to {}",
                format::percent_as_set(min),
                format::percent_as_set(max)
            ),
            _ => self.expected(),
        }
    }

    /// The value in a configuration; `None` where the configuration has none.
    pub fn value(&self, config: &TrainingConfig) -> Option<Value> {
        Some(match &self.kind {
            HyperparameterKind::Integer { get, .. } => Value::Integer(get(config) as i64),
            HyperparameterKind::Real { get, .. } => Value::Float(get(config)?),
            HyperparameterKind::Choice { get, .. } => Value::String(get(config)),
            HyperparameterKind::Layers { get, .. } => value_of_widths(get(config)),
        })
    }

    /// The value as the window and messages show it; `None` where the configuration has none.
    pub fn text(&self, config: &TrainingConfig) -> Option<String> {
        Some(match (&self.kind, self.value(config)?) {
            (HyperparameterKind::Choice { options, .. }, Value::String(name)) => options()
                .into_iter()
                .find(|choice| choice.name == name)
                .map_or(name, |choice| choice.label),
            (HyperparameterKind::Layers { get, .. }, _) => widths_text(get(config)),
            (_, value) => self.text_of(&value),
        })
    }

    /// A value in the unit of the window: "20 %" for the fraction 0.2.
    pub fn text_of(&self, value: &Value) -> String {
        match (&self.kind, value) {
            (
                HyperparameterKind::Real {
                    scale: Scale::Percent,
                    ..
                },
                Value::Float(value),
            ) => format::percent_as_set(*value),
            (_, value) => value.to_string(),
        }
    }

    /// Whether a value has the right type and is in range.
    fn is_valid(&self, value: &Value) -> bool {
        match (&self.kind, value) {
            (HyperparameterKind::Integer { min, max, .. }, Value::Integer(value)) => {
                u64::try_from(*value).is_ok_and(|value| (*min..=*max).contains(&value))
            }
            (HyperparameterKind::Real { min, max, .. }, Value::Float(value)) => {
                (*min..=*max).contains(value)
            }
            (HyperparameterKind::Choice { options, .. }, Value::String(name)) => {
                options().iter().any(|choice| choice.name == *name)
            }
            (HyperparameterKind::Layers { .. }, value) => widths_of(value).is_some(),
            _ => false,
        }
    }

    /// Puts a value into a configuration.
    ///
    /// # Errors
    /// When the value has another type or is out of range, or the configuration has no such value.
    pub fn set(&self, config: &mut TrainingConfig, value: &Value) -> Result<(), Refusal> {
        self.check_applicable(config)?;
        let value = match (value, &self.kind) {
            (Value::Integer(whole), HyperparameterKind::Real { .. }) => {
                &Value::Float(*whole as f64)
            }
            (value, _) => value,
        };
        if !self.is_valid(value) {
            return Err(self.refusal(value.to_string()));
        }
        match (&self.kind, value) {
            (HyperparameterKind::Integer { set, .. }, Value::Integer(value)) => {
                set(config, *value as u64);
            }
            (HyperparameterKind::Real { set, .. }, Value::Float(value)) => set(config, *value),
            (HyperparameterKind::Choice { set, .. }, Value::String(name)) => set(config, name),
            (HyperparameterKind::Layers { set, .. }, value) => {
                return set(config, widths_of(value).unwrap_or_default());
            }
            _ => {}
        }
        Ok(())
    }

    /// Copies the value of another configuration, if both have one.
    pub fn copy(&self, from: &TrainingConfig, to: &mut TrainingConfig) {
        if let Some(value) = self.value(from) {
            // The value is valid. `to` refuses it only if it has no such value, or layers that do not fit these.
            let _ = self.set(to, &value);
        }
    }

    /// Reads a value that was typed.
    ///
    /// # Errors
    /// If the text is not a valid value.
    pub fn parse(&self, text: &str) -> Result<Value, Refusal> {
        let text = text.trim();
        let value = match &self.kind {
            HyperparameterKind::Integer { .. } => text.parse().ok().map(Value::Integer),
            HyperparameterKind::Real { .. } => text.parse().ok().map(Value::Float),
            HyperparameterKind::Choice { .. } => Some(Value::String(text.to_owned())),
            HyperparameterKind::Layers { .. } => {
                parse_hidden(text).ok().as_deref().map(value_of_widths)
            }
        };
        value.ok_or_else(|| self.refusal(format!("\"{text}\"")))
    }

    /// Checks the value that a configuration has against the range.
    pub(super) fn check(&self, config: &TrainingConfig) -> Result<(), Refusal> {
        let value = self.value(config);
        let wrong = value.filter(|value| !self.is_valid(value));
        wrong.map_or(Ok(()), |found| Err(self.refusal(found.to_string())))
    }

    /// Refuses a momentum for Adam.
    fn check_applicable(&self, config: &TrainingConfig) -> Result<(), Refusal> {
        let table = self.key.split('.').next().unwrap_or_default();
        let kind = by_key(&format!("{table}.kind")).and_then(|kind| kind.text(config));
        match (self.value(config), kind) {
            (None, Some(kind)) => Err(Refusal::new(
                format!("set the {}", self.name()),
                format!("the {table} {kind}, which has no {}", self.name()),
                format!("another {table}"),
                format!("leave it out or choose another {table}"),
            )),
            _ => Ok(()),
        }
    }

    fn refusal(&self, found: String) -> Refusal {
        Refusal::new(
            format!("set the {}", self.name()),
            found,
            self.expected(),
            "choose such a value",
        )
    }
}

/// "256,128", or "none".
pub fn widths_text(widths: &[usize]) -> String {
    let widths: Vec<_> = widths.iter().map(usize::to_string).collect();
    if widths.is_empty() {
        "none".to_owned()
    } else {
        widths.join(",")
    }
}

fn value_of_widths(widths: &[usize]) -> Value {
    let widths = widths.iter();
    Value::Array(widths.map(|&width| Value::Integer(width as i64)).collect())
}

fn widths_of(value: &Value) -> Option<Vec<usize>> {
    let widths = value.as_array()?.iter();
    widths
        .map(|width| usize::try_from(width.as_integer()?).ok())
        .collect()
}

/// The options of an enum with their documentation as labels.
fn choices<T: ValueEnum>() -> Vec<Choice> {
    choices_with(value_help::<T>)
}

/// The options of an enum with the names that clap derives.
fn choices_with<T: ValueEnum>(label: impl Fn(&T) -> String) -> Vec<Choice> {
    let choice = |value| Choice {
        name: name_of(value),
        label: label(value),
    };
    T::value_variants().iter().map(choice).collect()
}

/// The first paragraph of a value's documentation.
pub(super) fn value_help<T: ValueEnum>(value: &T) -> String {
    let value = value.to_possible_value();
    let help = value.as_ref().and_then(PossibleValue::get_help);
    help.map(ToString::to_string).unwrap_or_default()
}

fn name_of<T: ValueEnum>(value: &T) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A number as the decimal that a person wrote.
trait ToExact {
    fn to_exact(self) -> f64;
}

impl ToExact for f64 {
    fn to_exact(self) -> f64 {
        self
    }
}

impl ToExact for f32 {
    /// 0.15 rather than the `f64` of the nearest `f32`.
    fn to_exact(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::from(self))
    }
}
