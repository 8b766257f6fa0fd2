//! Who may know whom: between crates, inside the host, and towards the large dependencies.

use crate::report;
use crate::rust::{code, has_word, names_after};
use crate::tree::{File, files};

/// Each crate with the crates of this workspace that it may depend on. `smts/*` are one row, as are guests elsewhere.
const LAYERS: [(&str, &[&str]); 8] = [
    ("smt-abi", &[]),
    ("smt-sdk", &["smt-abi"]),
    ("smts/*", &["smt-sdk"]),
    ("transom-core", &["smt-abi"]),
    ("transom-broker", &[]),
    ("transom-runtime", &["smt-abi", "transom-core"]),
    ("transom", &["smt-abi", "transom-broker", "transom-core", "transom-runtime"]),
    ("bench", &["smt-abi", "transom-core", "transom-runtime", "transom"]),
];

/// The host's rooms that do not know each other; `app` puts them together.
const SIBLINGS: [&str; 5] = ["connectors", "topics", "wasm", "offsets", "admin"];

/// Dependencies that one room keeps to itself, so that their types are no one else's.
const KEPT_IN: [(&str, &str); 2] = [("wasmtime", "host/src/wasm"), ("rdkafka", "host/src/topics")];

/// Where `unsafe` may stand. Each of these says at its top why it cannot do without.
const UNSAFE: [&str; 4] = [
    "host/core/src/json/simd",
    "host/src/topics/native",
    "host/src/wasm/cache",
    "smt-sdk/src/exports",
];

/// What core must not name (invariant 6). `core::time::Duration` is a number and may be used.
const IMPURE: [&str; 6] = ["fs", "net", "time", "thread", "env", "process"];
const IMPURE_CRATES: [&str; 3] = ["rand", "tokio", "getrandom"];

#[test]
fn crates_depend_in_one_direction() {
    let mut problems = Vec::new();
    let manifests: Vec<File> = files().into_iter().filter(File::is_manifest).collect();
    let ours: Vec<&str> = manifests.iter().filter_map(|manifest| package(&manifest.text)).collect();
    for manifest in &manifests {
        let Some(name) = package(&manifest.text) else { continue };
        let is_guest = manifest.path.starts_with("smts/") || manifest.path.contains("/guests/");
        let row = if is_guest { "smts/*" } else { name };
        let Some((_, allowed)) = LAYERS.iter().find(|(of, _)| *of == row) else {
            problems.push(format!(
                "{}: `{name}` has no row in LAYERS; decide where it stands",
                manifest.path
            ));
            continue;
        };
        let ours_used =
            dependencies(&manifest.text).into_iter().filter(|used| ours.contains(&used.as_str()));
        for used in ours_used.filter(|used| !allowed.contains(&used.as_str())) {
            problems.push(format!("{}: `{name}` must not know `{used}`", manifest.path));
        }
    }
    report(
        "smt-abi <- smt-sdk <- smts/*; smt-abi <- core <- runtime <- host; host and SDK meet in the ABI alone",
        &problems,
    );
}

#[test]
fn the_hosts_rooms_do_not_import_each_other() {
    let mut problems = Vec::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        let Some(inside) = file.path.strip_prefix("host/src/") else { continue };
        let room = inside.split(['/', '.']).next().unwrap_or_default();
        if matches!(room, "app" | "lib" | "main") {
            continue;
        }
        let code = code(&file.text);
        let mut named = names_after(&code, "crate");
        named.extend(names_after(&code, &up_to_the_crate(inside)));
        named.retain(|name| SIBLINGS.contains(&name.as_str()) && name != room);
        named.sort();
        named.dedup();
        // Any other room may use one of them, but only `app` may bring two together.
        let allowed = usize::from(!SIBLINGS.contains(&room));
        if named.len() > allowed {
            problems.push(format!("{}: names {}", file.path, named.join(" and ")));
        }
    }
    report(
        "connectors, topics, wasm, offsets and admin do not know each other: let `app` hand over a trait of core's",
        &problems,
    );
}

#[test]
fn large_dependencies_stay_in_one_room() {
    let mut problems = Vec::new();
    for (dependency, room) in KEPT_IN {
        for file in files() {
            let outside =
                !file.path.starts_with(&format!("{room}/")) && file.path != format!("{room}.rs");
            if file.is_production() && outside && has_word(&code(&file.text), dependency) {
                problems.push(format!("{}: names {dependency}, which only {room} may", file.path));
            }
            // A test may use it as the peer that it judges its own crate by.
            let normal = file.text.split("[dev-dependencies]").next().unwrap_or_default();
            if file.is_manifest()
                && file.path != "host/Cargo.toml"
                && dependencies(normal).contains(&dependency.to_owned())
            {
                problems.push(format!(
                    "{}: depends on {dependency}, which only the host may",
                    file.path
                ));
            }
        }
    }
    report("types of a large dependency do not leave the room that wraps it", &problems);
}

#[test]
fn unsafe_stands_in_few_places_and_says_why() {
    let mut problems = Vec::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        let code = code(&file.text);
        // An allocator that counts is the one thing for which a test or bench needs it.
        let counts = !file.is_production() && has_word(&code, "GlobalAlloc");
        let listed = UNSAFE.iter().any(|place| is_module(&file.path, place));
        if has_word(&code, "unsafe") && !listed && !counts {
            problems.push(format!(
                "{}: has `unsafe`; do without, or give the place a row in UNSAFE with a reason",
                file.path
            ));
        }
        let blocks = code.matches("unsafe {").count() + code.matches("unsafe impl").count();
        if file.text.matches("SAFETY:").count() < blocks {
            problems.push(format!(
                "{}: {blocks} times unsafe, and not as many `// SAFETY:` reasons",
                file.path
            ));
        }
    }
    report("`unsafe` stands in few small modules, each block with its reason", &problems);
}

#[test]
fn core_is_pure() {
    let mut problems = Vec::new();
    for file in files().iter().filter(|file| file.path.starts_with("host/core/")) {
        if file.is_production() {
            let code = code(file.production());
            let mut found: Vec<String> = names_after(&code, "std")
                .into_iter()
                .filter(|name| IMPURE.contains(&name.as_str()))
                .collect();
            found.extend(
                IMPURE_CRATES
                    .iter()
                    .filter(|name| has_word(&code, name))
                    .map(|name| (*name).to_owned()),
            );
            problems.extend(found.iter().map(|name| format!("{}: names {name}", file.path)));
        } else if file.is_manifest() {
            let normal = file.text.split("[dev-dependencies]").next().unwrap_or_default();
            let impure = dependencies(normal)
                .into_iter()
                .filter(|name| IMPURE_CRATES.contains(&name.as_str()));
            problems.extend(impure.map(|name| format!("{}: depends on {name}", file.path)));
        }
    }
    report(
        "core performs no I/O, reads no clock, draws nothing at random (invariant 6): take it as an argument or a trait",
        &problems,
    );
}

#[test]
fn lints_are_the_workspaces() {
    let manifests: Vec<File> = files().into_iter().filter(File::is_manifest).collect();
    let lacking =
        manifests.iter().filter(|manifest| !manifest.text.contains("[lints]\nworkspace = true"));
    let problems: Vec<String> = lacking.map(|manifest| manifest.path.clone()).collect();
    report("every crate takes the workspace's lints: [lints] workspace = true", &problems);
}

/// True if `path` is the module `place`, a file or a directory.
fn is_module(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Returns the `super::super` with which the file at `inside` (from `host/src/`) reaches the top of its crate.
fn up_to_the_crate(inside: &str) -> String {
    let module = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    vec!["super"; module.split('/').count()].join("::")
}

fn package(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find(|line| line.starts_with("name = "))?;
    line.split('"').nth(1)
}

/// Returns the names under every kind of `dependencies` section of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies");
            if let Some((before, name)) = section.rsplit_once('.')
                && before.ends_with("dependencies")
            {
                names.push(name.to_owned());
            }
        } else if inside && line.starts_with(|c: char| c.is_alphabetic()) {
            names.extend(line.split(['.', ' ', '=']).next().map(str::to_owned));
        }
    }
    names
}

#[test]
fn dependencies_are_read_from_every_kind_of_section() {
    let manifest = "[package]\nname = \"a\"\n[dependencies]\nb.workspace = true\nc = \"1\"\n\
        [target.'cfg(unix)'.dev-dependencies]\nd = { path = \"d\" }\n[build-dependencies.e]\npath = \"e\"\n[lints]\nworkspace = true\n";
    assert_eq!(dependencies(manifest), ["b", "c", "d", "e"]);
}
