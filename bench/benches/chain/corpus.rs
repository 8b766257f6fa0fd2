//! Trade events of three sizes, always the same ones.

/// How the records of a stream resemble each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// The same keys in the same order, no blanks.
    Regular,
    /// Keys in another order in each record, blanks after colons and commas.
    Irregular,
}

/// Records, back to back.
pub(crate) struct Corpus {
    records: Vec<Vec<u8>>,
}

/// A generator that needs no more than to be the same everywhere (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn id(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }
}

impl Corpus {
    pub(crate) fn new(size: &str, style: Style) -> Self {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let (count, legs) = match size {
            "180 B" => (4096, 0),
            "2 KB" => (1024, 13),
            _ => (64, 480),
        };
        let records = (0..count)
            .map(|number| record(&mut random, number, legs, style).into_bytes())
            .collect();
        Self { records }
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn average(&self) -> usize {
        self.records.iter().map(Vec::len).sum::<usize>() / self.records.len()
    }

    /// Records in batches of at most 512, and of at most 1 MiB.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &[Vec<u8>]> {
        self.records.chunks(512.min((1 << 20) / self.average()))
    }
}

fn record(random: &mut Random, number: u64, legs: u64, style: Style) -> String {
    const SYMBOLS: [&str; 8] = ["AAPL", "MSFT", "GOOG", "AMZN", "NVDA", "TSLA", "META", "ORCL"];
    let symbol = SYMBOLS[usize::try_from(random.below(8)).unwrap_or(0)];
    let mut members = vec![
        format!("\"trade_id\":\"{}\"", random.id()),
        format!("\"account_id\":\"{}\"", random.id()),
        format!("\"business_unit\":\"BU{}\"", random.below(8) + 1),
        format!("\"amount\":{}.{}", random.below(990) + 10, random.below(90) + 10),
        format!("\"symbol\":\"{symbol}\""),
        format!("\"traded_at\":{}", 1_700_000_000 + number),
    ];
    if legs > 0 {
        let leg = |leg| {
            format!(
                "{{\"leg\":{leg},\"id\":\"{}\",\"px\":{}.5,\"tags\":[\"a\",\"n \\\"q\\\"\"],\"venue\":{{\"mic\":\"XNAS\",\"ok\":true}}}}",
                random.id(),
                random.below(1000)
            )
        };
        let legs: Vec<String> = (0..legs).map(leg).collect();
        members.insert(2, format!("\"legs\":[{}]", legs.join(",")));
        members.push("\"note\":\"free text with \\\"quotes\\\" and some more words\"".to_owned());
    }
    if style == Style::Regular {
        return format!("{{{}}}", members.join(","));
    }
    for at in (1..members.len()).rev() {
        members.swap(at, usize::try_from(random.below(at as u64 + 1)).unwrap_or(0));
    }
    let spaced: Vec<String> =
        members.iter().map(|member| member.replacen("\":", "\": ", 1)).collect();
    format!("{{{}}}", spaced.join(", "))
}
