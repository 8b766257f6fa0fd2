//! Converters: how the bytes of a key, a value or a header become JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A converter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConverterSettings {
    /// JSON text, as it is.
    Json(#[serde(default)] JsonConverter),
    /// UTF-8 text, as a JSON string.
    String(#[serde(default)] StringConverter),
    /// Any bytes.
    Bytes(#[serde(default)] BytesConverter),
    /// Protobuf messages, by their descriptors.
    Protobuf(ProtobufConverter),
}

/// JSON text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonConverter {
    /// Payloads are Kafka Connect's envelope `{"schema": …, "payload": …}`; the payload alone is the record. Sources cannot
    /// write it.
    #[serde(default, rename = "schemas.enable")]
    pub schemas_enable: bool,
}

/// Text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StringConverter {
    /// What happens to bytes that are no UTF-8.
    #[serde(default, rename = "invalid.utf8")]
    pub invalid_utf8: InvalidUtf8,
}

/// Bytes that are no UTF-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvalidUtf8 {
    /// The record fails.
    #[default]
    Error,
    /// U+FFFD stands for them, as Kafka Connect has it in headers. Bytes that no SMT touched still leave as they came.
    Replace,
}

/// Bytes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BytesConverter {
    /// How bytes are spelt in JSON.
    #[serde(default)]
    pub form: BytesForm,
}

/// How bytes are spelt in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BytesForm {
    /// A string in base64 (RFC 4648, with padding).
    #[default]
    Base64,
    /// A string with one character U+0000 to U+00FF for each byte: nothing is lost, and ASCII stays readable.
    Raw,
}

/// Protobuf.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtobufConverter {
    /// The message of each topic. A name is tried before a pattern (a Rust regex between slashes: `/.*-events/`). A topic
    /// that nothing names is a decode error.
    pub messages: BTreeMap<String, MessageMapping>,
    /// How fields are named in JSON.
    #[serde(default)]
    pub names: Names,
    /// How 64-bit integers are written in JSON.
    #[serde(default)]
    pub int64: Int64,
    /// Fields without presence that are not on the wire.
    #[serde(default)]
    pub defaults: Defaults,
    /// Fields that the descriptor does not know.
    #[serde(default, rename = "unknown.fields")]
    pub unknown_fields: UnknownFields,
}

/// The message of a topic.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageMapping {
    /// Full name: package and message.
    #[serde(rename = "type")]
    pub message: String,
    /// Fields that must be on the wire; a string must not be empty. Name the id and the last field, so that a message that was cut is
    /// caught.
    #[serde(default)]
    pub required: super::List,
}

/// How fields are named in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Names {
    /// As in the `.proto` file.
    #[default]
    #[serde(rename = "proto")]
    Proto,
    /// In lowerCamelCase (or `json_name`), as protobuf's JSON mapping has it.
    #[serde(rename = "json")]
    Json,
}

/// How 64-bit integers are written in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Int64 {
    /// As numbers, exact.
    #[default]
    Number,
    /// As strings, as protobuf's JSON mapping has it.
    String,
}

/// Fields without presence that are not on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Defaults {
    /// They are absent.
    #[default]
    Omit,
    /// They are written with their default.
    Emit,
}

/// Fields that the descriptor does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownFields {
    /// They are left out, and counted.
    #[default]
    Ignore,
    /// The record fails.
    Error,
}
