//! CPU time: what a call has used on its thread, measured so that a busy machine makes no innocent record fail.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// What one entry into a guest may use, and since when it is measured.
#[derive(Debug, Default)]
pub(super) struct CpuBudget {
    budget: Duration,
    since: Option<Duration>,
}

impl CpuBudget {
    /// Grants `budget` to the entry that begins now.
    ///
    /// Reading the thread's clock takes a system call, so it is first read at the first tick that finds the entry
    /// still running; calls that end earlier, nearly all, pay nothing. What was used before that tick is a gift.
    pub(super) fn grant(&mut self, budget: Duration) {
        *self = Self { budget, since: None };
    }

    /// What was granted.
    pub(super) fn budget(&self) -> Duration {
        self.budget
    }

    /// True if the entry may go on at `now`, a reading of [`thread_cpu_time`].
    pub(super) fn allows(&mut self, now: Duration) -> bool {
        let since = *self.since.get_or_insert(now);
        now.saturating_sub(since) < self.budget
    }
}

/// CPU time that the calling thread has used so far.
pub(super) fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_from_the_first_look() {
        let ms = Duration::from_millis;
        let mut cpu = CpuBudget::default();
        cpu.grant(ms(10));
        for (now, allowed) in [(5_000, true), (5_009, true), (5_010, false)] {
            assert_eq!(cpu.allows(ms(now)), allowed, "{now}");
        }
        cpu.grant(ms(10));
        assert!(cpu.allows(ms(5_010)), "each entry has its own");
    }

    #[test]
    fn only_work_moves_the_clock() {
        let start = thread_cpu_time();
        let mut sum = 0_u64;
        while thread_cpu_time() == start {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(thread_cpu_time() > start);
    }
}
