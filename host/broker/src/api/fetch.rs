//! `Fetch`: reads, and waits for what is not there yet.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::log::{Limit, Read};
use crate::state::State;

/// The most that one answer carries, whatever the client allows: reading it must not keep a thread from others for long.
const LARGEST: usize = 8 << 20;

/// The longest that a client may wait, so that the deadline is a time that exists.
const LONGEST: Duration = Duration::from_hours(24);

/// What was read in one pass over all partitions.
#[derive(Default)]
struct Pass {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    /// Something other than records is to be told.
    is_urgent: bool,
}

/// Reads from all partitions that the client names. If that is less than `min_bytes`, waits until there is more, at most
/// `max_wait_ms`: an append to any of the partitions wakes it at once.
pub(super) async fn fetch(state: &State, request: FetchRequest) -> FetchResponse {
    if request.session_id != 0 {
        // Sessions would save small requests some bytes. Without one, clients name all partitions each time.
        let error = ResponseError::FetchSessionIdNotFound;
        return FetchResponse::default().with_error_code(error.code());
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(LONGEST);
    let deadline = Instant::now() + wait;
    let enough = usize::try_from(request.min_bytes).unwrap_or(0);
    let appended = Arc::new(Notify::new());
    loop {
        let pass = read_all(state, &request, &appended);
        let is_done = pass.is_urgent || pass.bytes >= enough;
        if is_done || timeout_at(deadline, appended.notified()).await.is_err() {
            return FetchResponse::default().with_responses(pass.topics);
        }
    }
}

fn read_all(state: &State, request: &FetchRequest, appended: &Arc<Notify>) -> Pass {
    let most = usize::try_from(request.max_bytes).unwrap_or(0).min(LARGEST);
    let mut pass = Pass::default();
    for topic in &request.topics {
        let mut partitions = Vec::new();
        for partition in &topic.partitions {
            let bytes = usize::try_from(partition.partition_max_bytes).unwrap_or(0);
            let limit = Limit {
                bytes: bytes.min(most.saturating_sub(pass.bytes)),
                or_one: pass.bytes == 0,
            };
            let read = read(state, &topic.topic, partition, limit, appended);
            pass.bytes += read.as_ref().map_or(0, |read| read.records.len());
            pass.is_urgent |= read.is_err();
            partitions.push(partition_data(partition.partition, read));
        }
        let response = FetchableTopicResponse::default().with_topic(topic.topic.clone());
        pass.topics.push(response.with_partitions(partitions));
    }
    pass
}

fn read(
    state: &State,
    topic: &str,
    wanted: &FetchPartition,
    limit: Limit,
    appended: &Arc<Notify>,
) -> Result<Read, ResponseError> {
    let found = state.topics.partition(topic, wanted.partition);
    let (_, partition) = found.ok_or(ResponseError::UnknownTopicOrPartition)?;
    Ok(partition.read(wanted.fetch_offset, limit, appended)?)
}

fn partition_data(index: i32, read: Result<Read, ResponseError>) -> PartitionData {
    let data = PartitionData::default().with_partition_index(index);
    match read {
        Ok(Read { records, start, end }) => data
            .with_high_watermark(end)
            .with_last_stable_offset(end)
            .with_log_start_offset(start)
            .with_records(Some(records)),
        Err(error) => data
            .with_error_code(error.code())
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(-1)
            .with_records(Some(Bytes::new())),
    }
}
