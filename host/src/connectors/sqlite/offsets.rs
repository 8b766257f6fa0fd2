//! The table `transom_offsets`: how far each partition is in the tables of this database, and who may write.
//!
//! | column | what |
//! |---|---|
//! | `connector`, `topic`, `partition`, `cluster_id`, `topic_id` | the key: which log the offset is of |
//! | `next_offset` | the offset of the record to read next; NULL while nothing is stored |
//! | `epoch` | counts claims: only the task that claimed last may move the offset on |
//! | `owner` | who that is, for a person |
//!
//! A topic that was deleted and created anew, or a cluster that was replaced, has another identity, and so a row of its
//! own: an offset of the old log means nothing in the new one. But to begin anew in silence would double or lose
//! records, so [`claim`] answers with the newest offset that is stored under *any* identity of the partition unless its
//! own row has one, and the task that compares identities fails with both. Epochs are counted over all identities of a
//! partition: the newest row is the one with the highest, and a claim shuts out whoever still reads the old log.
//! [`reset`] is the way out: one row is left, of what the topic is now, with an epoch above all that there were. One that
//! began at epoch 1 again would let a stopped process in that has claimed it then.

use super::{failure::failure, writer};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, named_params, params,
};
use std::{path::Path, time::Duration};
use transom_core::{
    connector::ConnectorError,
    topic::{StoredOffset, TopicIdentity, TopicPartition},
};

/// Its name; no table of records may have it.
pub(super) const TABLE: &str = "transom_offsets";

/// How long a reset waits for a sink at work: longer than its transactions take.
const RESET_TIMEOUT: Duration = Duration::from_secs(5);

const CREATE: &str = "CREATE TABLE IF NOT EXISTS transom_offsets (
    connector TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    cluster_id TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    next_offset INTEGER,
    epoch INTEGER NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (connector, topic, partition, cluster_id, topic_id)
) WITHOUT ROWID";

const SHUT_OUT_OTHER_IDENTITIES: &str = "UPDATE transom_offsets SET epoch = epoch + 1
    WHERE connector = :connector AND topic = :topic AND partition = :partition
    AND NOT (cluster_id = :cluster_id AND topic_id = :topic_id)";

const CLAIM: &str = "INSERT INTO transom_offsets
    (connector, topic, partition, cluster_id, topic_id, next_offset, epoch, owner)
    VALUES (:connector, :topic, :partition, :cluster_id, :topic_id, NULL, 1 + coalesce((
        SELECT max(epoch) FROM transom_offsets
        WHERE connector = :connector AND topic = :topic AND partition = :partition), 0), :owner)
    ON CONFLICT DO UPDATE SET epoch = excluded.epoch, owner = excluded.owner
    RETURNING next_offset, epoch";

const NEWEST: &str = "SELECT cluster_id, topic_id, next_offset FROM transom_offsets
    WHERE connector = :connector AND topic = :topic AND partition = :partition AND next_offset IS NOT NULL
    ORDER BY epoch DESC LIMIT 1";

const ADVANCE: &str = "UPDATE transom_offsets SET next_offset = :to
    WHERE connector = :connector AND topic = :topic AND partition = :partition
    AND cluster_id = :cluster_id AND topic_id = :topic_id AND epoch = :epoch AND next_offset IS :from";

const LOOK: &str = "SELECT next_offset, epoch FROM transom_offsets
    WHERE connector = :connector AND topic = :topic AND partition = :partition
    AND cluster_id = :cluster_id AND topic_id = :topic_id";

const LIST: &str =
    "SELECT connector, topic, partition, cluster_id, topic_id, next_offset, epoch, owner
    FROM transom_offsets ORDER BY connector, topic, partition, epoch";

/// The epoch is above that of every identity of the partition: whoever has claimed it is shut out.
const RESET: &str = "INSERT INTO transom_offsets
    (connector, topic, partition, cluster_id, topic_id, next_offset, epoch, owner)
    VALUES (:connector, :topic, :partition, :cluster_id, :topic_id, :to, 1 + coalesce((
        SELECT max(epoch) FROM transom_offsets
        WHERE connector = :connector AND topic = :topic AND partition = :partition), 0), 'reset')
    ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset, epoch = excluded.epoch, owner = excluded.owner";

const FORGET_OTHER_IDENTITIES: &str = "DELETE FROM transom_offsets
    WHERE connector = :connector AND topic = :topic AND partition = :partition
    AND NOT (cluster_id = :cluster_id AND topic_id = :topic_id)";

/// A row's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) connector: String,
    pub(super) partition: TopicPartition,
    pub(super) identity: TopicIdentity,
}

/// What a claim gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claimed {
    pub(super) epoch: i64,
    /// What the row of the claim's own identity has.
    pub(super) own: Option<i64>,
    /// What the task is told.
    pub(super) stored: StoredOffset,
}

/// A step of a partition: the offset that the table has for whoever claimed with `epoch`, and the one that it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) key: Key,
    pub(super) epoch: i64,
    pub(super) from: Option<i64>,
    pub(super) to: i64,
}

/// What became of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// The row has the offset that was to be stored.
    Done,
    /// The row is as it was before.
    NotDone,
    /// Somebody else has claimed the partition, or moved it.
    Superseded,
}

/// Binds a key to the parameters of its names, and others beside it.
macro_rules! with_key {
    ($key:expr $(, $name:literal: $value:expr)*) => {
        named_params! {
            ":connector": $key.connector,
            ":topic": &*$key.partition.topic,
            ":partition": $key.partition.partition,
            $($name: $value,)*
        }
    };
}

/// Takes partitions over for `owner`, in one transaction, in the order of topic and partition: two tasks that claim the
/// same ones cannot each hold what the other waits for.
pub(super) fn claim(
    connection: &mut Connection,
    keys: &[Key],
    owner: &str,
) -> rusqlite::Result<Vec<Claimed>> {
    debug_assert!(keys.is_sorted_by(|one, other| one.partition <= other.partition));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(CREATE)?;
    let claimed =
        keys.iter().map(|key| claim_one(&transaction, key, owner)).collect::<Result<_, _>>()?;
    transaction.commit()?;
    Ok(claimed)
}

fn claim_one(connection: &Connection, key: &Key, owner: &str) -> rusqlite::Result<Claimed> {
    let TopicIdentity { cluster, topic } = &key.identity;
    connection
        .prepare_cached(SHUT_OUT_OTHER_IDENTITIES)?
        .execute(with_key!(key, ":cluster_id": cluster, ":topic_id": topic))?;
    let (own, epoch) = connection.prepare_cached(CLAIM)?.query_row(
        with_key!(key, ":cluster_id": cluster, ":topic_id": topic, ":owner": owner),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut stored = StoredOffset {
        partition: key.partition.clone(),
        identity: Some(key.identity.clone()),
        offset: own,
    };
    if own.is_none() {
        let newest = |row: &Row<'_>| {
            let identity = TopicIdentity { cluster: row.get(0)?, topic: row.get(1)? };
            Ok((identity, row.get(2)?))
        };
        let newest =
            connection.prepare_cached(NEWEST)?.query_row(with_key!(key), newest).optional()?;
        if let Some((identity, offset)) = newest {
            (stored.identity, stored.offset) = (Some(identity), offset);
        }
    }
    Ok(Claimed { epoch, own, stored })
}

/// Moves a partition on, inside the transaction of the rows. False if somebody else has claimed or moved it: then the
/// transaction must not be committed.
pub(super) fn advance(connection: &Connection, step: &Move) -> rusqlite::Result<bool> {
    let Move { key, epoch, from, to } = step;
    let TopicIdentity { cluster, topic } = &key.identity;
    let moved = connection.prepare_cached(ADVANCE)?.execute(with_key!(
        key, ":cluster_id": cluster, ":topic_id": topic, ":epoch": epoch, ":from": from, ":to": to
    ))?;
    Ok(moved == 1)
}

/// Looks what became of a move whose outcome is not known.
pub(super) fn look(connection: &Connection, step: &Move) -> rusqlite::Result<Moved> {
    let TopicIdentity { cluster, topic } = &step.key.identity;
    let row: Option<(Option<i64>, i64)> = connection
        .prepare_cached(LOOK)?
        .query_row(with_key!(step.key, ":cluster_id": cluster, ":topic_id": topic), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(match row {
        Some((offset, epoch)) if epoch == step.epoch && offset == Some(step.to) => Moved::Done,
        Some((offset, epoch)) if epoch == step.epoch && offset == step.from => Moved::NotDone,
        _ => Moved::Superseded,
    })
}

/// A row of `transom_offsets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetRow {
    /// The connector.
    pub connector: String,
    /// The topic and partition.
    pub partition: TopicPartition,
    /// Which cluster and topic the offset is of.
    pub identity: TopicIdentity,
    /// The offset of the record to read next; nothing while none is stored.
    pub next_offset: Option<i64>,
    /// Times that the partition was claimed. Of the identities of a partition the one with the highest is the newest.
    pub epoch: i64,
    /// Who claimed it last.
    pub owner: String,
}

/// An offset that [`reset`] sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    /// The connector.
    pub connector: String,
    /// The topic and partition.
    pub partition: TopicPartition,
    /// Which topic that is now. What was stored for another one of this name is forgotten.
    pub identity: TopicIdentity,
    /// The offset of the record to read next.
    pub to: i64,
}

/// The rows of all connectors, by connector, topic, partition and age. A database without the table has none.
///
/// # Errors
/// [`ConnectorError`] if there is no such database, or it cannot be read.
pub fn offsets(path: &Path) -> Result<Vec<OffsetRow>, ConnectorError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .and_then(|connection| list(&connection))
        .map_err(|error| failure(path, "offsets", &error))
}

/// Sets stored offsets, all or none, and shuts out the tasks that have claimed them: each notices at its next put and
/// claims anew.
///
/// # Errors
/// [`ConnectorError`] if there is no such database, or it cannot be written; nothing was changed then.
pub fn reset(path: &Path, offsets: &[Reset]) -> Result<(), ConnectorError> {
    if !path.exists() {
        let message = format!("database `{}` does not exist", path.display());
        return Err(ConnectorError::fatal("SQLITE_CANTOPEN", message));
    }
    let mut connection = writer::open(path)?;
    let waited = connection.busy_timeout(RESET_TIMEOUT);
    waited
        .and_then(|()| reset_in(&mut connection, offsets))
        .map_err(|error| failure(path, "reset of offsets", &error))
}

fn reset_in(connection: &mut Connection, offsets: &[Reset]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(CREATE)?;
    for offset in offsets {
        let TopicIdentity { cluster, topic } = &offset.identity;
        let key = with_key!(offset, ":cluster_id": cluster, ":topic_id": topic, ":to": offset.to);
        transaction.prepare_cached(RESET)?.execute(key)?;
        let key = with_key!(offset, ":cluster_id": cluster, ":topic_id": topic);
        transaction.prepare_cached(FORGET_OTHER_IDENTITIES)?.execute(key)?;
    }
    transaction.commit()
}

fn list(connection: &Connection) -> rusqlite::Result<Vec<OffsetRow>> {
    if !connection.table_exists(None, TABLE)? {
        return Ok(Vec::new());
    }
    let row = |row: &Row<'_>| {
        let topic: String = row.get(1)?;
        Ok(OffsetRow {
            connector: row.get(0)?,
            partition: TopicPartition { topic: topic.into(), partition: row.get(2)? },
            identity: TopicIdentity { cluster: row.get(3)?, topic: row.get(4)? },
            next_offset: row.get(5)?,
            epoch: row.get(6)?,
            owner: row.get(7)?,
        })
    };
    connection.prepare(LIST)?.query_map(params![], row)?.collect()
}
