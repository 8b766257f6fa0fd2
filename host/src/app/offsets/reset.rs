//! `transom offsets reset`

use super::{Asked, Failure, database, failed, positions};
use crate::{app::configuration::File, connectors::sqlite, topics::TopicInfo};
use clap::Args;
use std::{
    io::{self, Write},
    str::FromStr,
};
use transom_core::topic::{Offsets, TopicPartition, Watermarks, tasks_topic};

const HELP: &str = "\
Stop the connector first, everywhere: a group that has members is refused.
A sink that stores offsets itself (sqlite) has them set in its database, and in the group beside it. Setting an offset
back delivers records again; setting it ahead leaves records out.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(in crate::app) struct Arguments {
    /// The connector.
    connector: String,
    /// Where to go on: `earliest`, `latest`, or an offset. A source begins anew with `earliest`.
    #[arg(long, value_name = "OFFSET", allow_negative_numbers = true)]
    to: To,
    /// This topic alone.
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// This partition alone.
    #[arg(long, value_name = "N")]
    partition: Option<i32>,
    #[command(flatten)]
    file: File,
}

/// Where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Earliest,
    Latest,
    Offset(i64),
}

impl FromStr for To {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("earliest", _) => Ok(Self::Earliest),
            ("latest", _) => Ok(Self::Latest),
            (_, Ok(offset)) if offset >= 0 => Ok(Self::Offset(offset)),
            _ => Err(format!("`{text}` is none of `earliest`, `latest` and an offset")),
        }
    }
}

impl To {
    /// The offset in a log, if the log has it or ends there.
    fn within(self, log: Watermarks) -> Option<i64> {
        let offset = match self {
            Self::Earliest => log.earliest,
            Self::Latest => log.latest,
            Self::Offset(offset) => offset,
        };
        (log.earliest..=log.latest).contains(&offset).then_some(offset)
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asked = Asked::new(&arguments.file)?;
    let name = &arguments.connector;
    let connector = asked.connector(name)?;
    if connector.source.is_some() {
        return reset_source(&asked, arguments);
    }
    let topics = asked.topics(connector)?;
    let offsets = chosen(&topics, arguments)?;
    // The group first: it refuses while the connector runs.
    asked.admin.reset(&connector.group(name), &offsets).map_err(|error| failed(&error))?;
    if let Some(path) = database(connector).filter(|path| path.exists()) {
        let rows = rows(name, &topics, &offsets);
        sqlite::reset(path, &rows).map_err(|error| failed(&error))?;
    }
    let mut out = io::stdout().lock();
    for (partition, offset) in &offsets {
        writeln!(out, "{name} goes on at {offset} of {partition}")?;
    }
    Ok(())
}

/// The offsets to set, each of which the log has.
fn chosen(topics: &[TopicInfo], arguments: &Arguments) -> Result<Offsets, Failure> {
    let Arguments { connector, to, topic, partition, .. } = arguments;
    let mut offsets = Offsets::new();
    for of in topics.iter().filter(|of| topic.as_ref().is_none_or(|name| of.name == *name)) {
        let wanted =
            of.partitions.iter().filter(|of| partition.is_none_or(|number| of.partition == number));
        for info in wanted {
            let log = info.watermarks;
            let key = TopicPartition { topic: of.name.as_str().into(), partition: info.partition };
            let offset = to.within(log).ok_or_else(|| {
                Failure::Usage(format!(
                    "the log of {key} has {} to {}; nothing was changed",
                    log.earliest, log.latest
                ))
            })?;
            offsets.insert(key, offset);
        }
    }
    if offsets.is_empty() {
        let known: Vec<&str> = topics.iter().map(|of| of.name.as_str()).collect();
        return Err(Failure::Usage(format!(
            "connector `{connector}` reads no such partition; its topics are {}",
            known.join(", ")
        )));
    }
    Ok(offsets)
}

fn rows(connector: &str, topics: &[TopicInfo], offsets: &Offsets) -> Vec<sqlite::Reset> {
    let identity =
        |name: &str| topics.iter().find(|of| of.name == name).map(|of| of.identity.clone());
    let row = |(partition, offset): (&TopicPartition, &i64)| sqlite::Reset {
        connector: connector.to_owned(),
        partition: partition.clone(),
        identity: identity(&partition.topic).unwrap_or_default(),
        to: *offset,
    };
    offsets.iter().map(row).collect()
}

fn reset_source(asked: &Asked, arguments: &Arguments) -> Result<(), Failure> {
    let name = &arguments.connector;
    if arguments.to != To::Earliest || arguments.topic.is_some() || arguments.partition.is_some() {
        return Err(Failure::Usage(format!(
            "`{name}` is a source: it can begin anew, with `--to earliest` alone"
        )));
    }
    let connector = asked.connector(name)?;
    refuse_while_running(asked, name, &connector.group(name))?;
    let known = asked.positions(name)?;
    positions::forget(&asked.cluster, connector, name, &known)?;
    writeln!(io::stdout(), "{name} begins anew; {} positions were forgotten", known.len())?;
    Ok(())
}

/// Refuses if a source's task runs anywhere: it would write its positions anew.
fn refuse_while_running(asked: &Asked, name: &str, group: &str) -> Result<(), Failure> {
    let topic = tasks_topic(name);
    let known = asked.admin.topics().map_err(|error| failed(&error))?;
    if !known.contains(&topic) {
        return Ok(());
    }
    // Nobody reads this offset; a group that has members refuses it like any other.
    let offsets = [(TopicPartition { topic: topic.as_str().into(), partition: 0 }, 0)];
    asked.admin.reset(group, &Offsets::from(offsets)).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::To;
    use transom_core::topic::Watermarks;

    #[test]
    fn an_offset_is_one_that_the_log_has_or_its_end() {
        let log = Watermarks { earliest: 5, latest: 9 };
        let within = |text: &str| text.parse::<To>().map(|to| to.within(log));
        assert_eq!(within("earliest"), Ok(Some(5)));
        assert_eq!(within("latest"), Ok(Some(9)));
        assert_eq!(within("9"), Ok(Some(9)));
        assert_eq!(within("4"), Ok(None));
        assert_eq!(within("10"), Ok(None));
        assert!(within("-1").is_err() && within("first").is_err());
    }
}
