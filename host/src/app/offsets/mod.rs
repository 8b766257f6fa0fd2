//! `transom offsets`: where connectors go on, shown and set.

mod positions;
mod reset;
mod show;

use super::{Failure, configuration, embedded};
use crate::{
    connectors::sqlite,
    error::on_one_line,
    topics::{Admin, Cluster, TopicInfo},
};
use clap::Subcommand;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use transom_core::{
    config::{Config, Connector, SinkSettings},
    connector::{ConnectorError, SourcePosition},
    predicate::TopicPattern,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what connectors go on from, beside what the logs have.
    Show(show::Arguments),
    /// Set what a connector goes on from, while it is stopped.
    Reset(reset::Arguments),
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Show(arguments) => show::run(arguments),
        Command::Reset(arguments) => reset::run(arguments),
    }
}

/// A configuration with the cluster that it names.
struct Asked {
    file: PathBuf,
    config: Config,
    cluster: Arc<Cluster>,
    admin: Admin,
}

impl Asked {
    fn new(file: &configuration::File) -> Result<Self, Failure> {
        let mut config = file.read_alone()?;
        embedded::reach(&mut config)?;
        let usage = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
        let cluster = Cluster::new(config.kafka.clone()).map_err(|error| usage(&error))?;
        let admin = cluster.admin().map_err(|error| usage(&error))?;
        Ok(Self { file: file.config.clone(), config, cluster: Arc::new(cluster), admin })
    }

    fn connector(&self, name: &str) -> Result<&Connector, Failure> {
        configuration::connector(&self.config, &self.file, name)
    }

    /// Where a source stands.
    fn positions(&self, name: &str) -> Result<Vec<SourcePosition>, Failure> {
        let known = self.admin.topics().map_err(|error| failed(&error))?;
        positions::of(&self.cluster, &known, name)
    }

    /// The topics that a sink connector reads, as the cluster has them.
    fn topics(&self, connector: &Connector) -> Result<Vec<TopicInfo>, Failure> {
        let names = match (&connector.topics, &connector.topics_regex) {
            (_, Some(pattern)) => self.matching(pattern)?,
            (topics, None) => topics.clone().unwrap_or_default().0,
        };
        names.iter().map(|name| self.admin.topic(name).map_err(|error| failed(&error))).collect()
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, Failure> {
        let pattern =
            TopicPattern::new(pattern).map_err(|error| Failure::Usage(error.to_string()))?;
        let names = self.admin.topics().map_err(|error| failed(&error))?;
        Ok(names.into_iter().filter(|name| pattern.subscribes(name)).collect())
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::Run(on_one_line(error))
}

/// The database in which a connector's sink keeps its offsets, if it does.
fn database(connector: &Connector) -> Option<&Path> {
    match &connector.sink {
        Some(SinkSettings::Sqlite(sink)) => Some(Path::new(&sink.path)),
        _ => None,
    }
}

/// What a sink has stored for a connector; nothing while there is no database yet.
fn stored(path: &Path, name: &str) -> Result<Vec<sqlite::OffsetRow>, ConnectorError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut rows = sqlite::offsets(path)?;
    rows.retain(|row| row.connector == name);
    Ok(rows)
}
