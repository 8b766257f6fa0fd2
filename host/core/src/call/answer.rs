//! Verdicts: what becomes of each record of a call.

use super::{Call, operation::Interpreter};
use crate::{
    batch::{ARENA_FULL, Batch, narrow},
    envelope,
    json::Span,
    record::RecordId,
};
use smt_abi::{
    answer::{self, GuestError},
    code,
    verdict::{BadVerdict, Tag, Verdict},
};

/// Why one record of an answer fails. One pointer, so that going well costs nothing.
#[derive(Debug)]
pub(crate) struct Fault(Box<Reason>);

/// What a [`Fault`] says.
#[derive(Debug)]
pub(crate) struct Reason {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn into_reason(self) -> Reason {
        *self.0
    }

    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Reason { code, message: message.into() }))
    }
}

/// Where the output of one record stands: in the guest's answer, and copied into the arena.
#[derive(Debug, Clone, Copy)]
struct Output<'a> {
    bytes: &'a [u8],
    span: Span,
}

impl Call {
    /// Does what the answer to the call that was gathered last says: `verdicts` is the verdict table, 8 bytes for
    /// each record, `out` the output. A record whose verdict or output does not hold fails alone.
    #[inline]
    pub fn apply(&mut self, batch: &mut Batch, verdicts: &[u8], out: &[u8]) {
        // Before the first record, so that a record's failure does not take them along.
        self.place_statics(batch);
        let base = batch.documents.arena.push(out).start;
        if batch.documents.arena.is_full() {
            batch.fail_full(&self.records);
            return;
        }
        let mut at = 0_usize;
        let (entries, _) = verdicts.as_chunks::<{ Verdict::BYTES }>();
        for (number, entry) in entries.iter().enumerate().take(self.records.len()) {
            let record = self.records[number];
            let entry = u64::from_le_bytes(*entry);
            let len = Verdict::len_of(entry) as usize;
            let start = base + narrow(at);
            let bytes = out.get(at..at.saturating_add(len)).unwrap_or_default();
            let output = Output { bytes, span: Span { start, end: start + narrow(bytes.len()) } };
            at = at.saturating_add(len);
            match Verdict::decode(entry) {
                Ok(Verdict { tag: Tag::Keep, .. }) => {}
                Ok(Verdict { tag: Tag::Drop, .. }) => batch.drop_record(record),
                Ok(Verdict { tag, .. }) if bytes.len() == len => {
                    self.apply_output(batch, record, tag, output);
                }
                Ok(_) => batch.fail(
                    record,
                    code::BAD_RESULT,
                    "the output is shorter than the verdicts say",
                ),
                Err(bad) => batch.fail(record, code::BAD_VERDICT, describe(bad)),
            }
        }
    }

    #[inline]
    fn apply_output(&mut self, batch: &mut Batch, record: RecordId, tag: Tag, output: Output<'_>) {
        let before = batch.documents.arena.len();
        let done = match tag {
            Tag::Keep | Tag::Drop => Ok(()),
            Tag::Ops => self.edit(batch, record, output),
            Tag::Replace => replace(batch, record, output.span),
            Tag::ReplaceRecord => envelope::read(batch, record, output.span).map(|mut new| {
                envelope::keep_same(batch, &batch.records[record.index()], &mut new);
                batch.records[record.index()] = new;
            }),
            Tag::Split => self.split(batch, record, output),
            Tag::Error => {
                let error = GuestError::read(output.bytes);
                match error {
                    Some(GuestError { code, message }) => {
                        batch.fail(record, code, self.secrets.censor(message).into_owned());
                    }
                    None => batch.fail(
                        record,
                        code::BAD_ERROR,
                        "the payload of ERROR is not a code and a message",
                    ),
                }
                return;
            }
        };
        let done = if batch.documents.arena.is_full() {
            Err(Fault::new(ARENA_FULL.0, ARENA_FULL.1))
        } else {
            done
        };
        if let Err(fault) = done {
            let Reason { code, message } = fault.into_reason();
            batch.documents.arena.truncate(before);
            batch.fail(record, code, message);
        }
    }

    /// Makes sure that the arena of the batch holds the static operations.
    #[inline]
    fn place_statics(&mut self, batch: &mut Batch) {
        if self.statics.is_none_or(|(epoch, _)| epoch != batch.epoch) {
            let base = batch.documents.arena.push(&self.contract.statics).start;
            let placed = !batch.documents.arena.is_full();
            self.statics = placed.then_some((batch.epoch, base));
        }
    }

    #[inline]
    fn edit(
        &mut self,
        batch: &mut Batch,
        record: RecordId,
        output: Output<'_>,
    ) -> Result<(), Fault> {
        let Some((_, statics)) = self.statics else {
            return Err(Fault::new(ARENA_FULL.0, ARENA_FULL.1));
        };
        let before = batch.documents.arena.len();
        let mut interpreter = Interpreter {
            batch,
            record,
            contract: &self.contract,
            limits: &self.limits,
            hints: &mut self.hints,
            spelt: &mut self.spelt,
            statics,
            operations: 0,
            before,
        };
        interpreter.run(output.bytes, output.span.start)
    }

    fn split(
        &mut self,
        batch: &mut Batch,
        record: RecordId,
        output: Output<'_>,
    ) -> Result<(), Fault> {
        let Some(children) = answer::children(output.bytes) else {
            return Err(Fault::new(
                code::BAD_RECORD,
                "the payload of SPLIT is not a count and that many records",
            ));
        };
        if children.len() > self.limits.children {
            let message = format!(
                "split into {} records, at most {} are allowed",
                children.len(),
                self.limits.children
            );
            return Err(Fault::new(code::SPLIT_LIMIT, message));
        }
        self.children.clear();
        let mut at = output.span.start + 4;
        for (number, child) in children.enumerate() {
            let text = Span { start: at + 4, end: at + 4 + narrow(child.len()) };
            at = text.end;
            let new = envelope::read(batch, record, text).map_err(|fault| {
                let Reason { code, message } = fault.into_reason();
                Fault::new(code, format!("child {number}: {message}"))
            })?;
            self.children.push(new);
        }
        batch.split(record, &self.children);
        Ok(())
    }
}

fn replace(batch: &mut Batch, record: RecordId, text: Span) -> Result<(), Fault> {
    // Invariant 12.
    let value = batch.documents.validate(text).map_err(envelope::not_json)?;
    batch.records[record.index()].value = value;
    Ok(())
}

fn describe(bad: BadVerdict) -> String {
    match bad {
        BadVerdict::Tag(tag) => format!("{tag} is no tag of a verdict"),
        BadVerdict::Reserved => "reserved bits of a verdict are set".to_owned(),
        BadVerdict::Output(tag) => format!("a verdict of {tag:?} cannot have output"),
    }
}
