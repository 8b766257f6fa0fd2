//! Tables of an SQLite sink.

mod column;

use super::{Declared, check_not_blank, topics::Topics};
use crate::{
    config::{Problem, tree::Node},
    table::default_name,
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
                && !names.insert(text.to_ascii_lowercase())
            {
                problems.push(Problem::error(
                    name.span,
                    format!("the table of topic `{}` has two columns `{text}`", table.key),
                    "second of this name",
                    "give each column a name of its own; upper and lower case are the same to SQLite",
                ));
            }
            column::check(column, problems);
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
        if is_reserved(&table) {
            problems.push(Problem::error(
                span,
                format!("table `{table}`, which topic `{topic}` would get, is not for records"),
                "is not for records",
                "name another: `tables: {TOPIC: {name: ...}}`; `sqlite_…` is SQLite's, `transom_offsets` has stored offsets",
            ));
        }
        if let Some(other) = tables.get(&table.to_ascii_lowercase()) {
            problems.push(Problem::error(
                span,
                format!("topics `{other}` and `{topic}` have one table, `{table}`"),
                "second topic of it",
                "give each topic a table of its own: `tables: {TOPIC: {name: ...}}`",
            ));
        }
        tables.insert(table.to_ascii_lowercase(), topic);
    }
}

/// True for a table that is SQLite's, or the sink's own.
fn is_reserved(table: &str) -> bool {
    let table = table.to_ascii_lowercase();
    table.starts_with("sqlite_") || table == "transom_offsets"
}

/// Tables of topics that the connector does not read: what is declared there is for nothing, and the topic that was meant
/// gets a table of another shape.
fn unread(connector: &Declared<'_>, sink: &Node, problems: &mut Vec<Problem>) {
    // A record goes to the table of the topic that transforms left it; and what is wrong with `topics` hides some of them.
    if connector.has_transforms() || !connector.node.get("topics").is_none_or(Node::is_all_names) {
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
