//! Windows of all sizes.
