//! A connector has one direction, and no settings of the other one.

use super::Declared;
use crate::config::Problem;

const OF_SINKS: [(&str, &str); 5] = [
    ("topics", "take it out: the source names the topic that it writes to"),
    ("topics.regex", "take it out: the source names the topic that it writes to"),
    ("group.id", "take it out: a source keeps its positions in `_transom-offsets`"),
    (
        "consumer.override",
        "take it out: a source has no consumer; `producer.override` is for its producer",
    ),
    ("errors.reject.limit", "take it out: only sinks refuse records"),
];

const OF_SOURCES: [(&str, &str); 2] = [
    ("topic.creation.default.partitions", "take it out: this sink creates no topic"),
    ("topic.creation.default.replication.factor", "take it out: this sink creates no topic"),
];

pub(super) fn check(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let name = connector.name;
    match (connector.sink, connector.source) {
        (Some(_), None) => of_a_sink(connector, problems),
        (None, Some(_)) => belongs(connector, &OF_SINKS, "sinks", problems),
        (Some(sink), Some(source)) => problems.push(Problem::error(
            sink.key_span.max(source.key_span),
            format!("connector `{name}` has a sink and a source"),
            "one of them",
            "make two connectors of it, with a topic between them",
        )),
        (None, None) => problems.push(Problem::error(
            connector.key,
            format!("connector `{name}` has neither a sink nor a source"),
            "goes nowhere",
            "add `sink:` (records from topics) or `source:` (records to topics)",
        )),
    }
}

fn of_a_sink(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let creates_topics = connector.sink("kafka").is_some();
    if !creates_topics {
        belongs(connector, &OF_SOURCES, "sources", problems);
    }
    match (connector.node.entry("topics"), connector.node.entry("topics.regex")) {
        (None, None) => problems.push(Problem::error(
            connector.key,
            format!("sink connector `{}` reads no topics", connector.name),
            "without topics",
            "add `topics: [a, b]` or `topics.regex: ...`",
        )),
        (Some(topics), Some(regex)) => problems.push(Problem::error(
            topics.key_span.max(regex.key_span),
            format!("connector `{}` has both `topics` and `topics.regex`", connector.name),
            "one of them",
            "keep one; a regex can name topics: `a|b|c.*`",
        )),
        (Some(topics), None) if topics.node.names_none() => {
            problems.push(Problem::error(
                topics.key_span,
                "`topics` names no topic",
                "is empty",
                "name at least one: `topics: [a, b]`",
            ));
        }
        _ => (),
    }
}

fn belongs(connector: &Declared<'_>, keys: &[(&str, &str)], to: &str, problems: &mut Vec<Problem>) {
    for (key, help) in keys {
        if let Some(entry) = connector.node.entry(key) {
            let message = format!("`{key}` belongs to {to}, and `{}` is none", connector.name);
            let label = format!("for {to} only");
            problems.push(Problem::error(entry.key_span, message, label, *help));
        }
    }
}
