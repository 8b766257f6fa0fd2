//! One configured SMT with its buffers: the calls of the ABI, in safe code, the same natively and in the sandbox.

use crate::error::{SettingsError, SmtError};
use crate::exports;
use crate::json::Json;
use crate::output::Output;
use crate::record::{Record, Span};
use crate::settings::Settings;
use crate::slots::Slots;
use crate::smt::{Smt, Verdict as Decision};
use smt_abi::answer::{Answer, GuestError, write_init};
use smt_abi::verdict::{Tag, Verdict};
use smt_abi::{ABSENT, SLACK};
use std::mem::ManuallyDrop;

/// An instance: settings read once, then calls.
#[derive(Debug)]
pub(crate) struct Instance<S> {
    smt: Option<S>,
    names: Vec<String>,
    input: Vec<u8>,
    spans: Vec<Span>,
    verdicts: Vec<u64>,
    out: Output,
}

impl<S> Instance<S> {
    pub(crate) const fn new() -> Self {
        Self {
            smt: None,
            names: Vec::new(),
            input: Vec::new(),
            spans: Vec::new(),
            verdicts: Vec::new(),
            out: Output::new(),
        }
    }

    /// The input buffer, of at least `cap` bytes and [`SLACK`] more.
    pub(crate) fn buffer(&mut self, cap: usize) -> &mut [u8] {
        let bytes = cap + SLACK;
        if self.input.len() < bytes {
            self.input.resize(bytes, 0);
        }
        &mut self.input
    }

    pub(crate) fn verdicts(&self) -> &[u64] {
        &self.verdicts
    }

    pub(crate) fn out(&self) -> &[u8] {
        self.out.written()
    }
}

impl<S: Smt> Instance<S> {
    /// `smt_init`: reads `len` bytes of settings. Answers [`Answer::READY`] or [`Answer::REFUSED`].
    pub(crate) fn init(&mut self, len: usize) -> u32 {
        let (status, text, operations) = match configure(&self.input[..len]) {
            Ok((smt, slots)) => {
                let text = slots.describe();
                self.smt = Some(smt);
                self.spans = vec![Span { start: 0, len: ABSENT }; slots.names.len()];
                self.names = slots.names;
                (Answer::READY, text, slots.operations)
            }
            Err(error) => (Answer::REFUSED, refusal(&error), Output::new()),
        };
        let mut out = Vec::new();
        write_init(&mut out, text.as_bytes(), operations.written());
        self.out.clear();
        self.out.push(&out);
        status
    }

    /// `smt_batch`: decides `n` records whose table and payload are `len` bytes.
    pub(crate) fn batch(&mut self, n: usize, len: usize) {
        let smt = self.smt.as_ref().expect("the host calls `smt_init` first");
        let row = 4 * self.names.len();
        let (mut table, payload) = self.input[..len].split_at(n * row);
        let mut start = 0;
        self.out.clear();
        self.verdicts.clear();
        self.verdicts.reserve(n);
        for index in 0..n {
            let (lengths, rest) = table.split_at(row);
            table = rest;
            for (span, len) in self.spans.iter_mut().zip(lengths.as_chunks().0) {
                let len = u32::from_le_bytes(*len);
                *span = Span { start, len };
                start += if len == ABSENT { 0 } else { len as usize };
            }
            let before = self.out.len();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "`n` crosses the boundary as 32 bits"
            )]
            let mut record = Record {
                payload,
                spans: &self.spans,
                names: &self.names,
                out: &mut self.out,
                index: index as u32,
            };
            // Not dropped where it owns nothing: to find that out again would be a call for each record.
            let decision = ManuallyDrop::new(smt.apply(&mut record));
            let tag = match &*decision {
                Ok(Decision::Keep) if self.out.len() == before => Tag::Keep,
                Ok(Decision::Keep) => Tag::Ops,
                Ok(Decision::Drop) => {
                    self.out.truncate(before);
                    Tag::Drop
                }
                _ => {
                    self.out.truncate(before);
                    answer(ManuallyDrop::into_inner(decision), &mut self.out)
                }
            };
            self.verdicts.push(Verdict { tag, len: length(self.out.len() - before) }.encode());
        }
    }
}

/// Writes a decision that has a payload of its own.
#[cold]
#[inline(never)]
fn answer(decision: Result<Decision, SmtError>, out: &mut Output) -> Tag {
    match decision {
        Ok(Decision::Keep) => Tag::Keep,
        Ok(Decision::Drop) => Tag::Drop,
        Ok(Decision::Replace(value)) => {
            out.push(value.as_bytes());
            Tag::Replace
        }
        Ok(Decision::ReplaceRecord(record)) => {
            out.push(record.as_bytes());
            Tag::ReplaceRecord
        }
        Ok(Decision::Split(children)) if children.is_empty() => Tag::Drop,
        Ok(Decision::Split(children)) => {
            out.push(&length(children.len()).to_le_bytes());
            for child in &children {
                out.push(&length(child.len()).to_le_bytes());
                out.push(child.as_bytes());
            }
            Tag::Split
        }
        Err(error) => {
            let mut payload = Vec::new();
            GuestError { code: error.code(), message: error.message() }.write(&mut payload);
            out.push(&payload);
            Tag::Error
        }
    }
}

fn configure<S: Smt>(config: &[u8]) -> Result<(S, Slots), SettingsError> {
    let config = Json::parse(exports::json_text(config))
        .map_err(|error| SettingsError::new("", format!("the settings are no JSON: {error}")))?;
    let mut settings = Settings::new(&config)?;
    let mut slots = Slots::new();
    let smt = S::configure(&mut settings, &mut slots)?;
    settings.finish()?;
    match slots.problem() {
        Some(problem) => Err(SettingsError::new("", problem)),
        None => Ok((smt, slots)),
    }
}

fn refusal(error: &SettingsError) -> String {
    Json::Object(vec![
        ("message".to_owned(), error.message().into()),
        ("path".to_owned(), error.path().into()),
    ])
    .to_string()
}

#[expect(clippy::cast_possible_truncation, reason = "a module's memory has 32-bit addresses")]
#[inline]
const fn length(len: usize) -> u32 {
    len as u32
}
