//! The command line, run as an operator runs it: what stands on standard output and standard error, and the exit code.

use std::{
    io::Write,
    process::{Command, Stdio},
};

const TRADES: &str = r#"{"trade_id": "T1", "account_id": "ACC-0012345678", "business_unit": "BU1", "amount": 1.10}
{"trade_id": "T2", "account_id": "ACC-0087654321", "business_unit": "BU9", "amount": 12345678901234567890.5}
{"trade_id": "T3", "account_id": true
{ "account_id" : "x", "account_id" : "the \"last\"", "business_unit":"BU1" }
"#;

/// Runs the binary and shows all that came of it.
pub(crate) fn transom(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_transom"))
        .args(arguments)
        .env_remove("RUST_LOG")
        .env("COLUMNS", "100")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its arguments does not read.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    format!(
        "{}--- stderr\n{}--- exit {}\n",
        text(output.stdout),
        text(output.stderr),
        output.status.code().unwrap()
    )
}

fn apply(smt: &str, arguments: &[&str], input: &str) -> String {
    transom(&[&["smt", "apply", smt], arguments].concat(), input)
}

#[test]
fn values_go_in_and_come_out() {
    insta::assert_snapshot!(apply(
        "mask-field",
        &["--config", r#"{"fields":["account_id"],"keep.last":4}"#],
        TRADES
    ));
}

#[test]
fn verdicts_say_what_became_of_each_line() {
    let config = r#"{"allowed_business_units":["BU1"]}"#;
    insta::assert_snapshot!(apply(
        "business-unit-filter",
        &["--config", config, "--verdicts"],
        TRADES
    ));
}

#[test]
fn records_have_key_and_metadata() {
    let records = r#"{"topic":"orders","partition":3,"offset":17,"timestamp":1700000000000,"key":"k","value":{"a":1.0},"headers":[{"key":"h","value":2}]}
{"key":"gone"}
{"vaule":1}
"#;
    let config =
        r#"{"topic.field":"t","partition.field":"p","offset.field":"o","timestamp.field":"ts"}"#;
    insta::assert_snapshot!(apply(
        "insert-field",
        &["--records", "--topic", "other", "--config", config],
        records
    ));
}

#[test]
fn failures_are_a_line_each() {
    insta::assert_snapshot!(apply(
        "mask-field",
        &["--config", r#"{"fields":["a"],"replacement":"x"}"#],
        "{\"a\":true}\n\n5\n{\"a\":1}\n{\"a\":\"s\"}"
    ));
}

#[test]
fn bad_usage_is_told_before_anything_is_read() {
    let all = [
        apply("mask", &[], ""),
        apply("./no-such.wasm", &[], ""),
        apply("mask-field", &["--config", "{"], ""),
        apply("mask-field", &["--config", r#"{"field":["a"]}"#], ""),
        apply("mask-field", &["--config", r#"{"fields":[]}"#], ""),
        apply("Cargo.toml.wasm", &[], ""),
        transom(&["smt", "aply"], ""),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn a_file_that_is_no_module_is_refused() {
    let file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    let shown = apply(file.path().to_str().unwrap(), &[], "");
    insta::assert_snapshot!(shown.replace(file.path().to_str().unwrap(), "FILE"));
}

#[test]
fn help_and_plugins_are_what_a_newcomer_reads() {
    insta::assert_snapshot!("help", transom(&["--help"], ""));
    insta::assert_snapshot!("help_apply", transom(&["smt", "apply", "--help"], ""));
    insta::assert_snapshot!("help_reload", transom(&["reload", "--help"], ""));
    insta::assert_snapshot!("plugins", transom(&["plugins"], ""));
}

#[test]
fn help_of_dead_letters_and_offsets_says_what_to_type() {
    let of = |command: &[&str]| transom(&[command, &["--help"]].concat(), "");
    insta::assert_snapshot!("help_dlq", of(&["dlq"]));
    insta::assert_snapshot!("help_dlq_list", of(&["dlq", "list"]));
    insta::assert_snapshot!("help_dlq_show", of(&["dlq", "show"]));
    insta::assert_snapshot!("help_dlq_replay", of(&["dlq", "replay"]));
    insta::assert_snapshot!("help_offsets", of(&["offsets"]));
    insta::assert_snapshot!("help_offsets_show", of(&["offsets", "show"]));
    insta::assert_snapshot!("help_offsets_reset", of(&["offsets", "reset"]));
}

/// Commands beside a configuration whose broker is not asked before they are refused.
fn refused(command: &str, all: &[&[&str]]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connectors.yaml");
    let text = "\
kafka: {bootstrap.servers: \"127.0.0.1:9\"}
connectors:
  orders:
    topics: [orders]
    errors.tolerance: all
    errors.deadletterqueue.topic.name: letters
    sink: {console: {}}
  returns: {topics: [returns], sink: {console: {}}}
  lines: {source: {file: {path: lines, topic: lines}}}
";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let one = |arguments: &&[&str]| {
        let shown = transom(&[&[command], *arguments, &["-c", file]].concat(), "");
        format!("=== {command} {}\n{}", arguments.join(" "), shown.replace(file, "FILE"))
    };
    all.iter().map(one).collect()
}

#[test]
fn dead_letters_that_cannot_be_meant_are_refused() {
    insta::assert_snapshot!(refused(
        "dlq",
        &[
            &["list"],
            &["list", "order"],
            &["list", "returns"],
            &["list", "orders", "--origin", "/1"],
            &["list", "orders", "--origin", "orders/one"],
            &["list", "orders", "--origin", "orders/1/2/3"],
            &["list", "orders", "--since", "yesterday"],
            &["show", "orders", "--limit", "few"],
            &["replay", "orders"],
            &["replay", "lines", "--all"],
            &["reply", "orders"],
        ],
    ));
    let absent = transom(&["dlq", "list", "orders", "-c", "absent.yaml"], "");
    assert!(
        absent.contains("`absent.yaml` cannot be read") && absent.ends_with("exit 2\n"),
        "{absent}"
    );
}

#[test]
fn offsets_that_cannot_be_set_are_refused() {
    insta::assert_snapshot!(refused(
        "offsets",
        &[
            &["show", "order"],
            &["reset"],
            &["reset", "orders"],
            &["reset", "order", "--to", "earliest"],
            &["reset", "orders", "--to", "first"],
            &["reset", "orders", "--to", "-1"],
            &["reset", "orders", "--to", "0", "--partition", "one"],
            &["reset", "lines", "--to", "latest"],
            &["reset", "lines", "--to", "earliest", "--topic", "lines"],
            &["rest", "orders"],
        ],
    ));
}

#[test]
fn plugins_are_machine_readable() {
    let shown = transom(&["plugins", "--json"], "");
    let (json, _) = shown.split_once("--- stderr").unwrap();
    let plugins: serde_json::Value = serde_json::from_str(json).unwrap();
    let names: Vec<&str> =
        plugins.as_array().unwrap().iter().map(|plugin| plugin["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["business-unit-filter", "insert-field", "mask-field", "replace-field"]);
    assert_eq!(plugins[0]["slots"]["of"], serde_json::json!(["business_unit", "business_unit_id"]));
}

#[test]
fn many_lines_keep_their_order() {
    let lines: Vec<String> =
        (0..5_000).map(|number| format!("{{\"n\":{number},\"a\":\"x\"}}\n")).collect();
    let input = lines.concat();
    let shown = apply("mask-field", &["--config", r#"{"fields":["a"]}"#], &input);
    let expected = input.replace("\"x\"", "\"\"") + "--- stderr\n--- exit 0\n";
    assert!(shown == expected, "5000 lines come out as they went in");
}

/// The answers of a batch are one run of bytes, and an error has any length: what it says of one record must not move the next.
#[test]
fn a_record_that_fails_spoils_none_behind_it() {
    for name in ["a", "ab", "abc", "abcd", "abcde", "abcdef"] {
        let config = format!(r#"{{"fields":"{name}","missing":"fail","replacement":"*"}}"#);
        let good = format!("{{\"{name}\":\"x\"}}\n");
        let input = format!("{good}{{\"other\":1}}\n{good}{good}{{\"other\":2}}\n{good}");
        let shown = apply("mask-field", &["--config", &config], &input);
        assert_eq!(shown.matches(&format!("{{\"{name}\":\"*\"}}\n")).count(), 4, "{shown}");
        assert_eq!(shown.matches("field-missing").count(), 2, "{shown}");
        assert!(!shown.contains("guest-bad-operation"), "{shown}");
    }
}

#[test]
fn a_filter_of_logs_that_is_none_is_refused() {
    for filter in ["a=b=c", "transom_runtime=debgu"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transom"));
        let output = command.arg("schema").env("RUST_LOG", filter).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{text}");
        assert!(
            text.starts_with(&format!("transom: RUST_LOG: `{filter}` is no filter: ")),
            "{text}"
        );
    }
}
