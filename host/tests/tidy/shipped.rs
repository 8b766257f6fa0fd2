//! What every package under `smts/` has, and what the build script trusts to be there.

use crate::report;
use crate::tree::{File, file, files, root};

#[test]
fn every_shipped_smt_is_complete() {
    let readme = file("README.md");
    let mut problems = Vec::new();
    let all = files();
    for manifest in all.iter().filter(|file| file.is_manifest() && file.path.starts_with("smts/")) {
        let dir = manifest.path.trim_end_matches("/Cargo.toml");
        let name = dir.trim_start_matches("smts/");
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                problems.push(format!("{dir}: {what}"));
            }
        };
        expect(
            manifest.text.contains(&format!("name = \"{name}\"")),
            "the package has the name of its directory",
        );
        expect(
            manifest.text.contains("\"cdylib\""),
            "crate-type holds \"cdylib\", so that a module comes out",
        );
        expect(all.iter().any(|file| file.path == format!("{dir}/README.md")), "has a README.md");
        let is_case = |file: &&File| {
            file.path.starts_with(&format!("{dir}/cases/")) && file.extension() == "json"
        };
        expect(all.iter().any(|file| is_case(&file)), "has cases/*.json");
        expect(readme.contains(&format!("`{name}`")), "has a row in the table of README.md");
    }
    report("a shipped SMT is a package that a reader can find, run and test", &problems);
}

#[test]
fn the_build_script_watches_what_exists() {
    let script = file("host/build/modules.rs");
    let list = script.split("const SOURCES").nth(1).and_then(|rest| rest.split(';').nth(1));
    let sources: Vec<&str> = list.unwrap_or_default().split('"').skip(1).step_by(2).collect();
    let readable = sources.contains(&"smt-sdk/src");
    assert!(readable, "host/build/modules.rs has no list SOURCES that this test can read");
    let gone = sources.into_iter().filter(|source| !root().join(source).exists());
    let problems: Vec<String> = gone.map(str::to_owned).collect();
    report(
        "SOURCES of host/build/modules.rs names what exists; cargo runs the script every time for what does not",
        &problems,
    );
}
