//! What a load costs, and what it says of offsets.

use super::{Load, OpenGenerations};
use transom_core::{
    convert::{ConvertError, Converter, Converters, Decoded},
    ledger::Ledger,
    record::NewRecord,
    topic::{Offsets, TopicPartition},
};

struct Verbatim;

impl Converter for Verbatim {
    fn decode(&mut self, _: &str, text: &[u8], _: &mut Vec<u8>) -> Result<Decoded, ConvertError> {
        Ok(Decoded::Within(0..text.len()))
    }

    fn encode(&mut self, _: &str, _: &[u8], _: &mut Vec<u8>) -> Result<(), ConvertError> {
        Ok(())
    }
}

fn converters() -> Converters {
    Converters { key: Box::new(Verbatim), value: Box::new(Verbatim), header: Box::new(Verbatim) }
}

fn partition(partition: i32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}

fn record(partition: i32, offset: i64) -> NewRecord<'static> {
    NewRecord {
        topic: "orders",
        partition: Some(partition),
        offset: Some(offset),
        value: Some(br#"{"id": 1, "name": "one"}"#),
        ..NewRecord::default()
    }
}

#[test]
fn nothing_is_allocated_for_a_record_once_a_load_was_in_use() {
    let (mut ledger, mut load, mut converters) = (Ledger::default(), Load::default(), converters());
    ledger.open(&partition(0), 0);
    let mut pass = |begin: i64| {
        load.clear(usize::MAX);
        for offset in begin..begin + 500 {
            load.admit(&record(0, offset), &mut ledger, &mut converters);
        }
        load.note_dropped();
        load.note_delivered(500);
        assert_eq!(load.settle(&mut ledger).delivered, 500);
    };
    pass(0);
    pass(500);
    let counted = allocation_counter::measure(|| pass(1000));
    // One for the run's partition, at most.
    assert!(counted.count_total <= 1, "{counted:?}");
}

#[test]
fn the_offset_to_go_on_from_is_behind_the_last_input_below_a_bound() {
    let (mut ledger, mut load, mut converters) = (Ledger::default(), Load::default(), converters());
    ledger.open(&partition(0), 0);
    ledger.open(&partition(1), 0);
    for (number, offset) in [(0, 3), (0, 7), (1, 2), (0, 8), (1, 9)] {
        load.admit(&record(number, offset), &mut ledger, &mut converters);
    }
    let open = OpenGenerations::default();
    open.publish(&ledger);
    let through = |bound, first: Option<i64>, second: Option<i64>| {
        let expected = [(0, first), (1, second)];
        let expected: Offsets = expected
            .into_iter()
            .filter_map(|(number, offset)| Some((partition(number), offset?)))
            .collect();
        assert_eq!(load.through(bound, &open.now()), expected, "below {bound}");
    };
    through(0, None, None);
    through(1, Some(4), None);
    through(2, Some(8), None);
    through(3, Some(8), Some(3));
    through(4, Some(9), Some(3));
    through(5, Some(9), Some(10));
    ledger.close(&partition(0));
    open.publish(&ledger);
    through(5, None, Some(10));
}

#[test]
fn records_below_what_the_sink_has_are_skipped_and_counted() {
    let (mut ledger, mut load, mut converters) = (Ledger::default(), Load::default(), converters());
    ledger.open(&partition(0), 5);
    for offset in [3, 4, 5, 6] {
        load.admit(&record(0, offset), &mut ledger, &mut converters);
    }
    assert_eq!((load.skipped, load.batch.len()), (2, 2));
    // Nobody has this partition: it counts for nothing.
    load.admit(&record(1, 0), &mut ledger, &mut converters);
    assert_eq!((load.skipped, load.batch.len()), (2, 2));
}
