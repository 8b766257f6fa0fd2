//! A module's own test cases, run in the sandbox: whether it does here what its author says.

use super::init::InitError;
use super::module::Module;
use super::transform::WasmTransform;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use transom_core::batch::Batch;
use transom_core::chain::{Chain, Stage};
use transom_core::record::Verdict;

/// Why a module is not what its author meant.
#[derive(Debug, thiserror::Error)]
#[error(
    "its own test case `{case}` fails: {problem}; run the tests of its package and build it anew"
)]
pub struct CaseError {
    /// What the case is about.
    pub case: String,
    /// What came instead of what was expected.
    pub problem: String,
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
    expected: Box<RawValue>,
}

impl Module {
    /// Runs the cases that the module brings along; one without cases has passed.
    ///
    /// # Errors
    /// [`CaseError`] for the first that comes out otherwise.
    pub fn check_cases(&self) -> Result<(), CaseError> {
        for text in &self.manifest().cases {
            let case: Case = serde_json::from_str(text).map_err(|error| CaseError {
                case: text.chars().take(60).collect(),
                problem: format!("it cannot be read: {error}"),
            })?;
            let done = case.check(self);
            done.map_err(|problem| CaseError { case: case.description, problem })?;
        }
        Ok(())
    }
}

impl Case {
    fn check(&self, module: &Module) -> Result<(), String> {
        let made = WasmTransform::new(module, self.config.get().as_bytes());
        match (made, &self.refused) {
            (Ok(transform), None) => self.run(transform),
            (Err(InitError::Refused { message, path }), Some(refused)) => {
                said(&serde_json::json!({"message": message, "path": path}), refused)
            }
            (Ok(_), Some(refused)) => Err(format!("expected to be refused with {refused}")),
            (Err(error), _) => Err(format!("the configuration is refused: {error}")),
        }
    }

    fn run(&self, transform: WasmTransform) -> Result<(), String> {
        let name = "smt".to_owned();
        let stage = Stage { name, predicate: None, transform: Box::new(transform) };
        let mut batch = Batch::default();
        for example in &self.records {
            batch.push_record(example.input.get().as_bytes(), "case");
        }
        Chain::new(vec![stage]).run(&mut batch).map_err(|error| error.to_string())?;
        let mut examples = self.records.iter().enumerate();
        examples.try_for_each(|(number, example)| {
            let done = example.check(&batch, number);
            done.map_err(|problem| format!("record {number}: {problem}"))
        })
    }
}

impl Example {
    fn check(&self, batch: &Batch, number: usize) -> Result<(), String> {
        // What holds a number that this reader cannot is not judged.
        let Ok(expected) = serde_json::from_str::<Value>(self.expected.get()) else {
            return Ok(());
        };
        if let Verdict::Failed(failure) = batch.verdict(number) {
            let found = serde_json::json!({"code": failure.code, "message": failure.message});
            return said(&found, &expected["error"]);
        }
        let mut found = Vec::new();
        for record in batch.survivors().iter().filter(|record| batch.input(**record) == number) {
            let mut text = Vec::new();
            batch.write_record(*record, &mut text);
            let Ok(value) = serde_json::from_slice::<Value>(&text) else { return Ok(()) };
            found.push(value);
        }
        let found = Value::Array(found);
        if found == expected { Ok(()) } else { Err(format!("{found}, expected {expected}")) }
    }
}

/// What a case says of an error must hold; what it leaves out may be anything.
fn said(found: &Value, expected: &Value) -> Result<(), String> {
    let members = expected.as_object().filter(|members| !members.is_empty());
    let Some(members) = members else { return Err(format!("{found}, expected no error")) };
    let is_said = members.iter().all(|(member, value)| found[member] == *value);
    if is_said { Ok(()) } else { Err(format!("{found}, expected {expected}")) }
}
