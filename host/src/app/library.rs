//! Finding SMTs: shipped ones by name, others by path.

use super::Failure;
use crate::{
    error::on_one_line,
    shipped,
    wasm::{Limits, Module, Runtime},
};
use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

/// A runtime with default limits; compiled modules are not kept.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    Runtime::new(Limits::default(), None).map_err(|error| Failure::Run(on_one_line(&error)))
}

/// A runtime with default limits that keeps compiled modules in a directory of its own below `state_dir`.
pub(super) fn runtime_in(state_dir: &Path) -> Result<Runtime, Failure> {
    let cache = state_dir.join("modules");
    Runtime::new(Limits::default(), Some(&cache)).map_err(|error| Failure::Run(on_one_line(&error)))
}

/// Loads the SMT that `name` means: a shipped one, or the path of a `.wasm` file.
pub(super) fn load(runtime: &Runtime, name: &str) -> Result<Module, Failure> {
    runtime
        .load(&bytes(name)?)
        .map_err(|error| Failure::Usage(format!("SMT `{name}`: {}", on_one_line(&error))))
}

/// The SMT that `name` means in a file that lies in `folder`: paths begin there.
pub(super) fn below(folder: &Path, name: &str) -> String {
    if is_path(name) { folder.join(name).display().to_string() } else { name.to_owned() }
}

/// The file that `name` means in a file that lies in `folder`; nothing for a shipped SMT.
pub(super) fn path_below(folder: &Path, name: &str) -> Option<PathBuf> {
    is_path(name).then(|| folder.join(name))
}

fn is_path(name: &str) -> bool {
    shipped::find(name).is_none() && name.contains(['/', '\\', '.'])
}

fn bytes(name: &str) -> Result<Cow<'static, [u8]>, Failure> {
    if let Some(module) = shipped::find(name) {
        return Ok(Cow::Borrowed(module));
    }
    if !is_path(name) {
        let known = shipped::names().collect::<Vec<_>>().join(", ");
        return Err(Failure::Usage(format!(
            "there is no SMT `{name}`; shipped are {known}, and any other is given by the path of its .wasm file"
        )));
    }
    fs::read(name)
        .map(Cow::Owned)
        .map_err(|error| Failure::Usage(format!("SMT `{name}` cannot be read: {error}")))
}
