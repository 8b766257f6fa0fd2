//! What a guest may use, and the part of it that the store asks for: memory, tables, instances.

use smt_abi::limit;
use std::time::Duration;
use transom_core::call;
use wasmtime::ResourceLimiter;

/// What one instance of a module may use. Beyond it a record, or the call, fails with a code of its own.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest module file, in bytes. Default 16 MiB: compiling takes about a second per 1.3 MiB.
    pub module_bytes: usize,
    /// Linear memory of one instance, in bytes.
    pub memory_bytes: usize,
    /// Linear memory beyond which an instance that stays there is made anew, in bytes. Default a quarter of the limit:
    /// one giant record shall not hold its memory for good.
    pub memory_mark_bytes: usize,
    /// Elements of each table. Default 65 536, half a MiB; a table holds the functions that are called by address.
    pub table_elements: usize,
    /// CPU time of the thread for one record.
    pub record_cpu: Duration,
    /// CPU time of the thread for one call, for starting an instance, and for reading its configuration.
    pub batch_cpu: Duration,
    /// Output of one call per byte of its input.
    pub output_factor: usize,
    /// Output of one call beyond that, in bytes.
    pub output_bytes: usize,
    /// Payload of one call, and what its answer may do to the records.
    pub answer: call::Limits,
    /// Bytes of one log line; the rest is cut off.
    pub log_line_bytes: usize,
    /// Log lines of one call; further ones are counted only.
    pub log_lines: usize,
    /// Failed records of one batch from which on a module may be called broken; see [`Limits::broken_percent`].
    pub broken_records: usize,
    /// Share of one batch, in per cent, beyond which its failed records mean a broken module. Both must be passed.
    pub broken_percent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            module_bytes: 16 << 20,
            memory_bytes: limit::MEMORY_BYTES,
            memory_mark_bytes: limit::MEMORY_BYTES / 4,
            table_elements: 1 << 16,
            record_cpu: Duration::from_millis(limit::RECORD_CPU_MS),
            batch_cpu: Duration::from_millis(limit::BATCH_CPU_MS),
            output_factor: limit::OUTPUT_FACTOR,
            output_bytes: limit::OUTPUT_BYTES,
            answer: call::Limits::default(),
            log_line_bytes: limit::LOG_LINE_BYTES,
            log_lines: limit::LOG_LINES,
            broken_records: 10,
            broken_percent: 10,
        }
    }
}

impl Limits {
    /// CPU time of a call that carries `records`.
    pub(super) fn call_cpu(&self, records: u32) -> Duration {
        self.batch_cpu.min(self.record_cpu.saturating_mul(records))
    }

    /// Output of a call whose input has `bytes`.
    pub(super) fn output_of(&self, bytes: usize) -> usize {
        self.output_factor.saturating_mul(bytes).saturating_add(self.output_bytes)
    }

    /// True if that many failed records of a batch mean that the module is broken.
    pub(super) fn is_broken(&self, failed: usize, batch: usize) -> bool {
        failed > self.broken_records && failed * 100 > batch * self.broken_percent
    }
}

/// Grants memory and tables to one store, and remembers what it refused.
#[derive(Debug)]
pub(super) struct Meter {
    memory_bytes: usize,
    table_elements: usize,
    refused: Option<Refusal>,
}

/// A growth that was not granted. The guest is told in its own way and goes on; if it then traps, this is why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) resource: Resource,
    /// What the guest had, in bytes or elements.
    pub(super) current: usize,
    /// What it would have had.
    pub(super) requested: usize,
    /// What it may have: the limit, or less if the module itself declares less.
    pub(super) maximum: usize,
}

/// What was to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Memory,
    Table,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            table_elements: limits.table_elements,
            refused: None,
        }
    }

    /// Forgets what was refused: a new entry begins.
    pub(super) fn forget(&mut self) {
        self.refused = None;
    }

    /// What was refused last since the entry began.
    pub(super) fn refused(&self) -> Option<Refusal> {
        self.refused
    }

    fn grant(
        &mut self,
        resource: Resource,
        current: usize,
        requested: usize,
        maximum: usize,
    ) -> bool {
        let granted = requested <= maximum;
        if !granted {
            self.refused = Some(Refusal { resource, current, requested, maximum });
        }
        granted
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let maximum = maximum.map_or(self.memory_bytes, |own| own.min(self.memory_bytes));
        Ok(self.grant(Resource::Memory, current, desired, maximum))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let maximum = maximum.map_or(self.table_elements, |own| own.min(self.table_elements));
        Ok(self.grant(Resource::Table, current, desired, maximum))
    }

    fn instances(&self) -> usize {
        1
    }

    /// More than compilers emit; each may have the full number of elements.
    fn tables(&self) -> usize {
        4
    }

    fn memories(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_gets_the_smaller_of_both_budgets() {
        let limits = Limits::default();
        for (records, ms) in [(1, 100), (9, 900), (11, 1_000), (u32::MAX, 1_000)] {
            assert_eq!(limits.call_cpu(records), Duration::from_millis(ms), "{records}");
        }
    }

    #[test]
    fn broken_takes_both_a_number_and_a_share() {
        let limits = Limits::default();
        for (failed, batch, broken) in
            [(10, 10, false), (11, 11, true), (11, 110, false), (11, 109, true), (50, 5_000, false)]
        {
            assert_eq!(limits.is_broken(failed, batch), broken, "{failed} of {batch}");
        }
    }

    #[test]
    fn the_last_refusal_is_remembered_with_the_tighter_maximum() {
        let mut meter = Meter::new(&Limits::default());
        assert!(meter.memory_growing(0, 64 << 20, None).unwrap());
        assert_eq!(meter.refused(), None);
        assert!(!meter.memory_growing(65_536, 65 << 20, None).unwrap());
        let refused = |resource, current, requested, maximum| {
            Some(Refusal { resource, current, requested, maximum })
        };
        assert_eq!(meter.refused(), refused(Resource::Memory, 65_536, 65 << 20, 64 << 20));
        assert!(!meter.table_growing(1, 9, Some(8)).unwrap());
        assert_eq!(meter.refused(), refused(Resource::Table, 1, 9, 8));
        meter.forget();
        assert_eq!(meter.refused(), None);
    }
}
