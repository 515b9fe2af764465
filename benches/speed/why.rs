//! The time from ink to the views of *Why*, through the explainer's thread.

use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use digitpad::{
    bitmap::Digit,
    explanation::{
        occlusion::Normalization,
        units::{Channel, SwitchedOff, Unit},
    },
    ink::Ink,
    model::file::Model,
    recognition::number::Constraints,
    synth,
    worker::{
        Waker,
        explainer::{
            BendingSearch, Explainer, Explanation, ExplanationRequest, ExplanationResponse,
            ExplanationView,
        },
        predictor::{PredictionInput, PredictionRequest, Predictor},
    },
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::figures::{self, Measured};

const VIEWS: [(ExplanationView, &str); 6] = [
    (ExplanationView::Neighbors, "It looked like these"),
    (ExplanationView::Occlusion, "Which ink counts"),
    (ExplanationView::Evidence, "One rather than the other"),
    (
        ExplanationView::Counterfactual,
        "What would change it: dots",
    ),
    (ExplanationView::Inside, "Inside"),
    (ExplanationView::Map, "The map"),
];

/// An explainer that says when it has an answer.
struct Station {
    explainer: Explainer,
    wakes: mpsc::Receiver<()>,
    waker: Waker,
    model: Arc<Model>,
}

impl Station {
    fn new(model: &Arc<Model>) -> Self {
        let (sender, wakes) = mpsc::channel();
        let waker: Waker = Arc::new(move || {
            // The receiver may be gone at the end.
            let _ = sender.send(());
        });
        Self {
            explainer: Explainer::spawn(Arc::clone(&waker)),
            wakes,
            waker,
            model: Arc::clone(model),
        }
    }

    fn ask(&self, ink: &Ink, views: &[ExplanationView], revision: u64) {
        self.explainer.request(ExplanationRequest {
            input: PredictionInput::Ink(ink.clone()),
            revision,
            noise: None,
            model: Arc::clone(&self.model),
            is_training: false,
            views: views.iter().copied().collect::<BTreeSet<_>>(),
            rival: None,
            normalization: Normalization::Held,
            unit: Some(Unit {
                channel: Channel { layer: 1, index: 5 },
                position: 3,
            }),
            off: SwitchedOff::default(),
            tests_off: false,
            map_layer: None,
        });
    }

    /// Waits for an explanation that fits.
    fn wait_for(&self, mut is_it: impl FnMut(&ExplanationResponse) -> bool) {
        while !self.explainer.take().iter().any(&mut is_it) {
            self.wakes.recv().expect("the thread runs");
        }
    }
}

fn is_complete(response: &ExplanationResponse) -> bool {
    let explanation = response.outcome.as_ref().expect("it is computed");
    matches!(explanation, Explanation::Neighbors(neighbors) if neighbors.read == neighbors.total)
}

pub(crate) fn run() {
    let model = Arc::new(Model::built_in().expect("it is built in"));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let digits = (0..200).map(|index| synth::digit(Digit::ALL[index % 10], &mut rng));
    let inks: Vec<Ink> = digits.collect();
    figures::table(
        "Views of Why, built-in model (s to the first answer; then median and worst of 200 drawings)",
        &["view", "first", "further"],
    );
    for (view, name) in VIEWS {
        let station = Station::new(&model);
        let start = Instant::now();
        station.ask(&inks[0], &[view], 0);
        station.wait_for(|_| true);
        let first = start.elapsed();
        if view == ExplanationView::Neighbors {
            station.wait_for(is_complete);
            println!(
                "index of all images: {:.2} s",
                start.elapsed().as_secs_f64()
            );
        }
        let mut further = Measured::default();
        for (revision, ink) in (1..).zip(&inks) {
            let start = Instant::now();
            station.ask(ink, &[view], revision);
            station.wait_for(|response| response.revision == revision);
            further.push(start.elapsed());
        }
        if view == ExplanationView::Counterfactual {
            bendings(&station, &inks);
        }
        let first = format!("{:.2}", first.as_secs_f64());
        figures::row(&[name.to_owned(), first, further.worst_ms()]);
    }
    rates(&model, &inks);
}

/// The time until the bending of a drawing is found, or none is.
fn bendings(station: &Station, inks: &[Ink]) {
    let mut times = Measured::default();
    for (revision, ink) in (1000..).zip(&inks[..20]) {
        let start = Instant::now();
        station.ask(ink, &[ExplanationView::Counterfactual], revision);
        station.wait_for(|response| {
            let found = match &response.outcome {
                Ok(Explanation::Counterfactual(Some(found))) => found.strokes.as_ref(),
                _ => None,
            };
            let is_done = found.is_some_and(|found| found.bending != BendingSearch::Running);
            response.revision == revision && is_done
        });
        times.push(start.elapsed());
    }
    println!("bendings of 20 drawings: {}", times.worst_ms());
}

/// How often all views answer together, and when the bars, while the pen sends 60 drawings a second.
fn rates(model: &Arc<Model>, inks: &[Ink]) {
    const PEN: Duration = Duration::from_micros(16_667);
    let station = Station::new(model);
    let views = VIEWS.map(|(view, _)| view);
    station.ask(&inks[0], &views, 0);
    station.wait_for(is_complete);
    let mut predictor = Predictor::spawn(Arc::clone(model), Arc::clone(&station.waker));
    let mut bars = Measured::default();
    let mut counts = [0; VIEWS.len()];
    let start = Instant::now();
    for (revision, ink) in (1..).zip(inks) {
        let drawn = Instant::now();
        predictor.request(PredictionRequest {
            input: PredictionInput::Ink(ink.clone()),
            constraints: Constraints::default(),
            pen_is_down: false,
            revision,
        });
        station.ask(ink, &views, revision);
        let next = start + PEN * revision as u32;
        while let Some(rest) = next.checked_duration_since(Instant::now()) {
            // A timeout ends the frame.
            let _ = station.wakes.recv_timeout(rest);
            if predictor
                .take()
                .is_some_and(|bars| bars.revision == revision)
            {
                bars.push(drawn.elapsed());
            }
            for response in station.explainer.take() {
                counts[VIEWS
                    .iter()
                    .position(|(view, _)| *view == response.view)
                    .expect("it was asked")] += 1;
            }
        }
    }
    let secs = start.elapsed().as_secs_f64();
    figures::table(
        "Answers a second, all views at once, 60 drawings a second",
        &["view", "answers"],
    );
    for ((_, name), count) in VIEWS.iter().zip(counts) {
        figures::row(&[
            (*name).to_owned(),
            format!("{:.0}", f64::from(count) / secs),
        ]);
    }
    let (found, all) = (bars.len(), inks.len());
    println!("bars of {found} of {all} drawings: {}", bars.worst_ms());
}
