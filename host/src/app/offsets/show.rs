//! `transom offsets show`

use super::{Asked, Failure, database, failed, stored};
use crate::{app::configuration::File, topics::PartitionInfo};
use clap::Args;
use serde::Serialize;
use std::io::{self, Write};
use transom_core::{config::Connector, connector::SourcePosition, topic::TopicIdentity};

#[derive(Debug, Args)]
pub(in crate::app) struct Arguments {
    /// These connectors; all where none is named.
    connectors: Vec<String>,
    #[command(flatten)]
    file: File,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Where one connector goes on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Shown {
    /// A sink's partitions.
    Partitions(Vec<Offsets>),
    /// The parts of a source.
    Positions(Vec<Position>),
}

#[derive(Debug, Serialize)]
struct Offsets {
    topic: String,
    partition: i32,
    /// What the sink has stored; nothing if it stores none.
    sink: Option<i64>,
    /// What the group has committed.
    group: Option<i64>,
    /// Whether what is stored belongs to the topic that is there now.
    same_topic: bool,
    earliest: i64,
    latest: i64,
}

#[derive(Debug, Serialize)]
struct Position {
    source_partition: String,
    position: String,
}

#[derive(Debug, Serialize)]
struct Row {
    connector: String,
    #[serde(flatten)]
    offsets: Shown,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asked = Asked::new(&arguments.file)?;
    let mut names = arguments.connectors.clone();
    if names.is_empty() {
        names.extend(asked.config.connectors.keys().cloned());
    }
    let mut rows = Vec::new();
    for name in names {
        let connector = asked.connector(&name)?;
        let offsets = match &connector.source {
            Some(_) => positions_of(&asked, &name)?,
            None => Shown::Partitions(partitions(&asked, &name, connector)?),
        };
        rows.push(Row { connector: name, offsets });
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        let json =
            serde_json::to_string_pretty(&rows).map_err(|error| Failure::Run(error.to_string()))?;
        writeln!(out, "{json}")?;
    } else {
        rows.iter().try_for_each(|row| write(row, &mut out))?;
    }
    Ok(())
}

fn positions_of(asked: &Asked, name: &str) -> Result<Shown, Failure> {
    let position = |of: SourcePosition| Position {
        source_partition: of.source_partition,
        position: of.position,
    };
    Ok(Shown::Positions(asked.positions(name)?.into_iter().map(position).collect()))
}

fn partitions(asked: &Asked, name: &str, connector: &Connector) -> Result<Vec<Offsets>, Failure> {
    let rows = match database(connector) {
        Some(path) => stored(path, name).map_err(|error| failed(&error))?,
        None => Vec::new(),
    };
    let mut shown = Vec::new();
    for topic in asked.topics(connector)? {
        let group = connector.group(name);
        let committed = asked.admin.offsets(&group, &topic).map_err(|error| failed(&error))?;
        for PartitionInfo { partition, watermarks } in &topic.partitions {
            // What the topic of today has, or what an earlier one of its name has left. A claim alone has no offset.
            let mut stored = rows.iter().filter(|row| {
                let at = &row.partition;
                *at.topic == topic.name && at.partition == *partition && row.next_offset.is_some()
            });
            let of_today = stored.clone().find(|row| row.identity == topic.identity);
            let row = of_today.or_else(|| stored.next_back());
            let group = committed.iter().find(|stored| stored.partition.partition == *partition);
            let identity: Option<&TopicIdentity> = match row {
                Some(row) => Some(&row.identity),
                None => group.and_then(|stored| stored.identity.as_ref()),
            };
            shown.push(Offsets {
                topic: topic.name.clone(),
                partition: *partition,
                sink: row.and_then(|row| row.next_offset),
                group: group.and_then(|stored| stored.offset),
                same_topic: identity.is_none_or(|identity| *identity == topic.identity),
                earliest: watermarks.earliest,
                latest: watermarks.latest,
            });
        }
    }
    Ok(shown)
}

fn write(row: &Row, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", row.connector)?;
    match &row.offsets {
        Shown::Positions(positions) if positions.is_empty() => {
            writeln!(out, "  no position is stored")
        }
        Shown::Positions(positions) => positions
            .iter()
            .try_for_each(|of| writeln!(out, "  {}: {}", of.source_partition, of.position)),
        Shown::Partitions(partitions) => {
            partitions.iter().try_for_each(|partition| write_partition(partition, out))
        }
    }
}

fn write_partition(of: &Offsets, out: &mut impl Write) -> io::Result<()> {
    let number =
        |offset: Option<i64>| offset.map_or("none".to_owned(), |offset| offset.to_string());
    write!(out, "  {}-{}:", of.topic, of.partition)?;
    if of.sink.is_some() {
        write!(out, " the sink has {},", number(of.sink))?;
    }
    write!(
        out,
        " the group has {}; the log has {} to {}",
        number(of.group),
        of.earliest,
        of.latest
    )?;
    let next = of.sink.or(of.group);
    match next {
        _ if !of.same_topic => {
            write!(out, "; what is stored belongs to an earlier topic of this name")?;
        }
        Some(next) if next < of.earliest || next > of.latest => {
            write!(out, ", which is not there")?;
        }
        Some(next) => write!(out, ", {} behind", of.latest - next)?,
        None => {}
    }
    writeln!(out)
}
