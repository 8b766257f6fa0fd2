//! The suite against toys: two keep every rule, each of the others breaks one, and is found out.

use super::*;
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};
use transom_core::connector::{SourceRecord, SourceRecords};

/// What a toy does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Reverses,
    Doubles,
    Loses,
    GivesMoreThanAskedFor,
    SaysTheOpposite,
    PositionIsNoJson,
    PositionOfTheRecordItself,
    PositionOfTheBatch,
    MovesBeforeItWaits,
    MovesBetweenTwoWaits,
    GoesOnAfterTheEnd,
    LooksOnce,
    CannotClose,
    RefusesCommitted,
}
use Fault::*;

type Store = Arc<Mutex<Vec<String>>>;

struct Toy {
    store: Store,
    next: usize,
    ends: bool,
    fault: Option<Fault>,
    /// Records that it will ever give, once it knows.
    last: Option<usize>,
}

impl Toy {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn give(&self, places: &[usize], into: &mut dyn SourceRecords) {
        let store = self.store.lock().unwrap().clone();
        for place in places {
            let after = match self.fault {
                Some(PositionOfTheRecordItself) => *place,
                Some(PositionOfTheBatch) => places.iter().max().map_or(0, |last| last + 1).max(2),
                _ => place + 1,
            };
            let position =
                if self.has(PositionIsNoJson) { "{1".to_owned() } else { after.to_string() };
            into.push(SourceRecord {
                topic: "suite",
                converter_topic: None,
                partition: None,
                timestamp: None,
                key: None,
                value: Some(store[*place].as_bytes()),
                error: None,
                headers: &[],
                source_partition: "\"shelf\"",
                position: &position,
            });
        }
    }
}

#[async_trait]
impl Source for Toy {
    async fn poll(
        &mut self,
        max: NonZeroUsize,
        into: &mut dyn SourceRecords,
    ) -> Result<Poll, ConnectorError> {
        let there = self.store.lock().unwrap().len();
        if self.has(LooksOnce) {
            self.last.get_or_insert(there);
        }
        let held = self.last.unwrap_or(there);
        let max = if self.has(GivesMoreThanAskedFor) { 3 } else { max.get() };
        let start = self.next;
        let mut end = held.min(start + max);
        if self.has(MovesBeforeItWaits) {
            self.next = end;
        }
        tokio::task::yield_now().await;
        if self.has(MovesBetweenTwoWaits) {
            self.next = end;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        if self.has(Loses) && start == 0 && end > 1 {
            end -= 1;
            self.next = end + 1;
        } else {
            self.next = end;
        }
        let mut places: Vec<usize> = (start..end).collect();
        if self.has(Reverses) {
            places.reverse();
        }
        if self.has(Doubles) && max > places.len() {
            places.extend(places.last().copied());
        }
        self.give(&places, into);
        if places.is_empty() && self.ends {
            self.last = (!self.has(GoesOnAfterTheEnd)).then_some(held);
            return Ok(Poll::End);
        }
        let records = places.is_empty() == self.has(SaysTheOpposite);
        Ok(if records { Poll::Records } else { Poll::Idle })
    }

    async fn committed(&mut self, _: &[SourcePosition]) -> Result<(), ConnectorError> {
        if self.has(RefusesCommitted) { Err(ConnectorError::fatal("toy", "no")) } else { Ok(()) }
    }

    async fn close(&mut self) -> Result<(), ConnectorError> {
        if self.has(CannotClose) { Err(ConnectorError::fatal("toy", "stuck")) } else { Ok(()) }
    }
}

/// A place with a toy on it.
struct Shelf {
    store: Store,
    ends: bool,
    fault: Option<Fault>,
}

#[async_trait]
impl Place for Shelf {
    async fn open(
        &mut self,
        positions: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError> {
        let next = positions.first().map_or(0, |one| one.position.parse().unwrap());
        let (store, ends, fault) = (Arc::clone(&self.store), self.ends, self.fault);
        Ok(Box::new(Toy { store, next, ends, fault, last: None }))
    }

    async fn add(&mut self, number: usize) -> String {
        self.store.lock().unwrap().push(number.to_string());
        number.to_string()
    }
}

/// Opposes the suite and a toy.
async fn run(ends: bool, fault: Option<Fault>) -> Result<(), Broken> {
    contract(|| Shelf { store: Arc::default(), ends, fault }).await
}

#[tokio::test(start_paused = true)]
async fn a_source_that_keeps_every_rule_passes() -> Result<(), Broken> {
    run(false, None).await?;
    run(true, None).await
}

#[tokio::test(start_paused = true)]
async fn every_broken_rule_is_found() {
    for (fault, rule) in [
        (Reverses, "order"),
        (Doubles, "order"),
        (Loses, "order"),
        (GivesMoreThanAskedFor, "poll"),
        (SaysTheOpposite, "poll"),
        (PositionIsNoJson, "position"),
        (PositionOfTheRecordItself, "position"),
        (PositionOfTheBatch, "position"),
        (LooksOnce, "growth"),
        (GoesOnAfterTheEnd, "growth"),
        (MovesBeforeItWaits, "cancel"),
        (MovesBetweenTwoWaits, "cancel"),
        (CannotClose, "close"),
        (RefusesCommitted, "close"),
    ] {
        let found = run(fault == GoesOnAfterTheEnd, Some(fault)).await;
        assert_eq!(found.map_err(|broken| broken.rule), Err(rule), "{fault:?}");
    }
}
