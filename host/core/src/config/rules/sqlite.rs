//! Tables and columns of an SQLite sink.

use super::{Declared, check_not_blank, topics::Topics};
use crate::{
    config::{Problem, Span, tree::Node},
    path::Path,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let Some(sink) = connector.sink("sqlite") else { return };
    tables(connector, sink, problems);
    unread(connector, sink, problems);
    for table in sink.get("tables").map(Node::entries).unwrap_or_default() {
        if let Some(name) = table.node.get("name") {
            let help = "name the table, or take it out for the topic's name, `-` and `.` as `_`";
            check_not_blank("the name of a table", name, help, problems);
        }
        let mut names = BTreeSet::new();
        for column in table.node.get("columns").map(Node::items).unwrap_or_default() {
            // SQLite compares names without case.
            if let Some(name) = column.get("name")
                && let Some(text) = name.text()
                && !text.trim().is_empty()
                && !names.insert(text.to_lowercase())
            {
                problems.push(Problem::error(
                    name.span,
                    format!("the table of topic `{}` has two columns `{text}`", table.key),
                    "second of this name",
                    "give each column a name of its own; upper and lower case are the same to SQLite",
                ));
            }
            check_column(column, problems);
        }
    }
}

/// Two topics with one table would mix their rows, and their offsets.
fn tables(connector: &Declared<'_>, sink: &Node, problems: &mut Vec<Problem>) {
    let declared = sink.get("tables").map(Node::entries).unwrap_or_default();
    let declared = declared.iter().map(|table| {
        let name = table.node.get("name").filter(|name| name.text().is_some());
        let text =
            name.and_then(Node::text).map_or_else(|| default_name(&table.key), str::to_owned);
        (table.key.as_str(), text, name.map_or(table.key_span, |name| name.span))
    });
    let read = connector.node.get("topics").map(Node::names).unwrap_or_default();
    let others = read.into_iter().map(|(topic, node)| (topic, default_name(topic), node.span));
    let mut tables: BTreeMap<String, &str> = BTreeMap::new();
    let mut topics: BTreeSet<&str> = BTreeSet::new();
    for (topic, table, span) in declared.chain(others) {
        if !topics.insert(topic) {
            continue;
        }
        if let Some(other) = tables.get(&table.to_lowercase()) {
            problems.push(Problem::error(
                span,
                format!("topics `{other}` and `{topic}` have one table, `{table}`"),
                "second topic of it",
                "give each topic a table of its own: `tables: {TOPIC: {name: ...}}`",
            ));
        }
        tables.insert(table.to_lowercase(), topic);
    }
}

/// Tables of topics that the connector does not read: what is declared there is for nothing, and the topic that was meant
/// gets a table of another shape.
fn unread(connector: &Declared<'_>, sink: &Node, problems: &mut Vec<Problem>) {
    let is_whole = |node: &Node| node.is_whole() && node.items().iter().all(Node::is_whole);
    // A record goes to the table of the topic that transforms left it.
    if connector.has_transforms() || !connector.node.get("topics").is_none_or(is_whole) {
        return;
    }
    let Some(topics) = Topics::of(connector.node) else { return };
    let tables = sink.get("tables").map(Node::entries).unwrap_or_default();
    for table in tables.iter().filter(|table| !topics.contain(&table.key)) {
        problems.push(Problem::error(
            table.key_span,
            format!("connector `{}` reads no topic `{}`", connector.name, table.key),
            "is not read",
            topics.instead_of(&table.key),
        ));
    }
}

fn default_name(topic: &str) -> String {
    topic.replace(['-', '.'], "_")
}

fn check_column(column: &Node, problems: &mut Vec<Problem>) {
    if let Some(name) = column.get("name") {
        check_not_blank("the name of a column", name, "name the column", problems);
    }
    let given = ["path", "constant", "metadata"].map(|key| column.entry(key));
    let given: Vec<_> = given.into_iter().flatten().collect();
    if let [first, second, ..] = given.as_slice() {
        problems.push(Problem::error(
            second.key_span.max(first.key_span),
            format!("a column has both `{}` and `{}`", first.key, second.key),
            "one of them",
            "keep one of `path`, `constant` and `metadata`",
        ));
    }
    if let Some(path) = column.get("path")
        && let Some(Err(error)) = path.text().map(Path::parse)
    {
        problems.push(Problem::error(
            path.span,
            format!("`path` is no path: {error}"),
            "does not parse",
            "write `customer.address.city` or `legs[0].id`; a name with dots stands in backticks",
        ));
    }
    check_time(column, given.first().map(|entry| entry.key.as_str()), problems);
}

fn check_time(column: &Node, of: Option<&str>, problems: &mut Vec<Problem>) {
    let kind = column.get("type");
    let is_timestamp = kind.and_then(Node::text) == Some("timestamp");
    let is_known = kind.is_none_or(Node::is_whole);
    match (column.entry("from"), kind) {
        (Some(from), _) if !is_timestamp && is_known => problems.push(Problem::error(
            from.key_span,
            "`from` says how a time is spelt, and the column is no `timestamp`",
            "only for timestamps",
            "add `type: timestamp`, or take `from` out",
        )),
        (None, Some(Node { span, .. })) if is_timestamp && matches!(of, None | Some("path")) => {
            timestamp_without_unit(*span, problems);
        }
        _ => (),
    }
}

fn timestamp_without_unit(span: Span, problems: &mut Vec<Problem>) {
    problems.push(Problem::error(
        span,
        "a `timestamp` column does not say how the field spells the time",
        "needs `from`",
        "add `from: unix.seconds`, `from: unix.milliseconds` or `from: iso8601`",
    ));
}
