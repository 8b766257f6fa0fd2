//! A sink in use by one rule, from the first claim on.

use super::{
    Place,
    feed::{Feed, Sent, partition},
};
use crate::testing::{Broken, expect, succeed};
use std::collections::BTreeMap;
use transom_core::{
    connector::{Class, Rejection, Sink},
    topic::{StoredOffset, TopicIdentity, TopicPartition},
};

pub(super) const PARTITIONS: [i32; 2] = [0, 1];

pub(super) fn assigned() -> Vec<(TopicPartition, TopicIdentity)> {
    let identity = TopicIdentity { cluster: "suite".to_owned(), topic: "suite-1".to_owned() };
    PARTITIONS.iter().map(|number| (partition(*number), identity.clone())).collect()
}

/// An open sink and the place behind it.
pub(super) struct Session<'p, P> {
    pub(super) rule: &'static str,
    pub(super) place: &'p mut P,
    pub(super) feed: Feed,
    pub(super) sink: Box<dyn Sink>,
    pub(super) stored: Vec<StoredOffset>,
}

/// Whether something may be there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Once,
    AtLeastOnce,
}

impl<'p, P: Place> Session<'p, P> {
    /// Opens the place, and claims all partitions of the suite where the sink stores offsets.
    pub(super) async fn open(place: &'p mut P, rule: &'static str) -> Result<Self, Broken> {
        Self::unclaimed(place, rule).await?.claim().await
    }

    /// Opens the place.
    pub(super) async fn unclaimed(place: &'p mut P, rule: &'static str) -> Result<Self, Broken> {
        let sink = succeed(rule, "open", place.open().await)?;
        Ok(Self { rule, place, feed: Feed::default(), sink, stored: Vec::new() })
    }

    async fn claim(mut self) -> Result<Self, Broken> {
        if self.sink.delivery().stores_offsets {
            self.stored = succeed(self.rule, "claim", self.sink.claim(&assigned()).await)?;
        }
        Ok(self)
    }

    /// Drops the sink without a word, as a crash does, and opens the place anew.
    pub(super) async fn crash(self) -> Result<Self, Broken> {
        let Self { rule, place, feed, sink, .. } = self;
        drop(sink);
        Self { feed, ..Self::unclaimed(place, rule).await? }.claim().await
    }

    /// Checks that each partition goes on where this put ended.
    pub(super) fn is_through(&self, sent: &Sent) -> bool {
        let reached =
            |stored: &StoredOffset| sent.through.get(&stored.partition) == stored.offset.as_ref();
        self.stored.iter().all(reached)
    }

    /// Puts, with what the sink refused.
    pub(super) async fn try_put(&mut self, sent: &Sent) -> Result<Vec<Rejection>, Broken> {
        succeed(self.rule, "put", self.sink.put(sent.put()).await)
    }

    /// Puts, and takes no refusal.
    pub(super) async fn put(&mut self, sent: &Sent) -> Result<(), Broken> {
        let rejected = self.try_put(sent).await?;
        expect(self.rule, rejected.is_empty(), || {
            format!("good records were rejected: {rejected:?}")
        })
    }

    /// Tries to deliver to a place that fails. False if the sink is to be opened anew before the next attempt.
    pub(super) async fn attempt(&mut self, sent: &Sent) -> Result<bool, Broken> {
        let error = match self.sink.put(sent.put()).await {
            Err(error) => error,
            Ok(rejected) => {
                expect(self.rule, rejected.is_empty(), || {
                    format!("the place fails, and the records were blamed: {rejected:?}")
                })?;
                let flushed = self.sink.flush().await;
                expect(self.rule, flushed.is_err(), || {
                    "the place fails, and neither put nor flush said so".to_owned()
                })?;
                return Ok(false);
            }
        };
        match error.class {
            Class::Transient { .. } => Ok(true),
            Class::Fatal => Ok(false),
            Class::BadRecord | Class::Superseded => Err(Broken {
                rule: self.rule,
                found: format!("the place fails, and the error is classed {:?}", error.class),
                cause: Some(error),
            }),
        }
    }

    pub(super) async fn flush(&mut self) -> Result<(), Broken> {
        succeed(self.rule, "flush", self.sink.flush().await)
    }

    /// Checks what is there: what these puts held and nothing else, in the order of each partition.
    pub(super) async fn delivered(&mut self, puts: &[&Sent], times: Times) -> Result<(), Broken> {
        let Some(found) = self.place.delivered().await else { return Ok(()) };
        let values: Vec<&(i32, String)> = puts.iter().flat_map(|sent| &sent.values).collect();
        holds(self.rule, &found, &values, times)
    }
}

/// Compares what is there with what was delivered, partition by partition.
fn holds(
    rule: &'static str,
    found: &[String],
    expected: &[&(i32, String)],
    times: Times,
) -> Result<(), Broken> {
    let mut parts: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for value in found {
        let of = expected.iter().find(|(_, expected)| expected == value);
        let Some((partition, _)) = of else {
            return Err(Broken::because(rule, format!("`{value}` is there, and must not be")));
        };
        let part = parts.entry(*partition).or_default();
        // What may be there several times counts where it came first.
        if times == Times::Once || !part.contains(&value.as_str()) {
            part.push(value);
        }
    }
    for number in PARTITIONS {
        let part = parts.remove(&number).unwrap_or_default();
        let of_it = expected.iter().filter(|(partition, _)| *partition == number);
        let expected: Vec<&str> = of_it.map(|(_, value)| value.as_str()).collect();
        expect(rule, part == expected, || {
            format!("of partition {number} there is {part:?}, expected {expected:?}")
        })?;
    }
    Ok(())
}
