//! What a sink task does, case by case.

use crate::{
    cluster::partition,
    logs::Logs,
    sinks::{Kind, Row},
    world::{NAME, World, plan},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tracing::Level;
use transom_core::{
    config::{RejectLimit, Tolerance},
    connector::{Class, ConnectorError},
    topic::{EncodedRecord, TopicIdentity},
};
use transom_runtime::{
    Runtime,
    assembly::{Plan, Reset},
    status::{RecordCounts, State, TaskStatus},
};

const KEEP: &str = r#"{"do":"keep"}"#;
const REJECT: &str = r#"{"do":"reject"}"#;
const SAME: &str = r#"{"do":"reject-same"}"#;
const FAIL: &str = r#"{"do":"fail"}"#;
const SPLIT: &str = r#"{"do":"split"}"#;
const DROP: &str = r#"{"do":"drop"}"#;

/// A topic of one partition with these records.
fn world(kind: Kind, values: &[&str]) -> Arc<World> {
    World::filled(kind, values)
}

fn strict() -> Plan {
    let mut plan = plan();
    plan.errors.tolerance = Tolerance::None;
    plan
}

fn offsets(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row.offset).collect()
}

fn delivered(world: &World) -> Vec<i64> {
    offsets(&world.table.lock().unwrap().rows)
}

fn committed(world: &World) -> Option<i64> {
    world.cluster.committed(NAME, &partition("orders", 0))
}

fn task(runtime: &Runtime) -> TaskStatus {
    runtime.status().connectors[0].tasks[0].clone()
}

/// Runs a task that is expected to stop by policy, and returns why.
async fn stopped(world: &Arc<World>, plan: Plan) -> String {
    let runtime = world.start(plan);
    runtime.ended().await;
    let task = task(&runtime);
    assert_eq!(task.state, State::Failed);
    task.reason.unwrap()
}

/// Waits until a task says something of itself.
async fn until(runtime: &Runtime, holds: impl Fn(&TaskStatus) -> bool) {
    while !holds(&task(runtime)) {
        tokio::task::yield_now().await;
    }
}

fn header(letter: &EncodedRecord, name: &str) -> Option<String> {
    let found = letter.headers.iter().find(|(header, _)| header == name)?;
    Some(String::from_utf8(found.1.clone().unwrap()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn records_are_delivered_in_order_and_committed() {
    let world = world(Kind::PLAIN, &[KEEP; 20]);
    let runtime = world.drain(plan()).await;
    assert_eq!(delivered(&world), (0..20).collect::<Vec<i64>>());
    assert_eq!(committed(&world), Some(20));
    let expected = RecordCounts { read: 20, delivered: 20, out: 20, ..RecordCounts::default() };
    assert_eq!((task(&runtime).state, task(&runtime).records), (State::Stopped, expected));
}

#[tokio::test(start_paused = true)]
async fn without_tolerance_the_task_stops_at_the_record_with_all_before_it_committed() {
    for (bad, code) in [("poison", "poison"), (FAIL, "told-to"), (REJECT, "refused-0-3")] {
        for number in 0..6 {
            let (stores_offsets, names) = (number >= 4, number % 2 == 0);
            let atomic = stores_offsets || number >= 2;
            let kind = Kind { stores_offsets, atomic, names };
            let world = world(kind, &[KEEP, DROP, KEEP, bad, KEEP]);
            let reason = stopped(&world, strict()).await;
            let place = match bad {
                "poison" => "VALUE_CONVERTER",
                FAIL => "TRANSFORMATION of transform `obey`",
                _ => "TASK_PUT",
            };
            let told = format!("offset 3 of `orders-0` failed in {place} with `{code}`: ");
            assert!(reason.contains(&told), "{reason}");
            assert_eq!(committed(&world), Some(3), "{bad} {kind:?}");
            let rows = delivered(&world);
            assert_eq!(rows[..2], [0, 2], "{bad} {kind:?}");
            // The record behind it has gone only where a sink takes all but what it names.
            assert_eq!(rows.len() > 2, bad == REJECT && !atomic && names, "{bad} {kind:?}");
            assert_eq!(world.cluster.records("dead").len(), 1);
            if stores_offsets {
                let stored = world.table.lock().unwrap().stored[&partition("orders", 0)];
                assert_eq!(stored, (Some(3), 1), "{bad} {kind:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_has_the_original_and_connects_headers() {
    let world = world(Kind::PLAIN, &[KEEP, FAIL]);
    world.drain(plan()).await;
    let letters = world.cluster.records("dead");
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(letter.key.as_deref(), Some(&b"\"k\""[..]));
    assert_eq!(letter.value.as_deref(), Some(FAIL.as_bytes()));
    assert_eq!(letter.timestamp, Some(1_700_000_000_000));
    let headers: Vec<(&str, &str)> = letter
        .headers
        .iter()
        .map(|(name, text)| (&**name, std::str::from_utf8(text.as_deref().unwrap()).unwrap()))
        .collect();
    let trace = "transom.told-to: the record says so\n\tat TRANSFORMATION(obedient@1.0.0)\n\tat task(memory-0)\n";
    assert_eq!(
        headers,
        [
            ("h", "\"v\""),
            ("__connect.errors.topic", "orders"),
            ("__connect.errors.partition", "0"),
            ("__connect.errors.offset", "1"),
            ("__connect.errors.connector.name", "memory"),
            ("__connect.errors.task.id", "0"),
            ("__connect.errors.stage", "TRANSFORMATION"),
            ("__connect.errors.class.name", "obedient@1.0.0"),
            ("__connect.errors.exception.class.name", "transom.told-to"),
            ("__connect.errors.exception.message", "the record says so"),
            ("__connect.errors.exception.stacktrace", trace),
            ("transom.smt", "obey"),
            ("transom.smt.sha256", "abc"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_topic_for_dead_letters_records_are_skipped_and_counted() {
    let world = world(Kind::PLAIN, &[KEEP, FAIL, REJECT, DROP]);
    let mut plan = plan();
    plan.errors.dead_letters = None;
    let runtime = world.drain(plan).await;
    let expected = RecordCounts {
        read: 4,
        delivered: 1,
        dropped: 1,
        skipped: 2,
        out: 1,
        ..RecordCounts::default()
    };
    assert_eq!(task(&runtime).records, expected);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_refused_whole_with_one_code_stops_the_task_and_drains_nothing() {
    for kind in [
        Kind::PLAIN,
        Kind::STORING,
        Kind { stores_offsets: false, atomic: false, names: false },
        Kind { stores_offsets: false, atomic: true, names: false },
    ] {
        let world = world(kind, &[SAME; 5]);
        let reason = stopped(&world, plan()).await;
        let from_to = "from offset 0 of `orders-0` to offset 4 of `orders-0`";
        let whole = format!("all 5 records of a batch with `same`, {from_to}: ");
        assert!(reason.contains(&whole), "{reason}");
        assert_eq!(world.cluster.records("dead"), [], "{kind:?}");
        assert_eq!(committed(&world).unwrap_or(0), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_record_that_is_refused_is_no_reason_to_stop() {
    let world = world(Kind::PLAIN, &[SAME]);
    world.drain(plan()).await;
    assert_eq!(world.cluster.records("dead").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn more_refusals_than_the_limit_stop_the_task() {
    let mut values = vec![KEEP; 14];
    for at in [1, 8, 9, 10] {
        values[at] = REJECT;
    }
    let world = world(Kind::PLAIN, &values);
    let mut plan = plan();
    plan.errors.reject_limit = Some(RejectLimit::Count(3));
    let reason = stopped(&world, plan).await;
    assert_eq!(
        reason,
        "the sink refused more than `errors.reject.limit` allows, the last of them offset 10 of `orders-0` with \
         `refused-0-10`: the record says so. It waits for an operator"
    );
    // The first batch has one refusal and passes; the second would be the fourth and is not dead-lettered.
    assert_eq!(world.cluster.records("dead").len(), 1);
    assert_eq!(committed(&world), Some(8));
}

#[tokio::test(start_paused = true)]
async fn a_bad_record_that_the_sink_does_not_name_is_found_by_halves_left_first() {
    let mut values = [KEEP; 7];
    values[5] = REJECT;
    let world = world(Kind { names: false, ..Kind::STORING }, &values);
    world.drain(plan()).await;
    assert_eq!(delivered(&world), [0, 1, 2, 3, 4, 6]);
    let table = world.table.lock().unwrap();
    // The first only stores where the partition begins.
    assert_eq!(table.sizes[..8], [0, 7, 3, 4, 2, 2, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_refused_is_named_by_its_number() {
    let world = world(Kind::PLAIN, &[SPLIT]);
    world.table.lock().unwrap().refused_child = Some(1);
    let runtime = world.drain(plan()).await;
    let letters = world.cluster.records("dead");
    assert_eq!(letters.len(), 1);
    assert_eq!(header(&letters[0], "transom.split.index").as_deref(), Some("1"));
    assert_eq!(letters[0].value.as_deref(), Some(SPLIT.as_bytes()));
    let expected = RecordCounts { read: 1, dead_lettered: 1, out: 2, ..RecordCounts::default() };
    assert_eq!(task(&runtime).records, expected);
}

#[tokio::test(start_paused = true)]
async fn an_outage_degrades_the_task_and_drains_nothing() {
    let logs = Logs::listen(Level::INFO);
    let world = world(Kind::PLAIN, &[KEEP; 3]);
    let gate = Arc::new(Semaphore::new(1));
    world.table.lock().unwrap().gate = Some(Arc::clone(&gate));
    let locked = || ConnectorError::transient("busy", "locked");
    world.table.lock().unwrap().answers.extend([locked(), locked(), locked()]);
    let runtime = world.start(plan());
    until(&runtime, |task| task.state == State::Degraded).await;
    assert_eq!(task(&runtime).reason.as_deref(), Some("locked (busy); trying again"));
    gate.add_permits(10);
    world.cluster.until(|state| state.is_read(NAME)).await;
    assert_eq!(task(&runtime).state, State::Running);
    runtime.stop().await;
    assert_eq!((delivered(&world), world.cluster.records("dead")), (vec![0, 1, 2], vec![]));
    // However often it was tried, there was one outage.
    let [begin, end] = &logs.with("DEGRADED")[..] else { panic!("{:?}", logs.with("")) };
    assert_eq!(
        begin,
        "WARN the task is DEGRADED task=memory-0 waits_for=connector reason=locked (busy); trying again"
    );
    assert!(end.starts_with("INFO the task is DEGRADED no more task=memory-0 lasted_ms="), "{end}");
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_takes_long_to_fail_has_one_outage() {
    let logs = Logs::listen(Level::INFO);
    let world = world(Kind::PLAIN, &[KEEP; 3]);
    let gate = Arc::new(Semaphore::new(0));
    world.table.lock().unwrap().gate = Some(Arc::clone(&gate));
    let locked = || ConnectorError::transient("busy", "locked");
    world.table.lock().unwrap().answers.extend([locked(), locked()]);
    let runtime = world.start(plan());
    for put in 1..=3 {
        let waits = || world.table.lock().unwrap().waiting == put;
        let is_slow = |task: &TaskStatus| {
            waits()
                && task
                    .reason
                    .as_ref()
                    .is_some_and(|reason| reason.starts_with("waiting for the sink"))
        };
        while !is_slow(&task(&runtime)) {
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        gate.add_permits(1);
    }
    world.table.lock().unwrap().gate = None;
    world.cluster.until(|state| state.is_read(NAME)).await;
    runtime.stop().await;
    let lines = logs.with("DEGRADED");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("reason=waiting for the sink to take records"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn the_group_is_polled_and_partitions_are_paused_while_a_put_does_not_end() {
    let world = world(Kind::PLAIN, &[KEEP; 40]);
    let gate = Arc::new(Semaphore::new(0));
    world.table.lock().unwrap().gate = Some(Arc::clone(&gate));
    let runtime = world.start(plan());
    let has_paused = |state: &crate::cluster::State| state.paused.contains(&partition("orders", 0));
    world.cluster.until(has_paused).await;
    let polls = world.cluster.lock().polls;
    world.cluster.until(|state| state.polls > polls + 2).await;
    // Three loads at most are in flight.
    assert_eq!(task(&runtime).records.in_flight, 21);
    gate.add_permits(1000);
    world.cluster.until(|state| state.is_read(NAME) && state.paused.is_empty()).await;
    runtime.stop().await;
    assert_eq!(delivered(&world), (0..40).collect::<Vec<i64>>());
}

#[tokio::test(start_paused = true)]
async fn partitions_are_given_back_in_time_although_a_put_does_not_end() {
    let world = world(Kind::PLAIN, &[KEEP; 3]);
    world.table.lock().unwrap().gate = Some(Arc::new(Semaphore::new(0)));
    let mut plan = plan();
    plan.flush_timeout = Duration::from_millis(1);
    let one = world.start(plan.clone());
    world.cluster.until(|_| world.table.lock().unwrap().waiting == 1).await;
    world.table.lock().unwrap().gate = None;
    let other = world.start(plan);
    world.cluster.until(|state| state.groups[NAME].size() == 2).await;
    world.cluster.change(|state| state.shuffle(NAME));
    world.cluster.until(|state| state.is_read(NAME)).await;
    assert_eq!(task(&one).records, RecordCounts::default());
    one.stop().await;
    other.stop().await;
    assert_eq!(delivered(&world), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_only_drops_records_moves_the_stored_offset() {
    let world = world(Kind::STORING, &[DROP, DROP, FAIL]);
    world.drain(plan()).await;
    let stored = world.table.lock().unwrap().stored[&partition("orders", 0)];
    assert_eq!(stored, (Some(3), 1));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_superseded_joins_the_group_anew() {
    let world = world(Kind::STORING, &[KEEP; 3]);
    let superseded = ConnectorError::new(Class::Superseded, "superseded", "taken over");
    world.table.lock().unwrap().answers.push_back(superseded);
    let runtime = world.drain(plan()).await;
    assert_eq!(task(&runtime).restarts, 1);
    assert_eq!(delivered(&world), [0, 1, 2]);
    assert_eq!(world.table.lock().unwrap().stored[&partition("orders", 0)], (Some(3), 2));
}

#[tokio::test(start_paused = true)]
async fn a_stored_offset_that_the_log_does_not_have_stops_the_task_and_names_the_ways_out() {
    let world = world(Kind::PLAIN, &[KEEP; 3]);
    world.cluster.commit(NAME, &partition("orders", 0), 7, None);
    let reason = stopped(&world, plan()).await;
    assert!(reason.contains("stored 7, earliest 0, latest 3"), "{reason}");
    assert!(
        reason.contains("`transom offsets show`")
            && reason.contains("`transom offsets reset memory --to earliest`")
    );
    let other = TopicIdentity { cluster: "memory".to_owned(), topic: "another".to_owned() };
    world.cluster.commit(NAME, &partition("orders", 0), 1, Some(other));
    let reason = stopped(&world, plan()).await;
    assert!(reason.contains("there no more"), "{reason}");
    let mut plan = plan();
    plan.reset = Reset::Fail;
    world.cluster.change(|state| state.groups.clear());
    assert!(stopped(&world, plan).await.contains("nothing is stored"));
    assert!(delivered(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_broken_module_stops_the_task() {
    let world = world(Kind::PLAIN, &[r#"{"do":"break"}"#]);
    let reason = stopped(&world, plan()).await;
    assert!(
        reason.contains("transform `obey`") && reason.contains("waits for an operator"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_refused_stops_the_task() {
    let world = world(Kind::PLAIN, &[FAIL]);
    world.cluster.lock().refused = Some(("dead".to_owned(), "MESSAGE_TOO_LARGE".to_owned()));
    let reason = stopped(&world, plan()).await;
    let says = "the dead letter of offset 0 of `orders-0` was refused by topic `dead` with `MESSAGE_TOO_LARGE`: too large";
    assert!(reason.contains(says), "{reason}");
    assert_eq!(committed(&world).unwrap_or(0), 0);
}

#[tokio::test(start_paused = true)]
async fn a_topic_for_dead_letters_that_cannot_be_created_is_found_at_start() {
    let world = world(Kind::PLAIN, &[KEEP]);
    let mut plan = plan();
    plan.errors.dead_letters.as_mut().unwrap().topic = "forbidden".to_owned();
    let runtime = world.start(plan);
    until(&runtime, |task| task.state == State::Failed).await;
    assert!(task(&runtime).reason.unwrap().contains("TOPIC_AUTHORIZATION_FAILED"));
    runtime.stop().await;
    assert!(delivered(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_start_and_may_pass_is_tried_until_it_passes() {
    let world = world(Kind::PLAIN, &[KEEP]);
    let away = || ConnectorError::transient("away", "the database is away");
    world.start_errors.lock().unwrap().extend([away(), away(), away()]);
    let runtime = world.drain(plan()).await;
    assert_eq!((task(&runtime).restarts, delivered(&world)), (3, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn what_was_paused_when_it_was_taken_away_flows_when_it_comes_back() {
    let world = world(Kind::PLAIN, &[KEEP; 40]);
    let gate = Arc::new(Semaphore::new(0));
    world.table.lock().unwrap().gate = Some(Arc::clone(&gate));
    let runtime = world.start(Plan { batch_records: 5, ..plan() });
    let has_paused = |state: &crate::cluster::State| state.paused.contains(&partition("orders", 0));
    world.cluster.until(has_paused).await;
    world.cluster.change(|state| state.lose(NAME));
    gate.add_permits(1000);
    world.cluster.until(|state| state.is_read(NAME)).await;
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_failed_for_good_is_shown_so_to_the_end() {
    let world = world(Kind::PLAIN, &[KEEP]);
    let refused = || ConnectorError::fatal("refused", "no such database");
    world.start_errors.lock().unwrap().extend([refused(), refused()]);
    let runtime = world.start(plan());
    until(&runtime, |task| task.state == State::Failed).await;
    assert!(!task(&runtime).has_started);
    runtime.stop().await;
    let task = task(&runtime);
    assert_eq!((task.state, task.has_started), (State::Failed, false));
    assert!(task.reason.unwrap().contains("It starts anew in"));
    assert_eq!(runtime.status().failures().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn bounds_are_asked_for_together_and_one_without_a_leader_holds_nobody_up() {
    let world = World::plain();
    world.cluster.create("orders", 3);
    for number in 0..3 {
        world.cluster.produce("orders", number, KEEP);
    }
    world.drain(plan()).await;
    let all = [0, 1, 2].map(|number| partition("orders", number));
    assert_eq!(world.cluster.lock().asked, [all.to_vec()]);

    let [led, leaderless, _] = &all;
    world.cluster.lock().leaderless.insert(leaderless.clone());
    for number in 0..3 {
        world.cluster.produce("orders", number, KEEP);
    }
    let runtime = world.start(plan());
    world.cluster.until(|state| state.groups[NAME].committed.get(led) == Some(&2)).await;
    until(&runtime, |task| task.state == State::Degraded).await;
    assert_eq!(task(&runtime).reason.as_deref(), Some("orders-1 has no leader; waiting"));
    world.cluster.lock().leaderless.clear();
    world.cluster.until(|state| state.is_read(NAME)).await;
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn where_a_partition_begins_is_stored_before_its_first_record() {
    for kind in [Kind::PLAIN, Kind::STORING] {
        let world = world(kind, &[KEEP; 3]);
        let latest = Plan { reset: Reset::Latest, ..plan() };
        let runtime = world.start(Plan { flush_interval: Duration::MAX, ..latest.clone() });
        world.cluster.until(|state| state.is_read(NAME)).await;
        runtime.stop().await;
        if kind.stores_offsets {
            let stored = world.table.lock().unwrap().stored[&partition("orders", 0)];
            assert_eq!(stored.0, Some(3));
        }
        // What comes while nobody runs is not skipped: the beginning was chosen.
        world.cluster.produce("orders", 0, KEEP);
        world.drain(latest).await;
        assert_eq!(delivered(&world), [3], "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_storing_sink_passes_what_the_log_has_no_records_for() {
    let world = world(Kind::STORING, &[KEEP, DROP]);
    world.cluster.gap("orders", 0);
    world.drain(plan()).await;
    let stored = || world.table.lock().unwrap().stored[&partition("orders", 0)].0;
    assert_eq!(stored(), Some(3));
    // All of it is gone by age: nothing was left unread.
    world.cluster.lock().log("orders", 0).earliest = 3;
    world.cluster.produce("orders", 0, KEEP);
    world.drain(plan()).await;
    assert_eq!((delivered(&world), stored()), (vec![0, 3], Some(4)));
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_unheard_is_made_again_and_not_shown_as_done() {
    let world = world(Kind::PLAIN, &[KEEP]);
    world.cluster.lock().reader_errors[1] = 3;
    let runtime = world.start(plan());
    world.cluster.until(|state| state.is_read(NAME)).await;
    until(&runtime, |task| task.partitions.iter().any(|of| of.committed == Some(1))).await;
    assert_eq!(world.cluster.lock().reader_errors[1], 0);
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn committed_is_where_a_restart_goes_on() {
    let world = world(Kind::STORING, &[KEEP; 3]);
    // The group hears of it at the end alone.
    let plan = Plan { flush_interval: Duration::MAX, ..plan() };
    let shows = |task: &TaskStatus, offset| {
        task.partitions.iter().any(|partition| partition.committed == Some(offset))
    };
    let runtime = world.start(plan.clone());
    until(&runtime, |task| shows(task, 3)).await;
    assert_ne!(committed(&world), Some(3));
    runtime.stop().await;
    let runtime = world.start(plan);
    until(&runtime, |task| shows(task, 3)).await;
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_topic_is_shown_and_waited_for() {
    let world = World::plain();
    let runtime = world.start(plan());
    until(&runtime, |task| task.reason.is_some()).await;
    assert_eq!(task(&runtime).reason.as_deref(), Some("topic `orders` does not exist; waiting"));
    world.cluster.create("orders", 1);
    world.cluster.produce("orders", 0, KEEP);
    world.cluster.until(|state| state.is_read(NAME)).await;
    assert_eq!(task(&runtime).state, State::Running);
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_and_the_task_starts_anew() {
    let world = world(Kind::PLAIN, &[r#"{"do":"panic once"}"#]);
    let runtime = world.drain(plan()).await;
    assert_eq!((task(&runtime).restarts, delivered(&world)), (1, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_the_chain_is_tried_again_for_as_long_as_it_may() {
    let world = world(Kind::PLAIN, &[KEEP, r#"{"do":"fail twice"}"#, KEEP]);
    let mut plan = plan();
    plan.errors.retry_timeout = None;
    world.drain(plan).await;
    assert_eq!((delivered(&world), world.cluster.records("dead")), (vec![0, 1, 2], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_refuses_what_it_was_not_given_loses_nothing() {
    let world = world(Kind::PLAIN, &[KEEP; 2]);
    world.table.lock().unwrap().nonsense = Some(9);
    let runtime = world.drain(plan()).await;
    assert_eq!((task(&runtime).restarts, delivered(&world)), (1, vec![0, 1]));
}

#[tokio::test(start_paused = true)]
async fn metrics_say_what_became_of_records() {
    let world = world(Kind::PLAIN, &[KEEP, DROP, FAIL]);
    let runtime = world.drain(plan()).await;
    let text = runtime.metrics();
    let task = r#"connector="memory",task="0""#;
    for line in [
        format!(r#"transom_records_total{{{task},stage="read",verdict="passed"}} 3"#),
        format!(r#"transom_records_total{{{task},stage="transform",verdict="dropped"}} 1"#),
        format!(r#"transom_records_total{{{task},stage="deliver",verdict="passed"}} 1"#),
        format!(r#"transom_records_total{{{task},stage="transform",verdict="dead_lettered"}} 1"#),
        format!(r#"transom_task_state{{{task},state="STOPPED"}} 1"#),
    ] {
        assert!(text.contains(&line), "{line} in\n{text}");
    }
}
