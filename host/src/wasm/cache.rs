//! Compiled modules on disk, in a directory that nobody else can write to.
//!
//! A compiled module is native code, and loading it is trusting it. So it is only ever read back from where this host
//! itself wrote it, and only while the directory belongs to the process's user alone; there is no way in for a compiled
//! file from outside.

use super::digest::Digest;
use crate::error::on_one_line;
use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use std::fs::{DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tracing::{debug, warn};

/// Bytes of the checksum that a file begins with.
const SEAL_BYTES: usize = 32;

/// A directory of compiled modules.
#[derive(Debug)]
pub(super) struct Cache {
    /// Files are opened relative to it: what was checked stays what is used, whatever happens to the path.
    directory: OwnedFd,
    path: PathBuf,
}

/// Why a directory is not used.
#[derive(Debug, thiserror::Error)]
enum Distrust {
    #[error("it cannot be opened as a directory, without following a symbolic link")]
    Open(#[source] io::Error),
    #[error("it belongs to user {owner}, and this process runs as user {own}")]
    Owner { owner: u32, own: u32 },
    #[error("other users may enter it: its mode is {mode:03o} and is to be 700")]
    Mode { mode: u32 },
}

impl Cache {
    /// Opens the directory at `path`, and makes it if need be. If it is not safe to use, a warning says why, and modules
    /// are compiled at each start.
    pub(super) fn open(path: &Path) -> Option<Self> {
        match Self::try_open(path) {
            Ok(cache) => Some(cache),
            Err(error) => {
                let (error, path) = (on_one_line(&error), path.display());
                warn!(%path, error, "the directory for compiled modules is not used");
                None
            }
        }
    }

    fn try_open(path: &Path) -> Result<Self, Distrust> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Distrust::Open)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = |error: Errno| Distrust::Open(error.into());
        let directory = fs::open(path, flags, Mode::empty()).map_err(open)?;
        let stat = fs::fstat(&directory).map_err(open)?;
        let (owner, own) = (stat.st_uid, rustix::process::geteuid().as_raw());
        let mode = Mode::from_raw_mode(stat.st_mode);
        if owner != own {
            return Err(Distrust::Owner { owner, own });
        }
        if mode.intersects(Mode::RWXG | Mode::RWXO) {
            return Err(Distrust::Mode { mode: mode.bits() & 0o777 });
        }
        Ok(Self { directory, path: path.to_owned() })
    }

    /// The module with this digest, if it was compiled before by this engine with these settings.
    pub(super) fn load(&self, engine: &wasmtime::Engine, id: &Digest) -> Option<wasmtime::Module> {
        let name = name(engine, id);
        let file = match self.read(&name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return self.skip(&name, &error),
        };
        let Some((sealed, code)) = file.split_first_chunk::<SEAL_BYTES>() else {
            return self.skip(&name, &"it is too short");
        };
        if *sealed != seal(&name, code) {
            return self.skip(&name, &"its checksum does not match");
        }
        match deserialize(engine, code) {
            Ok(module) => Some(module),
            Err(error) => self.skip(&name, &error),
        }
    }

    /// Keeps the compiled form of a module. A failure costs the next start some milliseconds and is only logged.
    pub(super) fn store(&self, engine: &wasmtime::Engine, id: &Digest, module: &wasmtime::Module) {
        let name = name(engine, id);
        let written = match module.serialize() {
            Ok(code) => self.write(&name, &code).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            let path = self.path.display();
            warn!(%path, name, error, "a compiled module cannot be kept");
        }
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(fs::openat(&self.directory, name, flags, Mode::empty())?);
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Writes beside and renames, so that a reader sees the whole file or none. It is not synced: what a power cut leaves
    /// of it fails its checksum.
    fn write(&self, name: &str, code: &[u8]) -> io::Result<()> {
        static WRITES: AtomicU32 = AtomicU32::new(0);
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        let draft = format!("{name}.{}.{number}", std::process::id());
        let written = self.write_draft(&draft, name, code);
        if written.is_err() {
            fs::unlinkat(&self.directory, &draft, AtFlags::empty()).or_else(
                |error| match error {
                    Errno::NOENT => Ok(()),
                    other => Err(other),
                },
            )?;
        }
        written
    }

    fn write_draft(&self, draft: &str, name: &str, code: &[u8]) -> io::Result<()> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file =
            File::from(fs::openat(&self.directory, draft, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(&seal(name, code))?;
        file.write_all(code)?;
        Ok(fs::renameat(&self.directory, draft, &self.directory, name)?)
    }

    fn skip<T>(&self, name: &str, reason: &dyn std::fmt::Display) -> Option<T> {
        let path = self.path.display();
        debug!(%path, name, %reason, "a compiled module is not used and will be compiled again");
        None
    }
}

/// The checksum of a file, which covers its name: a file under another module's name is no valid one.
fn seal(name: &str, code: &[u8]) -> [u8; SEAL_BYTES] {
    Sha256::new().chain_update(name).chain_update([0]).chain_update(code).finalize().into()
}

/// File name of a module: its digest, and a number for compiler and settings. If a new Rust hashes differently, modules
/// are compiled once more; wasmtime itself refuses code of other settings.
fn name(engine: &wasmtime::Engine, id: &Digest) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{id}-{:016x}.cwasm", hasher.finish())
}

#[expect(unsafe_code, reason = "loading native code cannot be checked by the compiler")]
fn deserialize(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<wasmtime::Module> {
    // SAFETY: `code` must be what `Module::serialize` gave. It was read from a directory that only this user can write to
    // (checked when it was opened, and held open since), where only `Cache::store` writes, and its checksum says that it
    // is whole and belongs to this module. It is read from our own copy, which nobody can change after the check.
    unsafe { wasmtime::Module::deserialize(engine, code) }
}

#[cfg(test)]
mod tests;
