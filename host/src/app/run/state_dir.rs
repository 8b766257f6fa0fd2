//! The directory for what outlives a restart. One process has it at a time.

use crate::app::Failure;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A directory that is this process's own for as long as this lives: the system lets go of it whatever happens.
#[derive(Debug)]
pub(super) struct StateDir {
    path: PathBuf,
    _lock: File,
}

impl StateDir {
    /// Takes the directory, and makes it if need be.
    pub(super) fn take(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::Usage(format!("state directory `{}`: {error}", path.display()))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock =
            File::options().create(true).append(true).open(path.join("lock")).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error.into() {
            error if io::Error::kind(&error) == io::ErrorKind::WouldBlock => Failure::Usage(format!(
                "state directory `{}` is in use by another process; give each process its own with --state-dir",
                path.display()
            )),
            error => failed(error),
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::StateDir;
    use crate::app::Failure;

    #[test]
    fn one_process_has_it_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        let first = StateDir::take(&path).unwrap();
        assert!(
            matches!(StateDir::take(&path), Err(Failure::Usage(text)) if text.contains("--state-dir"))
        );
        drop(first);
        assert_eq!(StateDir::take(&path).unwrap().path(), path);
    }
}
