//! `OffsetCommit`, `OffsetFetch` and `OffsetDelete`.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_request::OffsetDeleteRequestTopic;
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetFetchRequest, OffsetFetchResponse, TopicName,
};

use super::refusal::storage_failed;
use super::text;
use crate::groups::Caller;
use crate::journal::{Committed, Entry};
use crate::state::State;

/// The longest metadata of an offset in bytes, as Kafka's `offset.metadata.max.bytes`.
const LONGEST_METADATA: usize = 4096;

/// Topics with partitions, as clients ask for them.
type Wanted = Vec<(String, Vec<i32>)>;

/// A partition, and how committing for it went.
type Outcome = (i32, Result<(), ResponseError>);

/// Commits offsets: all that are in order, in one entry of the journal.
pub(super) fn commit(state: &State, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let group = request.group_id.to_string();
    let caller = Caller {
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation: request.generation_id_or_member_epoch,
    };
    let allowed = state.groups.may_commit(&group, &caller);
    let mut results: Vec<(TopicName, Vec<Outcome>)> = Vec::new();
    let mut offsets = Vec::new();
    for OffsetCommitRequestTopic { name, partitions, .. } in request.topics {
        let mut checked = Vec::new();
        for partition in partitions {
            let index = partition.partition_index;
            let result = allowed.and_then(|()| committed(state, &name, partition));
            checked.push((index, result.as_ref().map(|_| ()).map_err(|error| *error)));
            offsets.extend(result.map(|committed| ((name.to_string(), index), committed)));
        }
        results.push((name, checked));
    }
    let written = if offsets.is_empty() {
        Ok(())
    } else {
        state.journal.write(Entry::Offsets { group, offsets })
    };
    let written = written.map_err(|error| storage_failed(&error));
    let topics = results.into_iter().map(|(name, partitions)| {
        let partition = |(index, result): Outcome| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(super::code(&result.and(written)))
        };
        let partitions = partitions.into_iter().map(partition).collect();
        OffsetCommitResponseTopic::default().with_name(name).with_partitions(partitions)
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

fn committed(
    state: &State,
    topic: &str,
    partition: OffsetCommitRequestPartition,
) -> Result<Committed, ResponseError> {
    let metadata = partition.committed_metadata.map(|it| it.to_string()).unwrap_or_default();
    if metadata.len() > LONGEST_METADATA {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    if state.topics.partition(topic, partition.partition_index).is_none() {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    let (offset, leader_epoch) = (partition.committed_offset, partition.committed_leader_epoch);
    Ok(Committed { offset, leader_epoch, metadata })
}

/// Says what groups have committed; -1 for what they have not.
pub(super) fn fetch(
    state: &State,
    request: OffsetFetchRequest,
    version: i16,
) -> OffsetFetchResponse {
    if version >= 8 {
        let group =
            |group: kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup| {
                let wanted = group.topics.map(|topics| {
                    topics
                        .into_iter()
                        .map(|it| (it.name.to_string(), it.partition_indexes))
                        .collect()
                });
                let topics =
                    found(state, &group.group_id, wanted).into_iter().map(many_topic).collect();
                OffsetFetchResponseGroup::default()
                    .with_group_id(group.group_id)
                    .with_topics(topics)
            };
        return OffsetFetchResponse::default()
            .with_groups(request.groups.into_iter().map(group).collect());
    }
    let wanted = request.topics.map(|topics| {
        topics.into_iter().map(|it| (it.name.to_string(), it.partition_indexes)).collect()
    });
    let topics = found(state, &request.group_id, wanted).into_iter();
    OffsetFetchResponse::default()
        .with_topics(topics.map(|topic| one_topic(topic, version)).collect())
}

/// A topic with its partitions and what is committed for them.
type Found = (String, Vec<(i32, Committed)>);

/// Looks up `wanted`, or all that the group has.
fn found(state: &State, group: &str, wanted: Option<Wanted>) -> Vec<Found> {
    state.journal.read(|image| {
        let offsets = image.offsets.get(group);
        let all = || -> Wanted {
            let keys = offsets.into_iter().flat_map(|offsets| offsets.keys());
            let mut all = Wanted::new();
            for (topic, partition) in keys {
                match all.last_mut() {
                    Some((last, partitions)) if last == topic => partitions.push(*partition),
                    _ => all.push((topic.clone(), vec![*partition])),
                }
            }
            all
        };
        let none = || Committed { offset: -1, leader_epoch: -1, metadata: String::new() };
        let look_up = |(topic, partitions): (String, Vec<i32>)| {
            let committed = partitions.into_iter().map(|index| {
                let found = offsets.and_then(|offsets| offsets.get(&(topic.clone(), index)));
                (index, found.cloned().unwrap_or_else(none))
            });
            let committed = committed.collect();
            (topic, committed)
        };
        wanted.unwrap_or_else(all).into_iter().map(look_up).collect()
    })
}

/// As an answer for one group has it.
fn one_topic((topic, partitions): Found, version: i16) -> OffsetFetchResponseTopic {
    let partition = |(index, committed): (i32, Committed)| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(index)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(if version >= 5 { committed.leader_epoch } else { -1 })
            .with_metadata(Some(text(committed.metadata)))
    };
    let partitions = partitions.into_iter().map(partition).collect();
    OffsetFetchResponseTopic::default()
        .with_name(TopicName(text(topic)))
        .with_partitions(partitions)
}

/// As an answer for several groups has it.
fn many_topic((topic, partitions): Found) -> OffsetFetchResponseTopics {
    let partition = |(index, committed): (i32, Committed)| {
        OffsetFetchResponsePartitions::default()
            .with_partition_index(index)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(text(committed.metadata)))
    };
    let partitions = partitions.into_iter().map(partition).collect();
    OffsetFetchResponseTopics::default()
        .with_name(TopicName(text(topic)))
        .with_partitions(partitions)
}

/// Deletes committed offsets of a group. While it has members it may read any topic, so nothing is deleted.
pub(super) fn delete(state: &State, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let group = request.group_id.to_string();
    let is_known = state.journal.read(|image| image.offsets.contains_key(&group));
    let has_members = state.groups.describe(&group).is_some_and(|group| !group.members.is_empty());
    if !is_known && !has_members {
        return OffsetDeleteResponse::default()
            .with_error_code(ResponseError::GroupIdNotFound.code());
    }
    let keys = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| (topic.name.to_string(), partition.partition_index))
    });
    let result = if has_members {
        Err(ResponseError::GroupSubscribedToTopic)
    } else {
        let entry = Entry::OffsetsDeleted { group, partitions: keys.collect() };
        state.journal.write(entry).map_err(|error| storage_failed(&error))
    };
    let topic = |topic: OffsetDeleteRequestTopic| {
        let partitions = topic.partitions.iter().map(|partition| {
            OffsetDeleteResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(super::code(&result))
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    };
    OffsetDeleteResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}
