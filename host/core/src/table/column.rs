//! Columns: settings to columns, records to rows.

use super::{
    code,
    convert::{FAR_TIME, Form, Unfit},
    metadata, number,
    rows::{Cell, Rows},
    time,
};
use crate::{
    batch::Batch,
    config::{self, ColumnType, Metadata, TimestampUnit},
    edit::Place,
    envelope, json,
    record::RecordId,
};
use serde::de::IgnoredAny;
use smt_abi::path::PathError;

/// The columns of a table, and where each has its value from.
#[derive(Debug, Clone)]
pub struct Columns {
    columns: Vec<Column>,
    /// The first column that reads a place in the value: a tombstone has none.
    reads_value: Option<usize>,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    name: String,
    form: Form,
    required: bool,
    source: Source,
}

/// Where a column has its value from.
#[derive(Debug, Clone)]
enum Source {
    /// A place in the value; what stands for it where it is absent.
    Place {
        place: Place,
        spelt: String,
        default: Constant,
    },
    Constant(Constant),
    Metadata(Metadata),
    /// The value as it is.
    Content,
    /// `RECORD_METADATA`.
    Envelope,
}

/// A value that is the same for every record.
#[derive(Debug, Clone)]
struct Constant {
    cell: Cell,
    /// What a text refers to.
    bytes: Vec<u8>,
}

/// Why a record has no row. It is the record's fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// One of [`code`].
    pub code: &'static str,
    /// The column, what it takes and what was there; never the value.
    pub message: String,
}

/// Why settings make no column. Each names the column and the way out.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// Its path is none.
    #[error("column `{column}`: `path: {path}` cannot be read")]
    Path {
        /// The column.
        column: String,
        /// The path.
        path: String,
        /// What is wrong with it.
        source: PathError,
    },
    /// Two settings do not go together.
    #[error("column `{column}`: `{one}` and `{other}` exclude each other")]
    Exclusive {
        /// The column.
        column: String,
        /// A setting.
        one: &'static str,
        /// Another.
        other: &'static str,
    },
    /// A default or constant is not of the column's type.
    #[error("column `{column}`: `{setting}: {text}` is not {expected}")]
    Constant {
        /// The column.
        column: String,
        /// Which of the two.
        setting: &'static str,
        /// What it is set to.
        text: String,
        /// What the column takes.
        expected: &'static str,
    },
    /// Metadata have a type of their own.
    #[error("column `{column}`: `metadata` has the type `{natural}` by itself; leave `type` out")]
    MetadataType {
        /// The column.
        column: String,
        /// The type.
        natural: &'static str,
    },
    /// `from` says how a time is spelt.
    #[error("column `{column}`: `from` is for `type: timestamp` with a `path`")]
    From {
        /// The column.
        column: String,
    },
}

// === impl Columns ===

impl Columns {
    /// Reads the settings of a table's columns; without any, they are `RECORD_CONTENT` and `RECORD_METADATA`.
    ///
    /// # Errors
    /// [`ColumnError`] for the first column whose settings contradict each other.
    pub fn new(settings: &[config::Column]) -> Result<Self, ColumnError> {
        if settings.is_empty() {
            let json = |name: &str, source| {
                let form = Form { kind: ColumnType::Json, from: TimestampUnit::Iso8601 };
                Column { name: name.to_owned(), form, required: false, source }
            };
            let content = json("RECORD_CONTENT", Source::Content);
            let columns = vec![content, json("RECORD_METADATA", Source::Envelope)];
            return Ok(Self { columns, reads_value: None });
        }
        let columns: Vec<Column> = settings.iter().map(Column::new).collect::<Result<_, _>>()?;
        let reads_value =
            columns.iter().position(|column| matches!(column.source, Source::Place { .. }));
        Ok(Self { columns, reads_value })
    }

    /// The columns, in the order of a row's values.
    pub fn as_slice(&self) -> &[Column] {
        &self.columns
    }

    /// Appends the row of a record.
    ///
    /// # Errors
    /// [`Refusal`] for the first column that has no value of the record; no row was appended then.
    pub fn read(
        &mut self,
        batch: &Batch,
        record: RecordId,
        rows: &mut Rows,
    ) -> Result<(), Refusal> {
        if let Some(reading) = self.reads_value
            && batch.is_tombstone(record)
        {
            return Err(tombstone(&self.columns[reading].name));
        }
        let start = rows.bytes.len();
        for column in &mut self.columns {
            match column.read(batch, record, rows) {
                Ok(cell) => rows.push(cell),
                Err(unfit) => {
                    rows.undo_row(start);
                    return Err(column.refusal(unfit));
                }
            }
        }
        rows.end_row();
        Ok(())
    }
}

fn tombstone(column: &str) -> Refusal {
    let message = format!(
        "the record has no value (a tombstone), and column `{column}` reads a field of it; a table takes tombstones \
         if all its `columns` are `metadata` or `constant`, or if it has none set"
    );
    Refusal { code: code::TOMBSTONE, message }
}

// === impl Column ===

impl Column {
    fn new(settings: &config::Column) -> Result<Self, ColumnError> {
        let column = || settings.name.clone();
        let exclusive = |one, other| ColumnError::Exclusive { column: column(), one, other };
        let given = [
            ("path", settings.path.is_some()),
            ("constant", settings.constant.is_some()),
            ("metadata", settings.metadata.is_some()),
        ];
        let mut given = given.into_iter().filter_map(|(name, given)| given.then_some(name));
        let first = given.next().unwrap_or("path");
        if let Some(second) = given.next() {
            return Err(exclusive(first, second));
        }
        if first != "path" && settings.default.is_some() {
            return Err(exclusive(first, "default"));
        }
        if settings.from.is_some() && (settings.kind != ColumnType::Timestamp || first != "path") {
            return Err(ColumnError::From { column: column() });
        }
        let from = settings.from.unwrap_or(TimestampUnit::Iso8601);
        let form = Form { kind: natural(settings)?, from };
        let constant =
            |setting, text: &Option<String>| Constant::new(settings, form, setting, text.as_ref());
        let source = match (settings.metadata, &settings.constant) {
            (Some(metadata), _) => Source::Metadata(metadata),
            (None, Some(_)) => Source::Constant(constant("constant", &settings.constant)?),
            (None, None) => {
                let default = constant("default", &settings.default)?;
                let spelt = settings.path.clone().unwrap_or_else(column);
                Source::Place { place: place(settings)?, spelt, default }
            }
        };
        Ok(Self { name: column(), form, required: settings.required, source })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    pub const fn kind(&self) -> ColumnType {
        self.form.kind
    }

    /// True if no row has NULL in it.
    pub const fn is_required(&self) -> bool {
        self.required
    }

    fn read(&mut self, batch: &Batch, record: RecordId, rows: &mut Rows) -> Result<Cell, Unfit> {
        let cell = match &mut self.source {
            Source::Place { place, default, .. } => {
                let mut scratch = std::mem::take(&mut rows.scratch);
                let cell = match batch.value_at(record, place, &mut scratch) {
                    None => Ok(default.cell(rows)),
                    Some(b"null") => Ok(Cell::Null),
                    Some(text) => self.form.convert(text, rows),
                };
                rows.scratch = scratch;
                cell?
            }
            Source::Constant(constant) => constant.cell(rows),
            Source::Metadata(metadata) => read_metadata(*metadata, batch, record, rows)?,
            Source::Content if batch.is_tombstone(record) => Cell::Null,
            Source::Content => rows.text(|bytes| batch.write_value(record, bytes)),
            Source::Envelope => rows.text(|bytes| metadata::write_envelope(batch, record, bytes)),
        };
        if self.required && cell == Cell::Null {
            return Err(Unfit { code: code::REQUIRED, found: "absent or null" });
        }
        Ok(cell)
    }

    fn refusal(&self, Unfit { code, found }: Unfit) -> Refusal {
        let (name, expected) = (&self.name, self.form.expected());
        let place = match &self.source {
            Source::Place { spelt, .. } => format!("`{spelt}`"),
            Source::Metadata(metadata) => format!("the record's {}", label(*metadata)),
            Source::Constant(_) | Source::Content | Source::Envelope => "its value".to_owned(),
        };
        let message = if code == code::REQUIRED {
            format!("column `{name}` is required, and {place} is {found}")
        } else {
            format!("column `{name}` takes {expected}, and {place} is {found}")
        };
        Refusal { code, message }
    }
}

/// The place that a column reads: its path, or the field of its name.
fn place(settings: &config::Column) -> Result<Place, ColumnError> {
    let Some(path) = &settings.path else { return Ok(Place::field(&settings.name)) };
    Place::parse(path).map_err(|source| ColumnError::Path {
        column: settings.name.clone(),
        path: path.clone(),
        source,
    })
}

/// The type of a column: the one that is set, or the one that its metadata have.
fn natural(settings: &config::Column) -> Result<ColumnType, ColumnError> {
    let Some(metadata) = settings.metadata else { return Ok(settings.kind) };
    let (kind, natural) = match metadata {
        Metadata::Topic => (ColumnType::Text, "text"),
        Metadata::Partition | Metadata::Offset => (ColumnType::Integer, "integer"),
        Metadata::Timestamp => (ColumnType::Timestamp, "timestamp"),
        Metadata::Key | Metadata::Headers => (ColumnType::Json, "json"),
    };
    // The type that is not set cannot be told from text.
    if settings.kind != ColumnType::Text && settings.kind != kind {
        return Err(ColumnError::MetadataType { column: settings.name.clone(), natural });
    }
    Ok(kind)
}

const fn label(metadata: Metadata) -> &'static str {
    match metadata {
        Metadata::Topic => "topic",
        Metadata::Partition => "partition",
        Metadata::Offset => "offset",
        Metadata::Timestamp => "timestamp",
        Metadata::Key => "key",
        Metadata::Headers => "headers",
    }
}

/// Topic, partition and offset are those that the record was read from (invariant 11).
fn read_metadata(
    metadata: Metadata,
    batch: &Batch,
    record: RecordId,
    rows: &mut Rows,
) -> Result<Cell, Unfit> {
    let origin = batch.origin(record);
    Ok(match metadata {
        Metadata::Topic => rows.text(|bytes| bytes.extend_from_slice(origin.topic.as_bytes())),
        Metadata::Partition => {
            origin.partition.map_or(Cell::Null, |number| Cell::Integer(number.into()))
        }
        Metadata::Offset => origin.offset.map_or(Cell::Null, Cell::Integer),
        Metadata::Timestamp => {
            let Some(milliseconds) = batch.timestamp(record) else { return Ok(Cell::Null) };
            let start = rows.bytes.len();
            if !time::write_milliseconds(milliseconds, &mut rows.bytes) {
                return Err(FAR_TIME);
            }
            Cell::Text(start, rows.bytes.len())
        }
        Metadata::Key if batch.has_no_key(record) => Cell::Null,
        Metadata::Key => rows.text(|bytes| batch.write_key(record, bytes)),
        Metadata::Headers => rows.text(|bytes| envelope::write_headers(batch, record, bytes)),
    })
}

// === impl Constant ===

impl Constant {
    /// Reads what a setting says, by the type of the column; NULL if it says nothing.
    fn new(
        settings: &config::Column,
        form: Form,
        setting: &'static str,
        text: Option<&String>,
    ) -> Result<Self, ColumnError> {
        let Some(text) = text else { return Ok(Self { cell: Cell::Null, bytes: Vec::new() }) };
        let mut rows = Rows::default();
        let cell = Self::json(form, text).and_then(|json| form.convert(&json, &mut rows).ok());
        let wrong = || ColumnError::Constant {
            column: settings.name.clone(),
            setting,
            text: text.clone(),
            expected: form.expected(),
        };
        Ok(Self { cell: cell.ok_or_else(wrong)?, bytes: rows.bytes })
    }

    /// The JSON that a setting means: text and ISO 8601 are strings, all else is spelt as JSON spells it.
    fn json(form: Form, text: &str) -> Option<Vec<u8>> {
        match (form.kind, form.from) {
            (ColumnType::Text, _) | (ColumnType::Timestamp, TimestampUnit::Iso8601) => {
                let mut quoted = Vec::new();
                json::escape(text, &mut quoted);
                return Some(quoted);
            }
            (ColumnType::Json, _) => {
                serde_json::from_str::<IgnoredAny>(text).ok()?;
            }
            (ColumnType::Boolean, _) => {}
            _ => {
                number::is_number(text.as_bytes()).then_some(())?;
            }
        }
        Some(text.as_bytes().to_vec())
    }

    fn cell(&self, rows: &mut Rows) -> Cell {
        match self.cell {
            Cell::Text(..) => rows.text(|bytes| bytes.extend_from_slice(&self.bytes)),
            other => other,
        }
    }
}
