//! A source in memory, and where its positions are kept.

use crate::{
    cluster::{Cluster, killed},
    life::Life,
};
use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZeroUsize,
    sync::{Arc, Mutex},
};
use transom_core::{
    connector::{
        ConnectorError, Delivered, Poll, Source, SourcePosition, SourceRecord, SourceRecords,
        Undelivered,
    },
    convert::ConvertError,
};
use transom_runtime::assembly::Positions;

/// What there is to be read, in two parts by turns, and what was said about it.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// One that says `half` could not be read as a whole.
    pub(crate) values: Vec<String>,
    /// The converter's topic of each value that says `other`.
    pub(crate) converter_topic: Option<String>,
    /// It may grow: there is no end.
    pub(crate) is_endless: bool,
    /// Answers of the next polls that fail.
    pub(crate) errors: VecDeque<ConnectorError>,
    pub(crate) saved: BTreeMap<String, String>,
    pub(crate) committed: Vec<SourcePosition>,
    pub(crate) closed: usize,
    /// Where records went; nothing while the source does not want to know.
    pub(crate) delivered: Option<Vec<(String, i32, i64)>>,
    /// Topic, stage and reason of those that failed.
    pub(crate) failed: Vec<(String, String, String)>,
}

pub(crate) const PARTS: [&str; 2] = [r#"{"part":0}"#, r#"{"part":1}"#];

#[derive(Debug)]
pub(crate) struct MemorySource {
    pub(crate) outside: Arc<Mutex<Outside>>,
    pub(crate) cluster: Cluster,
    pub(crate) life: Life,
    /// How many records of each part were read.
    pub(crate) next: [usize; 2],
}

impl MemorySource {
    fn read(&mut self, max: usize, into: &mut dyn SourceRecords) -> Result<Poll, ConnectorError> {
        let mut outside = self.outside.lock().unwrap();
        if let Some(error) = outside.errors.pop_front() {
            return Err(error);
        }
        let mut count = 0;
        let unread = Some(ConvertError { code: "half-read", message: "cut off".to_owned() });
        for (number, value) in outside.values.iter().enumerate() {
            let part = number % 2;
            if number / 2 < self.next[part] || count == max {
                continue;
            }
            count += 1;
            self.next[part] += 1;
            into.push(SourceRecord {
                converter_topic: outside
                    .converter_topic
                    .as_deref()
                    .filter(|_| value.contains("other")),
                topic: "out",
                partition: None,
                timestamp: Some(5),
                key: Some(format!(r#""{part}""#).as_bytes()),
                value: Some(value.as_bytes()),
                error: unread.as_ref().filter(|_| value.contains("half")),
                headers: &[("h", Some(b"\"v\""))],
                source_partition: PARTS[part],
                position: &self.next[part].to_string(),
            });
        }
        Ok(match count {
            0 if outside.is_endless => Poll::Idle,
            0 => Poll::End,
            _ => Poll::Records,
        })
    }
}

#[async_trait::async_trait]
impl Source for MemorySource {
    async fn poll(
        &mut self,
        max: NonZeroUsize,
        into: &mut dyn SourceRecords,
    ) -> Result<Poll, ConnectorError> {
        let life = self.life.clone();
        let polled = life.act(|| self.read(max.get(), into)).ok_or_else(killed)??;
        if polled == Poll::Idle {
            let cluster = self.cluster.clone();
            let outside = Arc::clone(&self.outside);
            let read: usize = self.next.iter().sum();
            cluster.until(|_| outside.lock().unwrap().values.len() > read).await;
        }
        Ok(polled)
    }

    async fn committed(&mut self, positions: &[SourcePosition]) -> Result<(), ConnectorError> {
        self.outside.lock().unwrap().committed.extend_from_slice(positions);
        Ok(())
    }

    fn wants_deliveries(&self) -> bool {
        self.outside.lock().unwrap().delivered.is_some()
    }

    fn delivered(&mut self, deliveries: &[Delivered<'_>]) {
        let place = |of: &Delivered<'_>| (of.topic.to_owned(), of.partition, of.offset);
        let mut outside = self.outside.lock().unwrap();
        outside.delivered.as_mut().unwrap().extend(deliveries.iter().map(place));
    }

    fn failed(&mut self, failures: &[Undelivered<'_>]) {
        let failure = |of: &Undelivered<'_>| {
            (of.topic.to_owned(), of.stage.to_owned(), format!("{}: {}", of.code, of.message))
        };
        self.outside.lock().unwrap().failed.extend(failures.iter().map(failure));
    }

    async fn close(&mut self) -> Result<(), ConnectorError> {
        self.outside.lock().unwrap().closed += 1;
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) outside: Arc<Mutex<Outside>>,
    pub(crate) life: Life,
}

#[async_trait::async_trait]
impl Positions for Saved {
    async fn load(&self, _: &str) -> Result<Vec<SourcePosition>, ConnectorError> {
        let load = || {
            let saved = &self.outside.lock().unwrap().saved;
            let position = |(part, position): (&String, &String)| SourcePosition {
                source_partition: part.clone(),
                position: position.clone(),
            };
            saved.iter().map(position).collect()
        };
        self.life.act(load).ok_or_else(killed)
    }

    async fn save(&self, _: &str, positions: &[SourcePosition]) -> Result<(), ConnectorError> {
        let save = || {
            let saved = &mut self.outside.lock().unwrap().saved;
            for SourcePosition { source_partition, position } in positions {
                saved.insert(source_partition.clone(), position.clone());
            }
        };
        self.life.act(save).ok_or_else(killed)
    }
}
