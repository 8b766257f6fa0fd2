//! What a source task does, case by case, and under random deaths.

use crate::{
    logs::Logs,
    sources::PARTS,
    world::{World, plan},
};
use proptest::prelude::*;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tracing::Level;
use transom_core::{config::Tolerance, connector::ConnectorError, topic::EncodedRecord};
use transom_runtime::{
    Runtime,
    assembly::{Direction, Plan},
    status::{RecordCounts, State},
};

fn source_plan() -> Plan {
    Plan { direction: Direction::Source, ..plan() }
}

fn values(world: &World, values: &[&str]) {
    world.outside.lock().unwrap().values = values.iter().map(|value| (*value).to_owned()).collect();
}

async fn run(world: &Arc<World>, plan: Plan) -> Runtime {
    let runtime = world.start(plan);
    runtime.ended().await;
    runtime
}

fn text(record: &EncodedRecord) -> &str {
    std::str::from_utf8(record.value.as_deref().unwrap()).unwrap()
}

fn written(world: &World) -> Vec<String> {
    world.cluster.records("out").iter().map(|record| text(record).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_source_that_ends_stops_its_task_with_everything_saved() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#, r#"{"do":"drop"}"#, r#"{"do":"split"}"#]);
    let runtime = run(&world, source_plan()).await;
    assert_eq!(
        written(&world),
        [r#"{"n":0}"#, r#"{"child":0}"#, r#"{"child":1}"#, r#"{"child":2}"#]
    );
    let task = &runtime.status().connectors[0].tasks[0];
    assert_eq!(task.state, State::Stopped);
    let counts =
        RecordCounts { read: 3, delivered: 2, dropped: 1, out: 4, ..RecordCounts::default() };
    assert_eq!(task.records, counts);
    let outside = world.outside.lock().unwrap();
    assert_eq!(outside.saved[PARTS[0]], "2");
    assert_eq!(outside.saved[PARTS[1]], "1");
    assert_eq!((outside.committed.len(), outside.closed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_no_converter_writes_is_dead_lettered_as_the_source_gave_it() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#, r#"{"unwritable":1}"#, r#"{"do":"fail"}"#, "no json"]);
    let runtime = run(&world, source_plan()).await;
    assert_eq!(written(&world), [r#"{"n":0}"#]);
    let letters = world.cluster.records("dead");
    let stages: Vec<(&str, &str)> =
        letters.iter().map(|letter| (text(letter), stage(letter))).collect();
    let expected = [
        (r#"{"unwritable":1}"#, "VALUE_CONVERTER"),
        (r#"{"do":"fail"}"#, "TRANSFORMATION"),
        ("no json", "VALUE_CONVERTER"),
    ];
    assert_eq!(stages, expected);
    assert_eq!(runtime.status().connectors[0].tasks[0].records.dead_lettered, 3);
    assert_eq!(world.outside.lock().unwrap().saved[PARTS[1]], "2");
}

#[tokio::test(start_paused = true)]
async fn what_a_source_could_not_read_fails_with_its_own_error_however_often_it_is_tried() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#, r#"{"half":1}"#]);
    let mut plan = source_plan();
    plan.errors.retry_timeout = Some(Duration::from_millis(20));
    run(&world, plan).await;
    assert_eq!(written(&world), [r#"{"n":0}"#]);
    let letters = world.cluster.records("dead");
    let told: Vec<_> = letters
        .iter()
        .map(|letter| {
            let name = |name| header(letter, &format!("__connect.errors.{name}"));
            (text(letter), stage(letter), name("exception.class.name"), name("exception.message"))
        })
        .collect();
    assert_eq!(told, [(r#"{"half":1}"#, "VALUE_CONVERTER", "transom.half-read", "cut off")]);
}

#[tokio::test(start_paused = true)]
async fn the_value_converter_is_asked_for_the_topic_that_the_source_names() {
    let world = World::plain();
    let strange = [r#"{"n":0}"#, r#"{"other":1}"#, r#"{"do":"split","other":2}"#, r#"{"n":3}"#];
    values(&world, &strange);
    world.outside.lock().unwrap().converter_topic = Some("tagged".to_owned());
    // What is encoded anew after an outage is encoded alike.
    world.cluster.lock().write_errors.push_back(ConnectorError::transient("away", "away"));
    run(&world, source_plan()).await;
    let children = [0, 1, 2].map(|child| format!(r#"tagged{{"child":{child}}}"#));
    let [first, second, third] = &children;
    assert_eq!(
        written(&world),
        [r#"{"n":0}"#, r#"tagged{"other":1}"#, first, second, third, r#"{"n":3}"#]
    );
}

fn header<'a>(letter: &'a EncodedRecord, name: &str) -> &'a str {
    let found = letter.headers.iter().find(|(known, _)| known == name);
    std::str::from_utf8(found.unwrap().1.as_deref().unwrap()).unwrap()
}

fn stage(letter: &EncodedRecord) -> &str {
    header(letter, "__connect.errors.stage")
}

#[tokio::test(start_paused = true)]
async fn without_tolerance_the_task_stops_at_the_record_and_saves_what_is_before() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#, r#"{"n":1}"#, r#"{"do":"fail"}"#, r#"{"n":3}"#]);
    let mut plan = source_plan();
    plan.errors.tolerance = Tolerance::None;
    let runtime = run(&world, plan).await;
    let task = &runtime.status().connectors[0].tasks[0];
    assert_eq!(task.state, State::Failed);
    let told = r#"the record before `2` of `{"part":0}`, for topic `out`, failed in TRANSFORMATION of transform `obey` with `told-to`: "#;
    assert!(task.reason.as_ref().unwrap().contains(told), "{:?}", task.reason);
    assert_eq!(written(&world), [r#"{"n":0}"#, r#"{"n":1}"#]);
    let outside = world.outside.lock().unwrap();
    assert_eq!((&*outside.saved[PARTS[0]], &*outside.saved[PARTS[1]]), ("1", "1"));
    // A letter is written all the same, as Connect does.
    assert_eq!(world.cluster.records("dead").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_refuses_is_dead_lettered() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#]);
    world.cluster.lock().refused = Some(("out".to_owned(), "MESSAGE_TOO_LARGE".to_owned()));
    let runtime = run(&world, source_plan()).await;
    let letters = world.cluster.records("dead");
    assert_eq!(letters.iter().map(stage).collect::<Vec<_>>(), ["KAFKA_PRODUCE"]);
    let records = runtime.status().connectors[0].tasks[0].records;
    assert_eq!((records.dead_lettered, records.out), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_wants_to_know_is_told_where_its_records_went() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#, r#"{"do":"drop"}"#, r#"{"do":"split"}"#, r#"{"do":"fail"}"#]);
    world.outside.lock().unwrap().delivered = Some(Vec::new());
    run(&world, source_plan()).await;
    let told = world.outside.lock().unwrap().delivered.take().unwrap();
    assert_eq!(told, [0, 1, 2, 3].map(|offset| ("out".to_owned(), 0, offset)));
    let failed = std::mem::take(&mut world.outside.lock().unwrap().failed);
    let stages: Vec<_> = failed.iter().map(|(topic, stage, _)| (&**topic, &**stage)).collect();
    assert_eq!(stages, [("out", "TRANSFORMATION")]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_wants_to_know_is_told_what_was_refused_whatever_comes_of_it() {
    let check = async |tolerance, dead_letters: bool, expected: usize| {
        let world = World::plain();
        values(&world, &[r#"{"n":0}"#, r#"{"n":1}"#]);
        world.cluster.lock().refused = Some(("out".to_owned(), "MESSAGE_TOO_LARGE".to_owned()));
        world.outside.lock().unwrap().delivered = Some(Vec::new());
        let mut plan = source_plan();
        plan.errors.tolerance = tolerance;
        plan.errors.dead_letters = plan.errors.dead_letters.filter(|_| dead_letters);
        run(&world, plan).await;
        let outside = world.outside.lock().unwrap();
        let reason = "MESSAGE_TOO_LARGE: too large";
        let refused = ("out".to_owned(), "KAFKA_PRODUCE".to_owned(), reason.to_owned());
        assert_eq!(outside.failed, vec![refused; expected]);
        assert_eq!(outside.delivered, Some(Vec::new()));
    };
    check(Tolerance::All, true, 2).await;
    check(Tolerance::All, false, 2).await;
    // The task stops at the first.
    check(Tolerance::None, true, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_takes_long_is_shown_and_not_given_up() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#]);
    let gate = Arc::new(Semaphore::new(0));
    world.cluster.lock().write_gate = Some(Arc::clone(&gate));
    let runtime = world.start(source_plan());
    let status = || runtime.status().connectors[0].tasks[0].clone();
    while status().state != State::Degraded {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(
        status().reason.as_deref(),
        Some("waiting for Kafka to take records, for more than 10 s by now")
    );
    gate.add_permits(1);
    runtime.ended().await;
    assert_eq!((status().state, written(&world)), (State::Stopped, vec![r#"{"n":0}"#.to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn outages_are_waited_for() {
    let logs = Logs::listen(Level::INFO);
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#, r#"{"n":1}"#]);
    let away = || ConnectorError::transient("away", "away");
    world.outside.lock().unwrap().errors.extend([away(), away()]);
    world.cluster.lock().write_errors.extend([away(), away(), away()]);
    let runtime = run(&world, source_plan()).await;
    assert_eq!(written(&world), [r#"{"n":0}"#, r#"{"n":1}"#]);
    assert_eq!(runtime.status().connectors[0].tasks[0].restarts, 0);
    // Of the source two tries failed, and then of the topic three.
    let levels: Vec<String> =
        logs.with("DEGRADED").iter().map(|line| line.chars().take(4).collect()).collect();
    assert_eq!(levels, ["WARN", "INFO", "WARN", "INFO"]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_says_where_it_was() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#]);
    world.outside.lock().unwrap().is_endless = true;
    let runtime = world.start(source_plan());
    let status = || runtime.status().connectors[0].tasks[0].clone();
    while world.outside.lock().unwrap().saved.is_empty() {
        tokio::task::yield_now().await;
    }
    let gone = ConnectorError::fatal("gone", "the directory is gone");
    world.outside.lock().unwrap().errors.push_back(gone);
    world.outside.lock().unwrap().values.push(r#"{"n":1}"#.to_owned());
    world.cluster.change(|_| ());
    while status().state != State::Failed {
        tokio::task::yield_now().await;
    }
    let told = r#"the directory is gone (gone); it was at `1` of `{"part":0}`. It starts anew in"#;
    assert!(status().reason.unwrap().starts_with(told), "{:?}", status().reason);
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_hosts_one_runs_the_source() {
    let world = World::plain();
    values(&world, &[r#"{"n":0}"#]);
    world.outside.lock().unwrap().is_endless = true;
    let one = world.start(source_plan());
    world
        .cluster
        .until(|state| state.topics.get("out").is_some_and(|t| t.partitions[0].end == 1))
        .await;
    let other = world.start(source_plan());
    let has_joined = |state: &crate::cluster::State| state.groups[crate::world::NAME].size() == 2;
    world.cluster.until(has_joined).await;
    assert_eq!(other.status().connectors[0].tasks[0].state, State::Unassigned);
    one.stop().await;
    world.outside.lock().unwrap().values.push(r#"{"n":1}"#.to_owned());
    world.cluster.change(|_| ());
    world.cluster.until(|state| state.topics["out"].partitions[0].end == 2).await;
    assert_eq!(other.status().connectors[0].tasks[0].state, State::Running);
    other.stop().await;
    assert_eq!(written(&world), [r#"{"n":0}"#, r#"{"n":1}"#]);
}

fn numbered(count: usize) -> Vec<String> {
    let value = |n: usize| match n % 7 {
        3 => format!(r#"{{"do":"drop","n":{n}}}"#),
        5 => format!(r#"{{"do":"fail","n":{n}}}"#),
        _ => format!(r#"{{"n":{n}}}"#),
    };
    (0..count).map(value).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_death_loses_a_record_or_changes_the_order(
        count in 1..40_usize,
        lives in proptest::collection::vec((0..30_usize, any::<bool>()), 0..6),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let world = World::new(crate::sinks::Kind::PLAIN, lives);
        world.outside.lock().unwrap().values = numbered(count);
        runtime.block_on(run(&world, source_plan()));
        let (out, dead) = (written(&world), world.cluster.records("dead"));
        for part in 0..2 {
            let of_part: Vec<String> = numbered(count).into_iter().skip(part).step_by(2).collect();
            let expected: Vec<&String> =
                of_part.iter().filter(|value| !value.contains("do")).collect();
            let mut seen = BTreeSet::new();
            let first: Vec<&String> = out
                .iter()
                .filter(|value| of_part.contains(value) && seen.insert((*value).clone()))
                .collect();
            prop_assert_eq!(first, expected);
            for bad in of_part.iter().filter(|value| value.contains("fail")) {
                prop_assert!(dead.iter().any(|letter| text(letter) == bad));
            }
        }
    }
}
