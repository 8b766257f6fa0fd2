//! From settings to converters.

use super::{
    Converter, bytes::Bytes, json::Json,
    protobuf::{Protobuf, ProtobufConfigError},
    text::Text,
};
use crate::config::{
    ConverterSettings, InvalidUtf8, JsonConverter, StringConverter,
};
use prost_reflect::DescriptorPool;

/// What of a record a converter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its key: `string`, if nothing else is set.
    Key,
    /// Its value: `json`, if nothing else is set.
    Value,
    /// The values of its headers: `string` with U+FFFD for what is no UTF-8, if nothing else is set.
    Header,
}

/// Why there is no converter for settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The mapping of topics to messages does not hold.
    #[error(transparent)]
    Protobuf(#[from] ProtobufConfigError),
    /// Protobuf without a single schema.
    #[error(
        "converter `protobuf` needs descriptors; name `.proto` files or folders of them in `schemas.protobuf`"
    )]
    NoSchemas,
    /// Connect's envelope, for what a source writes.
    #[error(
        "`schemas.enable` has no schema to write, so a source cannot use it; leave it out, and plain JSON is written"
    )]
    EnvelopeOfSource,
}

/// Makes the converter of a sink's settings, or the default for its role; `pool` holds what `schemas.protobuf` names.
///
/// # Errors
/// [`BuildError`] if messages or fields that the settings name are not in the pool.
pub fn build(
    settings: Option<&ConverterSettings>,
    role: Role,
    pool: Option<&DescriptorPool>,
) -> Result<Box<dyn Converter>, BuildError> {
    Ok(match (settings, role) {
        (Some(ConverterSettings::Json(settings)), _) => Box::new(Json::new(settings)),
        (Some(ConverterSettings::String(settings)), _) => Box::new(Text::new(settings)),
        (Some(ConverterSettings::Bytes(settings)), _) => Box::new(Bytes::new(settings)),
        (Some(ConverterSettings::Protobuf(settings)), _) => {
            Box::new(Protobuf::new(settings, pool.ok_or(BuildError::NoSchemas)?)?)
        }
        (None, Role::Key) => Box::new(Text::new(&StringConverter::default())),
        (None, Role::Value) => Box::new(Json::new(&JsonConverter::default())),
        (None, Role::Header) => {
            Box::new(Text::new(&StringConverter { invalid_utf8: InvalidUtf8::Replace }))
        }
    })
}

/// Makes the converter of a source's settings: one that writes.
///
/// # Errors
/// Those of [`build`], and [`BuildError::EnvelopeOfSource`].
pub fn build_for_source(
    settings: Option<&ConverterSettings>,
    role: Role,
    pool: Option<&DescriptorPool>,
) -> Result<Box<dyn Converter>, BuildError> {
    if let Some(ConverterSettings::Json(JsonConverter { schemas_enable: true })) = settings {
        return Err(BuildError::EnvelopeOfSource);
    }
    build(settings, role, pool)
}
