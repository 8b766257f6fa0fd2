//! What a module may use unless its operator says otherwise. Beyond a limit a record fails with a [code](crate::code).

/// Linear memory of one instance, in bytes.
pub const MEMORY_BYTES: usize = 64 << 20;

/// CPU time of the thread for one record, in milliseconds.
pub const RECORD_CPU_MS: u64 = 100;

/// CPU time of the thread for one call, in milliseconds.
pub const BATCH_CPU_MS: u64 = 1_000;

/// Payload of one call, in bytes; a larger record travels alone.
pub const CALL_BYTES: usize = 1 << 20;

/// Output of one call beyond [`OUTPUT_FACTOR`] times its input, in bytes.
pub const OUTPUT_BYTES: usize = 1 << 20;

/// Output of one call per byte of its input.
pub const OUTPUT_FACTOR: usize = 4;

/// Operations on one record, static ones included.
pub const OPERATIONS: usize = 256;

/// Records that one record may be split into.
pub const CHILDREN: usize = 1_000;

/// Nesting of a JSON document: `[[1]]` has 2.
pub const NESTING: usize = 128;

/// Bytes of one log line; the rest is cut off.
pub const LOG_LINE_BYTES: usize = 1 << 10;

/// Log lines that one call may write; further ones are counted only.
pub const LOG_LINES: usize = 16;

/// Slots and further paths that one instance may declare.
pub const SLOTS: usize = 256;
