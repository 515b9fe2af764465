//! Files in the user's folders: settings, finished runs, checkpoints, corrections.

pub mod checkpoints;
pub mod corrections;
pub mod run_library;
pub mod settings;
pub mod training_config;
