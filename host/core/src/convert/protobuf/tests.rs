//! Tests of the `protobuf` converter, in parts; here is what they share.

mod encoding;
mod faults;
mod mappings;
mod model;
mod schema;
mod shapes;
mod wire_random;

use super::*;
use crate::config::{List, MessageMapping};
use prost_reflect::{
    DescriptorPool,
    prost_types::FileDescriptorProto,
};
use schema::{file, message};

/// The pool of `google.protobuf` and these files.
fn pool(files: impl IntoIterator<Item = FileDescriptorProto>) -> DescriptorPool {
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_protos(files).unwrap();
    pool
}

/// Settings that map topic `t` to a message.
fn settings(name: &str) -> ProtobufConverter {
    mapped([("t", name, "")])
}

/// Settings with mappings: topic, message, required fields with commas between them.
fn mapped<'a>(
    mappings: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
) -> ProtobufConverter {
    let mapping = |(topic, name, required): (&str, &str, &str)| {
        let required =
            required.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mapping = MessageMapping { message: name.to_owned(), required: List(required) };
        (topic.to_owned(), mapping)
    };
    ProtobufConverter {
        messages: mappings.into_iter().map(mapping).collect(),
        ..ProtobufConverter::default()
    }
}

/// The JSON of a payload of topic `t`, or the code and text of its error.
fn decode(
    settings: &ProtobufConverter,
    pool: &DescriptorPool,
    payload: &[u8],
) -> Result<String, String> {
    let mut protobuf = Protobuf::new(settings, pool).unwrap();
    // Something stands before, and stays.
    let mut out = b"before".to_vec();
    match protobuf.decode("t", payload, &mut out) {
        Ok(decoded) => {
            assert_eq!(decoded, Decoded::Written);
            let text = String::from_utf8(out).unwrap();
            Ok(text.strip_prefix("before").unwrap().to_owned())
        }
        Err(error) => {
            assert_eq!(out, b"before", "an error leaves what was there");
            Err(format!("{}: {}", error.code, error.message))
        }
    }
}

/// The trade of the reference workload.
fn trades() -> DescriptorPool {
    let trade = message("TradeEvent")
        .field(1, "trade_id", "string")
        .field(2, "account_id", "string")
        .field(3, "business_unit", "string")
        .field(4, "amount", "double")
        .field(5, "symbol", "string")
        .field(6, "traded_at", "int64");
    pool([file("dataflow", "proto3", [trade])])
}
