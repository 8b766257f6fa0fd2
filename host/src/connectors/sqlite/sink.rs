//! The sink: claims, puts, and what is pending.

use super::{
    failure::{failure, of_put},
    flush::{Flushed, Load, flush},
    offsets::{self, Key, Move, Moved},
    tables::Tables,
    writer::Writer,
};
use async_trait::async_trait;
use std::{collections::BTreeMap, path::Path, sync::Arc};
use transom_core::{
    batch::Batch,
    config,
    connector::{Class, ConnectorError, Delivery, Put, Rejection, Sink},
    record::RecordId,
    topic::{Offsets, StoredOffset, TopicIdentity, TopicPartition},
};

/// Writes records to tables of an SQLite database, and the offsets they came from with them.
#[derive(Debug)]
pub struct SqliteSink {
    writer: Option<Arc<Writer>>,
    connector: String,
    owner: String,
    tables: Tables,
    claims: BTreeMap<TopicPartition, Claim>,
    /// What the last put was to store, until its outcome is known: its future may have been dropped, or COMMIT may have
    /// failed without saying what became of it.
    pending: Vec<Move>,
    /// Memory for the next put.
    load: Load,
}

/// A partition that this task has taken over.
#[derive(Debug)]
struct Claim {
    identity: TopicIdentity,
    epoch: i64,
    /// The offset that this task knows to be stored.
    stored: Option<i64>,
}

impl SqliteSink {
    /// A sink of a connector's task. `owner` tells a person who has a partition: host, process, task. Nothing is opened
    /// before the first claim.
    ///
    /// # Errors
    /// [`ConnectorError`] if the settings of a table contradict each other, or the file's directory does not exist.
    pub fn new(
        settings: &config::SqliteSink,
        connector: &str,
        owner: &str,
    ) -> Result<Self, ConnectorError> {
        let tables = Tables::new(settings)?;
        let writer = Writer::of(Path::new(&settings.path))?;
        Ok(Self::with(writer, tables, connector, owner))
    }

    pub(super) fn with(writer: Arc<Writer>, tables: Tables, connector: &str, owner: &str) -> Self {
        Self {
            writer: Some(writer),
            connector: connector.to_owned(),
            owner: owner.to_owned(),
            tables,
            claims: BTreeMap::new(),
            pending: Vec::new(),
            load: Load::default(),
        }
    }

    fn writer(&self) -> Result<Arc<Writer>, ConnectorError> {
        let closed = || ConnectorError::fatal("closed", "the sink is closed");
        self.writer.clone().ok_or_else(closed)
    }

    /// Looks what became of the last put. True if it is stored.
    async fn settle(&mut self) -> Result<bool, ConnectorError> {
        if self.pending.is_empty() {
            return Ok(false);
        }
        let (writer, pending) = (self.writer()?, self.pending.clone());
        let path = writer.path().to_owned();
        let outcome = writer
            .run(move |connection| {
                let look = |step| offsets::look(connection, step);
                let seen = pending.iter().map(look).collect::<Result<Vec<_>, _>>();
                seen.map_err(|error| failure(&path, "look at offsets", &error))
            })
            .await?;
        let pending = std::mem::take(&mut self.pending);
        // They were moved in one transaction, so one speaks for all but for claims since then.
        if let Some(at) = outcome.iter().position(|moved| *moved == Moved::Superseded) {
            return Err(superseded(&pending[at].key.partition));
        }
        let done = outcome.contains(&Moved::Done);
        if done {
            self.stored(&pending);
        }
        Ok(done)
    }

    fn stored(&mut self, moves: &[Move]) {
        for step in moves {
            if let Some(claim) = self.claims.get_mut(&step.key.partition) {
                claim.stored = Some(step.to);
            }
        }
    }

    /// The steps from what is stored to where a put goes.
    fn moves(&self, through: &Offsets, moves: &mut Vec<Move>) -> Result<(), ConnectorError> {
        for (partition, to) in through {
            let Some(claim) = self.claims.get(partition) else {
                let message = format!("{partition} was not claimed by this task");
                return Err(ConnectorError::fatal("not-claimed", message));
            };
            if let Some(stored) = claim.stored.filter(|stored| stored > to) {
                let message =
                    format!("offset {to} of {partition} is below {stored}, which is stored");
                return Err(ConnectorError::fatal("offset-back", message));
            }
            let key = Key {
                connector: self.connector.clone(),
                partition: partition.clone(),
                identity: claim.identity.clone(),
            };
            moves.push(Move { key, epoch: claim.epoch, from: claim.stored, to: *to });
        }
        Ok(())
    }

    /// Writes a load, and keeps its memory.
    async fn flush_load(&mut self, load: Load) -> Result<Flushed, ConnectorError> {
        let writer = self.writer()?;
        let path = writer.path().to_owned();
        self.pending.clone_from(&load.moves);
        let (flushed, load) = writer
            .run(move |connection| {
                let flushed = flush(connection, &load);
                Ok((flushed.map_err(|error| of_put(&path, &error)), load))
            })
            .await?;
        let moves = std::mem::take(&mut self.pending);
        let flushed = match flushed {
            Ok(flushed) => flushed,
            Err(error) => {
                // COMMIT may have done it all the same.
                self.pending = moves;
                return Err(error);
            }
        };
        if flushed == Flushed::Done {
            self.stored(&moves);
        }
        self.load = load;
        Ok(flushed)
    }
}

#[async_trait]
impl Sink for SqliteSink {
    fn delivery(&self) -> Delivery {
        Delivery { stores_offsets: true, atomic: true }
    }

    async fn claim(
        &mut self,
        assigned: &[(TopicPartition, TopicIdentity)],
    ) -> Result<Vec<StoredOffset>, ConnectorError> {
        let key = |(partition, identity): &(TopicPartition, TopicIdentity)| Key {
            connector: self.connector.clone(),
            partition: partition.clone(),
            identity: identity.clone(),
        };
        let mut keys: Vec<Key> = assigned.iter().map(key).collect();
        keys.sort_by(|one, other| one.partition.cmp(&other.partition));
        let (writer, owner) = (self.writer()?, self.owner.clone());
        let path = writer.path().to_owned();
        let (keys, claimed) = writer
            .run(move |connection| {
                let claimed = offsets::claim(connection, &keys, &owner);
                let claimed = claimed.map_err(|error| failure(&path, "claim", &error))?;
                Ok((keys, claimed))
            })
            .await?;
        let mut stored = Vec::with_capacity(claimed.len());
        for (Key { partition, identity, .. }, claimed) in keys.into_iter().zip(claimed) {
            // What was pending belongs to an epoch that is over.
            self.pending.retain(|step| step.key.partition != partition);
            let claim = Claim { identity, epoch: claimed.epoch, stored: claimed.own };
            self.claims.insert(partition, claim);
            stored.push(claimed.stored);
        }
        Ok(stored)
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        if self.settle().await? {
            let is_stored = |(partition, to): (&TopicPartition, &i64)| {
                self.claims.get(partition).is_some_and(|claim| claim.stored == Some(*to))
            };
            // The same call came again, and its records are there.
            if put.through.iter().all(is_stored) {
                return Ok(Vec::new());
            }
            // Another one came, whose records may be partly there: only a new claim tells where to go on.
            if let Some(partition) = put.through.keys().next() {
                return Err(superseded(partition));
            }
        }
        let mut load = std::mem::take(&mut self.load);
        load.clear();
        let rejections = self.tables.read(put.batch, put.records, &mut load)?;
        if !rejections.is_empty() {
            self.load = load;
            return Ok(rejections);
        }
        self.moves(put.through, &mut load.moves)?;
        let writer = self.writer()?;
        self.tables.ensure(&writer).await?;
        match self.flush_load(load).await? {
            Flushed::Done => Ok(Vec::new()),
            Flushed::Rejected(rejections) => Ok(rejections),
            Flushed::Superseded(partition) => Err(superseded(&partition)),
        }
    }

    fn destination(&self, batch: &Batch, record: RecordId) -> Option<String> {
        Some(format!("table `{}`", self.tables.name(batch.topic(record))?))
    }

    fn release(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.claims.remove(partition);
            self.pending.retain(|step| step.key.partition != *partition);
        }
    }

    async fn close(&mut self) -> Result<(), ConnectorError> {
        if let Some(writer) = self.writer.take() {
            writer.close().await;
        }
        Ok(())
    }
}

fn superseded(partition: &TopicPartition) -> ConnectorError {
    let message =
        format!("{partition} was claimed by another task, which goes on from what is stored");
    ConnectorError::new(Class::Superseded, "superseded", message)
}
