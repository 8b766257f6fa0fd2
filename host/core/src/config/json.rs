//! From the tree to types: the tree is written as JSON, serde reads that, and an error's column leads back to the node.
//!
//! JSON is what the settings of a transform are handed on as, numbers spelt as they were.

use super::{
    Problem, Span,
    tree::{Node, Value},
};
use serde::de::DeserializeOwned;

/// Reads a type from a tree without known problems.
pub(super) fn read<T: DeserializeOwned>(root: &Node) -> Result<T, Problem> {
    let mut writer = Writer::default();
    writer.write(root);
    serde_json::from_str(&writer.json).map_err(|error| {
        let node = writer.node_at(error.column(), root);
        Problem::error(
            node.span,
            format!("the value does not fit{}", expectation(&error.to_string())),
            "does not fit",
            "docs/reference.md has every setting with its type and range",
        )
    })
}

/// What serde expected; what was there may be a secret and is not repeated (invariant 9).
fn expectation(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    message
        .split_once("expected ")
        .map(|(_, expected)| format!(": expected {expected}"))
        .unwrap_or_default()
}

#[derive(Default)]
struct Writer<'a> {
    json: String,
    /// Each node with the range of its JSON, inner ones first.
    nodes: Vec<(Span, &'a Node)>,
}

impl<'a> Writer<'a> {
    fn write(&mut self, node: &'a Node) {
        let start = self.json.len();
        match &node.value {
            Value::Broken | Value::Null => self.json.push_str("null"),
            Value::Bool(value) => self.json.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => self.json.push_str(number),
            Value::Text(text) => self.text(text),
            Value::List(items) => {
                self.all('[', ']', items, Self::write);
            }
            Value::Map(entries) => self.all('{', '}', entries, |writer, entry| {
                writer.text(&entry.key);
                writer.json.push(':');
                writer.write(&entry.node);
            }),
        }
        self.nodes.push((Span { start, end: self.json.len() }, node));
    }

    fn all<T>(&mut self, open: char, close: char, all: &'a [T], write: impl Fn(&mut Self, &'a T)) {
        self.json.push(open);
        for (at, one) in all.iter().enumerate() {
            if at > 0 {
                self.json.push(',');
            }
            write(self, one);
        }
        self.json.push(close);
    }

    fn text(&mut self, text: &str) {
        let mut quoted = Vec::new();
        crate::json::escape(text, &mut quoted);
        self.json.push_str(&String::from_utf8_lossy(&quoted));
    }

    /// The innermost node whose JSON ends at or behind `column`.
    fn node_at(&self, column: usize, root: &'a Node) -> &'a Node {
        let around = |(span, _): &&(Span, &Node)| span.start < column && column <= span.end;
        self.nodes.iter().find(around).map_or(root, |(_, node)| node)
    }
}
