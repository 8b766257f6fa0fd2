//! One partition: appends, reads, deletion from the front.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use tokio::sync::Notify;

use super::batch::{self, Header, Malformed};
use super::producers::{Producers, Refusal, Verdict};
use super::records::{self, Found};
use super::segment::{Limit, Place, Segment};
use crate::lock::lock;
use crate::topic::TopicConfigs;

/// A log of batches with offsets. All methods are short and may be called from async code; none awaits.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(super) directory: PathBuf,
    pub(super) log: Mutex<Log>,
}

#[derive(Debug)]
pub(super) struct Log {
    /// The segments before the last one.
    pub(super) sealed: VecDeque<Segment>,
    /// Where appends go.
    pub(super) active: Segment,
    pub(super) file: Arc<File>,
    /// The first offset that may be read.
    pub(super) start: i64,
    /// The offset that the next record gets.
    pub(super) end: i64,
    pub(super) producers: Producers,
    /// Fetches that wait for more.
    pub(super) waiting: Vec<Weak<Notify>>,
    /// Records since the last fsync.
    pub(super) unflushed: i64,
}

/// Where a batch went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    pub(crate) start_offset: i64,
}

/// Why a batch was not appended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("{found} bytes, where one batch of {expected} was expected")]
    NotOneBatch { found: usize, expected: usize },
    #[error("the batch has {size} bytes, more than `max.message.bytes: {max}` of its topic")]
    TooLarge { size: usize, max: usize },
    #[error("the batch is a transaction's; this broker has none")]
    Transactional,
    #[error("the batch is a control batch, which only a broker writes")]
    Control,
    #[error(transparent)]
    Producer(#[from] Refusal),
    #[error("the log cannot be written")]
    Storage(#[from] io::Error),
}

/// What a read found.
#[derive(Debug)]
pub(crate) struct Read {
    /// Whole batches. The first may begin before the offset that was asked for.
    pub(crate) records: Bytes,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("offset {offset} is outside of the log, which has {start} to {end}")]
    OutOfRange { offset: i64, start: i64, end: i64 },
    #[error("the log cannot be read")]
    Storage(#[from] io::Error),
}

impl Partition {
    /// Appends `records`, one batch as a producer sent it, and wakes the fetches that wait for it. A batch that an idempotent
    /// producer sent before is not appended again: the answer is the first one's.
    pub(crate) fn append(
        &self,
        records: &[u8],
        configs: &TopicConfigs,
    ) -> Result<Appended, AppendError> {
        let mut header = checked(records, configs.max_message_bytes)?;
        let mut bytes = records.to_vec();
        let mut log = lock(&self.log);
        let start_offset = log.start;
        if let Verdict::Duplicate(base_offset) = log.producers.check(&header)? {
            return Ok(Appended { base_offset, start_offset });
        }
        if log.active.size > 0 && log.active.size + bytes.len() as u64 > configs.segment_bytes {
            log.roll(&self.directory)?;
        }
        let base_offset = log.end;
        header.base_offset = base_offset;
        batch::place(&mut bytes, base_offset);
        log.append(&header, &bytes)?;
        log.flush_after(configs.flush_messages)?;
        let waiting = std::mem::take(&mut log.waiting);
        drop(log);
        waiting.iter().filter_map(Weak::upgrade).for_each(|fetch| fetch.notify_one());
        Ok(Appended { base_offset, start_offset })
    }

    /// Reads batches from the one that holds `offset`. `fetch` is notified at the next append: whoever was too late to see it
    /// here is woken by it.
    pub(crate) fn read(
        &self,
        offset: i64,
        limit: Limit,
        fetch: &Arc<Notify>,
    ) -> Result<Read, ReadError> {
        let (place, start, end) = {
            let mut log = lock(&self.log);
            let (start, end) = (log.start, log.end);
            if offset < start || offset > end {
                return Err(ReadError::OutOfRange { offset, start, end });
            }
            log.waiting.retain(|other| other.strong_count() > 0);
            log.waiting.push(Arc::downgrade(fetch));
            (if offset == end { None } else { Some(log.place_of(offset)?) }, start, end)
        };
        let records = match place {
            Some(place) => place.read(limit, |header| header.next_offset() > offset)?,
            None => Bytes::new(),
        };
        Ok(Read { records, start, end })
    }

    /// Returns the first offset that may be read and the one after the last.
    pub(crate) fn bounds(&self) -> (i64, i64) {
        let log = lock(&self.log);
        (log.start, log.end)
    }

    /// Returns the first record of `timestamp` (milliseconds since 1970) or later.
    pub(crate) fn find(&self, timestamp: i64) -> io::Result<Option<Found>> {
        let (places, start) = {
            let log = lock(&self.log);
            let late = log.segments().filter(|segment| segment.index.latest() >= Some(timestamp));
            let place =
                |segment: &Segment| log.place(segment, segment.index.position_at(timestamp));
            // In the first segment all that is late enough may have been deleted; in the second nothing was.
            (late.take(2).map(place).collect::<io::Result<Vec<_>>>()?, log.start)
        };
        let one = Limit { bytes: 0, or_one: true };
        for place in places {
            let batch = place.read(one, |header| {
                header.max_timestamp >= timestamp && header.next_offset() > start
            })?;
            if let Some(found) = records::find(&batch, timestamp, start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns the record with the latest timestamp.
    pub(crate) fn find_latest(&self) -> io::Result<Option<Found>> {
        let latest = lock(&self.log).segments().filter_map(|segment| segment.index.latest()).max();
        latest.map_or(Ok(None), |timestamp| self.find(timestamp))
    }

    /// Forces everything to the disk.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let file = Arc::clone(&lock(&self.log).file);
        file.sync_data()
    }
}

/// Reads and checks the one batch that a producer sent.
fn checked(records: &[u8], max: usize) -> Result<Header, AppendError> {
    let header = Header::check(records)?;
    if header.size != records.len() {
        return Err(AppendError::NotOneBatch { found: records.len(), expected: header.size });
    }
    if header.size > max {
        return Err(AppendError::TooLarge { size: header.size, max });
    }
    if header.is_control() {
        return Err(AppendError::Control);
    }
    if header.is_transactional() {
        return Err(AppendError::Transactional);
    }
    Ok(header)
}

impl Log {
    fn append(&mut self, header: &Header, batch: &[u8]) -> io::Result<()> {
        self.active.append(&self.file, header, batch)?;
        self.producers.note(header);
        self.end = header.next_offset();
        self.unflushed += i64::from(header.count);
        Ok(())
    }

    fn flush_after(&mut self, records: i64) -> io::Result<()> {
        if self.unflushed < records {
            return Ok(());
        }
        self.unflushed = 0;
        self.file.sync_data()
    }

    /// Ends the active segment and begins another.
    pub(super) fn roll(&mut self, directory: &std::path::Path) -> io::Result<()> {
        // An append that failed may have left something behind the last whole batch.
        self.file.set_len(self.active.size)?;
        self.file.sync_data()?;
        let (segment, file) = Segment::create(directory, self.end)?;
        self.sealed.push_back(std::mem::replace(&mut self.active, segment));
        self.file = Arc::new(file);
        self.unflushed = 0;
        Ok(())
    }

    pub(super) fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.sealed.iter().chain([&self.active])
    }

    fn place_of(&self, offset: i64) -> io::Result<Place> {
        let holding = self.segments().rfind(|segment| segment.base <= offset);
        let segment = holding.unwrap_or(&self.active);
        self.place(segment, segment.index.position_of(offset))
    }

    fn place(&self, segment: &Segment, position: u64) -> io::Result<Place> {
        let is_active = segment.base == self.active.base;
        // One open file per partition, however many segments it has.
        let file = if is_active { Arc::clone(&self.file) } else { Arc::new(segment.open()?) };
        Ok(Place { file, path: segment.path.clone(), position, size: segment.size })
    }
}
