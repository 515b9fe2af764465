//! Draw a digit, see at once what a neural network makes of it, and train that network with a click.
//!
//! The modules in reading order: a drawing is [`ink`], the network sees a [`bitmap`].

pub mod bitmap;
pub mod dataset;
pub mod error;
pub mod ink;
