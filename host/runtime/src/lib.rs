//! Tasks: records from a topic through a chain into a sink, or from a source into a topic, and what happens when
//! something fails. It knows the traits of `transom-core` and nothing of Kafka's client, of databases or of wasm.

pub mod assembly;
pub mod status;
pub mod testing;

mod context;
mod dead_letters;
mod failure;
mod load;
mod metrics;
mod progress;
mod sink_task;
mod supervisor;
mod way;

pub use supervisor::Runtime;

/// x
pub fn tasks_topic(connector: &str) -> String { format!("_transom-tasks-{connector}") }
