//! The record batch, format v2: what the broker reads of it, checks and rewrites. The records inside stay as they came.

use bytes::Buf as _;

/// Bytes of a batch before its records.
pub(crate) const HEADER: usize = 61;

/// Bytes that the batch's own length does not count: the base offset and the length itself.
const UNCOUNTED: usize = 12;

/// Where the leader epoch begins. It and the base offset are the broker's to set: the checksum does not cover them.
const LEADER_EPOCH: usize = 12;

/// Where the bytes begin that the checksum covers.
const CHECKED: usize = 21;

/// The fields of a batch's header that a broker acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base_offset: i64,
    /// Bytes of the whole batch, header included.
    pub(crate) size: usize,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    /// -1 if the producer is not idempotent.
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) count: i32,
}

/// Why bytes are not a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the batch ends before its own length says so")]
    Short,
    #[error("the batch has format {0}; this broker stores format 2 alone")]
    Format(i8),
    #[error("the batch's checksum does not match its bytes")]
    Checksum,
    #[error("the batch counts {count} records, but its offsets say {offsets}")]
    Count { count: i32, offsets: i64 },
    #[error("offset {found} follows, where {expected} was expected")]
    Offset { found: i64, expected: i64 },
}

impl Header {
    /// Reads the header that `bytes` begin with. Does not look beyond it: see [`Header::check`].
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() < HEADER {
            return Err(Malformed::Short);
        }
        let mut rest = bytes;
        let base_offset = rest.get_i64();
        let Ok(counted) = usize::try_from(rest.get_i32()) else { return Err(Malformed::Short) };
        let _leader_epoch = rest.get_i32();
        let format = rest.get_i8();
        if format != 2 {
            return Err(Malformed::Format(format));
        }
        if counted < HEADER - UNCOUNTED {
            return Err(Malformed::Short);
        }
        let _checksum = rest.get_u32();
        Ok(Self {
            base_offset,
            size: counted + UNCOUNTED,
            attributes: rest.get_i16(),
            last_offset_delta: rest.get_i32(),
            base_timestamp: rest.get_i64(),
            max_timestamp: rest.get_i64(),
            producer_id: rest.get_i64(),
            producer_epoch: rest.get_i16(),
            base_sequence: rest.get_i32(),
            count: rest.get_i32(),
        })
    }

    /// Reads the header that `bytes` begin with and holds the whole batch against its checksum.
    pub(crate) fn check(bytes: &[u8]) -> Result<Self, Malformed> {
        let header = Self::read(bytes)?;
        let batch = bytes.get(..header.size).ok_or(Malformed::Short)?;
        if crc32c::crc32c(&batch[CHECKED..]) != (&batch[CHECKED - 4..]).get_u32() {
            return Err(Malformed::Checksum);
        }
        let offsets = i64::from(header.last_offset_delta) + 1;
        // Producers number records without gaps; who does not could use up a partition's offsets with one small batch.
        if header.count < 1 || i64::from(header.count) != offsets {
            return Err(Malformed::Count { count: header.count, offsets });
        }
        Ok(header)
    }

    /// The offset after the batch's last one.
    pub(crate) fn next_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta) + 1
    }

    /// True for the markers that end transactions.
    pub(crate) fn is_control(&self) -> bool {
        self.attributes & 0x20 != 0
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & 0x10 != 0
    }

    /// The codec's number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub(crate) fn codec(&self) -> i16 {
        self.attributes & 0x07
    }
}

/// Returns the offset after the last whole batch that is anywhere in `bytes`, if there is one of `least` or later.
pub(crate) fn end_in(bytes: &[u8], least: i64) -> Option<i64> {
    // What is no batch, but has the number of the format where a batch has it, is not held against a checksum as well.
    let likely = least..least.saturating_add(i64::from(u32::MAX));
    let is_likely = |header: Header| likely.contains(&header.base_offset);
    let (mut end, mut at) = (None, 0);
    while at + HEADER <= bytes.len() {
        let rest = &bytes[at..];
        match Header::read(rest).is_ok_and(is_likely).then(|| Header::check(rest)) {
            Some(Ok(header)) => (end, at) = (Some(header.next_offset()), at + header.size),
            _ => at += 1,
        }
    }
    end
}

/// Sets what the broker decides in `batch`: its place in the log. The leader never changes here, so its epoch is 0.
pub(crate) fn place(batch: &mut [u8], base_offset: i64) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[LEADER_EPOCH..LEADER_EPOCH + 4].fill(0);
}

#[cfg(test)]
pub(crate) mod testing {
    //! Batches for tests, written field by field so that they do not depend on the code under test.

    /// A batch that differs from the default in what a test is about.
    pub(crate) struct Sample {
        pub(crate) count: i32,
        pub(crate) timestamp: i64,
        pub(crate) producer: (i64, i16, i32),
        pub(crate) payload: Vec<u8>,
    }

    impl Default for Sample {
        fn default() -> Self {
            Self {
                count: 1,
                timestamp: 1_000,
                producer: (-1, -1, -1),
                payload: b"records".to_vec(),
            }
        }
    }

    impl Sample {
        pub(crate) fn bytes(&self) -> Vec<u8> {
            let mut checked = Vec::new();
            checked.extend(0_i16.to_be_bytes());
            checked.extend((self.count - 1).to_be_bytes());
            checked.extend(self.timestamp.to_be_bytes());
            checked.extend(self.timestamp.to_be_bytes());
            checked.extend(self.producer.0.to_be_bytes());
            checked.extend(self.producer.1.to_be_bytes());
            checked.extend(self.producer.2.to_be_bytes());
            checked.extend(self.count.to_be_bytes());
            checked.extend(&self.payload);
            let mut batch = Vec::new();
            batch.extend(0_i64.to_be_bytes());
            batch.extend(i32::try_from(checked.len() + 9).unwrap().to_be_bytes());
            batch.extend((-1_i32).to_be_bytes());
            batch.push(2);
            batch.extend(crc32c::crc32c(&checked).to_be_bytes());
            batch.extend(checked);
            batch
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Sample;
    use super::*;

    #[test]
    fn a_whole_batch_is_read_and_placed() {
        let mut bytes = Sample { count: 3, ..Sample::default() }.bytes();
        place(&mut bytes, 40);
        let header = Header::check(&bytes).unwrap();
        assert_eq!((header.base_offset, header.next_offset(), header.count), (40, 43, 3));
        assert_eq!(header.size, bytes.len());
    }

    #[test]
    fn what_is_not_a_batch_is_named() {
        let good = Sample::default().bytes();
        let check = |change: &dyn Fn(&mut Vec<u8>), expected: Malformed| {
            let mut bytes = good.clone();
            change(&mut bytes);
            assert_eq!(Header::check(&bytes), Err(expected));
        };
        check(&|bytes| bytes.truncate(60), Malformed::Short);
        check(&|bytes| bytes.truncate(bytes.len() - 1), Malformed::Short);
        check(&|bytes| bytes[8..12].fill(0xff), Malformed::Short);
        check(&|bytes| bytes[8..12].fill(0), Malformed::Short);
        check(&|bytes| bytes[16] = 1, Malformed::Format(1));
        check(&|bytes| bytes[61] ^= 1, Malformed::Checksum);
        let few = Sample { count: 0, ..Sample::default() }.bytes();
        assert_eq!(Header::check(&few), Err(Malformed::Count { count: 0, offsets: 0 }));
    }
}
