//! Calls whose answers are written by hand: what each verdict does, and what does not hold.

use super::*;
use crate::{
    chain::{Chain, Stage},
    record::{NewRecord, Verdict as Became},
    transform::{Transform, TransformError},
};
use smt_abi::{
    answer::GuestError,
    code,
    operation::{Op, Operation, PathRef, Root as RootKind},
    verdict::{Tag, Verdict},
};

type Answer = Vec<(Tag, Vec<u8>)>;

/// A module without a sandbox: what it reads, and what it answers to it.
struct Native<F> {
    call: Call,
    answer: F,
}

impl<F: FnMut(&[Vec<Option<String>>]) -> Answer + Send> Transform for Native<F> {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        let selected = batch.selected().to_vec();
        let mut rest = selected.as_slice();
        while !rest.is_empty() {
            let Gathered { n, len } = self.call.gather(batch, rest);
            let mut input = vec![0xAA; len];
            self.call.write(batch, &mut input);
            let slots = read_input(&input, n as usize, self.call.contract.slots());
            let (mut verdicts, mut out) = (Vec::new(), Vec::new());
            for (tag, output) in (self.answer)(&slots) {
                let len = u32::try_from(output.len()).unwrap();
                verdicts.extend_from_slice(&Verdict { tag, len }.encode().to_le_bytes());
                out.extend_from_slice(&output);
            }
            self.call.apply(batch, &verdicts, &out);
            rest = &rest[n as usize..];
        }
        Ok(())
    }
}

fn read_input(input: &[u8], n: usize, slots: usize) -> Vec<Vec<Option<String>>> {
    let mut at = 4 * n * slots;
    let mut read = |entry: usize| {
        let len = smt_abi::read_u32(input, 4 * entry).unwrap();
        (len != smt_abi::ABSENT).then(|| {
            let text = &input[at..at + len as usize];
            at += len as usize;
            String::from_utf8(text.to_vec()).unwrap()
        })
    };
    (0..n).map(|record| (0..slots).map(|slot| read(record * slots + slot)).collect()).collect()
}

/// Runs records through one module and shows what became of each.
fn run(
    slots: &str,
    records: &[NewRecord<'_>],
    answer: impl FnMut(&[Vec<Option<String>>]) -> Answer + Send + 'static,
) -> Vec<String> {
    let descriptor = format!(r#"{{"slots":{slots}}}"#);
    let call = Call::new(Contract::parse(descriptor.as_bytes(), b"").unwrap(), Limits::default());
    let stage = Stage {
        name: "native".to_owned(),
        predicate: None,
        transform: Box::new(Native { call, answer }),
    };
    let mut batch = Batch::default();
    for record in records {
        batch.push(record);
    }
    Chain::new(vec![stage]).run(&mut batch).unwrap();
    show(&batch)
}

fn show(batch: &Batch) -> Vec<String> {
    let mut shown = Vec::new();
    for input in 0..batch.len() {
        match batch.verdict(input) {
            Became::Passed => {}
            Became::Dropped { stage } => shown.push(format!("{input} dropped by {stage}")),
            Became::Failed(failure) => shown.push(format!("{input} failed: {}", failure.code)),
        }
    }
    for id in batch.survivors() {
        let mut out = Vec::new();
        batch.write_record(*id, &mut out);
        shown.push(format!("{} {}", batch.input(*id), String::from_utf8(out).unwrap()));
    }
    shown
}

fn operations(operations: &[Operation<'_>]) -> (Tag, Vec<u8>) {
    let mut out = Vec::new();
    for operation in operations {
        operation.write(&mut out);
    }
    (Tag::Ops, out)
}

fn record(value: &str) -> NewRecord<'_> {
    NewRecord {
        topic: "t",
        partition: Some(1),
        offset: Some(7),
        value: Some(value.as_bytes()),
        ..NewRecord::default()
    }
}

#[test]
fn slots_are_what_a_record_holds() {
    let headers: [(&str, Option<&[u8]>); 3] = [("h", Some(b"1")), ("h", Some(b"2")), ("n", None)];
    let full = NewRecord {
        timestamp: Some(-5),
        key: Some(b"{\"id\":[4]}"),
        headers: &headers,
        ..record(r#"{"a":{"b":null}}"#)
    };
    let tombstone = NewRecord { value: None, offset: None, partition: None, ..record("") };
    let slots = r#"["$","a.b","a.c","@key.id[0]","@topic","@partition","@offset","@timestamp","@header.h","@headers","@record"]"#;
    let shown = run(slots, &[full, tombstone], |records| {
        let seen = |slots: &Vec<Option<String>>| {
            slots
                .iter()
                .map(|slot| slot.clone().unwrap_or_else(|| "-".to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            seen(&records[0])[..9],
            [r#"{"a":{"b":null}}"#, "null", "-", "4", "\"t\"", "1", "7", "-5", "2"]
        );
        assert_eq!(
            seen(&records[0])[9],
            r#"[{"key":"h","value":1},{"key":"h","value":2},{"key":"n"}]"#
        );
        assert!(seen(&records[0])[10].starts_with(
            r#"{"topic":"t","partition":1,"offset":7,"timestamp":-5,"key":{"id":[4]},"value":"#
        ));
        assert_eq!(seen(&records[1]).join(" "), r#"- - - - "t" - - - - [] {"topic":"t"}"#);
        vec![(Tag::Keep, vec![]), (Tag::Drop, vec![])]
    });
    assert_eq!(shown[0], "1 dropped by 0");
}

#[test]
fn each_verdict_does_what_it_says() {
    let records = ["1", "2", "3", "4", "5", "6", "7"].map(record);
    let shown = run(r#"["$"]"#, &records, |_| {
        let mut error = Vec::new();
        GuestError { code: "odd", message: "it is odd" }.write(&mut error);
        let child = br#"{"topic":"u","value":"c"}"#;
        let mut split = vec![2, 0, 0, 0];
        for child in [&child[..], b"{}"] {
            split.extend_from_slice(&u32::try_from(child.len()).unwrap().to_le_bytes());
            split.extend_from_slice(child);
        }
        vec![
            (Tag::Keep, vec![]),
            (Tag::Drop, vec![]),
            operations(&[Operation::new(Op::SetTopic, RootKind::Value, PathRef::ROOT, b"\"new\"")]),
            (Tag::Replace, b" [3.0] ".to_vec()),
            (Tag::Split, split),
            (Tag::Error, error),
            (
                Tag::ReplaceRecord,
                br#"{"value":{"v":1},"offset":99,"headers":[{"key":"h"}]}"#.to_vec(),
            ),
        ]
    });
    let expected = [
        "1 dropped by 0",
        "5 failed: odd",
        r#"0 {"topic":"t","partition":1,"offset":7,"value":1}"#,
        r#"2 {"topic":"new","partition":1,"offset":7,"value":3}"#,
        r#"3 {"topic":"t","partition":1,"offset":7,"value":[3.0]}"#,
        r#"4 {"topic":"u","offset":7,"value":"c"}"#,
        r#"4 {"topic":"t","offset":7}"#,
        r#"6 {"topic":"t","offset":7,"value":{"v":1},"headers":[{"key":"h"}]}"#,
    ];
    assert_eq!(shown, expected);
}

#[test]
fn what_a_module_gives_back_as_it_was_leaves_as_it_came() {
    let check = |back: &'static str, untouched: (bool, bool, bool)| {
        let call = Call::new(
            Contract::parse(br#"{"slots":["@record"]}"#, b"").unwrap(),
            Limits::default(),
        );
        let answer = move |records: &[Vec<Option<String>>]| {
            vec![(Tag::ReplaceRecord, back.as_bytes().to_vec()); records.len()]
        };
        let transform = Box::new(Native { call, answer });
        let stage = Stage { name: "native".to_owned(), predicate: None, transform };
        let mut batch = Batch::default();
        let record = batch.push(&NewRecord {
            topic: "t",
            key: Some(b"7"),
            value: Some(br#"{"a": 1.0}"#),
            headers: &[("h", Some(b"\"x\""))],
            ..NewRecord::default()
        });
        Chain::new(vec![stage]).run(&mut batch).unwrap();
        let found = (
            batch.is_key_untouched(record),
            batch.is_value_untouched(record),
            batch.are_headers_untouched(record),
        );
        assert_eq!(found, untouched, "{back}");
    };
    let same = r#"{"topic":"t","key":7,"value":{"a": 1.0},"headers":[{"key":"h","value":"x"}]}"#;
    check(same, (true, true, true));
    let value = r#"{"key":7,"value":{"a": 2},"headers":[{"key":"h","value":"x"}]}"#;
    check(value, (true, false, true));
    check(
        r#"{"key":8,"value":{"a": 1.0},"headers":[{"key":"h","value":"y"}]}"#,
        (false, true, false),
    );
    check(r#"{"value":{"a": 1.0}}"#, (false, true, false));
}

/// Answers to a record `{"a":1}` that cannot be applied, and the code that each must fail with.
fn bad_answers() -> Vec<((Tag, Vec<u8>), &'static str)> {
    let insert = |path: &'static [u8], value: &'static [u8]| {
        operations(&[Operation::new(Op::Insert, RootKind::Value, PathRef::Text(path), value)])
    };
    vec![
        (insert(b"a", b"1"), code::EXISTS),
        (insert(b"b", b"{\"a\":1}}"), code::BAD_JSON),
        (insert(b"b", b""), code::BAD_JSON),
        (insert(b"a.b", b"1"), code::BAD_PATH),
        (insert(b"`a", b"1"), code::BAD_PATH),
        ((Tag::Ops, vec![1, 2, 3]), code::BAD_OPERATION),
        (
            (
                Tag::Ops,
                operations(&[Operation::new(Op::Set, RootKind::Value, PathRef::Id(1), b"1")]).1,
            ),
            code::BAD_OPERATION,
        ),
        (
            (
                Tag::Ops,
                operations(&[Operation::new(Op::Set, RootKind::Key, PathRef::Id(0), b"1")]).1,
            ),
            code::BAD_OPERATION,
        ),
        (
            (
                Tag::Ops,
                operations(
                    &[Operation::new(Op::Remove, RootKind::Value, PathRef::Id(0), b""); 257],
                )
                .1,
            ),
            code::OPERATION_LIMIT,
        ),
        (
            operations(&[Operation::new(Op::SetPartition, RootKind::Value, PathRef::ROOT, b"-1")]),
            code::BAD_METADATA,
        ),
        (
            operations(&[Operation::new(Op::SetTopic, RootKind::Value, PathRef::ROOT, b"\"a b\"")]),
            code::BAD_METADATA,
        ),
        ((Tag::Replace, b"{".to_vec()), code::BAD_JSON),
        ((Tag::Replace, "[".repeat(200).into_bytes()), code::NESTING_LIMIT),
        ((Tag::ReplaceRecord, b"[]".to_vec()), code::BAD_RECORD),
        ((Tag::ReplaceRecord, br#"{"vaule":1}"#.to_vec()), code::BAD_RECORD),
        ((Tag::ReplaceRecord, br#"{"value":1,"value":2}"#.to_vec()), code::BAD_RECORD),
        ((Tag::Split, vec![1, 0, 0, 0]), code::BAD_RECORD),
        ((Tag::Error, vec![9, 0]), code::BAD_ERROR),
    ]
}

#[test]
fn what_does_not_hold_fails_its_record_alone() {
    let answers = bad_answers();
    let records: Vec<_> = (0..=answers.len()).map(|_| record(r#"{"a":1}"#)).collect();
    let (given, expected): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    let shown = run(r#"["a"]"#, &records, move |_| {
        given.iter().cloned().chain([(Tag::Keep, vec![])]).collect()
    });
    let mut lines: Vec<_> = expected
        .iter()
        .enumerate()
        .map(|(input, code)| format!("{input} failed: {code}"))
        .collect();
    lines.push(format!(
        r#"{} {{"topic":"t","partition":1,"offset":7,"value":{{"a":1}}}}"#,
        expected.len()
    ));
    assert_eq!(shown, lines);
}

#[test]
fn edits_cannot_make_a_record_grow_without_bound() {
    let wraps =
        vec![
            Operation::new(Op::Copy, RootKind::Value, PathRef::ROOT, &[2, 0, 255, 255, b'h']);
            200
        ];
    let big = format!("\"{}\"", "x".repeat(100_000));
    let wrap = Operation::new(Op::Wrap, RootKind::Value, PathRef::ROOT, b"w");
    let both: Vec<_> = wraps.iter().copied().chain(vec![wrap; 50]).collect();
    let shown = run("[]", &[record(&big), record("1")], move |_| {
        vec![operations(&both), (Tag::Keep, vec![])]
    });
    assert_eq!(shown[0], format!("0 failed: {}", code::OUTPUT_LIMIT));
    assert_eq!(shown.len(), 2);
}

#[test]
fn a_call_carries_as_much_as_it_may_and_at_least_one_record() {
    let mut batch = Batch::default();
    for text in ["\"123456\"", "\"12345678901234567890\"", "1", "2"] {
        batch.push(&record(text));
    }
    batch.enter(0, None);
    let limits = Limits { call_bytes: 20, ..Limits::default() };
    let mut call = Call::new(Contract::parse(br#"{"slots":["$"]}"#, b"").unwrap(), limits);
    let ids = batch.selected().to_vec();
    assert_eq!(call.gather(&mut batch, &ids), Gathered { n: 1, len: 12 });
    assert_eq!(call.gather(&mut batch, &ids[1..]), Gathered { n: 1, len: 26 });
    assert_eq!(call.gather(&mut batch, &ids[2..]), Gathered { n: 2, len: 10 });
}

#[test]
fn a_module_that_asks_for_ever_makes_no_batch_grow() {
    let mut batch = Batch::default();
    let header: [(&str, Option<&[u8]>); 1] = [("h", Some(b"[1]"))];
    batch.push(&NewRecord {
        timestamp: Some(5),
        headers: &header,
        ..record(r#"{"a":{"b":1},"c":2}"#)
    });
    batch.enter(0, None);
    let mut call = Call::new(Contract::parse(b"{}", b"").unwrap(), Limits::default());
    let ids = batch.selected().to_vec();
    call.gather(&mut batch, &ids);
    let (_, edits) =
        operations(&[Operation::new(Op::Set, RootKind::Value, PathRef::Text(b"a.b"), b"[2]")]);
    let entry = Verdict { tag: Tag::Ops, len: u32::try_from(edits.len()).unwrap() }.encode();
    call.apply(&mut batch, &entry.to_le_bytes(), &edits);
    let slots =
        ["@record", "$", "@headers", "a", "@topic", "@offset", "a.b[0]", "@timestamp", "@header.h"];
    let mut ask = |batch: &mut Batch| {
        let asked = slots.map(|slot| {
            String::from_utf8(call.get(batch, 0, slot).unwrap().unwrap().to_vec()).unwrap()
        });
        (asked, batch.bytes())
    };
    let first = ask(&mut batch);
    let settled = ask(&mut batch);
    assert_eq!(settled.0, first.0);
    assert_eq!(settled.0[1], r#"{"a":{"b":[2]},"c":2}"#);
    for _ in 0..1_000 {
        assert_eq!(ask(&mut batch), settled);
    }
}

#[test]
fn contracts_that_cannot_hold_are_refused() {
    for (descriptor, expected) in [
        ("{", "cannot be read"),
        (r#"{"slot":[]}"#, "unknown field `slot`"),
        (r#"{"slots":["@nothing"]}"#, "`@nothing`"),
        (r#"{"slots":["a.`b"]}"#, "backtick"),
        (r#"{"paths":["@topic"]}"#, "only places"),
        (r#"{"flags":["stateful"]}"#, "stateful"),
    ] {
        let error = Contract::parse(descriptor.as_bytes(), b"").unwrap_err().to_string();
        assert!(error.contains(expected), "{descriptor}: {error}");
    }
    let (_, bad) =
        operations(&[Operation::new(Op::Set, RootKind::Value, PathRef::Text(b"a"), b"{")]);
    let error = Contract::parse(b"{}", &bad).unwrap_err().to_string();
    assert_eq!(
        error,
        "static operation 0 of `smt_init`: its value is not JSON: expected the rest of a value, but the text ends at byte 1"
    );
}

#[test]
fn records_are_read_in_the_shape_they_are_written_in() {
    let whole = r#"{"topic":"t","partition":3,"offset":9,"timestamp":5,"key":[1],"value":{"a": 1.0},"headers":[{"key":"h\n","value":2},{"key":"n"}]}"#;
    let mut batch = Batch::default();
    batch.push_record(whole.as_bytes(), "other");
    batch.push_record(br#" {"value":null} "#, "other");
    batch.push_record(br#"{"valeu":null}"#, "other");
    batch.push_record(br#"{"offset":-1}"#, "other");
    let shown = show(&batch);
    let expected = [
        "2 failed: bad-record",
        "3 failed: bad-metadata",
        &format!("0 {whole}"),
        r#"1 {"topic":"other","value":null}"#,
    ];
    assert_eq!(shown, expected);
    assert_eq!(batch.origin(batch.survivors()[0]).offset, Some(9));
}
