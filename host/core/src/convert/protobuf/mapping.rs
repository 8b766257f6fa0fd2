//! Which message a topic carries, and what it cannot be without.

use super::plan::{Kind, Plan};
use crate::{
    config::{MessageMapping, ProtobufConverter},
    convert::ConvertError,
};
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};
use regex::Regex;
use std::{collections::HashMap, fmt};

/// Why a `protobuf` converter cannot be made of its settings: everything that is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ProtobufConfigError {
    /// At least one, in the order of the topics.
    pub problems: Vec<MappingProblem>,
}

/// What is wrong, or worth a warning, in `messages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingProblem {
    /// The topic, or pattern, as it is spelt in `messages`.
    pub topic: String,
    /// What of it is meant.
    pub place: MappingPlace,
    /// What is wrong with it, what was expected, and the way out.
    pub message: String,
}

/// A place in an entry of `messages`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingPlace {
    /// Its key.
    Key,
    /// Its `type`.
    Type,
    /// An element of its `required`, counted from 0.
    Required(usize),
}

impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, place, message } = self;
        match place {
            MappingPlace::Key => write!(f, "`messages.{topic}`: {message}"),
            MappingPlace::Type => write!(f, "`messages.{topic}.type`: {message}"),
            MappingPlace::Required(at) => {
                write!(f, "`messages.{topic}.required[{at}]`: {message}")
            }
        }
    }
}

/// What a topic carries.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) descriptor: MessageDescriptor,
    /// Its place in the plan.
    pub(super) message: u32,
    pub(super) required: Vec<Required>,
}

/// A field that must be on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Required {
    /// By index.
    pub(super) field: usize,
    /// Whether it is a text, which must not be empty.
    pub(super) is_text: bool,
}

/// The mappings of one converter.
#[derive(Debug)]
pub(super) struct Mappings {
    entries: Vec<Mapping>,
    /// Mappings by topic: those that are named, and those that a pattern was found to match.
    topics: HashMap<String, usize>,
    patterns: Vec<(Regex, usize)>,
    /// The topic that was asked for last: records of a topic mostly follow each other.
    last: (String, Option<usize>),
    /// The keys as they are spelt.
    keys: String,
}

impl Mappings {
    /// Finds the messages of all topics and adds them to `plan`.
    ///
    /// # Errors
    /// [`ProtobufConfigError`] with all that is wrong.
    pub(super) fn new(
        settings: &ProtobufConverter,
        pool: &DescriptorPool,
        plan: &mut Plan,
    ) -> Result<Self, ProtobufConfigError> {
        let mut problems = Vec::new();
        let keys: Vec<String> = settings.messages.keys().map(|key| format!("`{key}`")).collect();
        let mut mappings = Self {
            entries: Vec::new(),
            topics: HashMap::new(),
            patterns: Vec::new(),
            last: (String::new(), None),
            keys: keys.join(", "),
        };
        for (topic, mapping) in &settings.messages {
            let mut report = |place, message| {
                problems.push(MappingProblem { topic: topic.clone(), place, message });
            };
            match pattern(topic) {
                None => drop(mappings.topics.insert(topic.clone(), mappings.entries.len())),
                Some(Ok(regex)) => mappings.patterns.push((regex, mappings.entries.len())),
                Some(Err(error)) => report(MappingPlace::Key, error),
            }
            let Some(descriptor) = pool.get_message_by_name(&mapping.message) else {
                report(MappingPlace::Type, unknown_message(&mapping.message, pool));
                continue;
            };
            let message = plan.add(&descriptor);
            let required = required(mapping, &descriptor, plan, message, &mut report);
            mappings.entries.push(Mapping { descriptor, message, required });
        }
        if problems.is_empty() { Ok(mappings) } else { Err(ProtobufConfigError { problems }) }
    }

    /// What a topic carries.
    ///
    /// # Errors
    /// [`ConvertError`] if nothing names the topic.
    #[inline]
    pub(super) fn of(&mut self, topic: &str) -> Result<&Mapping, ConvertError> {
        let index = match &self.last {
            (last, Some(index)) if last == topic => *index,
            _ => self.find(topic)?,
        };
        Ok(&self.entries[index])
    }

    fn find(&mut self, topic: &str) -> Result<usize, ConvertError> {
        let known = self.topics.get(topic).copied();
        let Some(index) = known.or_else(|| self.matching(topic)) else {
            let keys = if self.keys.is_empty() { "no topic" } else { &self.keys };
            let message = format!(
                "no message is mapped to topic `{topic}`: `messages` names {keys}; add the topic, or a pattern like `/{topic}.*/`"
            );
            return Err(ConvertError { code: "protobuf-topic", message });
        };
        if known.is_none() {
            self.topics.insert(topic.to_owned(), index);
        }
        // The text is kept, so that records of topics by turns allocate nothing.
        topic.clone_into(&mut self.last.0);
        self.last.1 = Some(index);
        Ok(index)
    }

    /// The mapping of the first pattern that matches a topic.
    fn matching(&self, topic: &str) -> Option<usize> {
        let matches = |(regex, _): &&(Regex, usize)| regex.is_match(topic);
        self.patterns.iter().find(matches).map(|(_, index)| *index)
    }
}

/// Lists what is allowed in `messages` but rarely meant: required fields that a writer leaves out where they have their
/// default, so that only what is on the wire tells whether they were set. The last field of a message is left alone: it is
/// required to catch messages that were cut. What is unknown is no warning but an error of [`super::Protobuf::new`].
pub fn warnings(settings: &ProtobufConverter, pool: &DescriptorPool) -> Vec<MappingProblem> {
    let mut warnings = Vec::new();
    for (topic, mapping) in &settings.messages {
        let Some(message) = pool.get_message_by_name(&mapping.message) else { continue };
        let last = message.fields().map(|field| field.number()).max();
        for (at, name) in mapping.required.0.iter().enumerate() {
            let Some(field) = field(&message, name) else { continue };
            // A text must not be empty, so its default is refused in any case.
            if !field.supports_presence() && !is_text(&field) && Some(field.number()) != last {
                warnings.push(MappingProblem {
                    topic: topic.clone(),
                    place: MappingPlace::Required(at),
                    message: format!(
                        "field `{name}` of `{}` has no presence: a writer leaves it out where it is {}, and the record then fails; \
                         declare it `optional`, or require another field",
                        mapping.message,
                        if field.is_list() || field.is_map() { "empty" } else { "0 or false" },
                    ),
                });
            }
        }
    }
    warnings
}

/// The regex between the slashes of a key, or why it is none; nothing if the key is a name.
fn pattern(key: &str) -> Option<Result<Regex, String>> {
    let inner = key.strip_prefix('/')?;
    let Some(inner) = inner.strip_suffix('/') else {
        return Some(Err("expected a slash at the end of the pattern, as at its start".to_owned()));
    };
    let error = |error| format!("expected a Rust regex between the slashes: {error}");
    // Alone first, so that no bracket of it pairs with ours.
    Some(Regex::new(inner).and_then(|_| Regex::new(&format!("^(?:{inner})$"))).map_err(error))
}

fn required(
    mapping: &MessageMapping,
    descriptor: &MessageDescriptor,
    plan: &Plan,
    message: u32,
    report: &mut impl FnMut(MappingPlace, String),
) -> Vec<Required> {
    let mut required = Vec::new();
    for (at, name) in mapping.required.0.iter().enumerate() {
        let index = field(descriptor, name)
            .and_then(|field| plan.messages[message as usize].field(field.number()));
        let Some(field) = index else {
            report(MappingPlace::Required(at), unknown_field(name, descriptor));
            continue;
        };
        let kind = plan.messages[message as usize].fields[field].kind;
        required.push(Required { field, is_text: matches!(kind, Kind::String | Kind::Bytes) });
    }
    required
}

/// A field by either of its names.
fn field(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message.get_field_by_name(name).or_else(|| message.get_field_by_json_name(name))
}

fn is_text(field: &FieldDescriptor) -> bool {
    use prost_reflect::Kind::{Bytes, String};
    !field.is_list() && matches!(field.kind(), String | Bytes)
}

fn unknown_message(name: &str, pool: &DescriptorPool) -> String {
    let known: Vec<String> = pool
        .all_messages()
        .filter(|message| {
            !message.is_map_entry() && !message.package_name().starts_with("google.protobuf")
        })
        .map(|message| message.full_name().to_owned())
        .collect();
    let hint = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "`schemas.protobuf` names no file with a message".to_owned(),
        None => format!("known are {}", list(&known)),
    };
    format!("`schemas.protobuf` has no message `{name}`; {hint}")
}

fn unknown_field(name: &str, message: &MessageDescriptor) -> String {
    let known: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
    let hint = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "it has none".to_owned(),
        None => format!("it has {}", list(&known)),
    };
    format!("message `{}` has no field `{name}`; {hint}", message.full_name())
}

/// The first names, as an operator reads them.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    shown.join(", ")
}

/// The known name that `name` was probably meant to be: the same last part, or few letters away.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let same = known.iter().find(|other| last(other) == last(name));
    let close = || {
        let distances = known.iter().map(|other| (distance(name, other), other));
        let (distance, other) = distances.min_by_key(|(distance, _)| *distance)?;
        (distance <= 1.max(name.len() / 4)).then_some(other)
    };
    same.or_else(close).map(String::as_str)
}

/// How many letters must be added, left out or changed to get from one name to the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, against) in other.chars().enumerate() {
            let changed = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
