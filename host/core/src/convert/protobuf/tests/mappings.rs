//! Which message a topic carries, and what is said where `messages` does not hold.

use super::{
    mapped, pool,
    schema::{file, message},
    trades,
    wire_random::length,
};
use crate::{
    config::ProtobufConverter,
    convert::{Converter as _, MappingPlace, Protobuf, warnings},
};

#[test]
fn names_come_before_patterns_and_patterns_match_whole() {
    let pool = pool([file(
        "p",
        "proto3",
        ["A", "B", "C"].map(|name| message(name).field(1, &name.to_lowercase(), "string")),
    )]);
    let settings = mapped([("orders", "p.A", ""), ("/ord.*/", "p.B", ""), ("/x|y/", "p.C", "")]);
    let mut protobuf = Protobuf::new(&settings, &pool).unwrap();
    let payload = length(1, b"v");
    for _ in 0..2 {
        for (topic, expected) in [
            ("orders", Ok(r#"{"a":"v"}"#)),
            ("orders2", Ok(r#"{"b":"v"}"#)),
            ("orders", Ok(r#"{"a":"v"}"#)),
            ("y", Ok(r#"{"c":"v"}"#)),
            (
                "xy",
                Err(
                    "no message is mapped to topic `xy`: `messages` names `/ord.*/`, `/x|y/`, `orders`; add the topic, or a pattern like `/xy.*/`",
                ),
            ),
        ] {
            let mut out = Vec::new();
            let decoded = protobuf.decode(topic, &payload, &mut out);
            let text = String::from_utf8(out).unwrap();
            let decoded = decoded.map(|_| text.as_str()).map_err(|error| {
                assert_eq!(error.code, "protobuf-topic");
                error.message
            });
            assert_eq!(decoded.as_ref().map(|text| *text).map_err(String::as_str), expected);
        }
    }
    let mut empty = Protobuf::new(&ProtobufConverter::default(), &pool).unwrap();
    assert_eq!(
        empty.decode("t", b"", &mut Vec::new()).unwrap_err().message,
        "no message is mapped to topic `t`: `messages` names no topic; add the topic, or a pattern like `/t.*/`"
    );
}

#[test]
fn all_problems_are_told_with_their_places() {
    let settings = mapped([
        ("/a(/", "dataflow.TradeEvent", ""),
        ("/b", "dataflow.TradeEvent", ""),
        ("c", "dataflow.TradEvent", "gone"),
        ("d", "TradeEvent", ""),
        ("e", "something.Else", ""),
        ("f", "dataflow.TradeEvent", "trade_id,trade_idd,whatever_this_is"),
    ]);
    let error = Protobuf::new(&settings, &trades()).unwrap_err();
    let places: Vec<_> =
        error.problems.iter().map(|problem| (problem.topic.as_str(), problem.place)).collect();
    assert_eq!(
        places,
        [
            ("/a(/", MappingPlace::Key),
            ("/b", MappingPlace::Key),
            ("c", MappingPlace::Type),
            ("d", MappingPlace::Type),
            ("e", MappingPlace::Type),
            ("f", MappingPlace::Required(1)),
            ("f", MappingPlace::Required(2)),
        ]
    );
    let shown: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "`messages./a(/`: expected a Rust regex between the slashes: regex parse error:\n    a(\n     ^\nerror: unclosed group",
            "`messages./b`: expected a slash at the end of the pattern, as at its start",
            "`messages.c.type`: `schemas.protobuf` has no message `dataflow.TradEvent`; did you mean `dataflow.TradeEvent`?",
            "`messages.d.type`: `schemas.protobuf` has no message `TradeEvent`; did you mean `dataflow.TradeEvent`?",
            "`messages.e.type`: `schemas.protobuf` has no message `something.Else`; known are `dataflow.TradeEvent`",
            "`messages.f.required[1]`: message `dataflow.TradeEvent` has no field `trade_idd`; did you mean `trade_id`?",
            "`messages.f.required[2]`: message `dataflow.TradeEvent` has no field `whatever_this_is`; it has `trade_id`, `account_id`, `business_unit`, `amount`, `symbol`, `traded_at`",
        ]
    );
    assert_eq!(error.to_string(), shown.join("; "));
    let nowhere = Protobuf::new(&mapped([("t", "A", "")]), &pool([])).unwrap_err();
    assert_eq!(
        nowhere.to_string(),
        "`messages.t.type`: `schemas.protobuf` has no message `A`; `schemas.protobuf` names no file with a message"
    );
}

#[test]
fn required_fields_without_presence_are_warned_of() {
    let pool = pool([file(
        "p",
        "proto3",
        [message("M")
            .field(1, "id", "string")
            .field(2, "at", "int64")
            .field(3, "seen_at", "optional int64")
            .field(4, "tags", "repeated string")
            .field(5, "inner", ".p.M")
            .field(6, "sent_at", "int64")],
    )]);
    // The last one shows that nothing was cut off.
    let all = "id,at,seen_at,tags,inner,sent_at";
    let settings = mapped([("t", "p.M", all), ("u", "p.Gone", "at")]);
    let warnings: Vec<String> =
        warnings(&settings, &pool).iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`messages.t.required[1]`: field `at` of `p.M` has no presence: a writer leaves it out where it is 0 or false, and the record then fails; declare it `optional`, or require another field",
            "`messages.t.required[3]`: field `tags` of `p.M` has no presence: a writer leaves it out where it is empty, and the record then fails; declare it `optional`, or require another field",
        ]
    );
}
