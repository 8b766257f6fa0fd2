//! `Produce` and `InitProducerId`.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, ProducerId,
};

use super::refusal::{Explained, storage_failed};
use super::{Call, CallError};
use crate::log::Appended;
use crate::state::State;

/// Appends records and answers, unless the client wants no answer: then an error closes the connection, as the one way to
/// tell.
pub(super) fn answer(state: &State, call: &Call) -> Result<Option<Bytes>, CallError> {
    let request: ProduceRequest = call.decode()?;
    let acks = request.acks;
    let response = produce(state, request);
    if acks != 0 {
        return call.encode(&response).map(Some);
    }
    let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    let mut codes = partitions.map(|partition| partition.error_code);
    match codes.find_map(ResponseError::try_from_code) {
        Some(error) => Err(CallError::Unacknowledged { error }),
        None => Ok(None),
    }
}

fn produce(state: &State, request: ProduceRequest) -> ProduceResponse {
    let acks = request.acks;
    let topic = |topic: TopicProduceData| {
        let append = |data: &PartitionProduceData| partition(state, acks, &topic, data);
        let partitions = topic.partition_data.iter().map(append).collect();
        TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_partition_responses(partitions)
    };
    ProduceResponse::default().with_responses(request.topic_data.into_iter().map(topic).collect())
}

fn partition(
    state: &State,
    acks: i16,
    topic: &TopicProduceData,
    data: &PartitionProduceData,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(data.index);
    match append(state, acks, &topic.name, data) {
        Ok(appended) => response
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(appended.start_offset),
        Err(Explained { error, message }) => response
            .with_error_code(error.code())
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(-1)
            .with_error_message(Some(super::text(message))),
    }
}

fn append(
    state: &State,
    acks: i16,
    topic: &str,
    data: &PartitionProduceData,
) -> Result<Appended, Explained> {
    if !(-1..=1).contains(&acks) {
        return Err(Explained::new(ResponseError::InvalidRequiredAcks, "`acks` is -1, 0 or 1"));
    }
    let Some((topic, partition)) = state.topics.partition(topic, data.index) else {
        let error = ResponseError::UnknownTopicOrPartition;
        return Err(Explained::new(error, "there is no such topic or partition"));
    };
    let Some(records) = &data.records else {
        return Err(Explained::new(ResponseError::InvalidRecord, "there are no records"));
    };
    Ok(partition.append(records, &topic.configs)?)
}

/// Gives out an id for an idempotent producer. It is a new one each time: only transactions would need the same again.
pub(super) fn init_producer_id(
    state: &State,
    request: &InitProducerIdRequest,
) -> InitProducerIdResponse {
    let response =
        InitProducerIdResponse::default().with_producer_id(ProducerId(-1)).with_producer_epoch(-1);
    if request.transactional_id.is_some() {
        return response.with_error_code(super::NO_TRANSACTIONS.code());
    }
    match state.next_producer_id() {
        Ok(id) => response.with_producer_id(ProducerId(id)).with_producer_epoch(0),
        Err(error) => response.with_error_code(storage_failed(&error).code()),
    }
}
