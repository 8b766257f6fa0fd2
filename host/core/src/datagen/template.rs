//! From settings to what messages are written from. Whatever does not hold is found here, once, and all of it.

use super::{
    flaw::{Flaw, Flaws},
    random::Random,
    value::{Cell, Draw, Value},
};
use crate::{
    config::{DatagenSource, FieldValue, MessageFields},
    json,
};
use serde_json::value::RawValue;

/// What messages of one name are written from.
#[derive(Debug)]
pub(super) struct Template {
    /// The message's name.
    pub(super) message: Box<str>,
    /// Rows of each table that the message draws from.
    tables: Vec<usize>,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    /// `"name":`
    key: Box<[u8]>,
    value: Value,
}

/// What a message is drawn from, beside its own random numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    /// Milliseconds since 1970.
    pub(super) now_ms: i64,
    /// Its number in sequences.
    pub(super) sequence: u64,
}

impl Template {
    /// Replaces `out` with a message. `rows` is what a message needs meanwhile, kept so that nothing is allocated.
    pub(super) fn write(
        &self,
        mut random: Random,
        given: Given,
        rows: &mut Vec<usize>,
        out: &mut Vec<u8>,
    ) {
        rows.clear();
        rows.extend(self.tables.iter().map(|length| random.index(*length)));
        let Given { now_ms, sequence } = given;
        let mut draw = Draw { random, rows, now_ms, sequence };
        out.clear();
        out.push(b'{');
        for Field { key, value } in &self.fields {
            let before = out.len();
            if before > 1 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            if !value.write(&mut draw, out) {
                out.truncate(before);
            }
        }
        out.push(b'}');
    }
}

/// The templates of all messages, in the order of their names. One with a flaw is there as well, and is not to be used.
pub(super) fn templates(settings: &DatagenSource, flaws: &mut Flaws) -> Vec<Template> {
    let mut templates = Vec::with_capacity(settings.messages.len());
    for (message, fields) in &settings.messages {
        let compiler = Compiler { settings, tables: Vec::new() };
        templates.push(compiler.template(message, fields, flaws));
    }
    templates
}

struct Compiler<'a> {
    settings: &'a DatagenSource,
    /// Names of the tables that the message draws from.
    tables: Vec<&'a str>,
}

impl<'a> Compiler<'a> {
    fn template(mut self, message: &str, fields: &'a MessageFields, flaws: &mut Flaws) -> Template {
        let MessageFields(fields) = fields;
        let mut compiled = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let mut key = string(name);
            key.push(b':');
            match self.value(value) {
                Ok(value) => compiled.push(Field { key: key.into(), value }),
                Err(flaw) => flaws.push(&["messages", message, name], flaw),
            }
        }
        if fields.is_empty() {
            let flaw = Flaw::new(
                "the message has no fields",
                "write `field: {…}` for each: `id: {uuid: {}}`",
            );
            flaws.push(&["messages", message], flaw);
        }
        let rows = |table: &&str| self.settings.tables.get(*table).map_or(0, Vec::len);
        Template {
            message: message.into(),
            tables: self.tables.iter().map(rows).collect(),
            fields: compiled,
        }
    }

    fn value(&mut self, value: &'a FieldValue) -> Result<Value, Flaw> {
        Ok(match value {
            FieldValue::Uuid(_) => Value::Uuid,
            FieldValue::OneOf(values) if values.is_empty() => {
                return Err(Flaw::new(
                    "there is no value to draw",
                    "write those that the field may have",
                ));
            }
            FieldValue::OneOf(values) => {
                Value::OneOf(values.iter().map(|value| cell(value)).collect())
            }
            FieldValue::Constant(value) => Value::Constant(value.get().as_bytes().into()),
            FieldValue::Integer(range) => {
                Value::Integer { min: range.min, width: width(range.min, range.max)? }
            }
            FieldValue::Decimal(range) => {
                // In the numbers that were written, before they are in units.
                width(range.min, range.max)?;
                let (min, max) = (units(range.min, range.digits)?, units(range.max, range.digits)?);
                Value::Decimal { min, width: width(min, max)?, digits: range.digits }
            }
            FieldValue::Hex(hex) => {
                // The quote behind the one text and that before the other are where the digits go.
                let (before, after) = (string(&hex.prefix), string(&hex.suffix));
                Value::Hex {
                    before: before.split_last().map(|(_, text)| text.into()).unwrap_or_default(),
                    digits: hex.digits,
                    after: after.split_first().map(|(_, text)| text.into()).unwrap_or_default(),
                }
            }
            FieldValue::Now(spelling) => Value::Now(*spelling),
            FieldValue::Recent(recent) => Value::Recent {
                seconds: u64::from(recent.days) * 86_400,
                spelling: recent.spelling,
            },
            FieldValue::Row(row) => self.row(&row.table, &row.column)?,
            FieldValue::Sequence(sequence) => {
                let before = string(&sequence.prefix);
                Value::Sequence {
                    before: before.split_last().map(|(_, text)| text.into()).unwrap_or_default(),
                }
            }
        })
    }

    fn row(&mut self, table: &'a str, column: &str) -> Result<Value, Flaw> {
        let Some(rows) = self.settings.tables.get(table).filter(|rows| !rows.is_empty()) else {
            let message = format!("there is no table `{table}` with rows");
            return Err(Flaw::new(
                message,
                format!("declare it: `tables: {{{table}: [{{{column}: …}}]}}`"),
            ));
        };
        if let Some(at) = rows.iter().position(|row| !row.contains_key(column)) {
            let message = format!("row {} of table `{table}` has no column `{column}`", at + 1);
            return Err(Flaw::new(
                message,
                "give every row a value in it; `null` leaves the field out",
            ));
        }
        let cells =
            rows.iter().filter_map(|row| row.get(column)).map(|value| cell(value)).collect();
        let known = self.tables.iter().position(|known| *known == table);
        let table = known.unwrap_or_else(|| {
            self.tables.push(table);
            self.tables.len() - 1
        });
        Ok(Value::Row { table, cells })
    }
}

fn cell(value: &RawValue) -> Cell {
    (value.get() != "null").then(|| value.get().as_bytes().into())
}

fn string(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    json::escape(text, &mut out);
    out
}

/// How far it is from the least to the greatest.
fn width(min: i64, max: i64) -> Result<u64, Flaw> {
    let message = || format!("`min` {min} is above `max` {max}");
    (min <= max).then(|| min.abs_diff(max)).ok_or_else(|| Flaw::new(message(), "swap them"))
}

fn units(number: i64, digits: u32) -> Result<i64, Flaw> {
    let units = 10_i64.checked_pow(digits).and_then(|scale| number.checked_mul(scale));
    let message = || format!("{number} with {digits} decimals has more than 18 digits");
    units.ok_or_else(|| Flaw::new(message(), "take fewer `digits`, or a smaller range"))
}
