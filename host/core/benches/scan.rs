//! What the scan costs beside `serde_json`, which validates the same bytes but lists nothing.
//!
//! `cargo bench -p transom-core --bench scan`: nanoseconds per record, and the median over rounds of the ratio to
//! `IgnoredAny` in the same round, so that a machine that changes its
//! pace changes no ratio. An argument picks the records whose name begins with it. The check of UTF-8, which
//! `IgnoredAny` leaves out and the scan does, stands in a column of its own.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "its figures have three digits")]
#![expect(clippy::cast_possible_truncation, reason = "its choices are small")]

use serde::de::IgnoredAny;
use smt_abi::SLACK;
use std::{fmt::Write as _, hint::black_box, time::Instant};
use transom_core::json::{self, Layout, Span};

const ROUNDS: usize = 41;

/// Bytes that one round scans, at least.
const ROUND_BYTES: usize = 1 << 20;

fn main() {
    println!(
        "{:<26}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}",
        "records", "bytes", "index", "validate", "members", "ignored", "utf8", "idx/ign", "val/ign"
    );
    let only = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.starts_with(only));
    for (name, records) in corpora().into_iter().filter(|(name, _)| wanted(name)) {
        Corpus::new(&records).measure(name);
    }
}

/// Records in one arena.
struct Corpus {
    bytes: Vec<u8>,
    records: Vec<Span>,
    layout: Layout,
}

impl Corpus {
    fn new(texts: &[String]) -> Self {
        let (mut bytes, mut records) = (Vec::new(), Vec::new());
        for text in texts {
            let start = u32::try_from(bytes.len()).expect("a corpus is small");
            bytes.extend_from_slice(text.as_bytes());
            records
                .push(Span { start, end: u32::try_from(bytes.len()).expect("a corpus is small") });
        }
        bytes.resize(bytes.len() + SLACK, b' ');
        Self { bytes, records, layout: Layout::default() }
    }

    fn measure(mut self, name: &str) {
        let mut rounds: [Vec<f64>; 5] = Default::default();
        for _ in 0..ROUNDS {
            let figures =
                [self.index(), self.validate(), self.members(), self.ignored(), self.utf8()];
            for (round, figure) in rounds.iter_mut().zip(figures) {
                round.push(figure);
            }
        }
        let ratio = |of: usize| {
            median(rounds[of].iter().zip(&rounds[3]).map(|(ours, theirs)| ours / theirs).collect())
        };
        let ratios = [ratio(0), ratio(1)];
        let size = self.bytes.len() / self.records.len();
        let mut line = format!("{name:<26}{size:>8}");
        for round in rounds {
            write!(line, "{:>9.1}", median(round)).expect("a string takes everything");
        }
        println!("{line}{:>8.2}{:>8.2}", ratios[0], ratios[1]);
    }

    fn index(&mut self) -> f64 {
        let Self { bytes, records, layout } = self;
        let mut list = Vec::new();
        time(records, |record| {
            list.clear();
            let index = json::index(bytes, record, layout, |member| list.push(member));
            black_box((index.expect("records are valid"), &list));
        })
    }

    fn validate(&self) -> f64 {
        time(&self.records, |record| {
            black_box(json::validate(&self.bytes, record).expect("records are valid"));
        })
    }

    fn members(&self) -> f64 {
        time(&self.records, |record| {
            let mut count = 0;
            black_box(json::members(&self.bytes, record, |_| count += 1));
            black_box(count);
        })
    }

    fn ignored(&self) -> f64 {
        time(&self.records, |record| {
            let text = record.of(&self.bytes);
            black_box(serde_json::from_slice::<IgnoredAny>(text).expect("records are valid"));
        })
    }

    fn utf8(&self) -> f64 {
        time(&self.records, |record| {
            black_box(std::str::from_utf8(record.of(&self.bytes)).expect("records are UTF-8"));
        })
    }
}

/// Nanoseconds per record.
fn time(records: &[Span], mut each: impl FnMut(Span)) -> f64 {
    let bytes = records.iter().map(|record| record.len()).sum::<usize>();
    let times = ROUND_BYTES.div_ceil(bytes);
    let start = Instant::now();
    for _ in 0..times {
        for record in records {
            each(black_box(*record));
        }
    }
    start.elapsed().as_secs_f64() * 1e9 / (times * records.len()) as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn corpora() -> Vec<(&'static str, Vec<String>)> {
    let flat =
        |style: &[Style]| many(1_000, |random, at| object(flat_fields(random, at), random, style));
    let nested =
        |style: &[Style]| many(200, |random, at| object(nested_fields(random, at), random, style));
    let text = |unit: &str, bytes: usize| {
        vec![format!("{{\"id\":1,\"text\":\"{}\"}}", unit.repeat(bytes / unit.len()))]
    };
    vec![
        ("flat", flat(&[])),
        ("flat, shuffled", flat(&[Style::Shuffled])),
        ("flat, spaced", flat(&[Style::Spaced])),
        ("flat, shuffled and spaced", flat(&[Style::Shuffled, Style::Spaced])),
        ("flat, fields missing", flat(&[Style::Missing])),
        (
            "flat, some beyond ASCII",
            many(1_000, |random, at| {
                object(flat_fields(random, at), random, &[]).replace("BU", "\u{00dc}nit ")
            }),
        ),
        ("nested", nested(&[])),
        ("nested, shuffled", nested(&[Style::Shuffled])),
        ("nested, spaced", nested(&[Style::Spaced])),
        ("nested, indented", nested(&[Style::Indented])),
        (
            "64 KB of records",
            many(4, |random, _| {
                let part = many(40, |_, at| object(nested_fields(random, at), &mut Random(1), &[]));
                format!("{{\"id\":1,\"records\":[{}]}}", part.join(","))
            }),
        ),
        (
            "64 KB of numbers",
            many(4, |random, _| {
                let numbers: Vec<_> = (0..8_000)
                    .map(|_| format!("{}.{}", random.below(1_000), random.below(100)))
                    .collect();
                format!("{{\"id\":1,\"numbers\":[{}]}}", numbers.join(","))
            }),
        ),
        ("64 KB string", text("free text with blanks, ", 1 << 16)),
        ("1 MB string", text("free text with blanks, ", 1 << 20)),
        ("64 KB string, escapes", text("{\\\"key\\\":\\\"value\\\"}\\n", 1 << 16)),
        ("64 KB string, CJK", text("\u{5168}\u{89d2}\u{6587}\u{5b57}", 1 << 16)),
        ("64 KB string, emoji", text("\u{1f600}\u{1f680} ok ", 1 << 16)),
    ]
}

fn many(count: u64, mut record: impl FnMut(&mut Random, u64) -> String) -> Vec<String> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..count).map(|at| record(&mut random, at)).collect()
}

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Shuffled,
    /// As Python's `json.dumps` does.
    Spaced,
    /// Two fields at most are left out.
    Missing,
    Indented,
}

fn object(mut fields: Vec<String>, random: &mut Random, style: &[Style]) -> String {
    if style.contains(&Style::Shuffled) {
        for at in (1..fields.len()).rev() {
            fields.swap(at, random.below(at as u64 + 1) as usize);
        }
    }
    if style.contains(&Style::Missing) {
        for _ in 0..2 {
            let at = random.below(12) as usize;
            if at < fields.len() {
                fields.remove(at);
            }
        }
    }
    let text = format!("{{{}}}", fields.join(","));
    if style.contains(&Style::Spaced) {
        blanks(&text, |_| " ".to_owned(), false)
    } else if style.contains(&Style::Indented) {
        blanks(
            &text,
            |depth| {
                format!(
                    "
{}",
                    "  ".repeat(depth)
                )
            },
            true,
        )
    } else {
        text
    }
}

/// `text` with a space after each colon, and what `after` says after each comma (and bracket) of its depth.
fn blanks(text: &str, after: impl Fn(usize) -> String, brackets: bool) -> String {
    let (mut out, mut depth, mut in_string, mut escape) = (String::new(), 0, false, false);
    for byte in text.chars() {
        let closes = !in_string && matches!(byte, '}' | ']');
        depth -= usize::from(closes);
        if closes && brackets {
            out += &after(depth);
        }
        out.push(byte);
        match byte {
            ',' if !in_string => out += &after(depth),
            ':' if !in_string => out.push(' '),
            '{' | '[' if !in_string => {
                depth += 1;
                if brackets {
                    out += &after(depth);
                }
            }
            '"' if !escape => in_string = !in_string,
            _ => (),
        }
        escape = byte == '\\' && !escape;
    }
    out
}

/// A trade: 6 fields, 180 bytes.
fn flat_fields(random: &mut Random, at: u64) -> Vec<String> {
    vec![
        format!("\"trade_id\":\"{}\"", random.uuid()),
        format!("\"account_id\":\"{}\"", random.uuid()),
        format!("\"business_unit\":\"BU{}\"", random.below(8) + 1),
        format!(
            "\"amount\":{}.{}{}",
            10 + random.below(990),
            random.below(10),
            random.below(9) + 1
        ),
        format!("\"symbol\":\"{}\"", random.symbol()),
        format!("\"traded_at\":{}", 1_700_000_000 + at),
    ]
}

/// A trade with legs and history: 9 fields, about 1,700 bytes.
fn nested_fields(random: &mut Random, at: u64) -> Vec<String> {
    let legs: Vec<_> = (0..6)
        .map(|leg| {
            let (id, px, qty, note) = (random.uuid(), random.below(1_000), random.below(10_000), random.below(100));
            format!(
                "{{\"leg\":{leg},\"id\":\"{id}\",\"px\":{px}.{},\"qty\":{qty},\"tags\":[\"a\",\"b{leg}\",\
                 \"note \\\"q\\\" {note}\"],\"venue\":{{\"mic\":\"XNAS\",\"ok\":true}}}}",
                note % 9 + 1
            )
        })
        .collect();
    let history: Vec<_> = (0..8)
        .map(|step| {
            let (at, user, ok) = (1_700_000_000 + at + step, random.below(100), step % 2 == 0);
            format!("{{\"at\":{at},\"by\":\"user{user}\",\"what\":\"state changed from A{step} to B{step}\",\"ok\":{ok}}}")
        })
        .collect();
    let mut fields = flat_fields(random, at);
    fields.insert(2, format!("\"legs\":[{}]", legs.join(",")));
    let audit = format!(
        "\"audit\":{{\"history\":[{}],\"source\":\"gateway-{}\"}}",
        history.join(","),
        at % 50
    );
    fields.insert(6, audit);
    let comment = "free text with \\\"quotes\\\" and a path C:\\\\tmp and some more words to fill";
    fields.insert(7, format!("\"comment\":\"{comment}\""));
    fields
}

/// Xorshift: the same records in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let parts = (
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            low >> 48 & 0xFFF,
            low & 0xFFFF_FFFF_FFFF,
        );
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            parts.0, parts.1, parts.2, parts.3, parts.4
        )
    }

    fn symbol(&mut self) -> &'static str {
        ["AAPL", "MSFT", "GOOG", "AMZN", "NVDA", "TSLA", "META", "ORCL"][self.below(8) as usize]
    }
}
