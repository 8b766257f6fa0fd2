//! Integration tests of the host, in one binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

mod allocations;
mod cases;
mod cli;
mod dev;
mod fetched;
mod hostile;
mod hostile_calls;
mod hostile_modules;
mod hostile_records;
mod live;
mod live_connect;
mod live_kafka;
mod live_path;
mod made_up;
#[expect(dead_code, unused_imports, reason = "the core's tests need more of it")]
#[path = "../../core/tests/it/model.rs"]
mod model;
#[expect(dead_code, reason = "the core's tests need more of it")]
#[path = "../../core/tests/it/native.rs"]
mod native;
mod query;
mod readme;
mod reference;
mod run;
mod sandbox;
mod secrets;
mod validate;
