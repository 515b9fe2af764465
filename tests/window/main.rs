//! The real window's content, driven by role and label as a person or a screen reader finds it.

mod drawing;
mod driver;
mod fields;
mod files;
mod hand;
mod interrupted;
mod layout;
mod measuring;
mod training;
mod workbench;
