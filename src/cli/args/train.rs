//! What can be typed after `digitpad train`, and the configuration that comes of it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{
    Args,
    builder::{ArgPredicate, PossibleValue},
};

use super::{DeviceArgs, one_of, preset_names};
use crate::{
    cli::{
        TrainTask, load_model,
        train::{TrainStart, checkpoint::checkpoint_beside, read_config},
    },
    data::{Corrections, DataSource, TrainingData, augment::Augmentation, ink_set::Fold},
    error::{CliError, IoError, Refusal},
    model::{Activation, MlpConfig, parse_hidden},
    training::{
        Start,
        config::{Loss, Optimizer, Preset, TrainingConfig, hyperparameter},
        fine_tune::BaseModel,
        schedule::Schedule,
    },
};

pub(super) const EXAMPLES: &str = "\
Examples:
  digitpad train --out mine.safetensors
  digitpad train --preset keras --seed 7 --out keras-7.safetensors
  digitpad train --hidden 256,128 --activation tanh --epochs 5 --out deep.safetensors
  digitpad train --optimizer nesterov --schedule cosine --dropout 0.2 --out mine.safetensors
  digitpad presets quick > mine.toml; digitpad train --config mine.toml --out mine.safetensors
  digitpad train --data fashion-mnist/ --out fashion.safetensors --json > fashion.json
  digitpad train --from built-in --corrections corrections.jsonl --out mine.safetensors
  digitpad train --resume mine.safetensors.checkpoint --out mine.safetensors

Ctrl-C ends the training after its batch and keeps what was learned so far; a second one leaves out the \
test, and a third gives it up. All exit with code 130. What is needed to go on is written beside the \
weights, as FILE.checkpoint, after every epoch and every 30 seconds, and removed when the training has \
ended by itself.";

/// What names the model in the program where a weight file could be named.
const BUILT_IN: &str = "built-in";
const NETWORK: &str = "Network";
const OPTIMIZATION: &str = "Optimisation";
const REGULARIZATION: &str = "Against overfitting";
const DATA: &str = "Data";

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// The recipe to start from; the options below change single values of it
    #[arg(long, value_name = "NAME", default_value = Preset::Keras.name())]
    #[arg(value_parser = one_of::<Preset>(preset_names()), default_value_if("from", ArgPredicate::IsPresent, None))]
    preset: Option<Preset>,
    /// A recipe in a TOML file, in place of a preset
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// Go on with the weights in this file, or with those of the model in the program ("built-in"), in place of a
    /// new network: as they were trained, if the file says how, but shortly and in small steps. A preset or a
    /// recipe says otherwise. With --corrections, all but those drawings are to be read as the model reads them
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// An interrupted training's checkpoint to go on from; its recipe and data are those that it began with,
    /// --half is to be given again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "preset", "config", "hyperparameters", "sources"])]
    resume: Option<PathBuf>,
    #[command(flatten)]
    hyperparameters: HyperparameterArgs,
    #[command(flatten)]
    source: DataArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// The weight file to write; one that is there is replaced when the training has ended
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where to write what is needed to go on after an interruption, in place of OUT.checkpoint
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Write the weights as numbers of 16 bits, half as large; they are rounded after the test
    #[arg(long)]
    half: bool,
    /// Print the configuration, history and test figures as one JSON object
    #[arg(long)]
    json: bool,
}

/// Single values of a recipe.
#[derive(Debug, Args)]
#[group(id = "hyperparameters", multiple = true)]
struct HyperparameterArgs {
    /// How often each example is seen
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Examples a step
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Decides all that is random
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Units of the hidden layers with commas between them, such as 256,128; or "none"
    #[arg(long, value_name = "WIDTHS", help_heading = NETWORK)]
    hidden: Option<String>,
    /// What follows each hidden layer
    #[arg(long, value_name = "NAME", help_heading = NETWORK)]
    #[arg(value_enum)]
    activation: Option<Activation>,
    /// Let the units of the first two hidden layers look at 5x5 fields, with the same weights everywhere
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = NETWORK)]
    convolutional: Option<bool>,
    /// Take away this part (0 to 1) of a digit's slant
    #[arg(long, value_name = "PART", help_heading = NETWORK, allow_negative_numbers = true)]
    deslant: Option<f32>,
    /// Bring a digit's width this part of the way (0 to 1) to one that is usual
    #[arg(long, value_name = "PART", help_heading = NETWORK, allow_negative_numbers = true)]
    width_normalization: Option<f32>,
    /// Filter images by the median of the square that reaches so many pixels to each side
    #[arg(long, value_name = "PIXELS", help_heading = NETWORK)]
    median: Option<usize>,
    /// Blur images by a Gaussian of this standard deviation
    #[arg(long, value_name = "PIXELS", help_heading = NETWORK, allow_negative_numbers = true)]
    gaussian: Option<f32>,
    /// Make pixels from this value (0 to 1) on ink, and all others paper
    #[arg(long, value_name = "X", help_heading = NETWORK, allow_negative_numbers = true)]
    threshold: Option<f32>,
    /// How a gradient becomes a step
    #[arg(long, value_name = "NAME", help_heading = OPTIMIZATION)]
    #[arg(value_parser = one_of::<Optimizer>(Optimizer::ALL.map(|o| PossibleValue::new(o.name()).help(o.title()))))]
    optimizer: Option<Optimizer>,
    /// How far a step goes
    #[arg(long, value_name = "X", help_heading = OPTIMIZATION, allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// How the learning rate changes
    #[arg(long, value_name = "NAME", help_heading = OPTIMIZATION)]
    #[arg(value_parser = one_of::<Schedule>(Schedule::ALL.map(|s| PossibleValue::new(s.name()))))]
    schedule: Option<Schedule>,
    /// What is made small
    #[arg(long, value_name = "NAME", help_heading = OPTIMIZATION)]
    #[arg(value_parser = one_of::<Loss>(Loss::ALL.map(|l| PossibleValue::new(l.name()))))]
    loss: Option<Loss>,
    /// The part of each target that is spread over all digits
    #[arg(long, value_name = "X", help_heading = OPTIMIZATION, allow_negative_numbers = true)]
    label_smoothing: Option<f64>,
    /// Cut gradients that are longer to this length; 0 leaves them
    #[arg(long, value_name = "X", help_heading = OPTIMIZATION, allow_negative_numbers = true)]
    clip: Option<f64>,
    /// The weight decay of AdamW, which it chooses as the optimizer
    #[arg(long, value_name = "X", help_heading = REGULARIZATION, allow_negative_numbers = true)]
    weight_decay: Option<f64>,
    /// Add this times the sum of the weights' sizes to the loss
    #[arg(long, value_name = "X", help_heading = REGULARIZATION, allow_negative_numbers = true)]
    l1: Option<f64>,
    /// Add this times the sum of the weights' squares to the loss
    #[arg(long, value_name = "X", help_heading = REGULARIZATION, allow_negative_numbers = true)]
    l2: Option<f64>,
    /// The part of the hidden outputs that each step leaves out
    #[arg(long, value_name = "X", help_heading = REGULARIZATION, allow_negative_numbers = true)]
    dropout: Option<f64>,
    /// Keep a running mean of the weights, of which each step keeps this part, such as 0.999
    #[arg(long, value_name = "X", help_heading = REGULARIZATION, allow_negative_numbers = true)]
    ema: Option<f64>,
    /// Stop after so many epochs without a lower validation loss, and keep the best
    #[arg(long, value_name = "EPOCHS", help_heading = REGULARIZATION)]
    patience: Option<usize>,
    /// Vary images as hands do, so strongly: 1 is the usual strength, 0 none
    #[arg(long, value_name = "STRENGTH", help_heading = DATA, allow_negative_numbers = true)]
    augment: Option<f32>,
    /// Learn so many digits beside the data set's that the program draws, with the forms of many countries
    #[arg(long, value_name = "N", help_heading = DATA)]
    synthetic_digits: Option<usize>,
    /// Let a generated digit count by this power of the probability that it is read as wanted; 0 counts all alike
    #[arg(long, value_name = "X", help_heading = DATA, allow_negative_numbers = true)]
    gce_q: Option<f64>,
    /// Learn to refuse so many scribbles, letters and signs that the program draws
    #[arg(long, value_name = "N", help_heading = DATA)]
    non_digits: Option<usize>,
    /// The part of the training examples to learn from
    #[arg(long, value_name = "X", help_heading = DATA, allow_negative_numbers = true)]
    data_fraction: Option<f64>,
    /// The part of the training examples to validate with
    #[arg(long, value_name = "X", help_heading = DATA, allow_negative_numbers = true)]
    validation_split: Option<f64>,
}

/// Where the examples come from.
#[derive(Debug, Args)]
#[group(id = "sources", multiple = true)]
struct DataArgs {
    /// A folder with the four files of a data set in MNIST's format; without it, MNIST
    #[arg(long, value_name = "FOLDER", help_heading = DATA)]
    data: Option<PathBuf>,
    /// An ink file to learn labeled drawings from as well; may be given several times. One hand in twelve
    /// is held back, to find what confidence means, if these hands have at least 200 digits
    #[arg(long, value_name = "FILE", help_heading = DATA)]
    ink: Vec<PathBuf>,
    /// With --ink: the hands that are left out, to be measured on; one part K of N, such as 0/5
    #[arg(long, value_name = "K/N", requires = "ink", help_heading = DATA)]
    leave_out: Option<Fold>,
    /// An ink file of your own hand, such as the window's corrections.jsonl: all its drawings with a label are
    /// learned from, each up to 20 times an epoch: digits, and as no digit those with any other label
    #[arg(long, value_name = "FILE", help_heading = DATA)]
    corrections: Option<PathBuf>,
}

impl TrainArgs {
    /// The recipe with what was typed in its place, checked.
    pub(super) fn resolve(self) -> Result<TrainTask, CliError> {
        let start = if let Some(file) = self.resume {
            TrainStart::Resume(file)
        } else {
            let base_model = self.from.map(base_model).transpose()?;
            let recipe = match (self.config, self.preset, &base_model) {
                (Some(file), ..) => read_config(&file)?,
                (None, Some(preset), _) => preset.config(),
                (None, None, Some(base_model)) => base_model.fine_tuning(),
                (None, None, None) => TrainingConfig::default(),
            };
            let config = Box::new(self.hyperparameters.resolve(recipe)?);
            if let Some(base_model) = &base_model {
                base_model.check(&config)?;
            }
            let start = match base_model {
                Some(base) => Start::From(base, config),
                None => Start::Fresh(config),
            };
            TrainStart::New {
                start,
                data: self.source.resolve()?,
            }
        };
        let checkpoint = self
            .checkpoint
            .unwrap_or_else(|| checkpoint_beside(&self.out));
        Ok(TrainTask {
            start,
            device: self.device.device,
            out: self.out,
            checkpoint,
            half: self.half,
            json: self.json,
        })
    }
}

impl DataArgs {
    fn resolve(self) -> Result<TrainingData, CliError> {
        let corrections = self.corrections.as_deref().map(read_corrections);
        Ok(TrainingData {
            base: self.data.map_or(DataSource::Mnist, DataSource::Folder),
            ink: self.ink,
            leave_out: self.leave_out,
            corrections: corrections.transpose()?.unwrap_or_default(),
        })
    }
}

/// The model to go on with.
fn base_model(file: PathBuf) -> Result<BaseModel, CliError> {
    let file = Some(file).filter(|file| file != Path::new(BUILT_IN));
    let model = load_model(file.as_deref())?;
    let name = match file {
        Some(file) => format!("model in {}", file.display()),
        None => "shipped model".to_owned(),
    };
    Ok(BaseModel::new(Arc::new(model), name))
}

/// The drawings in a file that was named: there must be some.
fn read_corrections(file: &Path) -> Result<Corrections, CliError> {
    fs::metadata(file).map_err(|source| IoError::new("read", file, source))?;
    let corrections = Corrections::read(file)?;
    if corrections.is_empty() {
        return Err(CliError::Refused(Refusal::new(
            format!("learn from the drawings in {}", file.display()),
            "none with a label",
            "at least one",
            "choose another file, or keep some drawings in the window first",
        )));
    }
    Ok(corrections)
}

impl HyperparameterArgs {
    /// A recipe with what was typed in its place, checked.
    fn resolve(self, mut config: TrainingConfig) -> Result<TrainingConfig, CliError> {
        config.model = self.model(&config.model).map_err(CliError::Refused)?;
        replace(&mut config.convolutional, self.convolutional);
        replace(&mut config.epochs, self.epochs);
        replace(&mut config.batch_size, self.batch_size);
        replace(&mut config.seed, self.seed);
        replace(&mut config.optimizer, self.optimizer);
        replace(&mut config.learning_rate, self.learning_rate);
        replace(&mut config.schedule, self.schedule);
        replace(&mut config.loss, self.loss);
        replace(&mut config.label_smoothing, self.label_smoothing);
        replace(&mut config.clip_norm, self.clip);
        replace(&mut config.l1, self.l1);
        replace(&mut config.l2, self.l2);
        replace(&mut config.dropout, self.dropout);
        replace(&mut config.ema, self.ema);
        replace(&mut config.patience, self.patience);
        replace(&mut config.synthetic_digits, self.synthetic_digits);
        replace(&mut config.gce_q, self.gce_q);
        replace(&mut config.non_digits, self.non_digits);
        replace(&mut config.data_fraction, self.data_fraction);
        replace(&mut config.validation_split, self.validation_split);
        if let Some(decay) = self.weight_decay {
            config.optimizer = decayed(config.optimizer, decay).map_err(CliError::Refused)?;
        }
        if let Some(strength) = self.augment {
            config.augmentation = Augmentation::HANDWRITING.scaled(strength);
        }
        config.validate().map_err(CliError::Refused)?;
        Ok(config)
    }

    fn model(&self, model: &MlpConfig) -> Result<MlpConfig, Refusal> {
        let hidden = match &self.hidden {
            Some(text) => parse_hidden(text)?,
            None => model.hidden().to_vec(),
        };
        let activation = self.activation.unwrap_or(model.activation());
        let mut preprocessing = model.preprocessing();
        replace(&mut preprocessing.deslant, self.deslant);
        replace(
            &mut preprocessing.width_normalization,
            self.width_normalization,
        );
        replace(&mut preprocessing.median_px, self.median);
        replace(&mut preprocessing.gaussian_px, self.gaussian);
        replace(&mut preprocessing.threshold, self.threshold);
        MlpConfig::new(hidden, activation)?.with_preprocessing(preprocessing)
    }
}

/// The optimizer with this weight decay: Adam becomes AdamW.
fn decayed(optimizer: Optimizer, decay: f64) -> Result<Optimizer, Refusal> {
    match optimizer {
        Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
        }
        | Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            ..
        } => Ok(Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay: decay,
        }),
        other => Err(Refusal::new(
            format!("set the {}", hyperparameter::WEIGHT_DECAY.name),
            format!("the optimizer {other}, which has none"),
            "adamw",
            "choose --optimizer adamw, or --l2, which every optimizer has",
        )),
    }
}

fn replace<T>(value: &mut T, typed: Option<T>) {
    if let Some(typed) = typed {
        *value = typed;
    }
}

#[cfg(test)]
mod tests;
