//! Modules that are refused before any record: each with its own error, which says how to mend it.

use crate::hostile::{Guest, runtime};
use std::error::Error;
use transom::wasm::{Instance, Limits, Manifest, ModuleError, Runtime};

#[track_caller]
fn refused(guest: &Guest, expected: &str) -> ModuleError {
    refused_wasm(&guest.wasm(), expected)
}

#[track_caller]
fn refused_wasm(wasm: &[u8], expected: &str) -> ModuleError {
    let error = runtime().load(wasm).expect_err(expected);
    let text = chain(&error);
    assert!(text.contains(expected), "{text}");
    error
}

fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

fn with(edit: impl FnOnce(&mut Guest)) -> Guest {
    let mut guest = Guest::default();
    edit(&mut guest);
    guest
}

#[test]
fn a_good_module_is_loaded_and_known_by_its_bytes() {
    let runtime = runtime();
    let wasm = Guest::default().wasm();
    let module = runtime.load(&wasm).unwrap();
    assert_eq!(module.manifest(), &Manifest::read(&wasm).unwrap());
    assert_eq!(module.digest(), transom::wasm::Digest::of(&wasm));
    assert!(!module.reads_records());
    let init = Instance::new(&module).unwrap().init(b"{}").unwrap();
    assert_eq!(init.descriptor, br#"{"slots": ["$"]}"#);
    assert_eq!(init.static_operations, b"");
}

#[test]
fn what_is_no_module_is_refused() {
    refused_wasm(b"", "not a WebAssembly module");
    refused_wasm(b"(module)", "not a WebAssembly module");
    refused_wasm(b"\0asm\x0d\0\x01\0", "wasm32-unknown-unknown");
    let wasm = Guest::default().wasm();
    refused_wasm(&wasm[..wasm.len() - 1], "cut off");
    let limits = Limits { module_bytes: 10, ..Limits::default() };
    let error = Runtime::new(limits, None).unwrap().load(&wasm).unwrap_err();
    assert!(matches!(error, ModuleError::TooLarge { limit: 10, .. }));
}

#[test]
fn the_description_is_needed() {
    refused(&with(|guest| guest.section = String::new()), "no custom section `transom.smt`");
    refused(&with(|guest| guest.section = "{".to_owned()), "not the JSON object");
}

#[test]
fn abi_versions_are_compared() {
    let section = |abi: &str| format!(r#"{{"name": "x", "version": "1", "abi": "{abi}"}}"#);
    for abi in ["2.0", "0.9", "1.1", "1", "x.y"] {
        let error =
            refused(&with(|guest| guest.section = section(abi)), "this host runs 1.0 to 1.0");
        assert!(matches!(error, ModuleError::OtherAbi { .. }));
    }
    for version in [0x0002_0000, 0x0001_0001, 0] {
        let guest = with(|guest| guest.abi = format!("i32.const {version}"));
        assert!(matches!(refused(&guest, "smt_abi"), ModuleError::AbiDiffers { .. }));
    }
}

#[test]
fn unknown_imports_are_named() {
    let import = |text: &str| with(|guest| guest.imports = text.to_owned());
    let fd_write = "(import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))";
    let error = refused(&import(fd_write), "`fd_write`");
    assert!(
        matches!(&error, ModuleError::Wasi { .. })
            && error.to_string().contains("wasm32-unknown-unknown")
    );
    for (text, name) in [
        ("(import \"env\" \"abort\" (func))", "`env` `abort`"),
        ("(import \"smt\" \"put\" (func))", "`smt` `put`"),
        ("(import \"env\" \"log\" (func (param i32 i32 i32)))", "`env` `log`"),
        ("(import \"smt\" \"table\" (table 1 funcref))", "`smt` `table`"),
    ] {
        assert!(matches!(refused(&import(text), name), ModuleError::UnknownImport { .. }));
    }
    for (text, found) in [
        ("(import \"smt\" \"log\" (func (param i32 i32)))", "a function (i32, i32), but"),
        ("(import \"smt\" \"log\" (func (param i32 i32 i64)))", "a function (i32, i32, i64), but"),
        (
            "(import \"smt\" \"get\" (func (param i32 i32 i32 i32 i32)))",
            "it is a function (i32, i32, i32, i32, i32) -> i32",
        ),
        ("(import \"smt\" \"get\" (global i32))", "a global"),
    ] {
        assert!(matches!(refused(&import(text), found), ModuleError::ImportType { .. }));
    }
}

/// The guest, with `definition` in place of what it exports as `name`.
fn replaced(name: &str, definition: &str) -> Vec<u8> {
    let text = Guest::default().text().replace(&format!("(export \"{name}\")"), "");
    let (text, end) = text.split_at(text.rfind(')').unwrap());
    wat::parse_str(format!("{text} {definition} {end}")).unwrap()
}

#[test]
fn missing_exports_are_named() {
    for name in ["memory", "smt_abi", "smt_buf", "smt_init", "smt_batch"] {
        let error = refused_wasm(&replaced(name, ""), &format!("does not export `{name}`"));
        assert!(matches!(error, ModuleError::NoExport { .. }));
    }
}

#[test]
fn exports_of_another_type_are_named() {
    for (name, definition, found) in [
        ("smt_abi", "(func (export \"smt_abi\") (result i64) unreachable)", "() -> i64"),
        (
            "smt_buf",
            "(func (export \"smt_buf\") (param i32 i32) (result i32) unreachable)",
            "(i32, i32) -> i32",
        ),
        ("smt_init", "(func (export \"smt_init\") (param i32))", "a function (i32), but"),
        (
            "smt_batch",
            "(func (export \"smt_batch\") (param f32 i32) (result i32) unreachable)",
            "(f32, i32) -> i32",
        ),
        ("memory", "(func (export \"memory\"))", "`memory` as a function ()"),
        (
            "smt_batch",
            "(global (export \"smt_batch\") i32 (i32.const 0))",
            "`smt_batch` as a global",
        ),
    ] {
        let error = refused_wasm(&replaced(name, definition), found);
        assert!(matches!(error, ModuleError::ExportType { .. }));
    }
    let guest =
        with(|guest| guest.extra = "(func (export \"_initialize\") (param i32))".to_owned());
    refused(&guest, "`_initialize` as a function (i32)");
}

#[test]
fn proposals_that_are_off_do_not_compile() {
    for memory in [
        "(memory (export \"memory\") 4 8 shared)",
        "(memory (export \"memory\") i64 4)",
        "(memory (export \"memory\") 4) (memory 1)",
        "(memory (export \"memory\") 4) (type (struct))",
        "(memory (export \"memory\") 4) (tag)",
        "(memory (export \"memory\") 4)
         (func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))",
    ] {
        let error = refused(&with(|guest| guest.memory = memory.to_owned()), "does not compile");
        assert!(matches!(error, ModuleError::Invalid(_)));
    }
    let simd = "(func (param v128) (result v128) (i8x16.swizzle (local.get 0) (local.get 0)))";
    with(|guest| guest.extra = simd.to_owned()).load(&runtime()).unwrap();
}

#[test]
fn a_start_that_fails_is_refused() {
    let start =
        |body: &str| with(|guest| guest.extra = format!("(func $start {body}) (start $start)"));
    let initialize =
        |body: &str| with(|guest| guest.extra = format!("(func (export \"_initialize\") {body})"));
    for (guest, code) in [
        (start("(loop (br 0))"), "guest-cpu-limit"),
        (start("unreachable"), "guest-trap"),
        (start("(call $start)"), "guest-stack-limit"),
        (initialize("(loop (br 0))"), "guest-cpu-limit"),
        (initialize("unreachable"), "guest-trap"),
        (with(|guest| guest.abi = "(loop (br 0)) i32.const 0".to_owned()), "guest-cpu-limit"),
        (
            with(|guest| guest.memory = "(memory (export \"memory\") 17)".to_owned()),
            "guest-memory-limit",
        ),
        (with(|guest| guest.extra = "(table 101 funcref)".to_owned()), "guest-table-limit"),
        (with(|guest| guest.extra = "(table 1 funcref)".repeat(5)), "guest-trap"),
        (with(|guest| guest.extra = "(data (i32.const 262143) \"ab\")".to_owned()), "guest-trap"),
    ] {
        let ModuleError::Start(failure) = refused(&guest, "does not start") else {
            panic!("{code}");
        };
        assert_eq!(failure.code, code, "{failure}");
    }
    start("(i32.store (i32.const 0) (i32.const 1))").load(&runtime()).unwrap();
}

#[test]
fn modules_may_import_what_there_is() {
    let guest = with(|guest| {
        guest.imports = "(import \"smt\" \"log\" (func (param i32 i32 i32)))
            (import \"smt\" \"get\" (func (param i32 i32 i32 i32 i32) (result i32)))"
            .to_owned();
    });
    assert!(guest.load(&runtime()).unwrap().reads_records());
}

#[test]
fn a_module_from_the_cache_is_the_same() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("cache");
    let guest = Guest::default();
    for _ in 0..2 {
        let runtime = Runtime::new(crate::hostile::limits(), Some(&cache)).unwrap();
        let mut instance = guest.ready(&runtime);
        instance.input(4).unwrap().fill(0);
        instance.call(1).unwrap();
        assert_eq!(instance.output(), (&[0; 8][..], &b""[..]));
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    }
}
