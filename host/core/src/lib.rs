//! The pure half of Transom.

pub mod json;
