//! From the wire to JSON in one pass.
//!
//! Protobuf lets a writer repeat a field, split a message and put the elements of a list anywhere; hardly any does. The pass
//! writes each field where it stands and notices when that was wrong: then [`super::regular`] rewrites the payload and the
//! pass is made again. A payload that is broken is found broken by the first pass, whatever else is the matter.

use super::{
    fault::{Fault, Problem, Read},
    plan::{Field, Form, Kind, Map, Plan, Shape},
    scalar,
    wire::{NESTING, Tag, Wire, WireType},
};
use std::ops::Range;

/// One payload on its way.
pub(super) struct Transcoder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) out: &'a mut Vec<u8>,
    pub(super) notes: &'a mut Notes,
    depth: usize,
}

/// What a pass keeps in mind. It is used again, so that no record allocates.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Bits of the fields and oneofs that were seen, for each message that is open; see [`super::plan::Message::words`].
    seen: Vec<u64>,
    /// Where in the output the keys of the open maps stand.
    keys: Vec<Range<usize>>,
    /// Texts of the outermost message that are empty, by index.
    empty: Vec<usize>,
    /// Fields that no descriptor knows.
    pub(super) unknown: u64,
    /// Set if the output is worth nothing: the payload must be rewritten.
    pub(super) irregular: bool,
    /// The first value without a text. It may not be the last of its field, so it counts in a regular payload alone.
    pub(super) unwritable: Option<Box<Fault>>,
}

impl Notes {
    pub(super) fn clear(&mut self) {
        self.seen.clear();
        self.keys.clear();
        self.empty.clear();
        self.unknown = 0;
        self.irregular = false;
        self.unwritable = None;
    }

    /// Whether a field was seen of the message whose bits begin at `base`; those of the outermost begin at 0.
    pub(super) fn saw(&self, base: usize, field: usize) -> bool {
        self.seen.get(base + field / 64).is_some_and(|word| word >> (field % 64) & 1 == 1)
    }

    /// Whether a text of the outermost message is empty.
    pub(super) fn is_empty(&self, field: usize) -> bool {
        self.empty.contains(&field)
    }

    /// Notes a bit: whether it was noted before.
    #[inline]
    fn mark(&mut self, base: usize, bit: usize) -> bool {
        let word = &mut self.seen[base + bit / 64];
        let mask = 1 << (bit % 64);
        let before = *word & mask != 0;
        *word |= mask;
        before
    }
}

impl<'a> Transcoder<'a> {
    pub(super) fn new(plan: &'a Plan, out: &'a mut Vec<u8>, notes: &'a mut Notes) -> Self {
        Self { plan, out, notes, depth: 0 }
    }

    /// Writes a message, up to the end of `wire` or of its group. Its bits stay noted.
    pub(super) fn message(
        &mut self,
        message: u32,
        wire: &mut Wire<'_>,
        group: Option<u32>,
    ) -> Read<()> {
        match self.plan.messages[message as usize].shape {
            Shape::Object => {
                self.out.push(b'{');
                self.fields(message, wire, group, true)?;
                self.out.push(b'}');
            }
            Shape::Bare(default) => {
                if self.fields(message, wire, group, true)? {
                    self.out.extend_from_slice(default.as_bytes());
                }
            }
            Shape::Any => self.any(message, wire)?,
            Shape::Duration => self.duration(message, wire)?,
            Shape::FieldMask => self.field_mask(message, wire)?,
            Shape::Timestamp => self.timestamp(message, wire)?,
        }
        Ok(())
    }

    /// Writes the fields of a message without the brackets around them: whether there is still none, which `first` says of
    /// what stands before.
    pub(super) fn fields(
        &mut self,
        id: u32,
        wire: &mut Wire<'_>,
        group: Option<u32>,
        mut first: bool,
    ) -> Read<bool> {
        let message = &self.plan.messages[id as usize];
        let base = self.notes.seen.len();
        self.notes.seen.resize(base + message.words, 0);
        let mut open = Open { field: usize::MAX, form: Form::One, keys: 0 };
        while let Some(tag) = next(wire, group).map_err(|fault| fault.in_message(id))? {
            let Some(index) = message.field(tag.number) else {
                self.unknown(tag, wire).map_err(|fault| fault.in_message(id))?;
                continue;
            };
            let field = &message.fields[index];
            if open.field != index {
                self.close(&open);
                if self.notes.mark(base, index) {
                    self.notes.irregular = true;
                }
                if field.oneof.is_some_and(|bit| self.notes.mark(base, usize::from(bit))) {
                    self.notes.irregular = true;
                }
                self.out.extend_from_slice(&field.key[usize::from(first)..]);
                first = false;
                open = self.open(index, field);
            }
            let start = self.out.len();
            self.field(field, tag, wire).map_err(|fault| fault.in_field(id, index))?;
            if self.depth == 0 && self.out.len() - start == 2 && is_text(field.kind) {
                self.notes.empty.push(index);
            }
        }
        self.close(&open);
        if self.plan.emit {
            first = self.defaults(&message.fields, base, first);
        }
        Ok(first)
    }

    /// Writes the defaults of the fields that were not seen.
    fn defaults(&mut self, fields: &[Field], base: usize, mut first: bool) -> bool {
        for (index, field) in fields.iter().enumerate() {
            let Some(default) = &field.default else { continue };
            if !self.notes.saw(base, index) {
                self.out.extend_from_slice(&default[usize::from(first)..]);
                first = false;
            }
        }
        first
    }

    fn open(&mut self, index: usize, field: &Field) -> Open {
        match field.form {
            // A second one is no element of a list: nothing stays open.
            Form::One => return Open { field: usize::MAX, form: Form::One, keys: 0 },
            Form::List => self.out.push(b'['),
            Form::Map(_) => self.out.push(b'{'),
        }
        Open { field: index, form: field.form, keys: self.notes.keys.len() }
    }

    /// Ends what is open. Each element has left a comma.
    fn close(&mut self, open: &Open) {
        let bracket = match open.form {
            Form::One => return,
            Form::List => b']',
            Form::Map(_) => {
                self.close_keys(open.keys);
                b'}'
            }
        };
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.out.push(bracket),
        }
    }

    /// Notes whether two keys of a map are the same.
    fn close_keys(&mut self, first: usize) {
        let out = &*self.out;
        let keys = &mut self.notes.keys[first..];
        let text = |range: &Range<usize>| &out[range.clone()];
        keys.sort_unstable_by(|one, other| text(one).cmp(text(other)));
        self.notes.irregular |= keys.windows(2).any(|pair| text(&pair[0]) == text(&pair[1]));
        self.notes.keys.truncate(first);
    }

    #[inline]
    fn field(&mut self, field: &Field, tag: Tag, wire: &mut Wire<'_>) -> Read<()> {
        match field.form {
            Form::One => self.checked(field.kind, tag, wire),
            Form::List => {
                if tag.wire_type == WireType::Length && field.kind.packs() {
                    let mut packed = wire.part()?;
                    while !packed.is_empty() {
                        scalar::transcode(self.plan, field.kind, &mut packed, self.out)?;
                        self.out.push(b',');
                    }
                    return Ok(());
                }
                self.checked(field.kind, tag, wire)?;
                self.out.push(b',');
                Ok(())
            }
            Form::Map(map) => {
                expect(WireType::Length, tag, wire)?;
                let mut entry = wire.part()?;
                self.entry(self.plan.maps[map as usize], &mut entry)?;
                self.out.push(b',');
                Ok(())
            }
        }
    }

    /// Writes one value if it stands on the wire as its kind does.
    #[inline]
    fn checked(&mut self, kind: Kind, tag: Tag, wire: &mut Wire<'_>) -> Read<()> {
        expect(kind.wire_type(), tag, wire)?;
        match kind {
            Kind::Message(message) => {
                let mut part = wire.part()?;
                self.inner(message, &mut part, None)
            }
            Kind::Group(message) => self.inner(message, wire, Some(tag.number)),
            Kind::Number => {
                let at = wire.at();
                let number = f64::from_le_bytes(wire.bits64()?);
                if !number.is_finite() {
                    self.refuse(Fault::new(Problem::Value("a finite number"), at));
                }
                scalar::double(number, self.out);
                Ok(())
            }
            _ => scalar::transcode(self.plan, kind, wire, self.out),
        }
    }

    /// Writes a message inside another one.
    pub(super) fn inner(
        &mut self,
        message: u32,
        wire: &mut Wire<'_>,
        group: Option<u32>,
    ) -> Read<()> {
        self.enter(wire)?;
        let base = self.notes.seen.len();
        self.message(message, wire, group)?;
        self.notes.seen.truncate(base);
        self.leave();
        Ok(())
    }

    /// Writes what `write` writes; if that fails, the record fails unless it is irregular.
    pub(super) fn attempt(&mut self, write: impl FnOnce(&mut Self) -> Read<()>) {
        let (depth, seen, keys) = (self.depth, self.notes.seen.len(), self.notes.keys.len());
        if let Err(fault) = write(self) {
            self.refuse(fault);
            self.depth = depth;
            self.notes.keys.truncate(keys);
        }
        self.notes.seen.truncate(seen);
    }

    pub(super) fn enter(&mut self, wire: &Wire<'_>) -> Read<()> {
        self.depth += 1;
        if self.depth > NESTING {
            return Err(Fault::new(Problem::Nesting, wire.at()));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn entry(&mut self, map: Map, wire: &mut Wire<'_>) -> Read<()> {
        self.enter(wire)?;
        let (mut has_key, mut has_value) = (false, false);
        let start = self.out.len();
        while let Some(tag) = next(wire, None)? {
            match tag.number {
                1 => {
                    self.notes.irregular |= has_key || has_value;
                    expect(map.key.wire_type(), tag, wire)?;
                    scalar::transcode_key(map.key, wire, self.out)?;
                    has_key = true;
                    self.notes.keys.push(start..self.out.len());
                    self.out.push(b':');
                }
                2 => {
                    self.notes.irregular |= has_value;
                    if !has_key && !has_value {
                        self.default_key(map.key, start);
                    }
                    self.checked(map.value, tag, wire)?;
                    has_value = true;
                }
                _ => self.unknown(tag, wire)?,
            }
        }
        if !has_key && !has_value {
            self.default_key(map.key, start);
        }
        if !has_value {
            self.default_value(map.value)?;
        }
        self.leave();
        Ok(())
    }

    fn default_key(&mut self, kind: Kind, start: usize) {
        scalar::default_key(kind, self.out);
        self.notes.keys.push(start..self.out.len());
        self.out.push(b':');
    }

    fn default_value(&mut self, kind: Kind) -> Read<()> {
        match kind {
            Kind::Message(message) | Kind::Group(message) => {
                self.inner(message, &mut Wire::new(&[]), None)
            }
            _ => {
                scalar::default(self.plan, kind, self.out);
                Ok(())
            }
        }
    }

    /// Passes over a field that the descriptor does not know.
    pub(super) fn unknown(&mut self, tag: Tag, wire: &mut Wire<'_>) -> Read<()> {
        if self.plan.strict {
            return Err(Fault::new(Problem::Unknown(tag.number), wire.at()));
        }
        self.notes.unknown += 1;
        wire.skip(tag, self.depth)
    }

    /// Notes a value that has no text; see [`Notes::unwritable`].
    pub(super) fn refuse(&mut self, fault: Box<Fault>) {
        self.notes.unwritable.get_or_insert(fault);
    }
}

/// The list or map that the last field belongs to.
struct Open {
    /// Index of its field; none has the last index there is.
    field: usize,
    form: Form,
    /// How many keys were noted before it.
    keys: usize,
}

/// The next tag of a message, unless it ends here.
#[inline]
pub(super) fn next(wire: &mut Wire<'_>, group: Option<u32>) -> Read<Option<Tag>> {
    if wire.is_empty() {
        return match group {
            None => Ok(None),
            Some(number) => Err(Fault::new(wire.open_group(number), wire.at())),
        };
    }
    let at = wire.at();
    let tag = wire.tag()?;
    if tag.wire_type != WireType::EndGroup {
        Ok(Some(tag))
    } else if group == Some(tag.number) {
        Ok(None)
    } else {
        Err(Fault::new(Problem::EndGroup(tag.number), at))
    }
}

/// Checks how a value stands on the wire.
#[inline]
pub(super) fn expect(expected: WireType, tag: Tag, wire: &Wire<'_>) -> Read<()> {
    if tag.wire_type == expected {
        return Ok(());
    }
    Err(Fault::new(Problem::WireType { expected, found: tag.wire_type }, wire.at()))
}

const fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::String | Kind::Bytes)
}
