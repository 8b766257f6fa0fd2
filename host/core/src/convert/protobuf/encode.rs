//! JSON to the wire, for records that sources write: protobuf's JSON mapping, fields by either name.
//!
//! The mapping itself is `prost-reflect`'s. What it reads from is the crate's own scan, so that integers are exact and an
//! error says where in the text it is.

use crate::{
    convert::ConvertError,
    json::{self, Kind, Member, Span},
};
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, prost::Message as _};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor, value::StringDeserializer},
    forward_to_deserialize_any,
};
use std::fmt;

/// Appends the message that a JSON text stands for.
///
/// # Errors
/// [`ConvertError`] if the text is not the message's JSON; it names the place in the text.
pub(super) fn encode(
    descriptor: &MessageDescriptor,
    json: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ConvertError> {
    let mut bytes = Vec::with_capacity(json.len() + smt_abi::SLACK);
    bytes.extend_from_slice(json);
    bytes.resize(json.len() + smt_abi::SLACK, b' ');
    let valid = json::validate(&bytes, Span::new(0, json.len()))
        .map_err(|error| ConvertError { code: "json", message: error.to_string() })?;
    let text = Text { bytes: &bytes, value: valid.value };
    let options = DeserializeOptions::new();
    DynamicMessage::deserialize_with_options(descriptor.clone(), text, &options)
        .map_err(|fault| fault.into_error(descriptor.full_name()))?
        .encode(out)
        .expect("a vector takes all bytes");
    Ok(())
}

/// A valid JSON value in a buffer with slack behind it.
#[derive(Debug, Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    value: Span,
}

impl<'a> Text<'a> {
    fn kind(self) -> Kind {
        match self.bytes[self.value.start as usize] {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    fn members(self) -> Members<'a> {
        let mut members = Vec::new();
        json::members(self.bytes, self.value, |member| members.push(member));
        Members { bytes: self.bytes, members: members.into_iter(), value: None, key: None, at: 0 }
    }

    fn number<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        let text = String::from_utf8_lossy(self.value.of(self.bytes));
        if let Ok(number) = text.parse::<u64>() {
            return visitor.visit_u64(number);
        }
        match text.parse::<i64>() {
            // Minus zero is a double.
            Ok(number) if number != 0 => visitor.visit_i64(number),
            _ => visitor.visit_f64(text.parse().map_err(JsonFault::custom)?),
        }
    }
}

/// What a spelling between quotes means.
fn meaning(spelt: &[u8]) -> Result<String, JsonFault> {
    let mut text = Vec::with_capacity(spelt.len());
    if !json::unescape(spelt, &mut text) {
        return Err(JsonFault::custom("expected Unicode text, got half of a surrogate pair"));
    }
    String::from_utf8(text).map_err(JsonFault::custom)
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = JsonFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        let spelt = self.value.of(self.bytes);
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool => visitor.visit_bool(spelt == b"true"),
            Kind::Number => self.number(visitor),
            Kind::String => visitor.visit_string(meaning(&spelt[1..spelt.len() - 1])?),
            Kind::Array => visitor.visit_seq(self.members()),
            Kind::Object => {
                let mut members = self.members();
                let visited = visitor.visit_map(&mut members);
                // A name that was refused before its value was read is where the fault is.
                visited.map_err(|fault| match members.key.take() {
                    Some(key) => fault.within(&key),
                    None => fault,
                })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonFault> {
        match self.kind() {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The members of an object or the elements of an array.
struct Members<'a> {
    bytes: &'a [u8],
    members: std::vec::IntoIter<Member>,
    /// The value of the name that was read last.
    value: Option<Span>,
    /// That name, until its value is read.
    key: Option<String>,
    /// Elements that were read.
    at: usize,
}

impl<'de> MapAccess<'de> for &mut Members<'de> {
    type Error = JsonFault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, JsonFault> {
        let Some(member) = self.members.next() else { return Ok(None) };
        let key = meaning(member.key.of(self.bytes))?;
        self.value = Some(member.value);
        self.key = Some(key.clone());
        seed.deserialize(StringDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonFault> {
        let value = self.value.take().ok_or_else(|| JsonFault::custom("expected a name first"))?;
        let key = self.key.take().unwrap_or_default();
        seed.deserialize(Text { bytes: self.bytes, value }).map_err(|fault| fault.within(&key))
    }
}

impl<'de> SeqAccess<'de> for Members<'de> {
    type Error = JsonFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, JsonFault> {
        let Some(member) = self.members.next() else { return Ok(None) };
        let at = self.at;
        self.at += 1;
        let element = seed.deserialize(Text { bytes: self.bytes, value: member.value });
        element.map(Some).map_err(|fault| fault.within(&format!("[{at}]")))
    }
}

/// Why a text is not a message's JSON.
#[derive(Debug)]
struct JsonFault {
    /// Where in the text; empty for all of it.
    path: String,
    message: String,
}

impl JsonFault {
    fn within(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }

    fn into_error(self, message: &str) -> ConvertError {
        let Self { path, message: problem } = self;
        let place = if path.is_empty() { String::new() } else { format!("`{path}`: ") };
        let message = format!("{place}{problem}, in the JSON of message `{message}`");
        ConvertError { code: "protobuf-json", message }
    }
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for JsonFault {}

impl serde::de::Error for JsonFault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: String::new(), message: message.to_string() }
    }
}
