//! What a task decides, as functions without a clock: where a partition begins, how long to wait before the next try,
//! when too many records were refused.

use crate::{
    config::RejectLimit,
    topic::{StoredOffset, TopicIdentity, TopicPartition, Watermarks},
};
use core::time::Duration;

#[cfg(test)]
mod tests;

/// Where reading begins if nothing is stored (`auto.offset.reset`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// At the oldest record.
    Earliest,
    /// Behind the newest.
    Latest,
    /// The task fails.
    Fail,
}

/// Why reading cannot begin: going on would skip or repeat records in silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "offset of `{partition}`: {why}; stored {stored}, earliest {}, latest {}",
    log.earliest, log.latest, stored = stored.map_or_else(|| "none".to_owned(), |stored| stored.to_string())
)]
pub struct StartError {
    /// The partition.
    pub partition: TopicPartition,
    /// What is wrong.
    pub why: Mismatch,
    /// The offset that was stored.
    pub stored: Option<i64>,
    /// What the log has.
    pub log: Watermarks,
}

/// What is wrong with a stored offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// There is none, and `auto.offset.reset` allows no guess.
    #[error("nothing is stored, and `auto.offset.reset` says `none`")]
    NothingStored,
    /// It was stored for another cluster.
    #[error("it was stored for another cluster")]
    OtherCluster,
    /// The topic was deleted and created anew.
    #[error("it was stored for a topic of that name that is there no more")]
    OtherTopic,
    /// The records are gone.
    #[error("the records from it on are gone from the log")]
    BelowEarliest,
    /// The log was cut, or is another one.
    #[error("the log ends before it")]
    AboveLatest,
}

/// Decides at which offset a partition begins: at the one that was stored if the same log has it, else by `reset` if
/// nothing was stored.
///
/// # Errors
/// [`StartError`] if records would be skipped or read twice in silence: an operator decides.
pub fn start(
    stored: &StoredOffset,
    now: &TopicIdentity,
    log: Watermarks,
    reset: Reset,
) -> Result<i64, StartError> {
    let refuse = |why| {
        Err(StartError { partition: stored.partition.clone(), why, stored: stored.offset, log })
    };
    let Some(offset) = stored.offset else {
        return match reset {
            Reset::Earliest => Ok(log.earliest),
            Reset::Latest => Ok(log.latest),
            Reset::Fail => refuse(Mismatch::NothingStored),
        };
    };
    if let Some(then) = &stored.identity {
        if differ(&then.cluster, &now.cluster) {
            return refuse(Mismatch::OtherCluster);
        }
        if differ(&then.topic, &now.topic) {
            return refuse(Mismatch::OtherTopic);
        }
    }
    match offset {
        _ if offset < log.earliest => refuse(Mismatch::BelowEarliest),
        _ if offset > log.latest => refuse(Mismatch::AboveLatest),
        _ => Ok(offset),
    }
}

/// True for two ids that are both known and not the same.
fn differ(then: &str, now: &str) -> bool {
    !then.is_empty() && !now.is_empty() && then != now
}

/// Kafka Connect's pause before try number `attempt` + 1 of a conversion or transform: 300 ms, doubled each time; once
/// that exceeds `max`, something random below `max` (`random` is 0 to 1); never more than is `left`.
pub fn retry_delay(attempt: u32, max: Duration, random: f64, left: Option<Duration>) -> Duration {
    let delay =
        Duration::from_millis(300).saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX));
    let delay = if delay > max { max.mul_f64(random.clamp(0.0, 1.0)) } else { delay };
    left.map_or(delay, |left| delay.min(left))
}

/// The pause before the next try of something that may pass or that failed as a whole: `base`, doubled each time up to
/// `cap`, of which a random half is left out, so that tasks that failed together do not come back together.
pub fn backoff(attempt: u32, base: Duration, cap: Duration, random: f64) -> Duration {
    let delay = base.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(cap);
    delay.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

/// How many records the next load may have, so that its chain is through within `time`: the task's thread does not poll
/// meanwhile, and a group gives up a member that is silent for `max.poll.interval.ms`. A load of `records` records `took` so
/// long under the limit that there was: one that was late sets the limit to what would have been in time, one that made
/// full use of it in a quarter of the time doubles it, up to `max`. Never less than one.
pub fn load_limit(
    limit: usize,
    records: usize,
    took: Duration,
    time: Duration,
    max: usize,
) -> usize {
    if took > time {
        let share = time.as_secs_f64() / took.as_secs_f64();
        let in_time = Duration::from_micros(records as u64).mul_f64(share).as_micros();
        usize::try_from(in_time).unwrap_or(usize::MAX).clamp(1, limit.max(1))
    } else if records >= limit && took < time / 4 {
        limit.saturating_mul(2).clamp(1, max.max(1))
    } else {
        limit
    }
}

/// How many of the last records a sink refused.
#[derive(Debug)]
pub struct RejectWindow {
    limit: Option<RejectLimit>,
    /// A bit for each of the last records: refused.
    refused: [u64; WINDOW.div_ceil(64)],
    at: usize,
}

/// Records that a limit looks back on.
const WINDOW: usize = 1000;

impl RejectWindow {
    /// A window in which nothing was refused.
    pub const fn new(limit: Option<RejectLimit>) -> Self {
        Self { limit, refused: [0; WINDOW.div_ceil(64)], at: 0 }
    }

    /// Notes what became of a record.
    pub fn note(&mut self, is_refused: bool) {
        let (word, bit) = (self.at / 64, 1_u64 << (self.at % 64));
        self.refused[word] =
            if is_refused { self.refused[word] | bit } else { self.refused[word] & !bit };
        self.at = (self.at + 1) % WINDOW;
    }

    /// True if `more` refusals among the next `of` records are over the limit, with those of the window that are not behind
    /// it then. A share is one of the whole window, so that the first record of all is not 100 % of what was seen; of more
    /// records than a window has, as many more may be refused.
    pub fn would_exceed(&self, more: usize, of: usize) -> bool {
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let refused = number(more) + number(self.refused_of_last(WINDOW.saturating_sub(of)));
        let windows = number(of.max(WINDOW)) / number(WINDOW);
        match self.limit {
            None => false,
            Some(RejectLimit::Count(limit)) => refused > f64::from(limit) * windows,
            Some(RejectLimit::Share(share)) => refused > share * number(WINDOW) * windows,
        }
    }

    /// How many of the last records were refused.
    fn refused_of_last(&self, records: usize) -> usize {
        let is_refused = |back: &usize| {
            let at = (self.at + WINDOW - back) % WINDOW;
            self.refused[at / 64] & 1_u64 << (at % 64) != 0
        };
        (1..=records.min(WINDOW)).filter(is_refused).count()
    }
}
