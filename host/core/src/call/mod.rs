//! One call of a module, from the side of the host that never sees a module: what goes in, and what its answer does.
//!
//! A [`Call`] belongs to one instance. It [gathers](Call::gather) the slots of some records, [writes](Call::write)
//! them as the input of `smt_batch`, and [applies](Call::apply) the verdicts and the output that came back. Nothing
//! of the answer is trusted: what does not hold fails its record alone, with a code of [`smt_abi::code`].
//!
//! | file | what |
//! |---|---|
//! | `contract` | what `smt_init` declared |
//! | `gather` | slots of records, as JSON texts |
//! | `answer` | verdicts |
//! | `operation` | edits |

mod answer;
mod contract;
mod gather;
mod operation;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Fault, Reason};
pub use contract::{Contract, ContractError};
pub use gather::Gathered;

use crate::{
    batch::{Batch, Serial},
    document::Hint,
    json::Span,
    record::{Record, RecordId},
    secrets::Secrets,
};
use smt_abi::limit;

/// How much of a call's answer is taken.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Operations on one record.
    pub operations: usize,
    /// Records that one record may be split into.
    pub children: usize,
    /// Bytes that the edits of one record may add to a batch, beyond `growth_factor` times the record.
    pub growth_bytes: usize,
    /// See `growth_bytes`.
    pub growth_factor: usize,
    /// Payload of one call; a larger record travels alone.
    pub call_bytes: usize,
}

impl Default for Limits {
    /// The limits of [`smt_abi::limit`].
    fn default() -> Self {
        Self {
            operations: limit::OPERATIONS,
            children: limit::CHILDREN,
            growth_bytes: limit::OUTPUT_BYTES,
            growth_factor: limit::OUTPUT_FACTOR,
            call_bytes: limit::CALL_BYTES,
        }
    }
}

/// The calls of one instance.
#[derive(Debug)]
pub struct Call {
    contract: Contract,
    limits: Limits,
    /// Where each declared path was found the last time, and the batch whose layouts that is about.
    hints: Vec<Hint>,
    hinted: Option<Serial>,
    /// The records of the call, and their slots: record by record, in the order of declaration.
    records: Vec<RecordId>,
    slots: Vec<gather::Text>,
    /// Length of the arena before the text of the last `get`, if that was made for it alone.
    made: Option<usize>,
    /// The topic that `@topic` was written for last, and its text.
    topic: Option<(Span, Span)>,
    /// The batch whose arena holds the static operations, by its epoch, and where.
    statics: Option<(Serial, u32)>,
    spelt: operation::Spelt,
    children: Vec<Record>,
    secrets: Secrets,
}

impl Call {
    /// Calls under a contract.
    pub fn new(contract: Contract, limits: Limits) -> Self {
        let hints = vec![Hint::default(); contract.declared()];
        Self {
            contract,
            limits,
            hints,
            hinted: None,
            records: Vec::new(),
            slots: Vec::new(),
            made: None,
            topic: None,
            statics: None,
            spelt: operation::Spelt::default(),
            children: Vec::new(),
            secrets: Secrets::default(),
        }
    }

    /// Takes these out of the errors that the module words (invariant 9).
    pub fn hide(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// The records of the call that was gathered last.
    pub fn records(&self) -> &[RecordId] {
        &self.records
    }

    /// Reads one slot of one record of the call: what the import `get` answers.
    ///
    /// A text that was made for one `get` alone is forgotten at the next, so that a module which asks for ever makes
    /// no batch grow (invariant 4).
    ///
    /// # Errors
    /// A message if there is no such record or slot.
    pub fn get<'b>(
        &mut self,
        batch: &'b mut Batch,
        record: u32,
        slot: &str,
    ) -> Result<Option<&'b [u8]>, String> {
        let Some(id) = self.records.get(record as usize).copied() else {
            return Err(format!(
                "record {record} was asked for in a call of {}",
                self.records.len()
            ));
        };
        let slot =
            contract::Slot::parse(slot).map_err(|error| format!("slot `{slot}`: {error}"))?;
        let arena = &mut batch.documents.arena;
        if let Some(before) = self.made.take() {
            arena.truncate(before);
        }
        // What is read of a document stays with it; all else is written for this answer.
        self.made = (!slot.is_in_document()).then_some(arena.len());
        Ok(gather::read(batch, id, &slot, &mut Hint::default())
            .get()
            .map(|span| batch.documents.arena.get(span)))
    }
}
