//! What every source file looks like: how it begins, how long it is, what it does not say.

use crate::report;
use crate::tree::{File, files};

/// Budget of production lines per file.
const LONGEST: usize = 500;
const P95: usize = 400;
const MEDIAN: usize = 120;

/// Lines of code that the development broker stays under, without tests, comments and blank lines: it is there for development,
/// and to be read.
const BROKER: usize = 4_000;

#[test]
fn every_source_file_says_what_it_is() {
    let silent =
        files().into_iter().filter(|file| file.is_rust() && !file.text.starts_with("//! "));
    let problems: Vec<String> = silent.map(|file| file.path).collect();
    report("every .rs file begins with a `//!` comment that says what it is", &problems);
}

#[test]
fn production_files_are_short() {
    let files: Vec<File> = files().into_iter().filter(File::is_production).collect();
    let mut lines: Vec<usize> =
        files.iter().map(|file| file.production().lines().count()).collect();
    let long = files.iter().zip(&lines).filter(|(_, lines)| **lines > LONGEST);
    let mut problems: Vec<String> =
        long.map(|(file, lines)| format!("{}: {lines} lines", file.path)).collect();
    lines.sort_unstable();
    let share = |percent: usize| lines[(lines.len() * percent).div_ceil(100) - 1];
    if share(50) > MEDIAN {
        problems.push(format!("the median is {} lines, above {MEDIAN}", share(50)));
    }
    if share(95) > P95 {
        problems.push(format!("the 95th percentile is {} lines, above {P95}", share(95)));
    }
    report("a file has one idea; split the long ones, tests into `name/tests.rs`", &problems);
}

#[test]
fn the_broker_stays_small() {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let files = files().into_iter();
    let of_broker =
        files.filter(|file| file.is_production() && file.path.starts_with("host/broker/"));
    let lines: usize =
        of_broker.map(|file| file.production().lines().filter(is_code).count()).sum();
    assert!(lines > 1_000, "the broker is not where this looks for it");
    let problem = format!("host/broker: {lines} lines of code");
    report(
        "the broker is small: take out what development does not need",
        &Vec::from_iter((lines >= BROKER).then_some(problem)),
    );
}

#[test]
fn no_notes_to_self_and_no_tests_that_do_not_run() {
    // Put together here, so that this file passes its own rule.
    let banned = [
        ["#[", "ignore"],
        ["#[", "should_panic"],
        ["to", "do!("],
        ["unimple", "mented!("],
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X"],
    ]
    .map(|halves| halves.concat());
    let mut problems = Vec::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        for (at, line) in file.text.lines().enumerate() {
            let found = banned.iter().find(|word| line.contains(word.as_str()));
            problems.extend(found.map(|word| format!("{}:{}: {word}", file.path, at + 1)));
        }
    }
    report("finish it, or say in an issue what is left", &problems);
}

#[test]
fn nothing_names_one_machine() {
    let places = [["/ro", "ot/"], ["/ho", "me/"], ["/tmp", "/bash"], ["/wo", "rk/"]]
        .map(|halves| halves.concat());
    let of_ours = ["", "rs", "toml", "md", "yml", "yaml", "java", "xml", "wat", "sql", "proto"];
    let mut problems = Vec::new();
    for file in files().iter().filter(|file| of_ours.contains(&file.extension())) {
        for (at, line) in file.text.lines().enumerate() {
            let found = places.iter().find(|place| names_place(line, place));
            problems.extend(found.map(|place| format!("{}:{}: {place}", file.path, at + 1)));
        }
    }
    report("a path of one machine means nothing on another", &problems);
}

/// True if `place` begins a path in `line`; inside a longer path or an address it is something else.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '}' | ')'))
    })
}
