//! Nothing is allocated per record, from the scan to the splice: a batch that was in use once serves for all that follow.

use transom::{
    shipped,
    wasm::{Limits, Runtime, WasmTransform},
};
use transom_core::{
    batch::Batch,
    chain::{Chain, Stage},
    config::Column,
    record::NewRecord,
    table::{Columns, Rows, Value},
};

/// Trades with a nested part, keys in changing order, and strings with escapes.
fn records() -> Vec<String> {
    let record = |number: usize| {
        let mut members = [
            format!("\"account_id\":\"ACC-00123{number:05}\""),
            format!("\"business_unit\":\"BU{}\"", number % 4),
            format!("\"amount\":{number}.10"),
            "\"symbol\":\"AAPL\"".to_owned(),
            "\"legs\":[{\"venue\":{\"mic\":\"XNAS\"}},\"\\u00e9 \\\"q\\\"\"]".to_owned(),
        ];
        members.rotate_left(number % 7 % 5);
        format!("{{{}}}", members.join(", "))
    };
    (0..512).map(record).collect()
}

fn chain() -> Chain {
    let runtime = Runtime::new(Limits::default(), None).unwrap();
    let stage = |(name, config): (&str, &str)| {
        let module = runtime.load(shipped::find(name).unwrap()).unwrap();
        let transform = WasmTransform::new(&module, config.as_bytes()).unwrap();
        Stage { name: name.to_owned(), predicate: None, transform: Box::new(transform) }
    };
    let smts = [
        ("business-unit-filter", r#"{"allowed_business_units": ["BU1", "BU2"]}"#),
        (
            "mask-field",
            r#"{"fields": "account_id,legs[0].venue.mic", "field.syntax.version": "V2", "keep.last": 4}"#,
        ),
        ("replace-field", r#"{"renames": "symbol:ticker", "exclude": "amount"}"#),
    ];
    Chain::new(smts.into_iter().map(stage).collect())
}

fn run(chain: &mut Chain, batch: &mut Batch, records: &[String], out: &mut Vec<u8>) -> usize {
    batch.clear();
    out.clear();
    for (offset, value) in (0..).zip(records) {
        let value = Some(value.as_bytes());
        batch.push(&NewRecord {
            topic: "trades",
            partition: Some(0),
            offset: Some(offset),
            value,
            ..NewRecord::default()
        });
    }
    chain.run(batch).unwrap();
    for record in batch.survivors() {
        batch.write_value(*record, out);
    }
    batch.survivors().len()
}

#[test]
fn a_batch_that_was_in_use_allocates_nothing() {
    let (records, mut chain, mut batch, mut out) =
        (records(), chain(), Batch::default(), Vec::new());
    for _ in 0..3 {
        assert_eq!(run(&mut chain, &mut batch, &records, &mut out), 256);
    }
    let text = String::from_utf8(out.clone()).unwrap();
    assert!(
        text.contains("\"ticker\":\"AAPL\"")
            && text.contains("\"mic\":\"\"")
            && !text.contains("amount"),
        "{text}"
    );
    let counted = allocation_counter::measure(|| {
        run(&mut chain, &mut batch, &records, &mut out);
    });
    assert_eq!(counted.count_total, 0, "allocations for 512 records: {counted:?}");
}

#[test]
fn rows_of_a_batch_allocate_nothing() {
    let (records, mut chain, mut batch) = (records(), chain(), Batch::default());
    run(&mut chain, &mut batch, &records, &mut Vec::new());
    let settings = r#"[
        {"name": "account_id", "required": true}, {"name": "mic", "path": "legs[0].venue.mic"},
        {"name": "quote", "path": "legs[1]"}, {"name": "legs", "type": "json"},
        {"name": "partition", "metadata": "partition"}, {"name": "at", "metadata": "offset"}]"#;
    let settings: Vec<Column> = serde_json::from_str(settings).unwrap();
    let (mut columns, mut json) = (Columns::new(&settings).unwrap(), Columns::new(&[]).unwrap());
    let mut rows = Rows::default();
    let mut read = |rows: &mut Rows| {
        rows.clear();
        for record in batch.survivors() {
            columns.read(&batch, *record, rows).unwrap();
            json.read(&batch, *record, rows).unwrap();
        }
    };
    read(&mut rows);
    let allocated = allocation_counter::measure(|| read(&mut rows));
    assert_eq!((rows.len(), allocated.count_total), (512, 0));
    let texts: Vec<_> = rows.row(0).collect();
    assert_eq!(texts[2], Value::Text("é \"q\"".as_bytes()));
}
