//! JSON to the wire: what comes back is what was meant, and what is wrong is told with its place.

use super::{
    decode, pool,
    schema::{file, message},
    settings, trades,
    wire_random::{Random, Style, payload, random_pool},
};
use crate::{
    config::{Defaults, ProtobufConverter},
    convert::{Converter as _, Protobuf},
};
use proptest::prelude::*;
use serde_json::Value;

fn encode(
    settings: &ProtobufConverter,
    pool: &prost_reflect::DescriptorPool,
    json: &str,
) -> Result<Vec<u8>, String> {
    let mut out = b"before".to_vec();
    let encoded = Protobuf::new(settings, pool).unwrap().encode("t", json.as_bytes(), &mut out);
    match encoded {
        Ok(()) => Ok(out.split_off(6)),
        Err(error) => {
            assert_eq!(out, b"before", "an error leaves what was there");
            Err(format!("{}: {}", error.code, error.message))
        }
    }
}

#[test]
fn both_spellings_and_exact_integers() {
    let settings = settings("dataflow.TradeEvent");
    for (json, expected) in [
        (
            r#" {"tradeId": "T\u00e41", "amount": 1.5, "traded_at": 9223372036854775807} "#,
            r#"{"trade_id":"Tä1","amount":1.5,"traded_at":9223372036854775807}"#,
        ),
        (r#"{"traded_at": "-9223372036854775808"}"#, r#"{"traded_at":-9223372036854775808}"#),
        (
            r#"{"traded_at": 1e3, "amount": -1, "symbol": null}"#,
            r#"{"amount":-1.0,"traded_at":1000}"#,
        ),
    ] {
        let payload = encode(&settings, &trades(), json).unwrap();
        assert_eq!(decode(&settings, &trades(), &payload).as_deref(), Ok(expected));
    }
}

#[test]
fn errors_name_the_place() {
    let node = message("Node")
        .field(1, "children", "repeated .p.Node")
        .field(2, "count", "int32")
        .field(3, "side", "enum .p.Side");
    let pool = pool([file("p", "proto3", [node])]);
    for (json, expected) in [
        (
            r#"{"children": [{}, {"gone": 1}]}"#,
            "protobuf-json: `children[1].gone`: unrecognized field name 'gone', in the JSON of message `p.Node`",
        ),
        (
            r#"{"children": [{"count": "many"}]}"#,
            "protobuf-json: `children[0].count`: invalid digit found in string, in the JSON of message `p.Node`",
        ),
        (
            r#"{"count": 2147483648}"#,
            "protobuf-json: `count`: out of range integral type conversion attempted, in the JSON of message `p.Node`",
        ),
        (
            r#"{"side": "SIDEWAYS"}"#,
            "protobuf-json: `side`: unrecognized enum value 'SIDEWAYS', in the JSON of message `p.Node`",
        ),
        (
            "[1]",
            "protobuf-json: invalid type: sequence, expected a map, in the JSON of message `p.Node`",
        ),
        (
            r#"{"\ud800": 1}"#,
            "protobuf-json: expected Unicode text, got half of a surrogate pair, in the JSON of message `p.Node`",
        ),
    ] {
        assert_eq!(encode(&settings("p.Node"), &pool, json).unwrap_err(), expected);
    }
}

proptest! {
    /// What a random payload says, it says again after a way through JSON.
    #[test]
    fn the_way_back(seed: u64) {
        let mut random = Random(seed | 1);
        let pool = random_pool(&mut random);
        let settings = ProtobufConverter { defaults: Defaults::Emit, ..settings("p.M0") };
        let message = pool.get_message_by_name("p.M0").unwrap();
        let style = Style { wild: false, nonzero: true };
        let payload = payload(&mut random, &message, style, 0);
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        if let Ok(json) = decode(&settings, &pool, &payload) {
            let again = encode(&settings, &pool, &json).and_then(|wire| decode(&settings, &pool, &wire));
            match again {
                Ok(again) => prop_assert_eq!(parse(&again), parse(&json)),
                Err(error) => prop_assert!(false, "{error}: {json}"),
            }
        }
    }
}
