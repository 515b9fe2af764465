//! The groups of hyperparameters. What makes no sense with what is chosen is not shown.

use clap::ValueEnum as _;
use egui::{TextEdit, Ui};

use super::rows::{choice, fault, magnitude, number, percent, remark, row, rows, switch, whole};
use crate::{
    app::state::form::TrainingForm,
    format,
    model::Activation,
    training::{
        config::{Loss, Optimizer, TrainingConfig, hyperparameter},
        schedule::Schedule,
    },
};

pub(super) fn network_ui(ui: &mut Ui, form: &mut TrainingForm) {
    rows(ui, "network", |ui| {
        let help = "The layers between the 784 pixels and the ten digits: how many units each has, with \
                    commas between them, such as 256,128. Nothing at all is a network without hidden layers.";
        let width = super::rows::control_size(ui).x;
        row(ui, "Hidden layers", help, |ui| {
            ui.add(TextEdit::singleline(&mut form.hidden).desired_width(width))
        });
        let help = "What a unit does with the sum of its inputs. ReLU lets what is positive through, leaky ReLU \
                    a little of the rest too, GELU bends softly; sigmoid and tanh squeeze it into a range.";
        let all = Activation::value_variants();
        choice(
            ui,
            "Activation",
            help,
            &mut form.activation,
            all,
            Activation::label,
        );
        let help = "Units of the first two hidden layers look at 5×5 places each, and all places of a layer share \
                    their weights: a convolutional network. What it learns of a stroke in one place it knows in all. \
                    The layers need a multiple of 121 (11×11) and of 16 (4×4) units, such as 605,800,128.";
        let shared = &mut form.numbers.convolutional;
        switch(ui, "Shared fields", help, shared);
    });
    let counted = form
        .model()
        .and_then(|model| Ok((model, form.trainable_parameter_count()?)));
    match counted {
        Ok((model, learned)) => {
            let mut parameters = format::count(model.parameter_count());
            if learned < model.parameter_count() {
                parameters = format!("{} shared among {parameters}", format::count(learned));
            }
            let memory = form.memory_bytes().map(|(weights, training)| {
                let [weights, training] = [weights, training].map(format::bytes);
                format!(": {weights} of weights, {training} while it trains")
            });
            remark(
                ui,
                format!("{parameters} parameters{}", memory.unwrap_or_default()),
            );
        }
        Err(refusal) => fault(
            ui,
            format!("Found {}, expected {}.", refusal.found, refusal.expected),
        ),
    }
}

pub(super) fn training_ui(ui: &mut Ui, form: &mut TrainingForm) {
    let numbers = &mut form.numbers;
    rows(ui, "training", |ui| {
        let help = "How often the network sees every training image. More epochs learn more, up to a point: \
                    then it only learns these images by heart.";
        number(
            ui,
            "Epochs",
            help,
            hyperparameter::EPOCHS,
            &mut numbers.epochs,
        );
        let help = "How many images are looked at before the weights are changed once. Small batches learn \
                    in many shaky steps, large ones in few steady steps.";
        number(
            ui,
            "Batch size",
            help,
            hyperparameter::BATCH_SIZE,
            &mut numbers.batch_size,
        );
        let help = "How far each step goes. Too small, and it learns slowly; too large, and it overshoots \
                    and learns nothing.";
        let rate = &mut numbers.learning_rate;
        magnitude(
            ui,
            "Learning rate",
            help,
            hyperparameter::LEARNING_RATE,
            rate,
        );
        let help = "What it makes small. Cross-entropy punishes being sure and wrong; the mean squared error \
                    is gentler and learns more slowly.";
        choice(
            ui,
            "Loss",
            help,
            &mut numbers.loss,
            &Loss::ALL,
            |loss| match loss {
                Loss::CrossEntropy => "Cross-entropy",
                Loss::MeanSquaredError => "Mean squared error",
            },
        );
        let help = "Where the dice start. The same seed gives the same training again, another one gives a \
                    slightly different one.";
        row(ui, "Seed", help, |ui| {
            whole(ui, &mut numbers.seed, TrainingConfig::MAX_SEED)
        });
    });
}

pub(super) fn optimizer_ui(ui: &mut Ui, form: &mut TrainingForm) {
    let numbers = &mut form.numbers;
    rows(ui, "optimizer", |ui| {
        let help = "How a gradient becomes a step. SGD walks straight downhill; momentum keeps rolling; RMSprop \
                    and Adam choose a step of its own for each weight; AdamW also lets weights shrink.";
        choice(
            ui,
            "Optimizer",
            help,
            &mut numbers.optimizer,
            &Optimizer::ALL,
            Optimizer::title,
        );
        optimizer_rows(ui, &mut numbers.optimizer);
        let help = "How the learning rate changes: it may stay, fall in steps or along half a cosine, or rise \
                    at first (warm-up) and then fall (one cycle).";
        choice(
            ui,
            "Schedule",
            help,
            &mut numbers.schedule,
            &Schedule::ALL,
            |schedule| match schedule {
                Schedule::Constant => "Constant",
                Schedule::Step { .. } => "Steps",
                Schedule::Cosine { .. } => "Cosine",
                Schedule::OneCycle { .. } => "One cycle",
            },
        );
        schedule_rows(ui, &mut numbers.schedule);
        let help = "A gradient that is longer than this is shortened to it, so that no step goes astray. \
                    0 leaves all as they are.";
        number(
            ui,
            "Clip gradients",
            help,
            hyperparameter::CLIP_NORM,
            &mut numbers.clip_norm,
        );
    });
    let usual = numbers.optimizer.default_learning_rate();
    if numbers.learning_rate > 5.0 * usual || numbers.learning_rate < usual / 5.0 {
        remark(
            ui,
            format!(
                "A learning rate of about {usual} is usual with {}; it is set to {}.",
                numbers.optimizer.title(),
                super::rows::short(numbers.learning_rate)
            ),
        );
    }
}

fn optimizer_rows(ui: &mut Ui, optimizer: &mut Optimizer) {
    let help_epsilon = "Keeps a division by a tiny gradient finite. Hardly ever to be changed.";
    match optimizer {
        Optimizer::Sgd { momentum, nesterov } => {
            let help =
                "The part of a step that goes on in the next one, as of a rolling ball. 0 is none.";
            number(ui, "Momentum", help, hyperparameter::MOMENTUM, momentum);
            if *momentum > 0.0 {
                let help = "Looks ahead to where the momentum leads before it takes the gradient.";
                switch(ui, "Nesterov", help, nesterov);
            }
        }
        Optimizer::RmsProp { decay, epsilon } => {
            let help = "How long the mean of the squared gradient remembers.";
            number(ui, "Decay", help, hyperparameter::RMS_DECAY, decay);
            magnitude(
                ui,
                "Epsilon",
                help_epsilon,
                hyperparameter::EPSILON,
                epsilon,
            );
        }
        Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
        } => moments(ui, beta1, beta2, epsilon, help_epsilon),
        Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            moments(ui, beta1, beta2, epsilon, help_epsilon);
            let help = "Lets each weight shrink a little in every step, so that only needed ones stay large.";
            magnitude(
                ui,
                "Weight decay",
                help,
                hyperparameter::WEIGHT_DECAY,
                weight_decay,
            );
        }
    }
}

fn moments(ui: &mut Ui, beta1: &mut f64, beta2: &mut f64, epsilon: &mut f64, help_epsilon: &str) {
    let help = "How long the mean of the gradient remembers: Adam's momentum.";
    number(ui, "Beta 1", help, hyperparameter::BETA1, beta1);
    let help = "How long the mean of the squared gradient remembers.";
    number(ui, "Beta 2", help, hyperparameter::BETA2, beta2);
    magnitude(
        ui,
        "Epsilon",
        help_epsilon,
        hyperparameter::EPSILON,
        epsilon,
    );
}

fn schedule_rows(ui: &mut Ui, schedule: &mut Schedule) {
    match schedule {
        Schedule::Constant => {}
        Schedule::Step {
            every_epochs,
            factor,
        } => {
            let help = "How many epochs the learning rate stays the same.";
            number(
                ui,
                "Step every",
                help,
                hyperparameter::EVERY_EPOCHS,
                every_epochs,
            );
            let help = "What the learning rate is then multiplied by.";
            number(ui, "Step factor", help, hyperparameter::FACTOR, factor);
        }
        Schedule::Cosine { end } => {
            let help = "The part of the learning rate that is left at the end.";
            number(ui, "Rate at the end", help, hyperparameter::END, end);
        }
        Schedule::OneCycle { warm_up, start } => {
            let help = "The part of the training in which the learning rate rises.";
            number(ui, "Warm-up", help, hyperparameter::WARM_UP, warm_up);
            let help = "The part of the learning rate that it begins with.";
            number(ui, "Rate at the start", help, hyperparameter::START, start);
        }
    }
}

pub(super) fn overfitting_ui(ui: &mut Ui, form: &mut TrainingForm) {
    let numbers = &mut form.numbers;
    remark(
        ui,
        "A network that learns its images by heart reads others worse. 0 switches each of these off.",
    );
    rows(ui, "overfitting", |ui| {
        let help = "Leaves out this part of the units at random in every step, so that none can rely on another. \
                    0.2 to 0.5 is usual.";
        number(
            ui,
            "Dropout",
            help,
            hyperparameter::DROPOUT,
            &mut numbers.dropout,
        );
        let help = "Punishes the sizes of the weights: those that are not needed become 0. 0.00001 is a start.";
        magnitude(ui, "L1 penalty", help, hyperparameter::L1, &mut numbers.l1);
        let help = "Punishes the squares of the weights: all stay small. 0.0001 is a start.";
        magnitude(ui, "L2 penalty", help, hyperparameter::L2, &mut numbers.l2);
        let help = "Asks for a little less than certainty: this part of each answer is spread over all digits.";
        let smoothing = &mut numbers.label_smoothing;
        number(
            ui,
            "Label smoothing",
            help,
            hyperparameter::LABEL_SMOOTHING,
            smoothing,
        );
        let help = "The model is a running mean of the weights, of which each step keeps this part: calmer and \
                    often better. 0.99 is a start.";
        number(
            ui,
            "Weight averaging",
            help,
            hyperparameter::EMA,
            &mut numbers.ema,
        );
        let help = "Stops by itself after so many epochs in which the validation loss did not get better, and \
                    keeps the best epoch. 0 goes on to the end.";
        number(
            ui,
            "Patience, epochs",
            help,
            hyperparameter::PATIENCE,
            &mut numbers.patience,
        );
    });
    early_stopping_error(ui, form);
}

/// The one rule between two hyperparameters.
pub(super) fn early_stopping_error(ui: &mut Ui, form: &TrainingForm) {
    if form.numbers.patience > 0 && form.numbers.validation_split == 0.0 {
        fault(
            ui,
            "Patience needs validation images to tell whether it gets better: set a validation part above \
             0 %, or the patience to 0.",
        );
    }
}

pub(super) fn amounts_ui(ui: &mut Ui, form: &mut TrainingForm) {
    let numbers = &mut form.numbers;
    rows(ui, "data", |ui| {
        let help = "The part of the training images that is held back. After each epoch it shows how the \
                    network does on images that it has not learned from.";
        let split = &mut numbers.validation_split;
        percent(
            ui,
            "Validation part",
            help,
            hyperparameter::VALIDATION_SPLIT,
            split,
        );
        let help =
            "How much of the rest it learns from. With less, one sees what more data is worth.";
        let fraction = &mut numbers.data_fraction;
        percent(
            ui,
            "Part that is learned",
            help,
            hyperparameter::DATA_FRACTION,
            fraction,
        );
        let help = "Digits drawn by the program, with the forms of many countries, that it learns beside these.";
        let digits = &mut numbers.synthetic_digits;
        number(
            ui,
            "Drawn digits",
            help,
            hyperparameter::SYNTHETIC_DIGITS,
            digits,
        );
        let help = "How little those of them count that it reads as another digit, as some hands would. At 0 all \
                    count alike.";
        number(
            ui,
            "Doubt in them",
            help,
            hyperparameter::GCE_Q,
            &mut numbers.gce_q,
        );
        let help =
            "Scribbles, letters and other signs drawn by the program, that it learns to refuse.";
        let others = &mut numbers.non_digits;
        number(
            ui,
            "Drawn non-digits",
            help,
            hyperparameter::NON_DIGITS,
            others,
        );
    });
    early_stopping_error(ui, form);
}
