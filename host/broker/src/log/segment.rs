//! A file of batches, one after another, named by the offset that it begins at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::batch::{HEADER, Header, Malformed};
use super::index::{INTERVAL, Index};

/// One file of a partition's log. Appends go to the last one; the others do not change any more.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The offset that the segment begins at.
    pub(crate) base: i64,
    /// Bytes of whole batches.
    pub(crate) size: u64,
    pub(crate) index: Index,
    pub(crate) path: PathBuf,
}

/// What [`Segment::recover`] found.
pub(crate) struct Recovered {
    pub(crate) segment: Segment,
    /// The offset after the last whole batch.
    pub(crate) end: i64,
    /// Why what follows it is no batch, if anything does.
    pub(crate) torn: Option<Malformed>,
}

impl Segment {
    /// Creates an empty segment in `directory`.
    pub(crate) fn create(directory: &Path, base: i64) -> io::Result<(Self, File)> {
        let path = directory.join(format!("{base:020}.log"));
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok((Self { base, size: 0, index: Index::default(), path }, file))
    }

    /// Returns the base offset that a file's name says, if it is a segment's.
    pub(crate) fn base_of(path: &Path) -> Option<i64> {
        if path.extension()? != "log" {
            return None;
        }
        path.file_stem()?.to_str()?.parse().ok().filter(|base| *base >= 0)
    }

    /// Reads a segment from its first batch to its last whole one, and shows each header to `seen`.
    pub(crate) fn recover(
        path: PathBuf,
        base: i64,
        mut seen: impl FnMut(&Header),
    ) -> io::Result<Recovered> {
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        let mut segment = Self { base, size: 0, index: Index::default(), path };
        let mut end = base;
        let torn = loop {
            if segment.size == length {
                break None;
            }
            match segment.check_at(&file, length)? {
                // A log that this broker wrote has no gaps.
                Ok(header) if header.base_offset == end => {
                    segment.note(&header);
                    seen(&header);
                    end = header.next_offset();
                }
                Ok(header) => {
                    break Some(Malformed::Offset { found: header.base_offset, expected: end });
                }
                Err(malformed) => break Some(malformed),
            }
        };
        Ok(Recovered { segment, end, torn })
    }

    /// Reads what the file has behind the last whole batch.
    pub(crate) fn rest(&self) -> io::Result<Vec<u8>> {
        let (mut file, mut rest) = (self.open()?, Vec::new());
        file.seek(SeekFrom::Start(self.size))?;
        file.read_to_end(&mut rest)?;
        Ok(rest)
    }

    /// Reads the batch that begins behind the last whole one of a file of `length` bytes.
    fn check_at(&self, file: &File, length: u64) -> io::Result<Result<Header, Malformed>> {
        let left = length - self.size;
        let mut start = [0; HEADER];
        if left < HEADER as u64 {
            return Ok(Err(Malformed::Short));
        }
        file.read_exact_at(&mut start, self.size)?;
        let size = match Header::read(&start) {
            Ok(header) if header.size as u64 <= left => header.size,
            Ok(_) => return Ok(Err(Malformed::Short)),
            Err(malformed) => return Ok(Err(malformed)),
        };
        let mut batch = vec![0; size];
        file.read_exact_at(&mut batch, self.size)?;
        Ok(Header::check(&batch))
    }

    /// Writes `batch`, whose header is `header`, at the end. If that fails, nothing was appended: the next write goes to
    /// the same place.
    pub(crate) fn append(&mut self, file: &File, header: &Header, batch: &[u8]) -> io::Result<()> {
        file.write_all_at(batch, self.size)?;
        self.note(header);
        Ok(())
    }

    fn note(&mut self, header: &Header) {
        self.index.note(header.base_offset, self.size, header.max_timestamp);
        self.size += header.size as u64;
    }

    /// Opens the file for reading.
    pub(crate) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Opens the file for reading and appending, without anything behind the last whole batch.
    pub(crate) fn open_for_append(&self) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        file.set_len(self.size)?;
        Ok(file)
    }

    /// Deletes the file.
    pub(crate) fn delete(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// A place to read from, taken under the partition's lock and used without it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) file: Arc<File>,
    pub(crate) path: PathBuf,
    /// At most one index interval before the batch that is looked for.
    pub(crate) position: u64,
    /// Where the segment ended when the place was taken.
    pub(crate) size: u64,
}

/// How much a read may return.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) bytes: usize,
    /// Return the first batch even if it is longer, so that its reader gets on.
    pub(crate) or_one: bool,
}

impl Place {
    /// Returns whole batches within `limit`, beginning with the first that `wanted` accepts. Empty if there is none.
    pub(crate) fn read(&self, limit: Limit, wanted: impl Fn(&Header) -> bool) -> io::Result<Bytes> {
        let mut position = self.position;
        loop {
            let chunk = self.chunk(position, INTERVAL as usize + limit.bytes)?;
            if chunk.is_empty() {
                return Ok(chunk);
            }
            let (at, first) = first_wanted(&chunk, &wanted);
            match first {
                Some(header) if header.size > limit.bytes => {
                    let length = if limit.or_one { header.size } else { 0 };
                    return self.chunk(position + at as u64, length);
                }
                Some(header) if at + header.size <= chunk.len() => {
                    let end = at + whole_batches(&chunk[at..], limit.bytes);
                    return Ok(chunk.slice(at..end));
                }
                _ if at == 0 => {
                    let text = format!("`{}` has no batch at byte {position}", self.path.display());
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
                _ => position += at as u64,
            }
        }
    }

    fn chunk(&self, position: u64, length: usize) -> io::Result<Bytes> {
        let left = usize::try_from(self.size.saturating_sub(position)).unwrap_or(usize::MAX);
        let mut chunk = BytesMut::zeroed(length.min(left));
        self.file.read_exact_at(&mut chunk, position)?;
        Ok(chunk.freeze())
    }
}

/// Returns where in `chunk` the first batch begins that `wanted` accepts, or where the first begins that is not in it any more.
fn first_wanted(chunk: &[u8], wanted: impl Fn(&Header) -> bool) -> (usize, Option<Header>) {
    let mut at = 0;
    while let Some(Ok(header)) = chunk.get(at..).map(Header::read) {
        if wanted(&header) {
            return (at, Some(header));
        }
        at += header.size;
    }
    (at, None)
}

/// Returns how many bytes the whole batches take that `bytes` begin with, at most `max`.
fn whole_batches(bytes: &[u8], max: usize) -> usize {
    let mut end = 0;
    while let Ok(header) = Header::read(&bytes[end..]) {
        let next = end + header.size;
        if next > bytes.len().min(max) {
            break;
        }
        end = next;
    }
    end
}
