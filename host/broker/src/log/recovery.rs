//! A partition's directory: opened after a stop of any kind, shortened from the front, deleted.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tracing::warn;

use super::partition::{Log, Partition};
use super::producers::Producers;
use super::segment::Segment;
use crate::lock::lock;
use crate::topic::TopicConfigs;

impl Partition {
    /// Opens the log in `directory`, which is created if it is not there. Offsets below `start` were deleted on request and
    /// stay so.
    pub(crate) fn open(directory: PathBuf, start: i64) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        let mut producers = Producers::default();
        let mut sealed = VecDeque::new();
        let mut end = start;
        let mut names = segments_in(&directory)?.into_iter();
        while let Some((base, path)) = names.next() {
            let recovered = Segment::recover(path, base, |header| producers.note(header))?;
            end = recovered.end;
            sealed.push_back(recovered.segment);
            if let Some(reason) = recovered.torn {
                warn!(directory = %directory.display(), end, %reason, "log cut off behind its last whole batch");
                // What comes after a gap cannot be told from what was never acknowledged.
                names.try_for_each(|(_, path)| fs::remove_file(path))?;
                break;
            }
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
