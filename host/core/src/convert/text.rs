//! The `string` converter.

use super::{ConvertError, Converter, Decoded};
use crate::{
    config::{InvalidUtf8, StringConverter},
    json,
};

/// The `Converter` of UTF-8 text.
#[derive(Debug)]
pub struct Text {
    invalid_utf8: InvalidUtf8,
}

impl Text {
    /// A converter as the settings say.
    pub const fn new(settings: &StringConverter) -> Self {
        Self { invalid_utf8: settings.invalid_utf8 }
    }
}

impl Converter for Text {
    fn decode(
        &mut self,
        _: &str,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Decoded, ConvertError> {
        match simdutf8::compat::from_utf8(payload) {
            Ok(text) => json::escape(text, out),
            Err(_) if self.invalid_utf8 == InvalidUtf8::Replace => {
                json::escape(&String::from_utf8_lossy(payload), out);
            }
            Err(error) => {
                let message = format!(
                    "expected UTF-8 at byte {}; read it with the converter `bytes`, or set `invalid.utf8: replace`",
                    error.valid_up_to()
                );
                return Err(ConvertError { code: "utf-8", message });
            }
        }
        Ok(Decoded::Written)
    }

    fn encode(&mut self, _: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError> {
        let text = json.trim_ascii();
        let Some(spelt) = string_content(text) else {
            // What is no string is written as its JSON, as Connect writes what `toString` gives.
            out.extend_from_slice(text);
            return Ok(());
        };
        let start = out.len();
        if !json::unescape(spelt, out) && self.invalid_utf8 == InvalidUtf8::Error {
            out.truncate(start);
            let message = "expected Unicode text, got half of a surrogate pair; set `invalid.utf8: replace` to write U+FFFD for it";
            return Err(ConvertError { code: "utf-8", message: message.to_owned() });
        }
        Ok(())
    }
}

/// What stands between the quotes of a JSON string; nothing for another value.
pub(super) fn string_content(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\"")?.strip_suffix(b"\"")
}
