//! Names that Kafka, metrics and logs are to take: of topics, of groups, of connectors and transforms.

use super::{Declared, check_not_blank};
use crate::{
    config::{Problem, Span, tree::Node},
    topic::{NAME_BYTES, Template, is_legal_name, tasks_topic},
};

pub(super) fn check(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    of_connector(connector, problems);
    of_read_topics(connector.node, problems);
    if let Some(group) = connector.node.get("group.id") {
        let help = format!("name the group, or take it out for `connect-{}`", connector.name);
        check_not_blank("`group.id`", group, &help, problems);
    }
    if let Some(letters) = connector.node.get("errors.deadletterqueue.topic.name") {
        of_topic(letters, "; without the setting there are no dead letters", problems);
    }
    if let Some(template) = connector.sink("kafka").and_then(|sink| sink.get("topic")) {
        of_template(template, problems);
    }
    if let Some(topic) = connector.source("file").and_then(|source| source.get("topic")) {
        of_topic(topic, "", problems);
    }
    let made = connector.source("datagen").and_then(|source| source.get("topics"));
    for topic in made.map(Node::entries).unwrap_or_default() {
        let name = Name { text: &topic.key, is_secret: false };
        problems.extend(name.refused("", topic.key_span));
    }
}

/// What a name may not hold that stands in metrics and logs.
pub(super) fn check_plain(what: &str, name: &str, span: Span, problems: &mut Vec<Problem>) {
    let unfit = name.chars().find(|c| c.is_control() || matches!(c, '"' | '\\'));
    let fault = match unfit {
        _ if name.trim().is_empty() => "is empty".to_owned(),
        Some(c) => format!("holds {}", shown(c)),
        None => return,
    };
    problems.push(Problem::error(
        span,
        format!("the name of {what} {fault}"),
        "no name",
        "give it a name of printable characters, without quotes and backslashes: metrics and logs go by it",
    ));
}

/// Kafka takes almost any group, `connect-` and the name. Of a source it is the topic which shares out its task that has to
/// be legal.
fn of_connector(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let (name, before) = (connector.name, problems.len());
    check_plain("a connector", name, connector.key, problems);
    let topic = tasks_topic(name);
    if connector.source.is_some() && !is_legal_name(&topic) && problems.len() == before {
        problems.push(Problem::error(
            connector.key,
            format!("the name of a source connector is part of a topic, and {}", fault(&topic)),
            "makes no topic's name",
            format!(
                "the topic is `{}`: name the connector with letters, digits, dots, underscores and hyphens, {} at most",
                tasks_topic("NAME"),
                NAME_BYTES - tasks_topic("").len()
            ),
        ));
    }
}

fn of_read_topics(connector: &Node, problems: &mut Vec<Problem>) {
    let Some(topics) = connector.get("topics") else { return };
    for (text, node) in topics.names() {
        let name = Name { text, is_secret: node.resolved };
        let is_pattern = text.contains(['*', '+', '?', '|', '(', '[', '^', '$', '\\']);
        let more = if is_pattern { OF_PATTERNS } else { "" };
        problems.extend(name.refused(more, node.span));
    }
}

/// `more` is what the help says beside what a name may hold.
fn of_topic(node: &Node, more: &str, problems: &mut Vec<Problem>) {
    let Some(text) = node.text() else { return };
    let name = Name { text, is_secret: node.resolved };
    problems.extend(name.refused(more, node.span));
}

/// What stands beside `${topic}` is to be as legal as a name.
fn of_template(node: &Node, problems: &mut Vec<Problem>) {
    if node.text().is_some_and(|text| Template::parse(text).is_err()) {
        problems.push(Problem::error(
            node.span,
            "`topic` makes no name of a topic, whatever topic a record has",
            "makes no topic's name",
            format!("write {LEGAL}, and `${{topic}}` for the record's own topic"),
        ));
    }
}

const OF_PATTERNS: &str = "; a pattern stands under `topics.regex`";

const LEGAL: &str = "1 to 249 letters, digits, dots, underscores and hyphens";

/// A topic's name as it is written.
struct Name<'a> {
    text: &'a str,
    /// It came from outside, and is not shown (invariant 9).
    is_secret: bool,
}

impl Name<'_> {
    /// A problem if Kafka does not take it.
    fn refused(&self, more: &str, span: Span) -> Option<Problem> {
        let text = self.text;
        let message = match text {
            _ if is_legal_name(text) => return None,
            "" => "the name of a topic is empty".to_owned(),
            _ if self.is_secret => "what was put in is no name of a topic".to_owned(),
            _ if text.len() > NAME_BYTES => {
                format!("the name of a topic is too long: {} bytes", text.len())
            }
            _ => format!("`{text}` is no name of a topic: {}", fault(text)),
        };
        let meant = self.nearest().filter(|_| !self.is_secret && more != OF_PATTERNS);
        let meant = meant.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let help = format!("{meant}a topic has {LEGAL}{more}");
        Some(Problem::error(span, message, "no topic's name", help))
    }

    /// The same with hyphens for what is not legal, where that is no letter.
    fn nearest(&self) -> Option<String> {
        let trimmed = self.text.trim_matches(|c| !is_legal(c));
        let near = trimmed.replace(|c| !is_legal(c), "-");
        (self.text.is_ascii() && is_legal_name(&near)).then_some(near)
    }
}

/// What of a name that is not legal makes it so.
fn fault(name: &str) -> String {
    match name.chars().find(|c| !is_legal(*c)) {
        Some(c) => format!("it holds {}", shown(c)),
        None if name.len() > NAME_BYTES => format!("it has {} characters", name.len()),
        None => "Kafka keeps it for folders".to_owned(),
    }
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn shown(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '`' => "a backtick".to_owned(),
        c if c.is_control() => format!("`{}`", c.escape_debug()),
        c => format!("`{c}`"),
    }
}
