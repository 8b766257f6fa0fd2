//! The `bytes` converter.

use super::{ConvertError, Converter, Decoded, protobuf::scalar, text::string_content};
use crate::{
    config::{BytesConverter, BytesForm},
    json,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The `Converter` of any bytes.
#[derive(Debug)]
pub struct Bytes {
    form: BytesForm,
    /// Text between bytes and JSON.
    text: Vec<u8>,
}

impl Bytes {
    /// A converter as the settings say.
    pub const fn new(settings: &BytesConverter) -> Self {
        Self { form: settings.form, text: Vec::new() }
    }
}

impl Converter for Bytes {
    fn decode(
        &mut self,
        _: &str,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Decoded, ConvertError> {
        match self.form {
            BytesForm::Base64 => scalar::base64(payload, out),
            BytesForm::Raw => {
                let mut text = String::from_utf8(std::mem::take(&mut self.text)).unwrap_or_default();
                text.clear();
                text.extend(payload.iter().copied().map(char::from));
                json::escape(&text, out);
                self.text = text.into_bytes();
            }
        }
        Ok(Decoded::Written)
    }

    fn encode(&mut self, _: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError> {
        let expected = match self.form {
            BytesForm::Base64 => "a string in base64",
            BytesForm::Raw => "a string of characters up to U+00FF",
        };
        let fail = |found: &str| {
            let message = format!("expected {expected}, got {found}");
            Err(ConvertError { code: "bytes", message })
        };
        let Some(spelt) = string_content(json.trim_ascii()) else {
            return fail("another JSON value");
        };
        self.text.clear();
        if !json::unescape(spelt, &mut self.text) {
            return fail("half of a surrogate pair");
        }
        let start = out.len();
        let problem = match self.form {
            BytesForm::Base64 => {
                STANDARD.decode_vec(&self.text, out).err().map(|error| error.to_string())
            }
            BytesForm::Raw => raw(&String::from_utf8_lossy(&self.text), out),
        };
        match problem {
            None => Ok(()),
            Some(problem) => {
                out.truncate(start);
                fail(&problem)
            }
        }
    }
}

/// Appends a byte for each character; the first that is none.
fn raw(text: &str, out: &mut Vec<u8>) -> Option<String> {
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) => out.push(byte),
            Err(_) => return Some(format!("`{character}` (U+{:04X})", u32::from(character))),
        }
    }
    None
}
