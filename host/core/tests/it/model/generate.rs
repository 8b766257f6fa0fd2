//! Random records and scripts, made of a list of random words: the shorter the list and the smaller its words, the
//! simpler the case, so that a failing one shrinks.

use super::{
    documents::{Choices, HEADERS, NOT_JSON, Places, TOPICS},
    record::Input,
    script::{Answer, At, Edit, Path, Place, Script, Slot, When},
    tree::Step,
};
use proptest::{collection::vec, prelude::*};
use smt_abi::{code, operation::Root as Kind};

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
    pub(super) fn path(&mut self, places: &[Vec<Step>]) -> Path {
        let mut steps =
            if self.chance(80) && !places.is_empty() { self.pick(places) } else { Vec::new() };
        match self.below(12) {
            0..7 => {}
            7 | 8 => drop(steps.pop()),
            9 if self.chance(60) => steps.push(Step::Index(self.pick(&[0, 1, 2]))),
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

    pub(super) fn topic(&mut self) -> String {
        match self.below(30) {
            29 => self.pick(&["\"a b\"", "5", "\"\"", "\"..\"", "null"]).to_owned(),
            28 => "\"t\\u002d2\"".to_owned(),
            _ => format!("\"{}\"", self.pick(&TOPICS)),
        }
    }
}
