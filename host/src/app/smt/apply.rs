//! `transom smt apply`: an SMT as a filter between standard input and standard output.

use super::output::{Form, Output};
use crate::{
    app::{Failure, library},
    error::on_one_line,
    wasm::{InitError, WasmTransform},
};
use clap::Args;
use std::io::{self, BufRead, BufReader};
use transom_core::{
    batch::Batch,
    chain::{Chain, Stage},
    record::NewRecord,
};

/// Records of one batch at most: more gain nothing.
const BATCH_RECORDS: usize = 512;

/// Input of one batch at most, in bytes.
const BATCH_BYTES: usize = 1 << 20;

const HELP: &str = "Examples:
  transom smt apply mask-field --config '{\"fields\": [\"account_id\"]}' < in.jsonl > out.jsonl
  transom smt apply ./my-smt.wasm --records --verdicts < records.jsonl

Each line of input is the JSON value of a record; each line of output is the value of one that the SMT let through,
an empty line for a tombstone. With --records lines are whole records:
  {\"topic\": …, \"partition\": …, \"offset\": …, \"timestamp\": …, \"key\": …, \"value\": …, \"headers\": [{\"key\": …, \"value\": …}]}
all of it optional; a record without `value` is a tombstone. Without --records a record is on partition 0, its offset
is its line, counted from 0, and it has neither key, headers nor timestamp.

A line that is not JSON, and a record that the SMT fails on, is one line on standard error; the exit code is then 1.
A config that the SMT refuses exits 2 before anything is read.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(in crate::app) struct Arguments {
    /// A shipped SMT (see `transom plugins`), or the path of a .wasm file.
    smt: String,
    /// The SMT's settings.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    config: String,
    /// Topic of records that name none.
    #[arg(long, value_name = "T", default_value = "stdin")]
    topic: String,
    /// Lines are whole records, in and out.
    #[arg(long)]
    records: bool,
    /// Print one line for each line of input: what the SMT decided, and the records that came of it.
    #[arg(long)]
    verdicts: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut chain = chain(arguments)?;
    let form = match (arguments.verdicts, arguments.records) {
        (true, _) => Form::Verdicts,
        (false, true) => Form::Records,
        (false, false) => Form::Values,
    };
    let mut output = Output::new(&arguments.smt, form);
    let mut input = Input {
        lines: BufReader::with_capacity(BATCH_BYTES, io::stdin().lock()),
        line: Vec::new(),
        read: 0,
    };
    let mut batch = Batch::default();
    while input.fill(&mut batch, arguments)? {
        chain.run(&mut batch).map_err(|error| Failure::Run(on_one_line(&error)))?;
        output.write(&batch)?;
    }
    output.finish()
}

fn chain(arguments: &Arguments) -> Result<Chain, Failure> {
    let Arguments { smt, config, .. } = arguments;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(config) {
        return Err(Failure::Usage(format!("--config is not JSON: {error}")));
    }
    let module = library::load(&library::runtime()?, smt)?;
    let transform =
        WasmTransform::new(&module, config.as_bytes()).map_err(|error| match error {
            InitError::Refused { message, path } => {
                let place = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
                Failure::Usage(format!("{smt} refuses its config{place}: {message}"))
            }
            InitError::Failed(failure) => {
                Failure::Usage(format!("{smt} cannot be configured: {}", on_one_line(&failure)))
            }
        })?;
    Ok(Chain::new(vec![Stage {
        name: smt.clone(),
        predicate: None,
        transform: Box::new(transform),
    }]))
}

/// Lines of standard input.
struct Input<R> {
    lines: BufReader<R>,
    line: Vec<u8>,
    read: i64,
}

impl<R: io::Read> Input<R> {
    /// Fills a batch with what is there: it waits for the first line, and for no other. False at the end.
    fn fill(&mut self, batch: &mut Batch, arguments: &Arguments) -> Result<bool, Failure> {
        batch.clear();
        while batch.len() < BATCH_RECORDS && batch.bytes() < BATCH_BYTES {
            let waits = !batch.is_empty() && !self.lines.buffer().contains(&b'\n');
            if waits || !self.next()? {
                break;
            }
            if arguments.records {
                batch.push_record(&self.line, &arguments.topic);
            } else {
                let (topic, value) = (arguments.topic.as_str(), Some(self.line.as_slice()));
                batch.push(&NewRecord {
                    topic,
                    partition: Some(0),
                    offset: Some(self.read),
                    value,
                    ..NewRecord::default()
                });
            }
            self.read += 1;
        }
        Ok(!batch.is_empty())
    }

    /// Reads a line, without what ends it.
    fn next(&mut self) -> Result<bool, Failure> {
        self.line.clear();
        let more = self
            .lines
            .read_until(b'\n', &mut self.line)
            .map_err(|error| Failure::Run(format!("standard input: {error}")))?;
        for end in [b'\n', b'\r'] {
            if self.line.last() == Some(&end) {
                self.line.pop();
            }
        }
        Ok(more > 0)
    }
}
