//! `CreateTopics`, `DeleteTopics`, `CreatePartitions` and `DeleteRecords`.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_records_request::DeleteRecordsTopic;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest,
    CreateTopicsResponse, DeleteRecordsRequest, DeleteRecordsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, TopicName,
};

use super::refusal::Explained;
use super::text;
use crate::state::{NODE, State};

/// Creates topics.
pub(super) fn create_topics(state: &State, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let only_check = request.validate_only;
    let create = |topic: CreatableTopic| {
        let count = partitions_of(state, &topic);
        let configs = topic.configs.iter();
        let configs =
            configs.filter_map(|it| Some((it.name.to_string(), it.value.as_ref()?.to_string())));
        let created = count.and_then(|count| {
            let created = state.topics.create(&topic.name, count, configs.collect(), only_check)?;
            Ok((created.id, count))
        });
        let (code, message) = Explained::parts(&created);
        let result = CreatableTopicResult::default()
            .with_name(topic.name)
            .with_error_code(code)
            .with_error_message(message);
        match created {
            Ok((id, count)) => {
                result.with_topic_id(id).with_num_partitions(count).with_replication_factor(1)
            }
            Err(_) => result,
        }
    };
    CreateTopicsResponse::default().with_topics(request.topics.into_iter().map(create).collect())
}

/// Says how many partitions are asked for, if one node can have them so.
fn partitions_of(state: &State, topic: &CreatableTopic) -> Result<i32, Explained> {
    if !matches!(topic.replication_factor, -1 | 1) {
        let message = format!(
            "replication factor {} was asked for; one node has 1",
            topic.replication_factor
        );
        return Err(Explained::new(ResponseError::InvalidReplicationFactor, message));
    }
    if topic.assignments.iter().any(|it| it.broker_ids != [BrokerId(NODE)]) {
        let message =
            format!("a partition was assigned to others than node {NODE}, which is the only one");
        return Err(Explained::new(ResponseError::InvalidReplicaAssignment, message));
    }
    match (topic.assignments.len(), topic.num_partitions) {
        (0, -1) => Ok(state.settings.partitions.get().into()),
        (0, count) => Ok(count),
        (assigned, _) => Ok(i32::try_from(assigned).unwrap_or(i32::MAX)),
    }
}

/// Deletes topics, by name or id.
pub(super) fn delete_topics(state: &State, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let named = request.topic_names.into_iter();
    let named = named.map(|name| DeleteTopicState::default().with_name(Some(name)));
    let delete = |wanted: DeleteTopicState| {
        let by_id = || state.topics.with_id(wanted.topic_id).map(|topic| topic.name.clone());
        let Some(name) = wanted.name.as_ref().map(|name| name.to_string()).or_else(by_id) else {
            let error = ResponseError::UnknownTopicId;
            return DeletableTopicResult::default()
                .with_topic_id(wanted.topic_id)
                .with_error_code(error.code());
        };
        let deleted = state.topics.delete(&name).map_err(Explained::from);
        let (code, message) = Explained::parts(&deleted);
        DeletableTopicResult::default()
            .with_name(Some(TopicName(text(name))))
            .with_topic_id(deleted.map(|topic| topic.id).unwrap_or_default())
            .with_error_code(code)
            .with_error_message(message)
    };
    let responses = request.topics.into_iter().chain(named).map(delete).collect();
    DeleteTopicsResponse::default().with_responses(responses)
}

/// Gives topics more partitions.
pub(super) fn create_partitions(
    state: &State,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let only_check = request.validate_only;
    let grow = |topic: CreatePartitionsTopic| {
        let grown =
            state.topics.grow(&topic.name, topic.count, only_check).map_err(Explained::from);
        let (code, message) = Explained::parts(&grown);
        CreatePartitionsTopicResult::default()
            .with_name(topic.name)
            .with_error_code(code)
            .with_error_message(message)
    };
    CreatePartitionsResponse::default().with_results(request.topics.into_iter().map(grow).collect())
}

/// Deletes records from the front of partitions.
pub(super) fn delete_records(
    state: &State,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let delete = |topic: &str, index, offset: i64| {
        // -1 stands for the end of the log.
        let offset = Some(offset).filter(|offset| *offset >= 0);
        let start = state.topics.delete_records(topic, index, offset)?;
        start.ok_or_else(|| {
            Explained::new(ResponseError::OffsetOutOfRange, "the offset is behind the log's end")
        })
    };
    let topic = |topic: DeleteRecordsTopic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let (index, offset) = (partition.partition_index, partition.offset);
            let deleted = delete(&topic.name, index, offset);
            let (code, _) = Explained::parts(&deleted);
            DeleteRecordsPartitionResult::default()
                .with_partition_index(index)
                .with_low_watermark(deleted.unwrap_or(-1))
                .with_error_code(code)
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    };
    DeleteRecordsResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}
