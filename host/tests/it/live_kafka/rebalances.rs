//! What a group does to its members.

use std::time::{Duration, Instant};

use transom_core::topic::{CommitMode, Offsets, Polled, StartAt, TopicError, TopicReader};

use super::{EVENTS, EVENTUALLY, LIMITS, Member, filled, kafka, runtime, settings};

#[test]
fn a_second_member_gets_its_share() {
    share("cooperative-sticky");
}

#[test]
fn a_second_member_gets_its_share_of_an_eager_group() {
    share("range");
}

/// Two members share four partitions; then one leaves. No record is read twice, none is missed, none comes unasked.
fn share(assignor: &str) {
    let Some(kafka) = kafka(&format!("rebalances of {assignor} on Kafka")) else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), format!("share-{assignor}"));
    filled(&runtime, &cluster, &topic, 4, 50);
    let member = || {
        Member::with(
            &cluster,
            settings(&topic, &topic, &[("partition.assignment.strategy", assignor)]),
        )
    };
    let mut first = member();
    first.run_until("all records", |first| first.read.len() == 200);

    let mut second = member();
    let begun = Instant::now();
    let mut revoked = Vec::new();
    while second.reader.positions().len() < 2 {
        match first.poll(LIMITS) {
            Polled::Revoked(partitions) => {
                // Between the revocation and the release nothing comes, and the offsets are still ours to store.
                let positions = first.reader.positions();
                let held: Offsets =
                    partitions.iter().map(|one| (one.clone(), positions[one])).collect();
                first.reader.commit(&held, CommitMode::Sync).unwrap();
                assert_eq!(first.poll(LIMITS), Polled::Idle);
                first.reader.release(&partitions).unwrap();
                revoked = partitions;
            }
            Polled::Assigned(partitions) => first.assign(&partitions, StartAt::Offset(50)),
            other => assert_eq!(other, Polled::Idle),
        }
        if let Polled::Assigned(partitions) = second.poll(LIMITS) {
            let stored = second.reader.committed(&partitions).unwrap();
            assert!(stored.iter().all(|stored| stored.offset == Some(50)), "{stored:?}");
            second.assign(&partitions, StartAt::Offset(50));
        }
        assert!(begun.elapsed() < EVENTUALLY, "{:?} and {:?}", first.told, second.told);
    }
    assert_eq!(revoked.len(), if assignor == "range" { 4 } else { 2 });
    assert_eq!(second.read, []);
    second.reader.close().unwrap();
    // What the other left comes back; the eager protocol takes the rest first.
    let begun = Instant::now();
    while first.reader.positions().len() < 4 {
        let polled = first.poll(LIMITS);
        if let Polled::Assigned(partitions) = polled {
            first.assign(&partitions, StartAt::Offset(50));
        } else {
            first.answer(polled);
        }
        assert!(begun.elapsed() < EVENTUALLY, "{:?}", first.told);
    }
    super::write_numbers(&runtime, &cluster, &topic, 4, 50..51);
    first.run_until("the new records", |first| first.read.len() == 204);
}

#[test]
fn a_claim_may_take_its_time() {
    let Some(kafka) = kafka("slow claims on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "slow-claim");
    filled(&runtime, &cluster, topic, 1, 10);
    // The group would have given the member up twice in this time.
    let hasty = [
        ("session.timeout.ms", "6000"),
        ("max.poll.interval.ms", "6000"),
        ("heartbeat.interval.ms", "500"),
    ];
    let mut member = Member::with(&cluster, settings("slow-claim", topic, &hasty));
    let Polled::Assigned(assigned) = member.change() else { panic!("{:?}", member.told) };
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(member.poll(LIMITS), Polled::Idle);
    }
    member.assign(&assigned, StartAt::Offset(4));
    member.run_until("the records", |member| member.read.len() == 6);
    assert_eq!(member.read[0], (0, 4));
    member.reader.commit(&Offsets::from([(assigned[0].clone(), 10)]), CommitMode::Sync).unwrap();
    assert_eq!(member.told.len(), 1);
}

#[test]
fn back_pressure_does_not_cost_the_membership() {
    let Some(kafka) = kafka("back-pressure on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "back-pressure");
    filled(&runtime, &cluster, topic, 1, 10);
    let (interval, wait) =
        if std::env::var_os("TRANSOM_SOAK").is_some() { ("10000", 40) } else { ("6000", 9) };
    let hasty = [("max.poll.interval.ms", interval), ("session.timeout.ms", "6000")];
    let mut member = Member::with(&cluster, settings("back-pressure", topic, &hasty));
    member.run_until("a record", |member| !member.read.is_empty());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(wait) {
        assert_eq!(member.poll(EVENTS), Polled::Idle);
    }
    assert_eq!(member.told.len(), 1, "{:?}", member.told);
    let of = member.reader.positions().into_keys().next().unwrap();
    member.reader.commit(&Offsets::from([(of, 1)]), CommitMode::Sync).unwrap();
}

#[test]
fn who_does_not_poll_loses_what_it_had() {
    let Some(kafka) = kafka("lost partitions on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "lost");
    filled(&runtime, &cluster, topic, 1, 10);
    let hasty = [("max.poll.interval.ms", "6000"), ("session.timeout.ms", "6000")];
    let mut member = Member::with(&cluster, settings("lost", topic, &hasty));
    member.run_until("a record", |member| !member.read.is_empty());
    let of = member.reader.positions().into_keys().next().unwrap();
    let mut other = Member::of(&cluster, "lost", topic);
    // The first is not polled until the other has everything.
    other.run_until("the partition", |other| !other.reader.positions().is_empty());
    let stale = member.reader.commit(&Offsets::from([(of.clone(), 10)]), CommitMode::Sync);
    assert!(matches!(stale, Err(TopicError::Rebalanced { .. })), "{stale:?}");
    let begun = Instant::now();
    let mut lost = false;
    while !lost {
        match member.reader.poll(LIMITS, &mut |record| panic!("{record:?}")) {
            Ok(Polled::Lost(partitions)) => {
                assert_eq!(partitions, std::slice::from_ref(&of));
                member.reader.release(&partitions).unwrap();
                lost = true;
            }
            Ok(Polled::Idle) | Err(TopicError::Rebalanced { .. }) => (),
            other => panic!("{other:?}"),
        }
        assert!(begun.elapsed() < EVENTUALLY, "it was not told");
    }
}
