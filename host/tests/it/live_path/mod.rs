//! The record path whole, on the binary and a real Kafka: what dies, is frozen, is away or lies, and what must be
//! there afterwards all the same.
//!
//! A tenth of each count runs with the other tests; `make soak` runs the whole and prints its figures.

mod commands;
mod group;
mod identity;
mod kills;
mod load;
mod memory;
mod outages;
pub(crate) mod process;
mod sizes;
mod tables;
mod workload;

/// A count: the whole in the soak run, a tenth otherwise.
fn scaled(whole: usize) -> usize {
    if std::env::var_os("TRANSOM_SOAK").is_some() { whole } else { whole / 10 }
}
