//! The contract of sources.

mod run;
#[cfg(test)]
mod tests;

use super::{Broken, expect, succeed};
use async_trait::async_trait;
use run::{Given, Run};
use std::collections::BTreeMap;
use transom_core::connector::{ConnectorError, Poll, Source, SourcePosition};

/// Records that the suite has a place hold before the first poll.
const RECORDS: usize = 7;

/// Where a source reads from, for one rule: an empty directory, a new table.
#[async_trait]
pub trait Place: Send {
    /// Opens a source onto the place that goes on from these positions, as the start of a task does. It is called again
    /// after a source was dropped, as it is after a crash.
    ///
    /// # Errors
    /// What the source's own constructor says.
    async fn open(
        &mut self,
        positions: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError>;

    /// Adds one record to the place, and returns the value (JSON) that the source is to give for it. `number` counts the records
    /// of a rule, so that no two values need be alike. A source with several parts may spread records over them.
    async fn add(&mut self, number: usize) -> String;
}

/// Holds a source against the promises of [`Source`].
///
/// | rule | what it says |
/// |---|---|
/// | `order` | each record comes once, in the order of its part |
/// | `poll` | at most `max` records; `Records` if there was one, `Idle` or `End` if not |
/// | `position` | source partition and position are JSON; a source opened with what is behind record n gives n + 1 next, for every n |
/// | `growth` | after `Idle` what is added comes; after `End` nothing does |
/// | `cancel` | a poll that is dropped, at whatever point it waits, loses nothing and doubles nothing |
/// | `close` | `committed` and `close` succeed, and a source that is opened then goes on |
///
/// A source under test says `Idle` or `End` in finite time when there is nothing.
/// What is pushed in a poll that fails or is dropped counts for nothing: the suite throws it away, as the task does.
///
/// # Errors
/// [`Broken`], with the first rule that is.
pub async fn contract<P: Place>(mut make: impl FnMut() -> P) -> Result<(), Broken> {
    order(&mut make(), RECORDS * 2).await?;
    order(&mut make(), 1).await?;
    order(&mut make(), 2).await?;
    for records in 0..=RECORDS {
        position(&mut make(), records).await?;
    }
    growth(&mut make()).await?;
    let mut pause = 0;
    while cancel(&mut make(), pause).await? {
        pause += 1;
    }
    close(&mut make()).await
}

/// Reads everything, so many records at a time.
async fn order(place: &mut impl Place, max: usize) -> Result<(), Broken> {
    let expected = fill(place, 0..RECORDS).await;
    let mut run = Run::open(place, "order", Vec::new()).await?;
    run.read_all(max).await?;
    run.compare(&expected)
}

/// Stops behind so many records, and goes on from the positions that stood there.
async fn position(place: &mut impl Place, records: usize) -> Result<(), Broken> {
    let expected = fill(place, 0..RECORDS).await;
    let mut run = Run::open(place, "position", Vec::new()).await?;
    run.read(records, 1).await?;
    let before = run.given;
    let mut run = Run::open(place, "position", latest(&before)).await?;
    run.read_all(RECORDS).await?;
    run.given = before.into_iter().chain(run.given).collect();
    run.compare(&expected)
}

/// The positions that a task would have stored.
fn latest(given: &[Given]) -> Vec<SourcePosition> {
    let positions: BTreeMap<&str, &str> =
        given.iter().map(|one| (one.source_partition.as_str(), one.position.as_str())).collect();
    let owned = |(source_partition, position): (&str, &str)| SourcePosition {
        source_partition: source_partition.to_owned(),
        position: position.to_owned(),
    };
    positions.into_iter().map(owned).collect()
}

/// Drops one poll where it has waited so many times: the first, one in the middle, one at the end. False if no poll
/// waits that often.
async fn cancel(place: &mut impl Place, pauses: usize) -> Result<bool, Broken> {
    let mut expected = fill(place, 0..RECORDS).await;
    let mut run = Run::open(place, "cancel", Vec::new()).await?;
    let mut dropped = false;
    for _read in 0..3 {
        dropped |= run.poll_and_drop(2, pauses).await?;
    }
    run.read_all(2).await?;
    dropped |= run.poll_and_drop(2, pauses).await?;
    if !run.ended {
        expected.extend(fill(run.place, RECORDS..RECORDS + 2).await);
        dropped |= run.poll_and_drop(2, pauses).await?;
        run.read_all(2).await?;
    }
    run.compare(&expected)?;
    Ok(dropped)
}

async fn growth(place: &mut impl Place) -> Result<(), Broken> {
    let mut expected = fill(place, 0..3).await;
    let mut run = Run::open(place, "growth", Vec::new()).await?;
    run.read_all(RECORDS).await?;
    let added = fill(run.place, 3..RECORDS).await;
    if run.ended {
        let poll = run.poll(RECORDS).await?;
        expect("growth", poll == Poll::End, || format!("after `End` a poll says {poll:?}"))?;
    } else {
        expected.extend(added);
        run.read_all(RECORDS).await?;
    }
    run.compare(&expected)
}

async fn close(place: &mut impl Place) -> Result<(), Broken> {
    let expected = fill(place, 0..RECORDS).await;
    let mut run = Run::open(place, "close", Vec::new()).await?;
    run.read(2, 1).await?;
    let positions = latest(&run.given);
    succeed("close", "committed", run.source.committed(&positions).await)?;
    run.read(1, 1).await?;
    let positions = latest(&run.given);
    succeed("close", "committed", run.source.committed(&positions).await)?;
    succeed("close", "close", run.source.close().await)?;
    let before = run.given;
    let mut run = Run::open(place, "close", positions).await?;
    run.read_all(RECORDS).await?;
    run.given = before.into_iter().chain(run.given).collect();
    run.compare(&expected)
}

async fn fill(place: &mut impl Place, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut values = Vec::new();
    for number in numbers {
        values.push(place.add(number).await);
    }
    values
}
