//! Converters: the bytes of a topic to JSON, and back. A connector has one each for key, value and headers.

mod build;
mod bytes;
mod json;
mod protobuf;
#[cfg(test)]
mod tests;
mod text;

pub use build::{BuildError, Role, build, build_for_source};
pub use bytes::Bytes;
pub use json::Json;
pub use protobuf::{MappingPlace, MappingProblem, Protobuf, ProtobufConfigError, warnings};
pub use text::Text;

use std::ops::Range;

/// Turns payloads into JSON texts and JSON texts into payloads. One for each task, so it may learn from what it sees.
///
/// A converter is asked for payloads only: that a record has no key or no value never reaches it.
pub trait Converter: Send {
    /// Reads a payload of a topic. A converter that writes JSON appends it to `out`, which may hold other text before.
    ///
    /// What comes back need not be valid JSON when it is a range of the payload: the batch scans it in any case.
    ///
    /// # Errors
    /// [`ConvertError`] if the payload is not what this converter reads; the record fails, and no other.
    fn decode(
        &mut self,
        topic: &str,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Decoded, ConvertError>;

    /// Appends the payload that a JSON text stands for. The text is valid JSON.
    ///
    /// # Errors
    /// [`ConvertError`] if the text has no such payload; `out` then holds what it held before.
    fn encode(&mut self, topic: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError>;

    /// How many fields it has left out so far because no descriptor knows them.
    fn unknown_fields(&self) -> u64 {
        0
    }
}

/// Where the JSON of a payload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// In the payload itself: nothing was copied.
    Within(Range<usize>),
    /// At the end of `out`.
    Written,
    /// Nowhere: the payload means that there is no value, as a null in Connect's envelope does.
    Null,
}

/// Why a payload, or a JSON text, could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// Stable name of the kind of error, in kebab case: `protobuf-truncated`, `json`, `utf-8`.
    pub code: &'static str,
    /// What was wrong, where (field, byte offset) and what was expected; no more of the payload than a person needs.
    pub message: String,
}

/// The converters of one connector.
pub struct Converters {
    /// For keys.
    pub key: Box<dyn Converter>,
    /// For values.
    pub value: Box<dyn Converter>,
    /// For the values of headers.
    pub header: Box<dyn Converter>,
}

impl Converters {
    /// How many fields they have left out so far because no descriptor knows them.
    pub fn unknown_fields(&self) -> u64 {
        self.key.unknown_fields() + self.value.unknown_fields() + self.header.unknown_fields()
    }
}

impl std::fmt::Debug for Converters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Converters").finish_non_exhaustive()
    }
}
