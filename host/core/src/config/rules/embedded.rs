//! What goes with the broker inside the process, and what it has not got.

use super::Declared;
use crate::config::{EMBEDDED, Problem, tree::Node};

/// Properties that ask for what the embedded broker has not got: name, what it has (all other values being too much), and the
/// way out.
const ALONE: [(&str, &str, &str); 2] = [
    (
        "security.protocol",
        "plaintext",
        "take it out, or let it come with the cluster: `${env:NAME:-plaintext}`",
    ),
    (
        "group.protocol",
        "classic",
        "take it out, or let it come with the cluster: `${env:NAME:-classic}`; `consumer` (KIP-848) needs a cluster of Kafka 4",
    ),
];

/// Checks `kafka`, where it may be meant.
pub(super) fn check_cluster(root: &Node, problems: &mut Vec<Problem>) {
    if let Some(kafka) = root.get("kafka").filter(|kafka| is_meant(kafka)) {
        check_properties(kafka, problems);
    }
}

/// A client that asked for what the broker lacks would wait for it without a word.
fn check_properties(properties: &Node, problems: &mut Vec<Problem>) {
    for (name, has, help) in ALONE {
        let Some(property) = properties.get(name).filter(|property| property.is_whole()) else {
            continue;
        };
        if property.text().is_some_and(|value| !value.eq_ignore_ascii_case(has)) {
            problems.push(Problem::error(
                property.span,
                format!("the embedded broker has no `{name}` but `{has}`"),
                "not with `bootstrap.servers: embedded`",
                help,
            ));
        }
    }
}

/// Checks what a connector adds: properties laid over those of the broker inside the process, and the cluster that a sink
/// writes to, where that has no meaning.
pub(super) fn check(connector: &Declared<'_>, root: &Node, problems: &mut Vec<Problem>) {
    if root.get("kafka").is_some_and(is_meant) {
        for overridden in ["consumer.override", "producer.override"] {
            if let Some(properties) = connector.node.get(overridden) {
                check_properties(properties, problems);
            }
        }
    }
    elsewhere(connector, problems);
}

fn elsewhere(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let cluster = connector.sink("kafka").and_then(|sink| sink.get("cluster"));
    let Some(servers) = cluster.filter(|cluster| is_meant(cluster)).and_then(|of| of.get(SERVERS))
    else {
        return;
    };
    problems.push(Problem::error(
        servers.span,
        "`embedded` is no cluster to write to: it stands below `kafka` alone",
        "not here",
        "name the brokers as host:port; without `cluster` the sink writes to the cluster that is read from",
    ));
}

const SERVERS: &str = "bootstrap.servers";

fn is_meant(cluster: &Node) -> bool {
    cluster.text_of(SERVERS) == Some(EMBEDDED)
}
