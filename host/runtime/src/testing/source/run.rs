//! A source in use by one rule.

use super::{Broken, Place, expect, succeed};
use std::{
    future::Future,
    num::NonZeroUsize,
    pin::{Pin, pin},
    task::{Context, Poll as Progress},
};
use transom_core::connector::{
    ConnectorError, Poll, Source, SourcePosition, SourceRecord, SourceRecords,
};

/// Polls in a row that may bring nothing before a record is given up.
const PATIENCE: usize = 50;

/// A record as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) value: String,
    pub(super) source_partition: String,
    pub(super) position: String,
}

/// An open source, and what it has given.
pub(super) struct Run<'p, P> {
    rule: &'static str,
    pub(super) place: &'p mut P,
    pub(super) source: Box<dyn Source>,
    pub(super) given: Vec<Given>,
    /// It said [`Poll::End`].
    pub(super) ended: bool,
}

impl<'p, P: Place> Run<'p, P> {
    pub(super) async fn open(
        place: &'p mut P,
        rule: &'static str,
        positions: Vec<SourcePosition>,
    ) -> Result<Self, Broken> {
        let source = succeed(rule, "open", place.open(positions).await)?;
        Ok(Self { rule, place, source, given: Vec::new(), ended: false })
    }

    /// Polls once.
    pub(super) async fn poll(&mut self, max: usize) -> Result<Poll, Broken> {
        let mut basket = Basket::default();
        let poll = self.source.poll(at_most(max), &mut basket).await;
        self.take(max, poll, basket)
    }

    /// Polls, and drops the poll when it has waited once more than so many times. True if it came to that.
    pub(super) async fn poll_and_drop(
        &mut self,
        max: usize,
        pauses: usize,
    ) -> Result<bool, Broken> {
        let mut basket = Basket::default();
        let poll = self.source.poll(at_most(max), &mut basket);
        let done = Impatient { poll: pin!(poll), pauses }.await;
        let Some(poll) = done else { return Ok(true) };
        self.take(max, poll, basket)?;
        Ok(false)
    }

    /// Checks what a poll brought.
    fn take(
        &mut self,
        max: usize,
        poll: Result<Poll, ConnectorError>,
        Basket(records): Basket,
    ) -> Result<Poll, Broken> {
        let poll = succeed(self.rule, "poll", poll)?;
        let count = records.len();
        expect("poll", count <= max, || format!("{count} records came, {max} were asked for"))?;
        expect("poll", (poll == Poll::Records) == (count > 0), || {
            format!("a poll that brought {count} records says {poll:?}")
        })?;
        for Given { source_partition, position, .. } in &records {
            for text in [source_partition, position] {
                let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
                expect("position", read.is_ok(), || format!("`{text}` is not JSON"))?;
            }
        }
        self.given.extend(records);
        self.ended |= poll == Poll::End;
        Ok(poll)
    }

    /// Polls until so many more records came.
    pub(super) async fn read(&mut self, records: usize, max: usize) -> Result<(), Broken> {
        let wanted = self.given.len() + records;
        let mut idle = 0;
        while self.given.len() < wanted {
            idle = if self.poll(max).await? == Poll::Records { 0 } else { idle + 1 };
            expect(self.rule, idle < PATIENCE && !self.ended, || {
                format!("{} records came, expected {wanted}", self.given.len())
            })?;
        }
        Ok(())
    }

    /// Polls until nothing comes.
    pub(super) async fn read_all(&mut self, max: usize) -> Result<(), Broken> {
        // The second look is for sources that find out what is there in an idle poll.
        for _look in 0..2 {
            while self.poll(max).await? == Poll::Records {}
        }
        Ok(())
    }

    /// Checks that each of these values came once, and those of one part in this order.
    pub(super) fn compare(&self, expected: &[String]) -> Result<(), Broken> {
        let mut places: Vec<(&str, usize)> = Vec::new();
        for one in &self.given {
            let place = expected.iter().position(|value| *value == one.value);
            let Some(place) = place else {
                return Err(Broken::because(
                    self.rule,
                    format!("`{}` came, and was not added", one.value),
                ));
            };
            places.push((&one.source_partition, place));
        }
        let mut counted: Vec<usize> = places.iter().map(|(_, place)| *place).collect();
        counted.sort_unstable();
        let each = (0..expected.len()).collect::<Vec<_>>();
        expect(self.rule, counted == each, || {
            format!("of {} records these came: {counted:?}", expected.len())
        })?;
        // Stable: records of one part stay as they came.
        places.sort_by_key(|(part, _)| *part);
        let in_order = places.windows(2).all(|two| two[0].0 != two[1].0 || two[0].1 < two[1].1);
        expect(self.rule, in_order, || format!("records came in this order: {places:?}"))
    }
}

fn at_most(max: usize) -> NonZeroUsize {
    NonZeroUsize::new(max).expect("the suite asks for one record or more")
}

/// Keeps what one poll pushes.
#[derive(Debug, Default)]
struct Basket(Vec<Given>);

impl SourceRecords for Basket {
    fn push(&mut self, record: SourceRecord<'_>) {
        let value = record.value.map(String::from_utf8_lossy);
        self.0.push(Given {
            value: value.unwrap_or_default().into_owned(),
            source_partition: record.source_partition.to_owned(),
            position: record.position.to_owned(),
        });
    }
}

/// Gives a future up when it has waited so many times.
struct Impatient<'f, F> {
    poll: Pin<&'f mut F>,
    pauses: usize,
}

impl<F: Future> Future for Impatient<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Progress<Self::Output> {
        match self.poll.as_mut().poll(context) {
            Progress::Ready(done) => Progress::Ready(Some(done)),
            Progress::Pending if self.pauses == 0 => Progress::Ready(None),
            Progress::Pending => {
                self.pauses -= 1;
                Progress::Pending
            }
        }
    }
}
