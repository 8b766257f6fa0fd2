//! The scan against `serde_json` and against naive models.

use super::blocks::Blocks;
use super::portable::Portable;
use super::*;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use smt_abi::{SLACK, limit::NESTING};
use std::collections::HashSet;

/// What follows a text must not matter.
const BEHIND: [&[u8]; 8] =
    [b" ", b"\"", b"]}", b"0123456789", b"\\\"", b",\"a\":1", b"\xff\x00{[", b"}]e+1"];

/// An answer with the members' bytes instead of their places.
type Listed = (Result<(Kind, Span, u32), JsonError>, bool, bool, Vec<Text>);

/// Key, value, whether the key is escaped.
type Text = (Vec<u8>, Vec<u8>, bool);

/// A text in an arena: `offset` bytes before it, and what follows it.
fn arena(text: &[u8], offset: usize, behind: &[u8]) -> (Vec<u8>, Span) {
    let mut bytes = vec![b'['; offset];
    bytes.extend_from_slice(text);
    let span = Span::new(offset, bytes.len());
    bytes.extend(behind.iter().copied().cycle().take(SLACK));
    (bytes, span)
}

fn owned(bytes: &[u8], member: Member) -> Text {
    (member.key.of(bytes).to_vec(), member.value.of(bytes).to_vec(), member.escaped)
}

fn scan<B: Blocks>(blocks: B, (bytes, text): &(Vec<u8>, Span), layout: &mut Layout) -> Listed {
    let mut members = Vec::new();
    let index = index_by(blocks, bytes, *text, layout, |member| members.push(owned(bytes, member)));
    let valid = validate_by(blocks, bytes, *text);
    assert_eq!(valid, index.map(|Index { kind, value, depth, .. }| Valid { kind, value, depth }));
    let Ok(index) = index else { return (Err(index.unwrap_err()), false, false, Vec::new()) };
    let mut again = Vec::new();
    let listing = members_by(blocks, bytes, index.value, |member| again.push(owned(bytes, member)));
    assert_eq!(again, members);
    let Index { kind, value, duplicates, escaped, .. } = index;
    assert_eq!(listing, Listing { kind, duplicates, escaped });
    let value = Span { start: value.start - text.start, end: value.end - text.start };
    (Ok((kind, value, index.depth)), duplicates, escaped, members)
}

/// The members of a valid container, found by counting brackets.
fn model(text: &[u8]) -> Vec<Text> {
    let mut members = Vec::new();
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    let (mut depth, mut in_string, mut escape) = (0, false, false);
    let blank = |byte: &u8| b" \t\n\r".contains(byte);
    let trim = |part: &[u8]| {
        let start = part.iter().position(|byte| !blank(byte)).unwrap_or(part.len());
        let end = part.iter().rposition(|byte| !blank(byte)).map_or(start, |end| end + 1);
        part[start..end].to_vec()
    };
    for byte in text {
        let opens = !in_string && b"{[".contains(byte);
        let closes = !in_string && b"}]".contains(byte);
        depth -= i32::from(closes);
        if depth == 1 && !in_string && b",:".contains(byte) || depth == 0 && closes {
            parts.push(Vec::new());
            if *byte != b':' {
                let value = trim(&parts[parts.len() - 2]);
                let key = if parts.len() == 3 { trim(&parts[0]) } else { b"\"\"".to_vec() };
                if !value.is_empty() {
                    let key = key[1..key.len() - 1].to_vec();
                    members.push((key.clone(), value, key.contains(&b'\\')));
                }
                parts = vec![Vec::new()];
            }
        } else if depth >= 1 {
            parts.last_mut().unwrap().push(*byte);
        }
        depth += i32::from(opens);
        in_string ^= *byte == b'"' && !escape;
        escape = in_string && *byte == b'\\' && !escape;
    }
    members
}

/// Everything that is promised of one text.
fn check(text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    let valid =
        serde_json::from_slice::<IgnoredAny>(text).is_ok() && core::str::from_utf8(text).is_ok();
    let (exact, duplicates, escaped, members) =
        scan(NATIVE, &arena(text, 0, b"x"), &mut Layout::default());
    match exact {
        Ok((kind, value, _)) => {
            assert!(valid, "accepted: {shown}");
            let container = matches!(kind, Kind::Object | Kind::Array);
            let value = value.of(text);
            assert_eq!(members, if container { model(value) } else { Vec::new() }, "{shown}");
            assert_eq!(escaped, members.iter().any(|member| member.2), "{shown}");
            let mut keys = HashSet::new();
            let mut new = |key| keys.insert(text::meaning(key).collect::<Vec<u8>>());
            let all_new = members.iter().filter(|member| !new(&member.0)).count() == 0;
            assert_eq!(duplicates, kind == Kind::Object && !all_new, "{shown}");
        }
        Err(error) => {
            assert!(!valid || error.problem == Problem::TooDeep, "{error}: {shown}");
            assert!(error.at as usize <= text.len(), "{error}: {shown}");
        }
    }
    let answer = (exact, duplicates, escaped, members);
    for (offset, behind) in BEHIND.iter().enumerate() {
        let arena = arena(text, offset * 7, behind);
        assert_eq!(scan(NATIVE, &arena, &mut Layout::default()), answer, "{shown}");
        assert_eq!(scan(Portable, &arena, &mut Layout::default()), answer, "{shown}");
    }
}

/// The layouts that a stream of texts matched; everything else must be as without a layout.
fn layouts(texts: &[&str]) -> Vec<u32> {
    let (mut layout, mut twin) = (Layout::default(), Layout::default());
    let mut found = Vec::new();
    for text in texts {
        let (bytes, span) = arena(text.as_bytes(), 0, b" ");
        let mut fresh = Vec::new();
        let index_fresh = index(&bytes, span, &mut Layout::default(), |member| fresh.push(member));
        let mut members = Vec::new();
        let index = index(&bytes, span, &mut layout, |member| members.push(member));
        assert_eq!(members, fresh, "{text}");
        let ids = |index: Result<Index, _>, layout| index.map(|index| Index { layout, ..index });
        assert_eq!(ids(index, 0), ids(index_fresh, 0), "{text}");
        assert_eq!(index_by(Portable, &bytes, span, &mut twin, |_| ()), index, "{text}");
        found.push(index.unwrap().layout);
    }
    found
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
    let (bytes, span) = arena(b"\"a\xff\"", 0, b"]");
    assert_eq!(validate(&bytes, span).unwrap_err().to_string(), "expected UTF-8 at byte 2");
}

/// Right and wrong, by one byte often.
const TEXTS: &[&str] = &[
    "",
    " ",
    "1",
    "-",
    "-0",
    "-01",
    "1.",
    "1.e1",
    "1e",
    "1e+",
    "1E-9",
    ".5",
    "+1",
    "0.0e00",
    "1_0",
    "tru",
    "true",
    "truex",
    "null ",
    " \t\r\n false",
    "\u{feff}1",
    "\"",
    "\"\\\"",
    "\"\\ud800\"",
    "\"\\u12g4\"",
    "\"\u{7f}\"",
    "\"\u{1f}\"",
    "[]",
    "[ ]",
    "[,]",
    "[1 2]",
    "[1,]",
    "[[]",
    "[]]",
    "{}",
    "{ }",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{1:2}",
    "{\"a\":1 \"b\":2}",
    "{\"a\" : 1 , \"b\" : [ { } , [ ] ] }",
    "[{\"a\":1},{\"a\"}]",
    "[{\"a\":[:]}]",
    "[{[1]:2}]",
    "[{[1]}]",
    "[{}:1]",
    "[[1:2]]",
    "[[\"a\":2]]",
    "[{\"a\",\"b\"}]",
    "[{\"a\":1:2}]",
    "[[1}]",
    "[{\"a\":1]]",
    "[[1]2]",
    "[\"a\"\"b\"]",
    "[[\"a\"\"b\"]]",
    "[[\"a\"1]]",
    "[[1\"a\"]]",
    "[[1.5.5]]",
    "[[1,,2]]",
    "[[,1]]",
    "[[1,]]",
    "[{\"a\":1,}]",
    "[{,}]",
    "[[\u{1}]]",
    "[[\"\u{1}\"]]",
    "[[\\]]",
    "[[1\\\"]]",
    "[[truefalse]]",
    "[[1234567890123456789012345678901234567890]]",
    "[[1.23456789012345678901e12]]",
    "[123456789012345.5,1234567890123456,0.12345678901234,0.123456789012345]",
    "[[-]]",
    "[[- 1]]",
    "{\"a\":1}}",
    "{\"a\":1}\u{0}",
    "[\"\\\\\",\"\\\\\\\"\",[\"\\\\\",\"\\\\\\\"\"]]",
    "[[\"\\q\"]]",
    "{\"\\u0061\":1,\"a\":2}",
    "{\"\\ud800\":1,\"\\uD800\":2}",
];

#[test]
fn texts_are_accepted_as_serde_accepts_them() {
    for text in TEXTS {
        check(text.as_bytes());
    }
    check(b"[\"\xff\"]");
    check(b"[[\"\xc3\"]]");
    check(b"[\xc3\xa4]");
}

#[test]
fn every_sequence_of_few_tokens_is_judged_right() {
    const TOKENS: [&str; 9] = ["{", "}", "[", "]", ",", ":", "\"a\"", "1", " "];
    const LENGTH: u32 = 5;
    for number in 0..TOKENS.len().pow(LENGTH) {
        let token = |place| TOKENS[number / TOKENS.len().pow(place) % TOKENS.len()];
        let text = format!("[{}]", (0..LENGTH).map(token).collect::<String>());
        let valid = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        let (bytes, span) = arena(text.as_bytes(), 0, b"]");
        assert_eq!(validate(&bytes, span).is_ok(), valid, "{text}");
        let index = index(&bytes, span, &mut Layout::default(), |_| ());
        assert_eq!(index.is_ok(), valid, "{text}");
    }
}

#[test]
fn nesting_ends_at_the_limit() {
    for depth in [1, 64, NESTING, NESTING + 1, 3 * NESTING] {
        check("[".repeat(depth).as_bytes());
        let mut text = "[".repeat(depth) + &"]".repeat(depth);
        check(text.as_bytes());
        text = "{\"a\":[".repeat(depth / 2) + &"]}".repeat(depth / 2);
        check(text.as_bytes());
    }
    let (bytes, span) = arena("[".repeat(NESTING + 1).as_bytes(), 0, b"]");
    let expected = "expected at most 128 levels of nesting, but one more begins at byte 128";
    assert_eq!(validate(&bytes, span).unwrap_err().to_string(), expected);
}

#[test]
fn tokens_may_lie_across_blocks() {
    for token in [
        "\"\\\\\\\"\"",
        "-12.5e+3",
        "false",
        "{\"k\" : [ 1 ] }",
        "[ ]",
        "\"\\u00e4ä\"",
        "\"]\"",
        "[{\"\":{}}]",
    ] {
        for before in 0..140 {
            let fill = "x".repeat(before);
            check(format!("[\"{fill}\",{token}]").as_bytes());
            check(format!("[[\"{fill}\",{token} , 1]]").as_bytes());
            check(format!("{{\"a\":[{}{token}]}}", " ".repeat(before)).as_bytes());
            check(format!("[{{\"{fill}\":{token}}}]").as_bytes());
            check(format!("[[\"{fill}\",{token}, ]]").as_bytes());
            check(format!("[{{\"{fill}\" {token}}}]").as_bytes());
        }
    }
}

#[test]
fn many_keys_are_compared_in_time() {
    let mut keys: Vec<_> =
        (0..20_000).map(|key| format!("\"some_long_prefix_{key:08}_of_a_key\":{key}")).collect();
    let mut check = |duplicates| {
        let arena = arena(format!("{{{}}}", keys.join(",")).as_bytes(), 0, b" ");
        let (index, found, _, members) = scan(NATIVE, &arena, &mut Layout::default());
        assert!(index.is_ok());
        assert_eq!((found, members.len()), (duplicates, keys.len()));
        keys[19_999] = "\"some_long_prefix_0000\\u00301\\u0037\\u0031_of_a_key\":1".to_owned();
    };
    check(false);
    check(true);
}

#[test]
fn layouts_are_learnt_and_kept() {
    let found = layouts(&[
        r#"{"id":1,"name":"x","at":2}"#,
        r#"{"id": 9, "name": "y", "at": 3}"#,
        r#"{"id":1,"at":2}"#,
        r#"{"name":"x","id":1,"at":2}"#,
        r#"{"id":1,"name":"x","at":2,"more":[]}"#,
        r#"{"id":1,"name":"x","at":2,"id":[]}"#,
        r#"{"i\u0064":1,"name":"x","at":2}"#,
        r#"{"id":1,"name":"x","id":2}"#,
        r#"{"id":1,"name":"x","\u0061t":2,"at":1}"#,
        r#"{"id":1,"name":"x","at":2}"#,
    ]);
    assert_eq!(found, [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn what_is_wrong_is_not_learnt() {
    for text in [&b"{\"a\xff\":1}"[..], b"{\"a\":1}x", b"{\"a\":\"\xff\"}"] {
        let (bytes, span) = arena(text, 0, b" ");
        let mut layout = Layout::default();
        for _ in 0..3 {
            assert!(index(&bytes, span, &mut layout, |_| ()).is_err());
        }
        let (bytes, span) = arena(b"{\"b\":1}", 0, b" ");
        assert_eq!(index(&bytes, span, &mut layout, |_| ()).unwrap().layout, 1);
    }
}

#[test]
fn shuffled_keys_become_a_layout_again_when_they_stand_in_order() {
    let mut texts = vec![r#"{"id":1,"name":2,"at":3}"#];
    texts.extend([r#"{"at":1,"name":2,"id":3}"#; 5]);
    texts.extend([r#"{"id": 1, "name": 2, "at": 3}"#; 2]);
    assert_eq!(layouts(&texts), [1, 0, 0, 0, 0, 0, 1, 1]);
}

#[test]
fn a_layout_that_matches_no_more_is_replaced() {
    let other = [r#"{"b":1}"#; 9];
    let mut texts = vec![r#"{"a":1}"#];
    texts.extend(other);
    texts.push(r#"{"b":2}"#);
    assert_eq!(layouts(&texts), [1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2]);
}

#[test]
fn garbage_is_listed_without_a_panic() {
    for garbage in [&b""[..], b"{", b"{\"", b"[1", b"{\"a\":", b"}", b"\"", b"{\"a\\"] {
        let (bytes, span) = arena(garbage, 0, b"{\"[");
        members(&bytes, span, |member| assert!(member.value.end as usize <= bytes.len()));
    }
}

/// An object with some of a few keys, mostly in order, in different spellings.
fn record() -> impl Strategy<Value = String> {
    let names = prop::sample::subsequence(
        vec![
            "id",
            "a",
            "customer_id",
            "customer_name",
            "customer_no",
            "customer_nr",
            "customer_x",
            "other",
        ],
        0..8,
    );
    let fill = prop_oneof![4 => Just(0_usize), 1 => 0..70_usize];
    let order = prop_oneof![3 => Just(false), 1 => Just(true)];
    let style = prop_oneof![3 => Just(("", "")), 1 => Just(("", " ")), 1 => Just((" ", "\n"))];
    (names, fill, order, style, 0..20).prop_map(
        |(names, fill, reversed, (before, after), change)| {
            let mut keys: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            match (change, keys.first().cloned()) {
                (0, Some(first)) => keys.push(first),
                (1, Some(first)) => keys.push(first.replacen('c', "\\u0063", 1)),
                (2, Some(_)) => keys[0] = keys[0].replacen('i', "\\u0069", 1),
                (3, _) => keys.push(format!("more_{}", "x".repeat(fill))),
                _ => (),
            }
            if reversed {
                keys.reverse();
            }
            let member = |key: &String| format!("\"{key}\"{before}:{after}1");
            format!(
                "{{{}}}",
                keys.iter().map(member).collect::<Vec<_>>().join(&format!(",{after}"))
            )
        },
    )
}

/// A JSON text with blanks, escapes and more than ASCII.
fn document() -> impl Strategy<Value = String> {
    let blank =
        || prop_oneof![4 => Just(String::new()), 1 => Just(" ".to_owned()), 1 => "[ \t\n\r]{0,80}"];
    let string = || {
        r#""([a-z"-~ ]|[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,40}""#.prop_map(|text| text)
    };
    let key = move || {
        prop_oneof![
            Just("\"a\"".to_owned()),
            Just("\"\\u0061\"".to_owned()),
            "\"[a-z_]{0,70}\"",
            string()
        ]
    };
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?";
    let leaf = prop_oneof![
        string(),
        number,
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("null".to_owned())
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let value = (blank(), inner, blank())
            .prop_map(|(before, value, after)| format!("{before}{value}{after}"));
        let key = (blank(), key(), blank())
            .prop_map(|(before, key, after)| format!("{before}{key}{after}"));
        let member = (key, value.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        prop_oneof![
            prop::collection::vec(value, 0..6).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec(member, 0..6)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
            blank().prop_map(|blank| format!("[{blank}]")),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_of_json(text in r#"([\[\]{},:"\\ eu0-9tf.+-]|true|null|""|"a":|\\u00){0,40}"#) {
        check(text.as_bytes());
        check(format!("[{text}]").as_bytes());
        check(format!("[{{\"a\":[{text}]}}]").as_bytes());
    }

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..100)) {
        check(&text);
        members(&arena(&text, 0, b"\"").0, Span::new(0, text.len()), |_| ());
    }

    #[test]
    fn layouts_change_no_answer(records in prop::collection::vec(record(), 0..40)) {
        layouts(&records.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn documents(text in document()) {
        check(text.as_bytes());
    }

    #[test]
    fn mutated_documents(
        text in document(),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(&b"\"\\{}[],: \n01.eE+-tfn\x00\x1f\x7f\x80\xc3\xffa"[..]),
        how in 0..3,
    ) {
        let mut text = text.into_bytes();
        let at = at.index(text.len());
        match how {
            0 => text[at] = byte,
            1 => text.insert(at, byte),
            _ => text.truncate(at),
        }
        check(&text);
    }

    #[test]
    fn twins_answer_the_same(block in prop::array::uniform32(prop_oneof![any::<u8>(), prop::sample::select(&b"\"\\{}[],: \t\n\r09/:\x1f\x20\x21\x7f\x80\xff"[..])]), other in any::<[u8; 32]>()) {
        let (native, mut whole) = (NATIVE, [0; 64]);
        whole[..32].copy_from_slice(&block);
        whole[32..].copy_from_slice(&other);
        let part: &[u8; 16] = block.first_chunk().unwrap();
        prop_assert_eq!(native.specials(part), Portable.specials(part));
        prop_assert_eq!(native.digits(part), Portable.digits(part));
        let mut changed = block;
        changed[usize::from(other[0] % 32)] = other[1];
        prop_assert_eq!(native.differences(&block, &changed), Portable.differences(&block, &changed));
        prop_assert_eq!(native.quoted(&whole), Portable.quoted(&whole));
        prop_assert_eq!(native.structure(&whole), Portable.structure(&whole));
        prop_assert_eq!(native.blanks(&whole), Portable.blanks(&whole));
    }
}
