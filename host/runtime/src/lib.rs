//! Tasks: records from a topic through a chain into a sink, or from a source into a topic, and what happens when
//! something fails. It knows the traits of `transom-core` and nothing of Kafka's client, of databases or of wasm.
//!
//! Whatever dies, each record is delivered, dropped on purpose or dead-lettered; and it is there once where the sink
//! stores offsets with the records.
//!
//! | module | what | begin at |
//! |---|---|---|
//! | [`assembly`] | what tasks are put together from; the host implements it | [`assembly::Assembly`] |
//! | [`status`] | what a person sees of tasks | [`status::Status`] |
//! | [`swap`] | another version of a transform while tasks run | [`Runtime::swap`] |
//! | `supervisor` | starts, restarts, ends tasks | [`Runtime`] |
//! | `sink_task` | from topics to a sink | `sink_task::run` |
//! | `source_task` | from a source to topics | `source_task::run` |
//! | `load` | a batch with what became of its records | `Load` |
//! | `pace` | how many records a task takes at a time | `Pace` |
//! | `dead_letters` | records that failed | `DeadLetters::report` |
//! | `failure` | why a task ended, and what follows | `FailureKind` |
//! | `complaint` | a reader's errors that may pass | `Complaint` |
//! | `progress`, `metrics`, `way` | what is told: status, figures, single records | |

pub mod assembly;
pub mod status;
pub mod swap;
pub mod testing;

mod complaint;
mod context;
mod dead_letters;
mod failure;
mod load;
mod metrics;
mod pace;
mod progress;
mod sink_task;
mod source_task;
mod supervisor;
mod way;

pub use supervisor::Runtime;
