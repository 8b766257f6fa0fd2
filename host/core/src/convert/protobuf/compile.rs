//! From descriptors to a plan.

use super::{
    plan::{DENSE, Enum, Field, Form, Kind, Map, Message, NO_FIELD, Plan, Shape},
    scalar,
};
use crate::{
    config::{Defaults, Int64, Names, ProtobufConverter, UnknownFields},
    json,
};
use prost_reflect::{
    EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind as DescriptorKind, MessageDescriptor,
};
use std::collections::HashMap;

impl Plan {
    /// A plan without messages yet.
    pub(super) fn new(settings: &ProtobufConverter) -> Self {
        Self {
            messages: Vec::new(),
            enums: Vec::new(),
            maps: Vec::new(),
            names: HashMap::new(),
            quoted: settings.int64 == Int64::String,
            strict: settings.unknown_fields == UnknownFields::Error,
            emit: settings.defaults == Defaults::Emit,
            json_names: settings.names == Names::Json,
        }
    }

    /// Compiles a message and all that it leads to: its index.
    pub(super) fn add(&mut self, message: &MessageDescriptor) -> u32 {
        let mut compiler = Compiler { plan: self, enums: HashMap::new(), queue: Vec::new() };
        let index = compiler.reserve(message);
        while let Some((index, message)) = compiler.queue.pop() {
            let compiled = compiler.message(&message);
            compiler.plan.messages[index as usize] = compiled;
        }
        index
    }
}

/// Compiles what is queued; a message has its index before it is compiled, so messages may hold themselves.
struct Compiler<'a> {
    plan: &'a mut Plan,
    enums: HashMap<String, u32>,
    queue: Vec<(u32, MessageDescriptor)>,
}

/// What a field and an extension have in common.
struct Source {
    number: u32,
    name: String,
    kind: DescriptorKind,
    is_list: bool,
    is_map: bool,
    is_group: bool,
    presence: bool,
    oneof: Option<String>,
}

impl Compiler<'_> {
    fn reserve(&mut self, message: &MessageDescriptor) -> u32 {
        if let Some(index) = self.plan.names.get(message.full_name()) {
            return *index;
        }
        let index = index_of(self.plan.messages.len());
        self.plan.messages.push(Message::default());
        self.plan.names.insert(message.full_name().to_owned(), index);
        self.queue.push((index, message.clone()));
        index
    }

    fn message(&mut self, message: &MessageDescriptor) -> Message {
        let name = Box::from(message.full_name());
        let shape = Shape::of(message.full_name(), self.plan.quoted);
        if shape == Shape::Any {
            // Its value may be any message that is known.
            for other in message.parent_pool().all_messages().filter(|other| !other.is_map_entry())
            {
                self.reserve(&other);
            }
        }
        if !matches!(shape, Shape::Object | Shape::Bare(_)) {
            return Message { name, shape, ..Message::default() };
        }
        let json = self.plan.json_names;
        let mut sources: Vec<Source> =
            message.fields().map(|field| Source::of_field(&field, json)).collect();
        sources.extend(message.extensions().map(|extension| Source::of_extension(&extension)));
        sources.sort_by_key(|source| source.number);
        // Bits of fields come first, then those of oneofs.
        let mut oneofs: Vec<String> = Vec::new();
        let count = sources.len();
        let fields: Box<[Field]> = sources
            .into_iter()
            .map(|source| {
                let bit = source.oneof.clone().map(|oneof| {
                    let at = oneofs.iter().position(|known| *known == oneof);
                    count + at.unwrap_or_else(|| {
                        oneofs.push(oneof);
                        oneofs.len() - 1
                    })
                });
                self.field(source, shape, bit)
            })
            .collect();
        let words = (count + oneofs.len()).div_ceil(64);
        Message { name, shape, dense: dense(&fields), fields, words }
    }

    fn field(&mut self, source: Source, shape: Shape, oneof: Option<usize>) -> Field {
        let mut key = vec![b','];
        if shape == Shape::Object {
            json::escape(&source.name, &mut key);
            key.push(b':');
        }
        let kind = self.kind(&source.kind, source.is_group);
        let form = match &source.kind {
            DescriptorKind::Message(entry) if source.is_map => Form::Map(self.map(entry)),
            _ if source.is_list => Form::List,
            _ => Form::One,
        };
        // The number of `Value` alone has no text where it is not finite; that of `DoubleValue` has.
        let kind = if shape == Shape::Bare("null") && kind == Kind::Double { Kind::Number } else { kind };
        let omitted = source.presence || !self.plan.emit || shape != Shape::Object;
        let default = (!omitted).then(|| {
            let mut text = key.clone();
            match form {
                Form::One => scalar::default(self.plan, kind, &mut text),
                Form::List => text.extend_from_slice(b"[]"),
                Form::Map(_) => text.extend_from_slice(b"{}"),
            }
            text.into()
        });
        Field {
            number: source.number,
            name: source.name.into(),
            key: key.into(),
            kind,
            form,
            oneof: oneof.and_then(|bit| u16::try_from(bit).ok()),
            default,
        }
    }

    fn map(&mut self, entry: &MessageDescriptor) -> u32 {
        let key = self.kind(&entry.map_entry_key_field().kind(), false);
        let value = entry.map_entry_value_field();
        let value = self.kind(&value.kind(), value.is_group());
        self.plan.maps.push(Map { key, value });
        index_of(self.plan.maps.len() - 1)
    }

    fn kind(&mut self, kind: &DescriptorKind, is_group: bool) -> Kind {
        match kind {
            DescriptorKind::Double => Kind::Double,
            DescriptorKind::Float => Kind::Float,
            DescriptorKind::Int32 => Kind::Int32,
            DescriptorKind::Int64 => Kind::Int64,
            DescriptorKind::Uint32 => Kind::Uint32,
            DescriptorKind::Uint64 => Kind::Uint64,
            DescriptorKind::Sint32 => Kind::Sint32,
            DescriptorKind::Sint64 => Kind::Sint64,
            DescriptorKind::Fixed32 => Kind::Fixed32,
            DescriptorKind::Fixed64 => Kind::Fixed64,
            DescriptorKind::Sfixed32 => Kind::Sfixed32,
            DescriptorKind::Sfixed64 => Kind::Sfixed64,
            DescriptorKind::Bool => Kind::Bool,
            DescriptorKind::String => Kind::String,
            DescriptorKind::Bytes => Kind::Bytes,
            DescriptorKind::Enum(of) => Kind::Enum(self.enumeration(of)),
            DescriptorKind::Message(of) if is_group => Kind::Group(self.reserve(of)),
            DescriptorKind::Message(of) => Kind::Message(self.reserve(of)),
        }
    }

    fn enumeration(&mut self, of: &EnumDescriptor) -> u32 {
        if let Some(index) = self.enums.get(of.full_name()) {
            return *index;
        }
        let index = index_of(self.plan.enums.len());
        self.plan.enums.push(Enum::of(of));
        self.enums.insert(of.full_name().to_owned(), index);
        index
    }
}

impl Enum {
    fn of(descriptor: &EnumDescriptor) -> Self {
        let is_null = descriptor.full_name() == "google.protobuf.NullValue";
        let mut values: Vec<(i32, Box<[u8]>)> = Vec::new();
        for value in descriptor.values() {
            let mut text = Vec::new();
            if is_null {
                text.extend_from_slice(b"null");
            } else {
                json::escape(value.name(), &mut text);
            }
            values.push((value.number(), text.into()));
        }
        // Of aliases the first one stands.
        values.sort_by_key(|(number, _)| *number);
        values.dedup_by_key(|(number, _)| *number);
        Self { values: values.into(), default: descriptor.default_value().number() }
    }
}

impl Source {
    fn of_field(field: &FieldDescriptor, json: bool) -> Self {
        let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        Self {
            number: field.number(),
            name: if json { field.json_name() } else { field.name() }.to_owned(),
            kind: field.kind(),
            is_list: field.is_list(),
            is_map: field.is_map(),
            is_group: field.is_group(),
            presence: field.supports_presence(),
            oneof: oneof.map(|oneof| oneof.name().to_owned()),
        }
    }

    fn of_extension(extension: &ExtensionDescriptor) -> Self {
        Self {
            number: extension.number(),
            name: extension.json_name().to_owned(),
            kind: extension.kind(),
            is_list: extension.is_list(),
            is_map: extension.is_map(),
            is_group: extension.is_group(),
            // No message has all of its extensions.
            presence: true,
            oneof: None,
        }
    }
}

impl Shape {
    fn of(full_name: &str, quoted: bool) -> Self {
        match full_name.strip_prefix("google.protobuf.") {
            Some("Any") => Self::Any,
            Some("Duration") => Self::Duration,
            Some("FieldMask") => Self::FieldMask,
            Some("Timestamp") => Self::Timestamp,
            Some("Struct") => Self::Bare("{}"),
            Some("ListValue") => Self::Bare("[]"),
            Some("Value") => Self::Bare("null"),
            Some("FloatValue" | "DoubleValue") => Self::Bare("0.0"),
            Some("Int64Value" | "UInt64Value") if quoted => Self::Bare("\"0\""),
            Some("Int32Value" | "UInt32Value" | "Int64Value" | "UInt64Value") => Self::Bare("0"),
            Some("BoolValue") => Self::Bare("false"),
            Some("StringValue" | "BytesValue") => Self::Bare("\"\""),
            _ => Self::Object,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a message has fewer fields than 65 535")]
fn dense(fields: &[Field]) -> Box<[u16]> {
    let mut dense = Vec::new();
    for (index, field) in fields.iter().enumerate().filter(|(_, field)| field.number < DENSE) {
        dense.resize(field.number as usize, NO_FIELD);
        dense.push(index as u16);
    }
    dense.into()
}

fn index_of(len: usize) -> u32 {
    u32::try_from(len).expect("descriptors are fewer than 4 billion")
}
