//! `transom dlq`: the dead letters of a connector, listed, shown, and given back to the topics they came from.

mod filter;
mod letter;
mod list;
mod replay;
mod show;

use super::{Failure, configuration, embedded};
use crate::{error::on_one_line, topics::Cluster};
use clap::{Args, Subcommand};
use filter::Filter;
pub(super) use letter::Letter;
use transom_core::config::{Config, Connector};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List dead letters: where each came from, at which stage it failed and why, a line each.
    List(list::Arguments),
    /// Show dead letters whole: headers, key and value.
    Show(show::Arguments),
    /// Write the original records into the topics they came from, once what they failed on is mended.
    Replay(replay::Arguments),
}

/// Which connector, of which file.
#[derive(Debug, Args)]
struct Of {
    /// The connector.
    connector: String,
    #[command(flatten)]
    file: configuration::File,
    #[command(flatten)]
    filter: Filter,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Replay(arguments) => replay::run(arguments),
    }
}

/// The dead letters of one connector.
pub(super) struct Letters {
    cluster: Cluster,
    name: String,
    topic: String,
    connector: Connector,
}

impl Letters {
    /// Those of a connector that there is; nothing if it names no topic for them.
    pub(super) fn of(config: &Config, name: &str) -> Result<Option<Self>, Failure> {
        let connector = config.connectors.get(name).cloned();
        let topic = |of: &Connector| of.errors_deadletterqueue_topic_name.clone();
        let Some((connector, topic)) = connector.and_then(|of| topic(&of).map(|topic| (of, topic)))
        else {
            return Ok(None);
        };
        let cluster = Cluster::new(config.kafka.clone());
        let cluster = cluster.map_err(|error| Failure::Usage(on_one_line(&error)))?;
        Ok(Some(Self { cluster, name: name.to_owned(), topic, connector }))
    }

    /// Reads the topic from its beginning to its end and hands over the letters of this connector.
    pub(super) fn each(
        &self,
        mut each: impl FnMut(Letter) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let failed = |error: &dyn std::error::Error| {
            Failure::Run(format!("dead letter topic `{}`: {error}", self.topic))
        };
        let scan = self.cluster.scan(&self.topic).map_err(|error| failed(&error))?;
        let mut done = Ok(());
        let read = scan.read(&mut |record| {
            let letter = Letter::of(record);
            // A message without the header is no letter: somebody else put it there.
            let is_ours = letter.connector.as_deref() == Some(self.name.as_str());
            if done.is_ok() && is_ours {
                done = each(letter);
            }
        });
        read.map_err(|error| failed(&error))?;
        done
    }
}

impl Of {
    fn open(&self) -> Result<Letters, Failure> {
        let mut config = self.file.read_alone()?;
        embedded::reach(&mut config)?;
        let name = &self.connector;
        configuration::connector(&config, &self.file.config, name)?;
        Letters::of(&config, name)?.ok_or_else(|| {
            Failure::Usage(format!(
                "connector `{name}` names no dead letter topic: it has no `errors.deadletterqueue.topic.name`"
            ))
        })
    }

    /// Hands over the letters that the filter keeps.
    fn each(
        &self,
        letters: &Letters,
        mut each: impl FnMut(Letter) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        letters.each(|letter| if self.filter.keeps(&letter) { each(letter) } else { Ok(()) })
    }
}
