//! `transom query`, run as an operator runs it.

use crate::cli::transom;
use rusqlite::Connection;
use tempfile::NamedTempFile;

/// A database with one row of everything, and one of nothing.
fn database() -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    let connection = Connection::open(file.path()).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
            CREATE TABLE t (id INTEGER, amount REAL, name TEXT, bytes BLOB);
            INSERT INTO t VALUES (9223372036854775807, 1e300, 'Ali \"é\", the' || char(10) || '2nd' || char(27), x'00ff'),
                (-1, 0.1, '', NULL), (NULL, -9e999, NULL, NULL);",
        )
        .unwrap();
    drop(connection);
    file
}

fn query(database: &NamedTempFile, arguments: &[&str]) -> String {
    let path = database.path().to_str().unwrap();
    transom(&[&["query", "--db", path], arguments].concat(), "").replace(path, "FILE")
}

#[test]
fn rows_are_a_table_csv_or_json() {
    let database = database();
    let all = ["table", "csv", "json"].map(|format| {
        let rows = query(&database, &["--format", format, "SELECT * FROM t"]);
        let none = query(&database, &["--format", format, "SELECT id, name FROM t WHERE 0"]);
        format!("{rows}{none}").replace("\r\n", "\\r\\n\n")
    });
    insta::assert_snapshot!(all.concat());
}

#[test]
fn json_is_json() {
    let shown = query(&database(), &["--format", "json", "SELECT id, name FROM t"]);
    let (json, _) = shown.split_once("--- stderr").unwrap();
    let rows: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(rows[0]["id"].to_string(), "9223372036854775807");
    assert_eq!(rows[0]["name"], "Ali \"é\", the\n2nd\u{1b}");
    assert!(rows[2]["name"].is_null());
}

#[test]
fn a_long_table_is_written_as_it_comes() {
    let numbers =
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n * 10 FROM n WHERE n < 1000),
        many (m, n) AS (SELECT 1, 1 UNION ALL SELECT m + 1, m + 1 FROM many WHERE m < 2500)
        SELECT m, n FROM many";
    let shown = query(&database(), &[numbers]);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!((lines[0], lines[2], lines[2_501]), ("m     n", "   1     1", "2500  2500"));
}

#[test]
fn what_is_no_query_is_refused() {
    let database = database();
    let all = [
        &["SELECT 1; SELECT 2"][..],
        &["DELETE FROM t"],
        &["SELECT 1; DROP TABLE t"],
        &["CREATE TABLE u (a)"],
        &["ATTACH 'other.db' AS other"],
        &["VACUUM INTO 'copy.db'"],
        &["SELECT nothing FROM nowhere"],
        &["SELEC 1"],
        &[""],
        &["SELECT abs(-9223372036854775807 - 1)"],
        &["--format", "xml", "SELECT 1"],
    ]
    .map(|arguments| query(&database, arguments));
    let absent = transom(&["query", "--db", "absent.db", "SELECT 1"], "");
    insta::assert_snapshot!(all.concat() + &absent);
    assert!(!std::path::Path::new("absent.db").exists());
}

#[test]
fn the_configuration_names_the_database() {
    let (database, folder) = (database(), tempfile::tempdir().unwrap());
    let path = database.path().to_str().unwrap();
    let file = folder.path().join("connectors.yaml");
    let query = |sinks: &[&str]| {
        let connectors = sinks.iter().enumerate().map(|(number, sink)| {
            format!("  c{number}: {{topics: [t{number}], sink: {{{sink}}}}}\n")
        });
        let head = "kafka: {bootstrap.servers: \"localhost:9092\"}\nconnectors:\n";
        std::fs::write(&file, head.to_owned() + &connectors.collect::<String>()).unwrap();
        let file = file.to_str().unwrap();
        let shown = transom(&["query", "-c", file, "SELECT count(*) AS rows FROM t"], "");
        shown.replace(file, "CONFIGURATION").replace(path, "FILE")
    };
    let ours = format!("sqlite: {{path: {path}}}");
    let all = [
        query(&[&ours, "console: {}", &ours]),
        query(&[&ours, "sqlite: {path: b.db}", "sqlite: {path: a.db}"]),
        query(&["console: {}"]),
        query(&["sqlite: {pth: a.db}"]),
        transom(&["query", "-c", "absent.yaml", "SELECT 1"], ""),
        transom(&["query", "--db", "a.db", "--state-dir", "b", "SELECT 1"], ""),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn nothing_is_written_by_the_way() {
    let database = database();
    query(&database, &["PRAGMA user_version = 7"]);
    query(&database, &["PRAGMA journal_mode = DELETE"]);
    let shown = query(
        &database,
        &[
            "--format",
            "csv",
            "SELECT user_version, journal_mode FROM pragma_user_version, pragma_journal_mode",
        ],
    );
    assert!(shown.contains("0,wal"), "{shown}");
}

#[test]
fn help_says_what_to_type() {
    insta::assert_snapshot!("help_query", transom(&["query", "--help"], ""));
}
