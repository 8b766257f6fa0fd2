//! Transforms: names and conditions.

use super::{Declared, check_regex, names::check_plain, secrets};
use crate::config::{
    Problem, Source,
    tree::{Entry, Node},
};
use std::collections::BTreeSet;

pub(super) fn check(connector: &Declared<'_>, source: &Source, problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    for transform in connector.node.get("transforms").map(Node::items).unwrap_or_default() {
        let name = transform.get("name");
        if let Some(name) = name.filter(|name| !name.resolved)
            && let Some(text) = name.text()
        {
            check_plain("a transform", text, name.span, problems);
        }
        if let Some(name) = name
            && let Some(text) = name.text()
            && !names.insert(text)
        {
            problems.push(Problem::error(
                name.span,
                format!("connector `{}` has two transforms `{text}`", connector.name),
                "second of this name",
                "give each transform a name of its own: states, metrics and dead letters go by it",
            ));
        }
        secrets::check(transform.get("config"), source, problems);
        if let Some(when) = transform.entry("when") {
            condition(when, problems);
        }
    }
}

fn condition(when: &Entry, problems: &mut Vec<Problem>) {
    if let Some(topic) = when.node.get("topic")
        && let Some(text) = topic.text()
    {
        check_regex("`when.topic`", text, topic.span, problems);
    }
    let others = ["topic", "header", "tombstone"];
    if let Some(negate) = when.node.entry("negate")
        && !others.iter().any(|key| when.node.entry(key).is_some())
    {
        problems.push(Problem::error(
            negate.key_span,
            "`negate` has no condition to turn round",
            "stands alone",
            "add `topic`, `header` or `tombstone`, or take it out",
        ));
    }
}
