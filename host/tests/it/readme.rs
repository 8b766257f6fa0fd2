//! What README shows works as it stands there.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The first block of README in a language.
fn block(language: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn transom() -> Command {
    Command::new(env!("CARGO_BIN_EXE_transom"))
}

#[test]
fn the_ten_lines_of_yaml_are_valid() {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile_in(root()).unwrap();
    fs::write(file.path(), block("yaml")).unwrap();
    let output = transom().arg("validate").arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_smt_compiles_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let sdk = root().join("smt-sdk");
    write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"keep-paid\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
             [dependencies]\nsmt-sdk = {{ path = {sdk:?} }}\n[workspace]\n"
        ),
    );
    write("src/lib.rs", &block("rust"));
    write(
        "config.schema.json",
        r#"{"type":"object","properties":{},"additionalProperties":false}"#,
    );
    let case = r#"{"description":"a paid order is marked","config":{},"records":[
        {"input":{"topic":"t","value":{"status":"paid"}},"expected":[{"topic":"t","value":{"status":"paid","checked":true}}]}]}"#;
    write("cases/paid.json", case);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--offline", "--target", "wasm32-unknown-unknown"])
        .current_dir(directory.path())
        .env("CARGO_TARGET_DIR", directory.path().join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let module = directory.path().join("target/wasm32-unknown-unknown/debug/keep_paid.wasm");
    let mut run = transom()
        .args(["smt", "apply"])
        .arg(module)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = run.stdin.take().unwrap();
    input.write_all(b"{\"status\":\"paid\",\"cents\":1.10}\n{\"status\":\"open\"}\n").unwrap();
    drop(input);
    let output = run.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "{\"status\":\"paid\",\"cents\":1.10,\"checked\":true}\n"
    );
}
