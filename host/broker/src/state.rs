//! What all connections of a broker share, and who owns which part of it.

use std::sync::Arc;

use crate::groups::Groups;
use crate::journal::{Entry, Journal};
use crate::settings::Settings;
use crate::topics::Topics;

/// The one node's id.
pub(crate) const NODE: i32 = 1;

/// A broker's parts. Each guards itself; nobody holds a lock across an await, or two of them but for the journal's, which is
/// the last.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) cluster_id: String,
    /// Owns topics, and through them partitions and records.
    pub(crate) topics: Topics,
    /// Owns members and generations of groups.
    pub(crate) groups: Groups,
    /// Owns committed offsets and producer ids, and the definitions of topics.
    pub(crate) journal: Arc<Journal>,
}

impl State {
    /// Gives out a producer id that nobody had before.
    pub(crate) fn next_producer_id(&self) -> std::io::Result<i64> {
        let id = self.journal.read(|image| image.next_producer_id);
        self.journal.write(Entry::ProducerIds { next: id + 1 })?;
        Ok(id)
    }
}
