//! Suites that need a component which is not part of this tree.
#![expect(clippy::unwrap_used, reason = "all of it is test code")]

use std::fs::OpenOptions;
use std::io::{Write as _, stderr};

/// Returns what a suite needs. Where it is absent the suite is skipped, with a line that says why; under `TRANSOM_REQUIRE=all` it fails.
pub(crate) fn needs<T>(suite: &str, component: Result<T, String>) -> Option<T> {
    let reason = match component {
        Ok(component) => return Some(component),
        Err(reason) => reason,
    };
    assert!(
        std::env::var("TRANSOM_REQUIRE").as_deref() != Ok("all"),
        "{suite} cannot run: {reason}"
    );
    let line = format!("{suite}: {reason}");
    say(&format!("skipped: {line}"));
    // `scripts/run-tests` lists and counts these at the end.
    if let Some(list) = std::env::var_os("TRANSOM_SKIPPED") {
        writeln!(OpenOptions::new().append(true).open(list).unwrap(), "{line}").unwrap();
    }
    None
}

/// Prints a line that is seen although the test passes: the harness captures what the macros print, and nothing else.
pub(crate) fn say(line: &str) {
    stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
