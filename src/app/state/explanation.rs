//! The state of the place *Why*: what is asked of the explainer, and its newest explanations.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Place, State};
use crate::{
    app::action::Effect,
    bitmap::{Bitmap, Digit},
    data::noise::Noise,
    error,
    explanation::{
        Comparison,
        occlusion::Normalization,
        units::{Channel, SwitchedOff, Unit},
    },
    ink::edit::Picture,
    model::file::Model,
    worker::explainer::{Explanation, ExplanationRequest, ExplanationResponse, ExplanationView},
};

/// An action of the user in the place *Why*.
#[derive(Clone, Debug, PartialEq)]
pub enum ExplanationAction {
    /// These views are in sight.
    See(BTreeSet<ExplanationView>),
    /// Compare the answer with this digit, or with the second-best one.
    ChooseRival(Option<Digit>),
    /// Put the rest of a drawing into the picture in this way.
    ChooseNormalization(Normalization),
    /// Show the arithmetic of this unit, or of none.
    ChooseUnit(Option<Unit>),
    /// Switch a channel off, or on again.
    ToggleChannel(Channel),
    /// Switch more channels off.
    SwitchOff(Vec<Channel>),
    /// Switch all channels on again.
    SwitchAllOn,
    /// Test the network without the channels that are switched off.
    TestOff,
    /// Show this layer on the map: 0 is the input. `None` is the last hidden layer.
    ChooseMapLayer(Option<usize>),
    /// Show a training image on the pad.
    Show {
        /// Its index in the training set.
        index: usize,
        /// Its label.
        label: Digit,
        /// The image.
        bitmap: Bitmap,
    },
}

/// The newest explanation of a view.
#[derive(Clone, Debug)]
pub struct ShownExplanation {
    /// The explained model.
    pub model: Arc<Model>,
    /// The explanation, or the message of a failure.
    pub outcome: Result<Explanation, String>,
}

/// What the last request was about.
#[derive(Clone, Debug)]
struct Asked {
    revision: u64,
    model: Arc<Model>,
    noise: Option<Noise>,
}

/// The place *Why*.
#[derive(Clone, Debug, Default)]
pub struct ExplanationPanel {
    /// The digit that the user compares the answer with; `None` is the second-best one.
    pub rival: Option<Digit>,
    /// How the rest of a drawing gets into the picture when a piece is left out.
    pub normalization: Normalization,
    /// The unit whose arithmetic is shown.
    pub unit: Option<Unit>,
    /// The channels that are switched off. They stay on in the model itself.
    pub off: SwitchedOff,
    /// The layer of the map, as in [`ExplanationRequest::map_layer`].
    pub map_layer: Option<usize>,
    /// The views in sight.
    pub seen: BTreeSet<ExplanationView>,
    shown: BTreeMap<ExplanationView, ShownExplanation>,
    tests_off: bool,
    asked: Option<Asked>,
    /// Whether an action changed what is asked.
    is_changed: bool,
}

impl ExplanationPanel {
    /// The newest explanation of a view.
    pub fn of(&self, view: ExplanationView) -> Option<&ShownExplanation> {
        self.shown.get(&view)
    }
}

impl State {
    /// Asks again, because another digit of the number is selected.
    pub(super) fn explain_again(&mut self) {
        self.explanation.is_changed = true;
    }

    /// Applies an action of the place *Why*.
    pub(super) fn apply_explanation(&mut self, action: ExplanationAction, out: &mut Vec<Effect>) {
        let panel = &mut self.explanation;
        panel.is_changed = true;
        match action {
            ExplanationAction::See(views) => panel.seen = views,
            ExplanationAction::ChooseRival(rival) => panel.rival = rival,
            ExplanationAction::ChooseNormalization(normalization) => {
                panel.normalization = normalization;
            }
            ExplanationAction::ChooseUnit(unit) => panel.unit = unit,
            ExplanationAction::ToggleChannel(channel) => {
                panel.tests_off = false;
                panel.off.toggle(channel);
            }
            ExplanationAction::SwitchOff(channels) => {
                panel.tests_off = false;
                panel.off.extend(channels);
            }
            ExplanationAction::SwitchAllOn => {
                panel.tests_off = false;
                panel.off = SwitchedOff::default();
            }
            ExplanationAction::TestOff => panel.tests_off = true,
            ExplanationAction::ChooseMapLayer(layer) => panel.map_layer = layer,
            ExplanationAction::Show {
                index,
                label,
                bitmap,
            } => {
                let article = if label.value() == 8 { "an" } else { "a" };
                let name = format!("Training image {}: {article} {label}", index + 1);
                self.leave_drawing(out);
                let picture = Picture::new(name, bitmap);
                self.show_picture(picture);
            }
        }
    }

    /// The digit that the answer is compared with: the chosen one, or the second-best one. `None` without an answer.
    pub fn rival(&self) -> Option<Digit> {
        let prediction = &self.pad.answer()?.prediction;
        Some(Comparison::new(prediction.probabilities(), self.explanation.rival).rival)
    }

    /// The request for explanations, if what is asked changed since the last one. Called once a frame, as
    /// [`State::take_prediction_request`].
    pub fn take_explanation_request(&mut self) -> Option<Effect> {
        let is_here = self.place == Place::Why;
        let (revision, noise) = (self.pad.revision(), self.noise);
        let model = Arc::clone(self.models.in_use());
        let panel = &mut self.explanation;
        let is_asked = panel.asked.as_ref().is_some_and(|asked| {
            asked.revision == revision && asked.noise == noise && Arc::ptr_eq(&asked.model, &model)
        });
        if !is_here && panel.asked.is_none() || is_here && is_asked && !panel.is_changed {
            return None;
        }
        if is_here {
            // Units belong to the shape of their network.
            let before = panel.asked.as_ref().map(|asked| asked.model.mlp.config());
            if before.is_some_and(|before| before != model.mlp.config()) {
                panel.unit = None;
                panel.off = SwitchedOff::default();
                panel.map_layer = None;
            }
        }
        panel.is_changed = false;
        panel.asked = is_here.then(|| Asked {
            revision,
            model: Arc::clone(&model),
            noise,
        });
        Some(Effect::Explain(Box::new(ExplanationRequest {
            input: self.pad.explained_input(),
            revision,
            noise,
            is_training: self.models.snapshot().is_some(),
            model,
            views: if is_here {
                panel.seen.clone()
            } else {
                BTreeSet::new()
            },
            rival: panel.rival,
            normalization: panel.normalization,
            unit: panel.unit,
            off: panel.off.clone(),
            tests_off: panel.tests_off,
            map_layer: panel.map_layer,
        })))
    }

    /// Shows an explanation.
    pub fn on_explanation(&mut self, response: ExplanationResponse) {
        let ExplanationResponse {
            view,
            model,
            outcome,
            ..
        } = response;
        let outcome = outcome.map_err(|error| error::chain(&error));
        let shown = ShownExplanation { model, outcome };
        self.explanation.shown.insert(view, shown);
    }
}
