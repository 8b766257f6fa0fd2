//! What source connectors go on from, for commands.

use super::parts::Whole;
use crate::{error::on_one_line, offsets::TopicPositions, topics::Cluster};
use std::sync::Arc;
use transom_core::{
    config::Connector,
    connector::{ConnectorError, SourcePosition},
};

/// All positions of a connector.
pub(in crate::app) async fn of(cluster: &Arc<Cluster>, connector: &Connector, name: &str) -> Result<Vec<SourcePosition>, ConnectorError> {
    positions(cluster, connector)?.load(name).await
}
