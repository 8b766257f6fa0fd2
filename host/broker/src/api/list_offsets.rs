//! `ListOffsets`: earliest, latest, and by timestamp.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsTopic;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::refusal::storage_failed;
use crate::state::State;

/// Timestamps that are none.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const OF_LATEST_TIMESTAMP: i64 = -3;

/// Says which offsets timestamps lead to.
pub(super) fn list_offsets(
    state: &State,
    request: ListOffsetsRequest,
    version: i16,
) -> ListOffsetsResponse {
    let topic = |topic: ListOffsetsTopic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let found = find(state, &topic.name, partition.partition_index, partition.timestamp);
            let response = ListOffsetsPartitionResponse::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(super::code(&found));
            let (offset, timestamp) = found.unwrap_or((-1, -1));
            let response = response.with_offset(offset).with_timestamp(timestamp);
            let has_epoch = version >= 4 && offset >= 0;
            if has_epoch { response.with_leader_epoch(0) } else { response }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    };
    ListOffsetsResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

/// Returns offset and timestamp; -1 for what there is not.
fn find(
    state: &State,
    topic: &str,
    index: i32,
    timestamp: i64,
) -> Result<(i64, i64), ResponseError> {
    let found = state.topics.partition(topic, index);
    let (_, partition) = found.ok_or(ResponseError::UnknownTopicOrPartition)?;
    let (start, end) = partition.bounds();
    let found = match timestamp {
        LATEST => return Ok((end, -1)),
        EARLIEST => return Ok((start, -1)),
        OF_LATEST_TIMESTAMP => partition.find_latest(),
        timestamp if timestamp >= 0 => partition.find(timestamp),
        _ => return Err(ResponseError::InvalidRequest),
    };
    let found = found.map_err(|error| storage_failed(&error))?;
    Ok(found.map_or((-1, -1), |found| (found.offset, found.timestamp)))
}
