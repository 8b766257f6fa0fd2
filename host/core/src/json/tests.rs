//! The scan against `serde_json` and against naive models.

use super::*;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use smt_abi::{SLACK, limit::NESTING};

/// A text in an arena: `offset` bytes before it, and what follows it.
fn arena(text: &[u8], offset: usize, behind: &[u8]) -> (Vec<u8>, Span) {
    let mut bytes = vec![b'['; offset];
    bytes.extend_from_slice(text);
    let span = Span::new(offset, bytes.len());
    bytes.extend(behind.iter().copied().cycle().take(SLACK));
    (bytes, span)
}

/// What follows a text must not matter.
const BEHIND: [&[u8]; 7] = [b" ", b"\"", b"]}", b"0123456789", b"\\\"", b",\"a\":1", b"\xff\x00{["];

type Listed<'a> = (Result<Index, JsonError>, Vec<(&'a [u8], &'a [u8], bool)>);

fn scan<'a>(bytes: &'a [u8], text: Span, layout: &mut Layout) -> Listed<'a> {
    let mut members = Vec::new();
    let mut push = |member: Member| {
        members.push((member.key.of(bytes), member.value.of(bytes), member.escaped));
    };
    let index = index(bytes, text, layout, &mut push);
    (index, members)
}

/// Everything that is promised of one text, checked against `serde_json` and `RawValue`-like splitting.
fn check(text: &[u8]) {
    let depth = exact::check(text).map(|outline| outline.depth);
    let valid =
        serde_json::from_slice::<IgnoredAny>(text).is_ok() && core::str::from_utf8(text).is_ok();
    let shown = String::from_utf8_lossy(text);
    assert_eq!(
        depth.is_ok() || depth.is_err_and(|error| error.problem == Problem::TooDeep),
        valid,
        "{shown}"
    );
    let mut first = None;
    for (offset, behind) in BEHIND.iter().enumerate() {
        let (bytes, span) = arena(text, offset * 7, behind);
        let (index, members) = scan(&bytes, span, &mut Layout::default());
        assert_eq!(index.map(|index| index.depth), depth, "{shown}");
        assert_eq!(validate(&bytes, span).map(|valid| valid.depth), depth, "{shown}");
        let members: Vec<_> = members
            .iter()
            .map(|(key, value, escaped)| (key.to_vec(), value.to_vec(), *escaped))
            .collect();
        let answer = index.map(|index| (index.kind, index.duplicates, index.escaped, members));
        assert_eq!(*first.get_or_insert_with(|| answer.clone()), answer, "{shown}");
    }
}

#[test]
fn errors_name_the_first_wrong_byte() {
    for (text, message) in [
        ("", "expected the rest of a value, but the text ends at byte 0"),
        ("[1,]", "expected a value at byte 3"),
        ("[}", "expected a value or `]` at byte 1"),
        ("{,", "expected a key in quotes or `}` at byte 1"),
        ("{\"a\":1,}", "expected a key in quotes at byte 7"),
        ("{\"a\" 1}", "expected `:` at byte 5"),
        ("{\"a\":1]", "expected `,` or `}` at byte 6"),
        ("[1}", "expected `,` or `]` at byte 2"),
        ("\"\n\"", "expected `\\u` and four digits for the control character at byte 1"),
        ("\"\\x\"", "expected one of JSON's escapes at byte 2"),
        ("01", "expected a number as JSON writes it at byte 1"),
        ("1 2", "expected nothing after the value, but something follows at byte 2"),
        ("tru", "expected the rest of a value, but the text ends at byte 3"),
    ] {
        let (bytes, span) = arena(text.as_bytes(), 3, b"}");
        let error = validate(&bytes, span).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
    let deep = "[".repeat(NESTING + 1);
    let (bytes, span) = arena(deep.as_bytes(), 0, b"]");
    let error = validate(&bytes, span).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected at most 128 levels of nesting, but one more begins at byte 128"
    );
    let (bytes, span) = arena(b"\"a\xff\"", 0, b"]");
    assert_eq!(validate(&bytes, span).unwrap_err(), JsonError { at: 2, problem: Problem::BadUtf8 });
}

#[test]
fn keys_are_compared_by_meaning() {
    for (spelt, name, same) in [
        ("business_unit", "business_unit", true),
        (r"business\u005funit", "business_unit", true),
        (r"\ud83d\ude00", "😀", true),
        (r"\/\\\b", "/\\\u{8}", true),
        (r"\ud83d", "\u{FFFD}", false),
        (r"a\u00e4", "aä", true),
        (r"a\u00e4", "a", false),
    ] {
        assert_eq!(
            key_is(spelt.as_bytes(), spelt.contains('\\'), name.as_bytes()),
            same,
            "{spelt}"
        );
    }
}

#[test]
fn lone_surrogates_are_replaced_and_told() {
    let mut out = Vec::new();
    assert!(!unescape(br"a\ud800b", &mut out));
    assert_eq!(out, "a\u{FFFD}b".as_bytes());
}

proptest! {
    #[test]
    fn strings_survive_a_round_trip(text in any::<String>()) {
        let mut spelt = Vec::new();
        escape(&text, &mut spelt);
        prop_assert_eq!(&spelt, &serde_json::to_vec(&text).unwrap());
        let mut back = Vec::new();
        prop_assert!(unescape(&spelt[1..spelt.len() - 1], &mut back));
        prop_assert_eq!(back, text.as_bytes());
    }

    #[test]
    fn any_bytes_of_json(text in r#"([\[\]{},:"\\ eu0-9tf.+-]|true|null|""|"a":|\\u00){0,40}"#) {
        check(text.as_bytes());
    }
}
