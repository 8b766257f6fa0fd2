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

/// What a run begins with that has no position.
#[derive(Debug, Clone, Copy)]
pub struct Fresh {
    /// A number at random, unless the settings have a seed.
    pub seed: u64,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

impl Position {
    /// Where to begin: where the last run stood if it had not ended, else at the beginning of another.
    pub(super) fn begin(settings: &DatagenSource, last: Option<Self>, fresh: Fresh) -> Self {
        let is_open = |last: &Self| {
            let same_stream = settings.seed.is_none_or(|seed| seed == last.seed);
            same_stream && settings.count.is_none_or(|count| last.next < count)
        };
        match (last.filter(is_open), settings.seed) {
            (Some(last), _) => last,
            (None, Some(seed)) => Self { seed, first: 1, next: 0 },
            (None, None) => {
                // Microseconds, as no run makes more than a million messages a second. And if the clock was turned back?
                let by_clock = fresh.now_ms.max(0).cast_unsigned().saturating_mul(1_000);
                let behind_last = last.map_or(0, |last| last.first.saturating_add(last.next));
                Self { seed: fresh.seed, first: by_clock.max(behind_last), next: 0 }
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
