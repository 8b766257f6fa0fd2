//! One put as one transaction: rows, then offsets, then COMMIT.

use super::{
    failure::{code, is_of_row},
    offsets::{self, Move},
    table::Target,
};
use rusqlite::{
    CachedStatement, Connection, ToSql, TransactionBehavior,
    types::{ToSqlOutput, ValueRef},
};
use std::sync::Arc;
use transom_core::{
    connector::Rejection,
    table::{Rows, Value},
    topic::TopicPartition,
};

/// What one put writes. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) rows: Rows,
    /// For each row.
    pub(super) lines: Vec<Line>,
    pub(super) targets: Vec<Arc<Target>>,
    pub(super) moves: Vec<Move>,
}

/// Where a row goes, and which record it is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Position in [`Load::targets`].
    pub(super) target: usize,
    /// Position in `Put::records`.
    pub(super) record: usize,
}

/// How a flush ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// It is committed.
    Done,
    /// It is rolled back: these records are refused by a table's own constraints.
    Rejected(Vec<Rejection>),
    /// It is rolled back: somebody else has claimed this partition.
    Superseded(TopicPartition),
}

impl Load {
    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.lines.clear();
        self.targets.clear();
        self.moves.clear();
    }
}

/// Writes a load. After an error nothing is written, but for one of COMMIT itself: then only the rows of
/// `transom_offsets` know.
pub(super) fn flush(connection: &mut Connection, load: &Load) -> rusqlite::Result<Flushed> {
    // IMMEDIATE: whoever waits for the lock waits before it has read anything, so nothing read can be stale.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rejections = insert(&transaction, load)?;
    if !rejections.is_empty() {
        // A table's own `ON CONFLICT ROLLBACK` has ended the transaction already.
        if !transaction.is_autocommit() {
            transaction.rollback()?;
        }
        return Ok(Flushed::Rejected(rejections));
    }
    // Last, so that nothing comes between the check of the epoch and COMMIT.
    for step in &load.moves {
        if !offsets::advance(&transaction, step)? {
            transaction.rollback()?;
            return Ok(Flushed::Superseded(step.key.partition.clone()));
        }
    }
    transaction.commit()?;
    Ok(Flushed::Done)
}

/// Inserts all rows; one that a table refuses is named and passed over, so that all that are refused are told at once.
pub(super) fn insert(connection: &Connection, load: &Load) -> rusqlite::Result<Vec<Rejection>> {
    let mut rejections = Vec::new();
    let prepared = load.targets.iter().map(|target| connection.prepare_cached(&target.insert));
    let mut statements = prepared.collect::<rusqlite::Result<Vec<_>>>()?;
    for (row, line) in load.lines.iter().enumerate() {
        match insert_row(&mut statements[line.target], load.rows.row(row)) {
            Ok(()) => {}
            Err(error) if is_of_row(&error) => {
                let (code, message) = (code(&error).to_owned(), error.to_string());
                rejections.push(Rejection { index: line.record, code, message });
                // What followed would be committed row by row.
                if connection.is_autocommit() {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(rejections)
}

fn insert_row<'a>(
    statement: &mut CachedStatement<'_>,
    values: impl Iterator<Item = Value<'a>>,
) -> rusqlite::Result<()> {
    for (at, value) in values.enumerate() {
        statement.raw_bind_parameter(at + 1, Bound(value))?;
    }
    statement.raw_execute().map(drop)
}

/// A value as SQLite takes it.
struct Bound<'a>(Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Boolean(value) => ValueRef::Integer(value.into()),
            Value::Integer(value) => ValueRef::Integer(value),
            Value::Real(value) => ValueRef::Real(value),
            Value::Text(text) => ValueRef::Text(text),
        }))
    }
}
