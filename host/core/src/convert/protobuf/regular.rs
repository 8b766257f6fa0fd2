//! Protobuf's rules for what hardly any writer writes: repeated fields, split messages, scattered elements. A payload is
//! rewritten so that one pass can transcode it: each field stands once, its elements together, where its first one stood.

use super::{
    fault::Read,
    plan::{Form, Kind, Map, Message, Plan, Shape},
    scalar,
    transcode::next,
    wire::{Tag, Wire, WireType, write_bytes},
};
use std::collections::HashMap;

/// A value on the wire: for a length or a group, what is inside.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    field: usize,
    tag: Tag,
    bytes: &'a [u8],
}

/// Rewrites the content of a message that was read before. Fields that the descriptor does not know are gone.
///
/// # Errors
/// None for a payload that a pass went through; [`super::fault::Fault`] otherwise.
pub(super) fn rewrite(plan: &Plan, message: u32, bytes: &[u8], out: &mut Vec<u8>) -> Read<()> {
    let message = &plan.messages[message as usize];
    match message.shape {
        Shape::Object | Shape::Bare(_) => fields(plan, message, bytes, out),
        Shape::Any => any(plan, bytes, out),
        // Their readers take the last of each field.
        Shape::Duration | Shape::FieldMask | Shape::Timestamp => {
            out.extend_from_slice(bytes);
            Ok(())
        }
    }
}

fn fields(plan: &Plan, message: &Message, bytes: &[u8], out: &mut Vec<u8>) -> Read<()> {
    let mut pieces = pieces(message, bytes)?;
    keep_last_members(message, &mut pieces);
    let mut order: Vec<Vec<Piece<'_>>> = Vec::new();
    let mut places = vec![None; message.fields.len()];
    for piece in pieces {
        let place = *places[piece.field].get_or_insert_with(|| {
            order.push(Vec::new());
            order.len() - 1
        });
        order[place].push(piece);
    }
    for pieces in order {
        let Some(last) = pieces.last() else { continue };
        let field = &message.fields[last.field];
        match field.form {
            Form::One => single(plan, field.kind, &pieces, out)?,
            Form::List => {
                for piece in &pieces {
                    single(plan, field.kind, std::slice::from_ref(piece), out)?;
                }
            }
            Form::Map(map) => entries(plan, plan.maps[map as usize], &pieces, out)?,
        }
    }
    Ok(())
}

fn pieces<'a>(message: &Message, bytes: &'a [u8]) -> Read<Vec<Piece<'a>>> {
    let mut pieces = Vec::new();
    let mut wire = Wire::new(bytes);
    while let Some(tag) = next(&mut wire, None)? {
        let bytes = content(tag, &mut wire)?;
        if let Some(field) = message.field(tag.number) {
            pieces.push(Piece { field, tag, bytes });
        }
    }
    Ok(pieces)
}

fn content<'a>(tag: Tag, wire: &mut Wire<'a>) -> Read<&'a [u8]> {
    let range = match tag.wire_type {
        WireType::Length => wire.length()?,
        WireType::StartGroup => wire.group(tag.number, 0)?,
        _ => {
            let start = wire.at();
            wire.skip(tag, 0)?;
            start..wire.at()
        }
    };
    Ok(wire.get(range))
}

/// Leaves of each oneof the member that was set last, as it was set since another one was.
fn keep_last_members(message: &Message, pieces: &mut Vec<Piece<'_>>) {
    // For each oneof its last member, and whether another one was met on the way back.
    let mut last: HashMap<u16, (usize, bool)> = HashMap::new();
    let mut kept: Vec<Piece<'_>> = Vec::with_capacity(pieces.len());
    for piece in pieces.iter().rev() {
        if let Some(oneof) = message.fields[piece.field].oneof {
            let (member, is_over) = last.entry(oneof).or_insert((piece.field, false));
            *is_over |= *member != piece.field;
            if *is_over {
                continue;
            }
        }
        kept.push(*piece);
    }
    kept.reverse();
    *pieces = kept;
}

/// Writes one value: of a message what all pieces say together, of a scalar the last one.
fn single(plan: &Plan, kind: Kind, pieces: &[Piece<'_>], out: &mut Vec<u8>) -> Read<()> {
    let Some(last) = pieces.last() else { return Ok(()) };
    match kind {
        Kind::Message(message) | Kind::Group(message) => {
            let whole: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes).copied().collect();
            let mut content = Vec::with_capacity(whole.len());
            rewrite(plan, message, &whole, &mut content)?;
            put(last.tag, &content, out);
        }
        _ => put(last.tag, last.bytes, out),
    }
    Ok(())
}

/// Writes the last entry of each key.
fn entries(plan: &Plan, map: Map, pieces: &[Piece<'_>], out: &mut Vec<u8>) -> Read<()> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut entries: Vec<Vec<u8>> = Vec::new();
    for piece in pieces {
        let (key, entry) = entry(plan, map, piece.bytes)?;
        let place = *places.entry(key).or_insert(entries.len());
        if place == entries.len() {
            entries.push(entry);
        } else {
            entries[place] = entry;
        }
    }
    let Some(first) = pieces.first() else { return Ok(()) };
    for entry in entries {
        put(first.tag, &entry, out);
    }
    Ok(())
}

/// The JSON text of an entry's key, and the entry: its key before its value.
fn entry(plan: &Plan, map: Map, bytes: &[u8]) -> Read<(Vec<u8>, Vec<u8>)> {
    let (mut key, mut entry) = (Vec::new(), Vec::new());
    let (mut last, mut values) = (None, Vec::new());
    let mut wire = Wire::new(bytes);
    while let Some(tag) = next(&mut wire, None)? {
        let at = wire.at();
        let bytes = content(tag, &mut wire)?;
        let piece = Piece { field: 0, tag, bytes };
        match tag.number {
            1 => last = Some((wire.within(at..wire.at()), piece)),
            2 => values.push(piece),
            _ => (),
        }
    }
    match last {
        Some((mut wire, piece)) => {
            scalar::transcode_key(map.key, &mut wire, &mut key)?;
            put(piece.tag, piece.bytes, &mut entry);
        }
        None => scalar::default_key(map.key, &mut key),
    }
    single(plan, map.value, &values, &mut entry)?;
    Ok((key, entry))
}

/// Rewrites what is in an `Any`, if its type is known.
fn any(plan: &Plan, bytes: &[u8], out: &mut Vec<u8>) -> Read<()> {
    let (mut url, mut value) = (None, None);
    let mut wire = Wire::new(bytes);
    while let Some(tag) = next(&mut wire, None)? {
        let bytes = content(tag, &mut wire)?;
        match tag.number {
            1 => url = Some((tag, bytes)),
            2 => value = Some((tag, bytes)),
            _ => (),
        }
    }
    if let Some((tag, bytes)) = url {
        put(tag, bytes, out);
    }
    let Some((tag, bytes)) = value else { return Ok(()) };
    let name = url.and_then(|(_, url)| std::str::from_utf8(url).ok());
    let name = name.and_then(|url| url.rsplit_once('/')).map_or("", |(_, name)| name);
    match plan.names.get(name) {
        Some(inner) => {
            let mut content = Vec::with_capacity(bytes.len());
            rewrite(plan, *inner, bytes, &mut content)?;
            put(tag, &content, out);
        }
        None => put(tag, bytes, out),
    }
    Ok(())
}

fn put(tag: Tag, bytes: &[u8], out: &mut Vec<u8>) {
    tag.write(out);
    match tag.wire_type {
        WireType::Length => write_bytes(bytes, out),
        WireType::StartGroup => {
            out.extend_from_slice(bytes);
            Tag { wire_type: WireType::EndGroup, ..tag }.write(out);
        }
        _ => out.extend_from_slice(bytes),
    }
}
