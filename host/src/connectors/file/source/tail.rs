//! One file that is followed.

use super::{
    super::failed,
    lines::{Line, Lines},
    position::{Fingerprint, Stored, head, part, read_at},
};
use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use transom_core::connector::ConnectorError;

/// How much is read of a file at a time.
const CHUNK: usize = 64 << 10;

/// A file, and how far it was given. It stays open, so that its inode is no other's while it is followed, and so that
/// it is read to its end when it was renamed or deleted.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    inode: u64,
    file: File,
    /// The source partition.
    part: String,
    /// Behind the last line that was given.
    offset: u64,
    lines: Lines,
    /// The first bytes, as they were when the file was read last.
    head: Vec<u8>,
    fingerprint: Fingerprint,
    /// The pattern no longer finds it: it was deleted, or has a name that does not match.
    lost: bool,
    /// Looks in a row that found nothing more of a lost file.
    quiet: u32,
}

/// A line, and what goes with it.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) line: Line<'a>,
    pub(super) part: &'a str,
    pub(super) path: &'a Path,
    /// Where in the file the line begins, in bytes.
    pub(super) start: u64,
}

impl Tail {
    /// Opens a file, where the position says that is stored for it, or at its beginning.
    pub(super) fn open(
        path: &Path,
        file: File,
        line_max: usize,
        stored: &[Stored],
    ) -> Result<Self, ConnectorError> {
        let inode = file.metadata().map_err(|error| failed("read", path, &error))?.ino();
        // A file that was renamed may have several; the one under its present name is the latest.
        let mut best = None;
        let mut known = stored.iter().filter(|known| known.inode == inode).peekable();
        let was_read = known.peek().is_some();
        for known in known {
            let rank = (path.to_string_lossy() == known.path, known.place.offset);
            if best < Some(rank) && known.is_of(path, &file)? {
                best = Some(rank);
            }
        }
        if was_read && best.is_none() {
            tracing::warn!(path = %path.display(), "file is not what was read before, reading from its start");
        }
        let offset = best.map_or(0, |(_, offset)| offset);
        Ok(Self {
            path: path.to_owned(),
            inode,
            file,
            part: part(path, inode),
            offset,
            lines: Lines::new(line_max),
            head: Vec::new(),
            fingerprint: Fingerprint::default(),
            lost: false,
            quiet: 0,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn inode(&self) -> u64 {
        self.inode
    }

    /// Says under which name the pattern finds the file now.
    pub(super) fn found_at(&mut self, path: Option<&Path>) {
        self.lost = path.is_none();
        if !self.lost {
            self.quiet = 0;
        }
        if let Some(path) = path.filter(|path| *path != self.path) {
            path.clone_into(&mut self.path);
            self.part = part(path, self.inode);
        }
    }

    /// True while the file has a name, be it one that the pattern does not match.
    pub(super) fn exists(&self) -> bool {
        self.file.metadata().is_ok_and(|meta| meta.nlink() > 0)
    }

    /// True if a line waits to be given.
    pub(super) fn is_ready(&mut self) -> bool {
        self.lines.is_ready() || (self.is_done() && self.lines.pending() > 0)
    }

    /// True while the pattern does not find it.
    #[cfg(test)]
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// True if nothing will come any more. A writer may hold a file for a while after it was renamed, so that a lost
    /// file is done only when two looks, with the poll interval between them, found nothing more.
    pub(super) fn is_done(&self) -> bool {
        self.quiet >= 2
    }

    /// Reads on. False at the end of the file. `look` says that the poll interval has passed since the last look.
    pub(super) fn read(&mut self, look: bool) -> Result<bool, ConnectorError> {
        let read = self.read_on().map_err(|error| failed("read", &self.path, &error))?;
        if read || !self.lost {
            self.quiet = 0;
        } else if look {
            self.quiet += 1;
        }
        Ok(read)
    }

    fn read_on(&mut self) -> io::Result<bool> {
        let mut chunk = vec![0; CHUNK];
        let at = self.offset + self.lines.pending();
        let read = read_at(&self.file, &mut chunk, at)?;
        // Only now: what was read before the file was truncated is of the old one, and the check sees the new.
        let head = head(&self.file)?;
        let truncated = self.file.metadata()?.len() < at || !head.starts_with(&self.head);
        self.head = head;
        if truncated {
            tracing::warn!(path = %self.path.display(), offset = self.offset, "file was truncated, reading from its start");
            self.offset = 0;
            self.lines.clear();
            self.fingerprint = Fingerprint::default();
            return Ok(true);
        }
        self.lines.add(&chunk[..read]);
        Ok(read > 0)
    }

    /// Takes the next line, and writes the position behind it.
    pub(super) fn give(&mut self, position: &mut String) -> Option<Given<'_>> {
        let done = self.is_done();
        let line = if self.lines.is_ready() {
            self.lines.next()
        } else if done {
            self.lines.rest()
        } else {
            None
        }?;
        let start = self.offset;
        self.offset += line.size;
        self.fingerprint.write(self.offset, &self.head, position);
        Some(Given { line, part: &self.part, path: &self.path, start })
    }
}
