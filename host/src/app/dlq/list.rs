//! `transom dlq list`

use super::{Failure, Of, letter::Letter};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    of: Of,
    /// Print a JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(Arguments { of, json }: &Arguments) -> Result<(), Failure> {
    let letters = of.open()?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut count = 0_u64;
    of.each(&letters, |letter| {
        count += 1;
        if *json {
            writeln!(out, "{}", to_json(&letter))?;
        } else {
            write_line(&letter, &mut out)?;
        }
        Ok(())
    })?;
    if !json {
        writeln!(out, "{count} dead letters of `{}` in `{}`", of.connector, letters.topic)?;
    }
    out.flush()?;
    Ok(())
}

/// One line: time, origin, where it failed, why.
pub(super) fn write_line(letter: &Letter, out: &mut impl Write) -> io::Result<()> {
    let unknown = "unknown";
    let smt = letter.ours("smt").map(|smt| format!(" in {smt}")).unwrap_or_default();
    writeln!(
        out,
        "{}  {}  {}{smt}  {}: {}",
        time(letter).unwrap_or_else(|| unknown.to_owned()),
        letter.origin,
        letter.connect("stage").unwrap_or(unknown),
        letter.connect("exception.class.name").unwrap_or(unknown),
        letter.connect("exception.message").unwrap_or_default(),
    )
}

/// The original's time, in UTC.
pub(super) fn time(letter: &Letter) -> Option<String> {
    Some(Timestamp::from_millisecond(letter.timestamp?).ok()?.to_string())
}

fn to_json(letter: &Letter) -> Value {
    let context =
        letter.context.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
    json!({
        "topic": letter.origin.topic, "partition": letter.origin.partition, "offset": letter.origin.offset,
        "timestamp": time(letter), "letter": {"partition": letter.partition, "offset": letter.offset},
        "headers": context.collect::<Map<_, _>>(),
    })
}
