//! What a reader reads, from where, and what it says of where it stands.

use std::time::Instant;

use transom::topics::{ReaderSettings, Subscription};
use transom_core::topic::{
    CommitMode, EncodedRecord, Offsets, Polled, StartAt, TopicError, TopicReader, TopicWriter,
};

use super::{
    EVENTS, EVENTUALLY, LIMITS, Member, creation, filled, kafka, partition, properties, runtime,
    settings, write_numbers,
};

#[test]
fn records_come_as_they_were_written() {
    let Some(kafka) = kafka("records on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "as-written");
    let bytes: Vec<u8> = (0..=255).collect();
    let written = vec![
        EncodedRecord {
            timestamp: Some(1_700_000_000_123),
            key: Some(bytes.clone()),
            value: Some(bytes.clone()),
            headers: vec![
                ("a".to_owned(), Some(bytes.clone())),
                ("a".to_owned(), None),
                ("é".to_owned(), Some(Vec::new())),
            ],
            ..EncodedRecord::default()
        },
        EncodedRecord { key: Some(b"tombstone".to_vec()), ..EncodedRecord::default() },
        EncodedRecord {
            key: Some(Vec::new()),
            value: Some(Vec::new()),
            ..EncodedRecord::default()
        },
        EncodedRecord { value: Some(vec![b'x'; 900_000]), ..EncodedRecord::default() },
        EncodedRecord::default(),
    ];
    let written: Vec<_> = written
        .into_iter()
        .map(|record| EncodedRecord { topic: topic.to_owned(), ..record })
        .collect();
    let writer = cluster.writer(&properties(&[("compression.type", "zstd")])).unwrap();
    runtime.block_on(writer.ensure(topic, creation(1))).unwrap();
    assert_eq!(runtime.block_on(writer.write(written.clone())).unwrap().refused, []);

    let mut member = Member::of(&cluster, "as-written", topic);
    let Polled::Assigned(assigned) = member.change() else { panic!("{:?}", member.told) };
    assert_eq!(assigned, [partition(topic, 0)]);
    member.assign(&assigned, StartAt::Earliest);
    let mut read = Vec::new();
    let begun = Instant::now();
    while read.len() < written.len() && begun.elapsed() < EVENTUALLY {
        member
            .reader
            .poll(LIMITS, &mut |record| {
                assert!(record.timestamp.is_some());
                read.push(EncodedRecord {
                    topic: record.topic.to_owned(),
                    partition: None,
                    // Only the first was written with one.
                    timestamp: record.timestamp.filter(|_| record.offset == Some(0)),
                    key: record.key.map(<[u8]>::to_vec),
                    value: record.value.map(<[u8]>::to_vec),
                    headers: record
                        .headers
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
                        .collect(),
                });
            })
            .unwrap();
    }
    assert_eq!(read, written);
}

#[test]
fn a_hundred_thousand_records_come_in_order() {
    let Some(kafka) = kafka("many records on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "many");
    filled(&runtime, &cluster, topic, 4, 25_000);
    let mut member = Member::of(&cluster, "many", topic);
    member.run_until("the last record", |member| member.read.len() >= 100_000);
    for of in 0..4 {
        let offsets =
            member.read.iter().filter(|(partition, _)| *partition == of).map(|(_, offset)| *offset);
        assert!(offsets.eq(0..25_000), "of partition {of}");
    }
    let positions = member.reader.positions();
    assert_eq!(positions.values().copied().collect::<Vec<_>>(), [25_000; 4]);
    assert_eq!(member.reader.ends(), positions);
}

#[test]
fn a_poll_brings_no_more_than_it_was_asked_for() {
    let Some(kafka) = kafka("limits on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "limits");
    filled(&runtime, &cluster, topic, 1, 1000);
    let mut member = Member::of(&cluster, "limits", topic);
    member.run_until("a record", |member| !member.read.is_empty());
    let few = super::PollLimits { records: 7, bytes: 1 << 20, ..LIMITS };
    let bytes = super::PollLimits { bytes: 4, ..LIMITS };
    member.run_until("all are there", |member| {
        let end = member.reader.ends().values().copied().max();
        end == Some(1000)
    });
    member.reader.close().unwrap();

    let mut member = Member::of(&cluster, "limits", topic);
    let Polled::Assigned(assigned) = member.change() else { panic!("{:?}", member.told) };
    member.assign(&assigned, StartAt::Offset(500));
    let begun = Instant::now();
    while member.read.len() < 7 && begun.elapsed() < EVENTUALLY {
        member.poll(few);
    }
    assert_eq!(member.read.len(), 7);
    // Values have three digits: the second one exceeds the limit, and is the last.
    assert_eq!(member.poll(bytes), Polled::Records(2));
    assert_eq!(member.reader.positions()[&partition(topic, 0)], 509);
    assert!(matches!(member.poll(EVENTS), Polled::Idle));
    assert_eq!(member.read.last(), Some(&(0, 508)));
}

#[test]
fn an_offset_out_of_range_is_told_with_figures() {
    let Some(kafka) = kafka("offsets out of range on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "out-of-range");
    filled(&runtime, &cluster, topic, 1, 10);
    let mut member = Member::of(&cluster, "out-of-range", topic);
    let Polled::Assigned(assigned) = member.change() else { panic!("{:?}", member.told) };
    member.assign(&assigned, StartAt::Offset(1000));
    let begun = Instant::now();
    let told = loop {
        match member.reader.poll(LIMITS, &mut |record| panic!("{record:?}")) {
            Ok(_) => assert!(begun.elapsed() < EVENTUALLY, "nothing was told"),
            Err(error) => break error,
        }
    };
    assert_eq!(
        told.to_string(),
        "offset 1000 of out-of-range-0 is not in the log, which has 0 to 10"
    );
    assert!(matches!(told, TopicError::OutOfRange { .. }));
}

#[test]
fn offsets_are_kept_with_what_topic_they_are_for() {
    let Some(kafka) = kafka("stored offsets on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "stored");
    filled(&runtime, &cluster, topic, 2, 10);
    let mut member = Member::of(&cluster, "stored", topic);
    member.run_until("twenty records", |member| member.read.len() >= 20);
    let identity = member.reader.identity(topic).unwrap();
    assert_eq!((identity.cluster.as_str(), identity.topic.len()), ("dHJhbnNvbS1pdC1jbHVzdA", 22));

    let both = [partition(topic, 0), partition(topic, 1)];
    let none = member.reader.committed(&both).unwrap();
    assert!(none.iter().all(|stored| stored.offset.is_none() && stored.identity.is_none()));
    member.reader.commit(&Offsets::from([(both[0].clone(), 7)]), CommitMode::Sync).unwrap();
    member.reader.commit(&Offsets::from([(both[1].clone(), 9)]), CommitMode::Async).unwrap();
    member.run_until("the second commit", |member| {
        let stored = member.reader.committed(&both).unwrap();
        assert_eq!((stored[0].offset, stored[0].identity.as_ref()), (Some(7), Some(&identity)));
        stored[1].offset == Some(9)
    });

    let admin = cluster.admin().unwrap();
    let refused = admin.reset("stored", &Offsets::from([(both[0].clone(), 1)])).unwrap_err();
    assert!(refused.to_string().contains("has members"), "{refused}");
    member.reader.close().unwrap();
    admin.reset("stored", &Offsets::from([(both[0].clone(), 1)])).unwrap();
    let shown = admin.offsets("stored", &admin.topic(topic).unwrap()).unwrap();
    let offsets: Vec<_> = shown.iter().map(|stored| stored.offset).collect();
    assert_eq!(offsets, [Some(1), Some(9)]);
    assert_eq!(shown[0].identity, Some(identity));
}

#[test]
fn a_missing_topic_is_told_while_others_flow_and_found_when_it_comes() {
    let Some(kafka) = kafka("topics that come later on Kafka") else { return };
    let (runtime, cluster) = (runtime(), kafka.cluster());
    filled(&runtime, &cluster, "early", 1, 3);
    let quick = ("topic.metadata.refresh.interval.ms", "500");
    let both = vec!["later".to_owned(), "early".to_owned()];
    let subscription = Subscription::Topics(both);
    let settings = ReaderSettings { subscription, ..settings("later", "", &[quick]) };
    let mut member = Member::with(&cluster, settings);
    let (mut missing, begun) = (false, Instant::now());
    while !missing || member.read.len() < 3 {
        let read = &mut member.read;
        match member.reader.poll(LIMITS, &mut |record| read.push((0, record.offset.unwrap()))) {
            Ok(polled) => member.answer(polled),
            Err(TopicError::Missing { topic }) if topic == "later" => missing = true,
            Err(error) => panic!("{error}"),
        }
        assert!(begun.elapsed() < EVENTUALLY, "missing: {missing}, read: {:?}", member.read);
    }
    filled(&runtime, &cluster, "later", 1, 3);
    member.run_until("its records", |member| member.read.len() == 6);
}

#[test]
fn the_end_is_where_it_was_when_it_was_assigned() {
    let Some(kafka) = kafka("ends on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "from-the-end");
    filled(&runtime, &cluster, topic, 1, 5);
    let mut member = Member::of(&cluster, topic, topic);
    let Polled::Assigned(assigned) = member.change() else { panic!("{:?}", member.told) };
    member.assign(&assigned, StartAt::Latest);
    assert_eq!(member.reader.positions()[&assigned[0]], 5);
    write_numbers(&runtime, &cluster, topic, 1, 5..8);
    member.run_until("what came later", |member| member.read == [(0, 5), (0, 6), (0, 7)]);
}

#[test]
fn a_pattern_means_the_whole_name() {
    let Some(kafka) = kafka("patterns on Kafka") else { return };
    let (runtime, cluster) = (runtime(), kafka.cluster());
    for topic in ["pattern-1", "pattern-22", "pattern-x", "a-pattern-1"] {
        filled(&runtime, &cluster, topic, 1, 1);
    }
    let subscription = Subscription::Pattern(r"pattern-\d+|nothing".to_owned());
    let settings = ReaderSettings { subscription, ..settings("pattern", "", &[]) };
    let mut member = Member::with(&cluster, settings);
    member.run_until("both", |member| member.read.len() >= 2);
    let assigned: Vec<String> = member.reader.positions().keys().map(ToString::to_string).collect();
    assert_eq!(assigned, ["pattern-1-0", "pattern-22-0"]);
}

#[test]
fn a_topic_is_read_from_end_to_end() {
    let Some(kafka) = kafka("whole topics on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "whole");
    filled(&runtime, &cluster, topic, 3, 500);
    let scan = cluster.scan(topic).unwrap();
    // What comes after it began is not its.
    write_numbers(&runtime, &cluster, topic, 3, 500..510);
    let mut read = 0;
    scan.read(&mut |record| {
        assert!(record.offset < Some(500));
        read += 1;
    })
    .unwrap();
    assert_eq!(read, 1500);
}

#[test]
fn a_topic_that_was_created_anew_is_another() {
    let Some(kafka) = kafka("recreated topics on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "recreated");
    filled(&runtime, &cluster, topic, 1, 5);
    let mut member = Member::of(&cluster, "recreated", topic);
    member.run_until("five records", |member| member.read.len() == 5);
    let of = partition(topic, 0);
    member.reader.commit(&Offsets::from([(of.clone(), 5)]), CommitMode::Sync).unwrap();
    let old = member.reader.identity(topic).unwrap();
    member.reader.close().unwrap();

    kafka.delete_topic(topic);
    filled(&runtime, &cluster, topic, 1, 9);
    let mut member = Member::of(&cluster, "recreated", topic);
    let Polled::Assigned(assigned) = member.change() else { panic!("{:?}", member.told) };
    let new = member.reader.identity(topic).unwrap();
    assert_eq!(old.cluster, new.cluster);
    assert_ne!(old.topic, new.topic);
    // The broker forgets a group's offsets with their topic; what a sink stored would still name the old one.
    let stored = member.reader.committed(&assigned).unwrap();
    assert!(stored[0].identity.is_none() || stored[0].identity == Some(old));
}

#[test]
fn a_partition_that_rests_in_silence_is_noticed() {
    let Some(kafka) = kafka("resting partitions on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "resting");
    filled(&runtime, &cluster, topic, 2, 10);
    let often = [("statistics.interval.ms", "200")];
    let mut member = Member::with(&cluster, settings("resting", topic, &often));
    let Polled::Assigned(assigned) = member.change() else { panic!("{:?}", member.told) };
    assert_eq!(assigned.len(), 2);
    member.assign(&assigned, StartAt::Offset(1000));
    // The word of it waits among the records, which nobody takes, until a rebalance throws them away.
    let mut second = Member::with(&cluster, settings("resting", topic, &[]));
    let begun = Instant::now();
    let told = loop {
        second.reader.poll(EVENTS, &mut |_| ()).map(|polled| second.answer(polled)).unwrap();
        match member.reader.poll(EVENTS, &mut |_| ()) {
            Ok(polled) => member.answer(polled),
            Err(error) => break error,
        }
        assert!(begun.elapsed() < EVENTUALLY, "nothing was told");
    };
    assert!(matches!(told, TopicError::OutOfRange { offset: 1000, .. }), "{told}");
}
