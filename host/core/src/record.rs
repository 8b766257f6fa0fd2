//! One record inside a batch: where it came from, what it holds, what became of it.

use crate::{document::Root, json::Span};

/// Number of a record inside its batch. Inputs are numbered from 0 in the order they were pushed; children follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub(crate) u32);

impl RecordId {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is needed to put a record into a batch. Key, value and headers are JSON texts for [`Batch::push`], and payloads
/// for [`Batch::admit`].
///
/// [`Batch::push`]: crate::batch::Batch::push
/// [`Batch::admit`]: crate::batch::Batch::admit
#[derive(Debug, Clone, Copy, Default)]
pub struct NewRecord<'a> {
    /// The topic it was read from, or that a source names.
    pub topic: &'a str,
    /// The partition it was read from; nothing for a source record.
    pub partition: Option<i32>,
    /// Its offset in the partition; nothing for a source record.
    pub offset: Option<i64>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The key; nothing where the record has none.
    pub key: Option<&'a [u8]>,
    /// The value; nothing for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values, in order; a value may be missing.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Where a record came from. No transform changes it: offsets, de-duplication and dead letters go by it (invariant 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The topic that the record was read from.
    pub topic: &'a str,
    /// The partition; nothing for a source record.
    pub partition: Option<i32>,
    /// The offset; nothing for a source record.
    pub offset: Option<i64>,
    /// Number among all that the input was split into, by one transform after the other; nothing if it was not split.
    pub child: Option<u32>,
}

/// An input as it was read, before any converter or transform: what a dead letter carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original<'a> {
    /// The topic that it was read from.
    pub topic: &'a str,
    /// The partition; nothing for a source record.
    pub partition: Option<i32>,
    /// The offset; nothing for a source record.
    pub offset: Option<i64>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The key's bytes.
    pub key: Option<&'a [u8]>,
    /// The value's bytes.
    pub value: Option<&'a [u8]>,
}

/// What became of an input record so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It goes on, as one record or, after a split, as several.
    Passed,
    /// A transform dropped it on purpose.
    Dropped {
        /// Number of the stage, counted from 0.
        stage: usize,
    },
    /// It failed; the connector's error policy decides.
    Failed(&'a Failure),
}

/// Where on its way a record failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its key is not what the key converter reads.
    KeyConverter,
    /// Its value is not what the value converter reads.
    ValueConverter,
    /// A header is not what the header converter reads.
    HeaderConverter,
    /// A transform failed on it.
    Transformation {
        /// Number of the stage, counted from 0.
        stage: usize,
    },
}

/// Why a record failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub step: Step,
    /// Stable name of the kind of error: one of [`smt_abi::code`], a guest's own, or a [converter's](crate::convert::ConvertError::code).
    pub code: Box<str>,
    /// What was wrong, for a person.
    pub message: String,
}

/// A record as the batch holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) source: Source,
    /// The input that this record descends from; an input descends from itself.
    pub(crate) input: u32,
    /// Number among the descendants of the input, for one that is no input.
    pub(crate) child: Option<u32>,
    /// Descendants so far, of an input.
    pub(crate) descendants: u32,
    pub(crate) topic: Span,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Root,
    pub(crate) value: Root,
    pub(crate) headers: Headers,
    pub(crate) state: State,
}

/// Where an input's bytes are, as they were read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payload {
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Span>,
    pub(crate) value: Option<Span>,
    pub(crate) headers: Headers,
    /// The run that converters made of `headers`.
    pub(crate) converted: Headers,
}

/// The parts of a record that never change. Key and value are what converters made of the payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) topic: Span,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: Option<i64>,
    pub(crate) key: Option<Span>,
    pub(crate) value: Option<Span>,
}

/// A run in the batch's table of headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// One header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) name: Span,
    pub(crate) value: Option<Span>,
}

/// What became of a record, children included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Dropped {
        stage: u32,
    },
    Failed {
        failure: u32,
    },
    /// Its children took its place.
    Split {
        first: u32,
        count: u32,
    },
}
