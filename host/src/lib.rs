//! Transom, the host: connectors, sandbox, shipped SMTs, command line.

pub mod admin;
pub mod app;
pub mod connectors;
pub mod offsets;
pub mod schemas;
pub mod shipped;
pub mod topics;
pub mod wasm;

mod error;
