//! What is asked of the broker on behalf of a group. All of it waits, for a bounded time.

use super::super::context::Events;
use super::super::error::{of_client, of_reader};
use super::super::{identity, native};
use rdkafka::client::{Client, ClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
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

/// Stores offsets in the group, each with which topic it is for.
pub(super) fn commit(
    consumer: &BaseConsumer<Events>,
    offsets: &Offsets,
    identities: &BTreeMap<String, TopicIdentity>,
    mode: CommitMode,
) -> Result<(), TopicError> {
    if offsets.is_empty() {
        return Ok(());
    }
    let list = commit_list(offsets, |topic| identities.get(topic))?;
    match mode {
        CommitMode::Sync => native::commit(consumer.client().native_ptr(), &list, WAIT)
            .map_err(|code| of_reader(code, &format!("committing offsets: {code}"))),
        CommitMode::Async => consumer
            .commit(&list, rdkafka::consumer::CommitMode::Async)
            .map_err(|error| of_client("committing offsets", &error)),
    }
}

/// A list of offsets with the metadata that names their topics.
pub(in crate::topics) fn commit_list<'a>(
    offsets: &Offsets,
    identity: impl Fn(&str) -> Option<&'a TopicIdentity>,
) -> Result<TopicPartitionList, TopicError> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        let mut entry = list.add_partition(&partition.topic, partition.partition);
        entry
            .set_offset(Offset::Offset(*offset))
            .map_err(|error| of_client(&format!("offset {offset} of {partition}"), &error))?;
        if let Some(identity) = identity(&partition.topic) {
            entry.set_metadata(identity::write(identity));
        }
    }
    Ok(list)
}

/// The log's bounds.
pub(in crate::topics) fn watermarks<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    of: &TopicPartition,
) -> Result<Watermarks, TopicError> {
    let until = Instant::now() + WAIT;
    loop {
        let error = match consumer.fetch_watermarks(&of.topic, of.partition, WAIT) {
            Ok((earliest, latest)) => return Ok(Watermarks { earliest, latest }),
            Err(error) => error,
        };
        match error.rdkafka_error_code() {
            // The partition is new, or its leader moves. To ask who leads it now takes the time that this needs.
            Some(Code::NotLeaderForPartition | Code::LeaderNotAvailable)
                if Instant::now() < until =>
            {
                drop(consumer.fetch_metadata(Some(&of.topic), WAIT));
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
                return Err(TopicError::Missing { topic: of.topic.to_string() });
            }
            _ => return Err(of_client(&format!("asking for the bounds of {of}"), &error)),
        }
    }
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
