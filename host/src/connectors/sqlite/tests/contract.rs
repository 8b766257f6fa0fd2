//! The contract of sinks, with a JSON column and with columns.

use super::{COLUMN_N, Fixture};
use async_trait::async_trait;
use rusqlite::Connection;
use transom_core::connector::{ConnectorError, Sink};
use transom_runtime::testing::{Broken, sink};

struct Place {
    fixture: Fixture,
    settings: String,
    select: &'static str,
    unacceptable: Option<&'static str>,
    /// Holds the lock of the database while it is to fail.
    locker: Option<Connection>,
}

#[async_trait]
impl sink::Place for Place {
    async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError> {
        Ok(Box::new(self.fixture.sink(&self.settings)))
    }

    async fn delivered(&mut self) -> Option<Vec<String>> {
        let connection = self.fixture.connection();
        if !connection.table_exists(None, "suite").unwrap() {
            return Some(Vec::new());
        }
        let mut select = connection.prepare(self.select).unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        Some(rows.collect::<Result<_, _>>().unwrap())
    }

    fn unacceptable(&self) -> Option<&'static str> {
        self.unacceptable
    }

    async fn fail(&mut self) -> bool {
        let locker = self.fixture.connection();
        locker.execute_batch("BEGIN IMMEDIATE").unwrap();
        self.locker = Some(locker);
        true
    }

    async fn mend(&mut self) {
        self.locker = None;
    }
}

#[tokio::test]
async fn a_json_column_keeps_the_contract() -> Result<(), Broken> {
    sink::contract(|| Place {
        fixture: Fixture::new(),
        settings: String::new(),
        select: "SELECT coalesce(RECORD_CONTENT, '') FROM suite ORDER BY rowid",
        unacceptable: None,
        locker: None,
    })
    .await
}

#[tokio::test]
async fn columns_keep_the_contract() -> Result<(), Broken> {
    sink::contract(|| Place {
        fixture: Fixture::new(),
        settings: COLUMN_N.replace("orders", "suite").replace("\"n\"", "\"id\""),
        select: "SELECT '{\"id\":' || id || '}' FROM suite ORDER BY rowid",
        unacceptable: Some(r#"{"id":"no number"}"#),
        locker: None,
    })
    .await
}
