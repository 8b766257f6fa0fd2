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
    sync::Arc,
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
    let mut outbox = if *dry_run { Outbox::dry() } else { Outbox::open(&letters)? };
    of.each(&letters, |letter| {
        // Letters are at least once: an origin that is there twice is replayed once.
        if letter.origin.offset.is_none() || seen.insert(letter.origin.clone()) {
            outbox.add(original(letter)?)?;
        }
        Ok(())
    })?;
    outbox.flush()?;
    let (count, topic) = (outbox.count, &letters.topic);
    let done = if *dry_run { "would be" } else { "were" };
    writeln!(io::stdout(), "{count} records of `{topic}` {done} written")?;
    Ok(())
}

/// Records on their way back. A batch of them is in memory, however many letters there are.
struct Outbox {
    /// Nothing if they are only counted.
    way: Option<(tokio::runtime::Runtime, Arc<dyn TopicWriter>)>,
    batch: Vec<EncodedRecord>,
    /// Those that were written, or would be.
    count: usize,
}

impl Outbox {
    fn dry() -> Self {
        Self { way: None, batch: Vec::new(), count: 0 }
    }

    fn open(letters: &Letters) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let writer = letters.cluster.writer(&letters.connector.producer_override);
        let writer = writer.map_err(|error| Failure::Usage(on_one_line(&error)))?;
        Ok(Self { way: Some((runtime, writer)), ..Self::dry() })
    }

    fn add(&mut self, record: EncodedRecord) -> Result<(), Failure> {
        self.batch.push(record);
        if self.batch.len() < BATCH { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let (batch, written) = (std::mem::take(&mut self.batch), self.count);
        let size = batch.len();
        self.count += size;
        let Some((runtime, writer)) = &self.way else { return Ok(()) };
        let answer = runtime.block_on(writer.write(batch));
        let refused = answer.map_err(|error| {
            Failure::Run(format!("{written} records were written; {}", on_one_line(&error)))
        })?;
        let refused = refused.refused;
        let Some(first) = refused.first() else { return Ok(()) };
        Err(Failure::Run(format!(
            "{written} records were written; the broker refuses {} of the next {size}, the first with {}: {}",
            refused.len(),
            first.code,
            first.message
        )))
    }
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
