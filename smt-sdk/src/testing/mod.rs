//! Runs an SMT natively, on the call layout of the sandbox.
//!
//! [`Harness`] configures an SMT, writes the same tables as the host, calls the same function, and applies what
//! comes back to a plain model of the record by the rules of `smt-sdk/ABI.md`. [`check_package`] runs the cases that
//! a module carries; the host runs the same ones in the sandbox.
//!
//! One file holds one case:
//!
//! ```json
//! {
//!   "description": "what it shows",
//!   "config": {"fields": "a"},
//!   "records": [
//!     {"input": {"topic": "t", "value": {"a": 1}}, "expected": [{"topic": "t", "value": {"a": 0}}]},
//!     {"input": {"topic": "t"}, "expected": {"error": {"code": "field-type", "message": "…"}}}
//!   ]
//! }
//! ```
//!
//! An empty `expected` is a dropped record; of an error the message may be left out. A case of settings that are
//! refused has `"refused": {"message": "…", "path": "fields"}` in place of records. Records are compared by meaning,
//! numbers by their spelling.

mod cases;
mod edits;
pub(crate) mod host;
mod model;
mod tree;

pub use cases::check_package;

use crate::error::SettingsError;
use crate::instance::Instance;
use crate::json::Json;
use crate::smt::Smt;
use edits::Fault;
use model::{Model, json};
use smt_abi::answer::{Answer, GuestError, children, read_init};
use smt_abi::operation::{Op, Operation, PathRef, Root, operations};
use smt_abi::verdict::{Tag, Verdict};
use smt_abi::{ABSENT, SLACK, code, limit};
use std::rc::Rc;
use tree::Tree;

/// An SMT with its settings, ready for records.
#[derive(Debug)]
pub struct Harness<S> {
    instance: Instance<S>,
    names: Vec<String>,
    slots: usize,
    statics: Vec<u8>,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The records that took its place, each a JSON text in the shape of `@record`; none if it was dropped.
    Records(Vec<String>),
    /// It failed, by the SMT's own error or because its answer breaks a rule of the ABI.
    Failed {
        /// The stable name of the kind of error.
        code: String,
        /// The SMT's message; empty where the code is the host's.
        message: String,
    },
}

impl<S: Smt> Harness<S> {
    /// Configures an SMT with these settings, a JSON text.
    ///
    /// # Errors
    /// What the SMT says of its settings.
    ///
    /// # Panics
    /// If what it declares breaks a rule of the ABI.
    pub fn new(config: &str) -> Result<Self, SettingsError> {
        let mut instance = Instance::new();
        instance.buffer(config.len())[..config.len()].copy_from_slice(config.as_bytes());
        let status = instance.init(config.len());
        let (text, statics) =
            read_init(instance.out()).expect("the SDK writes the layout of `smt_init`");
        let description = Json::parse(host::json_text(text)).expect("the SDK writes JSON");
        let member = |name: &str| {
            description.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
        };
        if status == Answer::REFUSED {
            return Err(SettingsError::new(member("path"), member("message")));
        }
        let list = |name: &str| match description.get(name) {
            Some(Json::Array(items)) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        };
        let mut names: Vec<String> = list("slots");
        let slots = names.len();
        names.extend(list("paths"));
        let sound =
            operations(statics).all(|found| found.is_ok_and(|found| found.op != Op::Static));
        assert!(sound, "static edits cannot apply static edits");
        let statics = statics.to_vec();
        Ok(Self { instance, names, slots, statics })
    }

    /// Sends records, JSON texts in the shape of `@record`, in one call.
    ///
    /// # Panics
    /// If a record is not in that shape, or the SMT panics.
    pub fn apply(&mut self, records: &[&str]) -> Vec<Outcome> {
        let mut models: Vec<Model> = records.iter().map(|record| read(record)).collect();
        let input = self.call(&mut models);
        let models = Rc::new(models);
        let len = input.len();
        self.instance.buffer(len)[..len + SLACK]
            .copy_from_slice(&[&input[..], &[0; SLACK]].concat());
        let looked_up = Rc::clone(&models);
        let lookup = move |record: u32, slot: &str| {
            looked_up[record as usize].clone().slot(slot).expect("`get` names a slot")
        };
        let instance = &mut self.instance;
        host::with_lookup(Box::new(lookup), || instance.batch(models.len(), len));
        let mut out = self.instance.out();
        assert_eq!(self.instance.verdicts().len(), models.len(), "one verdict a record");
        let answers = self.instance.verdicts().iter().zip(models.iter());
        let outcomes = answers
            .map(|(entry, model)| {
                let (payload, rest) = out
                    .split_at_checked(Verdict::len_of(*entry) as usize)
                    .expect("the lengths of the outputs add up");
                out = rest;
                self.outcome(*entry, payload, model)
            })
            .collect();
        assert!(out.is_empty(), "the lengths of the outputs add up");
        outcomes
    }

    /// The lines that the SMT logged on this thread since it was asked last: level and text.
    pub fn take_log(&self) -> Vec<(u32, String)> {
        host::take_lines()
    }

    /// The table of lengths and the payload, as they cross the boundary.
    fn call(&self, models: &mut [Model]) -> Vec<u8> {
        let (mut table, mut payload) = (Vec::new(), Vec::new());
        for model in models {
            for name in &self.names[..self.slots] {
                let text = model.slot(name).expect("the SDK checks the slots it declares");
                let len = text.as_ref().map_or(Ok(ABSENT), |text| u32::try_from(text.len()));
                table.extend_from_slice(&len.expect("cases are short").to_le_bytes());
                payload.extend_from_slice(text.unwrap_or_default().as_bytes());
            }
        }
        table.extend_from_slice(&payload);
        table
    }

    fn outcome(&self, entry: u64, payload: &[u8], before: &Model) -> Outcome {
        let found = match Verdict::decode(entry) {
            Err(_) => Err(code::BAD_VERDICT),
            Ok(verdict) => match verdict.tag {
                Tag::Keep => Ok(vec![before.json()]),
                Tag::Drop => Ok(Vec::new()),
                Tag::Ops => self.edited(payload, before).map(|after| vec![after.json()]),
                Tag::Replace => json(payload).map(|value| vec![before.with_value(value).json()]),
                Tag::ReplaceRecord => returned(payload, before).map(|record| vec![record]),
                Tag::Split => split(payload, before),
                Tag::Error => match GuestError::read(payload) {
                    None => Err(code::BAD_ERROR),
                    Some(GuestError { code, message }) => {
                        let (code, message) = (code.to_owned(), message.to_owned());
                        return Outcome::Failed { code, message };
                    }
                },
            },
        };
        match found {
            Ok(records) => Outcome::Records(records),
            Err(code) => Outcome::Failed { code: code.to_owned(), message: String::new() },
        }
    }

    fn edited(&self, payload: &[u8], before: &Model) -> Result<Model, Fault> {
        let mut record = before.clone();
        let mut count = 0;
        let mut apply = |operation: &Operation<'_>| {
            count += 1;
            if count > limit::OPERATIONS {
                return Err(code::OPERATION_LIMIT);
            }
            record.apply(operation, &self.names)
        };
        for operation in operations(payload) {
            let operation = operation.map_err(|_| code::BAD_OPERATION)?;
            if operation.op == Op::Static {
                if operation != Operation::new(Op::Static, Root::Value, PathRef::ROOT, b"") {
                    return Err(code::BAD_OPERATION);
                }
                operations(&self.statics).flatten().try_for_each(|operation| apply(&operation))?;
            } else {
                apply(&operation)?;
            }
        }
        Ok(record)
    }
}

fn read(record: &str) -> Model {
    let tree = Tree::parse(record).unwrap_or_else(|error| unreadable(record, &error.to_string()));
    Model::read(&tree, None).unwrap_or_else(|code| unreadable(record, code))
}

#[expect(
    clippy::panic,
    reason = "the harness belongs to tests; a case that cannot be read is a failed one"
)]
fn unreadable<T>(record: &str, problem: &str) -> T {
    panic!("no record in the shape of `@record` ({problem}): {record}")
}

fn returned(payload: &[u8], before: &Model) -> Result<String, Fault> {
    Ok(Model::read(&json(payload)?, Some(before))?.json())
}

fn split(payload: &[u8], before: &Model) -> Result<Vec<String>, Fault> {
    let children = children(payload).ok_or(code::BAD_RECORD)?;
    if children.len() > limit::CHILDREN {
        return Err(code::SPLIT_LIMIT);
    }
    children.map(|child| returned(child, before)).collect()
}

#[cfg(test)]
mod tests;
