//! `Metadata`, `DescribeCluster` and `FindCoordinator`: one node is all of it.

use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterRequest, DescribeClusterResponse, FindCoordinatorRequest,
    FindCoordinatorResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::refusal::Explained;
use super::{Peer, text};
use crate::state::{NODE, State};
use crate::topic::Topic;

/// The kind of endpoint that brokers are; the other is controllers.
const BROKERS: i8 = 1;

/// The kind of coordinator that groups have. Version 4 ends before that of shares; what is left is that of transactions.
const GROUP: i8 = 0;

/// Describes topics, and creates those that are missing if client and settings allow it.
pub(super) fn metadata(
    state: &State,
    peer: &Peer,
    request: MetadataRequest,
    version: i16,
) -> MetadataResponse {
    let may_create = request.allow_auto_topic_creation && state.settings.auto_create_topics;
    let topics = match request.topics {
        // Before version 1 no list could be told from an empty one.
        Some(wanted) if version > 0 || !wanted.is_empty() => {
            wanted.into_iter().map(|topic| wanted_topic(state, topic, may_create)).collect()
        }
        _ => state.topics.all().iter().map(|topic| topic_metadata(topic)).collect(),
    };
    let node = MetadataResponseBroker::default()
        .with_node_id(BrokerId(NODE))
        .with_host(peer.host.clone())
        .with_port(peer.port);
    MetadataResponse::default()
        .with_brokers(vec![node])
        .with_cluster_id(Some(text(&state.cluster_id)))
        .with_controller_id(BrokerId(NODE))
        .with_topics(topics)
}

fn wanted_topic(
    state: &State,
    wanted: MetadataRequestTopic,
    may_create: bool,
) -> MetadataResponseTopic {
    let Some(name) = wanted.name else {
        return match state.topics.with_id(wanted.topic_id) {
            Some(topic) => topic_metadata(&topic),
            None => MetadataResponseTopic::default()
                .with_name(Some(TopicName::default()))
                .with_topic_id(wanted.topic_id)
                .with_error_code(ResponseError::UnknownTopicId.code()),
        };
    };
    match find_or_create(state, &name, may_create) {
        Ok(topic) => topic_metadata(&topic),
        Err(error) => {
            MetadataResponseTopic::default().with_name(Some(name)).with_error_code(error.code())
        }
    }
}

fn find_or_create(
    state: &State,
    name: &str,
    may_create: bool,
) -> Result<Arc<Topic>, ResponseError> {
    if let Some(topic) = state.topics.get(name) {
        return Ok(topic);
    }
    if !may_create {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    let created =
        state.topics.create(name, state.settings.partitions.get().into(), [].into(), false);
    match created.map_err(Explained::from) {
        Ok(topic) => Ok(topic),
        // Another client was faster.
        Err(refused) => state.topics.get(name).ok_or(refused.error),
    }
}

fn topic_metadata(topic: &Topic) -> MetadataResponseTopic {
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(NODE))
            .with_leader_epoch(0)
            .with_replica_nodes(vec![BrokerId(NODE)])
            .with_isr_nodes(vec![BrokerId(NODE)])
    };
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(text(&topic.name))))
        .with_topic_id(topic.id)
        .with_partitions((0..topic.count()).map(partition).collect())
}

/// Describes the cluster.
pub(super) fn describe_cluster(
    state: &State,
    peer: &Peer,
    request: &DescribeClusterRequest,
) -> DescribeClusterResponse {
    if request.endpoint_type != BROKERS {
        let error = ResponseError::UnsupportedEndpointType;
        return DescribeClusterResponse::default().with_error_code(error.code());
    }
    let node = DescribeClusterBroker::default()
        .with_broker_id(BrokerId(NODE))
        .with_host(peer.host.clone())
        .with_port(peer.port);
    DescribeClusterResponse::default()
        .with_cluster_id(text(&state.cluster_id))
        .with_controller_id(BrokerId(NODE))
        .with_brokers(vec![node])
}

/// Says which node coordinates groups. There are no transactions to coordinate.
pub(super) fn find_coordinator(
    peer: &Peer,
    request: FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let is_served = request.key_type == GROUP;
    let error = if is_served { 0 } else { super::NO_TRANSACTIONS.code() };
    let message =
        (!is_served).then(|| StrBytes::from_static_str("only groups have a coordinator here"));
    if version < 4 {
        let message = message.filter(|_| version > 0);
        return FindCoordinatorResponse::default()
            .with_error_code(error)
            .with_error_message(message)
            .with_node_id(BrokerId(NODE))
            .with_host(peer.host.clone())
            .with_port(peer.port);
    }
    let coordinator = |key| {
        Coordinator::default()
            .with_key(key)
            .with_error_code(error)
            .with_error_message(message.clone())
            .with_node_id(BrokerId(NODE))
            .with_host(peer.host.clone())
            .with_port(peer.port)
    };
    let coordinators = request.coordinator_keys.into_iter().map(coordinator).collect();
    FindCoordinatorResponse::default().with_coordinators(coordinators)
}
