//! Topic, partition and timestamp, as a guest spells them in JSON.

use crate::{call::Fault, json, topic::is_legal_name};
use smt_abi::code;

/// A topic's name from a JSON string, by Kafka's rule for names.
pub(crate) fn topic(text: &[u8]) -> Result<String, Fault> {
    let inner = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    let mut name = Vec::new();
    let read = inner.is_some_and(|inner| json::unescape(inner, &mut name));
    match String::from_utf8(name) {
        Ok(name) if read && is_legal_name(&name) => Ok(name),
        _ => Err(refused(
            "topic",
            text,
            "a string of 1 to 249 letters, digits, dots, underscores and hyphens",
        )),
    }
}

/// A partition from a JSON number, or none from `null`.
pub(crate) fn partition(text: &[u8]) -> Result<Option<i32>, Fault> {
    number(text).map_err(|()| refused("partition", text, "a number from 0 to 2147483647, or null"))
}

/// A timestamp from a JSON number, or none from `null`.
pub(crate) fn timestamp(text: &[u8]) -> Result<Option<i64>, Fault> {
    number(text).map_err(|()| {
        refused("timestamp", text, "milliseconds from 0 to 9223372036854775807, or null")
    })
}

/// An offset from a JSON number, or none from `null`.
pub(crate) fn offset(text: &[u8]) -> Result<Option<i64>, Fault> {
    number(text)
        .map_err(|()| refused("offset", text, "a number from 0 to 9223372036854775807, or null"))
}

/// A whole number without sign; `null` is none.
fn number<N: std::str::FromStr>(text: &[u8]) -> Result<Option<N>, ()> {
    match std::str::from_utf8(text) {
        Ok("null") => Ok(None),
        Ok(digits)
            if digits.bytes().all(|byte| byte.is_ascii_digit())
                && (digits.len() == 1 || !digits.starts_with('0')) =>
        {
            digits.parse().map(Some).map_err(|_error| ())
        }
        _ => Err(()),
    }
}

fn refused(what: &str, text: &[u8], expected: &str) -> Fault {
    let shown: String = String::from_utf8_lossy(text).chars().take(80).collect();
    Fault::new(code::BAD_METADATA, format!("{what} `{shown}`: expected {expected}"))
}
