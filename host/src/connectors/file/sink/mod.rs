//! The sink `file`: a line for each record, a series of files for each topic.

#[cfg(test)]
mod tests;

use super::{directory::Directory, name};
use crate::connectors::{blocking::Blocking, line};
use async_trait::async_trait;
use std::{collections::BTreeMap, path::PathBuf};
use tokio::{task::spawn_blocking, time::Instant};
use transom_core::{
    batch::Batch,
    config::{FileFormat, FileSink as Settings},
    connector::{ConnectorError, Delivery, Put, Rejection, Sink},
    record::RecordId,
};

/// Writes lines to files, at least once. A record goes to the files of its topic, as transforms left it; lines of a put
/// that go to one file are appended in one write. After a restart the last file is gone on with; its age, for
/// `rotate.interval.ms`, counts from there, and is looked at when records come.
#[derive(Debug)]
pub struct FileSink {
    format: FileFormat,
    /// What names its files.
    path: PathBuf,
    task: usize,
    directory: Blocking<Directory>,
    /// Lines of the last put, by topic: their memory is used again.
    lines: BTreeMap<String, Vec<u8>>,
}

impl FileSink {
    /// Opens the directory for one task: makes it if need be, and cuts off what a crash left of a line.
    ///
    /// # Errors
    /// [`ConnectorError`] that names the path.
    pub async fn open(settings: &Settings, task: usize) -> Result<Self, ConnectorError> {
        let own = settings.clone();
        let opened = spawn_blocking(move || Directory::open(&own, task)).await;
        let directory =
            opened.map_err(|error| ConnectorError::fatal("io", error.to_string()))??;
        Ok(Self {
            format: settings.format,
            path: PathBuf::from(&settings.path),
            task,
            directory: Blocking::new(directory),
            lines: BTreeMap::new(),
        })
    }
}

#[async_trait]
impl Sink for FileSink {
    fn delivery(&self) -> Delivery {
        Delivery { stores_offsets: false, atomic: false }
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        let mut lines = std::mem::take(&mut self.lines);
        // A topic that the last put had no record of gives its memory back.
        lines.retain(|_, of_topic| {
            let used = !of_topic.is_empty();
            of_topic.clear();
            used
        });
        for record in put.records {
            let topic = put.batch.topic(*record);
            if !lines.contains_key(topic) {
                lines.insert(topic.to_owned(), Vec::new());
            }
            let of_topic = lines.get_mut(topic).expect("it was inserted above");
            line::write(put.batch, *record, self.format, of_topic);
        }
        let now = Instant::now();
        let (lines, done) = self
            .directory
            .run(move |directory| {
                let append =
                    |(topic, lines): (&String, &Vec<u8>)| directory.append(topic, lines, now);
                let done = lines.iter().try_for_each(append);
                (lines, done)
            })
            .await;
        self.lines = lines;
        done.map(|()| Vec::new())
    }

    fn destination(&self, batch: &Batch, record: RecordId) -> Option<String> {
        let series = self.path.join(name::series(batch.topic(record), self.task));
        Some(format!("files `{}`", series.display()))
    }

    async fn flush(&mut self) -> Result<(), ConnectorError> {
        self.directory.run(Directory::sync).await
    }

    /// Leaves no half line of a put that failed: whoever reads the files does not know that it is one.
    async fn close(&mut self) -> Result<(), ConnectorError> {
        self.directory.run(Directory::sync).await
    }
}
