//! Where source connectors stand.

use super::{Failure, failed};
use crate::{
    app::run::Whole,
    offsets::{self, TOPIC},
    topics::Cluster,
};
use std::sync::Arc;
use transom_core::{config::Connector, connector::SourcePosition, topic::TopicWriter};

/// All positions of a connector; none while the topic of positions is not there.
pub(super) fn of(
    cluster: &Arc<Cluster>,
    known: &[String],
    name: &str,
) -> Result<Vec<SourcePosition>, Failure> {
    if !known.iter().any(|topic| topic == TOPIC) {
        return Ok(Vec::new());
    }
    offsets::read(&Whole::of(cluster), name).map_err(|error| failed(&error))
}

/// Forgets positions, so that the connector begins anew.
pub(super) fn forget(
    cluster: &Cluster,
    connector: &Connector,
    name: &str,
    positions: &[SourcePosition],
) -> Result<(), Failure> {
    let writer = cluster.writer(&connector.producer_override).map_err(|error| failed(&error))?;
    let records = positions.iter().map(|of| offsets::forgotten(name, of)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let written = runtime.block_on(writer.write(records)).map_err(|error| failed(&error))?;
    match written.refused.first() {
        None => Ok(()),
        Some(refused) => {
            Err(Failure::Run(format!("`{TOPIC}` does not take it: {}", refused.message)))
        }
    }
}
