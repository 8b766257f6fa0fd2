//! Transom, the host: sandbox, shipped SMTs, command line.

pub mod app;
pub mod offsets;
pub mod shipped;
pub mod topics;
pub mod wasm;

mod error;
