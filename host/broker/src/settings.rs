//! What whoever starts a broker decides.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of a [`Broker`](crate::Broker). Begin with [`Settings::new`] and change what differs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen. Default: loopback, port 0, which is a free port. There is no authentication: whoever reaches the
    /// address may read and write everything. Clients are told to come back to the address that they connected to.
    pub listen: SocketAddr,
    /// Where everything is kept. Created if it is not there; one broker at a time.
    pub directory: PathBuf,
    /// Partitions of a topic that is created without a number. Default: 1, as in Kafka.
    pub partitions: NonZeroU16,
    /// Whether a topic is created when a client asks for it and allows it (`auto.create.topics.enable`). Default: true.
    pub auto_create_topics: bool,
    /// How long the first member of an empty group waits for others (`group.initial.rebalance.delay.ms`). Default: 300 ms:
    /// members that start together join together on a busy machine too, and nobody waits Kafka's three seconds at a desk.
    pub initial_rebalance_delay: Duration,
}

impl Settings {
    /// Returns the defaults, with everything kept in `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            directory: directory.into(),
            partitions: NonZeroU16::MIN,
            auto_create_topics: true,
            initial_rebalance_delay: Duration::from_millis(300),
        }
    }
}
