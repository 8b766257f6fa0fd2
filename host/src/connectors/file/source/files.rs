//! The files that a pattern names, found and followed.

use super::{
    super::failed,
    position::Stored,
    tail::{Given, Tail},
};
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use transom_core::connector::ConnectorError;

/// How many files are remembered that the pattern matches no more. One that comes back after so many others is read again.
const LEFT: usize = 64;

/// All files that are followed. Each is read in turn, so that one that grows fast holds up no other.
#[derive(Debug)]
pub(super) struct Files {
    pattern: String,
    line_max: usize,
    /// Positions that no file was found for yet.
    stored: Vec<Stored>,
    tails: Vec<Tail>,
    /// Files that the pattern matches no more, the oldest first: they go on where they are if it does again. They stay open, so
    /// that no other file gets the inode of one that is deleted meanwhile.
    left: VecDeque<Tail>,
    /// Whose turn it is.
    turn: usize,
}

impl Files {
    pub(super) fn new(pattern: String, line_max: usize, stored: Vec<Stored>) -> Self {
        Self { pattern, line_max, stored, tails: Vec::new(), left: VecDeque::new(), turn: 0 }
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
        self.left.extend(self.tails.extract_if(.., |tail| tail.is_done()));
        self.left.drain(..self.left.len().saturating_sub(LEFT));
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
        self.left.retain(Tail::exists);
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
        if self.tails.iter().any(|tail| tail.inode() == inode) {
            return Ok(());
        }
        if let Some(at) = self.left.iter().position(|tail| tail.inode() == inode) {
            let back = self.left.remove(at).map(|mut tail| {
                tail.found_at(Some(path));
                tail
            });
            self.tails.extend(back);
        } else {
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

    fn write(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
    }

    fn files(pattern: &Path) -> Files {
        Files::new(pattern.display().to_string(), 1_000, Vec::new())
    }

    /// Looks until nothing is followed; returns the lines that came.
    fn drain(files: &mut Files) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let grown = files.read(true).unwrap();
            while let Some(given) = files.give(&mut String::new()) {
                lines.push(String::from_utf8(given.line.text.to_vec()).unwrap());
            }
            if !grown && files.tails.iter().all(|tail| !tail.is_lost()) {
                return lines;
            }
        }
    }

    #[test]
    fn another_file_does_not_go_on_where_one_stood_that_is_deleted_by_now() {
        let dir = tempfile::tempdir().unwrap();
        let (path, away) = (dir.path().join("a"), dir.path().join("away"));
        // The fingerprint says nothing: both begin alike, and the later one is longer.
        let header = "# the same header in each file".repeat(10);
        write(&path, &format!("{header}\n1\n"));
        let mut files = files(&path);
        assert_eq!(drain(&mut files), [header.as_str(), "1"]);
        fs::rename(&path, &away).unwrap();
        assert_eq!(drain(&mut files), [""; 0]);
        assert_eq!((files.tails.len(), files.left.len()), (0, 1));
        fs::remove_file(&away).unwrap();
        // As long as the first is remembered it is open, so that no later one gets its inode.
        write(&path, &format!("{header}\n2\n3\n"));
        assert_eq!(drain(&mut files), [header.as_str(), "2", "3"]);
        assert_eq!((files.tails.len(), files.left.len()), (1, 0));
    }

    #[test]
    fn so_many_files_are_remembered_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut files = files(&path);
        for number in 0..=LEFT {
            write(&path, "1\n");
            assert_eq!(drain(&mut files), ["1"]);
            fs::rename(&path, dir.path().join(number.to_string())).unwrap();
            drain(&mut files);
        }
        assert_eq!(files.left.len(), LEFT);
        fs::rename(dir.path().join(LEFT.to_string()), &path).unwrap();
        assert_eq!(drain(&mut files), [""; 0]);
    }
}
