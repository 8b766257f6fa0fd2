//! Consumer groups as librdkafka lives in them.

use std::collections::BTreeSet;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::support::{Node, SHORT, eventually, poll, read};

/// Polls all members until each has as many partitions as `expected` says; returns what they read on the way.
fn balance(members: &[BaseConsumer], expected: &[usize]) -> Vec<(i32, i64)> {
    let mut records = Vec::new();
    eventually("an assignment", || {
        for member in members {
            records.extend(poll(member).map(|message| (message.partition(), message.offset())));
        }
        let counts = members.iter().map(|member| member.assignment().unwrap().count());
        let mut counts: Vec<usize> = counts.collect();
        counts.sort_unstable();
        (counts == expected).then_some(())
    });
    records
}

#[test]
fn three_members_share_and_hand_over() {
    for strategy in ["range", "cooperative-sticky"] {
        let node = Node::start();
        let clients = node.clients();
        clients.create("t", 6);
        let set = [("partition.assignment.strategy", strategy)];
        let member = || clients.member("g", "t", &set);
        let mut members = vec![member()];
        balance(&members, &[6]);
        members.push(member());
        balance(&members, &[3, 3]);
        members.push(member());
        balance(&members, &[2, 2, 2]);
        (0..6).for_each(|partition| drop(clients.send("t", partition, 20, &[])));
        let mut seen = BTreeSet::new();
        eventually("all records", || {
            for member in &members {
                while let Some(message) = poll(member) {
                    assert!(seen.insert((message.partition(), message.offset())), "read twice");
                }
            }
            (seen.len() == 120).then_some(())
        });
        for member in &members {
            member.commit_consumer_state(CommitMode::Sync).unwrap();
        }
        members.pop();
        balance(&members, &[3, 3]);
        members.pop();
        assert_eq!(balance(&members, &[6]), [], "what was committed is not read again");
    }
}

#[test]
fn committed_offsets_and_their_metadata_outlive_members_and_broker() {
    let mut node = Node::start();
    node.clients().create("t", 2);
    node.clients().send("t", 0, 10, &[]);
    let member = node.clients().member("g", "t", &[]);
    read(&member, 10);
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset("t", 0, Offset::Offset(4)).unwrap();
    offsets.find_partition("t", 0).unwrap().set_metadata("half way");
    member.commit(&offsets, CommitMode::Sync).unwrap();
    drop(member);
    node.restart();
    let member = node.clients().member("g", "t", &[]);
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_range("t", 0, 1);
    let committed = member.committed_offsets(wanted, SHORT * 100).unwrap();
    let first = committed.find_partition("t", 0).unwrap();
    assert_eq!((first.offset(), first.metadata()), (Offset::Offset(4), "half way"));
    assert_eq!(committed.find_partition("t", 1).unwrap().offset(), Offset::Invalid);
    let offsets: Vec<i64> = read(&member, 6).iter().map(Message::offset).collect();
    assert_eq!(offsets, [4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_static_member_comes_back_to_its_partitions_without_a_rebalance() {
    let node = Node::start();
    let clients = node.clients();
    clients.create("t", 4);
    let member = |instance| clients.member("g", "t", &[("group.instance.id", instance)]);
    let observer = clients.consumer("observers", &[]);
    let (first, second) = (member("one"), member("two"));
    let pair = [first, second];
    balance(&pair, &[2, 2]);
    let [first, second] = pair;
    let kept = partitions_of(&first);
    // A static member does not say good-bye.
    drop(second);
    assert_eq!(state_of(&observer), ("Stable".to_owned(), 2));
    let second = member("two");
    let again = [first, second];
    balance(&again, &[2, 2]);
    assert_eq!(partitions_of(&again[0]), kept);
    assert_eq!(state_of(&observer), ("Stable".to_owned(), 2));
}

#[test]
fn of_two_with_one_instance_the_earlier_is_fenced() {
    let node = Node::start();
    let clients = node.clients();
    clients.create("t", 1);
    let member = || clients.member("g", "t", &[("group.instance.id", "one")]);
    let earlier = [member()];
    balance(&earlier, &[1]);
    let later = [member()];
    balance(&later, &[1]);
    eventually("being fenced", || {
        poll(&earlier[0]);
        let (code, _) = earlier[0].client().fatal_error()?;
        (code == RDKafkaErrorCode::FencedInstanceId).then_some(())
    });
}

/// Which partitions `member` has. Numbers alone: the client's own list would keep the client from closing.
fn partitions_of(member: &BaseConsumer) -> Vec<i32> {
    member.assignment().unwrap().elements().iter().map(TopicPartitionListElem::partition).collect()
}

/// The state of group `g` and how many members it has.
fn state_of(observer: &BaseConsumer) -> (String, usize) {
    let groups = observer.fetch_group_list(Some("g"), SHORT * 100).unwrap();
    let group = &groups.groups()[0];
    (group.state().to_owned(), group.members().len())
}
