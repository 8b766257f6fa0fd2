//! What the settings mean together: everything that a schema cannot say. The rules look at the tree, so that they find
//! what is wrong beside a mistake that the schema has found.

mod converters;
mod datagen;
mod direction;
mod embedded;
mod librdkafka;
mod names;
mod paths;
mod secrets;
mod sqlite;
mod topics;
mod transforms;

pub use librdkafka::{OWNED_PROPERTIES, OwnedProperty};

use super::{
    Problem, Source, Span,
    tree::{Entry, Node},
    yaml::REFUSED,
};
use regex::Regex;

/// Checks a tree that the schema has been held against.
pub(super) fn check(root: &Node, source: &Source, problems: &mut Vec<Problem>) {
    let connectors: Vec<Declared<'_>> = root
        .get("connectors")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter(|entry| entry.node.is_map() && entry.key != REFUSED)
        .map(Declared::of)
        .collect();
    librdkafka::check_cluster(root, problems);
    embedded::check_cluster(root, problems);
    secrets::check(root.get("kafka"), source, problems);
    for connector in &connectors {
        direction::check(connector, problems);
        names::check(connector, problems);
        paths::check(connector, problems);
        topics::check(connector, problems);
        transforms::check(connector, source, problems);
        converters::check(connector, root, problems);
        datagen::check(connector, problems);
        sqlite::check(connector, problems);
        librdkafka::check(connector, root, problems);
        embedded::check(connector, root, problems);
        for properties in connector.properties() {
            secrets::check(Some(properties), source, problems);
        }
    }
    topics::check_groups(&connectors, problems);
}

/// A connector as it is written.
struct Declared<'a> {
    name: &'a str,
    key: Span,
    node: &'a Node,
    sink: Option<&'a Entry>,
    source: Option<&'a Entry>,
}

impl<'a> Declared<'a> {
    fn of(entry: &'a Entry) -> Self {
        let Entry { key, key_span, node } = entry;
        let (sink, source) = (node.entry("sink"), node.entry("source"));
        Self { name: key, key: *key_span, node, sink, source }
    }

    /// The settings of its sink if that is `kind`.
    fn sink(&self, kind: &str) -> Option<&'a Node> {
        self.sink?.node.get(kind)
    }

    /// The settings of its source if that is `kind`.
    fn source(&self, kind: &str) -> Option<&'a Node> {
        self.source?.node.get(kind)
    }

    /// True if it has transforms, any of which may choose another topic for a record.
    fn has_transforms(&self) -> bool {
        self.node.get("transforms").is_some_and(|all| !all.items().is_empty())
    }

    /// All properties of librdkafka's that belong to it.
    fn properties(&self) -> impl Iterator<Item = &'a Node> {
        let overrides = ["consumer.override", "producer.override"];
        let cluster = self.sink("kafka").and_then(|sink| sink.get("cluster"));
        overrides.into_iter().filter_map(|key| self.node.get(key)).chain(cluster)
    }
}

/// A problem if a text says nothing; `what` is its setting.
fn check_not_blank(what: &str, node: &Node, help: &str, problems: &mut Vec<Problem>) {
    if node.text().is_some_and(|text| text.trim().is_empty()) {
        problems.push(Problem::error(node.span, format!("{what} is empty"), "is empty", help));
    }
}

/// A problem if `text` is no regex; `what` says of what.
fn check_regex(what: &str, text: &str, span: Span, problems: &mut Vec<Problem>) {
    let Err(error) = Regex::new(text) else { return };
    // The parser draws the pattern with a caret; its last line has the reason.
    let drawn = error.to_string();
    let reason = drawn.lines().last().unwrap_or_default().trim_start_matches("error: ");
    problems.push(Problem::error(
        span,
        format!("{what} is no regex: {reason}"),
        "does not parse",
        "use the syntax of Rust's `regex` crate: no look-around, no back-references; `\\` stays single in single quotes",
    ));
}
