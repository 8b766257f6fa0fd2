//! How values are written. The model in `model` knows most of it; here is what a reader wants to see, or the model lacks.

use super::{
    decode, pool,
    schema::{file, message},
    settings,
    wire_random::{length, varint},
};
use crate::{
    config::{Defaults, Int64, Names, ProtobufConverter},
    convert::{Converter as _, Protobuf},
};
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::{
    FieldDescriptorProto,
    descriptor_proto::ExtensionRange,
    field_descriptor_proto::{Label, Type},
};

fn samples() -> DescriptorPool {
    let sample = message("Sample")
        .field(1, "some_text", "string")
        .field(2, "big_number", "int64")
        .field(3, "side", "enum .p.Side")
        .field(4, "raw", "bytes")
        .field(5, "at", ".google.protobuf.Timestamp")
        .field(6, "took", ".google.protobuf.Duration")
        .field(7, "mask", ".google.protobuf.FieldMask")
        .field(8, "any", ".google.protobuf.Any")
        .field(9, "number", "repeated double")
        .field(10, "ratio", "float")
        .field(11, "null", "enum .google.protobuf.NullValue")
        .field(12, "maybe", "optional int64")
        .field(13, "wrapped", ".google.protobuf.Int64Value")
        .map(14, "by_number", "int64", "string")
        .field(15, "inner", ".p.Sample")
        .field(16, "left", "oneof:choice string")
        .field(17, "right", "oneof:choice .p.Sample")
        .field(18, "anything", ".google.protobuf.Value");
    pool([file("p", "proto3", [sample])])
}

fn seconds(seconds: i64, nanos: i32) -> Vec<u8> {
    [varint(1, seconds.cast_unsigned()), varint(2, i64::from(nanos).cast_unsigned())].concat()
}

fn any(name: &str, content: &[u8]) -> Vec<u8> {
    [length(1, format!("x.io/{name}").as_bytes()), length(2, content)].concat()
}

fn doubles(numbers: &[f64]) -> Vec<u8> {
    length(9, &numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())
}

#[test]
fn values() {
    let float = [&[0x55][..], &0.1_f32.to_le_bytes()].concat();
    for (payload, expected) in [
        (Vec::new(), "{}"),
        (length(1, "a\"\u{1}ä".as_bytes()), r#"{"some_text":"a\"\u0001ä"}"#),
        (varint(2, i64::MIN.cast_unsigned()), r#"{"big_number":-9223372036854775808}"#),
        (varint(2, i64::MAX.cast_unsigned()), r#"{"big_number":9223372036854775807}"#),
        (varint(3, 1), r#"{"side":"BUY"}"#),
        (varint(3, u64::MAX), r#"{"side":"SELL"}"#),
        (varint(3, 7), r#"{"side":7}"#),
        (length(4, &[0, 1, 2, 255]), r#"{"raw":"AAEC/w=="}"#),
        (length(5, &seconds(1_700_000_000, 120_000_000)), r#"{"at":"2023-11-14T22:13:20.120Z"}"#),
        (length(5, &seconds(-62_135_596_800, 1)), r#"{"at":"0001-01-01T00:00:00.000000001Z"}"#),
        (length(5, &[]), r#"{"at":"1970-01-01T00:00:00Z"}"#),
        (length(6, &seconds(0, -1_500)), r#"{"took":"-0.000001500s"}"#),
        (length(6, &seconds(-3, -500_000_000)), r#"{"took":"-3.500s"}"#),
        (length(7, &[length(1, b"a_b.c"), length(1, b"d")].concat()), r#"{"mask":"aB.c,d"}"#),
        (
            length(8, &any("p.Sample", &varint(2, 5))),
            r#"{"any":{"@type":"x.io/p.Sample","big_number":5}}"#,
        ),
        (
            length(8, &any("google.protobuf.Duration", &varint(1, 5))),
            r#"{"any":{"@type":"x.io/google.protobuf.Duration","value":"5s"}}"#,
        ),
        (
            length(8, &any("google.protobuf.Empty", &[])),
            r#"{"any":{"@type":"x.io/google.protobuf.Empty","value":{}}}"#,
        ),
        (length(8, &[]), r#"{"any":{}}"#),
        (
            doubles(&[0.1, 1.0, 1e300, f64::NAN, f64::NEG_INFINITY, -0.0]),
            r#"{"number":[0.1,1.0,1e+300,"NaN","-Infinity",-0.0]}"#,
        ),
        (doubles(&[]), r#"{"number":[]}"#),
        (float, r#"{"ratio":0.1}"#),
        (varint(11, 3), r#"{"null":null}"#),
        (varint(12, 0), r#"{"maybe":0}"#),
        (length(13, &[]), r#"{"wrapped":0}"#),
        (length(14, &length(2, b"x")), r#"{"by_number":{"0":"x"}}"#),
        (length(14, &[length(2, b"x"), varint(1, 7)].concat()), r#"{"by_number":{"7":"x"}}"#),
        (length(18, &[]), r#"{"anything":null}"#),
        (
            length(
                18,
                &length(5, &length(1, &[length(1, b"k"), length(2, &varint(4, 1))].concat())),
            ),
            r#"{"anything":{"k":true}}"#,
        ),
    ] {
        assert_eq!(decode(&settings("p.Sample"), &samples(), &payload).as_deref(), Ok(expected));
    }
}

#[test]
fn what_one_pass_cannot_read() {
    let inner = |content: &[u8]| length(15, content);
    for (pieces, expected) in [
        // Order on the wire stands, unknown fields between elements are no matter.
        (vec![varint(2, 1), length(1, b"a")], r#"{"big_number":1,"some_text":"a"}"#),
        (vec![doubles(&[1.0]), varint(99, 1), doubles(&[2.0])], r#"{"number":[1.0,2.0]}"#),
        (
            vec![length(1, b"a"), varint(2, 1), length(1, b"b")],
            r#"{"some_text":"b","big_number":1}"#,
        ),
        (
            vec![doubles(&[1.0]), varint(2, 1), doubles(&[2.0])],
            r#"{"number":[1.0,2.0],"big_number":1}"#,
        ),
        (
            vec![inner(&varint(2, 1)), inner(&length(1, b"a")), inner(&varint(2, 2))],
            r#"{"inner":{"big_number":2,"some_text":"a"}}"#,
        ),
        (vec![length(16, b"a"), length(17, &varint(2, 1))], r#"{"right":{"big_number":1}}"#),
        (
            vec![length(17, &varint(2, 1)), length(16, b"a"), length(17, &length(1, b"b"))],
            r#"{"right":{"some_text":"b"}}"#,
        ),
        (
            vec![
                length(14, &[varint(1, 1), length(2, b"a")].concat()),
                length(14, &[varint(1, 2), length(2, b"b")].concat()),
                length(14, &[varint(1, 1), length(2, b"c")].concat()),
            ],
            r#"{"by_number":{"1":"c","2":"b"}}"#,
        ),
        (
            vec![length(5, &seconds(i64::MAX, 0)), length(5, &seconds(0, 0))],
            r#"{"at":"1970-01-01T00:00:00Z"}"#,
        ),
        (
            vec![
                length(8, &any("p.Gone", b"")),
                length(8, &any("p.Sample", &[varint(2, 1), varint(2, 2)].concat())),
            ],
            r#"{"any":{"@type":"x.io/p.Sample","big_number":2}}"#,
        ),
    ] {
        let payload = pieces.concat();
        assert_eq!(decode(&settings("p.Sample"), &samples(), &payload).as_deref(), Ok(expected));
    }
}

#[test]
fn regular_records_allocate_nothing() {
    let payload = [
        length(1, b"some text, \"quoted\", of some length"),
        varint(2, 1),
        length(5, &seconds(1_700_000_000, 1)),
        doubles(&[0.1, 2.0]),
        length(14, &[varint(1, 1), length(2, b"a")].concat()),
        length(14, &[varint(1, 2), length(2, b"b")].concat()),
        length(15, &length(15, &varint(2, 1))),
    ]
    .concat();
    let mapped = super::mapped([("t", "p.Sample", "some_text"), ("/u.*/", "p.Sample", "")]);
    let mut protobuf = Protobuf::new(&mapped, &samples()).unwrap();
    let mut out = Vec::new();
    let mut both = || {
        for topic in ["t", "u1"] {
            out.clear();
            protobuf.decode(topic, &payload, &mut out).unwrap();
        }
    };
    both();
    assert_eq!(allocation_counter::measure(both).count_total, 0);
}

#[test]
fn names_numbers_and_defaults_as_set() {
    let json =
        ProtobufConverter { names: Names::Json, int64: Int64::String, ..settings("p.Sample") };
    let payload = [varint(2, 5), length(13, &[])].concat();
    assert_eq!(decode(&json, &samples(), &payload).unwrap(), r#"{"bigNumber":"5","wrapped":"0"}"#);
    let emit = ProtobufConverter { defaults: Defaults::Emit, ..settings("p.Sample") };
    assert_eq!(
        decode(&emit, &samples(), &varint(2, 5)).unwrap(),
        r#"{"big_number":5,"some_text":"","side":"NONE","raw":"","number":[],"ratio":0.0,"null":null,"by_number":{}}"#
    );
}

#[test]
fn groups_and_extensions_of_proto2() {
    let mut base =
        message("Base").field(1, "item", "group .p.Item").field(2, "id", "required string");
    base.0.extension_range =
        vec![ExtensionRange { start: Some(100), end: Some(200), options: None }];
    let mut file = file("p", "proto2", [base, message("Item").field(1, "count", "int32")]);
    file.extension.push(FieldDescriptorProto {
        name: Some("note".to_owned()),
        number: Some(100),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::String.into()),
        extendee: Some(".p.Base".to_owned()),
        ..FieldDescriptorProto::default()
    });
    let pool = pool([file]);
    let group = |count| [&[0x0B][..], &varint(1, count), &[0x0C]].concat();
    for (payload, expected) in [
        ([group(1), length(100, b"x")].concat(), r#"{"item":{"count":1},"[p.note]":"x"}"#),
        ([group(1), length(2, b"i"), group(2)].concat(), r#"{"item":{"count":2},"id":"i"}"#),
    ] {
        assert_eq!(decode(&settings("p.Base"), &pool, &payload).as_deref(), Ok(expected));
    }
}
