//! One column of a table.

use super::check_not_blank;
use crate::{
    config::{
        self, Problem, Span, json,
        tree::{Entry, Node},
    },
    path::Path,
    table::{ColumnError, Columns},
};

pub(super) fn check(column: &Node, problems: &mut Vec<Problem>) {
    let before = problems.len();
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
    // Beside what is wrong already, the sink would say the same again.
    if problems.len() == before {
        problems.extend(refused_by_sink(column));
    }
}

/// What the sink would say of a column.
fn refused_by_sink(column: &Node) -> Option<Problem> {
    // What cannot be read the schema has told of.
    let settings: config::Column = json::read(column).ok()?;
    let (setting, message, label, help) = match Columns::new(&[settings]).err()? {
        ColumnError::Constant { setting, expected, .. } => (
            setting,
            format!("the `{setting}` of a column is not what the column takes: {expected}"),
            "of another type",
            format!("write {expected}, or change the `type`"),
        ),
        ColumnError::MetadataType { natural, .. } => (
            "type",
            format!("what `metadata` names here has the type `{natural}` by itself"),
            "of another type",
            "take `type` out".to_owned(),
        ),
        ColumnError::From { .. } => (
            "from",
            "`from` says how a field spells the time, and the column reads no field".to_owned(),
            "reads no field",
            "take it out: a `constant` is ISO 8601, and `metadata` needs no spelling".to_owned(),
        ),
        ColumnError::Exclusive { one, other, .. } => (
            other,
            format!("a column has both `{one}` and `{other}`"),
            "one of them",
            format!("keep one: `{one}` is always there"),
        ),
        error @ ColumnError::Path { .. } => {
            ("path", error.to_string(), "does not parse", "write a path".to_owned())
        }
    };
    let span = column.entry(setting).map_or(column.span, Entry::anchor);
    Some(Problem::error(span, message, label, help))
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
