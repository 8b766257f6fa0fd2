//! Transom.

pub mod wasm;
