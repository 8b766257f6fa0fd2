//! Random records and scripts, made of a list of random words: the shorter the list and the smaller its words, the
//! simpler the case, so that a failing one shrinks.

use super::{
    record::{Input, Record},
    script::{Answer, At, Edit, Path, Place, Script, Slot, When},
    tree::{Document, Step},
};
use proptest::{collection::vec, prelude::*};
use smt_abi::{code, operation::Root as Kind};
use std::fmt::Write;

/// Names of members; the first ones are common. Few, so that paths lead somewhere and renames meet what is there.
const NAMES: [&str; 17] = [
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
const HEADERS: [&str; 4] = ["h", "i", "trace id", "q\"\u{1}é"];

/// Names of topics.
const TOPICS: [&str; 3] = ["t-1", "t-2", "orders"];

/// Scalars in awkward spellings.
const SCALARS: [&str; 22] = [
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
const NOT_JSON: [&str; 6] = ["", "{", "1 2", "{\"a\":1}}", "01", "\"\n\""];

/// A batch, a chain, and how the records come.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) inputs: Vec<Input>,
    pub(crate) scripts: Vec<Script>,
    /// Two ways to cut the inputs into batches: the sizes of the batches.
    pub(crate) cuts: [Vec<usize>; 2],
    /// Payload that one call carries.
    pub(crate) call_bytes: usize,
    /// Batches that are used in turn.
    pub(crate) batches: usize,
}

/// Random cases.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    vec(any::<u16>(), 64..8_000).prop_map(|words| Choices { words: &words, at: 0 }.case())
}

/// What is generated next, decided by random words; when they are used up, always the first and simplest.
struct Choices<'a> {
    words: &'a [u16],
    at: usize,
}

impl Choices<'_> {
    fn below(&mut self, end: usize) -> usize {
        let word = self.words.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(word) % end.max(1)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len());
        from[at].clone()
    }

    fn maybe<T>(&mut self, percent: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.chance(percent) { Some(make(self)) } else { None }
    }

    fn times<T>(&mut self, count: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..count).map(|_| make(self)).collect()
    }
}

/// Cases.
impl Choices<'_> {
    fn case(&mut self) -> Case {
        let stages = 1 + self.below(5);
        let most = self.words.len() / (60 + 80 * stages);
        let count = 1 + self.below(64).min(most);
        let shape = self.shape();
        let inputs: Vec<Input> = (0..count).map(|number| self.input(number, &shape)).collect();
        let scripts = self.times(stages, |choices| choices.script(&inputs));
        let cuts = [self.cut(count), self.cut(count)];
        let call_bytes = self.pick(&[1 << 20, 1, 200]);
        Case { inputs, scripts, cuts, call_bytes, batches: 1 + self.below(2) }
    }

    fn cut(&mut self, count: usize) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut rest = count;
        while rest > 0 {
            let size = if self.chance(50) { 1 + self.below(rest) } else { rest };
            sizes.push(size);
            rest -= size;
        }
        sizes
    }

    fn input(&mut self, number: usize, shape: &[&'static str]) -> Input {
        let header = |choices: &mut Self| {
            let value = choices.maybe(85, |choices| choices.padded(2));
            (choices.pick(&HEADERS).to_owned(), value)
        };
        let headers = self.below(4).saturating_sub(1);
        Input {
            topic: self.pick(&TOPICS).to_owned(),
            partition: self.maybe(80, |choices| choices.pick(&[0, 1, 2, 3])),
            offset: if self.chance(97) { i64::try_from(number).ok() } else { None },
            timestamp: self.maybe(70, |choices| choices.pick(&[0, 1, 1_700_000_000_000])),
            key: self.maybe(60, |choices| choices.padded(2)),
            value: self.input_value(shape),
            headers: self.times(headers, header),
        }
    }

    /// Values are mostly spelt as a producer of one shape spells them, so that layouts are learnt; some are not.
    fn input_value(&mut self, shape: &[&'static str]) -> Option<String> {
        let mut names = shape.to_vec();
        match self.below(40) {
            0..20 => {}
            20..24 => {
                let by = self.below(names.len());
                names.rotate_left(by);
            }
            24..26 => drop(names.pop()),
            26..28 => names.push(self.name()),
            28..37 => return Some(self.padded(3)),
            37 => return Some(self.deep()),
            38 => return None,
            _ => {
                return Some(if self.chance(30) {
                    self.pick(&NOT_JSON).to_owned()
                } else {
                    self.value(3, true)
                });
            }
        }
        let members: Vec<String> = names
            .iter()
            .map(|name| {
                let key = serde_json::to_string(name).expect("a string is JSON");
                format!("{key}:{}", self.value(2, false))
            })
            .collect();
        Some(format!("{{{}}}", members.join(",")))
    }

    fn shape(&mut self) -> Vec<&'static str> {
        let mut names = vec!["a", "b"];
        for _ in 0..self.below(7) {
            let name = self.name();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let by = self.below(names.len());
        names.rotate_left(by);
        names
    }
}

/// Documents.
impl Choices<'_> {
    fn name(&mut self) -> &'static str {
        if self.chance(40) { self.pick(&NAMES) } else { self.pick(&NAMES[..4]) }
    }

    /// A document with blanks around it now and then.
    fn padded(&mut self, depth: usize) -> String {
        let odd = self.chance(50);
        let (before, behind) = (self.gap(odd), self.gap(odd));
        let inner = match self.below(10) {
            0..8 => self.object(depth, odd),
            _ => self.value(depth, odd),
        };
        format!("{before}{inner}{behind}")
    }

    fn value(&mut self, depth: usize, odd: bool) -> String {
        match self.below(if depth == 0 { 5 } else { 10 }) {
            0..5 => self.pick(&SCALARS).to_owned(),
            5..8 => self.object(depth - 1, odd),
            _ => self.array(depth - 1, odd),
        }
    }

    fn object(&mut self, depth: usize, odd: bool) -> String {
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

    fn array(&mut self, depth: usize, odd: bool) -> String {
        let count = self.below(5);
        let elements = self.times(count, |choices| choices.value(depth, odd));
        self.join(&elements, ["[", "]"], odd)
    }

    fn join(&mut self, parts: &[String], [open, close]: [&str; 2], odd: bool) -> String {
        let mut out = format!("{open}{}", self.gap(odd));
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                out += &format!("{},{}", self.gap(odd), self.gap(odd));
            }
            out += part;
        }
        if !parts.is_empty() {
            out += self.gap(odd);
        }
        out + close
    }

    fn gap(&mut self, odd: bool) -> &'static str {
        if odd { self.pick(&["", " ", "", "\n", "\t ", "\r\n", "   "]) } else { "" }
    }

    /// A name as a key, some of its characters as escapes that need not be.
    fn spell(&mut self, name: &str) -> String {
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
    fn deep(&mut self) -> String {
        let depth = self.pick(&[100, 127, 128, 126]);
        nested(depth, self.pick(&[true, false]))
    }

    /// A text that a guest gives as a value.
    fn given(&mut self, mild: bool) -> String {
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
struct Places {
    value: Vec<Vec<Step>>,
    key: Vec<Vec<Step>>,
}

impl Places {
    fn of(input: &Input) -> Self {
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

/// Scripts.
impl Choices<'_> {
    fn script(&mut self, inputs: &[Input]) -> Script {
        let sample = Places::of(&self.pick(inputs));
        let mut script = Script { slots: vec![Slot::Offset, Slot::Partition], ..Script::default() };
        let (slots, paths) = (self.below(6), self.below(4));
        script.slots.extend(self.times(slots, |choices| choices.slot(&sample)));
        script.paths = self.times(paths, |choices| choices.declared(&sample));
        let statics = self.below(4).saturating_sub(1);
        script.statics = self.times(statics, |choices| choices.edit(&script, &sample, true));
        script.when = self.maybe(30, Self::when);
        for input in inputs {
            let places = Places::of(input);
            let count = 1 + self.below(2);
            let row = self.times(count, |choices| choices.answer(&script, &places));
            script.answers.push(row);
        }
        script.answers.push(vec![self.answer(&script, &sample)]);
        script
    }

    fn when(&mut self) -> When {
        When {
            topics: self.maybe(50, |choices| {
                let count = 1 + choices.below(2);
                choices.times(count, |choices| choices.pick(&TOPICS).to_owned())
            }),
            header: self.maybe(40, |choices| choices.pick(&HEADERS).to_owned()),
            tombstone: self.maybe(40, |choices| choices.chance(30)),
            negate: self.chance(40),
        }
    }

    fn slot(&mut self, places: &Places) -> Slot {
        match self.below(12) {
            0..6 => self.declared(places),
            6 => Slot::Value(Path::new(Vec::new())),
            7 => Slot::Key(Path::new(Vec::new())),
            8 => Slot::Topic,
            9 => Slot::Timestamp,
            10 => Slot::Headers,
            _ => Slot::Record,
        }
    }

    fn declared(&mut self, places: &Places) -> Slot {
        match self.below(10) {
            0..7 => Slot::Value(self.path(&places.value)),
            7 | 8 => Slot::Key(self.path(&places.key)),
            _ => Slot::Header(self.pick(&HEADERS).to_owned()),
        }
    }

    /// A path that mostly leads to what is there, or beside it.
    fn path(&mut self, places: &[Vec<Step>]) -> Path {
        let mut steps =
            if self.chance(80) && !places.is_empty() { self.pick(places) } else { Vec::new() };
        match self.below(12) {
            0..7 => {}
            7 | 8 => drop(steps.pop()),
            9 => steps.push(Step::Index(self.pick(&[0, 1, 2]))),
            _ => steps.push(Step::Key(self.name().to_owned())),
        }
        if steps.is_empty() && self.chance(85) {
            steps.push(Step::Key(self.name().to_owned()));
        }
        Path::new(steps)
    }

    fn answer(&mut self, script: &Script, places: &Places) -> Answer {
        match self.below(100) {
            0..18 => Answer::Keep,
            18..22 => Answer::Drop,
            22..25 => Answer::Error { code: "field-type".to_owned(), message: "é".to_owned() },
            25..30 => Answer::Replace(self.given(false)),
            30..36 => Answer::ReplaceRecord(self.envelope()),
            36..43 => {
                let count = if self.chance(3) { 1_001 } else { 1 + self.below(4) };
                let text = if count > 4 { Some("{}".to_owned()) } else { None };
                Answer::Split(
                    self.times(count, |choices| text.clone().unwrap_or_else(|| choices.envelope())),
                )
            }
            43..45 => self.bad(),
            45 if self.chance(20) => {
                let at = At { root: Kind::Header, place: Place::Name("h".to_owned()) };
                let (value, overwrite) = ("1".to_owned(), false);
                Answer::Edits(vec![Edit::Insert { at, value, overwrite }; 257])
            }
            _ => {
                let count = 1 + self.below(5);
                Answer::Edits(self.times(count, |choices| choices.edit(script, places, false)))
            }
        }
    }

    fn bad(&mut self) -> Answer {
        let (tag, output, code): (u8, &[u8], _) = self.pick(&[
            (7, &b""[..], code::BAD_VERDICT),
            (255, b"xyz", code::BAD_VERDICT),
            (0, b"x", code::BAD_VERDICT),
            (1, b"x", code::BAD_VERDICT),
            (2, b"\x01\x00\xff", code::BAD_OPERATION),
            (4, b"\x01\x00\x00\x00", code::BAD_RECORD),
            (4, b"\x00\x00\x00\x00", code::BAD_RECORD),
            (5, b"\x09\x00", code::BAD_ERROR),
            (5, b"\x0a\x00guest-trap", code::BAD_ERROR),
        ]);
        Answer::Bad { tag, output: output.to_vec(), code }
    }

    /// A text in `@record`'s shape, or nearly.
    fn envelope(&mut self) -> String {
        let number = |choices: &mut Self| choices.pick(&["0", "1", "2", "null", "3"]).to_owned();
        let mut members = Vec::new();
        members.extend(self.maybe(50, |c| ("topic", c.topic())));
        members.extend(self.maybe(60, |c| ("partition", number(c))));
        members.extend(self.maybe(30, |c| ("offset", c.value(0, false))));
        members.extend(self.maybe(40, |c| ("timestamp", number(c))));
        members.extend(self.maybe(50, |c| ("key", c.value(2, true))));
        members.extend(self.maybe(90, |c| ("value", c.padded(2))));
        members.extend(self.maybe(40, |c| ("headers", c.headers())));
        if self.chance(5) {
            let (name, value) = self.pick(&[
                ("vaule", "1"),
                ("value", "1"),
                ("topic", "\"t\""),
                ("headers", "{}"),
                ("headers", "[{\"value\":1}]"),
                ("headers", "[{\"key\":1}]"),
                ("partition", "-1"),
                ("value", "}"),
            ]);
            members.push((name, value.to_owned()));
        }
        let by = self.below(members.len());
        if self.chance(50) && by > 0 {
            members.rotate_left(by);
        }
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| format!("{}{}:{value}", self.spell(name), self.gap(true)))
            .collect();
        let odd = self.chance(30);
        self.join(&members, ["{", "}"], odd)
    }

    fn headers(&mut self) -> String {
        let count = self.below(3);
        let headers = self.times(count, |choices| {
            let name = choices.pick(&HEADERS);
            let name = choices.spell(name);
            match choices.maybe(80, |choices| choices.value(1, true)) {
                Some(value) => format!("{{\"key\":{name},\"value\":{value}}}"),
                None => format!("{{\"key\": {name} }}"),
            }
        });
        self.join(&headers, ["[", "]"], true)
    }

    fn topic(&mut self) -> String {
        match self.below(30) {
            29 => self.pick(&["\"a b\"", "5", "\"\"", "\"..\"", "null"]).to_owned(),
            28 => "\"t\\u002d2\"".to_owned(),
            _ => format!("\"{}\"", self.pick(&TOPICS)),
        }
    }
}

/// Operations.
impl Choices<'_> {
    /// An operation; a mild one is such that it can be declared as a static one.
    fn edit(&mut self, script: &Script, places: &Places, mild: bool) -> Edit {
        let at = |c: &mut Self| c.at(script, places, true);
        match self.below(34) {
            0..7 => Edit::Set { at: at(self), value: self.given(mild) },
            7..10 => self.insert(script, places, mild),
            10..14 => Edit::Remove { at: at(self) },
            14..19 => {
                Edit::Rename { at: self.at(script, places, false), name: self.name().to_owned() }
            }
            19..21 => self.retain(script, places),
            21 => Edit::Extract { at: self.at(script, places, false) },
            22 => Edit::Wrap { at: self.root(), name: self.name().to_owned() },
            23..25 => Edit::Copy { from: at(self), to: at(self) },
            25..28 => Edit::Move { from: at(self), to: at(self) },
            28 => Edit::Topic(self.topic()),
            29 => Edit::Partition(self.number("2147483648")),
            30 => Edit::Timestamp(self.number("9223372036854775808")),
            31 | 32 if !mild => Edit::Static,
            33 if !mild => self.malformed(),
            _ => Edit::Set { at: at(self), value: self.given(mild) },
        }
    }

    fn number(&mut self, large: &'static str) -> String {
        let good = ["0", "3", "1", "null", "2147483647"];
        let bad = ["-1", "1.5", "007", "1e2", large, "\"1\"", "", "-0"];
        if self.chance(90) { self.pick(&good).to_owned() } else { self.pick(&bad).to_owned() }
    }

    fn root(&mut self) -> At {
        At { root: self.pick(&[Kind::Value, Kind::Value, Kind::Key]), ..At::value() }
    }

    /// A place; in a header only where the operation has some use for it.
    fn at(&mut self, script: &Script, places: &Places, headers: bool) -> At {
        let root = match self.below(10) {
            9 if headers => Kind::Header,
            7 | 8 => Kind::Key,
            _ => Kind::Value,
        };
        At { root, place: self.place(script, places, root) }
    }

    fn place(&mut self, script: &Script, places: &Places, root: Kind) -> Place {
        let fits = |slot: &Slot| match root {
            Kind::Value => matches!(slot, Slot::Value(_)),
            Kind::Key => matches!(slot, Slot::Key(_)),
            Kind::Header => matches!(slot, Slot::Header(_)),
        };
        let ids: Vec<u16> = (0..)
            .zip(script.slots.iter().chain(&script.paths))
            .filter(|(_, slot)| fits(slot))
            .map(|(id, _)| id)
            .collect();
        if !ids.is_empty() && self.chance(35) {
            return Place::Id(self.pick(&ids));
        }
        match root {
            Kind::Header => Place::Name(self.pick(&HEADERS).to_owned()),
            Kind::Key => Place::Path(self.path(&places.key)),
            Kind::Value => Place::Path(self.path(&places.value)),
        }
    }

    /// Mostly where nothing is, else all of them would fail.
    fn insert(&mut self, script: &Script, places: &Places, mild: bool) -> Edit {
        let mut at = self.at(script, places, true);
        if at.root != Kind::Header && self.chance(70) {
            at.place = Place::Path(Path::new(vec![Step::Key(self.pick(&NAMES[4..]).to_owned())]));
        }
        Edit::Insert { at, value: self.given(mild), overwrite: self.chance(50) }
    }

    fn retain(&mut self, script: &Script, places: &Places) -> Edit {
        let at = self.root();
        let count = self.below(4);
        let key = |place: &Place| match place {
            Place::Id(id) => match script.declared(*id) {
                Some(Slot::Value(path) | Slot::Key(path)) => is_keys(path),
                _ => true,
            },
            Place::Path(path) => is_keys(path),
            Place::Name(_) => true,
        };
        let mut paths = self.times(count, |choices| choices.place(script, places, at.root));
        // Few paths with an index, which only fail.
        if self.chance(90) {
            paths.retain(key);
        }
        Edit::Retain { at, paths }
    }

    /// Operations that fail on every record.
    fn malformed(&mut self) -> Edit {
        let value = |path: Path| At { root: Kind::Value, place: Place::Path(path) };
        let key = |name: &str| Path::new(vec![Step::Key(name.to_owned())]);
        let header = At { root: Kind::Header, place: Place::Name("h".to_owned()) };
        let (name, one) = ("n".to_owned(), "1".to_owned());
        let inner = Path::new(vec![Step::Key("a".to_owned()), Step::Key("b".to_owned())]);
        self.pick(&[
            Edit::Set { at: value(Path::bad("`a")), value: one.clone() },
            Edit::Remove { at: value(Path::bad("a[99999999999]")) },
            Edit::Set { at: At { root: Kind::Value, place: Place::Id(999) }, value: one },
            Edit::Remove { at: At { root: Kind::Header, place: Place::Id(0) } },
            Edit::Rename { at: value(Path::new(vec![Step::Index(0)])), name: name.clone() },
            Edit::Rename { at: At::value(), name: name.clone() },
            Edit::Rename { at: header.clone(), name: name.clone() },
            Edit::Extract { at: header.clone() },
            Edit::Wrap { at: value(key("a")), name },
            Edit::Retain { at: value(key("a")), paths: Vec::new() },
            Edit::Copy { from: value(key("a")), to: value(key("a")) },
            Edit::Move { from: value(inner), to: value(key("a")) },
            Edit::Copy { from: value(key("a")), to: At::value() },
            Edit::Move { from: header.clone(), to: header },
        ])
    }
}

fn is_keys(path: &Path) -> bool {
    path.steps().is_some_and(|steps| steps.iter().all(|step| matches!(step, Step::Key(_))))
}
