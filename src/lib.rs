//! Recognizes drawn digits with a neural network, and trains that network.
//!
//! The modules in reading order: [`ink`] is a drawing, and [`bitmap`] is the input of the
//! network. [`picture`] converts a picture into a bitmap. A [`model`] computes logits, and [`recognition`]
//! a prediction. An [`explanation`] tells why. [`training`] fits a model to [`data`], and [`evaluation`] computes its
//! metrics. A [`worker`] does such work in a thread. [`app`] and [`ui`] are the window, and [`cli`] is the command line.

pub mod app;
pub mod bitmap;
pub mod cli;
pub mod data;
pub mod error;
pub mod evaluation;
pub mod explanation;
pub mod files;
pub mod format;
pub mod ink;
pub mod model;
pub mod picture;
pub mod recognition;
pub mod store;
pub mod synth;
pub mod training;
pub mod ui;
pub mod worker;
