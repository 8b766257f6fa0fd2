//! Each kind of value.

use super::*;

#[test]
fn listed_values_are_equally_likely_and_null_is_one_of_them() {
    let counts = spellings(&json!({"one.of": ["BU1", 2, true, null]}), 40_000);
    let values: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(values, ["", "\"BU1\"", "2", "true"]);
    assert!(counts.values().all(|count| (9_700..=10_300).contains(count)), "{counts:?}");
}

#[test]
fn constants_are_copied_as_they_are_spelt() {
    let settings: DatagenSource = serde_json::from_str(
        r#"{"topics": {"t": "M"}, "messages": {"M": {"z": {"constant": 1.10}, "a\"b": {"constant": {"x": [null]}}}}}"#,
    )
    .unwrap();
    assert_eq!(messages(&settings, 1)[0].text, r#"{"z":1.10,"a\"b":{"x": [null]}}"#);
}

#[test]
fn whole_numbers_hold_both_ends() {
    let counts = spellings(&json!({"integer": {"min": -2, "max": 2}}), 10_000);
    let values: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(values, ["-1", "-2", "0", "1", "2"]);
    assert!(counts.values().all(|count| (1_850..=2_150).contains(count)), "{counts:?}");
    let widest = json!({"integer": {"min": i64::MIN, "max": i64::MAX}});
    assert!(spellings(&widest, 100).keys().all(|text| text.parse::<i64>().is_ok()));
}

#[test]
fn decimals_have_all_their_digits_and_hold_both_ends() {
    let counts = spellings(&json!({"decimal": {"min": 0, "max": 1, "digits": 1}}), 2_000);
    let values: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(
        values,
        ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    );
    for text in spellings(&json!({"decimal": {"min": 100, "max": 20_000}}), 2_000).keys() {
        let (whole, decimals) = text.split_once('.').unwrap();
        let cents = whole.parse::<u64>().unwrap() * 100 + decimals.parse::<u64>().unwrap();
        assert!(decimals.len() == 2 && (10_000..=2_000_000).contains(&cents), "{text}");
    }
    assert_eq!(
        spellings(&json!({"decimal": {"min": 100, "max": 100}}), 1).keys().next().unwrap(),
        "100.00"
    );
}

#[test]
fn uuids_are_of_version_4_and_differ() {
    let all = spellings(&json!({"uuid": {}}), 10_000);
    assert_eq!(all.len(), 10_000);
    for text in all.keys() {
        let digits: Vec<&str> = text.trim_matches('"').split('-').collect();
        assert_eq!(
            digits.iter().map(|part| part.len()).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12],
            "{text}"
        );
        assert!(
            digits.concat().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{text}"
        );
        assert!(
            digits[2].starts_with('4') && digits[3].starts_with(['8', '9', 'a', 'b']),
            "{text}"
        );
    }
}

#[test]
fn hex_digits_stand_between_their_texts() {
    for digits in [1, 8, 16, 17, 64] {
        let value = json!({"hex": {"digits": digits, "prefix": "\"<", "suffix": ">\\"}});
        for text in spellings(&value, 100).keys() {
            let text: String = serde_json::from_str(text).unwrap();
            let hex = text.strip_prefix("\"<").unwrap().strip_suffix(">\\").unwrap();
            assert!(
                hex.len() == digits && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{text}"
            );
        }
    }
}

#[test]
fn now_is_spelt_in_each_unit() {
    let check = |unit: &str, expected: &str| {
        assert_eq!(spellings(&json!({"now": unit}), 1).keys().next().unwrap(), expected);
    };
    check("unix.seconds", "1696163696");
    check("unix.milliseconds", "1696163696789");
    check("iso8601", "\"2023-10-01T12:34:56Z\"");
}

#[test]
fn recent_times_lie_within_their_days() {
    let value = json!({"recent": {"days": 30, "as": "unix.seconds"}});
    let all = spellings(&value, 20_000);
    let ago = all.keys().map(|text| NOW_MS / 1_000 - text.parse::<i64>().unwrap());
    let (least, most) = (ago.clone().min().unwrap(), ago.max().unwrap());
    assert!((0..3_600).contains(&least) && (29 * 86_400..30 * 86_400).contains(&most));
    let iso = spellings(&json!({"recent": {"days": 1}}), 100);
    assert!(
        iso.keys()
            .all(|text| text.starts_with("\"2023-") && text.ends_with("Z\"") && text.len() == 22)
    );
}

#[test]
fn columns_of_a_table_come_from_one_row() {
    let settings = settings(&json!({
        "topics": {"t": "M"},
        "messages": {"M": {
            "a": {"row": {"table": "x", "column": "n"}},
            "other": {"row": {"table": "y", "column": "n"}},
            "b": {"row": {"table": "x", "column": "text"}},
        }},
        "tables": {
            "x": [{"n": 1, "text": "one"}, {"n": 2, "text": "two"}, {"n": 3, "text": null}],
            "y": [{"n": 1}, {"n": 2}],
        },
    }));
    let mut seen = BTreeMap::<String, usize>::new();
    for message in messages(&settings, 6_000) {
        *seen.entry(message.text).or_default() += 1;
    }
    let expected = [
        r#"{"a":1,"other":1,"b":"one"}"#,
        r#"{"a":1,"other":2,"b":"one"}"#,
        r#"{"a":2,"other":1,"b":"two"}"#,
        r#"{"a":2,"other":2,"b":"two"}"#,
        r#"{"a":3,"other":1}"#,
        r#"{"a":3,"other":2}"#,
    ];
    assert_eq!(seen.keys().collect::<Vec<_>>(), expected);
    assert!(seen.values().all(|count| (850..=1_150).contains(count)), "{seen:?}");
}

#[test]
fn a_message_of_absent_fields_is_still_an_object() {
    let settings =
        fields(&json!({"a": {"one.of": [null]}, "b": {"one.of": [1]}, "c": {"one.of": [null]}}));
    assert_eq!(messages(&settings, 1)[0].text, r#"{"b":1}"#);
    assert_eq!(messages(&fields(&json!({"a": {"one.of": [null]}})), 1)[0].text, "{}");
}

#[test]
fn what_does_not_hold_is_found_all_at_once() {
    let settings = settings(&json!({
        "topics": {"a": "M", "b.c": "Nothing", "d": "Empty"},
        "messages": {
            "Empty": {},
            "M": {
                "choice": {"one.of": []},
                "whole": {"integer": {"min": 2, "max": 1}},
                "money": {"decimal": {"min": 0, "max": i64::MAX}},
                "table": {"row": {"table": "none", "column": "id"}},
                "column": {"row": {"table": "rows", "column": "name"}},
                "fine": {"uuid": {}},
            },
        },
        "tables": {"rows": [{"id": 1, "name": "x"}, {"id": 2}]},
        "interval.ms": {"min": 2, "max": 1},
        "poison.interval.messages": 200,
    }));
    let found: Vec<String> =
        flaws(&settings).iter().map(|flaw| format!("{}: {}", flaw.place, flaw.message)).collect();
    let expected = [
        "`interval.ms`: `min` 2 is above `max` 1",
        "topics.`b.c`: no generator is declared for `Nothing` under `messages`",
        "messages.Empty: the message has no fields",
        "messages.M.choice: there is no value to draw",
        "messages.M.whole: `min` 2 is above `max` 1",
        "messages.M.money: 9223372036854775807 with 2 decimals has more than 18 digits",
        "messages.M.table: there is no table `none` with rows",
        "messages.M.column: row 2 of table `rows` has no column `name`",
        "`poison.interval.messages`: no message is declared to be poison",
    ];
    assert_eq!(found, expected);
    let error = Stream::new(&settings, None, START).unwrap_err();
    assert_eq!(error.to_string(), "`interval.ms`: `min` 2 is above `max` 1; swap them");
}

#[test]
fn poison_must_be_declared() {
    let mut settings = fields(&json!({"f": {"uuid": {}}}));
    settings.poison_message = Some("P".to_owned());
    let found = flaws(&settings);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].place.to_string(), "`poison.message`");
    let at = Place::of_connector("events").key("source").key("datagen");
    let there = problems(&settings, &at);
    assert_eq!(there[0].place.to_string(), "connectors.events.source.datagen.`poison.message`");
    settings.topics.clear();
    assert_eq!(flaws(&settings)[0].message, "there is no topic");
}

/// What `load` says to settings of the source.
fn said(settings: &str) -> Vec<String> {
    let yaml = format!(
        "kafka: {{bootstrap.servers: a}}\nconnectors: {{c: {{source: {{datagen: {{{settings}}}}}}}}}\n"
    );
    let loaded = load(&yaml, "connectors.yaml", &Variables(&[]));
    loaded.problems.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn the_schema_finds_mistakes_in_every_kind_of_setting() {
    let field = |field: &str| said(&format!("topics: {{t: M}}, messages: {{M: {{f: {field}}}}}"));
    let beside = |setting: &str| {
        said(&format!("topics: {{t: M}}, messages: {{M: {{f: {{uuid: {{}}}}}}}}, {setting}"))
    };
    let check = |said: Vec<String>, begins: &str| {
        assert!(said.len() == 1 && said[0].starts_with(begins), "{begins}: {said:?}");
    };
    check(field("{uid: {}}"), "`f` has no choice `uid`");
    check(field("uuid"), "`f` takes a choice");
    check(field("{one.of: BU1}"), "`one.of` takes a list");
    check(field("{now: seconds}"), "`now` is `unix.seconds`");
    check(field("{hex: {digits: 0}}"), "`digits` takes 1 to 64");
    check(field("{decimal: {min: 1, max: 2, digit: 2}}"), "`decimal` has no setting `digit`");
    check(field("{integer: {min: 1}}"), "`integer` lacks the setting `max`");
    check(beside("interval.ms: fast"), "`interval.ms` takes");
    check(beside("interval.ms: {min: 1}"), "`interval.ms` lacks the setting `max`");
    check(beside("interval.ms: -1"), "`interval.ms` takes 0 to 86400000");
    check(beside("count: 0"), "`count` takes 1 or more");
    assert_eq!(beside("interval.ms: {min: 0, max: 86400000}"), [""; 0]);
}
