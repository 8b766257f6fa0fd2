//! Secrets that stand in the file itself.

use crate::config::{
    Problem, Source, is_sensitive,
    tree::{Entry, Node, Value},
};

/// Warns of each secret in `settings` that is written out. It works, and is then in every copy of the file.
pub(super) fn check(settings: Option<&Node>, source: &Source, problems: &mut Vec<Problem>) {
    let sensitive =
        |entry: &&Entry| is_sensitive(&entry.key) && is_written_out(&entry.node, source);
    for entry in settings.map(Node::entries).unwrap_or_default().iter().filter(sensitive) {
        let key = &entry.key;
        let variable: String = key
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        problems.push(Problem::warning(
            entry.anchor(),
            format!("the secret `{key}` stands in the file itself"),
            "secret in the file",
            format!("write `{key}: ${{env:{variable}}}`, or `${{file:/path}}`"),
        ));
    }
}

fn is_written_out(node: &Node, source: &Source) -> bool {
    let has_default =
        || source.spelt(node.span).split_once(":-").is_some_and(|(_, text)| !text.starts_with('}'));
    match &node.value {
        Value::Text(text) if text.is_empty() => false,
        Value::Text(_) | Value::Number(_) => !node.resolved || has_default(),
        _ => false,
    }
}
