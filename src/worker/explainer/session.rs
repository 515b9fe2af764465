//! A session of the explainer: what it keeps between requests, and how it computes each view.

mod counterfactual;
mod map;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use self::{counterfactual::OpenChange, map::OpenMap};
use super::{
    Explanation, ExplanationRequest, ExplanationResponse, ExplanationView, Inside, Neighbors,
    OffTest, TrainingImage,
};
use crate::{
    bitmap::{Bitmap, Digit},
    data::{Dataset, Examples, MnistParts},
    error::ModelError,
    evaluation::batch_size,
    explanation::{
        evidence::Evidence,
        neighbors::{ImageStore, Index},
        occlusion::Occlusion,
        units::{LayerActivity, Network, SwitchedOff},
    },
    model::file::Model,
    recognition::{self, Prediction},
    worker::{WorkerError, predictor::PredictionInput, run_work},
};

/// The neighbors of a drawing.
const NEIGHBORS: usize = 8;
/// The images over which the activity of the layers is computed.
const ACTIVITY_IMAGES: usize = 500;
/// The images of a map.
const MAP_IMAGES: usize = 2000;
/// The images of the index while a training publishes one model after another.
const TRAINING_IMAGES: usize = 5000;
/// The shortest time between two indices or maps in a training, so that they cost it little.
const TRAINING_INTERVAL: Duration = Duration::from_secs(2);
/// The time between two reports of an index that grows.
const REPORT_INTERVAL: Duration = Duration::from_millis(250);

pub(super) type Publish<'a> = &'a dyn Fn(ExplanationResponse);
pub(super) type IsCurrent<'a> = &'a (dyn Fn() -> bool + Sync);

/// A model with what is known of it.
#[derive(Clone)]
struct Known {
    model: Arc<Model>,
    network: Arc<Network>,
    activity: Arc<Vec<LayerActivity>>,
    /// When the activity was computed.
    measured: Instant,
}

impl Known {
    /// Reads a model. In a training, the activity of a moment ago serves.
    fn of(
        request: &ExplanationRequest,
        before: Option<Self>,
        mnist: &MnistImages,
    ) -> Result<Self, ModelError> {
        let model = &request.model;
        let network = Network::of(&model.mlp)?;
        let serves = |before: &Self| {
            let is_recent = before.measured.elapsed() < TRAINING_INTERVAL;
            request.is_training && is_recent && before.network.config() == network.config()
        };
        let (activity, measured) = if let Some(before) = before.filter(serves) {
            (before.activity, before.measured)
        } else {
            let count = ACTIVITY_IMAGES.min(batch_size(&model.mlp));
            let pixels = mnist.images.pixels(0..count, &network);
            (Arc::new(network.activity(&pixels)), Instant::now())
        };
        let mut means = activity.iter().flat_map(|layer| &layer.means);
        if !means.all(|mean| mean.is_finite()) {
            return Err(recognition::not_finite());
        }
        Ok(Self {
            model: Arc::clone(model),
            network: Arc::new(network),
            activity,
            measured,
        })
    }

    fn is_of(&self, model: &Arc<Model>) -> bool {
        Arc::ptr_eq(&self.model, model)
    }

    /// Whether what was made of this model at that time serves for the task: it is the same model, or a moment ago it was
    /// that of the same training.
    fn serves(&self, task: &ExplanationTask, made: Instant) -> bool {
        let is_recent = task.request.is_training && made.elapsed() < TRAINING_INTERVAL;
        let has_same_shape = || self.network.config() == task.known.network.config();
        self.is_of(&task.known.model) || is_recent && has_same_shape()
    }
}

/// A request with what all views need.
struct ExplanationTask {
    request: Arc<ExplanationRequest>,
    known: Known,
    /// The network's input, after noise and preprocessing; `None` without ink.
    bitmap: Option<Bitmap>,
}

impl ExplanationTask {
    /// The images of the index.
    fn index_limit(&self) -> usize {
        if self.request.is_training {
            TRAINING_IMAGES
        } else {
            usize::MAX
        }
    }

    /// The images that are handled between two looks at the mailbox: about 20 ms of work.
    fn step(&self) -> usize {
        batch_size(&self.request.model.mlp)
    }

    fn sees(&self, view: ExplanationView) -> bool {
        self.request.views.contains(&view)
    }

    fn needs_index(&self) -> bool {
        self.sees(ExplanationView::Neighbors)
            || self.sees(ExplanationView::Counterfactual)
            || self.request.unit.is_some() && self.sees(ExplanationView::Inside)
    }
}

/// MNIST's training images, as far as they are read.
struct MnistImages {
    parts: MnistParts,
    images: ImageStore,
    /// The images of the map.
    first: Examples,
}

impl MnistImages {
    fn open() -> Result<Self, ModelError> {
        let mut parts = MnistParts::open()?;
        let first = parts.next(MAP_IMAGES)?;
        let mut images = ImageStore::default();
        images.extend(&first);
        Ok(Self {
            parts,
            images,
            first,
        })
    }

    fn training_image(&self, index: usize, value: f32) -> TrainingImage {
        TrainingImage {
            index,
            label: self.images.label(index),
            bitmap: Bitmap::from_bytes(&self.images.image(index)),
            value,
        }
    }
}

/// An index and its network.
struct OpenIndex {
    known: Known,
    index: Index,
    made: Instant,
    reported: Instant,
}

/// A test under way.
struct OpenTest {
    model: Arc<Model>,
    off: SwitchedOff,
    examples: Examples,
    test: OffTest,
}

/// What the thread keeps between requests. It is dropped as a whole when nobody has looked for a while.
#[derive(Default)]
pub(super) struct Session {
    task: Option<ExplanationTask>,
    known: Option<Known>,
    mnist: Option<MnistImages>,
    index: Option<OpenIndex>,
    map: Option<OpenMap>,
    test: Option<OpenTest>,
    change: Option<OpenChange>,
    /// The turn in which each view was last begun: the view that has waited longest comes first.
    begun: BTreeMap<ExplanationView, u64>,
    turn: u64,
}

impl Session {
    /// Whether something long is not finished.
    pub(super) fn has_work(&self) -> bool {
        let has_work = |task| {
            self.index_has_work(task) || self.test_has_work(task) || self.change_has_work(task)
        };
        self.task.as_ref().is_some_and(has_work)
    }

    /// Whether no view is seen, and there is memory to free.
    pub(super) fn can_rest(&self) -> bool {
        self.mnist.is_some() && self.task.is_none()
    }

    /// How many images the index has.
    fn index_len(&self) -> usize {
        self.index.as_ref().map_or(0, |open| open.index.len())
    }

    fn index_has_work(&self, task: &ExplanationTask) -> bool {
        let grown = self.index.as_ref().zip(self.mnist.as_ref());
        let has_room = |(open, mnist): (&OpenIndex, &MnistImages)| {
            open.index.len() < total_of(open, mnist, task)
        };
        task.needs_index() && grown.is_none_or(has_room)
    }

    fn test_has_work(&self, task: &ExplanationTask) -> bool {
        let test = self.test_of(&task.request);
        let is_asked = task.request.tests_off && task.sees(ExplanationView::Inside);
        is_asked && test.is_none_or(|test| test.done < test.total)
    }

    fn test_of(&self, request: &ExplanationRequest) -> Option<OffTest> {
        let is_same =
            |open: &&OpenTest| Arc::ptr_eq(&open.model, &request.model) && open.off == request.off;
        self.test.as_ref().filter(is_same).map(|open| open.test)
    }

    /// Answers a request, view by view.
    pub(super) fn answer(
        &mut self,
        request: &Arc<ExplanationRequest>,
        is_current: IsCurrent,
        publish: Publish,
    ) {
        self.task = None;
        if request.views.is_empty() {
            return;
        }
        match run_work(|| self.task_of(request)) {
            Ok(task) => self.task = Some(task),
            Err(error) => return self.fail(request, error, publish),
        }
        let mut views: Vec<_> = request.views.iter().copied().collect();
        views.sort_by_key(|view| self.begun.get(view).copied());
        self.explain_all(&views, is_current, publish);
    }

    /// Computes the network's input. Reads a network that is new.
    fn task_of(
        &mut self,
        request: &Arc<ExplanationRequest>,
    ) -> Result<ExplanationTask, ModelError> {
        let model = &request.model;
        let known = match self.known.take() {
            Some(known) if known.is_of(model) => known,
            before => Known::of(request, before, opened(&mut self.mnist)?)?,
        };
        let bitmap = request.input.to_bitmap(request.noise);
        let preprocessing = model.mlp.config().preprocessing();
        Ok(ExplanationTask {
            request: Arc::clone(request),
            known: self.known.insert(known).clone(),
            bitmap: bitmap.map(|bitmap| preprocessing.of_bitmap(&bitmap)),
        })
    }

    fn explain_all(&mut self, views: &[ExplanationView], is_current: IsCurrent, publish: Publish) {
        let Some(task) = self.task.take() else { return };
        for &view in views {
            self.turn += 1;
            self.begun.insert(view, self.turn);
            let outcome = run_work(|| self.explain(view, &task, is_current)).transpose();
            if let Some(outcome) = outcome {
                publish(ExplanationResponse {
                    view,
                    revision: task.request.revision,
                    model: Arc::clone(&task.request.model),
                    outcome,
                });
            }
            if !is_current() {
                break;
            }
        }
        self.task = Some(task);
    }

    /// Reports a failure in a view. Nothing half-done stays.
    fn fail(
        &mut self,
        request: &ExplanationRequest,
        error: WorkerError<ModelError>,
        publish: Publish,
    ) {
        *self = Self::default();
        if let Some(&view) = request.views.first() {
            publish(ExplanationResponse {
                view,
                revision: request.revision,
                model: Arc::clone(&request.model),
                outcome: Err(error),
            });
        }
    }

    /// Computes one view. `Ok(None)` if a newer request waits.
    fn explain(
        &mut self,
        view: ExplanationView,
        task: &ExplanationTask,
        is_current: IsCurrent,
    ) -> Result<Option<Explanation>, ModelError> {
        let ExplanationTask {
            request, bitmap, ..
        } = task;
        let model = &*request.model;
        Ok(Some(match view {
            ExplanationView::Neighbors => Explanation::Neighbors(self.neighbors(task)?),
            ExplanationView::Occlusion => Explanation::Occlusion(match &request.input {
                PredictionInput::Ink(ink) => {
                    Occlusion::new(model, ink, request.rival, request.normalization)?
                }
                _ => None,
            }),
            ExplanationView::Evidence => Explanation::Evidence(match bitmap {
                Some(input) => {
                    let evidence = Evidence::of_input(model, input, request.rival)?;
                    Some(Box::new(evidence))
                }
                None => None,
            }),
            ExplanationView::Counterfactual => {
                if bitmap.is_some() && !self.begin_change(task, is_current)? {
                    return Ok(None);
                }
                let open = self.change.as_ref().filter(|open| open.is_of(request));
                Explanation::Counterfactual(open.map(|open| Box::new(open.found.clone())))
            }
            ExplanationView::Inside => Explanation::Inside(Box::new(self.inside(task)?)),
            ExplanationView::Map => Explanation::Map(self.map(task)?),
        }))
    }

    fn neighbors(&mut self, task: &ExplanationTask) -> Result<Neighbors, ModelError> {
        let (open, mnist) = self.index(task)?;
        let OpenIndex { known, index, .. } = open;
        let bitmap = task.bitmap.as_ref();
        let embedding = bitmap.map(|bitmap| known.network.embedding(bitmap.pixels()));
        if embedding.iter().flatten().any(|value| !value.is_finite()) {
            return Err(recognition::not_finite());
        }
        let nearest = embedding.map_or_else(Vec::new, |embedding| {
            index.nearest(&known.network, &mnist.images, &embedding, None, NEIGHBORS)
        });
        let images = nearest.into_iter();
        let images = images.map(|near| mnist.training_image(near.index, near.distance));
        Ok(Neighbors {
            images: images.collect(),
            read: index.len(),
            total: total_of(open, mnist, task),
        })
    }

    fn inside(&mut self, task: &ExplanationTask) -> Result<Inside, ModelError> {
        let ExplanationTask {
            request,
            known: Known {
                network, activity, ..
            },
            bitmap,
        } = task;
        let blank = Bitmap::blank();
        let layers = network.values(bitmap.as_ref().unwrap_or(&blank), &request.off);
        let logits = layers.last().and_then(|last| last.outputs.first_chunk());
        let Some(logits) = logits.filter(|logits| recognition::are_finite(&[**logits])) else {
            return Err(recognition::not_finite());
        };
        let prediction = Prediction::from_logits(logits, &request.model.metadata.calibration);
        let unit = request.unit.filter(|unit| network.has(*unit));
        let details =
            unit.map(|unit| network.details(unit, bitmap.as_ref().unwrap_or(&blank), &layers));
        let mut exciting = Vec::new();
        if let Some(unit) = unit {
            let (open, mnist) = self.index(task)?;
            let images = open.index.exciting(unit.channel).iter();
            exciting.extend(
                images
                    .filter(|image| image.output > 0.0)
                    .map(|image| mnist.training_image(image.index, image.output)),
            );
        }
        Ok(Inside {
            input: bitmap.clone(),
            prediction: bitmap.as_ref().map(|_| prediction),
            layers,
            network: Arc::clone(&task.known.network),
            activity: Arc::clone(activity),
            unit: details,
            exciting,
            off: request.off.clone(),
            test: self.test_of(request).filter(|_| request.tests_off),
        })
    }

    /// The index of the task's network, with at least the first images.
    fn index(
        &mut self,
        task: &ExplanationTask,
    ) -> Result<(&mut OpenIndex, &mut MnistImages), ModelError> {
        let mnist = opened(&mut self.mnist)?;
        let serves = |open: &OpenIndex| open.known.serves(task, open.made);
        let open = self.index.take().filter(serves).unwrap_or_else(|| {
            let known = task.known.clone();
            let mut index = Index::new(&known.network);
            index.add_some(&known.network, &mnist.images, task.step());
            let now = Instant::now();
            OpenIndex {
                known,
                index,
                made: now,
                reported: now,
            }
        });
        Ok((self.index.insert(open), mnist))
    }

    /// Does a part of what takes longer: of the index, of the test, or of the counterfactual.
    pub(super) fn step(&mut self, is_current: IsCurrent, publish: Publish) {
        let Some(task) = self.task.take() else { return };
        let result = run_work(|| {
            let grows = self.index_has_work(&task) && self.grow_index(&task)?;
            let tests = self.test_has_work(&task);
            if tests {
                self.continue_test(&task)?;
            }
            let changes = self.change_has_work(&task) && self.continue_change(&task, is_current)?;
            Ok::<_, ModelError>([grows, tests, changes])
        });
        let [grows, tests, changes] = match result {
            Ok(news) => news,
            Err(error) => return self.fail(&task.request, error, publish),
        };
        let mut views = Vec::new();
        if grows && task.sees(ExplanationView::Neighbors) {
            views.push(ExplanationView::Neighbors);
        }
        if task.sees(ExplanationView::Inside) && (tests || grows && task.request.unit.is_some()) {
            views.push(ExplanationView::Inside);
        }
        if changes {
            views.push(ExplanationView::Counterfactual);
        }
        self.task = Some(task);
        self.explain_all(&views, is_current, publish);
    }

    /// Adds some images to the index. Returns whether it is time to show it.
    fn grow_index(&mut self, task: &ExplanationTask) -> Result<bool, ModelError> {
        let (open, mnist) = self.index(task)?;
        let total = total_of(open, mnist, task);
        let wanted = (open.index.len() + task.step()).min(total);
        if mnist.images.len() < wanted {
            let part = mnist.parts.next(wanted - mnist.images.len())?;
            mnist.images.extend(&part);
        }
        let OpenIndex {
            known,
            index,
            reported,
            ..
        } = open;
        index.add_some(&known.network, &mnist.images, task.step());
        let is_due = index.len() >= total || reported.elapsed() >= REPORT_INTERVAL;
        if is_due {
            *reported = Instant::now();
        }
        Ok(is_due)
    }

    /// Tests some images with and without the channels that are switched off.
    fn continue_test(&mut self, task: &ExplanationTask) -> Result<(), ModelError> {
        let ExplanationTask { request, known, .. } = task;
        let is_same = |open: &OpenTest| known.is_of(&open.model) && open.off == request.off;
        let mut open = match self.test.take().filter(is_same) {
            Some(open) => open,
            None => OpenTest::new(request)?,
        };
        open.go_on(&known.network, task.step());
        self.test = Some(open);
        Ok(())
    }
}

/// MNIST's images, which are opened when they are needed.
fn opened(mnist: &mut Option<MnistImages>) -> Result<&mut MnistImages, ModelError> {
    let open = match mnist.take() {
        Some(open) => open,
        None => MnistImages::open()?,
    };
    Ok(mnist.insert(open))
}

/// The images that the index of a task will have.
fn total_of(open: &OpenIndex, mnist: &MnistImages, task: &ExplanationTask) -> usize {
    let total = mnist.parts.total().min(open.index.capacity());
    total.min(task.index_limit())
}

impl OpenTest {
    fn new(request: &ExplanationRequest) -> Result<Self, ModelError> {
        let examples = Dataset::mnist_test()?;
        let test = OffTest {
            done: 0,
            total: examples.len(),
            whole: 0,
            without: 0,
        };
        Ok(Self {
            model: Arc::clone(&request.model),
            off: request.off.clone(),
            examples,
            test,
        })
    }

    fn go_on(&mut self, network: &Network, count: usize) {
        let Self {
            off,
            examples,
            test,
            ..
        } = self;
        let part = test.done..test.total.min(test.done + count);
        let images = part.clone().map(|index| examples.image(index));
        let pixels: Vec<f32> = images.flat_map(|image| network.pixels_of(image)).collect();
        let correct = |off: &SwitchedOff| {
            let logits = network.logits(&pixels, off);
            let digits = logits.iter().map(Digit::of_largest).zip(part.clone());
            let is_correct = |&(digit, index): &(Digit, usize)| digit == examples.label(index);
            digits.filter(is_correct).count()
        };
        test.whole += correct(&SwitchedOff::default());
        test.without += correct(off);
        test.done = part.end;
        if test.done == test.total {
            *examples = Examples::default();
        }
    }
}
