//! What stands in an SQLite database, asked beside the process that writes it.

use rusqlite::{Connection, OpenFlags, types::Value};
use std::path::Path;

fn open(path: &Path) -> Option<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok()?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    Some(connection)
}

/// One number; 0 while there is no such database or table.
pub(super) fn number(path: &Path, statement: &str) -> i64 {
    let Some(connection) = open(path) else { return 0 };
    connection.query_row(statement, [], |row| row.get(0)).unwrap_or(0)
}

/// All rows of a statement.
pub(super) fn rows(path: &Path, statement: &str) -> Vec<Vec<Value>> {
    let connection = open(path).expect("the database is there");
    let mut statement = connection.prepare(statement).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    statement
        .query_map([], row)
        .unwrap()
        .map(|row: rusqlite::Result<Vec<Value>>| row.unwrap())
        .collect()
}
