//! Tables of decisions.

use super::{Mismatch, RejectWindow, Reset, backoff, load_limit, retry_delay, start};
use crate::{
    config::RejectLimit,
    topic::{StoredOffset, TopicIdentity, TopicPartition, Watermarks},
};
use core::time::Duration;

fn identity(cluster: &str, topic: &str) -> TopicIdentity {
    TopicIdentity { cluster: cluster.to_owned(), topic: topic.to_owned() }
}

/// What begins where in a log from 10 to 20 of topic `t` in cluster `c`.
fn begin(offset: Option<i64>, stored: Option<(&str, &str)>, reset: Reset) -> Result<i64, Mismatch> {
    let partition = TopicPartition { topic: "orders".into(), partition: 3 };
    let identity_then = stored.map(|(cluster, topic)| identity(cluster, topic));
    let stored = StoredOffset { partition, identity: identity_then, offset };
    let log = Watermarks { earliest: 10, latest: 20 };
    start(&stored, &identity("c", "t"), log, reset).map_err(|error| error.why)
}

#[test]
fn a_partition_begins_where_nothing_is_skipped() {
    let table = [
        (None, None, Reset::Earliest, Ok(10)),
        (None, None, Reset::Latest, Ok(20)),
        (None, None, Reset::Fail, Err(Mismatch::NothingStored)),
        (None, Some(("other", "t")), Reset::Earliest, Ok(10)),
        (Some(15), None, Reset::Latest, Ok(15)),
        (Some(15), Some(("c", "t")), Reset::Fail, Ok(15)),
        (Some(10), Some(("c", "")), Reset::Fail, Ok(10)),
        (Some(20), Some(("", "t")), Reset::Fail, Ok(20)),
        (Some(9), Some(("c", "t")), Reset::Earliest, Err(Mismatch::BelowEarliest)),
        (Some(21), Some(("c", "t")), Reset::Latest, Err(Mismatch::AboveLatest)),
        (Some(15), Some(("other", "t")), Reset::Earliest, Err(Mismatch::OtherCluster)),
        (Some(15), Some(("c", "other")), Reset::Earliest, Err(Mismatch::OtherTopic)),
    ];
    for (offset, stored, reset, expected) in table {
        assert_eq!(begin(offset, stored, reset), expected, "{offset:?} {stored:?} {reset:?}");
    }
}

#[test]
fn a_refusal_to_begin_names_the_figures_and_the_ways_out() {
    let partition = TopicPartition { topic: "orders".into(), partition: 3 };
    let stored = StoredOffset { partition, identity: None, offset: Some(4) };
    let log = Watermarks { earliest: 10, latest: 20 };
    let error =
        start(&stored, &identity("c", "t"), log, Reset::Earliest).map_err(|e| e.to_string());
    assert_eq!(
        error,
        Err("offset of `orders-3`: the records from it on are gone from the log; stored 4, earliest 10, latest 20"
            .to_owned())
    );
}

#[test]
fn retries_wait_as_connects_do() {
    let (ms, max) = (Duration::from_millis, Duration::from_mins(1));
    let waits: Vec<Duration> = (0..4).map(|attempt| retry_delay(attempt, max, 0.5, None)).collect();
    assert_eq!(waits, [ms(300), ms(600), ms(1200), ms(2400)]);
    assert_eq!(retry_delay(0, ms(500), 0.5, None), ms(300));
    assert_eq!(retry_delay(1, ms(500), 0.5, None), ms(250));
    assert_eq!(retry_delay(4, max, 0.5, Some(ms(500))), ms(500));
    assert_eq!(retry_delay(40, max, 0.25, None), ms(15_000));
}

#[test]
fn backoff_doubles_up_to_its_cap() {
    let (ms, cap) = (Duration::from_millis, Duration::from_secs(1));
    assert_eq!(backoff(0, ms(100), cap, 1.0), ms(100));
    assert_eq!(backoff(0, ms(100), cap, 0.0), ms(50));
    assert_eq!(backoff(3, ms(100), cap, 1.0), ms(800));
    assert_eq!(backoff(50, ms(100), cap, 1.0), cap);
}

#[test]
fn a_window_forgets_what_is_a_thousand_records_ago() {
    let mut window = RejectWindow::new(Some(RejectLimit::Count(2)));
    assert!(!window.would_exceed(2, 2));
    assert!(window.would_exceed(3, 3));
    window.note(true);
    window.note(true);
    assert!(window.would_exceed(1, 1));
    // By the end of so many they are behind the window.
    assert!(!window.would_exceed(1, 1000));
    for _ in 0..998 {
        window.note(false);
    }
    assert!(!window.would_exceed(1, 1));
    assert!(window.would_exceed(2, 1));
    let share = RejectWindow::new(Some(RejectLimit::Share(0.1)));
    assert!(!share.would_exceed(100, 100));
    assert!(share.would_exceed(101, 1000));
    // A batch may be larger than the window: 4 % of it are no 10 %.
    assert!(!share.would_exceed(164, 4096));
    assert!(share.would_exceed(410, 4096));
    assert!(!RejectWindow::new(None).would_exceed(5000, 5000));
}

#[test]
fn a_slow_chain_gets_as_many_records_as_it_is_through_with_in_time() {
    let table = [
        // limit, records, took, expected
        (500, 500, 2_000, 250),
        (500, 100, 2_000, 50),
        (500, 500, 3_600_000, 1),
        (1, 1, 5_000, 1),
        (250, 250, 1_000, 250),
        (250, 250, 249, 500),
        (250, 250, 250, 250),
        (400, 400, 1, 500),
        (250, 10, 1, 250),
        (0, 0, 0, 1),
    ];
    let ms = Duration::from_millis;
    for (limit, records, took, expected) in table {
        let next = load_limit(limit, records, ms(took), ms(1_000), 500);
        assert_eq!(next, expected, "{limit} {records} {took}");
    }
}
