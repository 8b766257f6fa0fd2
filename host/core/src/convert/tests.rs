//! Tests of the converters that are no formats of their own, and of what settings choose.

use super::*;
use crate::{
    batch::Batch,
    config::{
        BytesConverter, BytesForm, ConverterSettings, InvalidUtf8, JsonConverter,
        ProtobufConverter, StringConverter,
    },
    record::NewRecord,
};
use proptest::prelude::*;

/// The JSON of a payload, `(null)` for none, or the code and text of its error.
fn decode(converter: &mut dyn Converter, payload: &[u8]) -> Result<String, String> {
    let mut out = b"before".to_vec();
    let decoded = converter.decode("t", payload, &mut out);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    match decoded {
        Ok(Decoded::Within(range)) => Ok(text(&payload[range])),
        Ok(Decoded::Written) => Ok(text(&out[6..])),
        Ok(Decoded::Null) => Ok("(null)".to_owned()),
        Err(ConvertError { code, message }) => Err(format!("{code}: {message}")),
    }
}

fn encode(converter: &mut dyn Converter, json: &str) -> Result<Vec<u8>, String> {
    let mut out = b"before".to_vec();
    match converter.encode("t", json.as_bytes(), &mut out) {
        Ok(()) => Ok(out.split_off(6)),
        Err(ConvertError { code, message }) => {
            assert_eq!(out, b"before", "an error leaves what was there");
            Err(format!("{code}: {message}"))
        }
    }
}

fn text(invalid_utf8: InvalidUtf8) -> Text {
    Text::new(&StringConverter { invalid_utf8 })
}

fn bytes(form: BytesForm) -> Bytes {
    Bytes::new(&BytesConverter { form })
}

#[test]
fn json_passes_as_it_is() {
    let mut json = Json::new(&JsonConverter::default());
    assert_eq!(decode(&mut json, b" 1.10 ").unwrap(), " 1.10 ");
    assert_eq!(encode(&mut json, " 1.10 ").unwrap(), b" 1.10 ");
}

#[test]
fn the_envelopes_payload_is_the_record() {
    const NOT: &str = "json-envelope: expected `schema` and `payload` and no other member, as `schemas.enable` has it; set it to false for plain JSON";
    let mut json = Json::new(&JsonConverter { schemas_enable: true });
    for (payload, expected) in [
        (r#"{"schema":null,"payload":{"a": 1.10}}"#, Ok(r#"{"a": 1.10}"#)),
        (r#" {"payload" : [1] , "schema":{"type":"array"}} "#, Ok("[1]")),
        (r#"{"schema":{},"p\u0061yload":"x"}"#, Ok("\"x\"")),
        (r#"{"schema":{},"payload":null}"#, Ok("(null)")),
        (r#"{"payload":1}"#, Err(NOT)),
        (r#"{"schema":1,"payload":1,"more":1}"#, Err(NOT)),
        (r#"{"payload":1,"payload":1}"#, Err(NOT)),
        (r#"{"schema":1,"schema":1,"payload":1}"#, Err(NOT)),
        (r#"["schema","payload"]"#, Err(NOT)),
        ("5", Err(NOT)),
        (r#"{"schema":1,"payload":}"#, Err("json: expected a value at byte 22")),
    ] {
        let decoded = decode(&mut json, payload.as_bytes());
        assert_eq!(decoded.as_deref().map_err(String::as_str), expected, "{payload}");
    }
    assert_eq!(
        encode(&mut json, "1").unwrap_err(),
        "json-envelope: `schemas.enable` has no schema to write; leave it out for what sources write"
    );
}

#[test]
fn text_there_and_back() {
    for (invalid, payload, expected) in [
        (InvalidUtf8::Error, &b"a\"b"[..], Ok(r#""a\"b""#)),
        (
            InvalidUtf8::Error,
            b"a\xFF",
            Err(
                "utf-8: expected UTF-8 at byte 1; read it with the converter `bytes`, or set `invalid.utf8: replace`",
            ),
        ),
        (InvalidUtf8::Replace, b"a\xFFb", Ok("\"a\u{FFFD}b\"")),
    ] {
        let decoded = decode(&mut text(invalid), payload);
        assert_eq!(decoded.as_deref().map_err(String::as_str), expected);
    }
    for (invalid, json, expected) in [
        (InvalidUtf8::Error, r#" "a\"\u00e4" "#, Ok("a\"ä")),
        (InvalidUtf8::Error, r#" {"a": 1.10} "#, Ok(r#"{"a": 1.10}"#)),
        (InvalidUtf8::Error, "null", Ok("null")),
        (
            InvalidUtf8::Error,
            r#""a\ud800""#,
            Err(
                "utf-8: expected Unicode text, got half of a surrogate pair; set `invalid.utf8: replace` to write U+FFFD for it",
            ),
        ),
        (InvalidUtf8::Replace, r#""a\ud800""#, Ok("a\u{FFFD}")),
    ] {
        let encoded = encode(&mut text(invalid), json);
        assert_eq!(encoded.as_deref().map_err(String::as_str), expected.map(str::as_bytes));
    }
}

#[test]
fn bytes_there_and_back() {
    for (form, payload, expected) in [
        (BytesForm::Base64, &[0, 1, 255][..], r#""AAH/""#),
        (BytesForm::Base64, b"a", r#""YQ==""#),
        (BytesForm::Base64, b"", r#""""#),
        (BytesForm::Raw, &[b'a', b'"', 0, 255], "\"a\\\"\\u0000\u{FF}\""),
    ] {
        let json = decode(&mut bytes(form), payload).unwrap();
        assert_eq!(json, expected);
        assert_eq!(encode(&mut bytes(form), &json).unwrap(), payload);
    }
    for (form, json, expected) in [
        (BytesForm::Base64, "1", "bytes: expected a string in base64, got another JSON value"),
        (BytesForm::Base64, r#""YQ=""#, "bytes: expected a string in base64, got Invalid padding"),
        (
            BytesForm::Raw,
            r#""aĀ""#,
            "bytes: expected a string of characters up to U+00FF, got `Ā` (U+0100)",
        ),
        (
            BytesForm::Raw,
            r#""\ud800""#,
            "bytes: expected a string of characters up to U+00FF, got half of a surrogate pair",
        ),
    ] {
        assert_eq!(encode(&mut bytes(form), json).unwrap_err(), expected);
    }
}

#[test]
fn what_no_setting_chooses() {
    for (role, payload, expected) in [
        (Role::Key, &b"k"[..], Ok("\"k\"")),
        (Role::Value, b"{}", Ok("{}")),
        (Role::Header, b"\xFF", Ok("\"\u{FFFD}\"")),
        (
            Role::Key,
            b"\xFF",
            Err(
                "utf-8: expected UTF-8 at byte 0; read it with the converter `bytes`, or set `invalid.utf8: replace`",
            ),
        ),
    ] {
        let mut converter = build(None, role, None).unwrap();
        let decoded = decode(&mut *converter, payload);
        assert_eq!(decoded.as_deref().map_err(String::as_str), expected);
    }
}

#[test]
fn what_settings_choose() {
    let json = |schemas_enable| ConverterSettings::Json(JsonConverter { schemas_enable });
    let base64 = ConverterSettings::Bytes(BytesConverter::default());
    let mut converter = build(Some(&base64), Role::Value, None).unwrap();
    assert_eq!(decode(&mut *converter, b"a").unwrap(), r#""YQ==""#);
    assert_eq!(converter.unknown_fields(), 0);
    assert!(build(Some(&json(true)), Role::Value, None).is_ok());
    assert!(build_for_source(Some(&json(false)), Role::Value, None).is_ok());
    let error = |built: Result<Box<dyn Converter>, BuildError>| built.err().unwrap().to_string();
    assert_eq!(
        error(build_for_source(Some(&json(true)), Role::Value, None)),
        "`schemas.enable` has no schema to write, so a source cannot use it; leave it out, and plain JSON is written"
    );
    let protobuf = ConverterSettings::Protobuf(ProtobufConverter::default());
    assert_eq!(
        error(build(Some(&protobuf), Role::Value, None)),
        "converter `protobuf` needs descriptors; name `.proto` files or folders of them in `schemas.protobuf`"
    );
    let pool = prost_reflect::DescriptorPool::new();
    assert!(build(Some(&protobuf), Role::Value, Some(&pool)).is_ok());
}

#[test]
fn a_batch_admits_what_converters_read() {
    let mut converters = Converters {
        key: build(None, Role::Key, None).unwrap(),
        value: Box::new(Json::new(&JsonConverter { schemas_enable: true })),
        header: build(None, Role::Header, None).unwrap(),
    };
    let mut batch = Batch::default();
    let value = br#"{"schema":{},"payload":{"a":1}}"#;
    let new = NewRecord {
        topic: "t",
        partition: Some(0),
        offset: Some(0),
        timestamp: None,
        key: Some(b"k"),
        value: Some(value),
        headers: &[("h", Some(b"\xFF"))],
    };
    let id = batch.admit(&new, &mut converters);
    let mut out = Vec::new();
    batch.write_value(id, &mut out);
    assert_eq!(out, br#"{"a":1}"#);
}

proptest! {
    #[test]
    fn any_bytes_survive(payload: Vec<u8>) {
        for form in [BytesForm::Base64, BytesForm::Raw] {
            let json = decode(&mut bytes(form), &payload).unwrap();
            serde_json::from_str::<String>(&json).unwrap();
            prop_assert_eq!(&encode(&mut bytes(form), &json).unwrap(), &payload);
        }
    }

    #[test]
    fn any_text_survives(payload: String) {
        let mut converter = text(InvalidUtf8::Error);
        let json = decode(&mut converter, payload.as_bytes()).unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), payload.clone());
        prop_assert_eq!(encode(&mut converter, &json).unwrap(), payload.as_bytes());
    }
}
