//! The SQL of a table. Identifiers are quoted, values are bound; nothing of a record becomes part of a statement.

use super::{failure::failure, offsets};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use transom_core::{
    config::ColumnType,
    connector::ConnectorError,
    table::{Column, Columns},
};

/// A table that rows go to.
#[derive(Debug)]
pub(super) struct Target {
    name: String,
    /// Names and types.
    columns: Vec<(String, &'static str)>,
    create: String,
    /// Takes the values of a row, in order.
    pub(super) insert: String,
}

impl Target {
    /// The table of this name with these columns.
    ///
    /// # Errors
    /// [`ConnectorError`] if it is the sink's own or SQLite's, or two columns have one name.
    pub(super) fn new(name: &str, columns: &Columns) -> Result<Self, ConnectorError> {
        let columns = columns.as_slice();
        let reserved = name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
        if reserved || name.eq_ignore_ascii_case(offsets::TABLE) {
            let message = format!(
                "table `{name}` is not for records; give the topic another with `tables.<topic>.name`"
            );
            return Err(ConnectorError::fatal("table-name", message));
        }
        // SQLite would take the one and leave the other out.
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].iter().any(|other| other.name().eq_ignore_ascii_case(column.name())) {
                let message = format!("table `{name}` has column `{}` twice", column.name());
                return Err(ConnectorError::fatal("column-name", message));
            }
        }
        let list = |write: &dyn Fn(&Column) -> String| -> String {
            columns.iter().map(write).collect::<Vec<_>>().join(", ")
        };
        let definition = |column: &Column| {
            let not_null = if column.is_required() { " NOT NULL" } else { "" };
            format!("{} {}{not_null}", quote(column.name()), type_of(column))
        };
        let names = list(&|column| quote(column.name()));
        let table = quote(name);
        Ok(Self {
            create: format!("CREATE TABLE {table} ({})", list(&definition)),
            insert: format!("INSERT INTO {table} ({names}) VALUES ({})", list(&|_| "?".to_owned())),
            name: name.to_owned(),
            columns: columns
                .iter()
                .map(|column| (column.name().to_owned(), type_of(column)))
                .collect(),
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sees to it that the table is there and has the columns; creates it if that is wanted.
    ///
    /// # Errors
    /// [`ConnectorError`] with the statements that would mend it.
    pub(super) fn ensure(
        &self,
        connection: &mut Connection,
        path: &Path,
        create: bool,
    ) -> Result<(), ConnectorError> {
        let missing = self
            .missing(connection, create)
            .map_err(|error| failure(path, &format!("table `{}`", self.name), &error))?;
        let Some(statements) = missing else { return Ok(()) };
        let message = format!(
            "database `{}`: table `{}` is not as the settings say; this would mend it: {statements}",
            path.display(),
            self.name
        );
        Err(ConnectorError::fatal("table-schema", message))
    }

    /// The statements that are needed before rows can be inserted; nothing if there are none.
    fn missing(
        &self,
        connection: &mut Connection,
        create: bool,
    ) -> rusqlite::Result<Option<String>> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let there: Vec<String> = transaction
            .prepare_cached("SELECT name FROM pragma_table_info(?1)")?
            .query_map([&self.name], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if there.is_empty() {
            if !create {
                return Ok(Some(format!("{};", self.create)));
            }
            transaction.execute_batch(&self.create)?;
            transaction.commit()?;
            return Ok(None);
        }
        let absent = self
            .columns
            .iter()
            .filter(|(name, _)| !there.iter().any(|other| other.eq_ignore_ascii_case(name)));
        // Without NOT NULL, which rows that are there could not have.
        let add = |(name, kind): &(String, &str)| {
            format!("ALTER TABLE {} ADD COLUMN {} {kind};", quote(&self.name), quote(name))
        };
        let statements: Vec<String> = absent.map(add).collect();
        Ok((!statements.is_empty()).then(|| statements.join(" ")))
    }
}

/// A name as SQL spells it, whatever characters it has.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Decimals are text, because SQLite would make doubles of them; times are text, because SQLite has no other.
fn type_of(column: &Column) -> &'static str {
    match column.kind() {
        ColumnType::Integer | ColumnType::Boolean => "INTEGER",
        ColumnType::Real => "REAL",
        ColumnType::Text | ColumnType::Decimal | ColumnType::Timestamp | ColumnType::Json => "TEXT",
    }
}
