//! Strokes.
