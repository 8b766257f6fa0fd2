//! `transom dlq show`

use super::{Failure, Of, letter::Letter, list};
use clap::Args;
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(in crate::app) struct Arguments {
    #[command(flatten)]
    of: Of,
    /// Show so many at most.
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
}

pub(super) fn run(Arguments { of, limit }: &Arguments) -> Result<(), Failure> {
    let letters = of.open()?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut count = 0;
    of.each(&letters, |letter| {
        count += 1;
        if count <= *limit {
            write(&letter, &mut out)?;
        }
        Ok(())
    })?;
    if count > *limit {
        writeln!(out, "{} more; --limit shows them", count - limit)?;
    } else if count == 0 {
        writeln!(out, "no such dead letter of `{}` in `{}`", of.connector, letters.topic)?;
    }
    out.flush()?;
    Ok(())
}

pub(super) fn write(letter: &Letter, out: &mut impl Write) -> io::Result<()> {
    list::write_line(letter, out)?;
    writeln!(out, "  letter: partition {}, offset {}", letter.partition, letter.offset)?;
    for (name, text) in &letter.context {
        writeln!(out, "  {name}: {}", text.trim_end().replace('\n', "\n      "))?;
    }
    for (name, value) in &letter.headers {
        writeln!(out, "  header {name}: {}", shown(value.as_deref()))?;
    }
    writeln!(
        out,
        "  key: {}\n  value: {}\n",
        shown(letter.key.as_deref()),
        shown(letter.value.as_deref())
    )
}

/// Text as text, other bytes in hex, sixteen to the group.
fn shown(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "none".to_owned() };
    let is_printable =
        |text: &&str| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'));
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(is_printable) {
        return text.to_owned();
    }
    let mut text = format!("{} bytes:", bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if at % 16 == 0 {
            text.push(' ');
        }
        text.extend(
            [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn bytes_are_shown_as_what_they_are() {
        assert_eq!(shown(None), "none");
        assert_eq!(shown(Some(b"{\"a\":1}\n")), "{\"a\":1}\n");
        assert_eq!(shown(Some(b"\x0a\xff")), "2 bytes: 0aff");
        assert_eq!(shown(Some(&[0; 17])), "17 bytes: 00000000000000000000000000000000 00");
    }
}
