//! The harness itself: each operation against the rules of the ABI, and the call layout.

use super::cases::problems;
use super::*;
use crate::{Place, Raw, Record, Settings, Slot, Slots, SmtError, Verdict as Decision};

/// Makes one edit that its settings spell: `[operation, place, argument]`.
#[derive(Debug)]
struct Editor {
    edits: Vec<Vec<String>>,
    whole: Slot,
    id: Slot,
}

fn place(text: &str) -> Place<'_> {
    match text.split_once(':') {
        Some(("key", path)) => Place::key(path),
        Some(("header", name)) => Place::header(name),
        _ => Place::value(text),
    }
}

impl Smt for Editor {
    fn configure(settings: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError> {
        let Some(Json::Array(edits)) = settings.json("edits") else {
            return Err(settings.missing("edits"));
        };
        let words = |edit: &Json| match edit {
            Json::Array(words) => {
                words.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect()
            }
            _ => Vec::new(),
        };
        let last = slots.value_path("last");
        slots.static_edits().set(last, true);
        slots.static_edits().remove("first");
        Ok(Self {
            edits: edits.iter().map(words).collect(),
            whole: slots.value(""),
            id: slots.value("id"),
        })
    }

    fn apply(&self, record: &mut Record<'_>) -> Result<Decision, SmtError> {
        for words in &self.edits {
            let mut words = words.iter().map(String::as_str);
            let (op, at, value) = (words.next(), words.next(), words.next());
            let (at, value) = (at.unwrap_or_default(), value.unwrap_or_default());
            let mut edit = record.edit();
            match op.unwrap_or_default() {
                "set" => edit.set(place(at), Raw(value)),
                "set-id" => edit.set(self.id, Raw(value)),
                "insert" => edit.insert(place(at), Raw(value)),
                "remove" => edit.remove(place(at)),
                "rename" => edit.rename(place(at), value),
                "retain" => edit.retain(at.split(',').map(place)),
                "extract" => edit.extract(place(at)),
                "wrap" => edit.wrap_value(at),
                "wrap-key" => edit.wrap_key(at),
                "copy" => edit.copy(place(at), place(value)),
                "move" => edit.move_to(place(at), place(value)),
                "topic" => edit.set_topic(at),
                "partition" => edit.set_partition(at.parse().ok()),
                "timestamp" => edit.set_timestamp(at.parse().ok()),
                "static" => edit.apply_static(),
                "replace" => return Ok(Decision::Replace(at.to_owned())),
                "record" => return Ok(Decision::ReplaceRecord(at.to_owned())),
                "split" => {
                    return Ok(Decision::Split(vec![at.to_owned(), value.to_owned()]));
                }
                "get" => {
                    let found = record.get(at).unwrap_or_else(|| "\"absent\"".to_owned());
                    record.edit().set("found", Raw(&found));
                }
                other => return Err(SmtError::new("unknown-edit", other)),
            }
        }
        assert!(record.is_absent(self.whole) || record.raw(self.whole).is_some());
        Ok(Decision::Keep)
    }
}

/// One edit of one record: `"edit | input | expected"`, where what is expected is a record or a code.
fn check(edits: &str, input: &str, expected: &str) {
    let expected = match expected {
        "" => "[]".to_owned(),
        code if !code.starts_with(['{', '[']) => format!("{{\"error\":{{\"code\":\"{code}\"}}}}"),
        records if records.starts_with('[') => records.to_owned(),
        record => format!("[{record}]"),
    };
    let case = format!(
        r#"{{"config":{{"edits":{edits}}},"records":[{{"input":{input},"expected":{expected}}}]}}"#
    );
    assert_eq!(problems::<Editor>(&case), Vec::<String>::new(), "{case}");
}

/// The same, on the value alone.
fn check_value(edits: &str, input: &str, expected: &str) {
    let record = |value: &str| match value {
        "absent" => r#"{"topic":"t"}"#.to_owned(),
        _ => format!(r#"{{"topic":"t","value":{value}}}"#),
    };
    let expected =
        if expected.starts_with("guest-") { expected.to_owned() } else { record(expected) };
    check(edits, &record(input), &expected);
}

#[test]
fn set_replaces_or_appends() {
    check_value(r#"[["set","a","2"]]"#, r#"{"a":1,"b":1.10}"#, r#"{"a":2,"b":1.10}"#);
    check_value(r#"[["set","a.b","2"]]"#, "{}", r#"{"a":{"b":2}}"#);
    check_value(r#"[["set","a","2"]]"#, "absent", r#"{"a":2}"#);
    check_value(r#"[["set","","2"]]"#, "absent", "2");
    check_value(r#"[["set","a","3"]]"#, r#"{"a":1,"b":0,"\u0061":2}"#, r#"{"b":0,"a":3}"#);
    check_value(r#"[["set","a[1]","3"]]"#, r#"{"a":[1]}"#, r#"{"a":[1,3]}"#);
    check_value(r#"[["set","[0].x","3"]]"#, "[{}]", r#"[{"x":3}]"#);
    check_value(r#"[["set-id","","3"]]"#, r#"{"id":1}"#, r#"{"id":3}"#);
    for (path, input) in [
        ("a[2]", r#"{"a":[1]}"#),
        ("a.b", r#"{"a":null}"#),
        ("a.b", r#"{"a":1}"#),
        ("a", "[]"),
        ("a", "1"),
    ] {
        check_value(&format!(r#"[["set","{path}","3"]]"#), input, "guest-bad-path");
    }
    check_value(r#"[["set","`a","1"]]"#, "{}", "guest-bad-path");
    check_value(r#"[["set","a","1,"]]"#, "{}", "guest-bad-json");
    check_value(r#"[["set","a","01"]]"#, "{}", "guest-bad-json");
}

#[test]
fn insert_refuses_what_is_there() {
    check_value(r#"[["insert","a","1"]]"#, "{}", r#"{"a":1}"#);
    check_value(r#"[["insert","a","1"]]"#, r#"{"a":null}"#, "guest-exists");
}

#[test]
fn insert_that_overwrites_is_set() {
    for (root, path) in [(Root::Value, &b"a"[..]), (Root::Key, b""), (Root::Header, b"h")] {
        let input = r#"{"topic":"t","key":1,"value":{"a":1},"headers":[{"key":"h","value":1}]}"#;
        let after = |op, overwrite| {
            let mut record = read(input);
            let path = PathRef::Text(path);
            record.apply(&Operation { op, root, overwrite, path, value: b"2" }, &[])?;
            Ok::<String, Fault>(record.json())
        };
        assert_eq!(after(Op::Insert, true), after(Op::Set, false));
        assert_ne!(after(Op::Insert, false), after(Op::Set, false));
    }
}

#[test]
fn remove_takes_all_duplicates() {
    check_value(r#"[["remove","a"]]"#, r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2}"#);
    check_value(r#"[["remove","a[0]"]]"#, r#"{"a":[1,2]}"#, r#"{"a":[2]}"#);
    check_value(r#"[["remove","a.b"]]"#, r#"{"a":1}"#, r#"{"a":1}"#);
    check_value(r#"[["remove",""]]"#, "{}", "absent");
    check_value(r#"[["remove","a"]]"#, "absent", "absent");
}

#[test]
fn rename_replaces_who_has_the_name() {
    check_value(r#"[["rename","a","b"]]"#, r#"{"a":1,"b":2,"a":3}"#, r#"{"b":1,"b":3}"#);
    check_value(r#"[["rename","x.a","b.c"]]"#, r#"{"x":{"a":1}}"#, r#"{"x":{"b.c":1}}"#);
    check_value(r#"[["rename","a","b"]]"#, r#"{"b":2}"#, r#"{"b":2}"#);
    check_value(r#"[["rename","a","a"]]"#, r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#);
    check_value(r#"[["rename","a[0]","b"]]"#, r#"{"a":[1]}"#, "guest-bad-operation");
    check_value(r#"[["rename","","b"]]"#, "{}", "guest-bad-operation");
    check_value(r#"[["rename","a","b"]]"#, "[1]", "[1]");
}

#[test]
fn retain_keeps_what_is_listed() {
    let input = r#"{"a":1,"b":{"c":2,"d":3},"e":4,"a":5}"#;
    check_value(r#"[["retain","a,b.c,nope"]]"#, input, r#"{"a":1,"b":{"c":2},"a":5}"#);
    check_value(r#"[["retain","a.x"]]"#, input, "{}");
    check_value(r#"[["retain","b.x"]]"#, input, r#"{"b":{}}"#);
    check_value(r#"[["retain","b,b.c"]]"#, input, r#"{"b":{"c":2,"d":3}}"#);
    check_value(r#"[["retain","a,"]]"#, input, input);
    check_value(r#"[["retain","a"]]"#, "absent", "absent");
    check_value(r#"[["retain","a"]]"#, "[]", "guest-bad-path");
    check_value(r#"[["retain","a[0]"]]"#, "{}", "guest-bad-operation");
}

#[test]
fn extract_and_wrap_change_the_root() {
    check_value(r#"[["extract","a[0]"]]"#, r#"{"a":[1.0]}"#, "1.0");
    check_value(r#"[["extract","x"]]"#, "{}", "absent");
    check_value(r#"[["wrap","w"]]"#, "absent", r#"{"w":null}"#);
    check_value(r#"[["wrap","w.\"x"]]"#, "1", r#"{"w.\"x":1}"#);
    check(r#"[["wrap-key","k"]]"#, r#"{"topic":"t","key":1}"#, r#"{"topic":"t","key":{"k":1}}"#);
}

#[test]
fn copy_and_move_cross_roots() {
    let input = r#"{"topic":"t","key":"k","value":{"a":1,"a":2},"headers":[{"key":"h","value":1},{"key":"h","value":2}]}"#;
    for (edit, expected) in [
        (
            r#"["copy","a","key:"]"#,
            r#"{"topic":"t","key":2,"value":{"a":2},"headers":[{"key":"h","value":1},{"key":"h","value":2}]}"#,
        ),
        (
            r#"["move","a","header:h"]"#,
            r#"{"topic":"t","key":"k","value":{},"headers":[{"key":"h","value":1},{"key":"h","value":2},{"key":"h","value":2}]}"#,
        ),
        (r#"["move","header:h","x"]"#, r#"{"topic":"t","key":"k","value":{"a":1,"a":2,"x":2}}"#),
        (
            r#"["move","key:","x.y"]"#,
            r#"{"topic":"t","value":{"a":1,"a":2,"x":{"y":"k"}},"headers":[{"key":"h","value":1},{"key":"h","value":2}]}"#,
        ),
        (r#"["copy","nope","x"]"#, input),
        (r#"["move","a","a.b"]"#, "guest-bad-operation"),
        (r#"["move","a","a"]"#, "guest-bad-operation"),
        (r#"["move","a",""]"#, "guest-bad-operation"),
        (r#"["copy","a","a.b"]"#, "guest-bad-operation"),
        (r#"["move","header:h","header:h"]"#, "guest-bad-operation"),
    ] {
        check(&format!("[{edit}]"), input, expected);
    }
}

#[test]
fn headers_are_set_added_and_removed() {
    let list = |names: &[(&str, u32)]| {
        let headers: Vec<_> = names
            .iter()
            .map(|(name, value)| format!(r#"{{"key":"{name}","value":{value}}}"#))
            .collect();
        format!(r#"{{"topic":"t","headers":[{}]}}"#, headers.join(","))
    };
    let input = list(&[("a", 1), ("b", 2), ("a", 3)]);
    check(r#"[["set","header:a","9"]]"#, &input, &list(&[("a", 9), ("b", 2)]));
    check(r#"[["set","header:c","9"]]"#, &input, &list(&[("a", 1), ("b", 2), ("a", 3), ("c", 9)]));
    check(
        r#"[["insert","header:a","9"]]"#,
        &input,
        &list(&[("a", 1), ("b", 2), ("a", 3), ("a", 9)]),
    );
    check(r#"[["remove","header:a"]]"#, &input, &list(&[("b", 2)]));
    check(r#"[["rename","header:a","b"]]"#, &input, "guest-bad-operation");
    check(r#"[["extract","header:a"]]"#, &input, "guest-bad-operation");
    check(r#"[["retain","header:a"]]"#, &input, "guest-bad-operation");
}

#[test]
fn metadata_must_be_possible() {
    let input = r#"{"topic":"t","partition":1,"offset":7,"timestamp":5}"#;
    check(
        r#"[["topic","u"],["partition","3"],["timestamp","9"]]"#,
        input,
        r#"{"topic":"u","partition":3,"offset":7,"timestamp":9}"#,
    );
    check(r#"[["partition",""],["timestamp",""]]"#, input, r#"{"topic":"t","offset":7}"#);
    for edit in
        [r#"["topic",""]"#, r#"["topic","a b"]"#, r#"["topic",".."]"#, r#"["timestamp","-1"]"#]
    {
        check(&format!("[{edit}]"), input, "guest-bad-metadata");
    }
}

#[test]
fn static_edits_apply_in_order_and_count() {
    check_value(r#"[["set","first","1"],["static"]]"#, "{}", r#"{"last":true}"#);
    let many = |count: usize| {
        let edits = vec![r#"["static"]"#; count];
        format!("[{}]", edits.join(","))
    };
    check_value(&many(128), "{}", r#"{"last":true}"#);
    check_value(&many(129), "{}", "guest-operation-limit");
}

#[test]
fn whole_answers_are_read() {
    let input = r#"{"topic":"t","partition":1,"offset":7,"value":1}"#;
    check(
        r#"[["replace","[1.0]"]]"#,
        input,
        r#"{"topic":"t","partition":1,"offset":7,"value":[1.0]}"#,
    );
    check(r#"[["replace","x"]]"#, input, "guest-bad-json");
    check(
        r#"[["record","{\"key\":1,\"offset\":9}"]]"#,
        input,
        r#"{"topic":"t","offset":7,"key":1}"#,
    );
    check(r#"[["record","{\"topik\":1}"]]"#, input, "guest-bad-record");
    check(r#"[["record","{\"key\":1,\"key\":1}"]]"#, input, "guest-bad-record");
    check(r#"[["record","{\"headers\":[{}]}"]]"#, input, "guest-bad-record");
    check(r#"[["record","{\"topic\":\"a b\"}"]]"#, input, "guest-bad-metadata");
    check(
        r#"[["split","{\"value\":1}","{\"topic\":\"u\"}"]]"#,
        input,
        r#"[{"topic":"t","offset":7,"value":1},{"topic":"u","offset":7}]"#,
    );
    check(r#"[["boo"]]"#, input, "unknown-edit");
    check_value(r#"[["get","a.b"]]"#, r#"{"a":{"b":"x"}}"#, r#"{"a":{"b":"x"},"found":"x"}"#);
    check_value(r#"[["get","@header.x"]]"#, "{}", r#"{"found":"absent"}"#);
    let deep = format!(r#"[["set","a","{}{}"]]"#, "[".repeat(128), "]".repeat(128));
    check_value(&deep, "{}", "guest-nesting-limit");
}

#[test]
fn differences_are_told() {
    let told = |expected: &str| {
        let case = format!(
            r#"{{"config":{{"edits":[]}},"records":[{{"input":{{"topic":"t","value":{{"a":1.0,"b":"é"}}}},"expected":{expected}}}]}}"#
        );
        problems::<Editor>(&case).join("; ")
    };
    assert_eq!(told(r#"[{"topic":"t","value":{"b":"\u00e9","a":1.0}}]"#), "");
    assert_eq!(
        told(r#"[{"topic":"t","value":{"a":1,"b":"é"}}]"#),
        "records[0][0].value.a: expected 1, found 1.0"
    );
    assert_eq!(
        told(r#"[{"topic":"t","value":{"a":1.0}}]"#),
        r#"records[0][0].value.b: expected nothing more, found "é""#
    );
    assert!(told("[]").contains("expected [], found"));
    assert!(told(r#"{"error":{"code":"x"}}"#).contains("expected"));
    let refused = r#"{"config":{},"refused":{"path":"edits","message":"?"}}"#;
    let message = r#".message: expected "?", found "the setting `edits` is missing""#;
    assert_eq!(problems::<Editor>(refused), [message]);
}

/// What the worked example of `ABI.md` does.
#[derive(Debug)]
struct MaskAccount(Slot);

impl Smt for MaskAccount {
    fn configure(_: &mut Settings<'_>, slots: &mut Slots) -> Result<Self, SettingsError> {
        let account = slots.value("account");
        slots.value("amount");
        Ok(Self(account))
    }

    fn apply(&self, record: &mut Record<'_>) -> Result<Decision, SmtError> {
        if record.is_absent(self.0) {
            return Err(record.missing(self.0, "a string to mask"));
        }
        let account = record.text(self.0)?;
        let kept = crate::tail(&account, 4).unwrap_or_default();
        record.edit().set(self.0, crate::Joined(["****", kept]));
        Ok(Decision::Keep)
    }
}

/// The bytes of a block of hexadecimal digits in `ABI.md`.
fn worked(name: &str) -> Vec<u8> {
    let document = include_str!("../../ABI.md");
    let block = document.split_once(&format!("```hex {name}\n")).unwrap().1;
    let digits = block.split_once("```").unwrap().0.split_whitespace();
    digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

#[test]
fn the_worked_example_is_what_happens() {
    let mut harness = Harness::<MaskAccount>::new("{}").unwrap();
    let records = [
        r#"{"topic":"t","value":{"account":"ACC-1234","amount":1.10}}"#,
        r#"{"topic":"t","value":{"amount":7}}"#,
    ];
    let mut models: Vec<_> = records.iter().map(|record| read(record)).collect();
    assert_eq!(harness.call(&mut models), worked("input"));
    let outcomes = harness.apply(&records);
    let verdicts: Vec<u8> =
        harness.instance.verdicts().iter().flat_map(|entry| entry.to_le_bytes()).collect();
    assert_eq!(verdicts, worked("verdicts"));
    assert_eq!(harness.instance.out(), worked("output"));
    let masked = r#"{"topic":"t","value":{"account":"****1234","amount":1.10}}"#.to_owned();
    assert_eq!(outcomes[0], Outcome::Records(vec![masked]));
    let message = "`account`: expected a string to mask, found nothing".to_owned();
    assert_eq!(outcomes[1], Outcome::Failed { code: "field-missing".to_owned(), message });
}
