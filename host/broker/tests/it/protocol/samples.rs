//! A request of each API that makes the broker fill its answer, in each version.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn topic() -> TopicName {
    TopicName(text("t"))
}

fn group() -> GroupId {
    GroupId(text("g"))
}

/// Returns requests of `api`, with nothing in them that `version` has not got.
pub(super) fn requests(api: ApiKey, version: i16) -> Vec<RequestKind> {
    let request = match api {
        ApiKey::Produce => RequestKind::Produce(produce()),
        ApiKey::Fetch => RequestKind::Fetch(fetch()),
        ApiKey::ListOffsets => return list_offsets(version),
        ApiKey::Metadata => return metadata(version),
        ApiKey::OffsetCommit => RequestKind::OffsetCommit(offset_commit(version)),
        ApiKey::OffsetFetch => RequestKind::OffsetFetch(offset_fetch(version)),
        ApiKey::FindCoordinator => return find_coordinator(version),
        ApiKey::JoinGroup => RequestKind::JoinGroup(join_group()),
        ApiKey::Heartbeat => {
            RequestKind::Heartbeat(HeartbeatRequest::default().with_group_id(group()))
        }
        ApiKey::LeaveGroup => RequestKind::LeaveGroup(leave_group(version)),
        ApiKey::SyncGroup => {
            RequestKind::SyncGroup(SyncGroupRequest::default().with_group_id(group()))
        }
        ApiKey::DescribeGroups => {
            RequestKind::DescribeGroups(DescribeGroupsRequest::default().with_groups(vec![group()]))
        }
        ApiKey::ListGroups => RequestKind::ListGroups(ListGroupsRequest::default()),
        ApiKey::ApiVersions => RequestKind::ApiVersions(ApiVersionsRequest::default()),
        ApiKey::CreateTopics => return create_topics(),
        ApiKey::DeleteTopics => RequestKind::DeleteTopics(delete_topics(version)),
        ApiKey::DeleteRecords => RequestKind::DeleteRecords(delete_records()),
        ApiKey::InitProducerId => RequestKind::InitProducerId(
            InitProducerIdRequest::default().with_transactional_id(None),
        ),
        ApiKey::DescribeConfigs => RequestKind::DescribeConfigs(describe_configs()),
        ApiKey::AlterConfigs => RequestKind::AlterConfigs(alter_configs()),
        ApiKey::CreatePartitions => RequestKind::CreatePartitions(create_partitions()),
        ApiKey::DeleteGroups => RequestKind::DeleteGroups(
            DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text("none"))]),
        ),
        ApiKey::IncrementalAlterConfigs => {
            RequestKind::IncrementalAlterConfigs(incremental_alter_configs())
        }
        ApiKey::OffsetDelete => RequestKind::OffsetDelete(offset_delete()),
        ApiKey::DescribeCluster => RequestKind::DescribeCluster(DescribeClusterRequest::default()),
        other => panic!("{other:?} has no sample"),
    };
    vec![request]
}

/// Looks at what an answer says, as far as it is the same in all versions.
pub(super) fn check(answer: &ResponseKind, version: i16) {
    match answer {
        ResponseKind::Produce(it) => {
            assert_eq!(it.responses[0].partition_responses[0].error_code, 0);
        }
        ResponseKind::Fetch(it) => {
            let partition = &it.responses[0].partitions[0];
            assert_eq!(partition.error_code, 0);
            assert!(!partition.records.as_ref().unwrap().is_empty());
        }
        ResponseKind::Metadata(it) => assert_eq!(it.brokers[0].node_id, BrokerId(1)),
        ResponseKind::ListOffsets(it) => assert_eq!(it.topics[0].partitions[0].error_code, 0),
        ResponseKind::OffsetCommit(it) => assert_eq!(it.topics[0].partitions[0].error_code, 0),
        ResponseKind::OffsetFetch(it) => {
            let (offset, metadata) = if version >= 8 {
                let partition = &it.groups[0].topics[0].partitions[0];
                (partition.committed_offset, partition.metadata.clone())
            } else {
                let partition = &it.topics[0].partitions[0];
                (partition.committed_offset, partition.metadata.clone())
            };
            assert_eq!((offset, metadata), (2, Some(text("m"))));
        }
        // Its group is one that real members could have: without an id it is sent away to come back, or let in.
        ResponseKind::JoinGroup(it) => assert_eq!(it.error_code, if version >= 4 { 79 } else { 0 }),
        ResponseKind::Heartbeat(it) => assert_eq!(it.error_code, 25),
        ResponseKind::DescribeConfigs(it) => assert_eq!(it.results[0].error_code, 0),
        ResponseKind::AlterConfigs(it) => assert_eq!(it.responses[0].error_code, 0),
        ResponseKind::IncrementalAlterConfigs(it) => assert_eq!(it.responses[0].error_code, 0),
        ResponseKind::DeleteRecords(it) => assert_eq!(it.topics[0].partitions[0].error_code, 0),
        ResponseKind::InitProducerId(it) => assert_eq!(it.error_code, 0),
        _ => (),
    }
}

fn produce() -> ProduceRequest {
    let record = Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence: -1,
        timestamp: 1_000,
        key: None,
        value: Some(Bytes::from_static(b"value")),
        headers: [].into(),
    };
    let mut records = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut records, [&record], &options).unwrap();
    let partition =
        produce_request::PartitionProduceData::default().with_records(Some(records.freeze()));
    let topic = produce_request::TopicProduceData::default()
        .with_name(topic())
        .with_partition_data(vec![partition]);
    ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic])
}

fn fetch() -> FetchRequest {
    let partition = fetch_request::FetchPartition::default().with_partition_max_bytes(1_000);
    let topic =
        fetch_request::FetchTopic::default().with_topic(topic()).with_partitions(vec![partition]);
    let request = FetchRequest::default().with_replica_id(BrokerId(-1)).with_max_bytes(1_000);
    request.with_min_bytes(1).with_topics(vec![topic])
}

fn list_offsets(version: i16) -> Vec<RequestKind> {
    let timestamps = [-2, -1, 0, -3];
    let known = if version >= 7 { 4 } else { 3 };
    let request = |timestamp: &i64| {
        let partition =
            list_offsets_request::ListOffsetsPartition::default().with_timestamp(*timestamp);
        let topic = list_offsets_request::ListOffsetsTopic::default().with_name(topic());
        let topics = vec![topic.with_partitions(vec![partition])];
        RequestKind::ListOffsets(ListOffsetsRequest::default().with_topics(topics))
    };
    timestamps[..known].iter().map(request).collect()
}

fn metadata(version: i16) -> Vec<RequestKind> {
    let named = |name| {
        let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(name));
        let request = MetadataRequest::default().with_topics(Some(vec![topic]));
        RequestKind::Metadata(if version >= 4 {
            request.with_allow_auto_topic_creation(false)
        } else {
            request
        })
    };
    let all =
        MetadataRequest::default().with_topics(if version == 0 { Some(Vec::new()) } else { None });
    vec![named(topic()), named(TopicName(text("bad name"))), RequestKind::Metadata(all)]
}

fn offset_commit(version: i16) -> OffsetCommitRequest {
    let partition = offset_commit_request::OffsetCommitRequestPartition::default()
        .with_committed_offset(2)
        .with_committed_leader_epoch(if version >= 6 { 0 } else { -1 })
        .with_committed_metadata(Some(text("m")));
    let topic = offset_commit_request::OffsetCommitRequestTopic::default()
        .with_name(topic())
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(GroupId(text("alone")))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic])
}

fn offset_fetch(version: i16) -> OffsetFetchRequest {
    let group = GroupId(text("alone"));
    if version < 8 {
        let topic = offset_fetch_request::OffsetFetchRequestTopic::default()
            .with_name(topic())
            .with_partition_indexes(vec![0]);
        return OffsetFetchRequest::default().with_group_id(group).with_topics(Some(vec![topic]));
    }
    let group = offset_fetch_request::OffsetFetchRequestGroup::default().with_group_id(group);
    OffsetFetchRequest::default().with_groups(vec![group.with_topics(None)])
}

fn find_coordinator(version: i16) -> Vec<RequestKind> {
    let of = |kind| {
        let request = FindCoordinatorRequest::default().with_key_type(kind);
        RequestKind::FindCoordinator(if version >= 4 {
            request.with_coordinator_keys(vec![text("g")])
        } else {
            request.with_key(text("g"))
        })
    };
    if version == 0 { vec![of(0)] } else { vec![of(0), of(1)] }
}

fn join_group() -> JoinGroupRequest {
    let protocol = join_group_request::JoinGroupRequestProtocol::default().with_name(text("range"));
    JoinGroupRequest::default()
        .with_group_id(group())
        .with_session_timeout_ms(20)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

fn leave_group(version: i16) -> LeaveGroupRequest {
    let request = LeaveGroupRequest::default().with_group_id(group());
    if version < 3 {
        return request.with_member_id(text("nobody"));
    }
    let member = leave_group_request::MemberIdentity::default().with_member_id(text("nobody"));
    request.with_members(vec![member])
}

fn create_topics() -> Vec<RequestKind> {
    let named = |name| {
        let topic = create_topics_request::CreatableTopic::default()
            .with_name(TopicName(text(name)))
            .with_num_partitions(1)
            .with_replication_factor(1);
        RequestKind::CreateTopics(CreateTopicsRequest::default().with_topics(vec![topic]))
    };
    vec![named("made"), named("bad name")]
}

fn delete_topics(version: i16) -> DeleteTopicsRequest {
    let name = TopicName(text("made"));
    if version < 6 {
        return DeleteTopicsRequest::default().with_topic_names(vec![name]);
    }
    let topic = delete_topics_request::DeleteTopicState::default().with_name(Some(name));
    DeleteTopicsRequest::default().with_topics(vec![topic])
}

fn delete_records() -> DeleteRecordsRequest {
    let partition = delete_records_request::DeleteRecordsPartition::default().with_offset(1);
    let topic = delete_records_request::DeleteRecordsTopic::default().with_name(topic());
    DeleteRecordsRequest::default().with_topics(vec![topic.with_partitions(vec![partition])])
}

fn describe_configs() -> DescribeConfigsRequest {
    let resource = describe_configs_request::DescribeConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text("t"))
        .with_configuration_keys(None);
    DescribeConfigsRequest::default().with_resources(vec![resource])
}

fn alter_configs() -> AlterConfigsRequest {
    let config = alter_configs_request::AlterableConfig::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text("-1")));
    let resource = alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text("t"))
        .with_configs(vec![config]);
    AlterConfigsRequest::default().with_resources(vec![resource])
}

fn incremental_alter_configs() -> IncrementalAlterConfigsRequest {
    let config = incremental_alter_configs_request::AlterableConfig::default()
        .with_name(text("retention.ms"))
        .with_config_operation(1)
        .with_value(None);
    let resource = incremental_alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text("t"))
        .with_configs(vec![config]);
    IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
}

fn create_partitions() -> CreatePartitionsRequest {
    let topic = create_partitions_request::CreatePartitionsTopic::default();
    let topic = topic.with_name(topic_that_is_not()).with_count(3).with_assignments(None);
    CreatePartitionsRequest::default().with_topics(vec![topic])
}

fn topic_that_is_not() -> TopicName {
    TopicName(text("none"))
}

fn offset_delete() -> OffsetDeleteRequest {
    let topic = offset_delete_request::OffsetDeleteRequestTopic::default()
        .with_name(topic())
        .with_partitions(vec![offset_delete_request::OffsetDeleteRequestPartition::default()]);
    OffsetDeleteRequest::default().with_group_id(GroupId(text("none"))).with_topics(vec![topic])
}
