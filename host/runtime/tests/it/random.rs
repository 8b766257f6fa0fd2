//! Random scripts of records, refusals, outages, rebalances and deaths: whatever happens, each record is delivered,
//! dropped on purpose or dead-lettered, in order, and once where the sink stores offsets.

use crate::{
    sinks::{Kind, Row},
    world::{NAME, World, plan},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use transom_core::{connector::ConnectorError, topic::EncodedRecord};
use transom_runtime::{Runtime, assembly::Plan, status::RecordCounts};

/// What one record says that is to happen with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Keep,
    Drop,
    Fail,
    Split,
    Reject,
    Poison,
}

#[derive(Debug, Clone)]
enum Step {
    Produce {
        partition: i32,
        order: Order,
    },
    Gap {
        partition: i32,
    },
    Shuffle,
    Lose,
    PutFails,
    WriteFails,
    ClaimFails,
    /// A poll, a commit and a question to the broker fail.
    ReaderFails,
    /// The transform is swapped for one that does the same.
    Swap,
    /// The tasks are stopped in good order, and started again.
    Restart,
    /// Waits until everything is committed.
    Rest,
}

#[derive(Debug, Clone)]
struct Script {
    kind: Kind,
    tasks: usize,
    steps: Vec<Step>,
    lives: Vec<(usize, bool)>,
}

const PARTITIONS: usize = 3;

impl Order {
    fn value(self) -> &'static str {
        match self {
            Self::Keep => r#"{"do":"keep"}"#,
            Self::Drop => r#"{"do":"drop"}"#,
            Self::Fail => r#"{"do":"fail"}"#,
            Self::Split => r#"{"do":"split"}"#,
            Self::Reject => r#"{"do":"reject"}"#,
            Self::Poison => "poison",
        }
    }

    /// The children that a sink must have of it; nothing in the list for a record that goes on as it is.
    fn rows(self) -> Vec<Option<u32>> {
        match self {
            Self::Keep => vec![None],
            Self::Split => vec![Some(0), Some(1), Some(2)],
            Self::Drop | Self::Fail | Self::Reject | Self::Poison => Vec::new(),
        }
    }

    fn is_bad(self) -> bool {
        matches!(self, Self::Fail | Self::Reject | Self::Poison)
    }
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        6 => Just(Order::Keep),
        2 => Just(Order::Drop),
        1 => Just(Order::Fail),
        2 => Just(Order::Split),
        1 => Just(Order::Reject),
        1 => Just(Order::Poison),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0..i32::try_from(PARTITIONS).unwrap();
    prop_oneof![
        30 => (number.clone(), order()).prop_map(|(partition, order)| Step::Produce { partition, order }),
        3 => number.prop_map(|partition| Step::Gap { partition }),
        2 => Just(Step::Shuffle),
        1 => Just(Step::Lose),
        1 => Just(Step::PutFails),
        1 => Just(Step::WriteFails),
        1 => Just(Step::ClaimFails),
        1 => Just(Step::ReaderFails),
        2 => Just(Step::Swap),
        1 => Just(Step::Restart),
        1 => Just(Step::Rest),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    let any = (any::<bool>(), any::<bool>(), any::<bool>());
    any.prop_map(|(stores_offsets, atomic, names)| Kind {
        stores_offsets,
        atomic: atomic || stores_offsets,
        names,
    })
}

fn script() -> impl Strategy<Value = Script> {
    let lives = proptest::collection::vec((0..60_usize, any::<bool>()), 0..6);
    let steps = proptest::collection::vec(step(), 1..120);
    (kind(), 1..=2_usize, steps, lives).prop_map(|(kind, tasks, steps, lives)| Script {
        kind,
        tasks,
        steps,
        lives,
    })
}

/// What was produced: where, and what is to become of it.
type Produced = BTreeMap<(i32, i64), Order>;

async fn play(world: &Arc<World>, tasks: &mut Runtime, plan: &Plan, steps: &[Step]) -> Produced {
    let mut produced = Produced::new();
    let away = || ConnectorError::transient("away", "it is away");
    for step in steps {
        match step {
            Step::Produce { partition, order } => {
                let offset = world.cluster.produce("orders", *partition, order.value());
                produced.insert((*partition, offset), *order);
            }
            Step::Gap { partition } => world.cluster.gap("orders", *partition),
            Step::Shuffle => world.cluster.change(|state| state.shuffle(NAME)),
            Step::Lose => world.cluster.change(|state| state.lose(NAME)),
            Step::PutFails => world.table.lock().unwrap().answers.push_back(away()),
            Step::ClaimFails => world.table.lock().unwrap().claim_answers.push_back(away()),
            Step::WriteFails => world.cluster.change(|state| state.write_errors.push_back(away())),
            Step::ReaderFails => world.cluster.change(|state| state.reader_errors = [1; 3]),
            Step::Swap => {
                let module = plan.errors.modules[0].clone();
                tasks.swap(NAME, "obey", world.obedient(), module).await.unwrap();
            }
            Step::Restart => {
                tasks.stop().await;
                *tasks = world.start(plan.clone());
            }
            Step::Rest => world.cluster.until(|state| state.is_read(NAME)).await,
        }
        tokio::task::yield_now().await;
    }
    produced
}

fn run(script: &Script) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new(script.kind, script.lives.iter().copied());
        world.cluster.create("orders", PARTITIONS);
        let mut plan = plan();
        plan.tasks = script.tasks;
        let mut tasks = world.start(plan.clone());
        let produced = play(&world, &mut tasks, &plan, &script.steps).await;
        world.cluster.until(|state| state.is_read(NAME)).await;
        check_offsets(&world);
        tasks.stop().await;
        check_rows(script.kind, &world.table.lock().unwrap().rows, &produced);
        // Who lost a partition without being asked may be inside a put while the next one goes on from the same offset.
        if script.tasks == 1 || !script.steps.iter().any(|step| matches!(step, Step::Lose)) {
            assert_eq!(world.table.lock().unwrap().below_committed, []);
        }
        check_letters(&world.cluster.records("dead"), &produced);
        let sums: Vec<RecordCounts> =
            tasks.status().connectors[0].tasks.iter().map(|task| task.records).collect();
        check_sums(&sums, &produced, script);
    });
}

/// The group is nowhere ahead of a sink that stores offsets.
fn check_offsets(world: &World) {
    let stored = world.table.lock().unwrap().stored.clone();
    for (partition, (offset, _)) in stored.iter().filter(|_| world.kind.stores_offsets) {
        let committed = world.cluster.committed(NAME, partition);
        assert!(*offset >= committed, "{partition}: {offset:?} stored, {committed:?} committed");
    }
}

fn check_rows(kind: Kind, rows: &[Row], produced: &Produced) {
    let mut first: BTreeMap<i32, Vec<(i64, Option<u32>)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let key = (row.offset, row.child);
        if seen.insert((row.partition.partition, key)) {
            first.entry(row.partition.partition).or_default().push(key);
        } else {
            assert!(!kind.stores_offsets, "{row:?} is there twice");
        }
    }
    let mut expected: BTreeMap<i32, Vec<(i64, Option<u32>)>> = BTreeMap::new();
    for ((number, offset), order) in produced {
        let rows = order.rows().into_iter().map(|child| (*offset, child));
        expected.entry(*number).or_default().extend(rows);
    }
    expected.retain(|_, rows| !rows.is_empty());
    assert_eq!(first, expected, "what was delivered, each for the first time");
}

/// Topic, partition and offset that a dead letter names.
fn origin(letter: &EncodedRecord) -> (i32, i64) {
    let header = |name: &str| {
        let name = format!("__connect.errors.{name}");
        let found = letter.headers.iter().find(|(header, _)| *header == name).unwrap();
        String::from_utf8(found.1.clone().unwrap()).unwrap()
    };
    assert_eq!(header("topic"), "orders");
    (header("partition").parse().unwrap(), header("offset").parse().unwrap())
}

fn check_letters(letters: &[EncodedRecord], produced: &Produced) {
    let mut lettered = BTreeSet::new();
    for letter in letters {
        let origin = origin(letter);
        assert_eq!(letter.value.as_deref(), Some(produced[&origin].value().as_bytes()));
        assert_eq!(letter.headers[0], ("h".to_owned(), Some(b"\"v\"".to_vec())));
        lettered.insert(origin);
    }
    let bad = produced.iter().filter(|(_, order)| order.is_bad()).map(|(origin, _)| *origin);
    assert_eq!(lettered, bad.collect(), "what is dead-lettered");
}

fn check_sums(sums: &[RecordCounts], produced: &Produced, script: &Script) {
    let mut all = RecordCounts::default();
    for sum in sums {
        let RecordCounts { read, delivered, dropped, dead_lettered, skipped, in_flight, out: _ } =
            *sum;
        assert_eq!(read, delivered + dropped + dead_lettered + skipped + in_flight);
        assert_eq!(in_flight, 0);
        all.read += read;
        all.delivered += delivered;
        all.dropped += dropped;
        all.dead_lettered += dead_lettered;
    }
    let count =
        |is: fn(Order) -> bool| produced.values().filter(|order| is(**order)).count() as u64;
    let is_quiet = script.lives.is_empty()
        && !script
            .steps
            .iter()
            .any(|step| matches!(step, Step::Shuffle | Step::Lose | Step::Restart));
    if is_quiet && script.tasks == 1 {
        assert_eq!(all.read, produced.len() as u64);
        assert_eq!(all.delivered, count(|order| !order.rows().is_empty()));
        assert_eq!(all.dropped, count(|order| order == Order::Drop));
        assert_eq!(all.dead_lettered, count(Order::is_bad));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_there_twice_that_need_not_be(script in script()) {
        run(&script);
    }
}
