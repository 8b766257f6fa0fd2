//! Where in a segment to begin reading for an offset or a timestamp.

/// Bytes of log per entry: reading for an offset passes over less than this, and an hour of heavy use stays small in memory.
pub(crate) const INTERVAL: u32 = 16 * 1024;

/// A sparse index: a batch begins less than [`INTERVAL`] bytes behind the entry that leads to it.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: Vec<Entry>,
    latest: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: i64,
    position: u64,
    /// The latest timestamp of all batches before this one. It never falls, whatever order records come in.
    latest_before: i64,
}

impl Index {
    /// Notes that a batch with base offset `offset` and latest timestamp `timestamp` begins at `position`.
    pub(crate) fn note(&mut self, offset: i64, position: u64, timestamp: i64) {
        if self.entries.last().is_none_or(|last| position - last.position >= u64::from(INTERVAL)) {
            let latest_before = self.latest.unwrap_or(i64::MIN);
            self.entries.push(Entry { offset, position, latest_before });
        }
        self.latest = self.latest.max(Some(timestamp));
    }

    /// Returns a position at or before the batch that holds `offset`.
    pub(crate) fn position_of(&self, offset: i64) -> u64 {
        self.before(|entry| entry.offset <= offset)
    }

    /// Returns a position at or before the first batch with a record of `timestamp` or later.
    pub(crate) fn position_at(&self, timestamp: i64) -> u64 {
        self.before(|entry| entry.latest_before < timestamp)
    }

    /// The latest timestamp of all, if there is a batch.
    pub(crate) fn latest(&self) -> Option<i64> {
        self.latest
    }

    fn before(&self, holds: impl FnMut(&Entry) -> bool) -> u64 {
        let after = self.entries.partition_point(holds);
        after.checked_sub(1).map_or(0, |at| self.entries[at].position)
    }
}
