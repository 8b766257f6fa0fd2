//! Where a stream goes on.

use super::text::Digits;
use crate::config::DatagenSource;
use serde::Deserialize;

/// Where a stream goes on. A message is a function of it and of the time, so that what comes again after a crash is the same
/// again, times excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// What random numbers are made from.
    pub(super) seed: u64,
    /// The number in sequences that message 0 has.
    pub(super) first: u64,
    /// The next message of the run, counted from 0.
    pub(super) next: u64,
}

/// How a stream is started.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Another run begins where the last one had ended, as when somebody starts the program again. A task that is
    /// restarted after a failure must not make a run's messages twice: to it what has ended has ended.
    pub again: bool,
    /// A number at random, for a run that begins. A seed in the settings stands before it.
    pub seed: u64,
    /// Milliseconds since 1970, for the sequences of a run that begins.
    pub now_ms: i64,
}

impl Position {
    /// Where to begin: where the last run stood, or at the beginning of another.
    pub(super) fn begin(settings: &DatagenSource, last: Option<Self>, start: Start) -> Self {
        let goes_on = |last: &Self| {
            let same_stream = settings.seed.is_none_or(|seed| seed == last.seed);
            let has_ended = settings.count.is_some_and(|count| last.next >= count);
            same_stream && !(has_ended && start.again)
        };
        match (last.filter(goes_on), settings.seed) {
            (Some(last), _) => last,
            (None, Some(seed)) => Self { seed, first: 1, next: 0 },
            (None, None) => {
                // Microseconds: below a million messages a second a run stays behind the clock, and the next begins above it.
                let by_clock = start.now_ms.max(0).cast_unsigned().saturating_mul(1_000);
                // The clock may have been turned back.
                let behind_last = last.map_or(0, |last| last.first.saturating_add(last.next));
                Self { seed: start.seed, first: by_clock.max(behind_last), next: 0 }
            }
        }
    }

    /// The number of the next message in sequences.
    pub(super) fn sequence(&self) -> u64 {
        self.first.wrapping_add(self.next)
    }
}

/// A position as text, of which only the end changes from message to message.
#[derive(Debug)]
pub(super) struct PositionText {
    text: String,
    fixed: usize,
}

impl PositionText {
    pub(super) fn of(position: &Position) -> Self {
        let text = format!("{{\"seed\":{},\"first\":{},\"next\":", position.seed, position.first);
        Self { fixed: text.len(), text }
    }

    /// The text for this next message.
    pub(super) fn at(&mut self, next: u64) -> &str {
        self.text.truncate(self.fixed);
        self.text.extend(Digits::of(next, 1).bytes().iter().map(|digit| char::from(*digit)));
        self.text.push('}');
        &self.text
    }
}
