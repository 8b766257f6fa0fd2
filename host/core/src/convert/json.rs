//! The `json` converter: the payload as it is, or what Kafka Connect's envelope holds.

use super::{ConvertError, Converter, Decoded};
use crate::{
    config::JsonConverter,
    json::{self, JsonError, Kind, Layout, Member, Span},
};

/// JSON's `Converter`.
#[derive(Debug)]
pub struct Json {
    envelope: Option<Envelope>,
}

/// Reads `{"schema": …, "payload": …}`.
#[derive(Debug, Default)]
struct Envelope {
    layout: Layout,
    /// The payload with the slack behind it that the scan wants.
    bytes: Vec<u8>,
    members: Vec<Member>,
}

impl Json {
    /// A converter as the settings say.
    pub fn new(settings: &JsonConverter) -> Self {
        Self { envelope: settings.schemas_enable.then(Envelope::default) }
    }
}

impl Converter for Json {
    fn decode(
        &mut self,
        _: &str,
        payload: &[u8],
        _: &mut Vec<u8>,
    ) -> Result<Decoded, ConvertError> {
        match &mut self.envelope {
            None => Ok(Decoded::Within(0..payload.len())),
            Some(envelope) => envelope.payload(payload),
        }
    }

    fn encode(&mut self, _: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError> {
        if self.envelope.is_some() {
            let message = "`schemas.enable` has no schema to write; leave it out for what sources write";
            return Err(ConvertError { code: "json-envelope", message: message.to_owned() });
        }
        out.extend_from_slice(json);
        Ok(())
    }
}

impl Envelope {
    fn payload(&mut self, payload: &[u8]) -> Result<Decoded, ConvertError> {
        let Self { layout, bytes, members } = self;
        bytes.clear();
        bytes.extend_from_slice(payload);
        bytes.resize(payload.len() + smt_abi::SLACK, b' ');
        members.clear();
        let text = Span::new(0, payload.len());
        let index = json::index(bytes, text, layout, |member| members.push(member))
            .map_err(|error| ConvertError::from(&error))?;
        let named = |name: &str| {
            members.iter().find(|member| {
                json::key_is(member.key.of(bytes), member.escaped, name.as_bytes())
            })
        };
        let (Some(_), Some(inner), 2, Kind::Object) =
            (named("schema"), named("payload"), members.len(), index.kind)
        else {
            let message = "expected `schema` and `payload` and no other member, as `schemas.enable` has it; set it to false for plain JSON";
            return Err(ConvertError { code: "json-envelope", message: message.to_owned() });
        };
        if inner.value.of(bytes) == b"null" {
            return Ok(Decoded::Null);
        }
        Ok(Decoded::Within(inner.value.start as usize..inner.value.end as usize))
    }
}

impl From<&JsonError> for ConvertError {
    fn from(error: &JsonError) -> Self {
        Self { code: "json", message: error.to_string() }
    }
}
