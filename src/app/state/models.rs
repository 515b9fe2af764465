//! The models at hand, and which of them answers.

use std::{path::PathBuf, sync::Arc};

use crate::model::file::Model;

/// Names one of the models at hand, for as long as the window is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(usize);

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program brought it along.
    Shipped,
    /// It was trained in this window, by the run of this number.
    Trained(u64),
    /// It was loaded from this file.
    File(PathBuf),
    /// It was trained before, and kept in the library: the run's id, and what it is called.
    Kept(u64, String),
}

/// A model at hand.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name in actions.
    pub id: ModelId,
    /// Where it comes from.
    pub origin: Origin,
    /// The model.
    pub model: Arc<Model>,
    /// Whether it lies in a file, so that closing the window does not lose it.
    pub is_saved: bool,
}

impl Entry {
    /// "shipped model", "trained model, run 2", "model from weights.safetensors".
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::Shipped => "shipped model".to_owned(),
            Origin::Trained(run) => format!("trained model, run {run}"),
            Origin::Kept(_, title) => format!("kept run ({title})"),
            Origin::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("model from {}", name.to_string_lossy())
            }
        }
    }
}

/// The weights of a training under way, as they were a moment ago.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The epoch they are from, at its end or from within it.
    pub epoch: usize,
    /// The weights.
    pub model: Arc<Model>,
}

/// All models at hand. There is always one that answers.
#[derive(Clone, Debug)]
pub struct Models {
    entries: Vec<Entry>,
    chosen: ModelId,
    before: Option<ModelId>,
    snapshot: Option<Snapshot>,
}

impl Models {
    /// The shipped model, which answers.
    pub fn new(shipped: Arc<Model>) -> Self {
        let id = ModelId(0);
        let entry = Entry {
            id,
            origin: Origin::Shipped,
            model: shipped,
            is_saved: true,
        };
        Self {
            entries: vec![entry],
            chosen: id,
            before: None,
            snapshot: None,
        }
    }

    /// All of them, the shipped one first, then in the order in which they came.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The model that was chosen last. It answers unless a snapshot does.
    pub fn chosen(&self) -> &Entry {
        // The chosen id is always one of an entry, and entries are never removed.
        self.entry(self.chosen).unwrap_or(&self.entries[0])
    }

    /// The one that was chosen before, if there was one.
    pub fn before(&self) -> Option<&Entry> {
        self.before.and_then(|id| self.entry(id))
    }

    /// The weights that answer while a training is watched.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// The weights that answer now.
    pub fn answering(&self) -> &Arc<Model> {
        match &self.snapshot {
            Some(snapshot) => &snapshot.model,
            None => &self.chosen().model,
        }
    }

    /// The model of that name.
    pub fn entry(&self, id: ModelId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The name of this very model, if it is at hand.
    pub fn id_of(&self, model: &Arc<Model>) -> Option<ModelId> {
        let is_it = |entry: &&Entry| Arc::ptr_eq(&entry.model, model);
        self.entries.iter().find(is_it).map(|entry| entry.id)
    }

    /// Trained models that are in no file yet.
    pub fn unsaved(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_saved)
    }

    /// Lets a model answer; the one that did is the one before.
    pub fn choose(&mut self, id: ModelId) {
        self.snapshot = None;
        if id != self.chosen && self.entry(id).is_some() {
            self.before = Some(self.chosen);
            self.chosen = id;
        }
    }

    /// Takes a new model in, and lets it answer. A file that is loaded again replaces what it held
    /// before.
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

    /// Lets the weights of a training answer, or the chosen model again.
    pub fn watch(&mut self, snapshot: Option<Snapshot>) {
        self.snapshot = snapshot;
    }

    /// Remembers that a model lies in a file.
    pub fn mark_saved(&mut self, id: ModelId) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.is_saved = true;
        }
    }
}
