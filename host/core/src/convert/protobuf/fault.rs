//! What can be wrong with a payload: kinds, stable codes, words.

use super::{plan::Plan, wire::NESTING, wire::WireType};
use crate::convert::ConvertError;

/// What reading gives.
pub(super) type Read<T> = Result<T, Box<Fault>>;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    problem: Problem,
    /// Offset in the payload.
    at: usize,
    /// The message, and its field by index, once they are known; the innermost.
    message: Option<u32>,
    field: Option<usize>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// `wanted` bytes, or the rest of a varint, go beyond `end`.
    Ends { wanted: Option<u64>, end: usize },
    /// A group of this number lacks its end before `end`.
    OpenGroup { number: u32, end: usize },
    /// The end of a group that was not begun.
    EndGroup(u32),
    /// More than 64 bits.
    Varint,
    /// 0, or more than 29 bits.
    FieldNumber(u64),
    /// 6 or 7.
    NoWireType(u64),
    /// A field has another type than what stands there.
    WireType { expected: WireType, found: WireType },
    Nesting,
    Utf8,
    /// A field that the descriptor does not know.
    Unknown(u32),
    /// A required field is not on the wire.
    Missing,
    /// A required text is empty.
    Empty,
    /// A value that protobuf's JSON mapping has no text for.
    Value(&'static str),
    /// The type URL of an `Any` names nothing that is known.
    AnyType(String),
}

impl Fault {
    #[cold]
    pub(super) fn new(problem: Problem, at: usize) -> Box<Self> {
        Box::new(Self { problem, at, message: None, field: None })
    }

    /// Says which message it is in, unless that is known.
    #[cold]
    pub(super) fn in_message(mut self: Box<Self>, message: u32) -> Box<Self> {
        self.message.get_or_insert(message);
        self
    }

    /// Says which field it is in, unless a message inside is named.
    #[cold]
    pub(super) fn in_field(mut self: Box<Self>, message: u32, field: usize) -> Box<Self> {
        if self.message.is_none() {
            self.message = Some(message);
            self.field = Some(field);
        }
        self
    }

    /// Puts it into words; `size` is the payload's, unless places are those of a payload that was rewritten.
    pub(super) fn into_error(self, plan: &Plan, size: Option<usize>) -> ConvertError {
        let code = self.problem.code(size);
        let place = self.place(plan);
        let words = self.problem.words(size);
        let is_missing = matches!(self.problem, Problem::Missing | Problem::Empty);
        let message = match size {
            Some(_) if !is_missing => format!("`{place}` at byte {}: {words}", self.at),
            _ => format!("`{place}`: {words}"),
        };
        ConvertError { code, message }
    }

    fn place(&self, plan: &Plan) -> String {
        let Some(message) = self.message.and_then(|message| plan.messages.get(message as usize))
        else {
            return "message".to_owned();
        };
        match self.field.and_then(|field| message.fields.get(field)) {
            Some(field) => format!("{}.{}", message.name, field.name),
            None => message.name.to_string(),
        }
    }
}

impl Problem {
    fn code(&self, size: Option<usize>) -> &'static str {
        match self {
            Self::Ends { end, .. } | Self::OpenGroup { end, .. }
                if size.is_none_or(|size| size == *end) =>
            {
                "protobuf-truncated"
            }
            Self::Ends { .. } => "protobuf-length",
            Self::OpenGroup { .. } | Self::EndGroup(_) => "protobuf-group",
            Self::Varint => "protobuf-varint",
            Self::FieldNumber(_) => "protobuf-field-number",
            Self::NoWireType(_) | Self::WireType { .. } => "protobuf-wire-type",
            Self::Nesting => "protobuf-nesting",
            Self::Utf8 => "protobuf-utf-8",
            Self::Unknown(_) => "protobuf-unknown-field",
            Self::Missing | Self::Empty => "protobuf-required-missing",
            Self::Value(_) => "protobuf-value",
            Self::AnyType(_) => "protobuf-any-type",
        }
    }

    fn words(&self, size: Option<usize>) -> String {
        match self {
            Self::Ends { wanted, end } => {
                let what = match wanted {
                    Some(wanted) => format!("{wanted} bytes"),
                    None => "the rest of a varint".to_owned(),
                };
                format!("expected {what}, but {} ends at byte {end}", whose(size, *end))
            }
            Self::OpenGroup { number, end } => {
                format!("expected the end of group {number}, but {} ends", whose(size, *end))
            }
            Self::EndGroup(number) => {
                format!("expected a field, got the end of group {number}, which is not open")
            }
            Self::Varint => "expected a varint of at most 64 bits in 10 bytes".to_owned(),
            Self::FieldNumber(number) => {
                format!("expected a field number from 1 to 536870911, got {number}")
            }
            Self::NoWireType(bits) => format!("expected a wire type from 0 to 5, got {bits}"),
            Self::WireType { expected, found } => format!(
                "expected {} (wire type {}), got {} ({})",
                expected.name(),
                *expected as u8,
                found.name(),
                *found as u8
            ),
            Self::Nesting => format!("expected at most {NESTING} messages inside each other"),
            Self::Utf8 => "expected UTF-8, as every `string` is; declare the field `bytes` if it is none".to_owned(),
            Self::Unknown(number) => format!(
                "expected a field of the descriptor, got number {number}; update the schema, or set `unknown.fields: ignore`"
            ),
            Self::Missing => "required, but not on the wire; is this another message?".to_owned(),
            Self::Empty => "required, but empty".to_owned(),
            Self::Value(expected) => format!("expected {expected}"),
            Self::AnyType(url) => format!(
                "expected the type URL of a message that `schemas.protobuf` has, got `{url}`"
            ),
        }
    }
}

fn whose(size: Option<usize>, end: usize) -> &'static str {
    if size.is_none_or(|size| size == end) { "the payload" } else { "the message around it" }
}
