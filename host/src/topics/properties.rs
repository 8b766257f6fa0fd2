//! Which properties a client gets: ours, the operator's over our defaults, and what follows from a task's budget of bytes.

use super::error::TopicsError;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use transom_core::config::{OWNED_PROPERTIES, OwnedProperty, Properties};

/// What a producer hands over at most where the operator does not say, in bytes of a record with key and headers. Brokers take
/// 1 048 588 by default, more than librdkafka's own bound of 1 000 000: what was read must get through, with the headers of
/// a dead letter too. What is too large for a topic is the topic's to say. More than this some hosted clusters let no topic take.
pub const MESSAGE_MAX_BYTES: usize = 8 << 20;

/// Bytes that librdkafka spends on a record beside its key and value, roughly.
const RECORD_OVERHEAD: usize = 400;

/// Refuses what is not the operator's to set.
pub(super) fn check(properties: &Properties) -> Result<(), TopicsError> {
    for OwnedProperty { names, reason, help } in OWNED_PROPERTIES {
        if let Some(name) = names.iter().find(|name| properties.contains_key(**name)) {
            return Err(TopicsError::Owned { property: (*name).to_owned(), reason, help });
        }
    }
    Ok(())
}

/// Lays `overrides` over `base`.
pub(super) fn merged(base: &Properties, overrides: &Properties) -> Properties {
    base.iter().chain(overrides).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A client that asks and neither joins a group nor writes.
pub(super) fn plain(properties: &Properties) -> ClientConfig {
    config(properties, &[("client.id", "transom".to_owned())])
}

/// A member of a group.
pub(super) fn member(
    properties: &Properties,
    group: &str,
    task: usize,
    buffer: usize,
) -> ClientConfig {
    let mut defaults = vec![
        ("client.id", format!("transom-{group}-{task}")),
        // One message in the queue of a task may wait this long for room; a second, the default, stalls it as long.
        ("fetch.queue.backoff.ms", "10".to_owned()),
        ("isolation.level", "read_committed".to_owned()),
        // What is not there yet is found in ten seconds instead of five minutes.
        ("topic.metadata.refresh.interval.ms", "10000".to_owned()),
        // Tells of partitions that librdkafka has stopped fetching without a word.
        ("statistics.interval.ms", "10000".to_owned()),
    ];
    defaults.extend(read_ahead(buffer));
    let protocol = properties.get("group.protocol");
    if protocol.is_none_or(|protocol| protocol.eq_ignore_ascii_case("classic")) {
        defaults.push(("partition.assignment.strategy", "cooperative-sticky".to_owned()));
    }
    let mut config = config(properties, &defaults);
    if let Some(instance) = properties.get("group.instance.id") {
        config.set("group.instance.id", format!("{instance}-{task}"));
    }
    config.set("group.id", group);
    // The task decides where a partition begins: librdkafka never chooses, it says that it would have to.
    config.set("auto.offset.reset", "error");
    config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
    config
}

/// Read-ahead that fits into `buffer` bytes: half of it for keys and values, half for what librdkafka spends on each record.
fn read_ahead(buffer: usize) -> [(&'static str, String); 3] {
    let kilobytes = (buffer / 2 / 1024).clamp(1, 2_097_151);
    let records = (buffer / 2 / RECORD_OVERHEAD).clamp(1, 10_000_000);
    // Of each partition at a time; a record that is larger comes all the same.
    let of_partition = (buffer / 16).clamp(64 << 10, 1 << 20);
    [
        ("queued.max.messages.kbytes", kilobytes.to_string()),
        ("queued.min.messages", records.to_string()),
        ("fetch.message.max.bytes", of_partition.to_string()),
    ]
}

/// A writer.
pub(super) fn producer(properties: &Properties) -> ClientConfig {
    let defaults = [
        ("client.id", "transom".to_owned()),
        ("acks", "all".to_owned()),
        ("enable.idempotence", "true".to_owned()),
        // Keys land where Java's producers put them.
        ("partitioner", "murmur2_random".to_owned()),
        ("message.timeout.ms", "0".to_owned()),
        // For a record alone: batches stay below `batch.size`, a megabyte.
        ("message.max.bytes", MESSAGE_MAX_BYTES.to_string()),
        ("linger.ms", "5".to_owned()),
        // librdkafka's own bound is a gigabyte.
        ("queue.buffering.max.kbytes", "65536".to_owned()),
    ];
    config(properties, &defaults)
}

fn config(properties: &Properties, defaults: &[(&str, String)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in defaults {
        config.set(*name, value.clone());
    }
    for (name, value) in properties {
        config.set(plain_name(name), value.clone());
    }
    let debug = tracing::enabled!(target: "kafka", tracing::Level::DEBUG);
    config.set_log_level(if debug { RDKafkaLogLevel::Debug } else { RDKafkaLogLevel::Info });
    config
}

/// librdkafka's first name of what has two: set once under each, the order would decide.
fn plain_name(name: &str) -> &str {
    match name {
        "request.required.acks" => "acks",
        "max.partition.fetch.bytes" => "fetch.message.max.bytes",
        "queue.buffering.max.ms" => "linger.ms",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(of: &[(&str, &str)]) -> Properties {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_we_own_is_refused_with_the_way_out() {
        let check = |name, value| check(&properties(&[(name, value)])).err().map(|e| e.to_string());
        assert_eq!(
            check("enable.auto.commit", "true").as_deref(),
            Some(
                "property `enable.auto.commit` cannot be set: an offset is committed once everything before it is delivered, never by the clock alone; take it out; how often is `offset.flush.interval.ms`"
            )
        );
        for name in OWNED_PROPERTIES.iter().flat_map(|owned| owned.names) {
            assert!(check(name, "x").is_some(), "{name}");
        }
        assert_eq!(check("ssl.ca.location", "ca.pem"), None);
        assert_eq!(check("partition.assignment.strategy", "range"), None);
    }

    #[test]
    fn a_group_is_shared_out_as_the_operator_says() {
        let strategy = |of: &[(&str, &str)]| {
            let config = member(&properties(of), "g", 0, 1 << 20);
            config.get("partition.assignment.strategy").map(str::to_owned)
        };
        assert_eq!(strategy(&[]).as_deref(), Some("cooperative-sticky"));
        assert_eq!(
            strategy(&[("group.protocol", "Classic")]).as_deref(),
            Some("cooperative-sticky")
        );
        assert_eq!(
            strategy(&[("partition.assignment.strategy", "range")]).as_deref(),
            Some("range")
        );
        assert_eq!(strategy(&[("group.protocol", "consumer")]), None);
    }

    #[test]
    fn read_ahead_follows_the_budget_and_the_operator_wins() {
        let config = member(&properties(&[("queued.min.messages", "7")]), "g", 0, 16 << 20);
        assert_eq!(config.get("queued.max.messages.kbytes"), Some("8192"));
        assert_eq!(config.get("queued.min.messages"), Some("7"));
        assert_eq!(config.get("fetch.message.max.bytes"), Some("1048576"));
    }

    #[test]
    fn a_producer_hands_over_what_brokers_take_unless_the_operator_says_otherwise() {
        let bound = |of: &[(&str, &str)]| {
            let config = producer(&properties(of));
            config.get("message.max.bytes").map(str::to_owned)
        };
        assert_eq!(bound(&[]).as_deref(), Some("8388608"));
        assert_eq!(bound(&[("message.max.bytes", "7000")]).as_deref(), Some("7000"));
    }

    #[test]
    fn a_member_is_its_own_instance() {
        let set = properties(&[("group.instance.id", "host-a"), ("group.protocol", "consumer")]);
        let config = member(&set, "g", 3, 1 << 20);
        assert_eq!(config.get("group.instance.id"), Some("host-a-3"));
    }

    #[test]
    fn librdkafka_takes_what_we_set() {
        for config in [
            plain(&Properties::default()),
            member(&Properties::default(), "g", 0, 1),
            producer(&Properties::default()),
        ] {
            assert!(config.create_native_config().is_ok());
        }
    }
}
