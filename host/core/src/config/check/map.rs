//! Keys: unknown ones, missing ones, and those whose values nobody may see.

use super::{Checker, hints, one_of, types};
use crate::config::{
    Place, Problem, Span, is_sensitive, nearest_property, properties, suggest,
    tree::{Entry, Node, Value as Tree},
    yaml::REFUSED,
};
use serde_json::{Map, Value};

impl<'a> Checker<'a> {
    pub(super) fn map(&mut self, node: &mut Node, key: Span, schema: &'a Value, place: &Place) {
        let known = schema.get("properties").and_then(Value::as_object);
        self.missing(node, key, schema, place);
        let Tree::Map(entries) = &mut node.value else { return };
        let is_required = |name: &str| required(schema).any(|required| required == name);
        let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
        // Nothing behind a key that may be absent is the same as no key.
        entries.retain(|Entry { key, node, .. }| {
            node.value != Tree::Null || is_required(key) || !is_known(key)
        });
        for entry in entries {
            match known.and_then(|known| known.get(&entry.key)) {
                _ if entry.key == REFUSED => self.hide_value(entry),
                Some(schema) => self.known(entry, schema, place),
                None => match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => self.unknown(entry, known, place),
                    Some(schema @ Value::Object(_)) => self.named(entry, schema, place),
                    _ => self.free(entry),
                },
            }
        }
    }

    fn known(&mut self, entry: &mut Entry, schema: &'a Value, place: &Place) {
        if is_sensitive(&entry.key) {
            self.hide_value(entry);
        }
        self.node(&mut entry.node, entry.key_span, schema, &place.key(&entry.key));
    }

    /// An entry of a map whose keys are the operator's: names of connectors and topics, or properties of librdkafka's.
    fn named(&mut self, entry: &mut Entry, schema: &'a Value, place: &Place) {
        let is_property = types(schema).contains(&"string");
        if is_property && !properties::may_be_shown(&entry.key) {
            self.hide_value(entry);
        }
        self.node(&mut entry.node, entry.key_span, schema, &place.key(&entry.key));
    }

    /// An entry that only somebody else can judge.
    fn free(&mut self, entry: &Entry) {
        if is_sensitive(&entry.key) {
            return self.hide_value(entry);
        }
        let mut nodes = vec![&entry.node];
        while let Some(node) = nodes.pop() {
            for entry in node.entries() {
                if is_sensitive(&entry.key) {
                    self.hide_value(entry);
                } else {
                    nodes.push(&entry.node);
                }
            }
            nodes.extend(node.items());
        }
    }

    fn unknown(&mut self, entry: &Entry, known: Option<&Map<String, Value>>, place: &Place) {
        // It may be a secret whose name was mistyped.
        self.hide_value(entry);
        let known: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let message = match place.short() {
            top if top.is_empty() => format!("there is no setting `{}`", entry.key),
            parent => format!("`{parent}` has no setting `{}`", entry.key),
        };
        let help = if let Some(hint) = hints::of(&entry.key) {
            hint.to_owned()
        } else if let Some(near) = suggest::nearest(&entry.key, known.iter().copied()) {
            format!("did you mean `{near}`?")
        } else if nearest_property(&entry.key) == Some(&entry.key) {
            "properties of librdkafka's stand under `kafka`, `consumer.override` or `producer.override`".to_owned()
        } else {
            format!("settings here are {}", one_of(&known).replace(" or ", " and "))
        };
        self.problems.push(Problem::error(entry.key_span, message, "unknown setting", help));
    }

    fn missing(&mut self, node: &Node, key: Span, schema: &Value, place: &Place) {
        for name in required(schema).filter(|name| node.entry(name).is_none()) {
            let message = match place.short() {
                top if top.is_empty() => format!("the setting `{name}` is missing"),
                parent => format!("`{parent}` lacks the setting `{name}`"),
            };
            let about =
                schema.get("properties").and_then(|known| known.get(name)?.get("description"));
            let about = about.and_then(Value::as_str).unwrap_or_default();
            let sentence = about.split_once(". ").map_or(about, |(first, _)| first);
            let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
            let help = format!("add `{name}`. {}", sentence.trim_end_matches('.'));
            let label = format!("without `{name}`");
            self.problems.push(Problem::error(key, message, label, help.trim_end()));
        }
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}
