//! What the documents promise: invariants that code may cite, a changelog that is kept.

use std::collections::BTreeSet;

use crate::report;
use crate::tree::{file, files};

#[test]
fn invariants_are_cited_where_they_are_kept() {
    let architecture = file("ARCHITECTURE.md");
    let numbers = invariants(&architecture);
    assert!(
        !numbers.is_empty(),
        "ARCHITECTURE.md needs a section `## Invariants` with a numbered list"
    );
    let in_order: Vec<usize> = (1..=numbers.len()).collect();
    assert_eq!(
        numbers, in_order,
        "the invariants of ARCHITECTURE.md are numbered from 1, without gaps"
    );
    let known: BTreeSet<usize> = numbers.into_iter().collect();
    let (mut kept, mut problems) = (BTreeSet::new(), Vec::new());
    for file in files().iter().filter(|file| matches!(file.extension(), "rs" | "toml")) {
        for (at, line) in file.text.lines().enumerate() {
            let cited = cited(line);
            let unknown = cited.iter().filter(|number| !known.contains(number));
            problems.extend(
                unknown.map(|number| format!("{}:{}: invariant {number}", file.path, at + 1)),
            );
            if file.is_production() {
                kept.extend(cited);
            }
        }
    }
    let uncited = known.difference(&kept);
    problems.extend(uncited.map(|number| format!("invariant {number} is cited nowhere")));
    report("code cites invariants by the numbers that ARCHITECTURE.md gives them", &problems);
}

#[test]
fn the_changelog_has_room_for_the_next_change() {
    let changelog = file("CHANGELOG.md");
    assert!(
        changelog.contains("\n## [Unreleased]\n"),
        "CHANGELOG.md needs a section `## [Unreleased]`"
    );
}

/// Returns the numbers of the list under the heading `Invariants`.
fn invariants(document: &str) -> Vec<usize> {
    let section =
        document.lines().skip_while(|line| !(line.starts_with('#') && line.ends_with("nvariants")));
    let section = section.skip(1).take_while(|line| !line.starts_with('#'));
    section.filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect()
}

/// Returns the numbers that a line cites as `invariant N`.
fn cited(line: &str) -> Vec<usize> {
    let after = line.match_indices("nvariant ").map(|(at, word)| &line[at + word.len()..]);
    let digits =
        after.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn invariants_and_their_citations_are_found() {
    assert_eq!(
        invariants("# A\n1. no\n## Invariants\n\n1. One.\n   more\n2. Two.\n## B\n3. no\n"),
        [1, 2]
    );
    assert_eq!(cited("// Invariant 4: bounded (see invariant 12)."), [4, 12]);
}
