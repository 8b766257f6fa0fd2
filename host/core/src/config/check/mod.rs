//! The tree against the JSON Schema: unknown and missing keys, types, ranges, choices. It knows the part of JSON Schema
//! that is made of our types, and passes over the rest.
//!
//! On the way it decides what of the text may be shown, and reads what the schema makes unambiguous: nothing behind a
//! key is the same as no key, and what came from a variable is text where text is expected.

mod hints;
mod map;
mod scalar;

pub use hints::CONNECT_SETTINGS;

use super::{
    Place, Problem, Source, Span, is_sensitive, suggest,
    tree::{Entry, Node, Value as Tree},
};
use serde_json::Value;

/// Checks a node, and hides in `source` what may be a secret. `key` is where a caret points if the node is no scalar.
pub(super) fn check(
    node: &mut Node,
    (key, place): (Span, &Place),
    schema: &Value,
    source: &mut Source,
) -> Vec<Problem> {
    let mut checker = Checker { root: schema, source, problems: Vec::new() };
    checker.node(node, key, schema, place);
    checker.problems
}

struct Checker<'a> {
    root: &'a Value,
    source: &'a mut Source,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    /// Checks one node. `key` is where a caret points if the node is no scalar.
    fn node(&mut self, node: &mut Node, key: Span, schema: &'a Value, place: &Place) {
        let schema = self.resolved(schema);
        if node.value == Tree::Broken {
            return;
        }
        if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
            return self.any_of(node, key, choices, place);
        }
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            if is_enumeration(choices) {
                return self.enumeration(node, key, choices, place);
            }
            return self.choice(node, key, choices, place);
        }
        if !self.has_type(node, key, schema, place) {
            return;
        }
        match &mut node.value {
            Tree::Map(_) => self.map(node, key, schema, place),
            Tree::List(items) => {
                let Some(schema) = schema.get("items") else { return };
                for (at, item) in items.iter_mut().enumerate() {
                    self.node(item, item.span, schema, &place.index(at));
                }
            }
            _ => self.scalar(node, schema, place),
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let name = schema.get("$ref").and_then(Value::as_str);
        let definition = name.and_then(|name| self.root.pointer(name.trim_start_matches('#')));
        definition.unwrap_or(schema)
    }

    /// Of several schemas the one whose type the node has; settings of ours differ in nothing else.
    fn any_of(&mut self, node: &mut Node, key: Span, choices: &'a [Value], place: &Place) {
        let choices: Vec<&Value> = choices.iter().map(|choice| self.resolved(choice)).collect();
        let other = |choice: &&&Value| types(choice) != ["null"];
        let fitting = choices.iter().find(|choice| scalar::fits(node, &types(choice)));
        let schema = fitting.or_else(|| choices.iter().rfind(other));
        let several = choices.iter().filter(other).count() > 1;
        match (fitting, schema) {
            (None, Some(_)) if several => {
                let names: Vec<&str> = choices.iter().flat_map(|choice| types(choice)).collect();
                self.wrong_type(node, key, &names, place);
            }
            (_, Some(schema)) if types(schema) != ["null"] => self.node(node, key, schema, place),
            _ => (),
        }
    }

    /// One of several words.
    fn enumeration(&mut self, node: &Node, key: Span, choices: &'a [Value], place: &Place) {
        let words: Vec<&str> = choices.iter().flat_map(words).collect();
        let Some(text) = node.text() else {
            return self.wrong_word(node, key, &words, place);
        };
        if !words.contains(&text) {
            self.wrong_word(node, key, &words, place);
        }
    }

    fn wrong_word(&mut self, node: &Node, key: Span, words: &[&str], place: &Place) {
        self.hide_leaves(node);
        let shown = node.text().filter(|_| !node.resolved);
        let found =
            shown.map_or_else(|| node.value.describe().to_owned(), |text| format!("`{text}`"));
        let help = match shown.and_then(|text| suggest::nearest(text, words.iter().copied())) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("write {}", one_of(words)),
        };
        let message = format!("`{}` is {}, found {found}", place.short(), one_of(words));
        self.problems.push(Problem::error(caret(node, key), message, "not one of them", help));
    }

    /// A map with one key, which says what is chosen: `sink: {sqlite: {…}}`.
    fn choice(&mut self, node: &mut Node, key: Span, choices: &'a [Value], place: &Place) {
        let tags: Vec<&str> = choices.iter().flat_map(tags).collect();
        let name = place.short();
        if !matches!(node.value, Tree::Map(_)) {
            return self.no_choice(node, key, &tags, place);
        }
        if node.entries().len() != 1 {
            let span = node.entries().get(1).map_or(key, |second| second.key_span);
            let message = format!("`{name}` takes one choice, found {}", node.entries().len());
            let given = |tag: &&str| node.entry(tag).is_some();
            let given: Vec<&str> = tags.iter().copied().filter(given).collect();
            let help = format!("keep {}", one_of(if given.is_empty() { &tags } else { &given }));
            self.problems.push(Problem::error(span, message, "one of them", help));
            return self.hide_leaves(node);
        }
        let Tree::Map(entries) = &mut node.value else { return };
        let Some(Entry { key: tag, key_span, node: settings }) = entries.first_mut() else {
            return;
        };
        let schema = choices.iter().find_map(|choice| choice.get("properties")?.get(tag.as_str()));
        if let Some(schema) = schema {
            return self.node(settings, *key_span, schema, &place.key(tag));
        }
        let help = match suggest::nearest(tag, tags.iter().copied()) {
            Some(tag) => format!("did you mean `{tag}`?"),
            None => format!("write {}", one_of(&tags)),
        };
        let message = format!("`{name}` has no choice `{tag}`");
        self.problems.push(Problem::error(*key_span, message, "unknown choice", help));
        self.hide_leaves(node);
    }

    /// Something else where a choice should be.
    fn no_choice(&mut self, node: &Node, key: Span, tags: &[&str], place: &Place) {
        let name = place.short();
        let chosen = node.text().filter(|text| tags.contains(text));
        let help = match chosen {
            Some(tag) => format!("write `{name}: {{{tag}: {{}}}}`"),
            None => format!("write `{name}: {{NAME: {{}}}}`, where NAME is {}", one_of(tags)),
        };
        let message = format!("`{name}` takes a choice and its settings");
        self.problems.push(Problem::error(caret(node, key), message, "no choice", help));
        self.hide_leaves(node);
    }

    /// Hides every value in `node`, which is something that nobody expects there.
    fn hide_leaves(&mut self, node: &Node) {
        for entry in node.entries() {
            self.hide_value(entry);
        }
        node.items().iter().for_each(|item| self.hide_leaves(item));
    }

    fn hide_value(&mut self, entry: &Entry) {
        let after_key = self.source.spelt(Span { start: entry.key_span.end, ..entry.span() });
        let blanks = after_key.len() - after_key.trim_start_matches([':', ' ']).len();
        let start = entry.key_span.end + blanks;
        self.source.hide(Span { start, end: entry.node.span.end.max(start) });
        // The value of a name that is merely unknown is found in many a message by chance.
        if !is_sensitive(&entry.key) {
            return;
        }
        if let Tree::Number(text) | Tree::Text(text) = &entry.node.value {
            self.source.keep_secret(text);
        }
    }
}

/// A scalar itself, or the key of anything else.
fn caret(node: &Node, key: Span) -> Span {
    match node.value {
        Tree::Map(_) | Tree::List(_) | Tree::Null | Tree::Broken => key,
        _ => node.span,
    }
}

fn is_enumeration(choices: &[Value]) -> bool {
    choices.iter().all(|choice| choice.get("const").or(choice.get("enum")).is_some())
}

fn words(choice: &Value) -> impl Iterator<Item = &str> {
    let several = choice.get("enum").and_then(Value::as_array).into_iter().flatten();
    choice.get("const").into_iter().chain(several).filter_map(Value::as_str)
}

fn tags(choice: &Value) -> impl Iterator<Item = &str> {
    choice
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(tag, _)| tag.as_str())
}

/// The types that a schema takes.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        // A choice of ours is an object, or a word.
        _ => match schema.get("oneOf").and_then(Value::as_array) {
            Some(choices) if is_enumeration(choices) => vec!["string"],
            Some(_) => vec!["object"],
            None => Vec::new(),
        },
    }
}

/// Words as a sentence has them: `` `a`, `b` or `c` ``.
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}
