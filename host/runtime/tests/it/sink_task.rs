//! What a sink task does, case by case.

use crate::{
    cluster::partition,
    sinks::{Kind, Row},
    world::{NAME, World, plan},
};
use transom_runtime::status::{RecordCounts, State};

fn offsets(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row.offset).collect()
}

#[tokio::test(start_paused = true)]
async fn records_are_delivered_in_order_and_committed() {
    let world = World::new(Kind::PLAIN, []);
    world.cluster.create("orders", 1);
    for number in 0..20 {
        world.cluster.produce("orders", 0, &format!(r#"{{"n":{number}}}"#));
    }
    let runtime = world.drain(plan()).await;
    assert_eq!(offsets(&world.table.lock().unwrap().rows), (0..20).collect::<Vec<i64>>());
    assert_eq!(world.cluster.committed(NAME, &partition("orders", 0)), Some(20));
    let task = &runtime.status().connectors[0].tasks[0];
    assert_eq!(task.state, State::Stopped);
    let expected = RecordCounts { read: 20, delivered: 20, out: 20, ..RecordCounts::default() };
    assert_eq!(task.records, expected);
}
