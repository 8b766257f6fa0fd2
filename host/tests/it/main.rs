//! Integration tests of the host, in one binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

mod cases;
mod cli;
mod hostile;
mod hostile_calls;
mod hostile_modules;
mod hostile_records;
#[path = "../../core/tests/it/model.rs"]
mod model;
#[expect(dead_code, reason = "only parts of what the core's tests need are needed here")]
#[path = "../../core/tests/it/native.rs"]
mod native;
mod sandbox;
