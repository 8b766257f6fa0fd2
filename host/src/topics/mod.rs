//! Kafka, through librdkafka: the readers and writers of tasks, and what commands ask of a cluster. No type of
//! rdkafka's leaves this module.
//!
//! Begin at [`Cluster`]: properties in, readers and writers out.

mod admin;
mod check;
mod cluster;
mod context;
mod error;
mod identity;
mod native;
mod properties;
mod reader;
mod scan;
mod writer;

pub use admin::{Admin, PartitionInfo, TopicInfo};
pub use check::{About, Client, Refusal, check_each, check_together};
pub use cluster::{Cluster, ReaderSettings, Subscription};
pub use error::TopicsError;
pub use properties::MESSAGE_MAX_BYTES;
pub use reader::Reader;
pub use scan::Scan;
pub use writer::Writer;
