//! The directory for what outlives a restart. One process has it at a time.

use crate::app::Failure;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A directory that is this process's own for as long as this lives: the system lets go of it whatever happens.
#[derive(Debug)]
pub(in crate::app) struct StateDir {
    path: PathBuf,
    lock: File,
}

/// The file that is locked. It holds what the process tells others.
const LOCK: &str = "lock";

impl StateDir {
    /// Takes the directory, and makes it if need be.
    pub(in crate::app) fn take(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::Usage(format!("state directory `{}`: {error}", path.display()))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock =
            File::options().create(true).append(true).open(path.join(LOCK)).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error.into() {
            error if io::Error::kind(&error) == io::ErrorKind::WouldBlock => Failure::Usage(format!(
                "state directory `{}` is in use by another process; give each process its own with --state-dir",
                path.display()
            )),
            error => failed(error),
        })?;
        lock.set_len(0).map_err(failed)?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// Tells others something, for as long as this lives.
    pub(in crate::app) fn tell(&self, text: &str) -> Result<(), Failure> {
        Ok((&self.lock).write_all(text.as_bytes())?)
    }

    /// What the process tells that has a directory; nothing if none has it, or tells nothing.
    pub(in crate::app) fn told(path: &Path) -> Option<String> {
        let lock = File::open(path.join(LOCK)).ok()?;
        flock(&lock, FlockOperation::NonBlockingLockShared).err()?;
        io::read_to_string(lock).ok().filter(|text| !text.is_empty())
    }

    pub(in crate::app) fn path(&self) -> &Path {
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
        assert_eq!(StateDir::told(&path), None);
        first.tell("127.0.0.1:9092").unwrap();
        assert_eq!(StateDir::told(&path).as_deref(), Some("127.0.0.1:9092"));
        drop(first);
        // A process that another test is about to start holds what this one has open, until it begins.
        let again = std::iter::repeat_with(|| {
            std::thread::yield_now();
            StateDir::take(&path)
        });
        let again = again.take(1_000_000).find_map(Result::ok).unwrap();
        assert_eq!(again.path(), path);
        assert_eq!(StateDir::told(&path), None);
    }
}
