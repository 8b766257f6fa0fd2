//! What a guest may call: `log` and `get`, nothing else.

use super::failure::CallFailure;
use super::state::State;
use smt_abi::{ABSENT, code, export, import};
use std::ops::Range;
use wasmtime::{Caller, Linker, Memory};

/// A linker that knows the imports of ABI 1.
///
/// # Errors
/// None that a run could meet: the names are distinct.
pub(super) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(import::MODULE, import::LOG, log)?;
    linker.func_wrap(import::MODULE, import::GET, get)?;
    Ok(linker)
}

fn log(mut caller: Caller<'_, State>, level: u32, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let memory = memory_of(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let line = bytes.get(range(ptr, len)).ok_or_else(|| {
        outside(code::TRAP, format_args!("`log` was given {len} bytes at {ptr}"), bytes.len())
    })?;
    state.lines.push(level, line);
    Ok(())
}

/// The ABI's own signature, hence one argument more than a function should have.
#[expect(
    clippy::too_many_arguments,
    reason = "the caller, and the five arguments that the ABI fixes"
)]
fn get(
    mut caller: Caller<'_, State>,
    record: u32,
    slot: u32,
    slot_len: u32,
    buf: u32,
    cap: u32,
) -> wasmtime::Result<u32> {
    let memory = memory_of(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let size = bytes.len();
    let name = bytes.get(range(slot, slot_len)).ok_or_else(|| {
        outside(
            code::BAD_GET,
            format_args!("`get` was given a slot of {slot_len} bytes at {slot}"),
            size,
        )
    })?;
    let name = std::str::from_utf8(name).map_err(|error| {
        misuse(code::BAD_GET, format!("`get` was given a slot that is not UTF-8: {error}"))
    })?;
    let reader = state.reader.as_mut().ok_or_else(|| {
        misuse(code::BAD_GET, "`get` was called where there are no records".to_owned())
    })?;
    let text = reader.get(record, name).map_err(|problem| {
        misuse(code::BAD_GET, format!("`get` of slot `{name}` of record {record}: {problem}"))
    })?;
    let target = bytes.get_mut(range(buf, cap)).ok_or_else(|| {
        outside(
            code::BAD_GET,
            format_args!("`get` was given a buffer of {cap} bytes at {buf}"),
            size,
        )
    })?;
    let Some(text) = text else { return Ok(ABSENT) };
    if let Some(target) = target.get_mut(..text.len()) {
        target.copy_from_slice(text);
    }
    u32::try_from(text.len()).map_err(|error| misuse(code::BAD_GET, error.to_string()))
}

/// The guest's memory; by name only while its start function runs.
fn memory_of(caller: &mut Caller<'_, State>) -> wasmtime::Result<Memory> {
    if let Some(memory) = caller.data().memory {
        return Ok(memory);
    }
    let memory = caller.get_export(export::MEMORY).and_then(wasmtime::Extern::into_memory);
    memory.ok_or_else(|| misuse(code::TRAP, "there is no memory yet".to_owned()))
}

fn range(ptr: u32, len: u32) -> Range<usize> {
    let start = ptr as usize;
    start..start.saturating_add(len as usize)
}

fn outside(code: &'static str, what: std::fmt::Arguments<'_>, size: usize) -> wasmtime::Error {
    misuse(code, format!("{what}, but memory ends at {size}"))
}

/// An error that stops the guest; [`CallFailure::of`] finds it again.
fn misuse(code: &'static str, message: String) -> wasmtime::Error {
    wasmtime::Error::new(CallFailure::new(code, message))
}
