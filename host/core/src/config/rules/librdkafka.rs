//! Properties of librdkafka's that are not the operator's to set, and those that do not go together. Whether a property
//! exists and takes its value, librdkafka itself is asked later.

use super::Declared;
use crate::config::{
    Problem,
    tree::{Entry, Node},
};

/// Properties of librdkafka's that are Transom's to set, or nobody's.
#[derive(Debug, Clone, Copy)]
pub struct OwnedProperty {
    /// Their names.
    pub names: &'static [&'static str],
    /// Why they are no configuration.
    pub reason: &'static str,
    /// What to do instead.
    pub help: &'static str,
}

/// All of them.
pub const OWNED_PROPERTIES: [OwnedProperty; 9] = [
    OwnedProperty {
        names: &[
            "enable.auto.commit",
            "auto.commit.enable",
            "enable.auto.offset.store",
            "auto.commit.interval.ms",
        ],
        reason: "an offset is committed once everything before it is delivered, never by the clock alone",
        help: "take it out; how often is `offset.flush.interval.ms`",
    },
    OwnedProperty {
        names: &["enable.partition.eof", "offset.store.method"],
        reason: "no task waits for the end of a partition, and offsets are in Kafka or in the sink",
        help: "take it out",
    },
    OwnedProperty {
        names: &["plugin.library.paths"],
        reason: "it loads native code into the process",
        help: "take it out",
    },
    OwnedProperty {
        names: &["group.id"],
        reason: "each connector has a group of its own",
        help: "write `group.id` in the connector itself, beside `topics`",
    },
    OwnedProperty {
        names: &["enable.idempotence"],
        reason: "producers are always idempotent",
        help: "take it out",
    },
    OwnedProperty {
        names: &["acks", "request.required.acks"],
        reason: "a record counts as delivered once all in-sync replicas have it",
        help: "take it out; `acks=all` is always set",
    },
    OwnedProperty {
        names: &["message.timeout.ms", "delivery.timeout.ms"],
        reason: "a record that expires while later ones arrive would break the order",
        help: "take it out; the task retries without limit and turns DEGRADED meanwhile",
    },
    OwnedProperty {
        names: &["transactional.id"],
        reason: "producers are idempotent, not transactional",
        help: "take it out",
    },
    OwnedProperty {
        names: &["partitioner"],
        reason: "keys must land where Java's producers put them (`murmur2_random`)",
        help: "take it out; `keep.partition` of the Kafka sink keeps the partition's number",
    },
];

/// What belongs to the classic group protocol alone (KIP-848).
const CLASSIC: [&str; 4] = [
    "partition.assignment.strategy",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "group.protocol.type",
];

/// Checks `kafka`, which every connector begins from.
pub(super) fn check_cluster(root: &Node, problems: &mut Vec<Problem>) {
    let Some(kafka) = root.entry("kafka") else { return };
    has_servers(kafka, problems);
    owned(&kafka.node, problems);
    if let Some(level) = kafka.node.entry("isolation.level") {
        problems.push(Problem::error(
            level.key_span,
            "`isolation.level` is decided for each connector",
            "not for all",
            "move it to the `consumer.override` of the connector",
        ));
    }
    protocol(&kafka.node, None, problems);
}

/// Checks what a connector adds.
pub(super) fn check(connector: &Declared<'_>, root: &Node, problems: &mut Vec<Problem>) {
    for properties in connector.properties() {
        owned(properties, problems);
    }
    let sink = connector.sink("kafka");
    if let Some(cluster) = sink.and_then(|sink| sink.entry("cluster")) {
        has_servers(cluster, problems);
    }
    if let Some(overridden) = connector.node.get("consumer.override") {
        isolation(overridden, problems);
        protocol(overridden, root.get("kafka"), problems);
    }
}

fn has_servers(cluster: &Entry, problems: &mut Vec<Problem>) {
    let names = ["bootstrap.servers", "metadata.broker.list"];
    if cluster.node.is_map() && !names.iter().any(|name| cluster.node.get(name).is_some()) {
        problems.push(Problem::error(
            cluster.key_span,
            format!("`{}` lacks `bootstrap.servers`", cluster.key),
            "without brokers",
            "add `bootstrap.servers: host:9092`",
        ));
    }
}

fn owned(properties: &Node, problems: &mut Vec<Problem>) {
    for entry in properties.entries() {
        let Some(owned) =
            OWNED_PROPERTIES.iter().find(|owned| owned.names.contains(&entry.key.as_str()))
        else {
            continue;
        };
        let message = format!("`{}` is not for configuration: {}", entry.key, owned.reason);
        problems.push(Problem::error(entry.key_span, message, "not to be set", owned.help));
    }
}

fn isolation(properties: &Node, problems: &mut Vec<Problem>) {
    let Some(level) = properties.get("isolation.level") else { return };
    if level.is_whole() && !matches!(level.text(), Some("read_committed" | "read_uncommitted")) {
        problems.push(Problem::error(
            level.span,
            "`isolation.level` is `read_committed` or `read_uncommitted`",
            "not one of them",
            "take it out for `read_committed`",
        ));
    }
}

/// Settings of one group protocol beside the other. `below` are the properties that these are laid over.
fn protocol(properties: &Node, below: Option<&Node>, problems: &mut Vec<Problem>) {
    let chosen = |node: &Node| node.text_of("group.protocol").map(str::to_lowercase);
    let protocol = chosen(properties).or_else(|| below.and_then(chosen));
    let is_new = protocol.as_deref() == Some("consumer");
    let (foreign, own, help): (&[&str], _, _) = if is_new {
        (
            &CLASSIC,
            "`group.protocol: consumer`",
            "take it out: the broker decides it under this protocol; or set `group.protocol: classic`",
        )
    } else {
        let help = "set `group.protocol: consumer` beside it, or take it out";
        (&["group.remote.assignor"], "the classic group protocol", help)
    };
    // What `kafka` says is wrong here only if it is this override that chooses the protocol.
    let chooses = below.is_some() && chosen(properties).is_some();
    let inherited = below.filter(|below| chooses && chosen(below) != protocol);
    for entry in properties.entries().iter().chain(inherited.into_iter().flat_map(Node::entries)) {
        if foreign.contains(&entry.key.as_str()) {
            problems.push(Problem::error(
                entry.key_span,
                format!("`{}` does not go with {own}", entry.key),
                "other group protocol",
                help,
            ));
        }
    }
}
