//! Where a file goes on, and whether it is still the same.
//!
//! A file is told from others by its inode, and by a fingerprint of its first bytes, as many as were read, at most
//! [`HEAD`]. So a file that was renamed goes on where it was, one that took its name begins anew, and one that was
//! truncated and written again, or that got the inode of a deleted one, is not taken for what was there before. A copy
//! is another file.

use super::super::{failed, name::digest};
use serde::Deserialize;
use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};
use transom_core::{
    connector::{ConnectorError, SourcePosition},
    json,
};

/// Bytes at the beginning of a file that tell it from another.
pub(super) const HEAD: usize = 256;

/// A position that was stored, with the part that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) path: String,
    pub(super) inode: u64,
    pub(super) place: Place,
}

/// Where a file goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Place {
    /// In bytes.
    pub(super) offset: u64,
    /// How many of the first bytes the fingerprint is of.
    head: usize,
    fingerprint: String,
}

#[derive(Deserialize)]
struct Part {
    path: String,
    inode: u64,
}

impl Stored {
    /// Reads what [`part`] and [`write`] wrote.
    ///
    /// # Errors
    /// [`ConnectorError`] if it is something else.
    pub(super) fn parse(stored: &SourcePosition) -> Result<Self, ConnectorError> {
        let refused = |text: &str, error: serde_json::Error| {
            let message = format!(
                "the stored position `{text}` is none of the file source: {error}; \
                 reset the connector's offsets to begin anew"
            );
            ConnectorError::fatal("position", message)
        };
        let part: Part = serde_json::from_str(&stored.source_partition)
            .map_err(|error| refused(&stored.source_partition, error))?;
        let place = serde_json::from_str(&stored.position)
            .map_err(|error| refused(&stored.position, error))?;
        Ok(Self { path: part.path, inode: part.inode, place })
    }

    /// True if this is a position in a file.
    pub(super) fn is_of(&self, path: &Path, file: &File) -> Result<bool, ConnectorError> {
        let read = || -> io::Result<bool> {
            let meta = file.metadata()?;
            if meta.ino() != self.inode || meta.len() < self.place.offset {
                return Ok(false);
            }
            let head = head(file)?;
            let known = head.get(..self.place.head).map(digest);
            Ok(known.is_some_and(|known| known == self.place.fingerprint))
        };
        read().map_err(|error| failed("read", path, &error))
    }
}

/// The first bytes of a file.
pub(super) fn head(file: &File) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let read = read_at(file, &mut head, 0)?;
    head.truncate(read);
    Ok(head)
}

/// Reads until `into` is full or the file ends.
pub(super) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < into.len() {
        match file.read_at(&mut into[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// The source partition (JSON) of a file. It names the inode as well: a file that takes the name of another must not
/// take its place among the stored positions while the other goes on under a new name.
pub(super) fn part(path: &Path, inode: u64) -> String {
    let mut text = b"{\"path\":".to_vec();
    json::escape(&path.to_string_lossy(), &mut text);
    write!(text, ",\"inode\":{inode}}}").expect("a vector takes what is written to it");
    String::from_utf8(text).expect("JSON is text")
}

/// Writes positions in one file, and remembers the fingerprint once it is of all the bytes that it ever will be.
#[derive(Debug, Default)]
pub(super) struct Fingerprint {
    full: Option<String>,
}

impl Fingerprint {
    /// Writes the position (JSON) at an offset of a file that begins with `head`.
    pub(super) fn write(&mut self, offset: u64, head: &[u8], out: &mut String) {
        use std::fmt::Write;
        let len = usize::try_from(offset).map_or(HEAD, |offset| offset.min(HEAD)).min(head.len());
        let short;
        let fingerprint = if len < HEAD {
            short = digest(&head[..len]);
            &short
        } else {
            self.full.get_or_insert_with(|| digest(&head[..len]))
        };
        out.clear();
        write!(out, "{{\"offset\":{offset},\"head\":{len},\"fingerprint\":\"{fingerprint}\"}}")
            .expect("a string takes what is written to it");
    }
}
