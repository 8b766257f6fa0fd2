//! The same work by modules in the sandbox.

use crate::measure::{cpu_time, median};
use bench::GUESTS;
use transom::{
    shipped,
    wasm::{Instance, Limits, Module, Runtime, WasmTransform},
};
use transom_core::chain::{Chain, Stage};

const FILTER: &str = r#"{"allowed_business_units": ["BU1", "BU3", "BU5", "BU7"]}"#;
const MASK: &str = r#"{"fields": ["account_id"], "replacement": "****", "keep.last": 4}"#;

pub(crate) fn chain(names: &[&str]) -> Chain {
    let runtime = runtime();
    let stage = |name: &&str| match *name {
        "filter" => stage(&runtime, shipped::find("business-unit-filter"), FILTER),
        "mask" => stage(&runtime, shipped::find("mask-field"), MASK),
        _ => stage(&runtime, GUESTS.first().map(|(_, module)| *module), "{}"),
    };
    Chain::new(names.iter().map(stage).collect())
}

/// A chain of masks, one for each field.
pub(crate) fn masks(fields: &[&str]) -> Chain {
    let runtime = runtime();
    let config = |field: &&str| MASK.replace("account_id", field);
    Chain::new(
        fields
            .iter()
            .map(|field| stage(&runtime, shipped::find("mask-field"), &config(field)))
            .collect(),
    )
}

/// Nanoseconds for a call that carries one record with nothing in it: the crossing, and the check of the answer.
pub(crate) fn empty_call() -> f64 {
    let module = load(&runtime(), shipped::find("business-unit-filter"));
    let mut instance = Instance::new(&module).expect("a shipped module starts");
    instance.init(FILTER.as_bytes()).expect("the configuration is valid");
    let calls = 100_000;
    let mut figures = Vec::new();
    for _ in 0..9 {
        let start = cpu_time();
        for _ in 0..calls {
            let input = instance.input(8).expect("a small input fits");
            input.copy_from_slice(&[0xFF; 8]);
            instance.call(1).expect("a record without a unit is dropped");
        }
        figures.push(cpu_time().saturating_sub(start).as_secs_f64() * 1e9 / f64::from(calls));
    }
    median(figures)
}

fn stage(runtime: &Runtime, module: Option<&'static [u8]>, config: &str) -> Stage {
    let module = load(runtime, module);
    let transform =
        WasmTransform::new(&module, config.as_bytes()).expect("the configuration is valid");
    Stage { name: module.manifest().name.clone(), predicate: None, transform: Box::new(transform) }
}

fn load(runtime: &Runtime, module: Option<&'static [u8]>) -> Module {
    runtime.load(module.expect("the module was built")).expect("a module of this build loads")
}

fn runtime() -> Runtime {
    Runtime::new(Limits::default(), None).expect("the engine starts")
}
