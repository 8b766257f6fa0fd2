//! What a guest answered, looked at before anything of it is used.

use super::failure::CallFailure;
use smt_abi::answer::Answer;
use smt_abi::code;
use smt_abi::verdict::Verdict;
use std::ops::Range;

/// Where in the guest's memory a checked answer lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Checked {
    /// The verdict table, 8 bytes for each record.
    pub(super) verdicts: Range<usize>,
    /// The output. The lengths of the verdicts add up to its length.
    pub(super) out: Range<usize>,
}

/// Reads the result of `smt_batch` at `at`: an answer for `records` records, with at most `most_output` bytes.
///
/// # Errors
/// [`code::BAD_RESULT`] if table, verdicts or output do not lie in memory, overlap or do not add up,
/// [`code::OUTPUT_LIMIT`] if all is well but there is too much of it.
pub(super) fn check_batch(
    memory: &[u8],
    at: u32,
    records: u32,
    most_output: usize,
) -> Result<Checked, CallFailure> {
    let answer = read(memory, at)?;
    if answer.n != records {
        return Err(bad(format!("it answers {} records where {records} were sent", answer.n)));
    }
    let table = u64::from(records) * Verdict::BYTES as u64;
    let verdicts = inside(memory, "the verdict table", answer.verdicts, table)?;
    let out = inside(memory, "the output", answer.out, answer.out_len.into())?;
    if !out.is_empty() && verdicts.start < out.end && out.start < verdicts.end {
        return Err(bad(format!(
            "the verdict table at {verdicts:?} and the output at {out:?} overlap"
        )));
    }
    let lengths = memory[verdicts.clone()].chunks_exact(Verdict::BYTES).map(|entry| {
        let entry = entry.try_into().map_or(0, u64::from_le_bytes);
        u64::from(Verdict::len_of(entry))
    });
    let sum: u64 = lengths.sum();
    if sum != u64::from(answer.out_len) {
        let len = answer.out_len;
        return Err(bad(format!("the verdicts use {sum} bytes of output where there are {len}")));
    }
    within(out, most_output).map(|out| Checked { verdicts, out })
}

/// Reads the result of `smt_init` at `at`: whether the configuration was accepted, and where the output lies.
///
/// # Errors
/// As [`check_batch`].
pub(super) fn check_init(
    memory: &[u8],
    at: u32,
    most_output: usize,
) -> Result<(bool, Range<usize>), CallFailure> {
    let answer = read(memory, at)?;
    let accepted = match answer.n {
        Answer::READY => true,
        Answer::REFUSED => false,
        n => return Err(bad(format!("it answers {n} where 0 is ready and 1 is refused"))),
    };
    let out = inside(memory, "the output", answer.out, answer.out_len.into())?;
    within(out, most_output).map(|out| (accepted, out))
}

fn read(memory: &[u8], at: u32) -> Result<Answer, CallFailure> {
    Answer::read(memory, at).ok_or_else(|| {
        bad(format!("the result table at {at} reaches beyond memory's {}", memory.len()))
    })
}

/// The range as one of memory. Sums are of 64 bits, so a length cannot wrap around to a small end.
fn inside(memory: &[u8], what: &str, at: u32, len: u64) -> Result<Range<usize>, CallFailure> {
    let end = u64::from(at) + len;
    match usize::try_from(end) {
        Ok(end) if end <= memory.len() => Ok(at as usize..end),
        _ => Err(bad(format!(
            "{what} of {len} bytes at {at} reaches beyond memory's {}",
            memory.len()
        ))),
    }
}

fn within(out: Range<usize>, most: usize) -> Result<Range<usize>, CallFailure> {
    if out.len() <= most {
        return Ok(out);
    }
    let message = format!("the output has {} bytes, for this input {most} are the most", out.len());
    Err(CallFailure::new(code::OUTPUT_LIMIT, message))
}

fn bad(message: String) -> CallFailure {
    CallFailure::new(code::BAD_RESULT, message)
}

#[cfg(test)]
mod tests;
