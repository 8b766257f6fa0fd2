//! A single-node broker that speaks Kafka's protocol, for development and tests.
//!
//! ```no_run
//! # async fn example() -> Result<(), transom_broker::BrokerError> {
//! use transom_broker::{Broker, Settings};
//!
//! let broker = Broker::start(Settings::new("data")).await?;
//! println!("bootstrap.servers={}", broker.address());
//! broker.stop().await
//! # }
//! ```
//!
//! It serves producers (idempotent ones too), consumers and their groups (the classic protocol, static members included) and
//! most of what admin clients ask for. Records, topics, configs, committed offsets and producer ids are on disk and survive
//! the end of the process in any way, `kill -9` included. They are not forced to the disk at each write: the end of the
//! *machine* may cost the last ones, unless a topic's `flush.messages` says otherwise.
//!
//! What it has not got: replication, transactions, the consumer protocol of KIP-848, share groups, ACLs, SASL, TLS, quotas,
//! log compaction (`cleanup.policy=compact` is accepted and keeps everything). A client that asks for it gets Kafka's own
//! error, or the connection is closed with a line in the log that names the API, as Kafka does.

mod api;
mod broker;
mod configs;
mod connection;
mod decode;
mod error;
mod frame;
mod groups;
mod journal;
mod lock;
mod log;
mod settings;
mod state;
mod topic;
mod topics;

pub use broker::Broker;
pub use error::BrokerError;
pub use settings::Settings;
