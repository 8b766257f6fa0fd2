//! What the transcoder costs beside `DynamicMessage` and `serde_json`, which make the same JSON of the same payload.
//!
//! `cargo bench -p transom-core --bench protobuf`: nanoseconds per record, and the median over rounds of the ratio in the
//! same round, so that a machine that changes its pace changes no ratio.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "its figures have three digits")]

use prost_reflect::{
    DescriptorPool, DynamicMessage, SerializeOptions,
    prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorProto,
        field_descriptor_proto::{Label, Type},
    },
};
use std::{collections::BTreeMap, hint::black_box, time::Instant};
use transom_core::{
    config::{List, MessageMapping, ProtobufConverter},
    convert::{Converter, Protobuf},
};

const ROUNDS: usize = 41;

/// Bytes that one round reads, at least.
const ROUND_BYTES: usize = 1 << 20;

fn main() {
    println!(
        "{:<12}{:>7}{:>7}{:>9}{:>9}{:>7}",
        "records", "wire", "json", "transcode", "dynamic", "ratio"
    );
    measure("trade", "bench.Trade", &trade());
    measure("nested", "bench.Order", &order());
}

fn measure(name: &str, message: &str, payload: &[u8]) {
    let pool = pool();
    let descriptor = pool.get_message_by_name(message).expect("it is declared below");
    let mapping = MessageMapping { message: message.to_owned(), required: List::default() };
    let settings = ProtobufConverter {
        messages: BTreeMap::from([("t".to_owned(), mapping)]),
        ..ProtobufConverter::default()
    };
    let mut converter = Protobuf::new(&settings, &pool).expect("the message is declared");
    let options =
        SerializeOptions::new().stringify_64_bit_integers(false).use_proto_field_name(true);
    let (mut out, mut size, mut rounds) = (Vec::new(), 0, [const { Vec::new() }; 2]);
    let times = ROUND_BYTES.div_ceil(payload.len());
    for _ in 0..ROUNDS {
        rounds[0].push(time(times, || {
            out.clear();
            converter.decode("t", black_box(payload), &mut out).expect("it is whole");
            size = black_box(&out).len();
        }));
        rounds[1].push(time(times, || {
            out.clear();
            let message = DynamicMessage::decode(descriptor.clone(), black_box(payload));
            message
                .expect("it is whole")
                .serialize_with_options(&mut serde_json::Serializer::new(&mut out), &options)
                .expect("it has a text");
            black_box(&out);
        }));
    }
    let ratios = rounds[1].iter().zip(&rounds[0]).map(|(dynamic, ours)| dynamic / ours).collect();
    let [ours, dynamic] = rounds;
    println!(
        "{name:<12}{:>7}{size:>7}{:>9.1}{:>9.1}{:>7.2}",
        payload.len(),
        median(ours),
        median(dynamic),
        median(ratios)
    );
}

/// Nanoseconds for one of them.
fn time(times: usize, mut each: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        each();
    }
    start.elapsed().as_secs_f64() * 1e9 / times as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn pool() -> DescriptorPool {
    let trade = message(
        "Trade",
        &[
            ("trade_id", Type::String, ""),
            ("account_id", Type::String, ""),
            ("business_unit", Type::String, ""),
            ("amount", Type::Double, ""),
            ("symbol", Type::String, ""),
            ("traded_at", Type::Int64, ""),
        ],
    );
    let leg = message(
        "Leg",
        &[
            ("number", Type::Int32, ""),
            ("trade", Type::Message, ".bench.Trade"),
            ("note", Type::String, ""),
            ("is_open", Type::Bool, ""),
        ],
    );
    let order = message(
        "Order",
        &[
            ("order_id", Type::String, ""),
            ("placed_at", Type::Int64, ""),
            ("legs", Type::Message, "repeated .bench.Leg"),
            ("prices", Type::Double, "repeated"),
            ("comment", Type::String, ""),
        ],
    );
    let file = FileDescriptorProto {
        name: Some("bench.proto".to_owned()),
        package: Some("bench".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![trade, leg, order],
        ..FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file).expect("the file is well formed");
    pool
}

/// A message of fields from number 1: name, type, and the words `repeated` and a type's name.
fn message(name: &str, fields: &[(&str, Type, &str)]) -> DescriptorProto {
    let field = |(number, (name, kind, of)): (i32, &(&str, Type, &str))| FieldDescriptorProto {
        name: Some((*name).to_owned()),
        number: Some(number),
        r#type: Some((*kind).into()),
        label: Some(if of.contains("repeated") { Label::Repeated } else { Label::Optional }.into()),
        type_name: of.split(' ').find(|word| word.starts_with('.')).map(str::to_owned),
        ..FieldDescriptorProto::default()
    };
    DescriptorProto {
        name: Some(name.to_owned()),
        field: (1..).zip(fields).map(field).collect(),
        ..DescriptorProto::default()
    }
}

/// A trade as the reference workload sends it: 6 fields, about 120 bytes.
fn trade() -> Vec<u8> {
    let mut wire = Vec::new();
    text(1, "3f2b8c1e-9d47-4a6b-8e15-0c7d2f9a4b63", &mut wire);
    text(2, "a81d0e57-62c9-4f3b-9b0a-5d7e1c284f90", &mut wire);
    text(3, "BU1", &mut wire);
    wire.push(4 << 3 | 1);
    wire.extend(48_213.57_f64.to_le_bytes());
    text(5, "GOOGL", &mut wire);
    wire.push(6 << 3);
    wire.extend([0x80 | 0x59, 0x80 | 0x0A, 0x80 | 0x3C, 0x80 | 0x2A, 6]);
    wire
}

/// An order with ten legs: about 2 KB.
fn order() -> Vec<u8> {
    let mut wire = Vec::new();
    text(1, "O-2026-0000451", &mut wire);
    wire.extend([2 << 3, 0x80 | 0x59, 0x80 | 0x0A, 0x80 | 0x3C, 0x80 | 0x2A, 6]);
    for number in 0..10 {
        let mut leg = vec![1 << 3, number];
        bytes(2, &trade(), &mut leg);
        text(3, "free text with \"quotes\" and some more words to fill a line", &mut leg);
        leg.extend([4 << 3, 1]);
        bytes(3, &leg, &mut wire);
    }
    let prices: Vec<u8> = (0..12).flat_map(|at| (100.25 + f64::from(at)).to_le_bytes()).collect();
    bytes(4, &prices, &mut wire);
    text(5, "a comment of no consequence, long enough to be read by nobody at all", &mut wire);
    wire
}

fn text(number: u8, text: &str, wire: &mut Vec<u8>) {
    bytes(number, text.as_bytes(), wire);
}

/// A field of bytes; its length takes at most two bytes.
fn bytes(number: u8, bytes: &[u8], wire: &mut Vec<u8>) {
    wire.push(number << 3 | 2);
    let len = u16::try_from(bytes.len()).expect("parts are short");
    if len < 0x80 {
        wire.extend(&len.to_le_bytes()[..1]);
    } else {
        wire.extend([(len & 0x7F | 0x80).to_le_bytes()[0], (len >> 7).to_le_bytes()[0]]);
    }
    wire.extend_from_slice(bytes);
}
