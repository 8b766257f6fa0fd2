//! What Connect would read from an outcome: the form in which ours and Connect's are compared.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::case::Outcome;

/// An outcome without its spelling: no message, no order of keys, of duplicate keys the last.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    Passed { topic: String, key: Json, value: Json },
    Dropped,
    Failed,
    Refused,
}

/// A JSON value as Connect's converter holds it.
#[derive(Debug, PartialEq)]
pub(super) enum Json {
    /// Also what no bytes are: the converter does not tell them apart.
    Null,
    Bool(bool),
    /// A whole number, or a fraction that happens to be one: `100.0` is `100`.
    Whole(i64),
    /// Any other number, by the bits of the double.
    Fraction(u64),
    Text(String),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

pub(super) fn of(outcome: &Outcome) -> Meaning {
    match outcome {
        Outcome::Passed { topic, key, value } => Meaning::Passed {
            topic: topic.clone(),
            key: payload(key.as_deref()),
            value: payload(value.as_deref()),
        },
        Outcome::Dropped => Meaning::Dropped,
        Outcome::Failed(_) => Meaning::Failed,
        Outcome::Refused(_) => Meaning::Refused,
    }
}

fn payload(text: Option<&str>) -> Json {
    text.map_or(Json::Null, |text| json(serde_json::from_str(text).unwrap()))
}

fn json(raw: &RawValue) -> Json {
    let text = raw.get();
    match text.as_bytes()[0] {
        b'n' => Json::Null,
        b't' | b'f' => Json::Bool(text == "true"),
        // Half of a surrogate pair is no text; both sides leave it spelt as an escape.
        b'"' => Json::Text(serde_json::from_str(text).unwrap_or_else(|_| text.to_lowercase())),
        b'[' => Json::List(
            serde_json::from_str::<Vec<&RawValue>>(text).unwrap().into_iter().map(json).collect(),
        ),
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
            Json::Map(members.into_iter().map(|(name, value)| (name, json(value))).collect())
        }
        _ => number(text),
    }
}

/// Connect keeps the low 64 bits of a whole number, and a double of any other.
fn number(text: &str) -> Json {
    if !text.contains(['.', 'e', 'E']) {
        let digits = text.trim_start_matches('-').bytes();
        let low = digits
            .fold(0_i64, |low, digit| low.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')));
        return Json::Whole(if text.starts_with('-') { low.wrapping_neg() } else { low });
    }
    let double: f64 = text.parse().unwrap();
    if double.is_infinite() {
        return Json::Text(if double > 0.0 { "Infinity" } else { "-Infinity" }.to_owned());
    }
    // Up to 2^53 a double that is whole is one number and no other.
    if double.fract() == 0.0 && double.abs() < 9_007_199_254_740_992.0 {
        return Json::Whole(format!("{double:.0}").parse().unwrap());
    }
    Json::Fraction(double.to_bits())
}

#[test]
fn numbers_are_what_connects_converter_makes_of_them() {
    let check = |text: &str, expected: &Json| assert_eq!(&number(text), expected, "of {text}");
    check("12345678901234567890", &Json::Whole(-6_101_065_172_474_983_726));
    check("-18446744073709551615", &Json::Whole(1));
    check("-0.0", &Json::Whole(0));
    check("1E2", &Json::Whole(100));
    check("1.10", &Json::Fraction(1.1_f64.to_bits()));
    check("-1e400", &Json::Text("-Infinity".to_owned()));
}
