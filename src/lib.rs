//! Draw a digit, see at once what a neural network makes of it, and train that network with a click.
//!
//! The modules in reading order: a drawing is [`ink`], the network sees a [`bitmap`], which a
//! picture can be turned into as well ([`image_input`]); a [`model`] turns it into logits,
//! [`recognition`] into a prediction; [`training`] fits a model to a [`dataset`], and a
//! [`measurement`] tells how good it is; a [`worker`] does any of this on a thread of its own.
//! [`app`] and [`ui`] are the window, [`cli`] does all of it without one.

pub mod app;
pub mod bitmap;
pub mod cli;
pub mod dataset;
pub mod error;
pub mod files;
pub mod image_input;
pub mod ink;
pub mod measurement;
pub mod model;
pub mod recognition;
pub mod training;
pub mod ui;
pub mod worker;
