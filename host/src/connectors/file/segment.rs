//! One file that grows by whole lines.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::Instant;

/// How much is read at once when the last line break is looked for.
const STEP: usize = 64 << 10;

/// A file that is written.
///
/// Bytes behind its last line break belong to a write that did not end: the process died in it, or the disk was full.
/// Such a write was never answered, so no flush covered it and no offset was committed for it (invariant 1): cutting
/// it off loses nothing, and its records come again.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: File,
    len: u64,
    begun: Instant,
    /// Bytes behind `len` may be there.
    torn: bool,
    /// Something was written since the last sync.
    unsynced: bool,
}

impl Segment {
    /// Makes a file that must not be there.
    pub(super) fn create(path: PathBuf, now: Instant) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).read(true).create_new(true).open(&path)?;
        Self::of(path, file, now)
    }

    /// Goes on with a file, behind its last whole line.
    pub(super) fn resume(path: PathBuf, now: Instant) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).read(true).open(&path)?;
        let mut segment = Self::of(path, file, now)?;
        let end = whole_lines(&segment.file)?;
        if end < segment.file.metadata()?.len() {
            segment.file.set_len(end)?;
        }
        // Whoever wrote it may have died before it was durable.
        (segment.len, segment.unsynced) = (end, true);
        Ok(segment)
    }

    fn of(path: PathBuf, file: File, begun: Instant) -> io::Result<Self> {
        // What looks like a torn line may be one that another process is writing.
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let reason = "another process writes it; give each host a directory of its own";
                return Err(io::Error::new(ErrorKind::ResourceBusy, reason));
            }
            // Not every file system has locks.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self { path, file, len: 0, begun, torn: false, unsynced: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.duration_since(self.begun)
    }

    /// Appends whole lines, all of them or, as the next call sees to it, none.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.cut()?;
        (self.torn, self.unsynced) = (true, true);
        self.file.write_all(lines)?;
        self.torn = false;
        self.len += lines.len() as u64;
        Ok(())
    }

    /// Makes durable what was appended, whole lines alone: nothing may come behind them any more.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.cut()?;
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Cuts off what a write left that did not end.
    fn cut(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.len)?;
            self.torn = false;
        }
        Ok(())
    }

    /// Leaves what a write does that runs into a full disk.
    #[cfg(test)]
    pub(super) fn tear(&mut self, written: &[u8]) {
        (self.torn, self.unsynced) = (true, true);
        self.file.write_all(written).expect("the disk of a test has room");
    }
}

/// Length of the file up to its last line break.
fn whole_lines(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut bytes = vec![0; STEP];
    while end > 0 {
        let start = end.saturating_sub(STEP as u64);
        let step = &mut bytes[..usize::try_from(end - start).expect("a step fits")];
        file.read_exact_at(step, start)?;
        if let Some(place) = step.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_a_crash_left_is_cut_back_to_whole_lines() {
        let long = "x".repeat(3 * STEP);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        for (left, kept) in [
            ("", ""),
            ("{\"a\":1}\n", "{\"a\":1}\n"),
            ("{\"a\":1}\n{\"a\":", "{\"a\":1}\n"),
            ("{\"a\":1}\n{\"a\":2}", "{\"a\":1}\n"),
            ("{\"a\":", ""),
            ("\n\n", "\n\n"),
            ("1\n\0\0\0", "1\n"),
            (&format!("1\n{long}"), "1\n"),
            (&long, ""),
            (&format!("{long}\n2"), &format!("{long}\n")),
        ] {
            fs::write(&path, left).unwrap();
            let mut segment = Segment::resume(path.clone(), Instant::now()).unwrap();
            assert_eq!(segment.len(), kept.len() as u64);
            segment.append(b"new\n").unwrap();
            assert!(fs::read_to_string(&path).unwrap() == format!("{kept}new\n"), "of {left:.40}");
        }
    }

    #[test]
    fn what_a_failed_write_left_is_cut_before_the_next_and_by_a_sync() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut segment = Segment::create(path.clone(), Instant::now()).unwrap();
        segment.append(b"1\n").unwrap();
        segment.tear(b"2\n3");
        segment.append(b"2\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n2\n");
        segment.tear(b"3\n4");
        segment.sync().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n2\n");
    }

    #[test]
    fn a_file_has_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let first = Segment::create(path.clone(), Instant::now()).unwrap();
        let refused = Segment::resume(path.clone(), Instant::now()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ResourceBusy);
        drop(first);
        Segment::resume(path.clone(), Instant::now()).unwrap();
    }
}
