//! Types, ranges and patterns of single values.

use super::{Checker, caret, types};
use crate::config::{
    Place, Problem, Span,
    connector::IN_WORDS,
    tree::{Node, Value as Tree},
};
use regex::Regex;
use serde_json::Value;

impl Checker<'_> {
    /// True if the node has a type that the schema takes, or can be read so. What has not is reported.
    pub(super) fn has_type(
        &mut self,
        node: &mut Node,
        key: Span,
        schema: &Value,
        place: &Place,
    ) -> bool {
        let types = types(schema);
        if types.contains(&"object") && node.value == Tree::Null && schema.get("required").is_none()
        {
            node.value = Tree::Map(Vec::new());
        }
        if !fits(node, &types) && node.resolved && types.contains(&"string") {
            node.value = Tree::Text(spelt(&node.value));
        }
        let fits = fits(node, &types);
        if !fits {
            self.wrong_type(node, key, &types, place);
        }
        fits
    }

    pub(super) fn wrong_type(&mut self, node: &Node, key: Span, types: &[&str], place: &Place) {
        self.hide_leaves(node);
        if types.contains(&"object") && node.text().is_some() {
            // Java's properties in one text, for example.
            self.source.hide(node.span);
        }
        let expected = in_words(types);
        let message = match place.short() {
            top if top.is_empty() => {
                format!("the file holds {}, expected {expected}", node.value.describe())
            }
            name => format!("`{name}` takes {expected}, found {}", node.value.describe()),
        };
        let help = match &node.value {
            _ if place.steps().is_empty() => {
                "begin with `kafka: {bootstrap.servers: ...}` and `connectors: {...}`".to_owned()
            }
            Tree::Number(_) | Tree::Bool(_) if types.contains(&"string") => {
                "put it in quotes".to_owned()
            }
            Tree::Text(text) if types.contains(&"boolean") && !node.resolved => {
                match text.to_lowercase().as_str() {
                    "yes" | "on" | "true" => "write `true`, without quotes".to_owned(),
                    "no" | "off" | "false" => "write `false`, without quotes".to_owned(),
                    _ => format!("write {expected}"),
                }
            }
            Tree::Text(_) if types.contains(&"integer") => {
                "write digits alone, without quotes, unit or separators".to_owned()
            }
            Tree::Null => format!("write {expected} behind it, or take the key out"),
            _ => format!("write {expected}"),
        };
        self.problems.push(Problem::error(caret(node, key), message, "wrong type", help));
    }

    /// Range or pattern of a scalar whose type is right.
    pub(super) fn scalar(&mut self, node: &Node, schema: &Value, place: &Place) {
        match &node.value {
            Tree::Number(number) => self.range(node, number, schema, place),
            Tree::Text(text) => {
                let pattern = schema.get("pattern").and_then(Value::as_str);
                let pattern = pattern.and_then(|pattern| Regex::new(pattern).ok());
                if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
                    let message = match expected(schema) {
                        Some(expected) => format!("`{}` takes {expected}", place.short()),
                        None => format!("`{}` has another form", place.short()),
                    };
                    let examples = schema.get("examples").and_then(Value::as_array);
                    let examples: Vec<&str> =
                        examples.into_iter().flatten().filter_map(Value::as_str).collect();
                    let help = format!("write it like {}", super::one_of(&examples));
                    self.problems.push(Problem::error(node.span, message, "not read", help));
                }
            }
            _ => (),
        }
    }

    fn range(&mut self, node: &Node, number: &str, schema: &Value, place: &Place) {
        let Ok(value) = number.parse::<i128>() else { return };
        let (least, most) = range(schema);
        if (least..=most).contains(&value) {
            return;
        }
        let in_words = range_in_words(schema).filter(|_| value < least);
        let in_words = in_words.unwrap_or_else(|| format!("{least} to {most}"));
        let expected = expected(schema).map_or(in_words.clone(), str::to_owned);
        let found = if node.resolved { "another number".to_owned() } else { format!("`{number}`") };
        let message = format!("`{}` takes {expected}, found {found}", place.short());
        let help = format!("write a whole number, {in_words}");
        self.problems.push(Problem::error(node.span, message, "out of range", help));
    }
}

/// What a schema takes, where one of ours says so in words of its own.
fn expected(schema: &Value) -> Option<&str> {
    schema.get(IN_WORDS).and_then(Value::as_str)
}

/// Least and greatest value that a schema of whole numbers takes.
fn range(schema: &Value) -> (i128, i128) {
    let bound = |key| schema.get(key).and_then(Value::as_i64).map(i128::from);
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint" | "uint64") => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    };
    (bound("minimum").unwrap_or(least), bound("maximum").unwrap_or(most))
}

/// The range that a schema names, in words.
fn range_in_words(schema: &Value) -> Option<String> {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("{least} or more")),
        (None, Some(most)) => Some(format!("{most} or less")),
        (None, None) => None,
    }
}

/// True if a node is of one of these types; all are taken where none is named.
pub(super) fn fits(node: &Node, types: &[&str]) -> bool {
    let is = |name: &&str| match &node.value {
        Tree::Broken => true,
        Tree::Null => *name == "null",
        Tree::Bool(_) => *name == "boolean",
        Tree::Number(number) => {
            *name == "number" || *name == "integer" && number.parse::<i128>().is_ok()
        }
        Tree::Text(_) => *name == "string",
        Tree::List(_) => *name == "array",
        Tree::Map(_) => *name == "object",
    };
    types.is_empty() || types.iter().any(is)
}

fn in_words(types: &[&str]) -> String {
    // A property of librdkafka's takes any scalar, which is text to it.
    let is_text = types.contains(&"string") && types.contains(&"number");
    let types = if is_text { &["string"] } else { types };
    let words = types.iter().filter_map(|name| {
        Some(match *name {
            "string" => "text",
            "integer" => "a whole number",
            "number" => "a number",
            "boolean" => "`true` or `false`",
            "array" => "a list",
            "object" => "settings (`key: value`)",
            _ => return None,
        })
    });
    words.collect::<Vec<_>>().join(" or ")
}

fn spelt(value: &Tree) -> String {
    match value {
        Tree::Number(text) | Tree::Text(text) => text.clone(),
        Tree::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}
