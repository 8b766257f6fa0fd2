//! What the host keeps beside one guest, in its store.

use super::clock::CpuBudget;
use super::limits::{Limits, Meter};
use super::log::Lines;
use std::any::Any;
use std::fmt;
use wasmtime::Memory;

/// Answers `get`: hands out slots, declared or not, of the records of the call.
pub trait Reader: Any + Send {
    /// The JSON text of `slot` of the call's record number `record`; nothing if it is absent.
    ///
    /// # Errors
    /// What is wrong with the question: there is no such record, or no such slot.
    fn get(&mut self, record: u32, slot: &str) -> Result<Option<&[u8]>, String>;
}

/// Data of a store.
pub(super) struct State {
    pub(super) meter: Meter,
    pub(super) cpu: CpuBudget,
    pub(super) lines: Lines,
    /// Lent for the time of a call, and only to modules that import `get`.
    pub(super) reader: Option<Box<dyn Reader>>,
    /// The guest's memory, once it is known: spares the imports a look-up by name.
    pub(super) memory: Option<Memory>,
}

impl State {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            meter: Meter::new(limits),
            cpu: CpuBudget::default(),
            lines: Lines::new(limits.log_line_bytes, limits.log_lines),
            reader: None,
            memory: None,
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { meter, cpu, lines, reader, memory: _ } = self;
        f.debug_struct("State")
            .field("meter", meter)
            .field("cpu", cpu)
            .field("lines", lines)
            .field("reader", &reader.is_some())
            .finish_non_exhaustive()
    }
}
