//! `transom query`: looks into an SQLite database, so that a newcomer needs no other program for it.

mod database;
mod sheet;

use super::{Failure, configuration::File};
use clap::{Args, ValueEnum};
use rusqlite::{Connection, OpenFlags};
use sheet::Sheet;
use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a reader waits for whoever changes the file's mode or structure. Writers of rows are not waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One SQL statement that only reads.
    sql: String,
    /// The database file. Default: the one that the sinks of the configuration write.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "state_dir"])]
    db: Option<PathBuf>,
    #[command(flatten)]
    file: File,
    /// What to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned columns, for a person.
    #[default]
    Table,
    /// RFC 4180, with a line of names; NULL is nothing, an empty text `""`.
    Csv,
    /// An array of objects; whole numbers with all their digits.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let db = arguments.db.clone().map_or_else(|| database::of(&arguments.file), Ok)?;
    let mut out = BufWriter::new(io::stdout().lock());
    query(&db, &arguments.sql, arguments.format, &mut out)?;
    Ok(out.flush()?)
}

/// Writes what a statement selects from a database as a table.
pub(super) fn write_table(db: &Path, sql: &str, out: &mut impl Write) -> Result<(), Failure> {
    query(db, sql, Format::Table, out)
}

/// The tables of a database but for our own, by name.
pub(super) fn tables(db: &Path) -> Result<Vec<String>, Failure> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'transom%' ORDER BY name";
    let failed =
        |error: rusqlite::Error| Failure::Run(format!("database `{}`: {error}", db.display()));
    let connection = open(db).map_err(failed)?;
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let names = statement.query_map((), |row| row.get(0)).map_err(failed)?;
    names.collect::<Result<_, _>>().map_err(failed)
}

/// Writes what a statement selects from a database.
fn query(db: &Path, sql: &str, format: Format, out: &mut impl Write) -> Result<(), Failure> {
    let unusable =
        |error: rusqlite::Error| Failure::Usage(format!("database `{}`: {error}", db.display()));
    let connection = open(db).map_err(unusable)?;
    let bad = |error: rusqlite::Error| match error {
        rusqlite::Error::MultipleStatement => {
            Failure::Usage("a query is one statement, and more than one was given".to_owned())
        }
        error => Failure::Usage(format!("database `{}`: {error}", db.display())),
    };
    let mut statement = connection.prepare(sql).map_err(bad)?;
    if !statement.readonly() || statement.column_count() == 0 {
        let message = "a query only reads: `SELECT`, `WITH`, `VALUES`, `EXPLAIN` or `PRAGMA`";
        return Err(Failure::Usage(message.to_owned()));
    }
    let names = statement.column_names().map(str::to_owned).collect();
    let broken =
        |error: rusqlite::Error| Failure::Run(format!("database `{}`: {error}", db.display()));
    let mut sheet = Sheet::new(format, names, out);
    let mut rows = statement.query(()).map_err(broken)?;
    while let Some(row) = rows.next().map_err(broken)? {
        sheet.row(row)?;
    }
    sheet.end()
}

/// Opens a database that must be there; nothing can be written through what is returned.
fn open(db: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(db, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}
