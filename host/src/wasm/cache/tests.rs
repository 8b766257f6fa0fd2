//! Directories that are not trusted, and files that are not loaded.

use super::*;
use std::fs::{Permissions, read, read_dir, set_permissions, write};
use std::os::unix::fs::{PermissionsExt, symlink};

fn engine() -> wasmtime::Engine {
    wasmtime::Engine::default()
}

fn module(engine: &wasmtime::Engine, text: &str) -> (Digest, wasmtime::Module) {
    let wasm = wat::parse_str(text).unwrap();
    (Digest::of(&wasm), wasmtime::Module::from_binary(engine, &wasm).unwrap())
}

#[track_caller]
fn distrust(path: &Path, expected: &str) {
    let error = on_one_line(&Cache::try_open(path).expect_err(expected));
    assert!(error.contains(expected), "{error}");
    assert!(Cache::open(path).is_none());
}

#[test]
fn only_a_directory_of_our_own_is_used() {
    let home = tempfile::tempdir().unwrap();
    let fresh = home.path().join("state").join("cache");
    assert!(Cache::open(&fresh).is_some(), "it is made if need be");
    assert_eq!(fresh.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for mode in [0o750, 0o701, 0o777] {
        set_permissions(&fresh, Permissions::from_mode(mode)).unwrap();
        distrust(&fresh, &format!("its mode is {mode:o}"));
    }
    set_permissions(&fresh, Permissions::from_mode(0o700)).unwrap();
    let link = home.path().join("link");
    symlink(&fresh, &link).unwrap();
    distrust(&link, "symbolic link");
    let file = home.path().join("file");
    write(&file, "").unwrap();
    distrust(&file, "cannot be opened as a directory");
}

#[test]
fn whole_files_are_loaded_and_others_are_not() {
    let home = tempfile::tempdir().unwrap();
    let cache = Cache::open(&home.path().join("cache")).unwrap();
    let engine = engine();
    let (id, code) = module(&engine, "(module (func (export \"a\")))");
    assert!(cache.load(&engine, &id).is_none());
    cache.store(&engine, &id, &code);
    assert!(cache.load(&engine, &id).unwrap().get_export("a").is_some());

    let names: Vec<_> = read_dir(&cache.path).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [path] = names.as_slice() else { panic!("one file and no draft: {names:?}") };
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let whole = read(path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let last = whole.len() - 1;
    let broken = [
        whole[..last].to_vec(),
        whole[..20].to_vec(),
        vec![],
        flipped(0),
        flipped(40),
        flipped(last),
    ];
    for content in broken {
        write(path, content).unwrap();
        assert!(cache.load(&engine, &id).is_none());
    }
    cache.store(&engine, &id, &code);
    assert!(cache.load(&engine, &id).is_some(), "it is replaced");
}

#[test]
fn a_file_under_another_name_is_not_loaded() {
    let home = tempfile::tempdir().unwrap();
    let cache = Cache::open(&home.path().join("cache")).unwrap();
    let engine = engine();
    let (id, code) = module(&engine, "(module (func (export \"a\")))");
    let (other, _) = module(&engine, "(module (func (export \"b\")))");
    cache.store(&engine, &id, &code);
    let content = read(cache.path.join(name(&engine, &id))).unwrap();
    write(cache.path.join(name(&engine, &other)), content).unwrap();
    assert!(cache.load(&engine, &other).is_none());
    symlink(cache.path.join(name(&engine, &id)), cache.path.join("link")).unwrap();
    assert!(cache.read("link").is_err(), "links are not followed");
}

#[test]
fn other_settings_are_another_file() {
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true);
    let other = wasmtime::Engine::new(&config).unwrap();
    let id = Digest::of(b"");
    assert_ne!(name(&engine(), &id), name(&other, &id));
    assert_eq!(name(&engine(), &id), name(&engine(), &id));
}

#[test]
fn what_cannot_be_written_leaves_no_draft() {
    let home = tempfile::tempdir().unwrap();
    let cache = Cache::open(&home.path().join("cache")).unwrap();
    let engine = engine();
    let (id, code) = module(&engine, "(module)");
    std::fs::create_dir(cache.path.join(name(&engine, &id))).unwrap();
    cache.store(&engine, &id, &code);
    assert_eq!(
        read_dir(&cache.path).unwrap().count(),
        1,
        "the directory in its way, and nothing else"
    );
    assert!(cache.load(&engine, &id).is_none());
}
