//! A partition's directory: opened after a stop of any kind, shortened from the front, deleted.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tracing::warn;

use super::batch::{self, Malformed};
use super::partition::{Log, Partition};
use super::producers::Producers;
use super::segment::{Recovered, Segment};
use crate::lock::lock;
use crate::topic::TopicConfigs;

/// Records that were acknowledged cannot be read, and others follow them: whoever runs the broker decides what is given up.
#[derive(Debug, thiserror::Error)]
#[error(
    "partition `{}` is damaged: `{}` has no whole batch at byte {position}, and offsets {first} to {last} would be lost; \
     restore the file, or give them up: `truncate -s {position} {}`, and move the later files out of the folder",
    partition_of(path), path.display(), path.display()
)]
pub(super) struct Damage {
    pub(super) path: PathBuf,
    pub(super) position: u64,
    /// What the batch should have begun with that is not there.
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) source: Malformed,
}

/// Topic and number of the partition that a segment belongs to, as its directory is called.
fn partition_of(segment: &Path) -> Cow<'_, str> {
    segment.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy()
}

impl Partition {
    /// Opens the log in `directory`, which is created if it is not there. Offsets below `start` were deleted on request and
    /// stay so. What a killed process or machine left of its last write is cut off; anything else that cannot be read is
    /// [`Damage`], and is left as it is.
    pub(crate) fn open(directory: PathBuf, start: i64) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        let mut producers = Producers::default();
        let mut sealed = VecDeque::new();
        let segments = segments_in(&directory)?;
        let mut end = start;
        for (at, (base, path)) in segments.iter().enumerate() {
            let recovered = Segment::recover(path.clone(), *base, |header| producers.note(header))?;
            check(&recovered, &segments[at + 1..])?;
            end = recovered.end;
            sealed.push_back(recovered.segment);
        }
        if end < start {
            // Deleted on request, and then lost with the machine: offsets are not given out twice.
            sealed.drain(..).try_for_each(|segment: Segment| segment.delete())?;
            end = start;
        }
        let (active, file) = match sealed.pop_back() {
            Some(last) => {
                let file = last.open_for_append()?;
                (last, file)
            }
            None => Segment::create(&directory, end)?,
        };
        let start = sealed.front().unwrap_or(&active).base.max(start);
        let (file, waiting) = (Arc::new(file), Vec::new());
        let log = Log { sealed, active, file, start, end, producers, waiting, unflushed: 0 };
        Ok(Self { directory, log: Mutex::new(log) })
    }

    /// Makes `offset` the first that may be read, or the log's end if `offset` is `None`, and deletes the segments before it.
    /// Returns the first offset there is now, or `None` if `offset` is behind the end.
    pub(crate) fn delete_before(&self, offset: Option<i64>) -> io::Result<Option<i64>> {
        let mut log = lock(&self.log);
        let offset = offset.unwrap_or(log.end);
        if offset > log.end {
            return Ok(None);
        }
        log.start = log.start.max(offset);
        while log.sealed.get(1).unwrap_or(&log.active).base <= log.start && !log.sealed.is_empty() {
            log.delete_first()?;
        }
        Ok(Some(log.start))
    }

    /// Deletes the oldest segments as the topic's `retention.bytes` and `retention.ms` say. `now` is in milliseconds since 1970.
    pub(crate) fn retain(&self, configs: &TopicConfigs, now: i64) -> io::Result<()> {
        if !configs.deletes {
            return Ok(());
        }
        let mut log = lock(&self.log);
        let oldest = configs.retention_ms.map(|age| now.saturating_sub(age));
        let is_old = |segment: &Segment| segment.index.latest().is_some_and(|at| Some(at) < oldest);
        if is_old(&log.active) {
            log.roll(&self.directory)?;
        }
        while let Some(first) = log.sealed.front() {
            let size: u64 = log.segments().map(|segment| segment.size).sum();
            let is_too_much = configs.retention_bytes.is_some_and(|most| size - first.size >= most);
            if !is_too_much && !is_old(first) {
                break;
            }
            log.delete_first()?;
        }
        Ok(())
    }
}

impl Log {
    fn delete_first(&mut self) -> io::Result<()> {
        let Some(first) = self.sealed.front() else { return Ok(()) };
        first.delete()?;
        self.sealed.pop_front();
        self.start = self.start.max(self.sealed.front().unwrap_or(&self.active).base);
        Ok(())
    }
}

/// Says whether what was recovered of a segment is all that it had, but for a write that was under way. `later` are the segments
/// behind it.
fn check(recovered: &Recovered, later: &[(i64, PathBuf)]) -> io::Result<()> {
    let Recovered { segment, end: first, torn } = recovered;
    let gap = later.first().map(|(found, _)| *found).filter(|found| found != first);
    let gap = gap.map(|found| Malformed::Offset { found, expected: *first });
    let Some(source) = torn.or(gap) else { return Ok(()) };
    let rest = segment.rest()?;
    let end = match later.last() {
        Some((base, path)) => Some(batch::end_in(&fs::read(path)?, *base).unwrap_or(*base)),
        None => batch::end_in(&rest, *first),
    };
    let (position, path) = (segment.size, segment.path.clone());
    if let Some(end) = end {
        let damage = Damage { path, position, first: *first, last: end - 1, source };
        return Err(io::Error::new(io::ErrorKind::InvalidData, damage));
    }
    let (file, bytes) = (path.display(), rest.len());
    warn!(%file, position, bytes, end = first, reason = %source, "log cut off behind its last whole batch");
    Ok(())
}

/// Lists the segments in `directory`, in the order of their offsets.
fn segments_in(directory: &Path) -> io::Result<Vec<(i64, PathBuf)>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        segments.extend(Segment::base_of(&path).map(|base| (base, path)));
    }
    segments.sort();
    Ok(segments)
}
