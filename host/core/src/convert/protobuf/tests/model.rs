//! The transcoder beside `DynamicMessage`, which keeps every rule of protobuf's and takes its time.

use super::{
    settings,
    wire_random::{Random, Style, payload, random_pool},
};
use crate::{
    config::{Defaults, Int64, Names, ProtobufConverter},
    convert::protobuf::wire::write_varint,
};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use proptest::prelude::*;
use serde_json::Value;

/// What `DynamicMessage` makes of a payload; nothing if it refuses it.
fn model(settings: &ProtobufConverter, pool: &DescriptorPool, payload: &[u8]) -> Option<Value> {
    let message = pool.get_message_by_name("p.M0").unwrap();
    let message = DynamicMessage::decode(message, payload).ok()?;
    let options = SerializeOptions::new()
        .stringify_64_bit_integers(settings.int64 == Int64::String)
        .use_proto_field_name(settings.names == Names::Proto)
        .skip_default_fields(settings.defaults == Defaults::Omit);
    let mut text = Vec::new();
    message
        .serialize_with_options(&mut serde_json::Serializer::new(&mut text), &options)
        .ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

fn ours(settings: &ProtobufConverter, pool: &DescriptorPool, payload: &[u8]) -> Result<Value, String> {
    super::decode(settings, pool, payload).map(|text| serde_json::from_str(&text).unwrap())
}

fn random_settings(random: &mut Random, defaults: Defaults) -> ProtobufConverter {
    ProtobufConverter {
        names: if random.chance(2) { Names::Json } else { Names::Proto },
        int64: if random.chance(2) { Int64::String } else { Int64::Number },
        defaults,
        ..settings("p.M0")
    }
}

fn check(seed: u64, wild: bool, nonzero: bool) -> Result<(), TestCaseError> {
    let mut random = Random(seed | 1);
    let pool = random_pool(&mut random);
    let defaults = if nonzero { Defaults::Omit } else { Defaults::Emit };
    let settings = random_settings(&mut random, defaults);
    let message = pool.get_message_by_name("p.M0").unwrap();
    let payload = payload(&mut random, &message, Style { wild, nonzero }, 0);
    let expected = model(&settings, &pool, &payload);
    let ours = ours(&settings, &pool, &payload);
    match (&expected, &ours) {
        (Some(expected), Ok(ours)) => prop_assert_eq!(ours, expected, "{:?}", payload),
        // It does not write a number of `Value` that is not finite, either.
        (None, Err(error)) => prop_assert!(error.starts_with("protobuf-value"), "{}", error),
        _ => prop_assert!(false, "model: {expected:?}, ours: {ours:?}, payload: {payload:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn payloads_as_writers_write_them(seed: u64, nonzero: bool) {
        check(seed, false, nonzero)?;
    }

    #[test]
    fn payloads_as_the_format_allows_them(seed: u64, nonzero: bool) {
        check(seed, true, nonzero)?;
    }

    /// A payload that was damaged is refused, or read as the model reads it; and nothing panics.
    #[test]
    fn damaged_payloads(seed: u64, wild: bool, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut random = Random(seed | 1);
        let pool = random_pool(&mut random);
        let settings = random_settings(&mut random, Defaults::Emit);
        let message = pool.get_message_by_name("p.M0").unwrap();
        let mut payload = payload(&mut random, &message, Style { wild, nonzero: false }, 0);
        for (at, byte) in damage {
            match byte % 4 {
                0 => payload.truncate(at.index(payload.len() + 1)),
                1 => payload.insert(at.index(payload.len() + 1), byte),
                _ if payload.is_empty() => write_varint(u64::from(byte), &mut payload),
                _ => { let at = at.index(payload.len()); payload[at] ^= byte; }
            }
        }
        agree(&settings, &pool, &payload)?;
    }

    #[test]
    fn random_bytes(seed: u64, payload in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut random = Random(seed | 1);
        let pool = random_pool(&mut random);
        agree(&random_settings(&mut random, Defaults::Emit), &pool, &payload)?;
    }
}

fn agree(settings: &ProtobufConverter, pool: &DescriptorPool, payload: &[u8]) -> Result<(), TestCaseError> {
    if let (Ok(ours), Some(model)) = (ours(settings, pool, payload), model(settings, pool, payload)) {
        prop_assert_eq!(ours, model, "{:?}", payload);
    }
    Ok(())
}
