//! Converters: what they need, and what they cannot do where they stand.

use super::{Declared, check_regex};
use crate::config::{Problem, Span, tree::Node};

pub(super) fn check(connector: &Declared<'_>, root: &Node, problems: &mut Vec<Problem>) {
    let schemas = root.get("schemas").and_then(|schemas| schemas.get("protobuf"));
    let has_schemas = schemas.is_some_and(|schemas| !schemas.names_none());
    let own =
        ["key", "value", "header"].map(|key| (connector.node.get(key), connector.source.is_some()));
    let sink = connector.sink("kafka");
    let of_sink = ["key", "value"].map(|key| (sink.and_then(|sink| sink.get(key)), true));
    if let Some(sink) = sink {
        inherited(connector.node, sink, problems);
    }
    for (converter, writes) in own.into_iter().chain(of_sink) {
        let Some(converter) = converter else { continue };
        if let Some(protobuf) = converter.entry("protobuf") {
            messages(&protobuf.node, protobuf.key_span, problems);
            if !has_schemas {
                problems.push(Problem::error(
                    protobuf.key_span,
                    "the `protobuf` converter has no descriptors",
                    "needs schemas",
                    "add at the top of the file `schemas: {protobuf: [proto/]}` with the folder of the `.proto` files",
                ));
            }
        }
        let envelope = converter.get("json").and_then(|json| json.entry("schemas.enable"));
        if let Some(envelope) = envelope
            && writes
            && envelope.node.is_true()
        {
            problems.push(Problem::error(
                envelope.anchor(),
                "`schemas.enable` is for reading; the envelope with a schema is not written",
                "cannot be written",
                "take it out: the value is written as plain JSON",
            ));
        }
    }
}

/// Converters that a `kafka` sink has from its connector, and would write with what a transform changed.
fn inherited(connector: &Node, sink: &Node, problems: &mut Vec<Problem>) {
    let is_changed = connector.get("transforms").is_some_and(|all| !all.items().is_empty());
    for key in ["key", "value"] {
        let json = connector.get(key).and_then(|converter| converter.get("json"));
        let envelope = json.and_then(|json| json.entry("schemas.enable"));
        if let Some(envelope) = envelope
            && is_changed
            && sink.get(key).is_none()
            && envelope.node.is_true()
        {
            problems.push(Problem::error(
                envelope.anchor(),
                "the `kafka` sink cannot write `schemas.enable`, and has no converter of its own for what a transform changes",
                "cannot be written",
                format!("add `{key}: {{json: {{}}}}` to the sink: plain JSON is written"),
            ));
        }
    }
}

fn messages(protobuf: &Node, key: Span, problems: &mut Vec<Problem>) {
    let Some(messages) = protobuf.entry("messages") else { return };
    let entries = messages.node.entries();
    if entries.is_empty() && messages.node.is_map() {
        problems.push(Problem::error(
            key,
            "`messages` names no message",
            "is empty",
            "name the message of each topic: `messages: {orders: {type: shop.Order}}`",
        ));
    }
    for entry in entries {
        if let Some(pattern) = entry.key.strip_prefix('/') {
            let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
            check_regex("this pattern", pattern, entry.key_span, problems);
        }
    }
}
