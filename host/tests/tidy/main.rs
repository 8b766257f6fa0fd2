//! The rules of this house that neither Cargo nor clippy can hold. A failure names the place and says what to do.
//!
//! It reads the tree as text and uses the standard library alone, so that it also judges what does not compile.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "all of it is test code; offsets come from searching the same text"
)]

mod documents;
mod files;
mod layers;
mod rust;
mod shipped;
mod tree;

/// Fails with every problem that a rule found, and with what the rule is for.
fn report(rule: &str, problems: &[String]) {
    assert!(problems.is_empty(), "{rule}\n  {}\n", problems.join("\n  "));
}
