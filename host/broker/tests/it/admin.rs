//! What admin clients ask for.

use rdkafka::admin::{
    AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::support::{Clients, Node, SHORT, read};

fn partitions(consumer: &BaseConsumer, topic: &str) -> usize {
    let metadata = consumer.fetch_metadata(None, SHORT * 100).unwrap();
    let found = metadata.topics().iter().find(|it| it.name() == topic);
    found.map_or(0, |topic| topic.partitions().len())
}

#[test]
fn topics_are_made_grown_and_deleted() {
    let mut node = Node::start();
    let options = AdminOptions::new();
    {
        let clients = node.clients();
        let (admin, consumer) = (clients.admin(), clients.consumer("g", &[]));
        let create = |topic: NewTopic<'_>| {
            let created = node.runtime.block_on(admin.create_topics(&[topic], &options));
            created.unwrap().pop().unwrap().map_err(|(_, code)| code).map(|_| ())
        };
        let new = |name, count| NewTopic::new(name, count, TopicReplication::Fixed(1));
        create(new("t", 2)).unwrap();
        assert_eq!(create(new("t", 2)), Err(RDKafkaErrorCode::TopicAlreadyExists));
        assert_eq!(create(new("bad name", 1)), Err(RDKafkaErrorCode::InvalidTopic));
        assert_eq!(create(new("many", 5_000)), Err(RDKafkaErrorCode::InvalidPartitions));
        let copies = NewTopic::new("copies", 1, TopicReplication::Fixed(3));
        assert_eq!(create(copies), Err(RDKafkaErrorCode::InvalidReplicationFactor));
        assert_eq!(create(new("t2", 1).set("no.such", "1")), Err(RDKafkaErrorCode::InvalidConfig));

        let grow = |count| {
            let wanted = [NewPartitions::new("t", count)];
            let grown = admin.create_partitions(&wanted, &options);
            node.runtime.block_on(grown).unwrap().pop().unwrap().map_err(|(_, code)| code)
        };
        assert_eq!(grow(5), Ok("t".to_owned()));
        assert_eq!(grow(5), Err(RDKafkaErrorCode::InvalidPartitions));
        assert_eq!((partitions(&consumer, "t"), partitions(&consumer, "t2")), (5, 0));
        clients.send("t", 4, 3, &[]);
    }
    node.restart();
    let clients = node.clients();
    let (admin, consumer) = (clients.admin(), clients.consumer("g", &[]));
    assert_eq!(consumer.fetch_watermarks("t", 4, SHORT * 100).unwrap(), (0, 3));
    let delete = || {
        let deleted = node.runtime.block_on(admin.delete_topics(&["t"], &options));
        deleted.unwrap().pop().unwrap().map_err(|(_, code)| code)
    };
    assert_eq!(delete(), Ok("t".to_owned()));
    assert_eq!(delete(), Err(RDKafkaErrorCode::UnknownTopicOrPartition));
    clients.create("t", 1);
    assert_eq!(
        consumer.fetch_watermarks("t", 0, SHORT * 100).unwrap(),
        (0, 0),
        "nothing is left of it"
    );
}

#[test]
fn configs_are_kept_and_wrong_ones_refused() {
    let mut node = Node::start();
    node.clients().create_with("t", 1, &[("cleanup.policy", "compact"), ("retention.ms", "5")]);
    let value = |clients: &Clients<'_>, resource, name| {
        let described = clients.admin().describe_configs([&resource], &AdminOptions::new());
        let described = clients.runtime.block_on(described).unwrap().pop().unwrap().unwrap();
        described.get(name).and_then(|entry| entry.value.clone())
    };
    let topic = |clients: &Clients<'_>, name| value(clients, ResourceSpecifier::Topic("t"), name);
    let alter = |clients: &Clients<'_>, name, value| {
        let config = AlterConfig::new(ResourceSpecifier::Topic("t")).set(name, value);
        let altered = clients.admin().alter_configs([&config], &AdminOptions::new());
        clients
            .runtime
            .block_on(altered)
            .unwrap()
            .pop()
            .unwrap()
            .map_err(|(_, code)| code)
            .map(|_| ())
    };
    assert_eq!(topic(&node.clients(), "cleanup.policy").unwrap(), "compact");
    // This call sets all of them: what it does not name returns to its default.
    assert_eq!(alter(&node.clients(), "retention.bytes", "77"), Ok(()));
    node.restart();
    let clients = node.clients();
    assert_eq!(topic(&clients, "retention.bytes").unwrap(), "77");
    assert_eq!(topic(&clients, "cleanup.policy").unwrap(), "delete");
    // The client does not hand on what is said about single resources; that nothing has changed is what counts.
    alter(&clients, "retention.bytes", "many").unwrap();
    assert_eq!(topic(&clients, "retention.bytes").unwrap(), "77");
    let node = ResourceSpecifier::Broker(1);
    assert_eq!(value(&clients, node, "auto.create.topics.enable").unwrap(), "true");
}

#[test]
fn records_are_deleted_from_the_front_and_stay_so() {
    let mut node = Node::start();
    node.clients().create("t", 1);
    node.clients().send("t", 0, 10, &[]);
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset("t", 0, Offset::Offset(7)).unwrap();
    let admin = node.clients().admin();
    let deleted = admin.delete_records(&offsets, &AdminOptions::new());
    node.runtime.block_on(deleted).unwrap();
    node.restart();
    let clients = node.clients();
    let consumer = clients.member("g", "t", &[]);
    assert_eq!(consumer.fetch_watermarks("t", 0, SHORT * 100).unwrap(), (7, 10));
    assert_eq!(read(&consumer, 3)[0].offset(), 7);
}

#[test]
fn groups_are_listed_and_deleted() {
    let node = Node::start();
    let clients = node.clients();
    clients.create("t", 1);
    clients.send("t", 0, 1, &[]);
    let member = clients.member("g", "t", &[]);
    read(&member, 1);
    member.commit_consumer_state(rdkafka::consumer::CommitMode::Sync).unwrap();
    let admin = clients.admin();
    let delete = || {
        let deleted = admin.delete_groups(&["g"], &AdminOptions::new());
        node.runtime.block_on(deleted).unwrap().pop().unwrap().map_err(|(_, code)| code)
    };
    let other = clients.consumer("other", &[]);
    let states = || {
        let groups = other.fetch_group_list(None, SHORT * 100).unwrap();
        let of = |group: &rdkafka::groups::GroupInfo| {
            (group.name().to_owned(), group.state().to_owned())
        };
        groups.groups().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(states(), [("g".to_owned(), "Stable".to_owned())]);
    assert_eq!(delete(), Err(RDKafkaErrorCode::NonEmptyGroup));
    drop(member);
    assert_eq!(states(), [("g".to_owned(), "Empty".to_owned())]);
    assert_eq!(delete(), Ok("g".to_owned()));
    assert_eq!(delete(), Err(RDKafkaErrorCode::GroupIdNotFound));
    assert_eq!(states(), []);
}
