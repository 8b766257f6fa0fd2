//! The broker inside the process, which `bootstrap.servers: embedded` asks for.

use super::{Failure, run::StateDir};
use crate::{error::on_one_line, topics::Cluster};
use std::{
    collections::BTreeMap,
    net::{SocketAddr, ToSocketAddrs},
    path::Path,
    sync::Arc,
};
use tokio::task::JoinSet;
use transom_broker::{Broker, BrokerError, Settings};
use transom_core::{
    config::{Config, Connector, Properties, SourceSettings, is_embedded},
    topic::{TopicCreation, TopicWriter},
};

/// A broker with its log in the state directory.
pub(super) struct Embedded(Broker);

impl Embedded {
    /// Starts the broker if the configuration asks for it, and has the configuration lead to it.
    pub(super) async fn start(
        config: &mut Config,
        listen: SocketAddr,
        state: &StateDir,
    ) -> Result<Option<Self>, Failure> {
        if !is_embedded(&config.kafka) {
            return Ok(None);
        }
        let settings = Settings { listen, ..Settings::new(state.path().join("broker")) };
        let broker = Broker::start(settings).await.map_err(|error| refused(&error))?;
        let address = broker.address().to_string();
        config.kafka.insert(SERVERS.to_owned(), address.clone());
        state.tell(&address)?;
        create_topics(config).await?;
        Ok(Some(Self(broker)))
    }

    /// Stops it, with all that was written on the disk.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.0.stop().await.map_err(|error| Failure::Run(on_one_line(&error)))
    }
}

/// The property that names the brokers.
const SERVERS: &str = "bootstrap.servers";

fn refused(error: &BrokerError) -> Failure {
    let text = on_one_line(error);
    Failure::Usage(match error {
        BrokerError::Listen { .. } => format!("{text} (--listen says where)"),
        _ => text,
    })
}

/// Creates the topics that connectors write and read: a reader would look for one that is missing only every ten seconds.
async fn create_topics(config: &Config) -> Result<(), Failure> {
    let failed = |error: &(dyn std::error::Error + 'static)| Failure::Run(on_one_line(error));
    let cluster = Cluster::new(config.kafka.clone()).map_err(|error| failed(&error))?;
    let writer = cluster.writer(&Properties::default()).map_err(|error| failed(&error))?;
    // All at once: each takes as long as a client takes to come and go.
    let mut ensured = JoinSet::new();
    for (topic, partitions) in wanted(config) {
        let (writer, topic) = (Arc::clone(&writer), topic.to_owned());
        let creation = TopicCreation { partitions, ..TopicCreation::default() };
        ensured.spawn(async move { writer.ensure(&topic, creation).await });
    }
    for done in ensured.join_all().await {
        done.map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// The topics that connectors write and read, each with the partitions that one who writes it asks for.
fn wanted(config: &Config) -> BTreeMap<&str, Option<i32>> {
    let mut wanted = BTreeMap::new();
    for connector in config.connectors.values() {
        let partitions = connector.topic_creation_default_partitions;
        for topic in topics(connector) {
            let known = wanted.entry(topic).or_insert(None);
            *known = known.or(partitions);
        }
    }
    wanted
}

/// The topics that a connector names, to read or to write.
fn topics(connector: &Connector) -> Vec<&str> {
    match (&connector.source, &connector.topics) {
        (Some(SourceSettings::Datagen(source)), _) => {
            source.topics.keys().map(String::as_str).collect()
        }
        (Some(SourceSettings::File(source)), _) => vec![&source.topic],
        (None, topics) => {
            topics.iter().flat_map(|list| list.0.iter().map(String::as_str)).collect()
        }
    }
}

/// Has a configuration that asks for the embedded broker lead to the one of the process that runs with its state directory.
pub(super) fn reach(config: &mut Config) -> Result<(), Failure> {
    if !is_embedded(&config.kafka) {
        return Ok(());
    }
    let Some(address) = StateDir::told(Path::new(&config.state_dir)) else {
        return Err(Failure::Usage(format!(
            "`{SERVERS}` is `embedded`, and no `transom dev` runs with state directory {}: start one (`transom dev --connector NAME` runs no other connector), say with --state-dir where one runs, or name a cluster",
            config.state_dir
        )));
    };
    config.kafka.insert(SERVERS.to_owned(), address);
    Ok(())
}

/// Reads `HOST:PORT`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = "expected HOST:PORT, such as 127.0.0.1:9092; port 0 takes a free one";
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; {expected}"))?;
    found.next().ok_or_else(|| format!("the host has no address; {expected}"))
}
