//! What `make live-deps` fetches into the target directory.

use std::path::{Path, PathBuf};

/// Returns Python with the clients that judge ours, or the line that brings it.
pub(crate) fn python() -> Result<PathBuf, String> {
    let python = target().join("python/bin/python");
    if python.is_file() {
        return Ok(python);
    }
    Err("the clients in Python are not there; make live-deps fetches them".to_owned())
}

/// The target directory.
pub(crate) fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}
