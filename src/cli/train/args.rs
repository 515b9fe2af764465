//! The arguments of `digitpad train`, and the training that they describe.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{
    Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches,
    builder::{ArgPredicate, PossibleValue, PossibleValuesParser, TypedValueParser as _},
};

use super::checkpoint::{checkpoint_beside, read_checkpoint};
use crate::{
    cli::{
        load_model,
        paths::{CHECKPOINT, CommandPaths, RESUME},
    },
    data::{Corrections, DataSource, TrainingData, augment::Augmentation, ink_set::Fold},
    error::{CliError, IoError, Refusal, excerpt},
    files::lock::FileLock,
    model::device::DeviceChoice,
    store::training_config,
    training::{
        Start,
        config::{
            Preset, TrainingConfig,
            hyperparameter::{self, Hyperparameter, HyperparameterGroup, HyperparameterKind},
        },
        fine_tune::BaseModel,
    },
};

pub(in crate::cli) const EXAMPLES: &str = "\
Examples:
  digitpad train --out mine.safetensors
  digitpad train --preset keras --seed 7 --out keras-7.safetensors
  digitpad train --hidden 256,128 --activation tanh --out deep.safetensors
  digitpad train --convolutional 5,50 --augment 0.7 --out deep.safetensors
  digitpad train --optimizer sgd --momentum 0.9 --out mine.safetensors
  digitpad presets quick > mine.toml
  digitpad train --config mine.toml --out mine.safetensors
  digitpad train --data fashion-mnist/ --out fashion.safetensors --json
  digitpad train --from built-in --corrections own.jsonl --out own.safetensors
  digitpad train --resume own.safetensors.checkpoint --out own.safetensors

Ctrl-C stops the training after its batch, tests the model and saves it; a second Ctrl-C skips the test; a third \
one discards the training. All exit with code 130. After every epoch and every 30 seconds, FILE.checkpoint beside the \
weights is updated; it is removed when the training ends by itself.";

/// Names the built-in model in place of a weight file.
const BUILT_IN: &str = "built-in";
const DATA: &str = "Data";

#[derive(Debug, Args)]
pub(in crate::cli) struct TrainArgs {
    /// The preset to start from; the options below change single values
    #[arg(long, value_enum, value_name = "NAME", default_value = "keras")]
    #[arg(default_value_if("from", ArgPredicate::IsPresent, None))]
    preset: Option<Preset>,
    /// A configuration in a TOML file, in place of a preset
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// The base model: fine-tune the weights in this file, or those of the "built-in" model, in place of a new network.
    /// Without --preset and --config, its own configuration with few epochs and a small learning rate. With
    /// --corrections, trains for seconds, until it reads them as labeled
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Continue from the checkpoint of an interrupted training, with its configuration and data. Repeat --half
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["from", "preset", "config", HYPERPARAMETERS, "sources"])]
    pub(super) resume: Option<PathBuf>,
    #[command(flatten)]
    hyperparameters: HyperparameterArgs,
    #[command(flatten)]
    source: DataArgs,
    /// The device to compute on
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub(super) device: DeviceChoice,
    /// The weight file to write; an existing file is replaced when the training has ended
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// The checkpoint file, in place of OUT.checkpoint
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Write 16-bit weights, half as large; they are rounded after the test
    #[arg(long)]
    pub(super) half: bool,
    /// Print the configuration, history and test result as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// Single hyperparameters, as the table declares them.
#[derive(Debug)]
struct HyperparameterArgs {
    values: Vec<(&'static Hyperparameter, toml::Value)>,
    augment: Option<f32>,
}

/// The option that sets all strengths of the augmentation.
const AUGMENT: &str = "augment";
/// The group of all of these options.
const HYPERPARAMETERS: &str = "hyperparameters";

impl Args for HyperparameterArgs {
    fn augment_args(command: Command) -> Command {
        let augment = Arg::new(AUGMENT)
            .long(AUGMENT)
            .value_name("STRENGTH")
            .value_parser(clap::value_parser!(f32))
            .allow_negative_numbers(true)
            .help_heading(HyperparameterGroup::Augmentation.name())
            .help("Sets every strength of the augmentation: 1 is the usual strength, 0 none");
        let group = ArgGroup::new(HYPERPARAMETERS)
            .multiple(true)
            .arg(AUGMENT)
            .args(hyperparameter::ALL.iter().map(|entry| entry.key));
        command
            .arg(augment)
            .args(hyperparameter::ALL.iter().map(option))
            .group(group)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for HyperparameterArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let all = hyperparameter::ALL.iter();
        let value = |entry: &'static Hyperparameter| {
            Some((entry, matches.get_one::<toml::Value>(entry.key)?.clone()))
        };
        Ok(Self {
            values: all.filter_map(value).collect(),
            augment: matches.get_one(AUGMENT).copied(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The option of a hyperparameter.
fn option(entry: &'static Hyperparameter) -> Arg {
    let arg = Arg::new(entry.key)
        .long(entry.option())
        .help(entry.help)
        .help_heading(entry.group.name())
        .allow_negative_numbers(true);
    let unit = |real| match entry.key.rsplit_once('_') {
        Some((_, "px")) => "PIXELS",
        Some((_, "deg")) => "DEGREES",
        _ => real,
    };
    let parse = |text: &str| {
        let value = entry.parse(text);
        value.map_err(|refusal| format!("expected {}", refusal.expected))
    };
    match &entry.kind {
        HyperparameterKind::Integer { .. } => arg.value_name(unit("N")).value_parser(parse),
        HyperparameterKind::Real { .. } => arg.value_name(unit("X")).value_parser(parse),
        HyperparameterKind::Layers { .. } => arg.value_name("COUNTS").value_parser(parse),
        HyperparameterKind::Choice { options, .. } => {
            let names = options().into_iter();
            let names = names.map(|choice| PossibleValue::new(choice.name).help(choice.label));
            let parser = PossibleValuesParser::new(names).map(toml::Value::String);
            arg.value_name("NAME").value_parser(parser)
        }
    }
}

/// Where the examples come from.
#[derive(Debug, Args)]
#[group(id = "sources", multiple = true)]
struct DataArgs {
    /// A folder with the four files of a data set in MNIST's format; default: MNIST
    #[arg(long, value_name = "FOLDER", help_heading = DATA)]
    data: Option<PathBuf>,
    /// An ink file whose labeled drawings are added to the training examples; may be repeated. One writer in twelve is
    /// held out to calibrate the confidence, if the held-out writers have at least 200 digits
    #[arg(long, value_name = "FILE", help_heading = DATA)]
    ink: Vec<PathBuf>,
    /// With --ink: leave out the writers of part K of N, such as 0/5, to evaluate on them
    #[arg(long, value_name = "K/N", requires = "ink", help_heading = DATA)]
    leave_out: Option<Fold>,
    /// An ink file of corrections, such as the window's corrections.jsonl. Trains on each up to 20 times an epoch: on
    /// digits, and on drawings with any other label as non-digits
    #[arg(long, value_name = "FILE", help_heading = DATA)]
    corrections: Option<PathBuf>,
}

impl TrainArgs {
    /// All files that the arguments name.
    pub(super) fn paths(&self) -> CommandPaths {
        let base_model = self.from.as_deref().filter(|file| !is_built_in(file));
        CommandPaths::default()
            .reads("--config", &self.config)
            .reads("--from", base_model)
            .reads(RESUME, &self.resume)
            .reads_data("--data", &self.source.base().files())
            .reads("--ink", &self.source.ink)
            .reads("--corrections", &self.source.corrections)
            .writes("--out", [&self.out])
            .writes("the lock of --out", [FileLock::path_of(&self.out)])
            .writes(CHECKPOINT, [self.checkpoint()])
            .writes(
                "the lock of --checkpoint",
                [FileLock::path_of(&self.checkpoint())],
            )
    }

    /// The checkpoint file to write.
    pub(super) fn checkpoint(&self) -> PathBuf {
        let typed = self.checkpoint.clone();
        typed.unwrap_or_else(|| checkpoint_beside(&self.out))
    }

    /// Whether a fine-tuning would take the base model's configuration, which cannot be read.
    pub(super) fn takes_an_unreadable_config(&self, start: &Start) -> bool {
        let is_chosen = self.config.is_some() || self.preset.is_some();
        matches!(start, Start::From(base, _) if !is_chosen && base.has_unreadable_config())
    }

    /// How the training starts, checked, and its data.
    pub(super) fn start(&self) -> Result<(Start, TrainingData), CliError> {
        if let Some(file) = &self.resume {
            let checkpoint = read_checkpoint(self, file)?;
            let data = checkpoint.source().clone();
            return Ok((Start::Resume(Arc::new(checkpoint)), data));
        }
        let base_model = self.from.as_deref().map(base_model).transpose()?;
        let has_settings = self.config.is_some()
            || self.preset.is_some()
            || self.hyperparameters.changes_more_than_the_seed();
        if base_model.is_some() && self.source.corrections.is_some() && has_settings {
            return Err(Refusal::new(
                "fine-tune on corrections",
                "options that change the training",
                "at most --seed",
                "leave them out: the base model decides them",
            )
            .into());
        }
        let recipe = match (&self.config, self.preset, &base_model) {
            (Some(file), ..) => training_config::load(file)?,
            (None, Some(preset), _) => preset.config(),
            (None, None, Some(base_model)) => base_model.fine_tuning(),
            (None, None, None) => TrainingConfig::default(),
        };
        let config = Box::new(self.hyperparameters.resolve(recipe)?);
        let start = match base_model {
            Some(base) => {
                base.check(&config)?;
                Start::From(base, config)
            }
            None => Start::Fresh(config),
        };
        Ok((start, self.source.resolve()?))
    }
}

impl DataArgs {
    fn base(&self) -> DataSource {
        let folder = self.data.clone();
        folder.map_or(DataSource::Mnist, DataSource::Folder)
    }

    fn resolve(&self) -> Result<TrainingData, CliError> {
        let corrections = self.corrections.as_deref().map(read_corrections);
        let data = TrainingData {
            base: self.base(),
            ink: self.ink.clone(),
            leave_out: self.leave_out,
            corrections: corrections.transpose()?.unwrap_or_default(),
        };
        Ok(data.absolute())
    }
}

fn is_built_in(file: &Path) -> bool {
    file.as_os_str() == BUILT_IN
}

/// The base model of a fine-tuning.
fn base_model(file: &Path) -> Result<BaseModel, CliError> {
    let file = Some(file).filter(|file| !is_built_in(file));
    let model = load_model(file)?;
    let name = match file {
        Some(file) => format!("model in {}", excerpt(file.display())),
        None => "built-in model".to_owned(),
    };
    Ok(BaseModel::new(Arc::new(model), name))
}

/// The corrections in a file, at least one.
fn read_corrections(file: &Path) -> Result<Corrections, CliError> {
    fs::metadata(file).map_err(|source| IoError::new("read", file, source))?;
    let corrections = Corrections::read(file)?;
    if corrections.is_empty() {
        return Err(Refusal::new(
            format!("train on the corrections in {}", excerpt(file.display())),
            "no labeled drawing",
            "at least one",
            "choose another file, or correct some drawings in the window first",
        )
        .into());
    }
    Ok(corrections)
}

impl HyperparameterArgs {
    fn changes_more_than_the_seed(&self) -> bool {
        self.augment.is_some() || self.values.iter().any(|(entry, _)| entry.key != "seed")
    }

    /// The configuration with the typed values, checked.
    fn resolve(&self, mut config: TrainingConfig) -> Result<TrainingConfig, Refusal> {
        if let Some(strength) = self.augment {
            config.augmentation = Augmentation::HANDWRITING.scaled(strength);
        }
        for (hyperparameter, value) in &self.values {
            hyperparameter.set(&mut config, value)?;
        }
        config.validate()?;
        Ok(config)
    }
}

#[cfg(test)]
pub(super) mod tests;
