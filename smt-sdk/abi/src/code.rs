//! Codes of the errors that the host finds in an answer. A guest's own codes never begin with [`PREFIX`].

/// Begins each code that the host gives; a guest that uses it in its own code fails with [`BAD_ERROR`].
pub const PREFIX: &str = "guest-";

/// The guest trapped: `unreachable`, a panic, a wild address, a division by zero.
pub const TRAP: &str = "guest-trap";
/// The call used more CPU time than it may.
pub const CPU_LIMIT: &str = "guest-cpu-limit";
/// The guest trapped after memory was refused to it.
pub const MEMORY_LIMIT: &str = "guest-memory-limit";
/// The guest trapped after a table could not grow.
pub const TABLE_LIMIT: &str = "guest-table-limit";
/// The guest's stack overflowed.
pub const STACK_LIMIT: &str = "guest-stack-limit";
/// The input buffer that the guest named does not lie in its memory.
pub const BAD_BUFFER: &str = "guest-bad-buffer";
/// The result table, the verdicts or the output do not lie in memory, overlap, or do not add up.
pub const BAD_RESULT: &str = "guest-bad-result";
/// More output than the call may give.
pub const OUTPUT_LIMIT: &str = "guest-output-limit";
/// A verdict with an unknown tag, reserved bits, or output where there can be none.
pub const BAD_VERDICT: &str = "guest-bad-verdict";
/// An `ERROR` whose payload is malformed or whose code is not allowed.
pub const BAD_ERROR: &str = "guest-bad-error";
/// An operation that is malformed or names what it may not.
pub const BAD_OPERATION: &str = "guest-bad-operation";
/// A path that does not parse, or that leads through what holds nothing.
pub const BAD_PATH: &str = "guest-bad-path";
/// An `insert` of what is there already.
pub const EXISTS: &str = "guest-exists";
/// More operations than a record may have.
pub const OPERATION_LIMIT: &str = "guest-operation-limit";
/// More children than a record may be split into.
pub const SPLIT_LIMIT: &str = "guest-split-limit";
/// Output that is not JSON.
pub const BAD_JSON: &str = "guest-bad-json";
/// Output that would nest deeper than a document may.
pub const NESTING_LIMIT: &str = "guest-nesting-limit";
/// Output that is JSON but not in the shape of `@record`.
pub const BAD_RECORD: &str = "guest-bad-record";
/// A topic, partition, timestamp or header that cannot be one.
pub const BAD_METADATA: &str = "guest-bad-metadata";
/// A `get` of a record or slot that does not exist, or with a buffer outside memory.
pub const BAD_GET: &str = "guest-bad-get";

/// Every code of this module, for documents and tests.
pub const ALL: [&str; 20] = [
    TRAP,
    CPU_LIMIT,
    MEMORY_LIMIT,
    TABLE_LIMIT,
    STACK_LIMIT,
    BAD_BUFFER,
    BAD_RESULT,
    OUTPUT_LIMIT,
    BAD_VERDICT,
    BAD_ERROR,
    BAD_OPERATION,
    BAD_PATH,
    EXISTS,
    OPERATION_LIMIT,
    SPLIT_LIMIT,
    BAD_JSON,
    NESTING_LIMIT,
    BAD_RECORD,
    BAD_METADATA,
    BAD_GET,
];

/// Longest code that a guest may give.
pub const MAX_BYTES: usize = 64;

/// True for a code that a guest may give: 1 to [`MAX_BYTES`] of `a-z 0-9 . _ -`, not beginning with [`PREFIX`].
pub fn is_guest_code(code: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
    };
    !code.is_empty()
        && code.len() <= MAX_BYTES
        && code.bytes().all(plain)
        && !code.starts_with(PREFIX)
}
