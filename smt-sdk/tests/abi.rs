//! Keeps `ABI.md` and the crate `smt-abi` equal: every table of names and numbers.

use smt_abi::operation::{NO_ID, OVERWRITE, Op, Root};
use smt_abi::slot::Slot;
use smt_abi::verdict::Tag;
use smt_abi::{code, export, import, limit, path};

const DOCUMENT: &str = include_str!("../ABI.md");

/// The rows of the tables behind a heading, cells without spaces and backticks around them.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let behind = DOCUMENT.split_once(&format!("\n{heading}\n")).expect("the heading is there").1;
    let section = behind.split("\n#").next().expect("a split has a first piece");
    let row = |line: &'static str| {
        let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
        Some(cells.split(" | ").map(|cell| cell.trim().trim_matches('`')).collect())
    };
    section.lines().filter_map(row).filter(|row: &Vec<&str>| !row[0].starts_with("---")).collect()
}

/// The rows whose first cell is a number: number and name.
fn numbered(heading: &str) -> Vec<(u8, &'static str)> {
    rows(heading).into_iter().filter_map(|row| Some((row[0].parse().ok()?, row[1]))).collect()
}

/// `SetTopic` as the document writes it: `SET_TOPIC`.
fn shouted(name: &str) -> String {
    let mut shouted = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            shouted.push('_');
        }
        shouted.extend(letter.to_uppercase());
    }
    shouted
}

fn names(heading: &str) -> Vec<&'static str> {
    rows(heading).into_iter().map(|row| row[0]).filter(|name| *name != "name").collect()
}

#[test]
fn exports_and_imports_are_those_of_the_crate() {
    use export::{ABI, BATCH, BUF, INIT, INITIALIZE, MEMORY};
    assert_eq!(names("### Exports"), [MEMORY, ABI, BUF, INIT, BATCH, INITIALIZE]);
    assert_eq!(names("### Imports"), [import::LOG, import::GET]);
    assert!(DOCUMENT.contains(&format!("All are optional, of module `{}`.", import::MODULE)));
    let levels = [import::ERROR, import::WARN, import::INFO, import::DEBUG];
    assert_eq!(levels, [1, 2, 3, 4]);
    assert!(DOCUMENT.contains("Levels of `log`: 1 error, 2 warning, 3 information, 4 debugging."));
}

#[test]
fn versions_and_sentinels_are_those_of_the_crate() {
    assert!(DOCUMENT.starts_with(&format!("# The SMT ABI, version {}\n", smt_abi::MAJOR)));
    let version = format!("`\"{}.{}\"`", smt_abi::MAJOR, smt_abi::MINOR);
    assert!(rows("## 11. The custom section").iter().any(|row| row[1].contains(&version)));
    assert!(DOCUMENT.contains(&format!("one custom section, `{}`,", smt_abi::SECTION)));
    assert_eq!((smt_abi::ABSENT, NO_ID, OVERWRITE), (0xFFFF_FFFF, 0xFFFF, 1 << 7));
    assert!(
        DOCUMENT.contains(&format!("an input buffer of `cap` bytes and {} more", smt_abi::SLACK))
    );
    assert!(DOCUMENT.contains(&format!("A code is 1 to {} of", code::MAX_BYTES)));
}

#[test]
fn verdicts_are_those_of_the_crate() {
    let crate_tags: Vec<_> = (0..=u8::MAX)
        .filter_map(|number| Some((number, shouted(&format!("{:?}", Tag::from_u8(number)?)))))
        .collect();
    let found = numbered("## 6. Verdicts");
    assert!(found.iter().map(|(number, name)| (*number, (*name).to_owned())).eq(crate_tags));
}

#[test]
fn operations_and_roots_are_those_of_the_crate() {
    // The offsets of the header come first, then the roots, then the operations.
    let found: Vec<_> = numbered("## 7. Operations")
        .into_iter()
        .filter(|(_, name)| !["u8", "u16", "u32"].contains(name))
        .map(|(number, name)| (number, name.to_owned()))
        .collect();
    let root = |number| Some((number, shouted(&format!("{:?}", Root::from_u8(number)?))));
    let op = |number| Some((number, shouted(&format!("{:?}", Op::from_u8(number)?))));
    let in_crate = (0..=u8::MAX).filter_map(root).chain((0..=u8::MAX).filter_map(op));
    assert!(found.iter().cloned().eq(in_crate), "{found:?}");
}

#[test]
fn codes_and_limits_are_those_of_the_crate() {
    let codes: Vec<_> = names("## 13. Error codes").into_iter().skip(1).collect();
    assert_eq!(codes, code::ALL);
    let found: Vec<(&str, u64)> = rows("## 14. Limits")
        .into_iter()
        .filter_map(|row| Some((row[0], row[1].parse().ok()?)))
        .collect();
    let expected = [
        ("MEMORY_BYTES", limit::MEMORY_BYTES as u64),
        ("RECORD_CPU_MS", limit::RECORD_CPU_MS),
        ("BATCH_CPU_MS", limit::BATCH_CPU_MS),
        ("CALL_BYTES", limit::CALL_BYTES as u64),
        ("OUTPUT_BYTES", limit::OUTPUT_BYTES as u64),
        ("OUTPUT_FACTOR", limit::OUTPUT_FACTOR as u64),
        ("OPERATIONS", limit::OPERATIONS as u64),
        ("CHILDREN", limit::CHILDREN as u64),
        ("NESTING", limit::NESTING as u64),
        ("LOG_LINE_BYTES", limit::LOG_LINE_BYTES as u64),
        ("LOG_LINES", limit::LOG_LINES as u64),
        ("SLOTS", limit::SLOTS as u64),
    ];
    assert_eq!(found, expected);
}

#[test]
fn slots_are_those_of_the_crate() {
    let found = names("## 4. Slots");
    assert_eq!(found.len(), 11);
    let sample = |name: &'static str| match name {
        "a path" => "a.b",
        "@key.` and a path, `@key[0]" => "@key.a",
        "@header.` and a name" => "@header.a",
        name => name,
    };
    for name in found {
        assert!(Slot::parse(sample(name)).is_ok(), "{name}");
    }
}

#[test]
fn paths_are_read_as_the_document_says() {
    for row in rows("### Paths").into_iter().filter(|row| row[0] != "path") {
        let spelt = row[0].trim_matches(|c| c == '`' || c == ' ');
        let spelt = if row[0].contains("`.c") { "`a.b`.c" } else { spelt };
        let steps: Vec<_> = path::steps(spelt)
            .map(|step| match step.unwrap() {
                path::Step::Key(key) => key.parts().collect(),
                path::Step::Index(index) => format!("element {index}"),
            })
            .collect();
        let expected: Vec<_> =
            row[1].split(", ").map(|step| step.trim_matches('`').to_owned()).collect();
        assert_eq!(steps, expected, "{spelt}");
    }
}
