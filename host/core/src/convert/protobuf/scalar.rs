//! Values that are not messages: from the wire to JSON.

use super::{
    fault::{Fault, Problem, Read},
    plan::{Kind, Plan},
    wire::Wire,
};
use crate::json;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

/// Reads a scalar and appends it as JSON.
#[inline]
pub(super) fn transcode(
    plan: &Plan,
    kind: Kind,
    wire: &mut Wire<'_>,
    out: &mut Vec<u8>,
) -> Read<()> {
    match kind {
        Kind::String => text(wire, out)?,
        Kind::Double | Kind::Number => double(f64::from_le_bytes(wire.bits64()?), out),
        Kind::Float => float(f32::from_le_bytes(wire.bits32()?), out),
        Kind::Bool => boolean(wire.varint()? != 0, out),
        Kind::Enum(of) => enumeration(plan, of, int32(wire.varint()?), out),
        Kind::Bytes => {
            let range = wire.length()?;
            base64(wire.get(range), out);
        }
        Kind::Int32 => number(int32(wire.varint()?), out),
        Kind::Uint32 => number(uint32(wire.varint()?), out),
        Kind::Sint32 => number(zigzag32(wire.varint()?), out),
        Kind::Fixed32 => number(u32::from_le_bytes(wire.bits32()?), out),
        Kind::Sfixed32 => number(i32::from_le_bytes(wire.bits32()?), out),
        Kind::Int64 => number64(plan, wire.varint()?.cast_signed(), out),
        Kind::Uint64 => number64(plan, wire.varint()?, out),
        Kind::Sint64 => number64(plan, zigzag64(wire.varint()?), out),
        Kind::Fixed64 => number64(plan, u64::from_le_bytes(wire.bits64()?), out),
        Kind::Sfixed64 => number64(plan, i64::from_le_bytes(wire.bits64()?), out),
        Kind::Message(_) | Kind::Group(_) => debug_assert!(false, "messages are no scalars"),
    }
    Ok(())
}

/// Reads a scalar and appends it as the key of an object.
pub(super) fn transcode_key(kind: Kind, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Read<()> {
    if kind == Kind::String {
        return text(wire, out);
    }
    out.push(b'"');
    match kind {
        Kind::Bool => boolean(wire.varint()? != 0, out),
        Kind::Int32 => number(int32(wire.varint()?), out),
        Kind::Uint32 => number(uint32(wire.varint()?), out),
        Kind::Sint32 => number(zigzag32(wire.varint()?), out),
        Kind::Fixed32 => number(u32::from_le_bytes(wire.bits32()?), out),
        Kind::Sfixed32 => number(i32::from_le_bytes(wire.bits32()?), out),
        Kind::Int64 => number(wire.varint()?.cast_signed(), out),
        Kind::Uint64 => number(wire.varint()?, out),
        Kind::Sint64 => number(zigzag64(wire.varint()?), out),
        Kind::Fixed64 => number(u64::from_le_bytes(wire.bits64()?), out),
        Kind::Sfixed64 => number(i64::from_le_bytes(wire.bits64()?), out),
        _ => debug_assert!(false, "keys are integers, booleans and strings"),
    }
    out.push(b'"');
    Ok(())
}

/// Appends the default of a scalar as JSON.
pub(super) fn default(plan: &Plan, kind: Kind, out: &mut Vec<u8>) {
    match kind {
        Kind::String | Kind::Bytes => out.extend_from_slice(b"\"\""),
        Kind::Double | Kind::Number | Kind::Float => out.extend_from_slice(b"0.0"),
        Kind::Bool => boolean(false, out),
        Kind::Enum(of) => enumeration(plan, of, plan.enums[of as usize].default, out),
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
            number64(plan, 0, out);
        }
        _ => out.push(b'0'),
    }
}

/// Appends the default of a scalar as the key of an object.
pub(super) fn default_key(kind: Kind, out: &mut Vec<u8>) {
    out.extend_from_slice(match kind {
        Kind::String => b"\"\"",
        Kind::Bool => b"\"false\"",
        _ => b"\"0\"",
    });
}

/// Reads a string as UTF-8.
#[inline]
pub(super) fn utf8<'a>(wire: &mut Wire<'a>) -> Read<&'a str> {
    let range = wire.length()?;
    let start = range.start;
    simdutf8::compat::from_utf8(wire.get(range))
        .map_err(|error| Fault::new(Problem::Utf8, start + error.valid_up_to()))
}

/// The low half of a varint, as a signed number.
#[expect(clippy::cast_possible_truncation, reason = "protobuf takes the low 32 bits")]
pub(super) const fn int32(varint: u64) -> i32 {
    varint as i32
}

/// The low half of a varint.
#[expect(clippy::cast_possible_truncation, reason = "protobuf takes the low 32 bits")]
pub(super) const fn uint32(varint: u64) -> u32 {
    varint as u32
}

pub(super) const fn zigzag32(varint: u64) -> i32 {
    let value = uint32(varint);
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

pub(super) const fn zigzag64(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Appends a number.
#[inline]
pub(super) fn number(number: impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &number).expect("a vector takes all bytes");
}

#[inline]
fn number64(plan: &Plan, value: impl Serialize, out: &mut Vec<u8>) {
    if plan.quoted {
        out.push(b'"');
        number(value, out);
        out.push(b'"');
    } else {
        number(value, out);
    }
}

#[inline]
fn text(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Read<()> {
    json::escape(utf8(wire)?, out);
    Ok(())
}

fn boolean(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn enumeration(plan: &Plan, of: u32, value: i32, out: &mut Vec<u8>) {
    match plan.enums[of as usize].text(value) {
        Some(text) => out.extend_from_slice(text),
        None => number(value, out),
    }
}

/// Appends a number, or a string where JSON has no number for it.
pub(super) fn double(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() { number(value, out) } else { infinite(value, out) }
}

fn float(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() { number(value, out) } else { infinite(value.into(), out) }
}

fn infinite(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(if value.is_nan() {
        b"\"NaN\""
    } else if value > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    });
}

/// Appends bytes as a JSON string in base64.
pub(in crate::convert) fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]);
    debug_assert!(written.is_ok_and(|written| start + written == out.len()), "four for three");
    out.push(b'"');
}
