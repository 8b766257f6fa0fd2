//! One record with one configuration, drawn from a number: the same number, the same case.

use std::collections::BTreeMap;
use std::fmt;

/// Names of fields in records and in settings, apart from `absent`, which no record has. Some need care in one place or another.
const NAMES: [&str; 7] = ["a", "b", "id", "a.b", "x y", "é", "`c`"];

/// Values of fields. What has digits beyond 64 bits or an exponent is what a careless reader would change.
const SCALARS: [&str; 18] = [
    "null",
    "true",
    "false",
    "0",
    "-5",
    "9223372036854775807",
    "12345678901234567890",
    "1234567890123456789012345",
    "1.10",
    "1e2",
    "-0.0",
    "2.5E-7",
    r#""""#,
    r#""text""#,
    r#""12""#,
    r#""é \u00e9 😀 \ud83d\ude00 \n""#,
    "[]",
    "{}",
];

/// Half of a surrogate pair: JSON by its grammar, and no text.
pub(super) const HALF_PAIR: &str = r#""\ud83d""#;

/// A replacement that a 64-bit number does not hold.
pub(super) const BEYOND_64_BITS: &str = "99999999999999999999";

/// Settings that Connect ignores: unknown ones, and one that means nothing without schemas.
pub(super) const IGNORED: [&str; 2] = ["blacklist", "replace.null.with.default"];

/// Renames of which Connect's order of hashes decides: onto a field that may stay, and two onto one name.
pub(super) const CLASHING: [&str; 2] = ["a:b", "b:new,a:new"];

/// Replacements of a masked field: numbers as Java reads them, what is none, and blanks, which Connect trims from its settings.
const REPLACEMENTS: [&str; 11] =
    ["xx", "", "7", " -3 ", "+5", "007", "1.5", ".5", "1.25e1", "0x10", "1d"];

/// A record, and the transform and settings that it goes through. Payloads are JSON text; an absent one is a tombstone.
#[derive(Debug)]
pub(super) struct Case {
    /// Connect's class, without `$Key` and `$Value`.
    pub(super) transform: &'static str,
    /// True for `$Key`.
    pub(super) on_key: bool,
    /// Connect's settings, as strings.
    pub(super) config: BTreeMap<&'static str, String>,
    pub(super) topic: &'static str,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp: Option<i64>,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
}

/// What became of a record.
pub(super) enum Outcome {
    /// It left, perhaps changed.
    Passed { topic: String, key: Option<String>, value: Option<String> },
    /// It was dropped.
    Dropped,
    /// The transform failed on it.
    Failed(String),
    /// The settings were refused before there was a record.
    Refused(String),
}

impl Case {
    pub(super) fn draw(transform: &'static str, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut config = match transform {
            "MaskField" => mask_field(&mut dice),
            "InsertField" => insert_field(&mut dice),
            _ => replace_field(&mut dice),
        };
        if dice.one_in(40) {
            config.insert(dice.pick(&IGNORED), "false".to_owned());
        }
        let on_key = dice.one_in(4);
        // What the transform looks at varies; the other half is there to be left alone.
        let (touched, other) = (dice.payload(), Some(dice.object(1)));
        let (key, value) = if on_key { (touched, other) } else { (other, touched) };
        let timestamp = (!dice.one_in(5)).then_some(1_700_000_000_123);
        Self {
            transform,
            on_key,
            config,
            topic: "orders",
            partition: 3,
            offset: 41,
            timestamp,
            key,
            value,
        }
    }

    /// True if a setting has one of these values.
    pub(super) fn sets(&self, name: &str, values: &[&str]) -> bool {
        self.config.get(name).is_some_and(|value| values.contains(&value.as_str()))
    }

    /// True if `text` stands anywhere in key or value.
    pub(super) fn has(&self, text: &str) -> bool {
        [&self.key, &self.value].into_iter().flatten().any(|payload| payload.contains(text))
    }

    /// The payload that the transform looks at.
    fn touched(&self) -> Option<&str> {
        if self.on_key { self.key.as_deref() } else { self.value.as_deref() }
    }
}

impl Outcome {
    /// What a count of outcomes is kept by.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Dropped => "dropped",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { topic, key, value } => {
                write!(f, "passed: {topic}, key {key:?}, value {value:?}")
            }
            Self::Dropped => f.write_str("dropped"),
            Self::Failed(error) | Self::Refused(error) => write!(f, "{}: {error}", self.kind()),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = if self.on_key { "Key" } else { "Value" };
        writeln!(
            f,
            "{}${target} with {:?} on {}",
            self.transform,
            self.config,
            self.touched().unwrap_or("no bytes")
        )?;
        write!(f, "of {self:?}")
    }
}

fn mask_field(dice: &mut Dice) -> BTreeMap<&'static str, String> {
    let mut config = BTreeMap::from([("fields", dice.list(1))]);
    if dice.one_in(2) {
        let replacement = if dice.one_in(6) { BEYOND_64_BITS } else { dice.pick(&REPLACEMENTS) };
        config.insert("replacement", replacement.to_owned());
    }
    config
}

fn insert_field(dice: &mut Dice) -> BTreeMap<&'static str, String> {
    let mut config = BTreeMap::new();
    for setting in
        ["topic.field", "partition.field", "offset.field", "timestamp.field", "static.field"]
    {
        if dice.one_in(3) {
            config.insert(
                setting,
                format!("{}{}", dice.name(), dice.pick(&["", "", "?", "!", "?!", " "])),
            );
        }
    }
    // With neither there is nothing to insert; with only one of the two, a static field is refused.
    if config.contains_key("static.field") && !dice.one_in(12) {
        config.insert(
            "static.value",
            dice.pick(&["s", " s ", "12", "{}", "a \"b\" \\ é😀"]).to_owned(),
        );
    }
    config
}

fn replace_field(dice: &mut Dice) -> BTreeMap<&'static str, String> {
    let mut config = BTreeMap::new();
    for setting in ["include", "exclude"] {
        if dice.one_in(3) {
            config.insert(setting, dice.list(0));
        }
    }
    if dice.one_in(2) {
        let defined = [
            "a:new",
            "a:b,b:a",
            "id:a.c,a.b:d",
            "absent:new",
            "x y:é é,b:new",
            "`c`: z",
            ":n",
            "a",
            "a:b:c",
        ];
        let renames = if dice.one_in(3) { dice.pick(&CLASHING) } else { dice.pick(&defined) };
        config.insert("renames", renames.to_owned());
    }
    config
}

/// A small generator of numbers (splitmix64) and of what a case is made of.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("less than a usize")
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn name(&mut self) -> &'static str {
        if self.one_in(8) { "absent" } else { self.pick(&NAMES) }
    }

    /// Returns a list setting of at least `least` names, as Connect writes it.
    fn list(&mut self, least: usize) -> String {
        let count = least + self.below(3);
        let names: Vec<&str> = (0..count).map(|_| self.name()).collect();
        names.join(self.pick(&[",", ",", " , "]))
    }

    /// Returns what may be in a record: mostly an object, also anything else, or no bytes.
    fn payload(&mut self) -> Option<String> {
        match self.below(20) {
            0 => None,
            1 => Some("null".to_owned()),
            2 => Some(self.pick(&SCALARS[1..]).to_owned()),
            3 => Some(format!("[{}]", self.object(1))),
            _ => Some(self.object(2)),
        }
    }

    /// Returns an object whose members nest at most `depth` deep, with odd spacing, escaped keys, and now and then a duplicate.
    fn object(&mut self, depth: usize) -> String {
        let mut names: Vec<&str> = NAMES.iter().copied().filter(|_| self.one_in(2)).collect();
        if self.one_in(6) && !names.is_empty() {
            names.push(names[0]);
        }
        let members: Vec<String> = names
            .into_iter()
            .map(|name| {
                let key = if self.one_in(6) { escaped(name) } else { name.to_owned() };
                let space = self.pick(&["", "", " ", "\n\t"]);
                format!("{space}\"{key}\"{space}:{space}{}", self.member(depth))
            })
            .collect();
        format!("{{{}}}", members.join(","))
    }

    fn member(&mut self, depth: usize) -> String {
        match self.below(8) {
            0 if depth > 0 => self.object(depth - 1),
            1 if depth > 0 => format!("[{}, {}]", self.pick(&SCALARS), self.object(depth - 1)),
            _ if self.one_in(60) => HALF_PAIR.to_owned(),
            _ => self.pick(&SCALARS).to_owned(),
        }
    }
}

/// Returns `name` with its first character spelt as an escape.
fn escaped(name: &str) -> String {
    let mut rest = name.chars();
    let first = rest.next().map_or(0, u32::from);
    format!("\\u{first:04x}{}", rest.as_str())
}
