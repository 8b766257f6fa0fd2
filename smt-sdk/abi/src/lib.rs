//! The contract between Transom and an SMT, version 1: constants, layouts, checked readers and writers.
//!
//! `smt-sdk/ABI.md` is the specification; this crate is the same in Rust, and a test keeps the two equal. Both sides
//! use it: the SDK to read a call and to write an answer, the host to write the call and to read what came back
//! without trusting a byte of it. It allocates only in the writers, and it depends on nothing.
//!
//! | module | what |
//! |---|---|
//! | [`path`] | how a place inside a JSON document is written |
//! | [`slot`] | what of a record a module may ask for |
//! | [`verdict`] | what a module answers for one record |
//! | [`operation`] | edits that an answer carries |
//! | [`answer`] | the result table of a call, and the payloads of `ERROR` and `SPLIT` |
//! | [`code`] | codes of the errors that the host finds in an answer |
//! | [`limit`] | what a module may use unless its operator says otherwise |
#![no_std]

extern crate alloc;

pub mod answer;
pub mod code;
pub mod limit;
pub mod operation;
pub mod path;
pub mod slot;
pub mod verdict;

/// Major version of the ABI. A module of another major version is refused.
pub const MAJOR: u16 = 1;

/// Minor version of the ABI. A module of a higher minor version is refused, of a lower one accepted.
pub const MINOR: u16 = 0;

/// What a module built against this crate answers from `smt_abi`: major version in the high half, minor in the low.
pub const VERSION: u32 = (MAJOR as u32) << 16 | MINOR as u32;

/// Length of an absent slot in a call's length table, and the answer of `get` for what is absent.
pub const ABSENT: u32 = u32::MAX;

/// Zero bytes that follow the payload in the input buffer, so that a guest may read past the end in blocks.
pub const SLACK: usize = 64;

/// Name of the custom section that describes a module.
pub const SECTION: &str = "transom.smt";

/// Names that a module exports.
pub mod export {
    /// The linear memory.
    pub const MEMORY: &str = "memory";
    /// `smt_abi() -> u32`: see [`crate::VERSION`].
    pub const ABI: &str = "smt_abi";
    /// `smt_buf(cap: u32) -> u32`: address of an input buffer of `cap` bytes and [`crate::SLACK`] more.
    pub const BUF: &str = "smt_buf";
    /// `smt_init(len: u32) -> u32`: reads the configuration, answers a result.
    pub const INIT: &str = "smt_init";
    /// `smt_batch(n: u32, len: u32) -> u32`: reads a call, answers a result.
    pub const BATCH: &str = "smt_batch";
    /// `_initialize()`: called once before anything else, if exported.
    pub const INITIALIZE: &str = "_initialize";
}

/// What a module may import; all of it is optional, and nothing else exists.
pub mod import {
    /// The module name of all imports.
    pub const MODULE: &str = "smt";
    /// `log(level: u32, ptr: u32, len: u32)`: one line of UTF-8; levels are those of [`crate::import`].
    pub const LOG: &str = "log";
    /// `get(i: u32, slot_ptr: u32, slot_len: u32, buf: u32, cap: u32) -> u32`: reads a slot that was not declared.
    pub const GET: &str = "get";
    /// Level of [`LOG`]: something failed.
    pub const ERROR: u32 = 1;
    /// Level of [`LOG`]: something looks wrong.
    pub const WARN: u32 = 2;
    /// Level of [`LOG`]: for the operator.
    pub const INFO: u32 = 3;
    /// Level of [`LOG`]: for the author.
    pub const DEBUG: u32 = 4;
}

/// Reads a little-endian `u32` at `at`, if it lies inside `bytes`.
pub fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let end = at.checked_add(4)?;
    Some(u32::from_le_bytes(bytes.get(at..end)?.try_into().ok()?))
}

/// Reads a little-endian `u16` at `at`, if it lies inside `bytes`.
pub fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    let end = at.checked_add(2)?;
    Some(u16::from_le_bytes(bytes.get(at..end)?.try_into().ok()?))
}
