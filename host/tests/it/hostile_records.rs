//! Guests that fail on some records of a batch: exactly the guilty ones fail, and the others get their results.

use crate::hostile::{BUFFER, Guest, limits, runtime};
use smt_abi::operation::{Op, Operation, PathRef, Root};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use transom::wasm::{InitError, Limits, Runtime, WasmTransform};
use transom_core::batch::Batch;
use transom_core::chain::{Chain, ChainError, Stage};
use transom_core::record::{NewRecord, Verdict};
use transom_core::transform::TransformError;

/// A guest that looks at the first byte of each value, in `$byte`. `each` may trap, `(return …)` from `smt_batch`, or
/// store a verdict at `$verdict`; what it does not touch is kept. A value `5` is replaced by `[5]`.
fn guest(each: &str) -> Guest {
    let each = format!("{} {each}", on(5, &emit(3, 1_024, 3)));
    let extra = "(data (i32.const 1024) \"[5]\")".to_owned();
    let batch = format!(
        "(local $i i32) (local $byte i32) (local $verdict i32) (local $out i32) (local $at i32)
         (local.set $out (i32.const 65536))
         (local.set $at (i32.add (i32.const {BUFFER}) (i32.mul (i32.const 4) (local.get $n))))
         (loop $next (if (i32.lt_u (local.get $i) (local.get $n)) (then
           (local.set $verdict (i32.add (i32.const 4096) (i32.mul (i32.const 8) (local.get $i))))
           (i64.store (local.get $verdict) (i64.const 0))
           (local.set $byte (i32.load8_u (local.get $at)))
           {each}
           (local.set $at (i32.add (local.get $at)
             (i32.load (i32.add (i32.const {BUFFER}) (i32.mul (i32.const 4) (local.get $i))))))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br $next))))
         (i32.store (i32.const 32) (i32.const 4096))
         (i32.store (i32.const 36) (i32.const 65536))
         (i32.store (i32.const 40) (i32.sub (local.get $out) (i32.const 65536)))
         (i32.store (i32.const 44) (local.get $n))
         (i32.const 32)"
    );
    Guest { extra, batch, ..Guest::default() }
}

/// Does `what` for values that begin with this digit.
fn on(digit: u8, what: &str) -> String {
    format!("(if (i32.eq (local.get $byte) (i32.const {})) (then {what}))", b'0' + digit)
}

/// Answers with `len` bytes of output that stand at `from`.
fn emit(tag: u64, from: u32, len: u64) -> String {
    let entry = tag | len << 32;
    format!(
        "(i64.store (local.get $verdict) (i64.const {entry}))
         (memory.copy (local.get $out) (i32.const {from}) (i32.const {len}))
         (local.set $out (i32.add (local.get $out) (i32.const {len})))"
    )
}

/// Adds output that [`emit`] finds at 2048.
fn with_output(mut guest: Guest, output: &[u8]) -> Guest {
    let bytes = crate::hostile::escape(output);
    guest.extra = format!("{} (data (i32.const 2048) \"{bytes}\")", guest.extra);
    guest
}

fn chain(runtime: &Runtime, guest: &Guest) -> Chain {
    let transform = WasmTransform::new(&guest.load(runtime).unwrap(), b"{}").unwrap();
    let transform = Box::new(transform);
    Chain::new(vec![Stage { name: "guest".to_owned(), predicate: None, transform }])
}

/// What became of each value: the value as it is then, `-` if it was dropped, or the code it failed with.
fn run(chain: &mut Chain, values: &[&str]) -> Result<Vec<String>, ChainError> {
    let mut batch = Batch::default();
    for value in values {
        batch.push(&NewRecord {
            topic: "t",
            value: Some(value.as_bytes()),
            ..NewRecord::default()
        });
    }
    chain.run(&mut batch)?;
    let mut survivors = batch.survivors().iter().map(|record| {
        let mut value = Vec::new();
        batch.write_value(*record, &mut value);
        String::from_utf8(value).unwrap()
    });
    let became = (0..values.len()).map(|input| match batch.verdict(input) {
        Verdict::Passed => survivors.next().unwrap(),
        Verdict::Dropped { .. } => "-".to_owned(),
        Verdict::Failed(failure) => failure.code.to_string(),
    });
    Ok(became.collect())
}

/// Runs a batch in which one record is a `9`, and one more batch to see that all goes on.
#[track_caller]
fn nine_fails(guest: &Guest, code: &str) {
    let mut chain = chain(&runtime(), guest);
    for _ in 0..2 {
        let became = run(&mut chain, &["1", "5", "9", "5", "4"]).unwrap();
        assert_eq!(became, ["1", "[5]", code, "[5]", "4"]);
    }
    assert_eq!(run(&mut chain, &["9"]).unwrap(), [code]);
    assert_eq!(run(&mut chain, &["5"]).unwrap(), ["[5]"]);
}

#[test]
fn a_call_that_fails_costs_the_guilty_record() {
    let extra = |mut guest: Guest, extra: &str| {
        guest.extra.push_str(extra);
        guest
    };
    nine_fails(&guest(&on(9, "unreachable")), "guest-trap");
    nine_fails(&guest(&on(9, "(loop $ever (br $ever))")), "guest-cpu-limit");
    let grow = "(if (i32.eq (memory.grow (i32.const 13)) (i32.const -1)) (then unreachable))";
    nine_fails(&guest(&on(9, grow)), "guest-memory-limit");
    let grow = "(if (i32.eq (table.grow $t (ref.null func) (i32.const 101)) (i32.const -1)) (then unreachable))";
    nine_fails(&extra(guest(&on(9, grow)), "(table $t 0 funcref)"), "guest-table-limit");
    let deep =
        "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))";
    nine_fails(
        &extra(guest(&on(9, "(drop (call $deep (i32.const 0)))")), deep),
        "guest-stack-limit",
    );
    nine_fails(&guest(&on(9, "(return (i32.const -1))")), "guest-bad-result");
    nine_fails(&guest(&on(9, "(return (i32.const 16))")), "guest-bad-result");
    let long = "(local.set $out (i32.add (local.get $out) (i32.const 3)))";
    nine_fails(&guest(&on(9, long)), "guest-bad-result");
    let wide = "(i64.store (local.get $verdict) (i64.const 0x1000_0000_0003))
        (local.set $out (i32.add (local.get $out) (i32.const 0x1000)))";
    nine_fails(&guest(&on(9, wide)), "guest-output-limit");
}

#[test]
fn an_answer_that_does_not_hold_costs_its_record() {
    let verdict =
        |entry: u64| on(9, &format!("(i64.store (local.get $verdict) (i64.const {entry}))"));
    nine_fails(&guest(&verdict(7)), "guest-bad-verdict");
    nine_fails(&guest(&verdict(1 << 8)), "guest-bad-verdict");
    nine_fails(&guest(&verdict(1 << 31 | 1)), "guest-bad-verdict");
    let output = |tag, output: &[u8]| {
        with_output(guest(&on(9, &emit(tag, 2_048, output.len() as u64))), output)
    };
    nine_fails(&output(0, b"x"), "guest-bad-verdict");
    nine_fails(&output(1, b"x"), "guest-bad-verdict");
    nine_fails(&output(2, b"\xFF"), "guest-bad-operation");
    nine_fails(&output(3, b"[5"), "guest-bad-json");
    nine_fails(&output(3, b""), "guest-bad-json");
    nine_fails(&output(3, b"1,\"x\":2"), "guest-bad-json");
    nine_fails(&output(3, b"\"\xC3\""), "guest-bad-json");
    nine_fails(&output(3, &[b'['; 200]), "guest-nesting-limit");
    nine_fails(&output(4, &[0; 4]), "guest-bad-record");
    nine_fails(&output(5, b"\x0A\0guest-trap"), "guest-bad-error");
    nine_fails(&output(5, b"\x03\0odd9 is odd"), "odd");
    nine_fails(&output(6, b"{\"value\":1,\"vlaue\":2}"), "guest-bad-record");
    // An edit whose value would end the document it is made in, and one below a number.
    for (path, value, code) in
        [(&b""[..], &b"1}"[..], "guest-bad-json"), (b"a", b"1", "guest-bad-path")]
    {
        let mut edit = Vec::new();
        Operation::new(Op::Set, Root::Value, PathRef::Text(path), value).write(&mut edit);
        nine_fails(&output(2, &edit), code);
    }
}

#[test]
fn who_fails_only_in_company_is_innocent() {
    let values = ["1", "5", "9"];
    for what in ["unreachable", "(loop $ever (br $ever))"] {
        let social = guest(&format!("(if (i32.gt_u (local.get $n) (i32.const 1)) (then {what}))"));
        let became = run(&mut chain(&runtime(), &social), &values).unwrap();
        assert_eq!(became, ["1", "[5]", "9"]);
    }
    // Fails in each third call of an instance, whatever the record.
    let mut tired = guest("");
    tired.extra.push_str("(global $calls (mut i32) (i32.const 0))");
    tired.batch = tired.batch.replacen(
        "(local.set $out",
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.eq (global.get $calls) (i32.const 3)) (then unreachable))
         (local.set $out",
        1,
    );
    let (mut several, mut alone) = (chain(&runtime(), &tired), chain(&runtime(), &tired));
    for _ in 0..10 {
        assert_eq!(run(&mut several, &values).unwrap(), ["1", "[5]", "9"]);
        assert_eq!(run(&mut alone, &["5"]).unwrap(), ["[5]"]);
    }
}

#[test]
fn a_module_that_fails_on_too_many_is_broken() {
    let traps = guest(&on(9, "unreachable"));
    let mut chain = chain(&runtime(), &traps);
    let batch = |guilty: usize, of: usize| {
        let mut values = vec!["5"; of - guilty];
        values.extend(vec!["9"; guilty]);
        values
    };
    assert_eq!(run(&mut chain, &batch(10, 10)).unwrap(), ["guest-trap"; 10]);
    let many = run(&mut chain, &batch(11, 110)).unwrap();
    assert_eq!(many.iter().filter(|became| *became == "guest-trap").count(), 11);
    let error = run(&mut chain, &batch(11, 109)).unwrap_err();
    let TransformError::Broken { traps, records, message } = error.source else {
        panic!("{error}")
    };
    assert_eq!((traps, records), (11, 109));
    assert!(message.contains("unreachable"), "{message}");
    assert_eq!(run(&mut chain, &["5"]).unwrap(), ["[5]"], "the host lives");
}

#[test]
fn a_record_too_large_for_its_guest_fails_alone() {
    let hungry = Guest {
        buf: format!(
            "(if (i32.gt_u (local.get $cap) (i32.const 65536)) (then
               (drop (memory.grow (i32.shr_u (local.get $cap) (i32.const 16)))) (return (i32.const 262144))))
             (i32.const {BUFFER})"
        ),
        ..guest("")
    };
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let became = run(&mut chain(&runtime(), &hungry), &["5", &large, "5"]).unwrap();
    assert_eq!(became, ["[5]", "guest-memory-limit", "[5]"]);
}

#[test]
fn get_reads_the_records_of_the_call() {
    // Replaces each value by its topic; a `9` asks for a slot that there is not.
    let get = |slot: u32, len: u32| {
        format!(
            "(local.set $byte (call $get (local.get $i) (i32.const {slot}) (i32.const {len}) (local.get $out) (i32.const 64)))
             (local.set $out (i32.add (local.get $out) (local.get $byte)))
             (i64.store (local.get $verdict)
               (i64.or (i64.const 3) (i64.shl (i64.extend_i32_u (local.get $byte)) (i64.const 32))))"
        )
    };
    let mut guest = guest(&format!("{} {}", on(9, &get(512, 7)), on(4, &get(512, 6))));
    guest.imports =
        "(import \"smt\" \"get\" (func $get (param i32 i32 i32 i32 i32) (result i32)))".to_owned();
    guest.extra.push_str("(data (i32.const 512) \"@topics\")");
    let mut chain = chain(&runtime(), &guest);
    for _ in 0..2 {
        let became = run(&mut chain, &["5", "4", "9", "4"]).unwrap();
        assert_eq!(became, ["[5]", "\"t\"", "guest-bad-get", "\"t\""]);
    }
}

#[test]
fn an_instance_that_keeps_too_much_memory_is_replaced() {
    // Grows beyond twice its first memory, and drops everything once one instance has served for long.
    let mut guest = guest(
        "(if (i32.lt_u (memory.size) (i32.const 9)) (then (drop (memory.grow (i32.const 5)))))
         (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.gt_u (global.get $calls) (i32.const 100)) (then (i64.store (local.get $verdict) (i64.const 1))))",
    );
    guest.extra.push_str("(global $calls (mut i32) (i32.const 0))");
    let runs = |mark: usize| {
        let runtime = Runtime::new(Limits { memory_mark_bytes: mark, ..limits() }, None).unwrap();
        let mut chain = chain(&runtime, &guest);
        (0..300).all(|_| run(&mut chain, &["1"]).unwrap() == ["1"])
    };
    assert!(runs(300_000), "replaced before it begins to drop");
    assert!(!runs(1 << 20), "below its mark it stays");
}

#[test]
fn what_a_module_declares_must_be_there() {
    let declares = |descriptor: &str| {
        let guest = Guest { descriptor: descriptor.to_owned(), ..Guest::default() };
        WasmTransform::new(&guest.load(&runtime()).unwrap(), b"{}").unwrap_err()
    };
    for (descriptor, message) in [
        (r#"{"slots": ["@nothing"]}"#, "`@nothing`"),
        ("not JSON", "cannot be read"),
        (r#"{"flags": ["stateful"]}"#, "stateful"),
    ] {
        let InitError::Failed(failure) = declares(descriptor) else { panic!("{descriptor}") };
        assert_eq!(failure.code, "guest-bad-result");
        assert!(failure.message.contains(message), "{failure}");
    }
}

/// Collects the lines that guests log.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Collected {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields(String);
        impl Visit for Fields {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() != "message" {
                    self.0 = format!("{}{}={value:?} ", self.0, field.name());
                }
            }
        }
        let mut fields = Fields(format!("{} ", event.metadata().level()));
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_secret_of_its_config_is_in_nothing_that_a_module_says() {
    let said = b"\x04\x00oopshunter2 is wrong";
    let trap = "(call $log (i32.const 1) (i32.const 3000) (i32.const 7)) unreachable";
    let each = [on(7, &emit(5, 2_048, said.len() as u64)), on(9, trap)].concat();
    let mut guest = with_output(guest(&each), said);
    guest.imports = "(import \"smt\" \"log\" (func $log (param i32 i32 i32)))".to_owned();
    guest.extra.push_str("(data (i32.const 3000) \"hunter2\")");
    let module = guest.load(&runtime()).unwrap();
    let secrets = ["hunter2"].into_iter().collect();
    let transform = WasmTransform::with_secrets(&module, b"{}", &secrets).unwrap();
    let transform = Box::new(transform);
    let stage = Stage { name: "guest".to_owned(), predicate: None, transform };
    let mut chain = Chain::new(vec![stage]);
    let mut batch = Batch::default();
    // The second time a new instance says it.
    for value in [&b"7"[..], b"9", b"9"] {
        batch.push(&NewRecord { topic: "t", value: Some(value), ..NewRecord::default() });
    }
    chain.run(&mut batch).unwrap();
    let messages = [0, 1, 2].map(|input| match batch.verdict(input) {
        Verdict::Failed(failure) => failure.message.clone(),
        other => format!("{other:?}"),
    });
    assert_eq!(messages[0], "[hidden] is wrong");
    for trapped in &messages[1..] {
        assert!(trapped.ends_with("; before that it logged: [hidden]"), "{trapped}");
    }
}

#[test]
fn no_line_is_logged_twice() {
    let log = |level: u32| format!("(call $log (i32.const {level}) (local.get $at) (i32.const 1))");
    let mut guest = guest(&format!("{} {}", log(3), on(9, &format!("{} unreachable", log(1)))));
    guest.imports = "(import \"smt\" \"log\" (func $log (param i32 i32 i32)))".to_owned();
    let collected = Collected::default();
    tracing::subscriber::with_default(collected.clone(), || {
        let mut chain = chain(&runtime(), &guest);
        assert_eq!(run(&mut chain, &["1", "2", "9", "3"]).unwrap()[2], "guest-trap");
        run(&mut chain, &["4"; 20]).unwrap();
    });
    let lines = collected.0.lock().unwrap();
    let line = |digit: u32| format!("INFO smt=\"guest\" line=\"{digit}\" ");
    let mut expected = vec![line(1), line(2), line(3)];
    expected.extend(vec![line(4); 16]);
    expected.push("WARN smt=\"guest\" lines=4 ".to_owned());
    assert_eq!(*lines, expected);
}
