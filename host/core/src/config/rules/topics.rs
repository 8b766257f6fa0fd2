//! What a sink connector reads, and what must not be among it.

use super::{Declared, check_regex};
use crate::{
    config::{
        Problem, Span, suggest,
        tree::{Entry, Node},
    },
    predicate::TopicPattern,
};

const DEAD_LETTERS: &str = "errors.deadletterqueue.topic.name";

/// The topics that a connector reads.
pub(super) enum Topics<'a> {
    Named(Vec<(&'a str, &'a Node)>),
    Matching { text: &'a str, pattern: TopicPattern },
}

impl<'a> Topics<'a> {
    pub(super) fn of(connector: &Node) -> Option<Topics<'_>> {
        if let Some(topics) = connector.get("topics") {
            return Some(Topics::Named(topics.names()));
        }
        let text = connector.text_of("topics.regex")?;
        let pattern = TopicPattern::new(text).ok()?;
        Some(Topics::Matching { text, pattern })
    }

    pub(super) fn contain(&self, topic: &str) -> bool {
        match self {
            Self::Named(names) => names.iter().any(|(name, _)| *name == topic),
            Self::Matching { pattern, .. } => pattern.matches(topic),
        }
    }

    /// What to do about a topic that is not among them; tells nothing that came from outside (invariant 9).
    pub(super) fn instead_of(&self, other: &str) -> String {
        let Self::Named(names) = self else {
            return "the whole name has to match `topics.regex`; take the entry out, or widen that"
                .to_owned();
        };
        let shown = names.iter().filter(|(_, node)| !node.resolved).map(|(name, _)| *name);
        match suggest::nearest(other, shown) {
            Some(topic) => format!("did you mean `{topic}`?"),
            None => "name one of its `topics`, or add this one to them".to_owned(),
        }
    }

    /// True if some topic is among both. Of two regexes that is known only where they are the same.
    fn overlap(&self, other: &Topics<'a>) -> bool {
        match (self, other) {
            (Self::Named(names), all) | (all, Self::Named(names)) => {
                names.iter().any(|(name, _)| all.contain(name))
            }
            (Self::Matching { text: one, .. }, Self::Matching { text: other, .. }) => one == other,
        }
    }
}

pub(super) fn check(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let node = connector.node;
    if let Some(regex) = node.get("topics.regex")
        && let Some(text) = regex.text()
    {
        check_regex("`topics.regex`", text, regex.span, problems);
    }
    dead_letters(connector, problems);
    let topics = Topics::of(node).filter(|_| connector.sink.is_some());
    let Some(topics) = topics else { return };
    if let Some(letters) = node.get(DEAD_LETTERS)
        && letters.text().is_some_and(|topic| topics.contain(topic))
    {
        problems.push(Problem::error(
            letters.span,
            format!("connector `{}` would read its own dead letters", connector.name),
            "is read as well",
            "give dead letters a topic that is not among those which are read",
        ));
    }
    own_tail(connector, &topics, problems);
}

/// Settings of dead letters that nothing will use.
fn dead_letters(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let node = connector.node;
    let keys = [DEAD_LETTERS, "errors.deadletterqueue.topic.replication.factor"];
    let mut given = keys.into_iter().filter_map(|key| node.entry(key));
    let tolerance = node.get("errors.tolerance");
    let is_strict = tolerance.is_none_or(|tolerance| tolerance.text() == Some("none"));
    if let Some(entry) = given.next()
        && is_strict
    {
        problems.push(Problem::warning(
            entry.key_span,
            format!(
                "connector `{}` writes no dead letters: the task stops at a bad record",
                connector.name
            ),
            "is not used",
            "add `errors.tolerance: all`, or take the dead letter topic out",
        ));
    }
}

/// A Kafka sink that writes what it reads to where it reads it from.
fn own_tail(connector: &Declared<'_>, topics: &Topics<'_>, problems: &mut Vec<Problem>) {
    let Some(sink) = connector.sink("kafka") else { return };
    if connector.has_transforms() || sink.get("cluster").is_some() {
        return;
    }
    let topic = sink.get("topic");
    let span = topic
        .map_or(connector.sink.map_or(connector.key, |sink| sink.key_span), |topic| topic.span);
    let loops = match topic.map(Node::text) {
        None => true,
        Some(topic) => topic.is_some_and(|topic| topic == "${topic}" || topics.contain(topic)),
    };
    if loops {
        problems.push(Problem::warning(
            span,
            format!("connector `{}` writes to a topic that it reads, without end", connector.name),
            "reads its own records",
            "name another `topic` (`copy-of-${topic}`), or another `cluster`",
        ));
    }
}

/// Connectors that share a group share its partitions: each sees a part of the records.
pub(super) fn check_groups(connectors: &[Declared<'_>], problems: &mut Vec<Problem>) {
    let mut seen: Vec<(String, Topics<'_>, &str)> = Vec::new();
    for connector in connectors.iter().filter(|connector| connector.sink.is_some()) {
        let Some(topics) = Topics::of(connector.node) else { continue };
        let group = connector.node.entry("group.id");
        let span: Span = group.map_or(connector.key, Entry::anchor);
        let name = group.and_then(|group| group.node.text());
        let name = name.map_or_else(|| format!("connect-{}", connector.name), str::to_owned);
        let other = seen.iter().find(|(group, others, _)| *group == name && topics.overlap(others));
        if let Some((_, _, other)) = other {
            problems.push(Problem::warning(
                span,
                format!(
                    "connectors `{other}` and `{}` share a consumer group and topics, so each gets a part of the records",
                    connector.name
                ),
                "same group, same topics",
                "give each connector a `group.id` of its own if both are to see every record",
            ));
        }
        seen.push((name, topics, connector.name));
    }
}
