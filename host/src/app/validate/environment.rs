//! Where a configuration takes values from: the process's environment, and files.

use std::{collections::BTreeMap, env, fs, path::Path};
use transom_core::config::Environment;

/// Variables that a command decides: they stand before those of the process.
pub(in crate::app) type Given = BTreeMap<&'static str, String>;

/// The surroundings of this process.
pub(super) struct Process<'a> {
    /// The folder of the configuration, which the paths of files begin from.
    pub(super) folder: &'a Path,
    pub(super) given: &'a Given,
}

impl Environment for Process<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.given.get(name).cloned().or_else(|| env::var(name).ok())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(self.folder.join(path)).map_err(|error| error.to_string())
    }
}
