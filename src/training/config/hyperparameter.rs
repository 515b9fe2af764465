//! Every number that a training can be told: its key in a file, its range, and what it does. Whoever checks
//! one, writes it into a file or lets a person turn it takes the range from here.

use std::fmt;

use super::TrainingConfig;
use crate::{
    error::Refusal,
    training::{config::Optimizer, schedule::Schedule},
};

/// A number that a training can be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyperparameter {
    /// Its place in a configuration file: "optimizer.momentum".
    pub key: &'static str,
    /// What it is called in a sentence: "momentum".
    pub name: &'static str,
    /// Its least value.
    pub least: f64,
    /// Its greatest value.
    pub most: f64,
    /// What it does, without a full stop.
    pub help: &'static str,
}

/// Declares the hyperparameters, one a line: the constant, key, name, least and greatest value, and what it does.
macro_rules! hyperparameters {
    ($($constant:ident $key:literal $name:literal $least:literal $most:literal $help:literal;)*) => {
        $(
            #[doc = concat!("The ", $name, ": `", $key, "`, ", $least, "..=", $most, ".")]
            pub const $constant: Hyperparameter = Hyperparameter {
                key: $key,
                name: $name,
                least: $least,
                most: $most,
                help: $help,
            };
        )*
    };
}

hyperparameters! {
    EPOCHS "epochs" "epochs" 1.0 10_000.0
        "How often each example is seen";
    BATCH_SIZE "batch_size" "batch size" 1.0 8192.0
        "Examples a step";
    LEARNING_RATE "learning_rate" "learning rate" 1e-9 10.0
        "How far a step goes, at its highest";
    CLIP_NORM "clip_norm" "gradient clipping" 0.0 1000.0
        "A longer gradient, over all parameters, is cut to this length; 0 leaves it";
    LABEL_SMOOTHING "label_smoothing" "label smoothing" 0.0 0.5
        "The part of each target that is spread evenly over all digits";
    L1 "l1" "L1 penalty" 0.0 1.0
        "Adds this times the sum of the weights' sizes to the loss: unneeded weights become 0";
    L2 "l2" "L2 penalty" 0.0 1.0
        "Adds this times the sum of the weights' squares to the loss: weights stay small";
    DROPOUT "dropout" "dropout" 0.0 0.9
        "The part of each hidden layer's outputs that a step leaves out at random";
    EMA "ema" "weight averaging" 0.0 0.9999
        "The model is a running mean of the weights, of which each step keeps this part; 0 is none";
    PATIENCE "patience" "patience" 0.0 1000.0
        "Stops after so many epochs without a lower validation loss; 0 never does";
    SYNTHETIC_DIGITS "synthetic_digits" "generated digits" 0.0 500_000.0
        "Generated digits that are learned beside the data set's";
    GCE_Q "gce_q" "generalized cross-entropy q" 0.0 4.0
        "A generated digit counts by this power of the probability that it is read as wanted; 0 counts all alike";
    NON_DIGITS "non_digits" "generated non-digits" 0.0 500_000.0
        "Generated drawings that are no digit, and are learned to be refused";
    DATA_FRACTION "data_fraction" "part of the data" 0.0001 1.0
        "The part of the training examples that is learned from, their first";
    VALIDATION_SPLIT "validation_split" "validation split" 0.0 0.9
        "The part of the training examples, their last, that is kept to validate with";
    DESLANT "model.preprocessing.deslant" "deslanting" 0.0 1.0
        "Takes away this part of a digit's slant; 0 leaves it";
    EVEN_WIDTH "model.preprocessing.width_normalization" "even width" 0.0 1.0
        "Brings a digit's width this part of the way to one that is usual; 0 leaves it";
    MEDIAN "model.preprocessing.median_px" "median filter" 0.0 2.0
        "Each pixel becomes the median of the square that reaches so many pixels to each side; 0 is none";
    GAUSSIAN "model.preprocessing.gaussian_px" "Gaussian filter" 0.0 3.0
        "Blurs images by this standard deviation in pixels; 0 is none";
    THRESHOLD "model.preprocessing.threshold" "threshold" 0.0 1.0
        "Makes pixels from this value on ink and all others paper; 0 is none";
    MOMENTUM "optimizer.momentum" "momentum" 0.0 0.999
        "The part of a step that goes on in the next one";
    RMS_DECAY "optimizer.decay" "decay of the squared gradient" 0.0 0.9999
        "The part of the gradient's mean square that each step keeps";
    BETA1 "optimizer.beta1" "decay of the first moment" 0.0 0.9999
        "The part of the gradient's mean that each step keeps";
    BETA2 "optimizer.beta2" "decay of the second moment" 0.0 0.999_99
        "The part of the gradient's mean square that each step keeps";
    EPSILON "optimizer.epsilon" "epsilon" 1e-12 0.1
        "What keeps a division by a small gradient finite";
    WEIGHT_DECAY "optimizer.weight_decay" "weight decay" 0.0 1.0
        "The part of each weight that a step at a learning rate of 1 takes away";
    EVERY_EPOCHS "schedule.every_epochs" "epochs between two steps of the schedule" 1.0 10_000.0
        "How many epochs the learning rate stays the same";
    FACTOR "schedule.factor" "factor of the schedule" 0.0 1.0
        "What the learning rate is then multiplied by";
    END "schedule.end" "end of the schedule" 0.0 1.0
        "The part of the learning rate that is left at the end";
    WARM_UP "schedule.warm_up" "warm-up" 0.0 1.0
        "The part of the training in which the learning rate rises";
    START "schedule.start" "start of the schedule" 0.0 1.0
        "The part of the learning rate that it begins with";
    ROTATION "augmentation.rotation_deg" "augmentation's rotation" 0.0 45.0
        "Turns images by up to so many degrees";
    SCALE "augmentation.scale" "augmentation's scale" 0.0 0.5
        "Stretches and shrinks each axis by up to this part";
    SHEAR "augmentation.shear" "augmentation's shear" 0.0 0.5
        "Slants by up to so many pixels a pixel of height";
    SHIFT "augmentation.shift_px" "augmentation's shift" 0.0 4.0
        "Shifts by up to so many pixels along each axis";
    ELASTIC "augmentation.elastic_px" "augmentation's elastic displacement" 0.0 3.0
        "Wobbles by so many pixels, as a root mean square";
    THICKNESS "augmentation.thickness_px" "augmentation's stroke thickness" 0.0 1.0
        "Grows strokes by up to so many pixels on each side, or shrinks them by half as many";
    GAPS "augmentation.gaps" "augmentation's gaps" 0.0 0.5
        "Leaves out this part of the inked pixels, here and there";
    TAPER "augmentation.taper" "augmentation's taper" 0.0 1.0
        "The last part of the training in which the variations grow weaker";
}

impl Hyperparameter {
    /// Checks a value; NaN is in no range.
    ///
    /// # Errors
    /// When it is out of the range.
    pub fn check(&self, value: f64) -> Result<(), Refusal> {
        if (self.least..=self.most).contains(&value) {
            return Ok(());
        }
        Err(Refusal::new(
            format!("set the {}", self.name),
            value.to_string(),
            self.range(),
            "choose one in this range",
        ))
    }

    /// "a value from 0 to 0.9".
    pub fn range(&self) -> String {
        format!("a value from {self}")
    }
}

/// "0 to 0.9".
impl fmt::Display for Hyperparameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.least, self.most)
    }
}

impl TrainingConfig {
    /// Every number of this configuration with its hyperparameter, as a file has them in order. What another optimizer
    /// or schedule would have is not among them.
    pub fn numbers(&self) -> Vec<(Hyperparameter, f64)> {
        let preprocessing = self.model.preprocessing();
        let mut numbers = vec![
            (EPOCHS, self.epochs as f64),
            (BATCH_SIZE, self.batch_size as f64),
            (LEARNING_RATE, self.learning_rate),
            (CLIP_NORM, self.clip_norm),
            (LABEL_SMOOTHING, self.label_smoothing),
            (L1, self.l1),
            (L2, self.l2),
            (DROPOUT, self.dropout),
            (EMA, self.ema),
            (PATIENCE, self.patience as f64),
            (SYNTHETIC_DIGITS, self.synthetic_digits as f64),
            (GCE_Q, self.gce_q),
            (NON_DIGITS, self.non_digits as f64),
            (DATA_FRACTION, self.data_fraction),
            (VALIDATION_SPLIT, self.validation_split),
            (DESLANT, exact(preprocessing.deslant)),
            (EVEN_WIDTH, exact(preprocessing.width_normalization)),
            (MEDIAN, preprocessing.median_px as f64),
            (GAUSSIAN, exact(preprocessing.gaussian_px)),
            (THRESHOLD, exact(preprocessing.threshold)),
        ];
        numbers.extend(of_optimizer(self.optimizer));
        numbers.extend(of_schedule(self.schedule));
        let augmentation = &self.augmentation;
        numbers.extend([
            (ROTATION, exact(augmentation.rotation_deg)),
            (SCALE, exact(augmentation.scale)),
            (SHEAR, exact(augmentation.shear)),
            (SHIFT, exact(augmentation.shift_px)),
            (ELASTIC, exact(augmentation.elastic_px)),
            (THICKNESS, exact(augmentation.thickness_px)),
            (GAPS, exact(augmentation.gaps)),
            (TAPER, exact(augmentation.taper)),
        ]);
        numbers
    }
}

fn of_optimizer(optimizer: Optimizer) -> Vec<(Hyperparameter, f64)> {
    match optimizer {
        Optimizer::Sgd { momentum, .. } => vec![(MOMENTUM, momentum)],
        Optimizer::RmsProp { decay, epsilon } => vec![(RMS_DECAY, decay), (EPSILON, epsilon)],
        Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
        } => vec![(BETA1, beta1), (BETA2, beta2), (EPSILON, epsilon)],
        Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => vec![
            (BETA1, beta1),
            (BETA2, beta2),
            (EPSILON, epsilon),
            (WEIGHT_DECAY, weight_decay),
        ],
    }
}

fn of_schedule(schedule: Schedule) -> Vec<(Hyperparameter, f64)> {
    match schedule {
        Schedule::Constant => Vec::new(),
        Schedule::Step {
            every_epochs,
            factor,
        } => vec![(EVERY_EPOCHS, every_epochs as f64), (FACTOR, factor)],
        Schedule::Cosine { end } => vec![(END, end)],
        Schedule::OneCycle { warm_up, start } => vec![(WARM_UP, warm_up), (START, start)],
    }
}

/// The decimal number that a person meant: 0.15 rather than what the nearest `f32` is as an `f64`.
fn exact(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}
