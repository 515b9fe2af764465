//! The models of this session, and the model in use.

use std::{path::PathBuf, sync::Arc};

use crate::model::file::Model;

/// Identifies a model of this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(usize);

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built into the program.
    BuiltIn,
    /// Trained in this session, by the run of this number.
    Trained(u64),
    /// Loaded from this file.
    File(PathBuf),
    /// Loaded from the run library: the run's id and title.
    Library(u64, String),
}

/// A model of this session.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Identifies the model in actions.
    pub id: ModelId,
    /// Where it comes from.
    pub origin: Origin,
    /// The model.
    pub model: Arc<Model>,
    /// Whether the model is in a file, so that closing the window does not lose it.
    pub is_saved: bool,
}

impl Entry {
    /// "built-in model", "trained model, run 2", "model from weights.safetensors".
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::BuiltIn => "built-in model".to_owned(),
            Origin::Trained(run) => format!("trained model, run {run}"),
            Origin::Library(_, title) => format!("saved run ({title})"),
            Origin::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("model from {}", name.to_string_lossy())
            }
        }
    }
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

    /// The model that was chosen last. It is in use unless a training is watched.
    pub fn chosen(&self) -> &Entry {
        // The chosen id always has an entry: entries are never removed.
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

    /// Adds a model and uses it. A file that is loaded again replaces its earlier model.
    pub fn add(&mut self, origin: Origin, model: Arc<Model>) -> ModelId {
        let is_saved = !matches!(origin, Origin::Trained(_));
        let known = self.entries.iter_mut().find(|entry| entry.origin == origin);
        let id = if let Some(entry) = known {
            entry.model = model;
            entry.id
        } else {
            let id = ModelId(self.entries.len());
            self.entries.push(Entry {
                id,
                origin,
                model,
                is_saved,
            });
            id
        };
        self.choose(id);
        id
    }

    /// Uses the weights of a training, or the chosen model again.
    pub fn watch(&mut self, snapshot: Option<Snapshot>) {
        self.snapshot = snapshot;
    }

    /// Marks a model as saved in a file.
    pub fn mark_saved(&mut self, id: ModelId) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.is_saved = true;
        }
    }
}
