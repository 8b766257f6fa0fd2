//! Kafka's client. No type of it leaves this module.

mod check;

pub use check::{About, Client, Refusal, check_each, check_together};
