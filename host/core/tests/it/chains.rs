//! Random chains over random records equal the model, however the records are batched.

use crate::{
    model::{Observed, generate, run},
    native::{Native, text},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestRunner},
};
use smt_abi::code;
use std::{collections::BTreeMap, env};
use transom_core::{batch::Batch, call::Limits, record::RecordId};

/// Random, and the same in every run; ten times as many under `TRANSOM_SOAK`.
fn config() -> Config {
    let cases = if env::var_os("TRANSOM_SOAK").is_some() { 2_560 } else { 256 };
    Config { cases, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..Config::default() }
}

/// Runs a case in both of its cuts through the same modules and batches.
fn check(case: &generate::Case) {
    let limits = Limits { call_bytes: case.call_bytes, ..Limits::default() };
    let mut native = Native::new(&case.scripts, limits);
    let mut batches: Vec<Batch> = (0..case.batches).map(|_| Batch::default()).collect();
    let mut turn = 0;
    let written = case.cuts.each_ref().map(|cut| {
        let mut written = Vec::new();
        let mut rest = case.inputs.as_slice();
        for size in cut {
            let (inputs, behind) = rest.split_at(*size);
            let expected = run(&case.scripts, inputs, &mut |_| ());
            let batch = &mut batches[turn % case.batches];
            native.check(batch, inputs, &expected);
            let record = |id: &RecordId| text(|out| batch.write_record(*id, out));
            written.extend(batch.survivors().iter().map(record));
            turn += 1;
            rest = behind;
        }
        written
    });
    assert_eq!(written[0], written[1], "records do not depend on how they are batched");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn chains_equal_the_model(case in generate::cases()) {
        check(&case);
    }
}

/// How often something happened, by its name.
type Counts = BTreeMap<String, usize>;

/// The random cases reach what they are there for: else the property above would hold of little.
#[test]
fn random_chains_are_worth_running() {
    let mut runner = TestRunner::new(config());
    let (mut all, mut changed, mut seen) = (Counts::new(), Counts::new(), Counts::new());
    for _ in 0..200 {
        let case = generate::cases().new_tree(&mut runner).unwrap().current();
        let outcome = run(&case.scripts, &case.inputs, &mut |observed| match observed {
            Observed::Answer(answer) => count(&mut seen, &name(&format!("{answer:?}"))),
            Observed::Failed(code) => count(&mut seen, code),
            Observed::Edit { edit, before, after } => {
                let kind = name(&format!("{edit:?}"));
                count(&mut all, &kind);
                if before.envelope().meaning() != after.envelope().meaning() {
                    count(&mut changed, &kind);
                }
            }
        });
        for verdict in &outcome.verdicts {
            count(&mut seen, &name(&format!("{verdict:?}")));
        }
        if outcome.survivors.iter().any(|(_, record)| record.child.is_some()) {
            count(&mut seen, "children that survive");
        }
    }
    println!("applied {all:?}\nchanged {changed:?}\nseen {seen:?}");
    for (kind, count) in &all {
        let changed = changed.get(kind).copied().unwrap_or(0);
        assert!(*count >= 50, "{kind}: {count} were applied");
        assert!(changed * 4 >= *count, "{kind}: {changed} of {count} changed something");
    }
    assert_eq!(all.len(), 12, "kinds of operations");
    for wanted in WANTED {
        assert!(
            seen.get(wanted).is_some_and(|count| *count >= 3),
            "{wanted}: {:?}",
            seen.get(wanted)
        );
    }
}

/// Answers, codes and fates that must have come up.
const WANTED: [&str; 25] = [
    "Keep",
    "Drop",
    "Edits",
    "Replace",
    "ReplaceRecord",
    "Split",
    "Error",
    "Bad",
    "Passed",
    "Dropped",
    "Failed",
    "children that survive",
    "field-type",
    code::BAD_VERDICT,
    code::BAD_ERROR,
    code::BAD_OPERATION,
    code::BAD_PATH,
    code::EXISTS,
    code::OPERATION_LIMIT,
    code::SPLIT_LIMIT,
    code::BAD_JSON,
    code::NESTING_LIMIT,
    code::BAD_RECORD,
    code::BAD_METADATA,
    "json",
];

fn count(counts: &mut Counts, name: &str) {
    *counts.entry(name.to_owned()).or_default() += 1;
}

/// The name of a variant.
fn name(shown: &str) -> String {
    shown.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
