//! What is counted closes: at each stage, at each transform, and from one to the next.

use crate::{
    sinks::Kind,
    world::{NAME, World, plan},
};
use std::sync::Arc;
use transom_runtime::{
    Runtime,
    assembly::{Direction, ModuleName, Plan},
    status::{RecordCounts, TransformCounts},
};

/// Something of everything, and no split: a record is one at all stages.
const VALUES: [&str; 9] = [
    r#"{"n":0}"#,
    "poison",
    r#"{"do":"drop"}"#,
    r#"{"do":"fail"}"#,
    r#"{"then":"drop","n":1}"#,
    r#"{"then":"drop","n":2}"#,
    r#"{"then":"fail"}"#,
    r#"{"do":"reject","unwritable":0}"#,
    r#"{"n":3}"#,
];

fn world(values: &[&str]) -> Arc<World> {
    World::filled(Kind::PLAIN, values)
}

fn produce(world: &World, values: &[&str]) {
    for value in values {
        world.cluster.produce("orders", 0, value);
    }
}

/// The values of all series of a metric that have these labels.
fn series(runtime: &Runtime, name: &str, labels: &[(&str, &str)]) -> Vec<String> {
    let metrics = runtime.metrics();
    let is_it = |line: &&str| {
        line.split('{').next() == Some(name)
            && labels.iter().all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
    };
    let value = |line: &str| line.rsplit(' ').next().unwrap().to_owned();
    metrics.lines().filter(is_it).map(value).collect()
}

fn sum(runtime: &Runtime, name: &str, labels: &[(&str, &str)]) -> u64 {
    series(runtime, name, labels).iter().map(|value| value.parse::<u64>().unwrap()).sum()
}

fn records(runtime: &Runtime, stage: &str, verdict: &str) -> u64 {
    sum(runtime, "transom_records_total", &[("stage", stage), ("verdict", verdict)])
}

/// What came to a stage.
fn at(runtime: &Runtime, stage: &str) -> u64 {
    sum(runtime, "transom_records_total", &[("stage", stage)])
}

fn by_transform(runtime: &Runtime, transform: &str, verdict: &str) -> u64 {
    let labels = [("transform", transform), ("verdict", verdict)];
    sum(runtime, "transom_transform_records_total", &labels)
}

fn transformed(runtime: &Runtime) -> [TransformCounts; 2] {
    runtime.status().connectors[0].transformed().try_into().unwrap()
}

/// The counts, without what the machine decides.
fn counts(of: &TransformCounts) -> (&str, [u64; 4]) {
    (&of.name, [of.records, of.passed, of.dropped, of.failed])
}

/// What the metrics say of transforms is what the status says, and each has taken its time.
fn agree(runtime: &Runtime) {
    for of in transformed(runtime) {
        for (verdict, count) in
            [("passed", of.passed), ("dropped", of.dropped), ("failed", of.failed)]
        {
            assert_eq!(by_transform(runtime, &of.name, verdict), count, "{of:?}");
        }
        assert_eq!(of.records, of.passed + of.dropped + of.failed);
        let labels = [("transform", &*of.name)];
        let times = series(runtime, "transom_transform_time_seconds_total", &labels);
        assert!(times.len() == 1 && times[0].parse::<f64>().unwrap() > 0.0, "{times:?}");
        assert!(of.time_ns > 0 && of.ns_per_record().is_some(), "{of:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_sink_what_leaves_a_stage_comes_to_the_next() {
    for dead_letters in [true, false] {
        let world = world(&VALUES);
        let mut plan = plan();
        plan.errors.dead_letters = plan.errors.dead_letters.filter(|_| dead_letters);
        let runtime = world.drain(plan).await;
        let failed = if dead_letters { "dead_lettered" } else { "skipped" };
        let stages = ["read", "convert", "transform", "deliver"];
        for (stage, next) in stages.iter().zip(&stages[1..]) {
            assert_eq!(records(&runtime, stage, "passed"), at(&runtime, next), "{stage} to {next}");
        }
        assert_eq!(stages.map(|stage| records(&runtime, stage, "passed")), [9, 8, 3, 2]);
        assert_eq!(stages.map(|stage| records(&runtime, stage, failed)), [0, 1, 2, 1]);
        assert_eq!(records(&runtime, "transform", "dropped"), 3);
        let [first, second] = transformed(&runtime);
        assert_eq!(counts(&first), ("obey", [8, 6, 1, 1]));
        assert_eq!(counts(&second), ("obey-again", [6, 3, 2, 1]));
        agree(&runtime);
        let sums = runtime.status().connectors[0].records();
        assert_eq!((sums.dropped, sums.read), (first.dropped + second.dropped, 9));
        let RecordCounts { delivered, dropped, dead_lettered, skipped, .. } = sums;
        assert_eq!(sums.read, delivered + dropped + dead_lettered + skipped);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_source_what_was_read_comes_to_an_end_somewhere() {
    let world = World::plain();
    world.outside.lock().unwrap().values = VALUES.map(str::to_owned).into();
    let runtime = world.start(Plan { direction: Direction::Source, ..plan() });
    runtime.ended().await;
    // Its converters come behind the transforms; what is no JSON they refuse before.
    assert_eq!(records(&runtime, "read", "passed"), 9);
    assert_eq!(records(&runtime, "convert", "dead_lettered"), 2);
    assert_eq!(at(&runtime, "transform"), 8);
    assert_eq!(records(&runtime, "transform", "passed"), 3);
    assert_eq!(records(&runtime, "convert", "passed"), 2);
    assert_eq!(at(&runtime, "deliver"), 2);
    let [first, second] = transformed(&runtime);
    assert_eq!((counts(&first).1, counts(&second).1), ([8, 6, 1, 1], [6, 3, 2, 1]));
    agree(&runtime);
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_is_counted_once() {
    let world = world(&[r#"{"n":0}"#, r#"{"do":"fail twice"}"#]);
    let mut plan = plan();
    plan.errors.retry_timeout = None;
    let runtime = world.drain(plan).await;
    assert_eq!(counts(&transformed(&runtime)[0]).1, [2, 2, 0, 0]);
    assert_eq!(records(&runtime, "convert", "passed"), 2);
    agree(&runtime);
}

#[tokio::test(start_paused = true)]
async fn children_of_a_split_record_are_records_of_the_transforms_behind() {
    let world = world(&[r#"{"do":"split"}"#, r#"{"do":"drop"}"#, r#"{"n":0}"#]);
    let runtime = world.drain(plan()).await;
    let [first, second] = transformed(&runtime);
    assert_eq!((counts(&first).1, counts(&second).1), ([3, 2, 1, 0], [4, 4, 0, 0]));
    // A stage goes by what was read.
    assert_eq!(records(&runtime, "transform", "passed"), 2);
    agree(&runtime);
}

#[tokio::test(start_paused = true)]
async fn a_swap_keeps_what_the_transform_did_before() {
    let world = world(&VALUES);
    let runtime = world.start(plan());
    world.cluster.until(|state| state.is_read(NAME)).await;
    let (transform, sha256) = ("obey".to_owned(), "other".to_owned());
    let module = ModuleName { transform, module: "obedient@2.0.0".to_owned(), sha256 };
    runtime.swap(NAME, "obey", world.obedient(), module).await.unwrap();
    produce(&world, &VALUES);
    world.cluster.until(|state| state.is_read(NAME)).await;
    runtime.stop().await;
    let [first, second] = transformed(&runtime);
    assert_eq!(counts(&first), ("obey", [16, 12, 2, 2]));
    assert_eq!(counts(&second), ("obey-again", [12, 6, 4, 2]));
    agree(&runtime);
}
