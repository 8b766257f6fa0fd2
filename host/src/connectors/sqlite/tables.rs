//! The tables of a sink: which one a record goes to, and the row that it has there.

use super::{
    flush::{Line, Load},
    table::Target,
    writer::Writer,
};
use crate::error::on_one_line;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use transom_core::{
    batch::Batch,
    config::{self, Table},
    connector::{ConnectorError, Rejection},
    record::RecordId,
    table::{Columns, Refusal, default_name},
};

/// The tables that records go to, by topic.
#[derive(Debug)]
pub(super) struct Tables {
    settings: BTreeMap<String, Table>,
    auto_create: bool,
    by_topic: HashMap<Box<str>, usize>,
    all: Vec<TableOf>,
}

/// The table of one topic.
#[derive(Debug)]
struct TableOf {
    columns: Columns,
    target: Arc<Target>,
    /// The database was seen to have it.
    ready: bool,
    /// Its position among those of the put under way.
    used: Option<usize>,
}

impl Tables {
    /// Reads the settings of all tables, so that what is wrong with one is known before any record comes.
    pub(super) fn new(settings: &config::SqliteSink) -> Result<Self, ConnectorError> {
        let (settings, auto_create) = (settings.tables.clone(), settings.auto_create);
        let mut tables = Self { settings, auto_create, by_topic: HashMap::new(), all: Vec::new() };
        let topics: Vec<String> = tables.settings.keys().cloned().collect();
        for topic in topics {
            tables.add(&topic)?;
        }
        Ok(tables)
    }

    /// The table of a topic; one that no setting names has a JSON column.
    fn of(&mut self, topic: &str) -> Result<usize, ConnectorError> {
        match self.by_topic.get(topic) {
            Some(table) => Ok(*table),
            None => self.add(topic),
        }
    }

    /// The name of a topic's table, once a record went there.
    pub(super) fn name(&self, topic: &str) -> Option<&str> {
        let table = self.by_topic.get(topic)?;
        Some(self.all[*table].target.name())
    }

    fn add(&mut self, topic: &str) -> Result<usize, ConnectorError> {
        let default = Table::default();
        let settings = self.settings.get(topic).unwrap_or(&default);
        let columns = Columns::new(&settings.columns).map_err(|error| {
            let message = format!("tables.{topic}: {}", on_one_line(&error));
            ConnectorError::fatal("table-settings", message)
        })?;
        let name = settings.name.clone().unwrap_or_else(|| default_name(topic));
        let target = Arc::new(Target::new(&name, &columns)?);
        self.all.push(TableOf { columns, target, ready: false, used: None });
        self.by_topic.insert(topic.into(), self.all.len() - 1);
        Ok(self.all.len() - 1)
    }
    /// Makes rows of records. What is refused is told for all of them.
    pub(super) fn read(
        &mut self,
        batch: &Batch,
        records: &[RecordId],
        load: &mut Load,
    ) -> Result<Vec<Rejection>, ConnectorError> {
        for table in &mut self.all {
            table.used = None;
        }
        let mut rejections = Vec::new();
        // Records that follow each other mostly share a topic: the one that transforms left.
        let mut last = None;
        for (index, record) in records.iter().enumerate() {
            let topic = batch.topic(*record);
            let table = match last {
                Some((same, table)) if same == topic => table,
                _ => self.of(topic)?,
            };
            last = Some((topic, table));
            let table = &mut self.all[table];
            match table.columns.read(batch, *record, &mut load.rows) {
                Ok(()) => {
                    let target = table.use_in(load);
                    load.lines.push(Line { target, record: index });
                }
                Err(Refusal { code, message }) => {
                    rejections.push(Rejection { index, code: code.to_owned(), message });
                }
            }
        }
        Ok(rejections)
    }

    /// Sees to it that the tables of the put under way are in the database; each is looked at once.
    pub(super) async fn ensure(&mut self, writer: &Writer) -> Result<(), ConnectorError> {
        for table in self.all.iter_mut().filter(|table| table.used.is_some() && !table.ready) {
            let (target, create) = (Arc::clone(&table.target), self.auto_create);
            let path = writer.path().to_owned();
            writer.run(move |connection| target.ensure(connection, &path, create)).await?;
            table.ready = true;
        }
        Ok(())
    }
}

impl TableOf {
    /// Its position among the targets of a load.
    fn use_in(&mut self, load: &mut Load) -> usize {
        *self.used.get_or_insert_with(|| {
            load.targets.push(Arc::clone(&self.target));
            load.targets.len() - 1
        })
    }
}
