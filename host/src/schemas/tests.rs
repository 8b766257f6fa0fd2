//! Tests of what `schemas.protobuf` may name, and of what is said where it is wrong.

use super::*;
use prost_reflect::prost::Message as _;
use std::{fs, path::PathBuf};
use transom_core::config::List;

/// Loads entries from a folder with these files.
fn load_from(
    files: &[(&str, &[u8])],
    entries: &[&str],
) -> (tempfile::TempDir, Result<Option<DescriptorPool>, SchemaError>) {
    let base = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = base.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let entries = entries.iter().map(|entry| (*entry).to_owned()).collect();
    let loaded = load(&Schemas { protobuf: List(entries) }, base.path());
    (base, loaded)
}

fn messages(pool: &DescriptorPool) -> Vec<String> {
    let ours = pool.all_messages().filter(|message| message.package_name() != "google.protobuf");
    let mut names: Vec<String> = ours.map(|message| message.full_name().to_owned()).collect();
    names.sort();
    names
}

/// The errors, without the folder of the test.
fn errors(files: &[(&str, &str)], entries: &[&str]) -> Vec<(usize, String)> {
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, content)| (*name, content.as_bytes())).collect();
    let (base, loaded) = load_from(&files, entries);
    let base = format!("{}/", base.path().display());
    let problems = loaded.unwrap_err().problems;
    problems.iter().map(|problem| (problem.entry, problem.to_string().replace(&base, ""))).collect()
}

const A: (&str, &[u8]) = (
    "schemas/a.proto",
    b"syntax = \"proto3\"; package p; import \"sub/b.proto\"; import \"google/protobuf/timestamp.proto\";\n\
      message A { q.B b = 1; google.protobuf.Timestamp at = 2; }",
);
const B: (&str, &[u8]) =
    ("schemas/sub/b.proto", b"syntax = \"proto3\"; package q; message B { int64 x = 1; }");

#[test]
fn folders_files_and_descriptor_sets() {
    let compiled = {
        let (_base, pool) = load_from(&[A, B], &["schemas"]);
        let pool = pool.unwrap().unwrap();
        assert!(pool.get_message_by_name("google.protobuf.Any").is_some());
        prost_reflect::prost_types::FileDescriptorSet {
            file: pool.file_descriptor_protos().cloned().collect(),
        }
        .encode_to_vec()
    };
    for (files, entries, expected) in [
        (&[A, B][..], &["schemas"][..], "p.A q.B"),
        (&[A, B], &["schemas", "schemas/a.proto"], "p.A q.B"),
        (&[A, B], &["schemas/sub/b.proto"], "q.B"),
        (&[A, B, ("other/c.proto", b"message C {}")], &["schemas", "other"], "C p.A q.B"),
        (&[("set.binpb", &compiled)], &["set.binpb"], "p.A q.B"),
        (&[A, B, ("set.binpb", &compiled)], &["schemas", "set.binpb"], "p.A q.B"),
        (
            &[
                ("set.binpb", &compiled),
                ("c.proto", b"import \"sub/b.proto\"; message C { optional q.B b = 1; }"),
            ],
            &["c.proto", "set.binpb"],
            "C p.A q.B",
        ),
        (&[B, ("schemas/.old/b.proto", b"nonsense")], &["schemas"], "q.B"),
    ] {
        let (_base, loaded) = load_from(files, entries);
        assert_eq!(messages(&loaded.unwrap().unwrap()).join(" "), expected, "{entries:?}");
    }
    assert!(load_from(&[], &[]).1.unwrap().is_none());
}

#[test]
fn errors_name_file_line_and_column() {
    for (files, entries, expected) in [
        (
            &[][..],
            &["gone"][..],
            &[(0, "cannot read `gone`: No such file or directory (os error 2)")][..],
        ),
        (
            &[("empty/readme.md", "")],
            &["empty"],
            &[(0, "folder `empty` has no `.proto` file in it or below")],
        ),
        (&[("set.binp", "no set")], &["set.binp"], &[(0, "")]),
        (
            &[
                ("s/a.proto", "syntax = \"proto3\";\nmessage A {\n  string x = ;\n}"),
                ("s/b.proto", "import \"gone.proto\";"),
                ("s/c.proto", "message C {\n  optional D d = 1;\n}"),
            ],
            &["missing", "s"],
            &[(0, "")],
        ),
    ] {
        let errors = errors(files, entries);
        let errors: Vec<(usize, &str)> =
            errors.iter().map(|(at, text)| (*at, text.as_str())).collect();
        assert_eq!(errors, expected);
    }
}

#[test]
fn the_workloads_messages_compile() {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let settings = Schemas { protobuf: List(vec!["proto".to_owned()]) };
    let pool = load(&settings, &repository).unwrap().unwrap();
    let shown: Vec<String> = messages(&pool)
        .iter()
        .map(|name| {
            let message = pool.get_message_by_name(name).unwrap();
            let fields: Vec<String> = message
                .fields()
                .map(|field| format!("{} {:?} {}", field.number(), field.kind(), field.name()))
                .collect();
            format!("{name}: {}", fields.join(", "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "dataflow.AccountEvent: 1 string account_id, 2 string customer_id, 3 string business_unit, 4 double balance, 5 int64 updated_at",
            "dataflow.BusinessEvent: 1 string event_id, 2 string business_unit, 3 string description, 4 int64 timestamp",
            "dataflow.CustomerEvent: 1 string customer_id, 2 string name, 3 string email, 4 string business_unit, 5 int64 registered_at",
            "dataflow.PaymentEvent: 1 string payment_id, 2 string account_id, 3 string business_unit, 4 double amount, 5 string method, 6 int64 processed_at",
            "dataflow.PoisonEvent: 1 string reason",
            "dataflow.TradeEvent: 1 string trade_id, 2 string account_id, 3 string business_unit, 4 double amount, 5 string symbol, 6 int64 traded_at",
        ]
    );
}
