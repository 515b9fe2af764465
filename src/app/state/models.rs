//! The models of this session, and the model in use.

use std::sync::Arc;

use crate::{
    model::file::Model,
    store::settings::{ModelInUse, WeightFile},
};

/// The largest number of models in memory. Beyond it, the oldest one that is in a file leaves.
const MAX_MODELS: usize = 32;

/// Identifies a model of this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(usize);

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built into the program.
    BuiltIn,
    /// Loaded from this file.
    File(WeightFile),
    /// Trained by the run with this id.
    Run(u64),
}

impl Origin {
    /// Whether both are the same place, even if its content changed.
    fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one.path == other.path,
            _ => self == other,
        }
    }

    /// As the settings store it. They are text, so that a path that is not cannot be stored.
    pub(super) fn stored(&self) -> ModelInUse {
        match self {
            Self::Run(run) => ModelInUse::Run(*run),
            Self::File(file) if file.path.to_str().is_some() => ModelInUse::File(file.clone()),
            Self::BuiltIn | Self::File(_) => ModelInUse::BuiltIn,
        }
    }
}

/// A model of this session.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Identifies the model in actions.
    pub id: ModelId,
    /// Where it comes from.
    pub origin: Origin,
    /// The name everywhere in the window: "Built-in", "Run 2", "weights.safetensors".
    pub name: String,
    /// The model.
    pub model: Arc<Model>,
    /// Whether the model is in a file, so that closing the window does not lose it.
    pub is_saved: bool,
}

/// A copy of the weights of the current training.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The epoch of the copy, finished or not.
    pub epoch: usize,
    /// The weights.
    pub model: Arc<Model>,
}

/// The models of this session. One is always in use.
#[derive(Clone, Debug)]
pub struct Models {
    entries: Vec<Entry>,
    chosen: ModelId,
    previous: Option<ModelId>,
    snapshot: Option<Snapshot>,
}

impl Models {
    /// The built-in model, in use.
    pub fn new(built_in: Arc<Model>) -> Self {
        let id = ModelId(0);
        let entry = Entry {
            id,
            origin: Origin::BuiltIn,
            name: "Built-in".to_owned(),
            model: built_in,
            is_saved: true,
        };
        Self {
            entries: vec![entry],
            chosen: id,
            previous: None,
            snapshot: None,
        }
    }

    /// All models: the built-in one, then in the order of their arrival.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether no model was chosen or added yet.
    pub(super) fn is_new(&self) -> bool {
        self.entries.len() == 1
    }

    /// The model that was chosen last. It is in use unless a training is watched.
    pub fn chosen(&self) -> &Entry {
        // The chosen id always has an entry.
        self.entry(self.chosen).unwrap_or(&self.entries[0])
    }

    /// The model that was in use before the chosen one.
    pub fn previous(&self) -> Option<&Entry> {
        self.previous.and_then(|id| self.entry(id))
    }

    /// The weights in use while a training is watched.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// The model in use.
    pub fn in_use(&self) -> &Arc<Model> {
        match &self.snapshot {
            Some(snapshot) => &snapshot.model,
            None => &self.chosen().model,
        }
    }

    /// The model with this id.
    pub fn entry(&self, id: ModelId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The model of a run, if it is loaded.
    pub fn of_run(&self, run: u64) -> Option<&Entry> {
        let origin = Origin::Run(run);
        self.entries.iter().find(|entry| entry.origin == origin)
    }

    /// The id of this very model.
    pub fn id_of(&self, model: &Arc<Model>) -> Option<ModelId> {
        let is_it = |entry: &&Entry| Arc::ptr_eq(&entry.model, model);
        self.entries.iter().find(is_it).map(|entry| entry.id)
    }

    /// Trained models that are not in a file yet.
    pub fn unsaved(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_saved)
    }

    /// Uses a model.
    pub fn choose(&mut self, id: ModelId) {
        self.snapshot = None;
        if id != self.chosen && self.entry(id).is_some() {
            self.previous = Some(self.chosen);
            self.chosen = id;
        }
    }

    /// Adds a model from a file and uses it. A file that is loaded again replaces its earlier model.
    pub fn add_file(&mut self, file: WeightFile, model: Arc<Model>) {
        let name = file.path.file_name().unwrap_or(file.path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        self.add(Origin::File(file), name, model, true);
    }

    /// Adds the model of a run and uses it.
    pub fn add_run(&mut self, run: u64, name: &str, model: Arc<Model>, is_saved: bool) {
        self.add(Origin::Run(run), name.to_owned(), model, is_saved);
    }

    fn add(&mut self, origin: Origin, name: String, model: Arc<Model>, is_saved: bool) {
        let mut entries = self.entries.iter_mut();
        let known = entries.find(|entry| entry.origin.is_same_place(&origin));
        let id = if let Some(entry) = known {
            entry.origin = origin;
            entry.model = model;
            entry.id
        } else {
            let id = ModelId(self.entries.last().map_or(0, |last| last.id.0 + 1));
            self.forget_oldest();
            self.entries.push(Entry {
                id,
                origin,
                name,
                model,
                is_saved,
            });
            id
        };
        self.choose(id);
    }

    /// Makes room for a model. Unsaved models and those in use stay.
    fn forget_oldest(&mut self) {
        let (chosen, previous) = (self.chosen, self.previous);
        let is_free =
            |entry: &Entry| entry.is_saved && ![Some(chosen), previous].contains(&Some(entry.id));
        let mut others = (1..self.entries.len()).filter(|&index| is_free(&self.entries[index]));
        if let Some(oldest) = others.next().filter(|_| self.entries.len() >= MAX_MODELS) {
            self.entries.remove(oldest);
        }
    }

    /// Uses the weights of a training, or the chosen model again.
    pub fn watch(&mut self, snapshot: Option<Snapshot>) {
        self.snapshot = snapshot;
    }

    /// Changes the name of a run's model.
    pub(super) fn rename_run(&mut self, run: u64, name: &str) {
        let origin = Origin::Run(run);
        for entry in self
            .entries
            .iter_mut()
            .filter(|entry| entry.origin == origin)
        {
            name.clone_into(&mut entry.name);
        }
    }

    /// Marks a model as saved in a file.
    pub fn mark_saved(&mut self, id: ModelId) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.is_saved = true;
        }
    }
}
