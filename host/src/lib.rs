//! Transom, the host: sandbox, shipped SMTs, command line.

pub mod app;
pub mod schemas;
pub mod shipped;
pub mod wasm;

mod error;
