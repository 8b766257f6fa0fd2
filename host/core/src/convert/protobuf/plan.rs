//! Descriptors, compiled: what the transcoder needs of a message, a field and an enum, in the form it needs it.

use super::wire::WireType;
use std::collections::HashMap;

/// The messages that the mappings lead to, and how they are written.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Enum>,
    pub(super) maps: Vec<Map>,
    /// Messages by full name, for type URLs.
    pub(super) names: HashMap<String, u32>,
    /// Whether 64-bit integers are strings.
    pub(super) quoted: bool,
    /// Whether a field that the descriptor does not know is an error.
    pub(super) strict: bool,
    /// Whether fields without presence are written with their default.
    pub(super) emit: bool,
    /// Whether fields are named as protobuf's JSON mapping has it.
    pub(super) json_names: bool,
}

/// One message.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) name: Box<str>,
    pub(super) shape: Shape,
    /// By number.
    pub(super) fields: Box<[Field]>,
    /// Index of a field by its number, for small numbers; [`NO_FIELD`] where there is none.
    pub(super) dense: Box<[u16]>,
    /// How many words its bits take: one bit for each field, then one for each oneof.
    pub(super) words: usize,
}

/// How a message is written in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// An object of its fields.
    #[default]
    Object,
    /// The value of the field it has; this, if it has none.
    Bare(&'static str),
    Any,
    Duration,
    FieldMask,
    Timestamp,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: Box<str>,
    /// `,"name":` for the member of an object, `,` where only the value is written.
    pub(super) key: Box<[u8]>,
    pub(super) kind: Kind,
    pub(super) form: Form,
    /// The bit of its oneof.
    pub(super) oneof: Option<u16>,
    /// `,"name":` and its default, if it is written where the wire has none.
    pub(super) default: Option<Box<[u8]>>,
}

/// How often a field may stand in its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    One,
    List,
    Map(u32),
}

/// What a value is. Indices are those of [`Plan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    /// A double that must be finite: the number of `google.protobuf.Value`.
    Number,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(u32),
    Message(u32),
    Group(u32),
}

/// One enum: the JSON text of each number that has a name.
#[derive(Debug)]
pub(super) struct Enum {
    /// By number.
    pub(super) values: Box<[(i32, Box<[u8]>)]>,
    /// The number that stands for none on the wire.
    pub(super) default: i32,
}

/// The entries of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    pub(super) key: Kind,
    pub(super) value: Kind,
}

/// Where a table by number has no field.
pub(super) const NO_FIELD: u16 = u16::MAX;

/// Numbers that are looked up in a table.
pub(super) const DENSE: u32 = 256;

impl Message {
    /// The field with a number, by index.
    #[inline]
    pub(super) fn field(&self, number: u32) -> Option<usize> {
        if number < DENSE {
            let index = *self.dense.get(number as usize)?;
            return (index != NO_FIELD).then_some(usize::from(index));
        }
        self.fields.binary_search_by_key(&number, |field| field.number).ok()
    }
}

impl Enum {
    /// The JSON text of a number that has a name.
    #[inline]
    pub(super) fn text(&self, number: i32) -> Option<&[u8]> {
        let at = self.values.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(&self.values[at].1)
    }
}

impl Kind {
    /// How a single value stands on the wire.
    #[inline]
    pub(super) const fn wire_type(self) -> WireType {
        match self {
            Self::Double | Self::Number | Self::Fixed64 | Self::Sfixed64 => WireType::Bits64,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::Bits32,
            Self::String | Self::Bytes | Self::Message(_) => WireType::Length,
            Self::Group(_) => WireType::StartGroup,
            _ => WireType::Varint,
        }
    }

    /// Whether a list of them may be packed.
    pub(super) const fn packs(self) -> bool {
        !matches!(self.wire_type(), WireType::Length | WireType::StartGroup)
    }
}
