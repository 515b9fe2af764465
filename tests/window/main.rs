//! The window's content, found by role and label as a screen reader does.

mod contrast;
mod corrections;
mod drawing;
mod driver;
mod evaluation;
mod fields;
mod files;
mod focus;
mod interrupted;
mod keyboard;
mod layout;
mod numbers;
mod pictures;
mod roving;
mod strokes;
mod training;
mod why;
mod workbench;
