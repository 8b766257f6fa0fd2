//! The journal: one file with everything that the broker knows besides records.
//!
//! It is a row of entries, each with its length and checksum before it; their sum is the [`Image`]. An entry counts once it is
//! written, and is written before anybody is told. When much of the file is outdated, it is written anew beside the old one
//! and renamed over it.

mod image;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Buf as _;
use tracing::warn;

use crate::error::BrokerError;
use crate::lock::lock;
pub(crate) use image::{Committed, Entry, Image, TopicImage};

/// Bytes before an entry: its length and its checksum, four each, big end first.
const PREFIX: usize = 8;

/// The file is written anew when it has grown by this and to twice of what it was then.
const GROWTH: u64 = 16 << 20;

/// The broker's state besides records, in memory and on disk.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    size: u64,
    /// What the file had when it was last written anew.
    compact: u64,
    image: Image,
}

impl Journal {
    /// Opens the journal at `path`, which is created if it is not there.
    pub(crate) fn open(path: PathBuf) -> Result<Self, BrokerError> {
        let mut bytes = Vec::new();
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(BrokerError::at(&path))?;
        file.read_to_end(&mut bytes).map_err(BrokerError::at(&path))?;
        let (image, size) =
            replay(&bytes).map_err(|source| BrokerError::Journal { path: path.clone(), source })?;
        if size < bytes.len() {
            if (1..bytes.len() - size).any(|at| whole_entry(&bytes[size + at..]).is_some()) {
                return Err(BrokerError::DamagedJournal { path, position: size });
            }
            warn!(path = %path.display(), dropped = bytes.len() - size, "journal cut off behind its last whole entry");
        }
        let (file, size) = write_anew(&path, &image).map_err(BrokerError::at(&path))?;
        let inner = Inner { file, size, compact: size, image };
        Ok(Self { path, inner: Mutex::new(inner) })
    }

    /// Writes `entry`, then applies it. An entry that was not written changes nothing.
    pub(crate) fn write(&self, entry: Entry) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        let bytes = framed(&entry)?;
        inner.file.write_all_at(&bytes, inner.size)?;
        inner.size += bytes.len() as u64;
        inner.image.apply(entry);
        if inner.size > inner.compact * 2 + GROWTH {
            (inner.file, inner.size) = write_anew(&self.path, &inner.image)?;
            inner.compact = inner.size;
        }
        Ok(())
    }

    /// Looks at the state.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Image) -> R) -> R {
        look(&lock(&self.inner).image)
    }

    /// Forces everything to the disk.
    pub(crate) fn flush(&self) -> Result<(), BrokerError> {
        lock(&self.inner).file.sync_data().map_err(BrokerError::at(&self.path))
    }
}

/// Adds up the whole entries that `bytes` begin with. Returns how many bytes they take: what follows was torn.
fn replay(bytes: &[u8]) -> Result<(Image, usize), serde_json::Error> {
    let mut image = Image::default();
    let mut rest = bytes;
    while let Some(entry) = whole_entry(rest) {
        image.apply(serde_json::from_slice(entry)?);
        rest.advance(PREFIX + entry.len());
    }
    Ok((image, bytes.len() - rest.len()))
}

fn whole_entry(mut bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.try_get_u32().ok()?;
    let checksum = bytes.try_get_u32().ok()?;
    let entry = bytes.get(..usize::try_from(length).ok()?)?;
    // A machine that ended may have left zeros, and no bytes have the checksum zero.
    (length > 0 && crc32c::crc32c(entry) == checksum).then_some(entry)
}

fn framed(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; PREFIX];
    serde_json::to_writer(&mut bytes, entry)?;
    let length = u32::try_from(bytes.len() - PREFIX).map_err(io::Error::other)?;
    let checksum = crc32c::crc32c(&bytes[PREFIX..]);
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes[4..PREFIX].copy_from_slice(&checksum.to_be_bytes());
    Ok(bytes)
}

/// Replaces the file at `path` by one with nothing but `image`. Whatever happens, one of the two is there and whole.
fn write_anew(path: &Path, image: &Image) -> io::Result<(File, u64)> {
    let mut bytes = Vec::new();
    for entry in image.entries() {
        bytes.extend(framed(&entry)?);
    }
    let beside = path.with_extension("new");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&beside);
    let file = open?;
    file.write_all_at(&bytes, 0)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    Ok((file, bytes.len() as u64))
}

#[cfg(test)]
mod tests;
