//! The files that a pattern names, found and followed.

use super::{
    super::failed,
    position::Stored,
    tail::{Given, Tail},
};
use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use transom_core::connector::ConnectorError;

/// All files that are followed. Each is read in turn, so that one that grows fast holds up no other.
#[derive(Debug)]
pub(super) struct Files {
    pattern: String,
    line_max: usize,
    /// Positions of files that are not followed: no name of theirs was found yet, or none any more.
    stored: Vec<Stored>,
    tails: Vec<Tail>,
    /// Whose turn it is.
    turn: usize,
}

impl Files {
    pub(super) fn new(pattern: String, line_max: usize, stored: Vec<Stored>) -> Self {
        Self { pattern, line_max, stored, tails: Vec::new(), turn: 0 }
    }

    /// Reads on until a line is ready. False if all files are at their end. With `look`, when the poll interval has passed, it also
    /// looks for new files and for those that are gone.
    ///
    /// # Errors
    /// [`ConnectorError`] that names the file.
    pub(super) fn read(&mut self, look: bool) -> Result<bool, ConnectorError> {
        if look {
            self.find()?;
        }
        let mut grown = false;
        for _tail in 0..self.tails.len() {
            let tail = &mut self.tails[self.turn];
            grown |= tail.is_ready() || tail.read(look)?;
            if tail.is_ready() {
                return Ok(true);
            }
            self.turn = (self.turn + 1) % self.tails.len();
        }
        let gone = self.tails.extract_if(.., |tail| tail.is_done());
        self.stored.extend(gone.filter_map(|tail| tail.stored()));
        self.turn = 0;
        Ok(grown)
    }

    /// True if a line waits to be given without reading.
    pub(super) fn is_ready(&mut self) -> bool {
        self.tails.get_mut(self.turn).is_some_and(Tail::is_ready)
    }

    /// Takes the next line of the file whose turn it is.
    pub(super) fn give(&mut self, position: &mut String) -> Option<Given<'_>> {
        self.tails.get_mut(self.turn)?.give(position)
    }

    /// Passes the turn on.
    pub(super) fn next_turn(&mut self) {
        self.turn = (self.turn + 1) % self.tails.len().max(1);
    }

    /// Finds out what the pattern names now.
    fn find(&mut self) -> Result<(), ConnectorError> {
        let named = self.named()?;
        for tail in &mut self.tails {
            let mut names = named.iter().filter(|(_, inode)| *inode == tail.inode());
            let first = names.clone().next();
            // Of several names it keeps the one that it has.
            let kept = names.find(|(path, _)| path == tail.path()).or(first);
            tail.found_at(kept.map(|(path, _)| path.as_path()));
        }
        for (path, _) in named {
            self.follow(&path)?;
        }
        Ok(())
    }

    /// Follows a file, unless it is followed already.
    fn follow(&mut self, path: &Path) -> Result<(), ConnectorError> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.ino(), file)));
        let (inode, file) = match opened {
            Ok(opened) => opened,
            // It was there a moment ago; the next look will tell.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("open", path, &error)),
        };
        if self.tails.iter().all(|tail| tail.inode() != inode) {
            self.tails.push(Tail::open(path, file, self.line_max, &self.stored)?);
            // A later file with this inode is another.
            self.stored.retain(|stored| stored.inode != inode);
        }
        Ok(())
    }

    /// The files that the pattern names, by their names.
    fn named(&self) -> Result<Vec<(PathBuf, u64)>, ConnectorError> {
        let paths =
            glob::glob(&self.pattern).map_err(|error| bad_pattern(&self.pattern, &error))?;
        let mut named = Vec::new();
        for path in paths {
            let path = match path {
                Ok(path) => path,
                // A directory that goes while it is looked into.
                Err(error) if error.error().kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(failed("look into", error.path(), error.error())),
            };
            match fs::metadata(&path) {
                Ok(meta) if meta.is_file() => named.push((path, meta.ino())),
                Ok(_no_file) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed("look at", &path, &error)),
            }
        }
        Ok(named)
    }
}

/// The error of a pattern that cannot be read.
pub(super) fn bad_pattern(pattern: &str, error: &glob::PatternError) -> ConnectorError {
    ConnectorError::fatal("pattern", format!("`path: {pattern}` is no pattern of paths: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_still_exists_is_remembered() {
        for deleted in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a");
            fs::write(&path, "1\n").unwrap();
            let mut files = Files::new(path.display().to_string(), 10, Vec::new());
            assert!(files.read(true).unwrap());
            files.give(&mut String::new()).unwrap();
            fs::rename(&path, dir.path().join("away")).unwrap();
            if deleted {
                fs::remove_file(dir.path().join("away")).unwrap();
            }
            while !files.tails.is_empty() {
                files.read(true).unwrap();
            }
            // Whoever gets the inode of a deleted file may begin with the same bytes.
            assert_eq!(files.stored.is_empty(), deleted, "{:?}", files.stored);
        }
    }
}
