//! Transom, the host: sandbox, shipped SMTs, command line.

pub mod app;
pub mod shipped;
pub mod topics;
pub mod wasm;

mod error;
