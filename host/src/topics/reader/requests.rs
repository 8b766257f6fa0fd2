//! What is asked of the broker on behalf of a group. All of it waits, for a bounded time.

use super::super::context::Events;
use super::super::error::{of_client, of_reader};
use super::super::identity;
use super::super::native::{self, Commits};
use rdkafka::client::{Client, ClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use transom_core::topic::{
    CommitMode, Offsets, StartAt, StoredOffset, TopicError, TopicIdentity, TopicPartition,
    Watermarks,
};

/// Longest wait for an answer.
const WAIT: Duration = Duration::from_secs(5);

/// Longest wait for what can do without.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// Partitions as librdkafka lists them.
pub(super) fn list<'a>(
    partitions: impl IntoIterator<Item = (&'a TopicPartition, Offset)>,
) -> Result<TopicPartitionList, TopicError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in partitions {
        let mut entry = list.add_partition(&partition.topic, partition.partition);
        entry
            .set_offset(offset)
            .map_err(|error| of_client(&format!("offset {offset:?} of {partition}"), &error))?;
    }
    Ok(list)
}

/// The offsets that beginnings and ends stand for now, so that a position is known before the first record, and stays
/// what it is through rebalances. Where the broker does not tell in time librdkafka asks it later.
pub(super) fn resolved(
    consumer: &BaseConsumer<Events>,
    from: &[(TopicPartition, StartAt)],
) -> Result<Vec<(TopicPartition, Offset)>, TopicError> {
    let mut starts: BTreeMap<TopicPartition, Offset> = BTreeMap::new();
    for (partition, start) in from {
        let offset = match start {
            StartAt::Offset(offset) => Offset::Offset(*offset),
            StartAt::Earliest => Offset::Beginning,
            StartAt::Latest => Offset::End,
        };
        starts.insert(partition.clone(), offset);
    }
    let relative = starts.iter().filter(|(_, offset)| !matches!(offset, Offset::Offset(_)));
    let relative = list(relative.map(|(partition, offset)| (partition, *offset)))?;
    // The numbers of beginning and end are also those that ask for them by time.
    if relative.count() > 0
        && let Ok(told) = consumer.offsets_for_times(relative, SHORT_WAIT)
    {
        let told = native::entries(&told).into_iter();
        for entry in told.filter(|entry| entry.error.is_none() && entry.offset >= 0) {
            starts.insert(entry.partition, Offset::Offset(entry.offset));
        }
    }
    Ok(starts.into_iter().collect())
}

/// What the group has stored.
pub(in crate::topics) fn committed<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &[TopicPartition],
) -> Result<Vec<StoredOffset>, TopicError> {
    let mut list = TopicPartitionList::new();
    for one in partitions {
        list.add_partition(&one.topic, one.partition);
    }
    let list = consumer
        .committed_offsets(list, WAIT)
        .map_err(|error| of_client("asking for the group's offsets", &error))?;
    let stored = native::entries(&list).into_iter().map(|entry| match entry.error {
        None => Ok(StoredOffset {
            identity: identity::read(&entry.metadata),
            offset: (entry.offset >= 0).then_some(entry.offset),
            partition: entry.partition,
        }),
        Some(code) => {
            Err(of_reader(code, &format!("the group's offset of {}: {code}", entry.partition)))
        }
    });
    stored.collect()
}

/// Stores offsets in the group.
pub(super) fn commit(
    consumer: &BaseConsumer<Events>,
    commits: &Commits<Events>,
    list: &TopicPartitionList,
    mode: CommitMode,
) -> Result<(), TopicError> {
    if list.count() == 0 {
        return Ok(());
    }
    let done = match mode {
        CommitMode::Sync => native::commit(consumer.client().native_ptr(), list, WAIT),
        CommitMode::Async => commits.send(list),
    };
    done.map_err(|code| of_reader(code, &format!("committing offsets: {code}")))
}

/// A list of offsets with the metadata that names their topics.
pub(in crate::topics) fn commit_list<'a>(
    offsets: &Offsets,
    identity: impl Fn(&TopicPartition) -> Option<&'a TopicIdentity>,
) -> Result<TopicPartitionList, TopicError> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        let mut entry = list.add_partition(&partition.topic, partition.partition);
        entry
            .set_offset(Offset::Offset(*offset))
            .map_err(|error| of_client(&format!("offset {offset} of {partition}"), &error))?;
        if let Some(identity) = identity(partition) {
            entry.set_metadata(identity::write(identity));
        }
    }
    Ok(list)
}

/// The bounds of each log, in order.
pub(in crate::topics) fn watermarks<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &[TopicPartition],
) -> Result<Vec<Watermarks>, TopicError> {
    let earliest = bounds(consumer, partitions, Offset::Beginning)?;
    let latest = bounds(consumer, partitions, Offset::End)?;
    let both = earliest.into_iter().zip(latest);
    Ok(both.map(|(earliest, latest)| Watermarks { earliest, latest }).collect())
}

/// The bounds of each log that has a leader, in order. librdkafka answers for all or for none, and waits for a leader as
/// long as it may: so who has one is asked first.
pub(super) fn watermarks_of_led(
    consumer: &BaseConsumer<Events>,
    partitions: &[TopicPartition],
) -> Result<Vec<Option<Watermarks>>, TopicError> {
    let topics: BTreeSet<&str> = partitions.iter().map(|one| &*one.topic).collect();
    // Several topics are asked for in one request, which only the one for all topics is.
    let one = topics.first().filter(|_| topics.len() == 1).copied();
    let told = consumer.fetch_metadata(one, WAIT);
    let told = told.map_err(|error| of_client("asking who leads partitions", &error))?;
    let there: BTreeMap<&str, &MetadataTopic> =
        told.topics().iter().map(|topic| (topic.name(), topic)).collect();
    let is_missing = |topic: &&str| {
        there.get(topic).is_none_or(|topic| {
            topic.error().is_some_and(|code| Code::from(code) == Code::UnknownTopicOrPartition)
        })
    };
    if let Some(topic) = topics.into_iter().find(is_missing) {
        return Err(TopicError::Missing { topic: topic.to_owned() });
    }
    let is_led = |of: &TopicPartition| {
        let partitions = there.get(&*of.topic).map_or(&[][..], |topic| topic.partitions());
        partitions.iter().any(|one| one.id() == of.partition && one.leader() >= 0)
    };
    let asked: Vec<TopicPartition> = partitions.iter().filter(|one| is_led(one)).cloned().collect();
    let mut logs = watermarks(consumer, &asked)?.into_iter();
    Ok(partitions.iter().map(|one| if is_led(one) { logs.next() } else { None }).collect())
}

/// One bound of each log, in order: one request for all that have the same leader.
fn bounds<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partitions: &[TopicPartition],
    which: Offset,
) -> Result<Vec<i64>, TopicError> {
    let Some(first) = partitions.first() else { return Ok(Vec::new()) };
    let asked = list(partitions.iter().map(|partition| (partition, which)))?;
    let until = Instant::now() + WAIT;
    loop {
        // The numbers of beginning and end are also those that ask for them by time.
        let told = consumer.offsets_for_times(asked.clone(), WAIT);
        let told = told.map_err(|error| (first, error.rdkafka_error_code()));
        let (of, code) = match told.and_then(|told| in_order(partitions, &told)) {
            Ok(bounds) => return Ok(bounds),
            Err((of, code)) => (of, code.unwrap_or(Code::Unknown)),
        };
        match code {
            // The partition is new, or its leader moves. To ask who leads it now takes the time that this needs.
            Code::NotLeaderForPartition | Code::LeaderNotAvailable if Instant::now() < until => {
                drop(consumer.fetch_metadata(Some(&of.topic), WAIT));
            }
            Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
                return Err(TopicError::Missing { topic: of.topic.to_string() });
            }
            _ => return Err(of_reader(code, &format!("asking for the bounds of {of}: {code}"))),
        }
    }
}

/// What was told of each partition; or the first of which nothing was, and why.
fn in_order<'a>(
    partitions: &'a [TopicPartition],
    told: &TopicPartitionList,
) -> Result<Vec<i64>, (&'a TopicPartition, Option<Code>)> {
    let told: BTreeMap<_, _> =
        native::entries(told).into_iter().map(|entry| (entry.partition.clone(), entry)).collect();
    let bound = |of: &'a TopicPartition| match told.get(of) {
        Some(entry) if entry.error.is_none() && entry.offset >= 0 => Ok(entry.offset),
        entry => {
            let code = entry.and_then(|entry| entry.error);
            Err((of, code.or(Some(Code::UnknownPartition))))
        }
    };
    partitions.iter().map(bound).collect()
}

/// Which topic a name means now.
pub(in crate::topics) fn identity<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
) -> Result<TopicIdentity, TopicError> {
    let of_topic = || format!("asking what topic `{topic}` is");
    let failed = |code: Code| of_reader(code, &format!("{}: {code}", of_topic()));
    let ids = native::topic_ids(client.native_ptr(), &[topic], WAIT).map_err(failed)?;
    let id = match ids.get(topic) {
        Some(Ok(id)) => id.clone(),
        Some(Err(Code::UnknownTopicOrPartition)) | None => {
            return Err(TopicError::Missing { topic: topic.to_owned() });
        }
        Some(Err(code)) => return Err(failed(*code)),
    };
    let cluster = native::cluster_id(client.native_ptr(), WAIT);
    let cluster = cluster.ok_or_else(|| failed(Code::OperationTimedOut))?;
    Ok(TopicIdentity { cluster, topic: id })
}
