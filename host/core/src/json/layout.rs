//! The order in which the keys of a stream's records stand, so that most keys are compared instead of read.

#![expect(
    clippy::inline_always,
    reason = "the part for keys that are as expected stands in the loop over members"
)]

use super::blocks::Blocks;
use super::keys::{Key, Keys, hash};
use super::reader::Reader;

/// Keys of a learnt layout; a record with more is read key by key from there on.
const KEYS: usize = 256;

/// Bytes of a learnt key with its quotes and colon.
const KEY_BYTES: usize = 64;

/// Places of the table of learnt keys: twice as many as keys, so that a look-up ends soon.
const PLACES: usize = 2 * KEYS;

/// Records that must differ from a new layout before the next is learnt; doubled each time up to the second figure.
const PATIENCE: (u32, u32) = (8, 4096);

/// What was learnt of the keys of earlier records: keep one per stream of similar records (a topic, say) for as long
/// as the stream runs.
///
/// A record's keys mostly stand as in the records before. So the keys of one record are learnt, and at each key the
/// one that is due is compared first. Records that lack some of the keys, or have others besides, or in another
/// order, are read just as well, a little slower; when no record has matched whole for a while, another one is learnt.
///
/// A record that has exactly the learnt keys, in order, each once and without escapes, **matches the layout whole**.
/// [`Index::layout`](super::Index::layout) then is the layout's id, which is never 0 and changes with the layout, so
/// that a caller may remember which member is which. Keys longer than 61 bytes, and more than 256, are not learnt.
#[derive(Debug, Default)]
pub struct Layout {
    entries: Vec<Entry>,
    /// One more than the number of an entry, at the place that its hash gives or after it; 0 is free.
    table: Vec<u16>,
    id: u32,
    /// Records since the last one that matched whole.
    misses: u32,
    patience: u32,
    /// Keys of the current record that are not learnt.
    others: Keys,
    /// What an escaped key means.
    meaning: Vec<u8>,
}

/// A learnt key.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The key with its quotes and its colon.
    text: [u8; KEY_BYTES],
    len: usize,
    /// The bytes of each half of the text that count.
    masks: [u32; 2],
    hash: u32,
}

/// Where a record stands in the layout.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what a scan finds out does not hang together")]
pub(super) struct Cursor {
    learning: bool,
    /// Whether this record can be learnt, or so far matches.
    straight: bool,
    /// The entry that is due.
    next: usize,
    /// The entries met.
    seen: [u64; KEYS / 64],
    pub(super) duplicates: bool,
    pub(super) escaped: bool,
}

impl Layout {
    /// A layout that learns nothing.
    pub(super) fn blind() -> Self {
        Self { patience: u32::MAX, ..Self::default() }
    }

    /// Begins a record.
    #[inline(always)]
    pub(super) fn begin(&mut self) -> Cursor {
        let learning = self.misses >= self.patience;
        if learning {
            self.entries.clear();
            self.table.clear();
        }
        self.others.clear();
        let seen = [0; KEYS / 64];
        // No key is due while the keys are still being collected.
        let next = if learning { KEYS } else { 0 };
        Cursor { learning, straight: true, next, seen, duplicates: false, escaped: false }
    }

    /// The end of the key at `at` with its colon, if it is the one that is due, or the one after it.
    #[inline(always)]
    pub(super) fn due<B: Blocks>(
        &self,
        cursor: &mut Cursor,
        reader: &Reader<'_, B>,
        at: usize,
    ) -> Option<usize> {
        let entry = self.entries.get(cursor.next)?;
        if entry.is_at(reader, at) {
            cursor.meet(cursor.next);
            cursor.next += 1;
            return Some(at + entry.len);
        }
        // One key that records may lack.
        cursor.straight = false;
        let entry = self.entries.get(cursor.next + 1).filter(|entry| entry.is_at(reader, at))?;
        cursor.meet(cursor.next + 1);
        cursor.next += 2;
        Some(at + entry.len)
    }

    /// Takes note of a key that is not the one that is due; `colon` is the place of its colon.
    pub(super) fn other(&mut self, cursor: &mut Cursor, bytes: &[u8], key: Key, colon: usize) {
        let spelt = key.spelt.of(bytes);
        let mut hashed = &bytes[key.spelt.start as usize..];
        let mut len = spelt.len();
        if key.escaped {
            cursor.escaped = true;
            cursor.straight = false;
            self.meaning.clear();
            self.meaning.extend(super::text::meaning(spelt));
            len = self.meaning.len();
            self.meaning.extend_from_slice(&[0; 8]);
            hashed = &self.meaning;
        }
        let key = Key { hash: hash(hashed, len), ..key };
        if cursor.learning {
            let text = &bytes[key.spelt.start as usize - 1..=colon];
            cursor.straight &= self.entries.len() < KEYS
                && text.len() == len + 3
                && Entry::new(text, key.hash).map(|entry| self.entries.push(entry)).is_some();
        } else {
            cursor.straight = false;
            if let Some(entry) = self.find(key.hash, &hashed[..len]) {
                cursor.meet(entry);
                // A gap of several keys is passed; a key from before is out of order, and the due one stays due.
                cursor.next = cursor.next.max(entry + 1);
                return;
            }
        }
        cursor.duplicates |= self.others.insert(bytes, key);
    }

    fn find(&self, hash: u32, meaning: &[u8]) -> Option<usize> {
        if self.table.is_empty() {
            return None;
        }
        let mut place = first_place(hash);
        loop {
            let number = usize::from(self.table[place]).checked_sub(1)?;
            let entry = &self.entries[number];
            if entry.hash == hash && entry.key() == meaning {
                return Some(number);
            }
            place = (place + 1) % PLACES;
        }
    }

    /// Ends a record that is valid; answers the id if it matched whole.
    #[inline(always)]
    pub(super) fn end(&mut self, cursor: &mut Cursor, bytes: &[u8]) -> u32 {
        if cursor.straight && !cursor.learning && cursor.next == self.entries.len() {
            self.misses = 0;
            return if cursor.next == 0 { 0 } else { self.id };
        }
        self.end_otherwise(cursor, bytes)
    }

    #[inline(never)]
    fn end_otherwise(&mut self, cursor: &mut Cursor, bytes: &[u8]) -> u32 {
        cursor.duplicates |= self.others.finish(bytes);
        if !cursor.learning {
            self.misses = self.misses.saturating_add(1).min(u32::MAX - 1);
            return 0;
        }
        self.misses = 0;
        self.patience = (2 * self.patience).clamp(PATIENCE.0, PATIENCE.1);
        if cursor.straight && !cursor.duplicates && !self.entries.is_empty() {
            self.learn();
            return self.id;
        }
        self.entries.clear();
        0
    }

    fn learn(&mut self) {
        self.id = self.id.checked_add(1).unwrap_or(1);
        self.table.resize(PLACES, 0);
        for (number, entry) in (1..).zip(&self.entries) {
            let mut place = first_place(entry.hash);
            while self.table[place] != 0 {
                place = (place + 1) % PLACES;
            }
            self.table[place] = number;
        }
    }
}

impl Cursor {
    #[inline(always)]
    fn meet(&mut self, entry: usize) {
        let (word, bit) = (entry / 64 % self.seen.len(), 1 << (entry % 64));
        self.duplicates |= self.seen[word] & bit != 0;
        self.seen[word] |= bit;
    }
}

impl Entry {
    /// An entry for a key with its quotes and colon, unless it is too long.
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a mask")]
    fn new(spelt: &[u8], hash: u32) -> Option<Self> {
        let mut text = [0; KEY_BYTES];
        text.get_mut(..spelt.len())?.copy_from_slice(spelt);
        let mask = u64::MAX >> (KEY_BYTES - spelt.len());
        Some(Self { text, len: spelt.len(), masks: [mask as u32, (mask >> 32) as u32], hash })
    }

    fn key(&self) -> &[u8] {
        &self.text[1..self.len - 2]
    }

    /// Whether this key stands at `at`.
    #[inline(always)]
    fn is_at<B: Blocks>(&self, reader: &Reader<'_, B>, at: usize) -> bool {
        let (halves, _) = self.text.as_chunks::<32>();
        let is_half_at = |half: usize, at| {
            reader.block::<32>(at).is_some_and(|block| {
                reader.blocks.differences(block, &halves[half]) & self.masks[half] == 0
            })
        };
        is_half_at(0, at) && (self.masks[1] == 0 || is_half_at(1, at + 32))
    }
}

const fn first_place(hash: u32) -> usize {
    hash as usize % PLACES
}
