//! Ours against Apache Kafka Connect's own transforms: the same records and settings through both, on values without a schema.
//!
//! Connect reads and writes numbers as 64-bit ones and takes JSON `null` for a tombstone; that is a matter of its converter, so both
//! outcomes are compared as Connect would read them ([`meaning`]). What else differs is declared here and in `docs/connect-smts.md`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is test code")]

mod case;
mod meaning;
mod oracle;
mod ours;

use std::collections::BTreeMap;

use crate::live;
use case::Case;

/// Cases per transform; `make soak` draws ten times as many.
const CASES: u64 = 1000;

/// One row of the table in `docs/connect-smts.md`: where it holds, the outcomes may differ, and somewhere they have to.
struct Difference {
    name: &'static str,
    holds: fn(&Case) -> bool,
}

const IGNORED_SETTING: Difference = Difference {
    name: "unknown settings, and `replace.null.with.default`",
    holds: |case| case::IGNORED.iter().any(|name| case.config.contains_key(name)),
};

const BEYOND_64_BITS: Difference = Difference {
    name: "a replacement beyond 64 bits",
    holds: |case| case.sets("replacement", &[case::BEYOND_64_BITS]),
};

const HALF_PAIR: Difference = Difference {
    name: "half of a surrogate pair in any string of the record",
    holds: |case| case.has(case::HALF_PAIR),
};

const CLASHING_RENAMES: Difference = Difference {
    name: "a rename onto a field that stays, two renames onto one name",
    holds: |case| case.sets("renames", &case::CLASHING),
};

#[test]
fn mask_field_is_connects() {
    check("MaskField", &[IGNORED_SETTING, BEYOND_64_BITS]);
}

#[test]
fn insert_field_is_connects() {
    check("InsertField", &[IGNORED_SETTING, HALF_PAIR]);
}

#[test]
fn replace_field_is_connects() {
    check("ReplaceField", &[IGNORED_SETTING, CLASHING_RENAMES]);
}

/// Draws cases for one of Connect's transforms, runs them through both, and compares.
fn check(transform: &'static str, declared: &[Difference]) {
    let suite = format!("Connect's {transform}");
    let Some(oracle) = live::needs(&suite, oracle::find()) else { return };
    let count = if std::env::var_os("TRANSOM_SOAK").is_some() { CASES * 10 } else { CASES };
    let cases: Vec<Case> = (0..count).map(|seed| Case::draw(transform, seed)).collect();
    let theirs = oracle::run(&oracle, &cases);
    let module = ours::load(transform);

    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differing: BTreeMap<&str, usize> = declared.iter().map(|row| (row.name, 0)).collect();
    for (case, theirs) in cases.iter().zip(&theirs) {
        let ours = ours::run(&module, case);
        if meaning::of(&ours) == meaning::of(theirs) {
            *kinds.entry(theirs.kind()).or_default() += 1;
            continue;
        }
        let row = declared.iter().find(|row| (row.holds)(case));
        let row = row.unwrap_or_else(|| panic!("{case}\nConnect: {theirs}\nours:    {ours}"));
        *differing.entry(row.name).or_default() += 1;
    }
    for (name, count) in &differing {
        assert!(
            *count > 0,
            "`{name}` is declared for {transform}, and no case of {} showed it",
            cases.len()
        );
    }
    // A comparison of nothing but refusals would agree as well.
    let passed = kinds.get("passed").copied().unwrap_or_default();
    assert!(
        passed * 3 > cases.len(),
        "only {passed} of {} cases passed Connect's {transform}",
        cases.len()
    );
    live::say(&format!(
        "{suite}: {} cases, agreed {kinds:?}, declared differences {differing:?}",
        cases.len()
    ));
}
