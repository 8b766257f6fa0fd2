//! Random descriptors and random wire bytes of them: as writers write, or as the format allows.

use super::schema::{Message, file, message};
use crate::convert::protobuf::wire::{Tag, WireType, write_bytes, write_varint};
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

pub(super) const SCALARS: [&str; 15] = [
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32",
    "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes",
];

const WELL_KNOWN: [&str; 9] = [
    "Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Int64Value",
    "StringValue", "Any",
];

const KEYS: [&str; 12] = [
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "bool", "string",
];

/// Messages that [`random_pool`] declares: `p.M0`, `p.M1`…
const MESSAGES: u64 = 3;

/// Xorshift: the same for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    pub(super) fn chance(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// A pool with random messages in package `p`, proto2 or proto3.
pub(super) fn random_pool(random: &mut Random) -> DescriptorPool {
    let proto3 = !random.chance(3);
    let messages: Vec<Message> =
        (0..MESSAGES).map(|at| random_message(random, &format!("M{at}"), proto3)).collect();
    super::pool([file("p", if proto3 { "proto3" } else { "proto2" }, messages)])
}

fn random_message(random: &mut Random, name: &str, proto3: bool) -> Message {
    let mut built = message(name);
    let mut number = 0;
    for at in 0..=random.below(9) {
        number += 1 + i32::try_from(random.below(if random.chance(5) { 700 } else { 2 })).unwrap();
        let field = format!("some_field{at}");
        let of_message = |random: &mut Random| format!(".p.M{}", random.below(MESSAGES));
        let kind = match random.below(10) {
            0 | 1 => of_message(random),
            2 => "enum .p.Side".to_owned(),
            3 | 4 => format!(".google.protobuf.{}", random.pick(&WELL_KNOWN)),
            5 if !proto3 => format!("group .p.M{}", random.below(MESSAGES)),
            _ => random.pick(&SCALARS).to_owned(),
        };
        let is_group = kind.starts_with("group");
        built = match random.below(8) {
            0 | 1 => built.field(number, &field, &format!("repeated {kind}")),
            2 if !is_group => {
                let key = random.pick(&KEYS);
                built.map(&format!("p.{name}"), number, &field, key, &kind)
            }
            3 | 4 if !is_group => built.field(number, &field, &format!("oneof:choice {kind}")),
            5 if proto3 => built.field(number, &field, &format!("optional {kind}")),
            6 if !proto3 => built.field(number, &field, &format!("required {kind}")),
            _ => built.field(number, &field, &kind),
        };
    }
    // Descriptors want the members of a oneof together and synthetic ones last.
    order_oneofs(built)
}

fn order_oneofs(mut built: Message) -> Message {
    let declared = built.0.oneof_decl.clone();
    let mut order: Vec<usize> = (0..declared.len()).collect();
    order.sort_by_key(|at| declared[*at].name().starts_with('_'));
    built.0.oneof_decl = order.iter().map(|at| declared[*at].clone()).collect();
    for field in &mut built.0.field {
        if let Some(index) = &mut field.oneof_index {
            let old = usize::try_from(*index).unwrap();
            *index = i32::try_from(order.iter().position(|at| *at == old).unwrap()).unwrap();
        }
    }
    built
}

/// How wire bytes are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Fields repeat, messages are split, elements lie anywhere, unknown fields lie between.
    pub(super) wild: bool,
    /// No scalar has its default, so that no implementation may leave it out.
    pub(super) nonzero: bool,
}

/// A random payload of a message.
pub(super) fn payload(
    random: &mut Random,
    message: &MessageDescriptor,
    style: Style,
    depth: u32,
) -> Vec<u8> {
    if let Some(name) = message.full_name().strip_prefix("google.protobuf.")
        && let Some(bytes) = well_known(random, message, name, style, depth)
    {
        return bytes;
    }
    let mut fields: Vec<FieldDescriptor> = message.fields().filter(|_| !random.chance(3)).collect();
    if message.full_name() == "google.protobuf.Value" {
        fields = message.fields().nth(usize::try_from(random.below(6)).unwrap()).into_iter().collect();
    }
    let mut pieces = Vec::new();
    let mut chosen = false;
    for field in fields {
        if !style.wild && field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic()) {
            // One member, as writers write.
            if std::mem::replace(&mut chosen, true) {
                continue;
            }
        }
        pieces.extend(field_pieces(random, &field, style, depth));
        if random.chance(4) {
            pieces.push(unknown(random));
        }
    }
    if style.wild || random.chance(4) {
        let whole = style.wild;
        shuffle(random, &mut pieces, whole);
    }
    pieces.into_iter().flatten().flatten().collect()
}

type Piece = Vec<Vec<u8>>;

/// Shuffles fields, and their parts with them if a reader must put those together.
fn shuffle(random: &mut Random, pieces: &mut Vec<Piece>, parts: bool) {
    if parts {
        *pieces = pieces.drain(..).flatten().map(|part| vec![part]).collect();
    }
    for at in (1..pieces.len()).rev() {
        pieces.swap(at, usize::try_from(random.below(at as u64 + 1)).unwrap());
    }
}

fn field_pieces(
    random: &mut Random,
    field: &FieldDescriptor,
    style: Style,
    depth: u32,
) -> Vec<Piece> {
    let is_message = matches!(field.kind(), Kind::Message(_));
    if depth > 3 && is_message {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let plural = field.is_list() || field.is_map();
    let count = if plural { 1 + random.below(4) } else { 1 + u64::from(style.wild) * random.below(3) };
    if field.is_list() && packs(&field.kind()) && random.chance(2) {
        let mut packed = Vec::new();
        for _ in 0..count {
            value(random, &field.kind(), style, depth, &mut packed);
        }
        parts.push(length(field.number(), &packed));
        if !style.wild {
            return vec![parts];
        }
    }
    for _ in 0..count {
        let mut part = Vec::new();
        if field.is_group() {
            Tag { number: field.number(), wire_type: WireType::StartGroup }.write(&mut part);
            let Kind::Message(of) = field.kind() else { unreachable!() };
            part.extend(payload(random, &of, style, depth + 1));
            Tag { number: field.number(), wire_type: WireType::EndGroup }.write(&mut part);
        } else if field.is_map() {
            let Kind::Message(entry) = field.kind() else { unreachable!() };
            part = length(field.number(), &map_entry(random, &entry, style, depth));
        } else {
            Tag { number: field.number(), wire_type: wire_type(&field.kind()) }.write(&mut part);
            value(random, &field.kind(), style, depth, &mut part);
        }
        parts.push(part);
    }
    vec![parts]
}

fn map_entry(
    random: &mut Random,
    entry: &MessageDescriptor,
    style: Style,
    depth: u32,
) -> Vec<u8> {
    let mut parts = Vec::new();
    // prost's writers leave out what has its default, others write both.
    for field in [entry.map_entry_key_field(), entry.map_entry_value_field()] {
        let times = if style.wild { random.below(3) } else { 1 - u64::from(random.chance(5)) };
        for _ in 0..times {
            let mut part = Vec::new();
            Tag { number: field.number(), wire_type: wire_type(&field.kind()) }.write(&mut part);
            value(random, &field.kind(), style, depth + 1, &mut part);
            parts.push(vec![part]);
        }
    }
    if style.wild {
        parts.push(unknown(random));
        shuffle(random, &mut parts, true);
    }
    parts.into_iter().flatten().flatten().collect()
}

/// A field of a number that no random message has.
fn unknown(random: &mut Random) -> Piece {
    let number = 9_000 + u32::try_from(random.below(100)).unwrap();
    let mut part = Vec::new();
    let wire_types =
        [WireType::Varint, WireType::Bits64, WireType::Length, WireType::StartGroup, WireType::Bits32];
    let wire_type = wire_types[usize::try_from(random.below(5)).unwrap()];
    Tag { number, wire_type }.write(&mut part);
    match wire_type {
        WireType::Varint => write_varint(random.next(), &mut part),
        WireType::Bits64 => part.extend(random.next().to_le_bytes()),
        WireType::Bits32 => part.extend([1, 2, 3, 4]),
        WireType::Length => write_bytes(b"unknown", &mut part),
        _ => {
            part.extend(length(1, b"inside"));
            Tag { number, wire_type: WireType::EndGroup }.write(&mut part);
        }
    }
    vec![part]
}

pub(super) fn length(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut part = Vec::new();
    Tag { number, wire_type: WireType::Length }.write(&mut part);
    write_bytes(bytes, &mut part);
    part
}

pub(super) fn varint(number: u32, value: u64) -> Vec<u8> {
    let mut part = Vec::new();
    Tag { number, wire_type: WireType::Varint }.write(&mut part);
    write_varint(value, &mut part);
    part
}

fn packs(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}

fn wire_type(kind: &Kind) -> WireType {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::Bits64,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::Bits32,
        Kind::String | Kind::Bytes | Kind::Message(_) => WireType::Length,
        _ => WireType::Varint,
    }
}

fn value(random: &mut Random, kind: &Kind, style: Style, depth: u32, out: &mut Vec<u8>) {
    let least = u64::from(style.nonzero);
    match kind {
        Kind::Message(message) => {
            let content = if depth > 4 { Vec::new() } else { payload(random, message, style, depth + 1) };
            write_bytes(&content, out);
        }
        Kind::String => {
            let texts = ["", "plain", "with \"quotes\" and \\", "\u{1}\n\t", "\u{e4}\u{1f600}\u{2028}"];
            let at = least + random.below(texts.len() as u64 - least);
            write_bytes(texts[usize::try_from(at).unwrap()].as_bytes(), out);
        }
        Kind::Bytes => {
            let len = usize::try_from(least + random.below(6)).unwrap();
            let bytes: Vec<u8> = (0..len).map(|_| random.next().to_le_bytes()[1]).collect();
            write_bytes(&bytes, out);
        }
        Kind::Double => out.extend(double(random, style.nonzero).to_le_bytes()),
        #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
        Kind::Float => {
            let float = double(random, style.nonzero) as f32;
            out.extend(if style.nonzero && float == 0.0 { 1.0 } else { float }.to_le_bytes());
        }
        Kind::Fixed64 | Kind::Sfixed64 => out.extend(integer(random, style.nonzero).to_le_bytes()),
        Kind::Fixed32 | Kind::Sfixed32 => out.extend(&integer32(random, style.nonzero).to_le_bytes()[..4]),
        Kind::Bool => write_varint(least.max(random.below(3)), out),
        Kind::Enum(_) => {
            let numbers = [0, 1, u64::MAX, 77];
            write_varint(numbers[usize::try_from(least + random.below(4 - least)).unwrap()], out);
        }
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 => write_varint(integer(random, style.nonzero), out),
        _ => write_varint(integer32(random, style.nonzero), out),
    }
}

fn integer(random: &mut Random, nonzero: bool) -> u64 {
    match random.below(8) {
        0 => i64::MAX.cast_unsigned(),
        1 => i64::MIN.cast_unsigned(),
        2 => u64::MAX,
        3 => (1 << 53) + 1,
        4 => random.next() | 1,
        _ => random.below(1_000) + u64::from(nonzero),
    }
}

/// A number whose low half is not 0 if it must not be.
fn integer32(random: &mut Random, nonzero: bool) -> u64 {
    let integer = integer(random, nonzero);
    if nonzero && integer.trailing_zeros() >= 32 { 1 } else { integer }
}

fn double(random: &mut Random, nonzero: bool) -> f64 {
    let choices = [0.1, 1e300, -2.5, 1e-7, 123_456_789.125, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5.0, -0.0, 0.0];
    let end = choices.len() as u64 - 2 * u64::from(nonzero);
    match random.chance(4) {
        true => {
            let any = f64::from_bits(random.next());
            if nonzero && any == 0.0 { 1.0 } else { any }
        }
        false => choices[usize::try_from(random.below(end)).unwrap()],
    }
}

/// Payloads that have a text.
fn well_known(
    random: &mut Random,
    message: &MessageDescriptor,
    name: &str,
    style: Style,
    depth: u32,
) -> Option<Vec<u8>> {
    let seconds = |seconds: i64, nanos: u64| {
        [varint(1, seconds.cast_unsigned()), varint(2, nanos)].concat()
    };
    let nanos = [0, 1, 120_000_000, 999_999_999, 5_000][usize::try_from(random.below(5)).unwrap()];
    Some(match name {
        "Timestamp" => {
            let span = 253_402_300_799 + 62_135_596_800;
            let drawn = i64::try_from(random.below(span)).unwrap() - 62_135_596_800;
            seconds(drawn, nanos)
        }
        "Duration" => seconds(i64::try_from(random.below(315_576_000_000)).unwrap(), nanos),
        "FieldMask" => {
            (0..random.below(3)).flat_map(|_| length(1, b"some_name.other")).collect()
        }
        "Value" if random.chance(2) => {
            let mut number = Vec::new();
            Tag { number: 2, wire_type: WireType::Bits64 }.write(&mut number);
            number.extend(1.5_f64.to_le_bytes());
            number
        }
        "Value" if depth > 4 => length(3, b"deep"),
        "Value" => match random.below(4) {
            0 => varint(1, 0),
            1 => length(3, b"text"),
            2 => varint(4, 1),
            _ => {
                let list = message.get_field(6).unwrap();
                let Kind::Message(list) = list.kind() else { unreachable!() };
                length(6, &payload(random, &list, style, depth + 1))
            }
        },
        "Any" => {
            let inner = message.parent_pool().get_message_by_name("p.M1").unwrap();
            let content = if depth > 3 { Vec::new() } else { payload(random, &inner, style, depth + 1) };
            [length(1, b"type.googleapis.com/p.M1"), length(2, &content)].concat()
        }
        _ => return None,
    })
}
