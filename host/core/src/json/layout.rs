//! The order in which the keys of a stream's records stand, so that most keys are compared instead of read.

#![expect(
    clippy::inline_always,
    reason = "the part for keys that are as expected stands in the loop over members"
)]

use super::blocks::Blocks;
use super::keys::{Key, Keys, hash, hash_of};
use super::reader::Reader;
use super::text::{key_is, meaning};

/// Keys of a learnt layout; a record with more is read key by key from there on.
const KEYS: usize = 256;

/// Bytes of a learnt key with its quotes and colon.
const KEY_BYTES: usize = 64;

/// Places of the table of learnt keys: twice as many as keys, so that a look-up ends soon.
const PLACES: usize = 2 * KEYS;

/// Learnt keys with one prefix that are compared before a key is read to its end.
const PROBES: usize = 4;

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
    by_hash: Vec<u16>,
    /// The same by prefix, so that the end of a key need not be known.
    by_prefix: Vec<u16>,
    prefix: Prefix,
    id: u32,
    /// Records since the last one that matched whole.
    misses: u32,
    patience: u32,
    /// Most keys of the latest record were out of order.
    shuffled: bool,
    /// Keys of the current record that are not learnt.
    others: Keys,
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

/// The bytes that each learnt key has with its closing quote and colon, but at most 8.
#[derive(Debug, Clone, Copy, Default)]
struct Prefix {
    mask: u64,
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
    /// Keys out of order.
    others: usize,
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
            self.by_hash.clear();
            self.by_prefix.clear();
        }
        self.others.clear();
        let seen = [0; KEYS / 64];
        // No key is due while the keys are still being collected.
        let next = if learning { KEYS } else { 0 };
        Cursor {
            learning,
            straight: true,
            next,
            others: 0,
            seen,
            duplicates: false,
            escaped: false,
        }
    }

    /// The end of the learnt key at `at` with its colon, if one stands there; if one is due, best that.
    #[inline(always)]
    pub(super) fn learnt<B: Blocks>(
        &self,
        cursor: &mut Cursor,
        reader: &Reader<'_, B>,
        at: usize,
    ) -> Option<usize> {
        if !self.shuffled {
            let entry = self.entries.get(cursor.next)?;
            if entry.is_at(reader, at) {
                cursor.meet(cursor.next);
                cursor.next += 1;
                return Some(at + entry.len);
            }
        }
        let mut place = self.prefix.place(*reader.block(at + 1)?);
        for _ in 0..PROBES {
            let number = usize::from(*self.by_prefix.get(place)?).checked_sub(1)?;
            let entry = self.entries.get(number)?;
            if entry.is_at(reader, at) {
                cursor.meet_late(number);
                return Some(at + entry.len);
            }
            place = (place + 1) % PLACES;
        }
        None
    }

    /// Takes note of a key that is not learnt, or not spelt as it was; `colon` is the place of its colon.
    #[inline(never)]
    pub(super) fn meet(&mut self, cursor: &mut Cursor, bytes: &[u8], key: Key, colon: usize) {
        let spelt = key.spelt.of(bytes);
        let hash = if key.escaped {
            cursor.escaped = true;
            cursor.straight = false;
            hash_of(meaning(spelt))
        } else {
            hash(bytes, key.spelt.start as usize, spelt.len())
        };
        if cursor.learning {
            let text = &bytes[key.spelt.start as usize - 1..=colon];
            cursor.straight &= self.entries.len() < KEYS
                && text.len() == spelt.len() + 3
                && Entry::new(text, hash).map(|entry| self.entries.push(entry)).is_some();
        } else if let Some(entry) = self.find(hash, spelt, key.escaped) {
            return cursor.meet_late(entry);
        }
        cursor.straight &= cursor.learning;
        cursor.others += 1;
        cursor.duplicates |= self.others.insert(bytes, Key { hash, ..key });
    }

    fn find(&self, hash: u32, spelt: &[u8], escaped: bool) -> Option<usize> {
        let mut place = first_place(hash);
        loop {
            let number = usize::from(*self.by_hash.get(place)?).checked_sub(1)?;
            if key_is(spelt, escaped, self.entries[number].key()) {
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
            self.shuffled = false;
            return if cursor.next == 0 { 0 } else { self.id };
        }
        self.end_otherwise(cursor, bytes)
    }

    #[inline(never)]
    fn end_otherwise(&mut self, cursor: &mut Cursor, bytes: &[u8]) -> u32 {
        cursor.duplicates |= self.others.finish(bytes);
        if !cursor.learning {
            self.misses = self.misses.saturating_add(1).min(u32::MAX - 1);
            self.shuffled = 2 * cursor.others > self.entries.len();
            return 0;
        }
        self.misses = 0;
        self.shuffled = false;
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
        self.prefix = Prefix::new(&self.entries);
        self.by_hash.resize(PLACES, 0);
        self.by_prefix.resize(PLACES, 0);
        for (number, entry) in (1..).zip(&self.entries) {
            put(&mut self.by_hash, first_place(entry.hash), number);
            put(&mut self.by_prefix, self.prefix.place(entry.prefix()), number);
        }
    }
}

impl Cursor {
    /// Meets an entry that was looked up.
    #[inline(always)]
    fn meet_late(&mut self, entry: usize) {
        self.meet(entry);
        let is_due = entry == self.next;
        self.straight &= is_due;
        self.others += usize::from(!is_due);
        // A gap of several keys is passed; a key from before is out of order, and the due one stays due.
        self.next = self.next.max(entry + 1);
    }

    #[inline(always)]
    fn meet(&mut self, entry: usize) {
        let (word, bit) = (entry / 64 % self.seen.len(), 1 << (entry % 64));
        self.duplicates |= self.seen[word] & bit != 0;
        self.seen[word] |= bit;
    }
}

impl Prefix {
    fn new(entries: &[Entry]) -> Self {
        let shortest = entries.iter().map(|entry| entry.len - 1).min().unwrap_or(8).min(8);
        Self { mask: u64::MAX >> (64 - 8 * shortest) }
    }

    /// Where to look for a key that begins with `bytes`.
    #[inline(always)]
    fn place(self, bytes: [u8; 8]) -> usize {
        let word = u64::from_le_bytes(bytes) & self.mask;
        (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize % PLACES
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

    fn prefix(&self) -> [u8; 8] {
        let (prefix, _) = self.text[1..].as_chunks();
        prefix[0]
    }

    fn key(&self) -> &[u8] {
        &self.text[1..self.len - 2]
    }

    /// Whether this key stands at `at`.
    #[inline(always)]
    fn is_at<B: Blocks>(&self, reader: &Reader<'_, B>, at: usize) -> bool {
        let (halves, _) = self.text.as_chunks::<32>();
        let Some(block) = reader.block(at) else { return false };
        let differences = reader.blocks.differences(block, &halves[0]);
        differences & self.masks[0] == 0 && (self.masks[1] == 0 || self.is_rest_at(reader, at + 32))
    }

    #[inline(always)]
    fn is_rest_at<B: Blocks>(&self, reader: &Reader<'_, B>, at: usize) -> bool {
        let (halves, _) = self.text.as_chunks::<32>();
        let Some(block) = reader.block(at) else { return false };
        reader.blocks.differences(block, &halves[1]) & self.masks[1] == 0
    }
}

/// Puts `number` into the first free place.
fn put(table: &mut [u16], mut place: usize, number: u16) {
    while table[place] != 0 {
        place = (place + 1) % PLACES;
    }
    table[place] = number;
}

const fn first_place(hash: u32) -> usize {
    hash as usize % PLACES
}
