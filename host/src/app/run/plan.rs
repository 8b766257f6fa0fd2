//! From the configuration to what the runtime must know of a connector.

use crate::topics::MESSAGE_MAX_BYTES;
use std::time::Duration;
use transom_core::{
    config::{Config, Connector, Properties},
    topic::TopicCreation,
};
use transom_runtime::assembly::{DeadLetters, Direction, ErrorPolicy, ModuleName, Plan, Reset};

/// The plan of one connector; `modules` says what its stages run.
pub(super) fn plan(
    name: &str,
    connector: &Connector,
    config: &Config,
    modules: Vec<ModuleName>,
) -> Plan {
    let direction = if connector.sink.is_some() { Direction::Sink } else { Direction::Source };
    Plan {
        name: name.to_owned(),
        direction,
        tasks: if direction == Direction::Sink { connector.tasks_max } else { 1 },
        errors: errors(connector, &config.kafka, modules),
        batch_records: connector.batch_max_records,
        buffer_bytes: connector.task_buffer_bytes,
        flush_interval: Duration::from_millis(config.offset_flush_interval_ms),
        flush_timeout: Duration::from_millis(config.offset_flush_timeout_ms),
        reset: reset(&config.kafka, &connector.consumer_override),
        creation: creation(connector),
    }
}

/// How a topic is created that a connector writes and that is not there.
pub(super) fn creation(connector: &Connector) -> TopicCreation {
    TopicCreation {
        partitions: connector.topic_creation_default_partitions,
        replication_factor: connector.topic_creation_default_replication_factor,
        ..TopicCreation::default()
    }
}

fn errors(connector: &Connector, kafka: &Properties, modules: Vec<ModuleName>) -> ErrorPolicy {
    // Connect's -1 is without end.
    let retry_timeout =
        u64::try_from(connector.errors_retry_timeout).ok().map(Duration::from_millis);
    let letters = |topic: &String| DeadLetters {
        topic: topic.clone(),
        creation: TopicCreation {
            partitions: Some(1),
            replication_factor: connector.errors_deadletterqueue_topic_replication_factor,
            config: [room(kafka, &connector.producer_override)].into(),
        },
    };
    ErrorPolicy {
        tolerance: connector.errors_tolerance,
        retry_timeout,
        retry_delay_max: Duration::from_millis(connector.errors_retry_delay_max_ms),
        log: connector.errors_log_enable,
        log_messages: connector.errors_log_include_messages,
        dead_letters: connector.errors_deadletterqueue_topic_name.as_ref().map(letters),
        reject_limit: connector.errors_reject_limit,
        modules,
    }
}

/// A topic for dead letters takes what the producer hands over: a letter is its record and some headers more, so that one that a
/// topic just took would be too large for another with the same bound.
fn room(kafka: &Properties, overrides: &Properties) -> (String, String) {
    let set = overrides.get("message.max.bytes").or_else(|| kafka.get("message.max.bytes"));
    let bytes = set.cloned().unwrap_or_else(|| MESSAGE_MAX_BYTES.to_string());
    ("max.message.bytes".to_owned(), bytes)
}

/// Where a partition begins of which nothing is stored: `auto.offset.reset`, whose default is Kafka Connect's `earliest`
/// and not the client's `latest`.
fn reset(kafka: &Properties, overrides: &Properties) -> Reset {
    let set = overrides.get("auto.offset.reset").or_else(|| kafka.get("auto.offset.reset"));
    match set.map(String::as_str) {
        Some("latest" | "largest" | "end") => Reset::Latest,
        Some("error" | "none") => Reset::Fail,
        _ => Reset::Earliest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_get_the_room_that_the_operator_gives_the_producer() {
        let name = || "message.max.bytes".to_owned();
        let set = |bytes: &str| Properties::from_iter([(name(), bytes.to_owned())]);
        let none = Properties::default;
        let check = |kafka: Properties, overrides: Properties, expected: &str| {
            assert_eq!(room(&kafka, &overrides), ("max.message.bytes".into(), expected.into()));
        };
        check(none(), none(), "8388608");
        check(set("1"), none(), "1");
        check(set("1"), set("2"), "2");
    }
}
