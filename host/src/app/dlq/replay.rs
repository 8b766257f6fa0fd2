//! `transom dlq replay`

use super::{
    Failure, Letters, Of,
    letter::{Letter, Origin},
};
use crate::error::on_one_line;
use clap::Args;
use std::{
    collections::BTreeSet,
    io::{self, Write},
};
use transom_core::topic::{EncodedRecord, TopicWriter};

/// Records that are written together.
const BATCH: usize = 500;

const HELP: &str = "\
Each original is written once, with its key, value, headers and timestamp, to the topic and partition it came from; letters stay
where they are. A record of a split one is its whole original. Letters of a source connector go to the topic they were meant for.
The connector reads what is replayed like any other record: mend what it failed on first.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    of: Of,
    /// Replay all dead letters of the connector; without it, some filter must be given.
    #[arg(long)]
    all: bool,
    /// Only say what would be written.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { of, all, dry_run } = arguments;
    if of.filter.is_empty() && !all {
        return Err(Failure::Usage(
            "say which letters: --origin, --stage, --transform, --since, --until, or --all"
                .to_owned(),
        ));
    }
    let letters = of.open()?;
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    of.each(&letters, |letter| {
        // Letters are at least once: an origin that is there twice is replayed once.
        if letter.origin.offset.is_none() || seen.insert(letter.origin.clone()) {
            records.push(original(letter)?);
        }
        Ok(())
    })?;
    let (count, topic) = (records.len(), &letters.topic);
    if *dry_run {
        writeln!(io::stdout(), "{count} records of `{topic}` would be written")?;
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(write(&letters, records))?;
    writeln!(io::stdout(), "{count} records of `{topic}` were written")?;
    Ok(())
}

async fn write(letters: &Letters, records: Vec<EncodedRecord>) -> Result<(), Failure> {
    let writer = letters
        .cluster
        .writer(&letters.connector.producer_override)
        .map_err(|error| Failure::Usage(on_one_line(&error)))?;
    let (mut written, total) = (0, records.len());
    let mut records = records.into_iter();
    while written < total {
        let batch: Vec<EncodedRecord> = records.by_ref().take(BATCH).collect();
        let size = batch.len();
        let answer = writer.write(batch).await;
        let refused = answer.map_err(|error| Failure::Run(on_one_line(&error)))?.refused;
        if let Some(first) = refused.first() {
            return Err(Failure::Run(format!(
                "{} of {total} records were written; the broker refuses {} of the next {size}, the first with {}: {}",
                written,
                refused.len(),
                first.code,
                first.message
            )));
        }
        written += size;
    }
    Ok(())
}

fn original(letter: Letter) -> Result<EncodedRecord, Failure> {
    let Origin { topic, partition, .. } = letter.origin;
    if topic.is_empty() {
        return Err(Failure::Run(format!(
            "the letter at partition {}, offset {} has no header `__connect.errors.topic`: it does not say where it came from",
            letter.partition, letter.offset
        )));
    }
    let Letter { timestamp, key, value, headers, .. } = letter;
    Ok(EncodedRecord { topic, partition, timestamp, key, value, headers })
}
