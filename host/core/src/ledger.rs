//! Which records a task has read and not yet settled, and so how far each partition may be committed.
//!
//! The ledger goes by the order of admission, never by arithmetic on offsets: compaction and transaction markers leave
//! gaps. Each assignment of a partition opens a **generation**; what belongs to an earlier one changes nothing
//! (invariant 10).
//!
//! ```text
//! open(partition, from) → admit(record) → Ticket … settle(ticket) … committable(positions) … close(partition)
//! ```

use crate::topic::{Offsets, TopicPartition};
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// One assignment of a partition: a number that is given out once per ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

/// A record that was admitted, until it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    slot: u32,
    generation: Generation,
    number: u64,
}

/// What became of a record that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is in flight until its ticket is settled.
    Admitted(Ticket),
    /// It is below the offset that the generation began at, or was admitted before: to be skipped.
    Below,
    /// Its partition is not assigned.
    Closed,
}

/// The records of one task that were read and not settled.
#[derive(Debug, Default)]
pub struct Ledger {
    /// One for each partition that was ever open; a partition keeps its place.
    slots: Vec<Slot>,
    generations: u32,
    /// Where the last record belonged: records of a partition come in runs.
    last: usize,
}

#[derive(Debug)]
struct Slot {
    partition: TopicPartition,
    /// Nothing while the partition is not assigned.
    generation: Option<Generation>,
    /// The offset to go on from when everything below the front of `entries` is settled.
    through: i64,
    /// The offset that the next record has at least.
    next: i64,
    /// Admission number of the first of `entries`.
    first: u64,
    /// From the oldest record that is not settled on.
    entries: VecDeque<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: i64,
    is_settled: bool,
}

/// The oldest record of a partition that is not settled. While it is the same one, nothing can be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oldest {
    /// The partition.
    pub partition: TopicPartition,
    /// Its ticket: equal answers mean the same record.
    pub ticket: Ticket,
    /// Its offset.
    pub offset: i64,
}

impl Ticket {
    /// The assignment that the record was read in.
    pub const fn generation(self) -> Generation {
        self.generation
    }
}

impl Ledger {
    /// Begins a generation of a partition whose next record is at `from` or above. One that was open is over.
    pub fn open(&mut self, partition: &TopicPartition, from: i64) -> Generation {
        self.generations += 1;
        let generation = Generation(self.generations);
        let found = self.slots.iter().position(|slot| slot.partition == *partition);
        let at = found.unwrap_or_else(|| {
            self.slots.push(Slot::new(partition.clone()));
            self.slots.len() - 1
        });
        let slot = &mut self.slots[at];
        slot.clear();
        (slot.generation, slot.through, slot.next) = (Some(generation), from, from);
        generation
    }

    /// Ends a partition's generation and returns how many of its records were not settled.
    pub fn close(&mut self, partition: &TopicPartition) -> usize {
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.partition == *partition) else {
            return 0;
        };
        slot.generation = None;
        slot.clear()
    }

    /// Notes a record that was read.
    #[inline]
    pub fn admit(&mut self, topic: &str, partition: i32, offset: i64) -> Admission {
        let Some(at) = self.find(topic, partition) else { return Admission::Closed };
        let slot = &mut self.slots[at];
        let Some(generation) = slot.generation else { return Admission::Closed };
        if offset < slot.next {
            return Admission::Below;
        }
        slot.next = offset + 1;
        let number = slot.first + slot.entries.len() as u64;
        slot.entries.push_back(Entry { offset, is_settled: false });
        Admission::Admitted(Ticket { slot: narrow(at), generation, number })
    }

    /// The partition of a record that was admitted.
    pub fn partition(&self, ticket: Ticket) -> &TopicPartition {
        &self.slots[ticket.slot as usize].partition
    }

    /// Notes that a record was delivered, dropped on purpose or durably dead-lettered. False if that changes nothing:
    /// its generation is over (invariant 10), or it was settled before.
    #[inline]
    pub fn settle(&mut self, ticket: Ticket) -> bool {
        let slot = &mut self.slots[ticket.slot as usize];
        if slot.generation != Some(ticket.generation) || ticket.number < slot.first {
            return false;
        }
        let at = usize::try_from(ticket.number - slot.first).unwrap_or(usize::MAX);
        let Some(entry) = slot.entries.get_mut(at) else { return false };
        let is_new = !std::mem::replace(&mut entry.is_settled, true);
        // Invariant 1: only what has nothing unsettled before it moves the offset on.
        while let Some(entry) = slot.entries.front().filter(|entry| entry.is_settled) {
            slot.through = entry.offset + 1;
            slot.first += 1;
            slot.entries.pop_front();
        }
        is_new
    }

    /// For each open partition the offset that may be committed: behind the last record of the settled prefix, or the
    /// reader's position where everything that was read is settled.
    pub fn committable(&self, positions: &Offsets) -> Offsets {
        let open = self.slots.iter().filter(|slot| slot.generation.is_some());
        open.map(|slot| {
            let position = positions.get(&slot.partition).filter(|_| slot.entries.is_empty());
            let offset = position.map_or(slot.through, |position| slot.through.max(*position));
            (slot.partition.clone(), offset)
        })
        .collect()
    }

    /// Records of open partitions that are not settled.
    pub fn in_flight(&self) -> usize {
        self.slots.iter().map(Slot::unsettled).sum()
    }

    /// The oldest unsettled record of each partition that has one.
    pub fn oldest(&self) -> impl Iterator<Item = Oldest> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let (generation, entry) = (slot.generation?, slot.entries.front()?);
            let ticket = Ticket { slot: narrow(at), generation, number: slot.first };
            Some(Oldest { partition: slot.partition.clone(), ticket, offset: entry.offset })
        })
    }

    /// The generations that are open.
    pub fn open_generations(&self) -> impl Iterator<Item = Generation> {
        self.slots.iter().filter_map(|slot| slot.generation)
    }

    #[inline]
    fn find(&mut self, topic: &str, partition: i32) -> Option<usize> {
        let is_it = |slot: &Slot| slot.is(topic, partition);
        if !self.slots.get(self.last).is_some_and(is_it) {
            self.last = self.slots.iter().position(is_it)?;
        }
        Some(self.last)
    }
}

impl Slot {
    fn new(partition: TopicPartition) -> Self {
        Self {
            partition,
            generation: None,
            through: 0,
            next: 0,
            first: 0,
            entries: VecDeque::new(),
        }
    }

    #[inline]
    fn is(&self, topic: &str, partition: i32) -> bool {
        self.partition.partition == partition && *self.partition.topic == *topic
    }

    fn unsettled(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.is_settled).count()
    }

    /// Forgets all entries and returns how many of them were not settled.
    fn clear(&mut self) -> usize {
        let unsettled = self.unsettled();
        self.first += self.entries.len() as u64;
        self.entries.clear();
        unsettled
    }
}

/// A task has some thousand partitions at most.
#[expect(clippy::cast_possible_truncation, reason = "see the sentence above")]
const fn narrow(slot: usize) -> u32 {
    slot as u32
}
