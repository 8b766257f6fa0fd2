//! Edits: what an SMT asks the host to change. Each is written to the answer at once; nothing is allocated.

use crate::output::Output;
use crate::place::{At, Place};
use crate::value::{JsonWriter, ToJson};
use smt_abi::operation::{HEADER_BYTES, NO_ID, Op, PathRef, Root};
use smt_abi::slot::Slot as Named;

/// The edits of one record, or those that are the same for each; they apply in the order they are made.
///
/// A place is a handle or a path in the value; [`Place::key`] and [`Place::header`] name the others. `smt-sdk/ABI.md`
/// says what each operation does where its place is missing, doubled or of another type.
///
/// ```
/// use smt_sdk::{Place, Raw, Record};
///
/// fn tidy(record: &mut Record<'_>) {
///     let mut edit = record.edit();
///     edit.rename("symbol", "ticker");
///     edit.set("audit.version", Raw("1.0"));
///     edit.remove(Place::header("trace"));
/// }
/// ```
#[derive(Debug)]
pub struct Edits<'a> {
    out: &'a mut Output,
    numbers: Numbers<'a>,
}

/// How handles of paths are written.
#[derive(Debug, Clone, Copy)]
enum Numbers<'a> {
    /// Behind so many slots.
    Behind(u16),
    /// Not yet numbered: by their text.
    Open(&'a [String]),
}

impl<'a> Edits<'a> {
    pub(crate) const fn open(out: &'a mut Output, paths: &'a [String]) -> Self {
        Self { out, numbers: Numbers::Open(paths) }
    }

    #[inline]
    pub(crate) const fn numbered(out: &'a mut Output, slots: u16) -> Self {
        Self { out, numbers: Numbers::Behind(slots) }
    }

    /// Replaces what is at the place, or appends it; objects missing on the way are made.
    #[inline]
    pub fn set<'p>(&mut self, at: impl Into<Place<'p>>, value: impl ToJson) {
        self.write(Op::Set, at.into(), |to| value.write_json(to));
    }

    /// Adds what must not be there yet: the record fails with `guest-exists` if something is, even `null`. A header is
    /// added beside those that have its name.
    #[inline]
    pub fn insert<'p>(&mut self, at: impl Into<Place<'p>>, value: impl ToJson) {
        self.write(Op::Insert, at.into(), |to| value.write_json(to));
    }

    /// Removes what is at the place, duplicates included. An empty path leaves no value (a tombstone) or no key.
    #[inline]
    pub fn remove<'p>(&mut self, at: impl Into<Place<'p>>) {
        self.write(Op::Remove, at.into(), |_| {});
    }

    /// Gives the member at the place another name, at the same position. A member that has the name is removed.
    #[inline]
    pub fn rename<'p>(&mut self, at: impl Into<Place<'p>>, name: &str) {
        self.write(Op::Rename, at.into(), |to| to.bytes(name.as_bytes()));
    }

    /// Keeps only these places, which have one root; an empty list keeps nothing of the value.
    pub fn retain<'p>(&mut self, places: impl IntoIterator<Item = Place<'p>>) {
        let mut places = places.into_iter().peekable();
        let root = places.peek().map_or(Root::Value, |place| place.root);
        let numbers = self.numbers;
        self.write(Op::Retain, Place { root, at: At::Text("") }, |to| {
            for place in places {
                let (id, path) = parts(numbers.resolve(place));
                to.bytes(&id.to_le_bytes());
                to.bytes(&length(path.len())[..2]);
                to.bytes(path);
            }
        });
    }

    /// Makes what is at the place the whole value or key.
    #[inline]
    pub fn extract<'p>(&mut self, at: impl Into<Place<'p>>) {
        self.write(Op::Extract, at.into(), |_| {});
    }

    /// Makes the value an object whose one member holds what was the value.
    #[inline]
    pub fn wrap_value(&mut self, name: &str) {
        self.write(Op::Wrap, Place::VALUE, |to| to.bytes(name.as_bytes()));
    }

    /// Makes the key an object whose one member holds what was the key.
    #[inline]
    pub fn wrap_key(&mut self, name: &str) {
        self.write(Op::Wrap, Place::KEY, |to| to.bytes(name.as_bytes()));
    }

    /// Sets `to` to what is at `from`; a target header is added. Nothing happens if nothing is at `from`.
    #[inline]
    pub fn copy<'p, 'q>(&mut self, from: impl Into<Place<'p>>, to: impl Into<Place<'q>>) {
        self.transfer(Op::Copy, from.into(), to.into());
    }

    /// As [`copy`](Self::copy), then removes the source.
    #[inline]
    pub fn move_to<'p, 'q>(&mut self, from: impl Into<Place<'p>>, to: impl Into<Place<'q>>) {
        self.transfer(Op::Move, from.into(), to.into());
    }

    /// Sends the record to another topic.
    #[inline]
    pub fn set_topic(&mut self, topic: &str) {
        self.write(Op::SetTopic, Place::VALUE, |to| topic.write_json(to));
    }

    /// Sets the partition, or leaves the choice open.
    #[inline]
    pub fn set_partition(&mut self, partition: Option<i32>) {
        self.write(Op::SetPartition, Place::VALUE, |to| partition.write_json(to));
    }

    /// Sets the timestamp in milliseconds since 1970, or leaves it out.
    #[inline]
    pub fn set_timestamp(&mut self, timestamp_ms: Option<i64>) {
        self.write(Op::SetTimestamp, Place::VALUE, |to| timestamp_ms.write_json(to));
    }

    /// Applies the edits declared with [`Slots::static_edits`](crate::Slots::static_edits).
    #[inline]
    pub fn apply_static(&mut self) {
        self.write(Op::Static, Place::VALUE, |_| {});
    }

    #[inline]
    fn transfer(&mut self, op: Op, from: Place<'_>, to: Place<'_>) {
        let (id, path) = parts(self.numbers.resolve(to));
        self.write(op, from, |out| {
            out.bytes(&[to.root as u8, 0]);
            out.bytes(&id.to_le_bytes());
            out.bytes(path);
        });
    }

    #[inline]
    fn write(&mut self, op: Op, at: Place<'_>, value: impl FnOnce(&mut JsonWriter<'_>)) {
        let (id, path) = parts(self.numbers.resolve(at));
        let start = self.out.len();
        let mut header = [0; HEADER_BYTES];
        header[0] = op as u8;
        header[1] = at.root as u8;
        header[2..4].copy_from_slice(&id.to_le_bytes());
        header[4..8].copy_from_slice(&length(path.len()));
        self.out.push_array(header);
        self.out.push(path);
        let value_start = self.out.len();
        value(&mut JsonWriter::new(self.out));
        self.out.patch(start + 8, length(self.out.len() - value_start));
        self.out.align(start);
    }
}

impl<'a> Numbers<'a> {
    #[inline]
    fn resolve<'p>(self, place: Place<'p>) -> PathRef<'p>
    where
        'a: 'p,
    {
        match (place.at, self) {
            (At::Slot(index), _) => PathRef::Id(index),
            (At::Text(text), _) => PathRef::Text(text.as_bytes()),
            (At::Path(index), Numbers::Behind(slots)) => PathRef::Id(slots + index),
            (At::Path(index), Numbers::Open(names)) => {
                let name = names.get(usize::from(index)).map_or("", String::as_str);
                match Named::parse(name) {
                    Ok(Named::Value(text) | Named::Key(text) | Named::Header(text)) => {
                        PathRef::Text(text.as_bytes())
                    }
                    _ => PathRef::ROOT,
                }
            }
        }
    }
}

/// The number and the text of a path, one of which says that it is the other.
#[inline]
fn parts(path: PathRef<'_>) -> (u16, &[u8]) {
    match path {
        PathRef::Id(id) => (id, &[]),
        PathRef::Text(path) => (NO_ID, path),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a module's memory has 32-bit addresses")]
#[inline]
const fn length(len: usize) -> [u8; 4] {
    (len as u32).to_le_bytes()
}
