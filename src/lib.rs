//! Draw a digit, see at once what a neural network makes of it, and train that network with a click.
//!
//! The modules in reading order: a drawing is [`ink`], the network sees a [`bitmap`], which a
//! picture can be turned into as well ([`picture`]); a [`model`] turns it into logits,
//! [`recognition`] into a prediction; [`training`] fits a model to a [`data`], and a
//! [`evaluation`] tells how good it is; a [`worker`] does any of this on a thread of its own.
//! [`app`] and [`ui`] are the window, [`cli`] does all of it without one.

pub mod app;
pub mod bitmap;
pub mod cli;
pub mod data;
pub mod error;
pub mod evaluation;
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
