//! Transforms are swapped while records pass.

use crate::{
    sinks::Row,
    world::{NAME, World, plan},
};
use std::{
    iter,
    sync::{Arc, Mutex},
    thread,
};
use tokio::sync::Semaphore;
use transom_core::{
    batch::Batch,
    connector::ConnectorError,
    edit::Place,
    topic::EncodedRecord,
    transform::{Transform, TransformError},
};
use transom_runtime::{
    Runtime,
    assembly::{Direction, ModuleName, Plan},
    status::{State, TaskStatus},
    swap::{MakeTransform, SwapError, SwapReport},
};

const KEEP: &str = r#"{"do":"keep"}"#;
const FAIL: &str = r#"{"do":"fail"}"#;

/// Writes its version into each record.
struct Stamp {
    version: usize,
    place: Place,
    /// Names of the threads that drop one.
    dropped: Dropped,
}

type Dropped = Arc<Mutex<Vec<Option<String>>>>;

impl Transform for Stamp {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        for record in batch.selected().to_vec() {
            batch.set(record, &mut self.place, self.version.to_string().as_bytes());
        }
        Ok(())
    }
}

impl Drop for Stamp {
    fn drop(&mut self) {
        self.dropped.lock().unwrap().push(thread::current().name().map(str::to_owned));
    }
}

fn stamp_into(version: usize, dropped: &Dropped) -> MakeTransform {
    let dropped = Arc::clone(dropped);
    Arc::new(move |_| {
        let (place, dropped) = (Place::parse("version").unwrap(), Arc::clone(&dropped));
        Ok(Box::new(Stamp { version, place, dropped }))
    })
}

fn stamp(version: usize) -> MakeTransform {
    stamp_into(version, &Dropped::default())
}

fn module(version: usize) -> ModuleName {
    ModuleName {
        transform: "obey".to_owned(),
        module: format!("stamp {version}"),
        sha256: format!("sha-{version}"),
    }
}

async fn swap(runtime: &Runtime, version: usize) -> SwapReport {
    runtime.swap(NAME, "obey", stamp(version), module(version)).await.unwrap()
}

fn tasks(runtime: &Runtime) -> Vec<TaskStatus> {
    runtime.status().connectors[0].tasks.clone()
}

/// Waits until all tasks have a chain.
async fn running(runtime: &Runtime) {
    while tasks(runtime).iter().any(|task| task.transforms.is_empty()) {
        tokio::task::yield_now().await;
    }
}

/// The digest that each task says its chain has.
fn digests(runtime: &Runtime) -> Vec<String> {
    tasks(runtime).iter().map(|task| task.transforms[0].sha256.clone()).collect()
}

/// The version that a row was decided by; 0 for the first.
fn version(value: &str) -> usize {
    let found = value.split_once(r#""version":"#);
    found.map_or(0, |(_, rest)| rest.trim_end_matches('}').parse().unwrap())
}

fn rows(world: &World) -> Vec<Row> {
    world.table.lock().unwrap().rows.clone()
}

fn world(partitions: usize) -> Arc<World> {
    let world = World::plain();
    world.cluster.create("orders", partitions);
    world
}

async fn read(world: &World) {
    world.cluster.until(|state| state.is_read(NAME)).await;
}

fn header<'a>(letter: &'a EncodedRecord, name: &str) -> &'a str {
    let found = letter.headers.iter().find(|(header, _)| header == name).unwrap();
    std::str::from_utf8(found.1.as_deref().unwrap()).unwrap()
}

/// Puts wait from now on; the answer opens the gate.
fn close(world: &World) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    world.table.lock().unwrap().gate = Some(Arc::clone(&gate));
    gate
}

fn open(world: &World, gate: &Semaphore) {
    world.table.lock().unwrap().gate = None;
    gate.add_permits(100);
}

#[tokio::test(start_paused = true)]
async fn under_load_each_record_is_there_once_in_order_and_of_a_version_that_was_current() {
    const PARTITIONS: i32 = 4;
    let world = world(4);
    let runtime = world.start(Plan { tasks: 2, ..plan() });
    // For each record of each partition, the version that was published when it was produced.
    let mut produced = vec![Vec::new(); 4];
    let mut latest = Vec::new();
    for round in 1..=12 {
        for number in 0..60 {
            world.cluster.produce("orders", number % PARTITIONS, KEEP);
            produced[usize::try_from(number % PARTITIONS).unwrap()].push(round - 1);
        }
        // What is there by now was decided by nothing newer.
        latest.push(rows(&world).len());
        swap(&runtime, round).await;
    }
    read(&world).await;
    runtime.stop().await;
    let rows = rows(&world);
    for (round, there) in iter::zip(1.., &latest) {
        assert!(rows[..*there].iter().all(|row| version(&row.value) < round));
    }
    for number in 0..PARTITIONS {
        let of: Vec<&Row> = rows.iter().filter(|row| row.partition.partition == number).collect();
        let versions: Vec<usize> = of.iter().map(|row| version(&row.value)).collect();
        let produced = &produced[usize::try_from(number).unwrap()];
        assert!(of.iter().map(|row| row.offset).eq(0..i64::try_from(produced.len()).unwrap()));
        assert!(versions.is_sorted(), "{versions:?}");
        assert!(iter::zip(&versions, produced).all(|(version, before)| version >= before));
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_task_adopts_and_the_old_instances_go_on_no_thread_of_a_task() {
    let world = world(2);
    let runtime = world.start(Plan { tasks: 2, ..plan() });
    world.cluster.produce("orders", 0, KEEP);
    world.cluster.produce("orders", 1, KEEP);
    read(&world).await;
    running(&runtime).await;
    assert_eq!(digests(&runtime), ["abc", "abc"]);
    let dropped = Dropped::default();
    let first = runtime.swap(NAME, "obey", stamp_into(1, &dropped), module(1)).await.unwrap();
    assert!(first.tasks.iter().all(|task| task.is_some_and(|task| task.pause <= task.after)));
    assert_eq!((first.tasks.len(), digests(&runtime)), (2, vec!["sha-1".to_owned(); 2]));
    assert_eq!(runtime.status().connectors[0].transforms[0].module, "stamp 1");
    swap(&runtime, 2).await;
    let of_tasks = |thread: &Option<String>| {
        thread.as_deref().is_some_and(|thread| thread.starts_with("memory-"))
    };
    let dropped = dropped.lock().unwrap().clone();
    assert!(dropped.len() == 2 && !dropped.iter().any(of_tasks), "{dropped:?}");
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_made_for_one_task_changes_nothing_for_any() {
    let world = world(2);
    let runtime = world.start(Plan { tasks: 2, ..plan() });
    swap(&runtime, 1).await;
    let made = stamp(2);
    let fails: MakeTransform = Arc::new(move |task| match task {
        0 => made(task),
        _ => Err(ConnectorError::fatal("config", "it does not take its settings")),
    });
    let failed = runtime.swap(NAME, "obey", fails, module(2)).await.unwrap_err();
    assert!(matches!(&failed, SwapError::Make { task: 1, source } if source.code == "config"));
    let panics: MakeTransform = Arc::new(|_| panic!("told to"));
    let failed = runtime.swap(NAME, "obey", panics, module(2)).await.unwrap_err();
    assert!(matches!(failed, SwapError::Ended(_)));
    world.cluster.produce("orders", 0, KEEP);
    world.cluster.produce("orders", 1, KEEP);
    read(&world).await;
    assert_eq!(runtime.status().connectors[0].transforms[0].sha256, "sha-1");
    assert!(rows(&world).iter().all(|row| version(&row.value) == 1));

    let unknown = runtime.swap(NAME, "mask", stamp(3), module(3)).await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "connector `memory` has no transform `mask`; it has: `obey`, `obey-again`"
    );
    let unknown = runtime.swap("other", "obey", stamp(3), module(3)).await.unwrap_err();
    assert_eq!(unknown.to_string(), "connector `other` does not run here; these do: `memory`");
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn under_back_pressure_what_is_in_flight_stays_what_it_was() {
    let world = world(1);
    let gate = close(&world);
    for number in 0..60 {
        world.cluster.produce("orders", 0, if number == 8 { FAIL } else { KEEP });
    }
    let runtime = world.start(plan());
    // All loads are on their way, and nothing is read any more.
    world.cluster.until(|state| !state.paused.is_empty()).await;
    let report = swap(&runtime, 1).await;
    assert!(report.tasks[0].is_some() && rows(&world).is_empty());
    open(&world, &gate);
    read(&world).await;
    let versions: Vec<usize> = rows(&world).iter().map(|row| version(&row.value)).collect();
    // Three batches of seven, but for the record that failed.
    assert_eq!((versions.iter().position(|version| *version == 1), versions.len()), (Some(20), 59));
    assert!(versions.is_sorted());
    let letters = world.cluster.records("dead");
    assert_eq!(header(&letters[0], "transom.smt.sha256"), "abc");
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_tries_the_same_again_adopts_what_mends_it() {
    let world = world(1);
    let mut plan = plan();
    plan.errors.retry_timeout = None;
    world.cluster.produce("orders", 0, KEEP);
    world.cluster.produce("orders", 0, FAIL);
    let runtime = world.start(plan);
    while tasks(&runtime)[0].state != State::Degraded {
        tokio::task::yield_now().await;
    }
    swap(&runtime, 1).await;
    read(&world).await;
    runtime.stop().await;
    let versions: Vec<usize> = rows(&world).iter().map(|row| version(&row.value)).collect();
    assert_eq!(versions[1], 1);
    assert_eq!(world.cluster.records("dead"), []);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_starts_anew_runs_what_was_swapped_in() {
    let world = world(1);
    let runtime = world.start(plan());
    swap(&runtime, 1).await;
    // It fails, and starts anew.
    world.table.lock().unwrap().nonsense = Some(9);
    world.cluster.produce("orders", 0, KEEP);
    read(&world).await;
    assert_eq!((tasks(&runtime)[0].restarts, version(&rows(&world)[0].value)), (1, 1));
    runtime.stop().await;
    // It runs no more: there is nobody to wait for.
    assert_eq!(swap(&runtime, 2).await.tasks, [None]);
}

#[tokio::test(start_paused = true)]
async fn two_swaps_at_once_take_turns() {
    let world = world(2);
    let runtime = world.start(Plan { tasks: 2, ..plan() });
    let made: Arc<Mutex<Vec<(usize, usize)>>> = Arc::default();
    let noting = |version| -> MakeTransform {
        let (made, stamp) = (Arc::clone(&made), stamp(version));
        Arc::new(move |task| {
            made.lock().unwrap().push((version, task));
            stamp(task)
        })
    };
    let swap = |version| runtime.swap(NAME, "obey", noting(version), module(version));
    world.cluster.produce("orders", 0, KEEP);
    world.cluster.produce("orders", 1, KEEP);
    read(&world).await;
    running(&runtime).await;
    let (one, other) = tokio::join!(swap(1), swap(2));
    let has_adopted = |report: &SwapReport| report.tasks.iter().all(Option::is_some);
    assert!(has_adopted(&one.unwrap()) && has_adopted(&other.unwrap()));
    assert_eq!(*made.lock().unwrap(), [(1, 0), (1, 1), (2, 0), (2, 1)]);
    world.cluster.produce("orders", 0, KEEP);
    read(&world).await;
    assert_eq!(version(&rows(&world)[2].value), 2);
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_swap_goes_on_when_nobody_waits_for_it() {
    let world = world(1);
    let runtime = world.start(plan());
    let swapping = runtime.swap(NAME, "obey", stamp(1), module(1));
    assert!(tokio::time::timeout(std::time::Duration::ZERO, swapping).await.is_err());
    // It has had its turn when this one has.
    swap(&runtime, 2).await;
    world.cluster.produce("orders", 0, KEEP);
    read(&world).await;
    assert_eq!(version(&rows(&world)[0].value), 2);
    runtime.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_adopts_while_it_is_idle_and_while_a_write_waits() {
    let world = World::plain();
    world.outside.lock().unwrap().is_endless = true;
    let runtime = world.start(Plan { direction: Direction::Source, ..plan() });
    let end = |state: &crate::cluster::State| state.topics.get("out").map(|t| t.partitions[0].end);
    let give = |value: &str| {
        world.outside.lock().unwrap().values.push(value.to_owned());
        world.cluster.change(|_| ());
    };
    give(KEEP);
    world.cluster.until(|state| end(state) == Some(1)).await;
    swap(&runtime, 1).await;
    give(KEEP);
    world.cluster.until(|state| end(state) == Some(2)).await;
    let gate = Arc::new(Semaphore::new(0));
    world.cluster.lock().write_gate = Some(Arc::clone(&gate));
    give(KEEP);
    // Once it has been polled, it is decided.
    while tasks(&runtime)[0].records.in_flight == 0 {
        tokio::task::yield_now().await;
    }
    swap(&runtime, 2).await;
    gate.add_permits(1);
    world.cluster.until(|state| end(state) == Some(3)).await;
    world.cluster.lock().write_gate = None;
    give(KEEP);
    world.cluster.until(|state| end(state) == Some(4)).await;
    let versions: Vec<usize> = world
        .cluster
        .records("out")
        .iter()
        .map(|record| version(std::str::from_utf8(record.value.as_deref().unwrap()).unwrap()))
        .collect();
    assert_eq!(versions[..2], [0, 1]);
    assert!(versions.is_sorted() && versions[3] == 2, "{versions:?}");
    runtime.stop().await;
}
