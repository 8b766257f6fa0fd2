//! The shipped SMTs' own cases, in the sandbox: the same that run natively in their packages.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use transom::{
    shipped,
    wasm::{InitError, Limits, Module, Runtime, WasmTransform},
};
use transom_core::{
    batch::Batch,
    chain::{Chain, Stage},
    record::{RecordId, Verdict},
};

#[test]
fn shipped_modules_pass_their_own_cases() {
    let runtime = Runtime::new(Limits::default(), None).unwrap();
    for name in shipped::names() {
        let module = runtime.load(shipped::find(name).unwrap()).unwrap();
        assert_eq!(module.manifest().name, name);
        let cases = &module.manifest().cases;
        assert!(cases.len() >= 8, "{name} brings {} cases", cases.len());
        for case in cases {
            check(&module, case);
        }
    }
}

/// A case, as `smt_sdk::testing` reads it too.
#[derive(Deserialize)]
struct Case {
    description: String,
    config: Box<RawValue>,
    #[serde(default)]
    records: Vec<Example>,
    refused: Option<Value>,
}

#[derive(Deserialize)]
struct Example {
    /// As it is spelt: duplicate keys and escapes are what some cases are about.
    input: Box<RawValue>,
    expected: Value,
}

fn check(module: &Module, case: &str) {
    let case: Case = serde_json::from_str(case).unwrap();
    let place = format!("{}: {}", module.manifest().name, case.description);
    let transform = match (WasmTransform::new(module, case.config.get().as_bytes()), case.refused) {
        (Err(InitError::Refused { message, path }), Some(refused)) => {
            assert_said(&serde_json::json!({"message": message, "path": path}), &refused, &place);
            return;
        }
        (Ok(transform), None) => transform,
        (result, refused) => panic!("{place}: {result:?}, expected to be refused with {refused:?}"),
    };
    let stage = Stage { name: "smt".to_owned(), predicate: None, transform: Box::new(transform) };
    let mut chain = Chain::new(vec![stage]);
    let mut batch = Batch::default();
    for example in &case.records {
        batch.push_record(example.input.get().as_bytes(), "case");
    }
    chain.run(&mut batch).unwrap();
    for (number, example) in case.records.iter().enumerate() {
        if let Verdict::Failed(failure) = batch.verdict(number) {
            let found = serde_json::json!({"code": failure.code, "message": failure.message});
            assert_said(&found, &example.expected["error"], &format!("{place}, record {number}"));
            continue;
        }
        let survivors = batch.survivors().iter().filter(|id| batch.input(**id) == number);
        let found: Vec<Value> = survivors.map(|id| written(&batch, *id)).collect();
        assert_eq!(Value::Array(found), example.expected, "{place}, record {number}");
    }
}

/// What a case says of an error must hold; what it leaves out may be anything.
fn assert_said(found: &Value, expected: &Value, place: &str) {
    let expected = expected.as_object().unwrap_or_else(|| panic!("{place}: {found}"));
    assert!(!expected.is_empty(), "{place}: the case says nothing of the error");
    for (member, value) in expected {
        assert_eq!(found[member], *value, "{place}");
    }
}

fn written(batch: &Batch, record: RecordId) -> Value {
    let mut out = Vec::new();
    batch.write_record(record, &mut out);
    serde_json::from_slice(&out).unwrap()
}
