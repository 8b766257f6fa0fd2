//! What is wrong with a payload, in words.

use super::{
    decode, mapped, pool,
    schema::{file, message},
    settings, trades,
    wire_random::{length, varint},
};
use crate::config::{ProtobufConverter, UnknownFields};
use crate::convert::{Converter as _, Protobuf};

fn trade(payload: &[u8]) -> String {
    decode(&settings("dataflow.TradeEvent"), &trades(), payload).unwrap_err()
}

#[test]
fn broken_payloads_of_one_message() {
    for (payload, expected) in [
        (
            &[0x0A, 5, b'a'][..],
            "protobuf-truncated: `dataflow.TradeEvent.trade_id` at byte 2: expected 5 bytes, but the payload ends at byte 3",
        ),
        (
            &[0x21, 1, 2],
            "protobuf-truncated: `dataflow.TradeEvent.amount` at byte 1: expected 8 bytes, but the payload ends at byte 3",
        ),
        (
            &[0x30, 0x80],
            "protobuf-truncated: `dataflow.TradeEvent.traded_at` at byte 1: expected the rest of a varint, but the payload ends at byte 2",
        ),
        (
            &[0x80],
            "protobuf-truncated: `dataflow.TradeEvent` at byte 0: expected the rest of a varint, but the payload ends at byte 1",
        ),
        (
            &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            "protobuf-varint: `dataflow.TradeEvent.traded_at` at byte 1: expected a varint of at most 64 bits in 10 bytes",
        ),
        (
            &[0x08, 1],
            "protobuf-wire-type: `dataflow.TradeEvent.trade_id` at byte 1: expected a length and bytes (wire type 2), got a varint (0)",
        ),
        (
            &[0x0E],
            "protobuf-wire-type: `dataflow.TradeEvent` at byte 0: expected a wire type from 0 to 5, got 6",
        ),
        (
            &[0x02, 0],
            "protobuf-field-number: `dataflow.TradeEvent` at byte 0: expected a field number from 1 to 536870911, got 0",
        ),
        (
            &[0x0A, 2, b'a', 0xFF],
            "protobuf-utf-8: `dataflow.TradeEvent.trade_id` at byte 3: expected UTF-8, as every `string` is; declare the field `bytes` if it is none",
        ),
        (
            &[0x0C],
            "protobuf-group: `dataflow.TradeEvent` at byte 0: expected a field, got the end of group 1, which is not open",
        ),
        (
            &[0x53, 0x08, 1],
            "protobuf-truncated: `dataflow.TradeEvent` at byte 3: expected the end of group 10, but the payload ends",
        ),
        (
            &[0x53, 0x5C],
            "protobuf-group: `dataflow.TradeEvent` at byte 1: expected a field, got the end of group 11, which is not open",
        ),
    ] {
        assert_eq!(trade(payload), expected);
    }
}

#[test]
fn broken_payloads_of_nested_messages() {
    let node = message("Node")
        .field(1, "next", ".p.Node")
        .field(2, "name", "string")
        .field(3, "numbers", "repeated fixed32")
        .map(4, "counts", "string", "int32")
        .field(5, "at", ".google.protobuf.Timestamp")
        .field(6, "value", ".google.protobuf.Value")
        .field(7, "any", ".google.protobuf.Any")
        .field(8, "mask", ".google.protobuf.FieldMask")
        .field(9, "took", ".google.protobuf.Duration");
    let pool = pool([file("p", "proto3", [node])]);
    let inner = |number: u32, content: &[u8]| length(1, &length(number, content));
    let deep = (0..101).fold(Vec::new(), |inside, _| length(1, &inside));
    let nan = [&[0x11][..], &f64::NAN.to_le_bytes()].concat();
    for (payload, expected) in [
        (
            [&length(1, &[0x12, 9, b'a'])[..], &length(2, b"a longer text")].concat(),
            "protobuf-length: `p.Node.name` at byte 4: expected 9 bytes, but the message around it ends at byte 5",
        ),
        (
            inner(3, &[1, 2, 3, 4, 5]),
            "protobuf-truncated: `p.Node.numbers` at byte 8: expected 4 bytes, but the payload ends at byte 9",
        ),
        (
            inner(4, &[0x08, 1]),
            "protobuf-wire-type: `p.Node.counts` at byte 5: expected a length and bytes (wire type 2), got a varint (0)",
        ),
        (
            inner(5, &varint(1, 253_402_300_800)),
            "protobuf-value: `google.protobuf.Timestamp` at byte 4: expected a time from year 1 to year 9999",
        ),
        (
            inner(9, &[varint(1, 1), varint(2, u64::MAX)].concat()),
            "protobuf-value: `google.protobuf.Duration` at byte 4: expected a duration of at most 10000 years, its seconds and nanoseconds of one sign",
        ),
        (
            inner(6, &nan),
            "protobuf-value: `google.protobuf.Value` at byte 5: expected a finite number",
        ),
        (
            inner(7, &length(1, b"type.googleapis.com/p.Gone")),
            "protobuf-any-type: `google.protobuf.Any` at byte 4: expected the type URL of a message that `schemas.protobuf` has, got `type.googleapis.com/p.Gone`",
        ),
        (
            inner(8, &length(1, b"camelCase")),
            "protobuf-value: `google.protobuf.FieldMask` at byte 4: expected paths of snake_case names",
        ),
        // The second half shows that the first is irregular: there are no places then.
        (
            [inner(5, &varint(1, 253_402_300_800)), inner(2, b"again")].concat(),
            "protobuf-value: `google.protobuf.Timestamp`: expected a time from year 1 to year 9999",
        ),
        (
            deep,
            "protobuf-nesting: `p.Node.next` at byte 239: expected at most 100 messages inside each other",
        ),
    ] {
        assert_eq!(decode(&settings("p.Node"), &pool, &payload).unwrap_err(), expected);
    }
}

#[test]
fn no_depth_of_any_is_too_deep() {
    let pool = pool([file("p", "proto3", [message("M").field(1, "any", ".google.protobuf.Any")])]);
    let any = |name: &str, content: &[u8]| {
        [length(1, format!("x.io/{name}").as_bytes()), length(2, content)].concat()
    };
    let deep = (0..2_000).fold(Vec::new(), |inside, _| any("google.protobuf.Any", &inside));
    let once = length(1, &deep);
    let settings = settings("p.M");
    // Read by one pass, and rewritten because the field repeats.
    for payload in [once.clone(), [once.clone(), once].concat()] {
        let error = decode(&settings, &pool, &payload).unwrap_err();
        assert!(error.starts_with("protobuf-nesting: `google.protobuf.Any`"), "{error}");
    }
}

#[test]
fn required_fields_are_on_the_wire_and_texts_not_empty() {
    let id = length(1, b"T1");
    let at = varint(6, 0);
    let required = mapped([("t", "dataflow.TradeEvent", "trade_id,tradedAt")]);
    for (payload, expected) in [
        ([&id[..], &at].concat(), Ok(r#"{"trade_id":"T1","traded_at":0}"#)),
        // What a poison event looks like to a consumer of trades.
        (
            id.clone(),
            Err(
                "protobuf-required-missing: `dataflow.TradeEvent.traded_at`: required, but not on the wire; is this another message?",
            ),
        ),
        (
            [&length(1, b"")[..], &at].concat(),
            Err("protobuf-required-missing: `dataflow.TradeEvent.trade_id`: required, but empty"),
        ),
        // The last one counts.
        ([&length(1, b"")[..], &at, &id].concat(), Ok(r#"{"trade_id":"T1","traded_at":0}"#)),
        (
            [&id[..], &at, &length(1, b"")].concat(),
            Err("protobuf-required-missing: `dataflow.TradeEvent.trade_id`: required, but empty"),
        ),
        (
            Vec::new(),
            Err(
                "protobuf-required-missing: `dataflow.TradeEvent.trade_id`: required, but not on the wire; is this another message?",
            ),
        ),
    ] {
        let decoded = decode(&required, &trades(), &payload);
        assert_eq!(decoded.as_deref().map_err(String::as_str), expected);
    }
}

#[test]
fn unknown_fields_are_counted_or_refused() {
    let payload = [length(1, b"T1"), varint(99, 1), length(1, b"T2"), length(98, b"x")].concat();
    let ignoring = settings("dataflow.TradeEvent");
    let mut protobuf = Protobuf::new(&ignoring, &trades()).unwrap();
    let mut out = Vec::new();
    protobuf.decode("t", &payload, &mut out).unwrap();
    assert_eq!(out, br#"{"trade_id":"T2"}"#);
    protobuf.decode("t", &payload, &mut out).unwrap();
    assert_eq!(protobuf.unknown_fields(), 4);

    let strict = ProtobufConverter { unknown_fields: UnknownFields::Error, ..ignoring };
    assert_eq!(
        decode(&strict, &trades(), &payload).unwrap_err(),
        "protobuf-unknown-field: `dataflow.TradeEvent` at byte 6: expected a field of the descriptor, got number 99; update the schema, or set `unknown.fields: ignore`"
    );
}
