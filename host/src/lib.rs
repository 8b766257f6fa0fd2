//! Transom, the host: sandbox, shipped SMTs, command line.

pub mod admin;
pub mod app;
pub mod connectors;
pub mod shipped;
pub mod wasm;

mod error;
