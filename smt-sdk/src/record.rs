//! One record of a call: its slots, its edits.

use crate::edit::Edits;
use crate::error::SmtError;
use crate::exports;
use crate::field::{Field, Kind};
use crate::output::Output;
use crate::place::Slot;
use crate::slots::Metadata;
use smt_abi::ABSENT;
use std::borrow::Cow;

/// One record: reads the declared slots, takes edits.
///
/// The typed readers fail with an [`SmtError`] that names the field, what was expected and what was there, but never
/// the content, which may be a secret.
///
/// ```
/// use smt_sdk::{Record, Slot, SmtError};
///
/// fn last_four(record: &Record<'_>, account: Slot) -> Result<String, SmtError> {
///     let account = record.text(account)?; // `account`: expected a string, found a number
///     let tail = account.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
///     Ok(account.split_at(tail).1.to_owned())
/// }
/// ```
#[derive(Debug)]
pub struct Record<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) spans: &'a [Span],
    pub(crate) names: &'a [String],
    pub(crate) out: &'a mut Output,
    pub(crate) index: u32,
}

/// Where a slot lies in the payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) len: u32,
}

/// A handle that can be read.
pub trait Readable: Copy {
    /// The slot's number, as `smt_init` gave it.
    fn index(self) -> usize;
}

impl Readable for Slot {
    #[inline]
    fn index(self) -> usize {
        usize::from(self.index)
    }
}

impl Readable for Metadata {
    #[inline]
    fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl<'a> Record<'a> {
    /// What the slot holds.
    #[inline]
    pub fn field(&self, slot: impl Readable) -> Field<'a> {
        let span = self.spans[slot.index()];
        if span.len == ABSENT {
            return Field::new(None);
        }
        Field::new(Some(&self.payload[span.start..span.start + span.len as usize]))
    }

    /// The slot's JSON text exactly as it came, or nothing where it is absent.
    #[inline]
    pub fn raw(&self, slot: impl Readable) -> Option<&'a str> {
        self.field(slot).raw()
    }

    /// True if the slot is there and `null`.
    #[inline]
    pub fn is_null(&self, slot: impl Readable) -> bool {
        self.field(slot).is_null()
    }

    /// True if the slot is not there.
    #[inline]
    pub fn is_absent(&self, slot: impl Readable) -> bool {
        self.field(slot).is_absent()
    }

    /// The text of a string, escapes read. Allocates only where there are escapes.
    ///
    /// # Errors
    /// `field-missing` where it is absent, `field-type` where it is no string, `field-text` where it holds half of a
    /// surrogate pair.
    #[inline]
    pub fn text(&self, slot: impl Readable) -> Result<Cow<'a, str>, SmtError> {
        match self.field(slot).as_text() {
            Some(text) => Ok(text),
            None => Err(self.unexpected(slot, Kind::Text)),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// `field-missing` where it is absent, `field-type` where it is no number, `field-range` where it has a fraction,
    /// an exponent, or more than 64 bits.
    pub fn integer(&self, slot: impl Readable) -> Result<i64, SmtError> {
        let number = self.number(slot)?;
        number.parse().map_err(|error: std::num::ParseIntError| {
            let name = self.name(slot);
            let message = format!("`{name}`: expected a whole number of 64 bits, {error}");
            SmtError::new(SmtError::FIELD_RANGE, message)
        })
    }

    /// A number in the spelling it came in.
    ///
    /// # Errors
    /// `field-missing` where it is absent, `field-type` where it is no number.
    pub fn number(&self, slot: impl Readable) -> Result<&'a str, SmtError> {
        match self.field(slot) {
            field if field.kind() == Kind::Number => Ok(field.raw().unwrap_or_default()),
            _ => Err(self.unexpected(slot, Kind::Number)),
        }
    }

    /// A boolean.
    ///
    /// # Errors
    /// `field-missing` where it is absent, `field-type` where it is no boolean.
    pub fn boolean(&self, slot: impl Readable) -> Result<bool, SmtError> {
        match self.field(slot).bytes() {
            Some(b"true") => Ok(true),
            Some(b"false") => Ok(false),
            _ => Err(self.unexpected(slot, Kind::Boolean)),
        }
    }

    /// Takes edits of this record. Once one is made, [`Verdict::Keep`](crate::Verdict::Keep) sends them.
    #[inline]
    pub fn edit(&mut self) -> Edits<'_> {
        Edits::numbered(self.out, u16::try_from(self.names.len()).unwrap_or(u16::MAX))
    }

    /// The JSON text of a slot that was not declared, by its name (`customer.name`, `@key.id`, `@header.trace`), or
    /// nothing where it is absent. It costs a call into the host: declare what each record needs.
    ///
    /// The record fails with `guest-bad-get` if no slot has this name.
    pub fn get(&self, slot: &str) -> Option<String> {
        exports::get(self.index, slot)
    }

    /// The error of a field that is not what it should be.
    #[cold]
    #[inline(never)]
    pub fn unexpected(&self, slot: impl Readable, expected: Kind) -> SmtError {
        let name = self.name(slot);
        let found = self.field(slot).kind();
        if found == Kind::Absent {
            return self.missing(slot, &expected.to_string());
        }
        if found == expected {
            let message =
                format!("`{name}`: expected Unicode text, found half of a surrogate pair");
            return SmtError::new(SmtError::FIELD_TEXT, message);
        }
        SmtError::new(SmtError::FIELD_TYPE, format!("`{name}`: expected {expected}, found {found}"))
    }

    /// The error of a field that must be there and is not.
    #[cold]
    #[inline(never)]
    pub fn missing(&self, slot: impl Readable, expected: &str) -> SmtError {
        let message = format!("`{}`: expected {expected}, found nothing", self.name(slot));
        SmtError::new(SmtError::FIELD_MISSING, message)
    }

    fn name(&self, slot: impl Readable) -> &'a str {
        &self.names[slot.index()]
    }
}
