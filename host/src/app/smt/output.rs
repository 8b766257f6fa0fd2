//! What `transom smt apply` prints.

use crate::app::{Failure, report};
use std::io::{self, BufWriter, Stdout, Write};
use transom_core::{
    batch::Batch,
    json,
    record::{RecordId, Step, Verdict},
};

/// What a line of output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The value of a record that came through.
    Values,
    /// A whole record that came through.
    Records,
    /// What became of a line of input.
    Verdicts,
}

/// Writes results in the order of the input, and reports failures.
pub(super) struct Output {
    out: BufWriter<Stdout>,
    smt: String,
    form: Form,
    line: Vec<u8>,
    /// Lines of input before this batch.
    before: usize,
    failed: bool,
}

impl Output {
    pub(super) fn new(smt: &str, form: Form) -> Self {
        let out = BufWriter::new(io::stdout());
        Self { out, smt: smt.to_owned(), form, line: Vec::new(), before: 0, failed: false }
    }

    /// Writes what came of a batch.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut survivors = batch.survivors().iter().copied().peekable();
        for input in 0..batch.len() {
            let mine =
                std::iter::from_fn(|| survivors.next_if(|record| batch.input(*record) == input));
            let verdict = batch.verdict(input);
            if let Verdict::Failed(failure) = verdict {
                self.failed = true;
                let smt = if matches!(failure.step, Step::Transformation { .. }) {
                    &self.smt
                } else {
                    "input"
                };
                report(&format!(
                    "line {}: {smt}: {}: {}",
                    self.before + input + 1,
                    failure.code,
                    failure.message
                ));
            }
            if self.form == Form::Verdicts {
                self.write_verdict(batch, verdict, mine)?;
            } else {
                for record in mine {
                    self.write_record(batch, record)?;
                }
            }
        }
        self.before += batch.len();
        Ok(self.out.flush()?)
    }

    /// Says by its result whether all records came through or were dropped on purpose.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.out.flush()?;
        if self.failed { Err(Failure::Records) } else { Ok(()) }
    }

    fn write_record(&mut self, batch: &Batch, record: RecordId) -> Result<(), Failure> {
        self.line.clear();
        match self.form {
            Form::Values => batch.write_value(record, &mut self.line),
            Form::Records | Form::Verdicts => batch.write_record(record, &mut self.line),
        }
        self.end_line()
    }

    fn write_verdict(
        &mut self,
        batch: &Batch,
        verdict: Verdict<'_>,
        records: impl Iterator<Item = RecordId>,
    ) -> Result<(), Failure> {
        let (word, failure) = match verdict {
            Verdict::Passed => ("keep", None),
            Verdict::Dropped { .. } => ("drop", None),
            Verdict::Failed(failure) => ("error", Some(failure)),
        };
        self.line.clear();
        write!(self.line, "{{\"verdict\":\"{word}\",\"records\":[")?;
        for (number, record) in records.enumerate() {
            if number > 0 {
                self.line.push(b',');
            }
            batch.write_record(record, &mut self.line);
        }
        self.line.push(b']');
        if let Some(failure) = failure {
            self.line.extend_from_slice(b",\"error\":{\"code\":");
            json::escape(&failure.code, &mut self.line);
            self.line.extend_from_slice(b",\"message\":");
            json::escape(&failure.message, &mut self.line);
            self.line.push(b'}');
        }
        self.line.push(b'}');
        self.end_line()
    }

    /// Line breaks stand between tokens of a JSON text only, so a blank means the same.
    fn end_line(&mut self) -> Result<(), Failure> {
        for byte in &mut self.line {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self.line.push(b'\n');
        Ok(self.out.write_all(&self.line)?)
    }
}
