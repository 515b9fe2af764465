//! The real window's content, driven by role and label as a person or a screen reader finds it.

mod corrections;
mod drawing;
mod driver;
mod evaluation;
mod fields;
mod files;
mod interrupted;
mod layout;
mod training;
mod workbench;
