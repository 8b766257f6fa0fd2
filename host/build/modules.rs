//! Builds modules for wasm32 from a build script and lists them in `$OUT_DIR`, so that a binary carries them and none is committed.
//!
//! A nested cargo does it, into a target directory of its own: it waits for no lock that the outer one holds. It always uses profile
//! `smt`, whatever the host is built as, and it gets none of the outer build's flags: the modules are the same bytes in a debug build
//! and in a release build, and they keep their sha256 from one machine to the next.
//!
//! Clippy only needs the names: for it the modules are empty, which spares every lint run a second build of them.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

const TARGET: &str = "wasm32-unknown-unknown";

/// What decides a module's bytes, besides the compiler and its own package. `tests/tidy` holds that each of these exists.
const SOURCES: [&str; 5] =
    ["Cargo.lock", "Cargo.toml", "smt-sdk/Cargo.toml", "smt-sdk/src", "smt-sdk/abi"];

/// Builds every package in `folder`, a directory of the workspace, and writes `modules.rs` with a table named `table`.
pub(crate) fn embed(folder: &str, table: &str) -> ExitCode {
    match build(folder, table) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={problem}");
            ExitCode::FAILURE
        }
    }
}

fn build(folder: &str, table: &str) -> Result<(), String> {
    let root = root(&PathBuf::from(variable("CARGO_MANIFEST_DIR")?))?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    for source in SOURCES.into_iter().chain([folder]) {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    let names = packages(&root.join(folder)).map_err(|e| format!("cannot list {folder}: {e}"))?;
    let is_lint = env::var_os("RUSTC_WORKSPACE_WRAPPER").is_some_and(|wrapper| is_clippy(&wrapper));
    let text = if is_lint {
        list(table, names.iter().map(|name| (name.as_str(), None)))
    } else {
        let target_dir = out.join("modules");
        compile(&root, &target_dir, &names)?;
        let modules = target_dir.join(TARGET).join("smt");
        let module = |name: &str| modules.join(name.replace('-', "_")).with_extension("wasm");
        list(table, names.iter().map(|name| (name.as_str(), Some(module(name)))))
    };
    fs::write(out.join("modules.rs"), text).map_err(|e| format!("cannot write modules.rs: {e}"))
}

/// The workspace's directory: the nearest one above the package that holds its lock file.
fn root(package: &Path) -> Result<PathBuf, String> {
    let found = package.ancestors().find(|directory| directory.join("Cargo.lock").exists());
    found.map(Path::to_owned).ok_or_else(|| "no Cargo.lock lies above the package".to_owned())
}

fn variable(name: &str) -> Result<OsString, String> {
    env::var_os(name)
        .ok_or_else(|| format!("`{name}` is not set; cargo sets it for a build script"))
}

fn is_clippy(wrapper: &OsStr) -> bool {
    Path::new(wrapper).file_stem().is_some_and(|stem| stem == "clippy-driver")
}

/// Returns the packages in a directory that make a module, sorted; a package is named like its directory (`tests/tidy` holds that).
fn packages(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let manifest = entry.path().join("Cargo.toml");
        if manifest.exists() && fs::read_to_string(manifest)?.contains("\"cdylib\"") {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

fn compile(root: &Path, target_dir: &Path, names: &[String]) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    check_target()?;
    let mut cargo = Command::new(variable("CARGO")?);
    for (name, _) in env::vars_os() {
        if is_of_outer_build(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    cargo
        .current_dir(root)
        .env("RUSTC", variable("RUSTC")?)
        .env("CARGO_ENCODED_RUSTFLAGS", flags())
        .args(["build", "--quiet", "--lib", "--locked", "--profile", "smt", "--target", TARGET])
        .arg("--target-dir")
        .arg(target_dir)
        // What a build script prints there are directives.
        .stdout(Stdio::null());
    for name in names {
        cargo.args(["--package", name]);
    }
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => {
            Err(format!("the SMTs do not compile for {TARGET}; cargo's own messages are below"))
        }
        Err(e) => Err(format!("cannot run {}: {e}", cargo.get_program().display())),
    }
}

/// True for what steers the outer build: cargo's, clippy's, rust-analyzer's and make's. Settings of network and registries stay.
fn is_of_outer_build(name: &str) -> bool {
    const KEPT: [&str; 2] = ["CARGO", "CARGO_HOME"];
    const KEPT_PREFIXES: [&str; 4] = ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_TERM_"];
    const PREFIXES: [&str; 4] = ["CARGO", "RUSTC", "RUSTFLAGS", "MAKEFLAGS"];
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    starts(&PREFIXES) && !starts(&KEPT_PREFIXES) && !KEPT.contains(&name)
}

/// Flags of every module, in cargo's own encoding. Paths of the registry are cut short, since panic messages carry them.
fn flags() -> OsString {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = OsString::from("-Ctarget-feature=+simd128");
    if let Some(home) = home {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(home);
        flags.push("=cargo");
    }
    flags
}

fn check_target() -> Result<(), String> {
    let rustc = variable("RUSTC")?;
    let said = Command::new(&rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let said = said.map_err(|e| format!("cannot run {}: {e}", rustc.display()))?;
    if Path::new(String::from_utf8_lossy(&said.stdout).trim()).is_dir() {
        return Ok(());
    }
    Err(format!(
        "the SMTs need the Rust target {TARGET}: rustup target add {TARGET} (without rustup: scripts/check-tools)"
    ))
}

fn list<'a>(table: &str, modules: impl Iterator<Item = (&'a str, Option<PathBuf>)>) -> String {
    let mut text = format!(
        "/// The modules that this build carries: name and bytes, sorted by name.\npub static {table}: &[(&str, &[u8])] = &[\n"
    );
    for (name, path) in modules {
        let bytes = path.map_or_else(
            || "&[]".to_owned(),
            |path| format!("include_bytes!({:?})", path.display().to_string()),
        );
        writeln!(text, "    ({name:?}, {bytes}),").expect("a String takes everything");
    }
    text.push_str("];\n");
    text
}
