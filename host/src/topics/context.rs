//! What librdkafka tells beside records: its log, errors, rebalances.

use super::error;
use rdkafka::ClientContext;
use rdkafka::TopicPartitionList;
use rdkafka::config::RDKafkaLogLevel as Level;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::{debug, error, info, warn};
use transom_core::topic::{TopicError, TopicPartition};

/// Passes a line of librdkafka's log on.
pub(super) fn log(level: Level, facility: &str, line: &str) {
    match level {
        // The failure of a connection comes as an error as well, to whoever waits for the broker; here it comes again and again.
        _ if matches!(facility, "FAIL" | "ERROR") => debug!(target: "kafka", "{facility}: {line}"),
        Level::Emerg | Level::Alert | Level::Critical | Level::Error => {
            error!(target: "kafka", "{facility}: {line}");
        }
        Level::Warning => warn!(target: "kafka", "{facility}: {line}"),
        Level::Notice | Level::Info => info!(target: "kafka", "{facility}: {line}"),
        Level::Debug => debug!(target: "kafka", "{facility}: {line}"),
    }
}

/// A client of which only log and errors are of interest; errors come again as the outcome of what was asked.
#[derive(Debug)]
pub(super) struct Plain;

impl ClientContext for Plain {
    fn log(&self, level: Level, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(target: "kafka", "{error}: {reason}");
    }
}

impl ConsumerContext for Plain {}

/// What the group did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
    Lost(Vec<TopicPartition>),
}

/// What a member of a group was told and has not looked at yet.
///
/// The callback of a rebalance assigns nothing: it notes what is wanted. librdkafka waits in the join states
/// `wait-assign-call` and `wait-unassign-call` for as long as it takes, and its own thread goes on with heartbeats.
#[derive(Debug, Default)]
pub(super) struct Events {
    told: Mutex<Told>,
    /// Set when the member leaves: what is still revoked is given back at once.
    leaving: AtomicBool,
}

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) changes: VecDeque<Change>,
    pub(super) errors: VecDeque<(Code, String)>,
    /// Partitions that the last statistics showed as not fetched, and those that the ones before did as well.
    resting: BTreeSet<TopicPartition>,
    pub(super) stalled: BTreeSet<TopicPartition>,
}

impl Events {
    /// What was told.
    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing is left half done under the lock, so a panic elsewhere has spoilt nothing.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on revocations are answered at once.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }
}

impl ClientContext for Events {
    fn log(&self, level: Level, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(Code::Unknown);
        self.told().errors.push_back((code, reason.to_owned()));
    }

    fn stats(&self, statistics: Statistics) {
        let resting = resting(&statistics);
        let mut told = self.told();
        let before = mem::replace(&mut told.resting, resting);
        told.stalled = before.intersection(&told.resting).cloned().collect();
    }
}

/// Partitions that are wanted and not fetched. It is a passing state, unless librdkafka has given one up.
fn resting(statistics: &Statistics) -> BTreeSet<TopicPartition> {
    let partitions = statistics.topics.values().flat_map(|topic| {
        let of_topic = topic.partitions.values().map(move |partition| (&topic.topic, partition));
        of_topic.filter(|(_, partition)| partition.desired && partition.fetch_state == "none")
    });
    partitions
        .map(|(topic, of)| TopicPartition { topic: topic.as_str().into(), partition: of.partition })
        .collect()
}

impl ConsumerContext for Events {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        kind: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        if self.leaving.load(Ordering::Acquire) {
            let given_back = match consumer.rebalance_protocol() {
                RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
                RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
            };
            if let Err(error) = given_back {
                warn!(target: "kafka", "giving partitions back: {}", error::told(&error));
            }
            return;
        }
        let partitions = list
            .elements()
            .iter()
            .map(|one| TopicPartition { topic: one.topic().into(), partition: one.partition() })
            .collect();
        let change = if kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            Change::Assigned(partitions)
        } else if consumer.assignment_lost() {
            Change::Lost(partitions)
        } else {
            Change::Revoked(partitions)
        };
        self.told().changes.push_back(change);
    }
}

/// An error that the client told, with the topic that it is about if it is one of ours.
pub(super) fn told_error(code: Code, reason: &str, topics: &[String]) -> TopicError {
    let missing = matches!(code, Code::UnknownTopicOrPartition | Code::UnknownTopic);
    // The reason has the name between two colons: "Subscribed topic not available: orders: Broker: ...".
    let named = topics.iter().find(|topic| reason.contains(&format!(": {topic}: ")));
    match named {
        Some(topic) if missing => TopicError::Missing { topic: topic.clone() },
        // It counts the addresses of the configuration beside the brokers that have them.
        None if code == Code::AllBrokersDown => {
            TopicError::Transient { message: "no broker of the cluster answers".to_owned() }
        }
        _ => error::of_reader(code, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_topic_is_named() {
        let topics = ["order".to_owned(), "orders".to_owned()];
        let reason = "Subscribed topic not available: orders: Broker: Unknown topic or partition";
        let told = told_error(Code::UnknownTopicOrPartition, reason, &topics);
        assert!(matches!(told, TopicError::Missing { topic } if topic == "orders"));
    }

    #[test]
    fn an_error_that_passes_is_told_as_such() {
        let told = told_error(Code::AllBrokersDown, "1/1 brokers are down", &[]);
        assert!(
            matches!(told, TopicError::Transient { message } if message == "no broker of the cluster answers")
        );
    }
}
