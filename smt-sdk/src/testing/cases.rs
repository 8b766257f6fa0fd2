//! Cases as files: read, run, told apart from what was expected.

use super::tree::Tree;
use super::{Harness, Outcome};
use crate::smt::Smt;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Checks a package: that its section is JSON, that `listed` are the files in its folder `cases`, and that each case
/// comes out as it says. [`export!`](crate::export) makes the test that calls it.
///
/// # Panics
/// If anything is amiss, with a line for each difference.
pub fn check_package<S: Smt>(section: &[&str], package: &str, listed: &[(&str, &str)]) {
    let mut report = String::new();
    if let Err(error) = Tree::parse(&section.concat()) {
        note(&mut report, "custom section", &format!("no JSON: {error}"));
    }
    let mut names: Vec<&str> = listed.iter().map(|(path, _)| file_name(path)).collect();
    names.sort_unstable();
    let found = files(&Path::new(package).join("cases"));
    if names != found {
        let problem = format!("the macro lists {names:?}, the folder holds {found:?}");
        note(&mut report, "cases", &problem);
    }
    for (path, text) in listed {
        for problem in problems::<S>(text) {
            note(&mut report, file_name(path), &problem);
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

fn note(report: &mut String, place: &str, problem: &str) {
    writeln!(report, "{place}: {problem}").expect("a string takes any text");
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

/// What is wrong with one case.
pub(crate) fn problems<S: Smt>(text: &str) -> Vec<String> {
    let case = match Tree::parse(text) {
        Ok(case) => case,
        Err(error) => return vec![format!("no JSON: {error}")],
    };
    let known = ["description", "config", "records", "refused"];
    let odd = case.members().iter().find(|(name, _)| !known.iter().any(|known| name.is(known)));
    let (None, Some(config)) = (odd, case.get("config")) else {
        return vec!["a case has description, config, and records or refused".to_owned()];
    };
    let harness = Harness::<S>::new(&config.to_string());
    match (harness, case.get("records").and_then(Tree::items), case.get("refused")) {
        (Ok(mut harness), Some(records), None) => run(&mut harness, records),
        (Err(error), None, Some(refused)) => {
            let found = object(&[("message", error.message()), ("path", error.path())]);
            refused.difference(&found).into_iter().collect()
        }
        (Ok(_), None, Some(_)) => vec!["the settings were accepted".to_owned()],
        (Err(error), _, _) => {
            vec![format!("the settings were refused at `{}`: {}", error.path(), error.message())]
        }
        _ => vec!["a case has either records or refused".to_owned()],
    }
}

fn object(members: &[(&str, &str)]) -> Tree {
    let members =
        members.iter().map(|(name, text)| (super::tree::Name::new(name), Tree::text(text)));
    Tree::Object(members.collect())
}

/// Sends the records together and one by one: an SMT has no memory between records.
fn run<S: Smt>(harness: &mut Harness<S>, records: &[Tree]) -> Vec<String> {
    let inputs: Vec<String> = records
        .iter()
        .map(|record| record.get("input").map_or_else(String::new, Tree::to_string))
        .collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let together = harness.apply(&inputs);
    let alone: Vec<_> = inputs.iter().flat_map(|input| harness.apply(&[input])).collect();
    let mut problems = Vec::new();
    if together != alone {
        problems.push("the records come out differently one by one".to_owned());
    }
    for (at, (record, found)) in records.iter().zip(&together).enumerate() {
        let expected = record.get("expected");
        let problem = expected.map_or_else(
            || Some(": a record has input and expected".to_owned()),
            |expected| difference(expected, found),
        );
        problems.extend(problem.map(|problem| format!("records[{at}]{problem}")));
    }
    problems
}

fn difference(expected: &Tree, found: &Outcome) -> Option<String> {
    let found = match (found, expected.get("error")) {
        (Outcome::Failed { code, .. }, Some(error)) if error.get("message").is_none() => {
            return error.difference(&object(&[("code", code)]));
        }
        (Outcome::Failed { code, message }, Some(error)) => {
            return error.difference(&object(&[("code", code), ("message", message)]));
        }
        (Outcome::Failed { code, message }, None) => {
            return Some(format!(": expected {expected}, failed with {code}: {message}"));
        }
        (Outcome::Records(records), _) => records,
    };
    let found =
        Tree::parse(&format!("[{}]", found.join(","))).expect("records are written as JSON");
    expected.difference(&found)
}
