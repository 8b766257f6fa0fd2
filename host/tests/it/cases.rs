//! The shipped SMTs' own cases, in the sandbox: the same that run natively in their packages.

use crate::hostile::{Guest, runtime};
use transom::{
    shipped,
    wasm::{Limits, Runtime},
};

#[test]
fn shipped_modules_pass_their_own_cases() {
    let runtime = Runtime::new(Limits::default(), None).unwrap();
    for name in shipped::names() {
        let module = runtime.load(shipped::find(name).unwrap()).unwrap();
        assert_eq!(module.manifest().name, name);
        let cases = &module.manifest().cases;
        assert!(cases.len() >= 8, "{name} brings {} cases", cases.len());
        module.check_cases().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// What is wrong with a guest that keeps each record, if it brings this case along.
fn wrong(case: &str) -> Option<String> {
    let section =
        format!(r#"{{"name": "guest", "version": "0.1.0", "abi": "1.0", "cases": [{case}]}}"#);
    let module = runtime().load(&Guest { section, ..Guest::default() }.wasm()).unwrap();
    module.check_cases().err().map(|error| error.to_string())
}

#[test]
fn a_case_that_comes_out_otherwise_is_named() {
    let case = |members: &str| format!(r#"{{"description": "d", "config": {{}}, {members}}}"#);
    let kept = r#"{"input": {"topic": "t", "value": {"a": 1}}, "expected": [{"topic": "t", "value": {"a": 1}}]}"#;
    assert_eq!(wrong(&case(&format!(r#""records": [{kept}]"#))), None);
    for (members, expected) in [
        (r#"{"input": {"value": {"a": 1}}, "expected": []}"#, "expected []"),
        (r#"{"input": {"value": 1}, "expected": {"error": {"code": "c"}}}"#, "expected {\"error\""),
    ] {
        let told = wrong(&case(&format!(r#""records": [{members}]"#))).unwrap();
        assert!(
            told.contains("test case `d` fails: record 0: ") && told.contains(expected),
            "{told}"
        );
    }
    let told = wrong(&case(r#""refused": {"path": "a"}"#)).unwrap();
    assert!(told.contains("expected to be refused with"), "{told}");
    assert!(wrong(r#"{"config": {}}"#).unwrap().contains("cannot be read"));
}
