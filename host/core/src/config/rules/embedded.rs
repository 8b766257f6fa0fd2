//! What goes with the broker inside the process, and what it has not got.

use super::Declared;
use crate::config::{EMBEDDED, Problem, tree::Node};

/// Properties that ask for what the embedded broker has not got: name, what it has, all other values being too much.
const ALONE: [(&str, &str); 2] =
    [("security.protocol", "plaintext"), ("group.protocol", "classic")];

/// Checks `kafka`, where it may be meant.
pub(super) fn check_cluster(root: &Node, problems: &mut Vec<Problem>) {
    let Some(kafka) = root.get("kafka").filter(|kafka| is_meant(kafka)) else { return };
    for (name, has) in ALONE {
        let Some(entry) = kafka.entry(name).filter(|entry| entry.node.is_whole()) else { continue };
        if entry.node.text().is_some_and(|value| !value.eq_ignore_ascii_case(has)) {
            problems.push(Problem::error(
                entry.node.span,
                format!("the embedded broker has no `{name}` but `{has}`"),
                "not with `bootstrap.servers: embedded`",
                format!("take it out, or let it come with the cluster: `${{env:NAME:-{has}}}`"),
            ));
        }
    }
}

/// Checks the cluster that a sink writes to, where it has no meaning.
pub(super) fn check(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
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
