//! The broker from outside, judged by clients that are not ours.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

mod admin;
mod clients;
#[path = "../../../tests/it/fetched.rs"]
mod fetched;
mod groups;
#[path = "../../../tests/it/live.rs"]
mod live;
mod process;
mod protocol;
mod records;
mod soak;
mod support;
