//! Schemas and the converters that need them.

use crate::schemas;
use prost_reflect::DescriptorPool;
use std::path::Path;
use transom_core::{
    config::{
        ConverterSettings, DatagenSource, List, Loaded, Place, Problem, ProtobufConverter, Schemas,
        Severity,
    },
    convert::{
        BuildError, Converter, MappingPlace, MappingProblem, Role, build, build_for_source,
        warnings,
    },
};

/// What of a record has a converter of its own.
const CONVERTERS: [(&str, Role); 3] =
    [("key", Role::Key), ("value", Role::Value), ("header", Role::Header)];

/// Topics that a converter is certain to be asked for, each with its place.
type Topics = Vec<(String, Place)>;

/// Checks that the schemas of a configuration compile, and that every converter finds its messages in them. `folder` is
/// where relative paths begin.
pub(super) fn check_schemas(loaded: &Loaded, folder: &Path) -> Vec<Problem> {
    let at = Place::default().key("schemas");
    let settings: Schemas = loaded.part(&at).unwrap_or_default();
    match schemas::load(&settings, folder) {
        Ok(Some(pool)) => check_connectors(loaded, &pool),
        // Protobuf without schemas is refused where the file alone is checked.
        Ok(None) => Vec::new(),
        Err(error) => {
            let problem = |found: &schemas::SchemaProblem| {
                let span = loaded.locate(&at.key("protobuf").index(found.entry));
                let help =
                    "paths begin at the folder of this file; a folder is the root of its imports";
                Problem::error(span, found.to_string(), "cannot be compiled", help)
            };
            error.problems.iter().map(problem).collect()
        }
    }
}

fn check_connectors(loaded: &Loaded, pool: &DescriptorPool) -> Vec<Problem> {
    let mut check = Check { loaded, pool, problems: Vec::new() };
    for connector in loaded.below(&Place::default().key("connectors")) {
        check.connector(&connector);
    }
    check.problems
}

struct Check<'a> {
    loaded: &'a Loaded,
    pool: &'a DescriptorPool,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn connector(&mut self, at: &Place) {
        let is_source = self.is_there(&at.key("source"));
        let is_changed = self.is_there(&at.key("transforms"));
        let sink = at.key("sink").key("kafka");
        let onto = self.topic(&sink.key("topic")).filter(|(topic, _)| !topic.contains("${topic}"));
        for (name, role) in CONVERTERS {
            let mut topics = if is_source { self.made(at, role) } else { self.read(at) };
            // What nothing changed is written as it came, without a converter.
            if is_changed && !self.is_there(&sink.key(name)) {
                topics.extend(onto.clone());
            }
            self.converter(&at.key(name), role, is_source, &topics);
        }
        for (name, role) in CONVERTERS {
            self.converter(&sink.key(name), role, true, &Vec::from_iter(onto.clone()));
        }
    }

    /// The topics that a sink connector names; those that a regex finds are not known yet.
    fn read(&self, connector: &Place) -> Topics {
        let at = connector.key("topics");
        let named = self.loaded.part::<List>(&at).unwrap_or_default().0;
        named.into_iter().enumerate().map(|(number, topic)| (topic, at.index(number))).collect()
    }

    /// The topics of a source, unless a transform may choose others.
    fn made(&self, connector: &Place, role: Role) -> Topics {
        let source = connector.key("source");
        let (file, datagen) = (source.key("file"), source.key("datagen"));
        let mut topics = Topics::new();
        if let Some(settings) = self.loaded.part::<DatagenSource>(&datagen) {
            let at = datagen.key("topics");
            topics.extend(settings.topics.into_keys().map(|topic| (topic.clone(), at.key(&topic))));
        }
        topics.extend(self.topic(&file.key("topic")));
        if self.is_there(&connector.key("transforms")) {
            topics.clear();
        }
        // Poison is written for this one, whatever a transform chooses.
        let poison = self.topic(&datagen.key("poison.converter.topic"));
        topics.extend(poison.filter(|_| role == Role::Value));
        topics
    }

    fn topic(&self, at: &Place) -> Option<(String, Place)> {
        self.loaded.part(at).map(|topic| (topic, at.clone()))
    }

    fn is_there(&self, at: &Place) -> bool {
        !self.loaded.below(at).is_empty()
    }

    /// Checks the messages of a converter at a place; other converters need no schemas.
    fn converter(&mut self, at: &Place, role: Role, writes: bool, topics: &[(String, Place)]) {
        let messages = at.key("protobuf").key("messages");
        let Some(mapped) = self.loaded.part(&messages) else { return };
        let settings = ProtobufConverter { messages: mapped, ..ProtobufConverter::default() };
        for warning in warnings(&settings, self.pool) {
            self.mapping(&messages, Severity::Warning, warning);
        }
        // What is wrong with an entry hides which topics it names.
        let entries = self.loaded.below(&messages).len();
        let is_whole = entries > 0 && entries == settings.messages.len();
        let make = if writes { build_for_source } else { build };
        match make(Some(&ConverterSettings::Protobuf(settings)), role, Some(self.pool)) {
            Ok(converter) if is_whole => self.topics(at, converter, topics),
            Err(BuildError::Protobuf(error)) => {
                for problem in error.problems {
                    self.mapping(&messages, Severity::Error, problem);
                }
            }
            Ok(_) | Err(BuildError::NoSchemas | BuildError::EnvelopeOfSource) => (),
        }
    }
}

impl Check<'_> {
    /// Asks a converter for its topics.
    fn topics(
        &mut self,
        at: &Place,
        mut converter: Box<dyn Converter>,
        topics: &[(String, Place)],
    ) {
        for (topic, place) in topics {
            let Err(error) = converter.decode(topic, b"", &mut Vec::new()) else { continue };
            // An empty message may lack a field, which says nothing of the topic.
            if error.code == "protobuf-topic" {
                let span = self.loaded.locate(place);
                let help = format!("`{at}` needs a message for every topic");
                self.problems.push(Problem::error(span, error.message, "has no message", help));
            }
        }
    }

    /// Adds what is wrong with an entry of `messages`, unless the file alone has shown it to be.
    fn mapping(&mut self, messages: &Place, severity: Severity, found: MappingProblem) {
        let entry = messages.key(&found.topic);
        let (span, label, help) = match (found.place, severity) {
            (MappingPlace::Key, _) => (
                self.loaded.locate_key(&entry),
                "names no topic",
                "a key is a topic, or a Rust regex between two slashes: `/.*-events/`",
            ),
            (MappingPlace::Type, _) => (
                self.loaded.locate(&entry.key("type")),
                "not in the schemas",
                "write the full name as the `.proto` files have it: package, dot, message",
            ),
            (MappingPlace::Required(at), Severity::Error) => (
                self.loaded.locate(&entry.key("required").index(at)),
                "not in the message",
                "list fields of the message itself, as its `.proto` file names them",
            ),
            (MappingPlace::Required(at), Severity::Warning) => (
                self.loaded.locate(&entry.key("required").index(at)),
                "without presence",
                "nothing, if no writer ever sends this field with its default",
            ),
        };
        if self.loaded.problems.iter().all(|known| known.span != span) {
            self.problems
                .push(Problem { severity, ..Problem::error(span, found.message, label, help) });
        }
    }
}
