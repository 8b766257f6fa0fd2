//! Rows of records, table-driven.

use super::*;
use crate::{
    batch::Batch,
    config,
    edit::Place,
    record::{NewRecord, RecordId},
};
use proptest::prelude::*;

/// Columns from settings as JSON.
fn columns(settings: &str) -> Result<Columns, ColumnError> {
    let settings: Vec<config::Column> = serde_json::from_str(settings).unwrap();
    Columns::new(&settings)
}

fn record(value: Option<&str>) -> NewRecord<'_> {
    NewRecord {
        topic: "orders",
        partition: Some(3),
        offset: Some(17),
        timestamp: Some(1_696_163_696_789),
        key: Some(b"\"k\\u00e9\""),
        value: value.map(str::as_bytes),
        headers: &[("a", Some(b"1")), ("b", None), ("a", Some(b"\"two\""))],
    }
}

/// A row as a person reads it: values between bars, or the code of the refusal.
fn shown(columns: &mut Columns, batch: &Batch, id: RecordId) -> String {
    let mut rows = Rows::default();
    if let Err(refusal) = columns.read(batch, id, &mut rows) {
        return format!("{}: {}", refusal.code, refusal.message);
    }
    let value = |value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(text) => format!("'{}'", String::from_utf8(text.to_vec()).unwrap()),
    };
    rows.row(0).map(value).collect::<Vec<_>>().join("|")
}

fn check(settings: &str, value: Option<&str>, expected: &str) {
    let mut batch = Batch::default();
    let id = batch.push(&record(value));
    let mut columns = columns(settings).unwrap();
    assert_eq!(shown(&mut columns, &batch, id), expected, "{settings} of {value:?}");
}

/// One column `c` of this type, of the place `v`.
fn one(kind: &str, value: &str) -> String {
    let mut batch = Batch::default();
    let id = batch.push(&record(Some(&format!("{{\"v\" : {value} }}"))));
    let mut columns = columns(&format!(r#"[{{"name":"c","path":"v",{kind}}}]"#)).unwrap();
    let shown = shown(&mut columns, &batch, id);
    shown
        .split_once(':')
        .filter(|(code, _)| code.starts_with("column"))
        .map_or(shown.clone(), |(code, _)| code.to_owned())
}

#[test]
fn values_become_what_their_column_holds() {
    let (text, integer, real) = (r#""type":"text""#, r#""type":"integer""#, r#""type":"real""#);
    let (decimal, boolean, json) =
        (r#""type":"decimal""#, r#""type":"boolean""#, r#""type":"json""#);
    for (kind, value, expected) in [
        (text, r#""a\"b\u00e9\ud83d\ude00\u0000\/""#, "'a\"bé😀\0/'"),
        (text, r#""\ud83d""#, code::SURROGATE),
        (text, "1.10", "'1.10'"),
        (text, r#"{"a":[1, 2]}"#, r#"'{"a":[1, 2]}'"#),
        (text, "null", "NULL"),
        (integer, "9223372036854775807", "9223372036854775807"),
        (integer, "-9223372036854775808", "-9223372036854775808"),
        (integer, "9223372036854775808", code::RANGE),
        (integer, r#""9223372036854775807""#, "9223372036854775807"),
        (integer, "3.0", "3"),
        (integer, "3.5", code::TYPE),
        (integer, r#""three""#, code::TYPE),
        (integer, "true", code::TYPE),
        (integer, "[1]", code::TYPE),
        (real, "1e-3", "0.001"),
        (real, r#""-2.5""#, "-2.5"),
        (real, "1e400", code::RANGE),
        (real, r#""NaN""#, code::TYPE),
        (decimal, "1.10", "'1.10'"),
        (decimal, "12345678901234567890123.4500", "'12345678901234567890123.4500'"),
        (decimal, r#""0.30""#, "'0.30'"),
        (decimal, r#""0.3.0""#, code::TYPE),
        (boolean, "true", "true"),
        (boolean, "false", "false"),
        (boolean, "1", code::TYPE),
        (boolean, r#""true""#, code::TYPE),
        (json, r#"{ "a" : "\u00e9", "a":1.0 }"#, r#"'{ "a" : "\u00e9", "a":1.0 }'"#),
        (json, r#""\ud83d""#, r#"'"\ud83d"'"#),
        (json, "null", "NULL"),
    ] {
        assert_eq!(one(kind, value), expected, "{kind} of {value}");
    }
}

#[test]
fn times_become_iso_8601_in_utc() {
    let from = |unit: &str| format!(r#""type":"timestamp","from":"{unit}""#);
    let (s, ms, iso) = (from("unix.seconds"), from("unix.milliseconds"), from("iso8601"));
    for (kind, value, expected) in [
        (&s, "1696163696", "'2023-10-01T12:34:56Z'"),
        (&s, r#""1696163696""#, "'2023-10-01T12:34:56Z'"),
        (&s, "1696163696.5", code::TYPE),
        (&s, "1696163696789", code::RANGE),
        (&s, "1e30", code::RANGE),
        (&ms, "1696163696789", "'2023-10-01T12:34:56.789Z'"),
        (&ms, "-1", "'1969-12-31T23:59:59.999Z'"),
        (&iso, r#""2023-10-01T12:34:56.10+05:30""#, "'2023-10-01T07:04:56.10Z'"),
        (&iso, r#""2023-10-01T12:34:56\u005a""#, "'2023-10-01T12:34:56Z'"),
        (&iso, r#""2023-10-01""#, code::TYPE),
        (&iso, "1696163696", code::TYPE),
        (&iso, r#""0000-01-01T00:00:00+01:00""#, code::RANGE),
    ] {
        assert_eq!(one(kind, value), expected, "{kind} of {value}");
    }
    assert_eq!(one(r#""type":"timestamp""#, r#""2023-10-01T00:00:00Z""#), "'2023-10-01T00:00:00Z'");
}

#[test]
fn absent_null_default_and_required_are_four_things() {
    let plain = r#"[{"name":"a"},{"name":"b","path":"o.p[1]"}]"#;
    check(plain, Some(r#"{"a":1,"o":{"p":[0,"x"]}}"#), "'1'|'x'");
    check(plain, Some(r#"{"o":{"p":[]},"a":null}"#), "NULL|NULL");
    check(plain, Some("7"), "NULL|NULL");
    let default = r#"[{"name":"a","type":"integer","default":"5","required":true}]"#;
    check(default, Some("{}"), "5");
    check(
        default,
        Some(r#"{"a":null}"#),
        "column-required: column `a` is required, and `a` is absent or null",
    );
    check(
        r#"[{"name":"id","path":"a.b","required":true}]"#,
        Some(r#"{"a":{}}"#),
        "column-required: column `id` is required, and `a.b` is absent or null",
    );
    check(
        r#"[{"name":"n","path":"a","type":"integer"}]"#,
        Some(r#"{"a":"secret"}"#),
        "column-type: column `n` takes a whole number of 64 bits, and `a` is a string that is none",
    );
}

#[test]
fn a_column_without_a_path_reads_the_field_of_its_name() {
    check(r#"[{"name":"a.b"},{"name":"`"}]"#, Some(r#"{"a.b":1,"`":2,"a":{"b":3}}"#), "'1'|'2'");
}

#[test]
fn what_is_known_beside_the_value_has_its_own_type() {
    let metadata = r#"[
        {"name":"t","metadata":"topic"},{"name":"p","metadata":"partition"},{"name":"o","metadata":"offset"},
        {"name":"at","metadata":"timestamp","type":"timestamp"},{"name":"k","metadata":"key"},
        {"name":"h","metadata":"headers"},{"name":"c","constant":"x'y","required":true},
        {"name":"n","constant":"1","type":"integer"}]"#;
    let row = r#"'orders'|3|17|'2023-10-01T12:34:56.789Z'|'"k\u00e9"'|'[{"key":"a","value":1},{"key":"b"},{"key":"a","value":"two"}]'|'x'y'|1"#;
    check(metadata, Some("{}"), row);
    check(metadata, None, row);
}

#[test]
fn without_columns_the_value_stays_as_it_is() {
    let envelope = r#"'{"CreateTime":1696163696789,"topic":"orders","partition":3,"offset":17,"key":"k\u00e9","headers":{"b":null,"a":"two"}}'"#;
    let value = " { \"a\" : 1.10 } ";
    check("[]", Some(value), &format!("'{value}'|{envelope}"));
    check("[]", None, &format!("NULL|{envelope}"));
}

#[test]
fn many_headers_are_counted() {
    let names: Vec<String> = (0..100).map(|number| format!("h{}", number % 50)).collect();
    let headers: Vec<(&str, Option<&[u8]>)> =
        names.iter().map(|name| (name.as_str(), Some(&b"1"[..]))).collect();
    let mut batch = Batch::default();
    let id = batch.push(&NewRecord { topic: "t", headers: &headers, ..NewRecord::default() });
    let shown = shown(&mut columns("[]").unwrap(), &batch, id);
    assert_eq!(shown.matches("\":1").count(), 50, "{shown}");
}

#[test]
fn a_tombstone_has_no_fields() {
    let mut batch = Batch::default();
    let id = batch.push(&record(None));
    let mut columns = columns(r#"[{"name":"t","metadata":"topic"},{"name":"a"}]"#).unwrap();
    let refused = shown(&mut columns, &batch, id);
    assert!(refused.starts_with("tombstone: ") && refused.contains("column `a`"), "{refused}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (settings, expected) in [
        (r#"[{"name":"a","path":"`b"}]"#, "column `a`: `path: `b` cannot be read"),
        (
            r#"[{"name":"a","path":"b","constant":"c"}]"#,
            "column `a`: `path` and `constant` exclude each other",
        ),
        (
            r#"[{"name":"a","constant":"c","metadata":"topic"}]"#,
            "column `a`: `constant` and `metadata` exclude each other",
        ),
        (
            r#"[{"name":"a","constant":"c","default":"d"}]"#,
            "column `a`: `constant` and `default` exclude each other",
        ),
        (
            r#"[{"name":"a","type":"integer","default":"1.5"}]"#,
            "column `a`: `default: 1.5` is not a whole number of 64 bits",
        ),
        (r#"[{"name":"a","type":"json","constant":"{"}]"#, "column `a`: `constant: {` is not JSON"),
        (
            r#"[{"name":"a","type":"boolean","default":"yes"}]"#,
            "column `a`: `default: yes` is not true or false",
        ),
        (
            r#"[{"name":"a","metadata":"offset","type":"real"}]"#,
            "column `a`: `metadata` has the type `integer` by itself; leave `type` out",
        ),
        (
            r#"[{"name":"a","from":"unix.seconds"}]"#,
            "column `a`: `from` is for `type: timestamp` with a `path`",
        ),
    ] {
        assert_eq!(columns(settings).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_refused_record_leaves_nothing_behind() {
    let mut batch = Batch::default();
    let ids = [r#"{"a":"x","b":1}"#, r#"{"a":"y","b":"no"}"#, r#"{"a":"z","b":3}"#]
        .map(|value| batch.push(&record(Some(value))));
    let mut columns = columns(r#"[{"name":"a"},{"name":"b","type":"integer"}]"#).unwrap();
    let mut rows = Rows::default();
    for _ in 0..2 {
        rows.clear();
        let read = ids.map(|id| columns.read(&batch, id, &mut rows).is_ok());
        assert_eq!((read, rows.len()), ([true, false, true], 2));
        assert_eq!(rows.row(0).collect::<Vec<_>>(), [Value::Text(b"x"), Value::Integer(1)]);
        assert_eq!(rows.row(1).collect::<Vec<_>>(), [Value::Text(b"z"), Value::Integer(3)]);
    }
}

#[test]
fn values_are_read_as_transforms_left_them() {
    let mut batch = Batch::default();
    let id = batch.push(&record(Some(r#"{"a":{"b":1,"c":2},"d":3}"#)));
    batch.set(id, &mut Place::parse("a.b").unwrap(), b"\"new\"");
    batch.set(id, &mut Place::parse("e.f").unwrap(), b"4");
    let settings = r#"[{"name":"b","path":"a.b"},{"name":"a","type":"json"},{"name":"f","path":"e.f"},{"name":"w","path":"e"}]"#;
    let mut columns = columns(settings).unwrap();
    assert_eq!(shown(&mut columns, &batch, id), r#"'new'|'{"b":"new","c":2}'|'4'|'{"f":4}'"#);
}

proptest! {
    #[test]
    fn any_string_is_stored_as_it_is(text in any::<String>()) {
        let value = serde_json::json!({"v": text}).to_string();
        let mut batch = Batch::default();
        let id = batch.push(&record(Some(&value)));
        let mut rows = Rows::default();
        columns(r#"[{"name":"v"}]"#).unwrap().read(&batch, id, &mut rows).unwrap();
        prop_assert_eq!(rows.row(0).next(), Some(Value::Text(text.as_bytes())));
    }
}
