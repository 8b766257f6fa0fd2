//! What became of all records, and where to look at it.

use crate::app::{Failure, dlq::Letters, query};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    io::Write,
    path::Path,
};
use transom_core::config::{Config, SinkSettings};
use transom_runtime::status::{ConnectorStatus, RecordCounts, Status, TransformCounts};

/// What a warehouse is asked: who trades, in which time. It shows what the filter kept, and seconds as times.
const QUESTION: &str = "SELECT business_unit, symbol, count(*) AS trades, round(sum(amount), 2) AS amount, max(traded_at) AS last \
    FROM trade_events GROUP BY business_unit, symbol";

/// The table that is asked.
const ASKED: &str = "trade_events";

const SUMS: [&str; 8] = [
    "connector",
    "read",
    "decoded",
    "delivered",
    "dropped",
    "dead-lettered",
    "skipped",
    "in flight",
];

const TRANSFORMED: [&str; 7] =
    ["connector", "transform", "records", "passed", "dropped", "failed", "ns a record"];

/// What became of all records.
pub(super) struct Summary {
    /// A line of cells for each connector.
    connectors: Vec<Vec<String>>,
    /// A line of cells for each transform.
    transforms: Vec<Vec<String>>,
    /// One dead letter, with the connector that wrote it.
    letter: Option<(String, String)>,
    /// Records that sources wrote to topics, and that sinks read of them.
    written: u64,
    read: u64,
    databases: BTreeSet<String>,
}

/// The dead letters of one connector.
#[derive(Default)]
struct Dead {
    by_stage: BTreeMap<String, u64>,
    first: Option<String>,
}

impl Summary {
    /// Asks tasks, and dead letter topics for as long as there is a broker.
    pub(super) fn of(config: &Config, status: &Status) -> Result<Self, Failure> {
        let mut connectors = vec![SUMS.map(str::to_owned).to_vec()];
        let mut transforms = vec![TRANSFORMED.map(str::to_owned).to_vec()];
        let mut letter = None;
        for connector in &status.connectors {
            let dead = Dead::of(config, &connector.name)?;
            connectors.push(cells(connector, &dead));
            transforms.extend(transformed(connector));
            letter = letter.or(dead.first.map(|first| (connector.name.clone(), first)));
        }
        let databases = config.connectors.values().filter_map(|connector| match &connector.sink {
            Some(SinkSettings::Sqlite(sink)) => Some(sink.path.clone()),
            _ => None,
        });
        let sum = |kind: &str, of: fn(RecordCounts) -> u64| {
            let connectors = status.connectors.iter().filter(|connector| connector.kind == kind);
            connectors.map(|connector| of(connector.records())).sum()
        };
        Ok(Self {
            connectors,
            transforms,
            letter,
            written: sum("source", |records| records.out),
            read: sum("sink", |records| records.read),
            databases: databases.collect(),
        })
    }

    pub(super) fn write(&self, folder: &Path, out: &mut impl Write) -> Result<(), Failure> {
        if self.connectors.len() > 1 {
            writeln!(
                out,
                "\nEvery record that was read is delivered, dropped on purpose, dead-lettered, skipped, or in flight still:\n"
            )?;
            write_columns(&self.connectors, out)?;
            self.write_balance(out)?;
        }
        if self.transforms.len() > 1 {
            let build = if cfg!(debug_assertions) {
                " (this build is not optimised: one that is takes about a tenth of the time)"
            } else {
                ""
            };
            writeln!(out, "\nWhat each transform made of the records that it was given{build}:\n")?;
            write_columns(&self.transforms, out)?;
        }
        for database in &self.databases {
            write_tables(database, out)?;
        }
        if let Some((connector, letter)) = &self.letter {
            writeln!(
                out,
                "\nOne dead letter of {connector}, as `transom dlq show` shows it:\n\n{}",
                letter.trim_end()
            )?;
        }
        let (binary, folder) = (binary(), folder.display());
        writeln!(
            out,
            "\nEverything is in {folder}: the tables, and the topics in broker/. To look on, go on from it:\n"
        )?;
        writeln!(out, "  {binary} dev --state-dir {folder}")?;
        Ok(())
    }

    /// What went through the topics, from sources to sinks.
    fn write_balance(&self, out: &mut impl Write) -> Result<(), Failure> {
        let (written, read) = (self.written, self.read);
        let rest = match written.checked_sub(read) {
            Some(0) => "none lost, none twice".to_owned(),
            Some(left) => format!("{left} are in the topics still"),
            // Sinks that read the same topic.
            None => return Ok(()),
        };
        Ok(writeln!(
            out,
            "\nSources wrote {written} records to topics, sinks read {read}: {rest}."
        )?)
    }
}

impl Dead {
    fn of(config: &Config, connector: &str) -> Result<Self, Failure> {
        let mut dead = Self::default();
        let Some(letters) = Letters::of(config, connector)? else { return Ok(dead) };
        letters.each(|letter| {
            let stage = letter.connect("stage").unwrap_or("unknown").to_owned();
            *dead.by_stage.entry(stage).or_default() += 1;
            if dead.first.is_none() {
                dead.first = Some(letter.shown()?);
            }
            Ok(())
        })?;
        Ok(dead)
    }

    /// Records that no converter could read.
    fn undecoded(&self) -> u64 {
        let of_converters = self.by_stage.iter().filter(|(stage, _)| stage.ends_with("_CONVERTER"));
        of_converters.map(|(_, count)| count).sum()
    }
}

/// One line of the sums.
fn cells(connector: &ConnectorStatus, dead: &Dead) -> Vec<String> {
    let RecordCounts { read, delivered, dropped, dead_lettered, skipped, in_flight, out: _ } =
        connector.records();
    let stages = dead.by_stage.iter().map(|(stage, count)| format!("{count} in {stage}"));
    let stages = stages.reduce(|left, right| left + ", " + &right);
    let is_sink = connector.kind == "sink";
    let decoded = is_sink.then(|| read - dead.undecoded().min(read));
    vec![
        connector.name.clone(),
        read.to_string(),
        decoded.map_or_else(|| "-".to_owned(), |decoded| decoded.to_string()),
        delivered.to_string(),
        dropped.to_string(),
        stages.unwrap_or_else(|| dead_lettered.to_string()),
        skipped.to_string(),
        in_flight.to_string(),
    ]
}

/// A line for each transform of a connector.
fn transformed(connector: &ConnectorStatus) -> Vec<Vec<String>> {
    let cells = |counts: TransformCounts| {
        let time = counts.ns_per_record().map_or_else(|| "-".to_owned(), |time| time.to_string());
        let TransformCounts { name, records, passed, dropped, failed, .. } = counts;
        let [records, passed, dropped, failed] =
            [records, passed, dropped, failed].map(|count| count.to_string());
        vec![connector.name.clone(), name, records, passed, dropped, failed, time]
    };
    connector.transformed().into_iter().map(cells).collect()
}

/// Writes how many rows the tables of a database have, and what it answers; as far as it is there by now.
fn write_tables(database: &str, out: &mut impl Write) -> Result<(), Failure> {
    let path = Path::new(database);
    let tables = if path.exists() { query::tables(path)? } else { Vec::new() };
    if tables.is_empty() {
        return Ok(writeln!(out, "\n{database} has no tables yet.")?);
    }
    let count = |table: &String| {
        format!("SELECT '{table}' AS \"table\", count(*) AS \"rows\" FROM \"{table}\"")
    };
    let counts = tables.iter().map(count).collect::<Vec<_>>().join(" UNION ALL ");
    writeln!(out, "\nTables of {database}:\n")?;
    query::write_table(path, &counts, out)?;
    let question = if tables.iter().any(|table| table == ASKED) {
        QUESTION.to_owned()
    } else {
        format!("SELECT * FROM \"{}\" LIMIT 3", tables[0])
    };
    let binary = binary();
    writeln!(
        out,
        "\nA question to them, and the answer:\n\n  {binary} query --db {database} '{question}'\n"
    )?;
    query::write_table(path, &question, out)
}

/// How this program was called.
fn binary() -> String {
    env::args().next().unwrap_or_else(|| "transom".to_owned())
}

fn write_columns(lines: &[Vec<String>], out: &mut impl Write) -> Result<(), Failure> {
    let columns = lines.first().map_or(0, Vec::len);
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for line in lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
