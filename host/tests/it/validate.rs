//! `transom validate` as an operator runs it. Each file of `fixtures/config` has what it prints beside it.

use std::{fs, path::Path, process::Command};

const FIXTURES: &str = "tests/fixtures/config";

/// Runs `transom validate` in a folder, and shows all that came of it.
fn validate(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_transom"))
        .current_dir(folder)
        .arg("validate")
        .args(arguments)
        .env_remove("RUST_LOG")
        .env("TRANSOM_TEST_SECRET", SECRET)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    format!(
        "{}--- stderr\n{}--- exit {}\n",
        text(output.stdout),
        text(output.stderr),
        output.status.code().unwrap()
    )
}

/// Holds every file of a folder against the snapshot beside it.
#[track_caller]
fn check_folder(folder: &str, exit: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES).join(folder);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(&folder);
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let shown = validate(&folder, &[name]);
        assert!(shown.ends_with(exit), "{name}: {shown}");
        assert!(!shown.contains("hunter2"), "{name}: {shown}");
        let stem = name.trim_end_matches(".yaml");
        settings.bind(|| insta::assert_snapshot!(stem, shown));
    }
}

#[test]
fn every_wrong_file_is_refused_with_its_place_and_the_way_out() {
    check_folder("invalid", "--- exit 2\n");
}

#[test]
fn every_right_file_is_accepted() {
    check_folder("valid", "--- exit 0\n");
}

#[test]
fn a_machine_reads_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES);
    let shown = validate(&folder, &["--json", "valid/warnings.yaml"]);
    let (json, _) = shown.split_once("--- stderr").unwrap();
    let answer: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((&answer["valid"], &answer["file"]), (&true.into(), &"valid/warnings.yaml".into()));
    let problems = answer["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 4, "{json}");
    assert_eq!((&problems[0]["line"], &problems[0]["column"]), (&3.into(), &18.into()));
    assert!(!json.contains("hunter2"));
    let missing = validate(&folder, &["no-such.yaml"]);
    assert!(
        missing.contains("`no-such.yaml` cannot be read") && missing.ends_with("exit 2\n"),
        "{missing}"
    );
}

const SECRET: &str = "s3cr3t-of-nobody";

/// A configuration with the secret wherever one is put, and at places where it makes another error.
const PLANTED: [&str; 18] = [
    "linger.ms: ${file:pem}",
    "no.such.property: ${file:pem}",
    "sasl.password: PLANT",
    "sasl.pasword: PLANT",
    "sasl.jaas.config: x password='PLANT';",
    "ssl.key.pem: |\n    PLANT\n    PLANT",
    "ssl.key.password: 'PLANT",
    "ssl.key.password: [PLANT]",
    "ssl.key.password: {name: PLANT}\n  oauth: {client: PLANT}",
    "linger.ms: ${env:TRANSOM_TEST_SECRET}",
    "linger.ms: before ${env:TRANSOM_TEST_SECRET} behind",
    "security.protocol: ${env:TRANSOM_TEST_SECRET}",
    "no.such.property: ${env:TRANSOM_TEST_SECRET}",
    "sasl.password: ${env:NO_SUCH:-PLANT}",
    "sasl.password: x #PLANT",
    "sasl.password: &PLANT x",
    "sasl.password: *PLANT",
    "client.id: x}\nadmin.listen: {password: PLANT}\nstate.dir: ${env:TRANSOM_TEST_SECRET}\nshemas: PLANT\nkafka: {x: y",
];

const PLANTED_IN_CONNECTORS: [&str; 18] = [
    "consumer.override: 'sasl.password=PLANT'",
    "consumer.override: |\n      sasl.password=PLANT",
    "transforms: [{name: a, smt: mask-field, config: 'PLANT'}]",
    "transforms: [{name: \"${env:TRANSOM_TEST_SECRET}\", smt: x}, {name: \"${env:TRANSOM_TEST_SECRET}\", smt: x}]",
    "pasword: PLANT",
    "tasks.max: ${env:TRANSOM_TEST_SECRET}",
    "errors.tolerance: ${env:TRANSOM_TEST_SECRET}",
    "errors.reject.limit: ${env:TRANSOM_TEST_SECRET}",
    "topics.regex: (${env:TRANSOM_TEST_SECRET}",
    "transforms: [{name: a, smt: mask-field, config: {pasword: PLANT, fields: []}}]",
    "transforms: [{name: a, smt: mask-field, config: {fields: [a], missing: \"${env:TRANSOM_TEST_SECRET}\"}}]",
    "transforms: [{name: a, smt: \"./${env:TRANSOM_TEST_SECRET}.wasm\"}]",
    "transforms: [{name: \"a ${env:TRANSOM_TEST_SECRET}\", smt: x}, {name: \"a ${env:TRANSOM_TEST_SECRET}\", smt: x}]",
    "errors.deadletterqueue.topic.name: not legal ${env:TRANSOM_TEST_SECRET}",
    "topics: [\"not legal ${env:TRANSOM_TEST_SECRET}\"]",
    "topics: 'b, not legal ${env:TRANSOM_TEST_SECRET}'",
    "source: {file: {path: \"[${env:TRANSOM_TEST_SECRET}\", topic: a}}",
    "topics: [b, ${env:NO_SUCH:-PLANT}]",
];

#[test]
fn no_secret_is_ever_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connectors.yaml");
    fs::write(folder.path().join("pem"), format!("-----BEGIN\n{SECRET}\n-----END\n")).unwrap();
    let in_kafka = PLANTED.map(|planted| format!("kafka:\n  {planted}\nconnectors: {{}}\n"));
    let in_connectors = PLANTED_IN_CONNECTORS.map(|planted| {
        format!("kafka: {{bootstrap.servers: x}}\nconnectors:\n  a:\n    {planted}\n    sink: {{console: }}\n    topics: [a]\n")
    });
    for text in in_kafka.into_iter().chain(in_connectors) {
        fs::write(&file, text.replace("PLANT", SECRET)).unwrap();
        for arguments in [&[][..], &["--json"]] {
            let shown = validate(folder.path(), arguments);
            assert!(!shown.contains(SECRET), "{text}\n{shown}");
        }
    }
}
