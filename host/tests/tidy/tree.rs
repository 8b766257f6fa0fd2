//! The files of the tree, and how a rule chooses among them.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the tree.
pub(crate) struct File {
    /// Its path from the top, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// True for Rust that ships: not tests, benches, or tests moved beside what they test.
    pub(crate) fn is_production(&self) -> bool {
        let of_tests =
            |part| matches!(part, "tests" | "benches" | "examples" | "fuzz" | "tests.rs");
        self.is_rust() && !self.path.split('/').any(of_tests)
    }

    /// True for a package's manifest; the workspace's own is none.
    pub(crate) fn is_manifest(&self) -> bool {
        self.path.ends_with("/Cargo.toml")
    }

    /// What follows the last dot of the name; empty for scripts and the Makefile.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The part before unit tests.
    pub(crate) fn production(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]").map_or(self.text.len(), |at| at + 1);
        &self.text[..end]
    }
}

/// The top of the tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns every text file, without what builds leave behind.
pub(crate) fn files() -> Vec<File> {
    let mut files = Vec::new();
    walk(&root(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Returns one file, or fails saying that it has to exist.
pub(crate) fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("`{path}` has to exist: {e}"))
}

fn walk(dir: &Path, prefix: &str, into: &mut Vec<File>) {
    // Cargo marks its target directories so, wherever they are and whatever they are called.
    if dir.join("CACHEDIR.TAG").exists() {
        return;
    }
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !matches!(name.as_str(), ".git" | ".transom" | "target") {
                walk(&entry.path(), &format!("{path}/"), into);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            into.push(File { path, text });
        }
    }
}
