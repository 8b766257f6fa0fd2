//! Made-up messages: the pure half of the datagen source. Random numbers are made from a seed that is handed in, and
//! the time is handed in as well (invariant 6).
//!
//! Settings become [`Stream`], which writes one message after the other into buffers of its own. Message n of a stream is
//! a function of the seed, of n and of the time: nothing is carried over from the one before, so a position is three
//! numbers, and a stream that goes on from it is the stream that was never interrupted.

mod flaw;
mod plan;
mod position;
mod random;
mod template;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use flaw::Flaw;
pub use position::Start;

use crate::config::{DatagenSource, Interval, Place};
use flaw::Flaws;
use plan::Plan;
use position::{Position, PositionText};
use random::Random;
use template::Given;

/// Set in what the pauses are drawn from, so that they have nothing in common with the messages.
const PAUSES: u64 = 1 << 63;

/// Messages, one after the other.
#[derive(Debug)]
pub struct Stream {
    plan: Plan,
    count: Option<u64>,
    interval: Interval,
    position: Position,
    text: PositionText,
    rows: Vec<usize>,
    value: Vec<u8>,
}

/// One message. It lies in buffers of the stream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The topic that it goes to.
    pub topic: &'a str,
    /// The name of the message.
    pub name: &'a str,
    /// The topic under whose name the value converter is asked; nothing for `topic`.
    pub converter_topic: Option<&'a str>,
    /// It is poison.
    pub is_poison: bool,
    /// The message as JSON.
    pub value: &'a [u8],
    /// Where the stream goes on behind it (JSON).
    pub position: &'a str,
}

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub enum DatagenError {
    /// The settings do not hold together.
    #[error("{}: {}; {}", .0.place, .0.message, .0.help)]
    Settings(Flaw),
    /// The stored position was written by something else.
    #[error(
        "the stored position `{position}` is none of this source's; reset the connector's offsets to begin anew"
    )]
    Position {
        /// The position.
        position: String,
        /// What was expected.
        source: serde_json::Error,
    },
}

/// Everything that does not hold in settings which the schema has nothing against. `at` is where they stand.
pub fn problems(settings: &DatagenSource, at: &Place) -> Vec<Flaw> {
    let mut flaws = Flaws::of(at);
    let _plan = Plan::of(settings, &mut flaws);
    flaws.found
}

impl Stream {
    /// The stream of these settings: on from `position` if there is one of this stream, else from its beginning.
    ///
    /// # Errors
    /// [`DatagenError`] with the first of [`problems`], or if there never was such a position.
    pub fn new(
        settings: &DatagenSource,
        position: Option<&str>,
        start: Start,
    ) -> Result<Self, DatagenError> {
        let mut flaws = Flaws::of(&Place::default());
        let plan = Plan::of(settings, &mut flaws);
        if let Some(flaw) = flaws.found.into_iter().next() {
            return Err(DatagenError::Settings(flaw));
        }
        let read = |position: &str| {
            let wrong = |source| DatagenError::Position { position: position.to_owned(), source };
            serde_json::from_str(position).map_err(wrong)
        };
        let position = Position::begin(settings, position.map(read).transpose()?, start);
        Ok(Self {
            plan,
            count: settings.count,
            interval: settings.interval_ms,
            text: PositionText::of(&position),
            position,
            rows: Vec::new(),
            value: Vec::new(),
        })
    }

    /// True if there were as many messages as the settings ask for.
    pub fn has_ended(&self) -> bool {
        self.count.is_some_and(|count| self.position.next >= count)
    }

    /// The next message; nothing if there were as many as the settings ask for.
    pub fn next_message(&mut self, now_ms: i64) -> Option<Message<'_>> {
        let number = self.position.next;
        if self.has_ended() {
            return None;
        }
        let mut random = Random::of(self.position.seed, number);
        let topic = self.plan.topics.get(random.index(self.plan.topics.len()))?;
        // Drawn before, so that without poison the same messages stand around it.
        let poison = self.plan.poison.as_ref().filter(|poison| poison.is_due(number));
        let template =
            self.plan.templates.get(poison.map_or(topic.template, |poison| poison.template))?;
        let given = Given { now_ms, sequence: self.position.sequence() };
        template.write(random, given, &mut self.rows, &mut self.value);
        self.position.next = number.wrapping_add(1);
        Some(Message {
            topic: &topic.name,
            name: &template.message,
            converter_topic: poison.and_then(|poison| poison.converter_topic.as_deref()),
            is_poison: poison.is_some(),
            value: &self.value,
            position: self.text.at(self.position.next),
        })
    }

    /// Milliseconds to wait before the next message.
    pub fn pause_ms(&self) -> u64 {
        match self.interval {
            Interval::Fixed(pause) => pause,
            Interval::Drawn(range) => {
                let mut random = Random::of(self.position.seed, self.position.next ^ PAUSES);
                range.min + random.up_to(range.max.saturating_sub(range.min))
            }
        }
    }
}
