//! The contract of sinks.

mod feed;
mod offsets;
mod records;
mod session;
#[cfg(test)]
mod tests;

use super::Broken;
use async_trait::async_trait;
use transom_core::connector::{ConnectorError, Sink};

/// Where a sink writes to, for one rule: an empty directory, a new database, a topic in memory.
#[async_trait]
pub trait Place: Send {
    /// Opens a sink onto the place, as the start of a task does. It is called again after a sink was dropped, as it is
    /// after a crash; of a sink that stores offsets also while an older one is there.
    ///
    /// # Errors
    /// What the sink's own constructor says.
    async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError>;

    /// The values that are durably there, as JSON texts, in the order of delivery, read without the sink; the empty text for a
    /// tombstone. Partitions may be mixed. Nothing if the sink leaves nothing to look at.
    async fn delivered(&mut self) -> Option<Vec<String>>;

    /// True if a tombstone leaves something to look at. Default: yes; no for a sink that skips or deletes by it.
    fn shows_tombstones(&self) -> bool {
        true
    }

    /// A value (JSON) that the sink refuses, for the record's own fault. Default: it takes any.
    fn unacceptable(&self) -> Option<&'static str> {
        None
    }

    /// Makes each attempt to deliver fail until [`mend`](Self::mend), for a reason that is not the records'. False, the default, if
    /// the place cannot do that.
    async fn fail(&mut self) -> bool {
        false
    }

    /// Ends what [`fail`](Self::fail) began.
    async fn mend(&mut self) {}
}

/// Holds a sink against the promises of [`Sink`].
///
/// | rule | what it says |
/// |---|---|
/// | `delivery` | the same answer every time |
/// | `empty-put` | a put of no records succeeds and delivers nothing |
/// | `order` | all is delivered, in the order of each partition |
/// | `chosen` | only the records that the put names, whatever else the batch holds |
/// | `tombstone` | a record without value passes, or is rejected, and harms no other |
/// | `split` | all children of a record, in order: they share an origin |
/// | `flush` | what was flushed outlives a crash |
/// | `crash` | after a crash before the flush, going on from what was committed loses nothing |
/// | `outage` | what the system does is never the records' fault; the same put again delivers what was to be |
/// | `rejection` | it names the record by its place in the put; an atomic sink then delivered nothing |
/// | `close` | what was flushed is there after release and close |
/// | `claim` | it answers for each partition with what was stored for it; nothing, if nothing is stored |
/// | `through` | what is stored is the put's `through`: beyond the last record, and without any |
/// | `fence` | a sink whose partitions another claimed is superseded, and delivers nothing |
///
/// # Errors
/// [`Broken`], with the first rule that is.
pub async fn contract<P: Place>(mut make: impl FnMut() -> P) -> Result<(), Broken> {
    records::delivery(&mut make()).await?;
    records::empty_put(&mut make()).await?;
    records::order(&mut make()).await?;
    records::chosen(&mut make()).await?;
    records::tombstone(&mut make()).await?;
    records::split(&mut make()).await?;
    records::flush(&mut make()).await?;
    records::crash(&mut make()).await?;
    records::outage(&mut make()).await?;
    records::rejection(&mut make()).await?;
    records::close(&mut make()).await?;
    offsets::claim(&mut make()).await?;
    offsets::through(&mut make()).await?;
    offsets::fence(&mut make()).await
}
