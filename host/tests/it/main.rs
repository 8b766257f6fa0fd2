//! Integration tests of the host, in one binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

mod hostile;
mod hostile_calls;
mod hostile_modules;
mod hostile_records;
