//! Random documents, and the random words that they are made of.

use super::{
    record::{Input, Record},
    tree::{Document, Step},
};
use std::fmt::Write;

/// Names of members; the first ones are common. Few, so that paths lead somewhere and renames meet what is there.
pub(super) const NAMES: [&str; 17] = [
    "a",
    "b",
    "c",
    "d",
    "k.l",
    "q\"t",
    "`",
    "x`y",
    "😀",
    "",
    "é",
    "back\\slash",
    "[0]",
    "@type",
    "$",
    "a b",
    "\u{8}\n",
];

/// Names of headers.
pub(super) const HEADERS: [&str; 4] = ["h", "i", "trace id", "q\"\u{1}é"];

/// Names of topics.
pub(super) const TOPICS: [&str; 3] = ["t-1", "t-2", "orders"];

/// Scalars in awkward spellings.
pub(super) const SCALARS: [&str; 22] = [
    "1",
    "true",
    "null",
    "\"x\"",
    "1.10",
    "1e2",
    "-0.0",
    "1E+2",
    "12345678901234567890123456789",
    "0",
    "-7",
    "0.1e-7",
    "false",
    "\"\"",
    "\"\\u00e9\\/\"",
    "\"😀\"",
    "\"\\ud83d\\ude00\"",
    "\"\\\"\\\\\"",
    "\"a,b]}{:\"",
    "\"\\\\\"",
    "\"\\u0061\"",
    "\" \"",
];

/// Texts that are not JSON.
pub(super) const NOT_JSON: [&str; 6] = ["", "{", "1 2", "{\"a\":1}}", "01", "\"\n\""];

/// What is generated next, decided by random words; when they are used up, always the first and simplest.
pub(super) struct Choices<'a> {
    pub(super) words: &'a [u16],
    pub(super) at: usize,
}

impl Choices<'_> {
    pub(super) fn below(&mut self, end: usize) -> usize {
        let word = self.words.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(word) % end.max(1)
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len());
        from[at].clone()
    }

    pub(super) fn maybe<T>(
        &mut self,
        percent: usize,
        make: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.chance(percent) { Some(make(self)) } else { None }
    }

    pub(super) fn times<T>(
        &mut self,
        count: usize,
        mut make: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        (0..count).map(|_| make(self)).collect()
    }
}

/// Documents.
impl Choices<'_> {
    pub(super) fn name(&mut self) -> &'static str {
        if self.chance(40) { self.pick(&NAMES) } else { self.pick(&NAMES[..4]) }
    }

    /// A document with blanks around it now and then.
    pub(super) fn padded(&mut self, depth: usize) -> String {
        let odd = self.chance(50);
        let (before, behind) = (self.gap(odd), self.gap(odd));
        let inner = match self.below(10) {
            0..8 => self.object(depth, odd),
            _ => self.value(depth, odd),
        };
        format!("{before}{inner}{behind}")
    }

    pub(super) fn value(&mut self, depth: usize, odd: bool) -> String {
        match self.below(if depth == 0 { 5 } else { 10 }) {
            0..5 => self.pick(&SCALARS).to_owned(),
            5..8 => self.object(depth - 1, odd),
            _ => self.array(depth - 1, odd),
        }
    }

    pub(super) fn object(&mut self, depth: usize, odd: bool) -> String {
        let doubles = self.chance(15);
        let mut seen = Vec::new();
        let mut members = Vec::new();
        for _ in 0..self.below(6) {
            let name = self.name();
            if seen.contains(&name) && !doubles {
                continue;
            }
            seen.push(name);
            let (before, behind) = (self.gap(odd), self.gap(odd));
            let key = self.spell(name);
            let value = self.value(depth, odd);
            members.push(format!("{key}{before}:{behind}{value}"));
        }
        self.join(&members, ["{", "}"], odd)
    }

    pub(super) fn array(&mut self, depth: usize, odd: bool) -> String {
        let count = self.below(5);
        let elements = self.times(count, |choices| choices.value(depth, odd));
        self.join(&elements, ["[", "]"], odd)
    }

    pub(super) fn join(&mut self, parts: &[String], [open, close]: [&str; 2], odd: bool) -> String {
        let mut out = format!("{open}{}", self.gap(odd));
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                out.extend([self.gap(odd), ",", self.gap(odd)]);
            }
            out += part;
        }
        if !parts.is_empty() {
            out += self.gap(odd);
        }
        out + close
    }

    pub(super) fn gap(&mut self, odd: bool) -> &'static str {
        if odd { self.pick(&["", " ", "", "\n", "\t ", "\r\n", "   "]) } else { "" }
    }

    /// A name as a key, some of its characters as escapes that need not be.
    pub(super) fn spell(&mut self, name: &str) -> String {
        if !self.chance(15) {
            return serde_json::to_string(name).expect("a string is JSON");
        }
        let mut out = "\"".to_owned();
        for unit in name.encode_utf16() {
            match char::from_u32(u32::from(unit)) {
                Some(c) if c.is_ascii_alphanumeric() && self.chance(50) => out.push(c),
                _ => write!(out, "\\u{unit:04x}").expect("a string takes what is written"),
            }
        }
        out + "\""
    }

    /// A document about as deep as a document may be.
    pub(super) fn deep(&mut self) -> String {
        let depth = self.pick(&[100, 127, 128, 126]);
        nested(depth, self.pick(&[true, false]))
    }

    /// A text that a guest gives as a value.
    pub(super) fn given(&mut self, mild: bool) -> String {
        match self.below(50) {
            48 if !mild => self.pick(&NOT_JSON).to_owned(),
            49 if !mild => self.deep(),
            47 => nested(60, true),
            _ => self.padded(1),
        }
    }
}

/// A document of this depth.
fn nested(depth: usize, object: bool) -> String {
    let (open, close) = if object { ("{\"a\":", "}") } else { ("[", "]") };
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

/// The places that the documents of a record have.
pub(super) struct Places {
    pub(super) value: Vec<Vec<Step>>,
    pub(super) key: Vec<Vec<Step>>,
}

impl Places {
    pub(super) fn of(input: &Input) -> Self {
        let record = Record::of(input);
        let paths = |root: Option<&Document>| {
            let mut out = Vec::new();
            if let Some(document) = root {
                document.node.paths(&mut Vec::new(), &mut out);
            }
            // A place far down hides all others.
            out.retain(|path| path.len() < 8);
            out
        };
        Self {
            value: paths(record.as_ref().and_then(|record| record.value.as_ref())),
            key: paths(record.as_ref().and_then(|record| record.key.as_ref())),
        }
    }
}
