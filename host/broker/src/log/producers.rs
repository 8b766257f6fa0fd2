//! Idempotent producers: which batches a partition has had from whom, so that a repeated one is seen and a gap refused.

use std::collections::{HashMap, VecDeque};

use super::batch::Header;

/// Batches remembered per producer. A client has at most this many requests under way, so nothing older is sent again.
const REMEMBERED: usize = 5;

/// Producers remembered per partition. Beyond it the one that has been silent longest is forgotten.
const PRODUCERS: usize = 10_000;

/// What a partition knows of its idempotent producers. Lost with the process and read again from the log.
#[derive(Debug, Default)]
pub(crate) struct Producers(HashMap<i64, Producer>);

#[derive(Debug, Default)]
struct Producer {
    epoch: i16,
    recent: VecDeque<Appended>,
}

#[derive(Debug, Clone, Copy)]
struct Appended {
    first: i32,
    last: i32,
    base_offset: i64,
}

/// What to do with a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is new: append it.
    Append,
    /// It is in the log already, at this base offset.
    Duplicate(i64),
}

/// Why a batch does not follow what its producer sent before.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("producer {producer} has epoch {current} by now; epoch {epoch} is over")]
    Epoch { producer: i64, epoch: i16, current: i16 },
    #[error("producer {producer} sent sequence {sequence}, but {expected} comes next")]
    Sequence { producer: i64, sequence: i32, expected: i32 },
}

impl Producers {
    /// Says whether the batch with `header` is the next of its producer.
    pub(crate) fn check(&self, header: &Header) -> Result<Verdict, Refusal> {
        if header.producer_id < 0 {
            return Ok(Verdict::Append);
        }
        let Some(known) = self.0.get(&header.producer_id) else { return Ok(Verdict::Append) };
        let (producer, epoch, sequence) =
            (header.producer_id, header.producer_epoch, header.base_sequence);
        if epoch < known.epoch {
            return Err(Refusal::Epoch { producer, epoch, current: known.epoch });
        }
        let expected = if epoch > known.epoch {
            0
        } else {
            let last = last_sequence(header);
            let same = known.recent.iter().find(|old| (old.first, old.last) == (sequence, last));
            if let Some(old) = same {
                return Ok(Verdict::Duplicate(old.base_offset));
            }
            known.recent.back().map_or(sequence, |old| after(old.last, 1))
        };
        if sequence == expected {
            Ok(Verdict::Append)
        } else {
            Err(Refusal::Sequence { producer, sequence, expected })
        }
    }

    /// Remembers that the batch with `header` is in the log, at the offset that the header says.
    pub(crate) fn note(&mut self, header: &Header) {
        if header.producer_id < 0 || header.is_control() {
            return;
        }
        if self.0.len() >= PRODUCERS && !self.0.contains_key(&header.producer_id) {
            self.forget_one();
        }
        let producer = self.0.entry(header.producer_id).or_default();
        if header.producer_epoch != producer.epoch {
            producer.epoch = header.producer_epoch;
            producer.recent.clear();
        }
        if producer.recent.len() == REMEMBERED {
            producer.recent.pop_front();
        }
        producer.recent.push_back(Appended {
            first: header.base_sequence,
            last: last_sequence(header),
            base_offset: header.base_offset,
        });
    }

    fn forget_one(&mut self) {
        let silent = |producer: &Producer| producer.recent.back().map(|last| last.base_offset);
        let oldest = self.0.iter().min_by_key(|(_, producer)| silent(producer)).map(|(id, _)| *id);
        if let Some(id) = oldest {
            self.0.remove(&id);
        }
    }
}

fn last_sequence(header: &Header) -> i32 {
    after(header.base_sequence, header.last_offset_delta)
}

/// Sequences count from 0 to `i32::MAX` and begin again at 0.
fn after(sequence: i32, by: i32) -> i32 {
    sequence.wrapping_add(by) & i32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(epoch: i16, sequence: i32, count: i32, offset: i64) -> Header {
        Header {
            base_offset: offset,
            size: 100,
            attributes: 0,
            last_offset_delta: count - 1,
            base_timestamp: 0,
            max_timestamp: 0,
            producer_id: 7,
            producer_epoch: epoch,
            base_sequence: sequence,
            count,
        }
    }

    #[test]
    fn repeats_are_found_and_gaps_refused() {
        let mut producers = Producers::default();
        for at in 0..7 {
            let next = batch(0, at * 10, 10, i64::from(at) * 10);
            assert_eq!(producers.check(&next), Ok(Verdict::Append));
            producers.note(&next);
        }
        assert_eq!(producers.check(&batch(0, 40, 10, 0)), Ok(Verdict::Duplicate(40)));
        let expected = |sequence| Refusal::Sequence { producer: 7, sequence, expected: 70 };
        assert_eq!(producers.check(&batch(0, 80, 10, 0)), Err(expected(80)));
        // Older than what is remembered: no client sends it again.
        assert_eq!(producers.check(&batch(0, 0, 10, 0)), Err(expected(0)));
    }

    #[test]
    fn a_new_epoch_begins_at_zero_and_ends_the_old_one() {
        let mut producers = Producers::default();
        producers.note(&batch(1, 0, 5, 0));
        let late = Refusal::Epoch { producer: 7, epoch: 0, current: 1 };
        assert_eq!(producers.check(&batch(0, 5, 1, 0)), Err(late));
        let gap = Refusal::Sequence { producer: 7, sequence: 5, expected: 0 };
        assert_eq!(producers.check(&batch(2, 5, 1, 0)), Err(gap));
        assert_eq!(producers.check(&batch(2, 0, 1, 0)), Ok(Verdict::Append));
    }

    #[test]
    fn sequences_wrap() {
        let mut producers = Producers::default();
        producers.note(&batch(0, i32::MAX - 1, 3, 0));
        assert_eq!(producers.check(&batch(0, 1, 1, 3)), Ok(Verdict::Append));
    }

    #[test]
    fn memory_is_bounded() {
        let mut producers = Producers::default();
        for id in 0..i64::try_from(PRODUCERS).unwrap() + 10 {
            producers.note(&Header { producer_id: id, ..batch(0, 0, 1, id) });
        }
        assert_eq!(producers.0.len(), PRODUCERS);
        assert!(!producers.0.contains_key(&0), "the one that was silent longest went first");
    }
}
