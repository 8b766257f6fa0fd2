//! Descriptors in few words.

use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MessageOptions, OneofDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

/// A file of messages in a package, with the enum `Side` (`SELL` -1, `NONE` 0, `BUY` 1).
pub(super) fn file(
    package: &str,
    syntax: &str,
    messages: impl IntoIterator<Item = Message>,
) -> FileDescriptorProto {
    let value = |name: &str, number| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        options: None,
    };
    let side = EnumDescriptorProto {
        name: Some("Side".to_owned()),
        value: vec![value("NONE", 0), value("BUY", 1), value("SELL", -1)],
        ..EnumDescriptorProto::default()
    };
    let imports =
        ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"];
    FileDescriptorProto {
        name: Some(format!("{package}.proto")),
        package: Some(package.to_owned()),
        syntax: Some(syntax.to_owned()),
        dependency: imports.map(|name| format!("google/protobuf/{name}.proto")).into(),
        message_type: messages.into_iter().map(|message| message.0).collect(),
        enum_type: vec![side],
        ..FileDescriptorProto::default()
    }
}

/// A message that is being built.
pub(super) struct Message(pub(super) DescriptorProto);

pub(super) fn message(name: &str) -> Message {
    Message(DescriptorProto { name: Some(name.to_owned()), ..DescriptorProto::default() })
}

impl Message {
    /// Adds a field. Its type may have words before it: `repeated`, `required`, `optional` (presence, in proto3), `group`,
    /// `enum`, and `oneof:name`. The full name of a type begins with a dot.
    pub(super) fn field(mut self, number: i32, name: &str, declared: &str) -> Self {
        let mut field = FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(Label::Optional.into()),
            ..FieldDescriptorProto::default()
        };
        let (mut is_group, mut is_enum) = (false, false);
        for word in declared.split(' ') {
            match word {
                "repeated" => field.label = Some(Label::Repeated.into()),
                "required" => field.label = Some(Label::Required.into()),
                "optional" => {
                    field.proto3_optional = Some(true);
                    field.oneof_index = Some(self.oneof(&format!("_{name}")));
                }
                "group" => is_group = true,
                "enum" => is_enum = true,
                _ if word.starts_with("oneof:") => field.oneof_index = Some(self.oneof(word)),
                _ => {
                    let kind = match scalar(word) {
                        Some(kind) => kind,
                        None if is_enum => Type::Enum,
                        None if is_group => Type::Group,
                        None => Type::Message,
                    };
                    field.r#type = Some(kind.into());
                    field.type_name = scalar(word).is_none().then(|| word.to_owned());
                }
            }
        }
        self.0.field.push(field);
        self
    }

    /// Adds a map; `of` is the full name of this message.
    pub(super) fn map(mut self, of: &str, number: i32, name: &str, key: &str, value: &str) -> Self {
        let entry = format!(
            "{}Entry",
            name.split('_')
                .map(|part| format!("{}{}", part[..1].to_uppercase(), &part[1..]))
                .collect::<String>()
        );
        let mut built = message(&entry).field(1, "key", key).field(2, "value", value).0;
        built.options =
            Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() });
        self.0.nested_type.push(built);
        self.field(number, name, &format!("repeated .{of}.{entry}"))
    }

    fn oneof(&mut self, name: &str) -> i32 {
        let name = name.replace("oneof:", "");
        let oneofs = &mut self.0.oneof_decl;
        let at = oneofs.iter().position(|oneof| oneof.name.as_ref() == Some(&name));
        let at = at.unwrap_or_else(|| {
            oneofs.push(OneofDescriptorProto { name: Some(name), options: None });
            oneofs.len() - 1
        });
        i32::try_from(at).unwrap()
    }
}

fn scalar(word: &str) -> Option<Type> {
    Some(match word {
        "double" => Type::Double,
        "float" => Type::Float,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "uint32" => Type::Uint32,
        "uint64" => Type::Uint64,
        "sint32" => Type::Sint32,
        "sint64" => Type::Sint64,
        "fixed32" => Type::Fixed32,
        "fixed64" => Type::Fixed64,
        "sfixed32" => Type::Sfixed32,
        "sfixed64" => Type::Sfixed64,
        "bool" => Type::Bool,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        _ => return None,
    })
}
