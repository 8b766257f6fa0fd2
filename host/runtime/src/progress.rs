//! What a task tells about itself while it runs: written by its thread and its worker, read by whoever asks.

use crate::{
    assembly::ModuleName,
    metrics::TaskMetrics,
    status::{PartitionStatus, RecordCounts, State, TaskStatus, TransformCounts},
    swap::Worked,
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// One task's state, for as long as its connector runs; starts and failures of the task are part of it.
#[derive(Debug)]
pub(crate) struct Progress {
    told: Mutex<Told>,
    /// Its counters.
    pub(crate) metrics: TaskMetrics,
}

#[derive(Debug, Default)]
struct Told {
    phase: Phase,
    /// True while the task has something to work on: partitions, or its source.
    has_work: bool,
    /// What is tried again and again, by who tries.
    complaints: BTreeMap<Part, String>,
    /// Since when there are some.
    degraded: Option<Instant>,
    stalled: Option<String>,
    /// Why it has no partitions.
    away: Option<String>,
    partitions: Vec<PartitionStatus>,
    /// What its chain runs, by stage; nothing while it has none.
    modules: Arc<[ModuleName]>,
    records: RecordCounts,
    /// What its transforms did, by stage.
    transformed: Vec<TransformCounts>,
    restarts: u64,
    last_commit: Option<Instant>,
    /// What the task is made of has been made since it was started.
    is_open: bool,
    /// It had work at some time, or came to its end.
    had_work: bool,
}

/// What the supervisor knows of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It was started and has not ended.
    #[default]
    Alive,
    /// It failed, and may start anew later.
    Failed(String),
    /// It is about to start anew.
    Restarting(String),
    /// It ended in good order.
    Stopped,
}

/// A part of a task that may have to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Reading topics, and committing.
    Reader,
    /// Converting and transforming.
    Chain,
    /// The sink, the source, or the writer of a source's records.
    Connector,
    /// Writing dead letters.
    DeadLetters,
}

/// What a person is told that the task waits for.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "topics",
            Self::Chain => "converters and transforms",
            Self::Connector => "connector",
            Self::DeadLetters => "dead letter topic",
        })
    }
}

impl Progress {
    pub(crate) fn new(metrics: TaskMetrics) -> Self {
        Self { told: Mutex::default(), metrics }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // A task that panicked while it wrote left numbers, which are all there is.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a person sees of it.
    pub(crate) fn status(&self, id: usize) -> TaskStatus {
        let told = self.told();
        let has_started = told.had_work || (told.is_open && told.complaints.is_empty());
        let (state, reason) = told.state();
        TaskStatus {
            id,
            state,
            reason,
            has_started,
            partitions: told.partitions.clone(),
            transforms: told.modules.iter().map(Into::into).collect(),
            transformed: told.transformed.clone(),
            records: told.records,
            restarts: told.restarts,
        }
    }

    /// Time since the last commit.
    pub(crate) fn commit_age(&self) -> Option<Duration> {
        self.told().last_commit.map(|at| at.elapsed())
    }

    pub(crate) fn committed(&self) {
        self.told().last_commit = Some(Instant::now());
    }

    /// Notes what the supervisor does. A task that ended holds nothing.
    pub(crate) fn enter(&self, phase: Phase) {
        let mut told = self.told();
        told.restarts += u64::from(phase == Phase::Alive && told.phase != Phase::Alive);
        told.has_work = false;
        told.is_open = false;
        // A source that came to its end is as ready as it ever will be.
        told.had_work |= phase == Phase::Stopped;
        told.complaints.clear();
        told.degraded = None;
        told.stalled = None;
        told.away = None;
        told.partitions.clear();
        told.modules = Arc::default();
        let given_back = std::mem::take(&mut told.records.in_flight);
        told.records.read -= given_back;
        told.phase = phase;
    }

    /// Notes that all that the task is made of is there.
    pub(crate) fn opened(&self) {
        self.told().is_open = true;
    }

    pub(crate) fn set_work(&self, has_work: bool) {
        let mut told = self.told();
        told.has_work = has_work;
        told.had_work |= has_work;
    }

    pub(crate) fn set_partitions(&self, partitions: Vec<PartitionStatus>) {
        let mut told = self.told();
        told.has_work = !partitions.is_empty();
        told.had_work |= told.has_work;
        if told.has_work {
            told.away = None;
        }
        told.partitions = partitions;
    }

    /// Says why the task has no partitions, until it has some.
    pub(crate) fn set_away(&self, reason: &str) {
        self.told().away = Some(reason.to_owned());
    }

    pub(crate) fn set_modules(&self, modules: Arc<[ModuleName]>) {
        self.told().modules = modules;
    }

    pub(crate) fn set_stalled(&self, stalled: Option<String>) {
        self.told().stalled = stalled;
    }

    /// Says that a part tries the same again, and why: the task is DEGRADED. That it has become so is logged, and no try.
    pub(crate) fn complain(&self, part: Part, reason: impl Into<String>) {
        let (reason, mut told) = (reason.into(), self.told());
        told.complaints.insert(part, reason.clone());
        let is_new = told.degraded.is_none();
        told.degraded.get_or_insert_with(Instant::now);
        drop(told);
        if is_new {
            let task = self.metrics.task_name();
            tracing::warn!(%task, waits_for = %part, %reason, "the task is DEGRADED");
        }
    }

    /// Says that a part goes on.
    pub(crate) fn recover(&self, part: Part) {
        let mut told = self.told();
        told.complaints.remove(&part);
        if !told.complaints.is_empty() {
            return;
        }
        let since = told.degraded.take();
        drop(told);
        if let Some(since) = since {
            let (task, lasted_ms) = (self.metrics.task_name(), since.elapsed().as_millis());
            tracing::info!(%task, lasted_ms, "the task is DEGRADED no more");
        }
    }

    /// Adds what the transforms did with a batch. The stages of a connector keep their names, whatever is swapped.
    pub(crate) fn worked(&self, modules: &[ModuleName], worked: &[Worked]) {
        let mut told = self.told();
        for (stage, (module, worked)) in modules.iter().zip(worked).enumerate() {
            if told.transformed.len() == stage {
                let name = module.transform.clone();
                told.transformed.push(TransformCounts { name, ..TransformCounts::default() });
            }
            told.transformed[stage].note(*worked);
            self.metrics.transformed(&module.transform, *worked);
        }
    }

    /// Changes the sums of records; called once a batch.
    pub(crate) fn count(&self, change: impl FnOnce(&mut RecordCounts)) {
        let mut told = self.told();
        change(&mut told.records);
        let RecordCounts { read, delivered, dropped, dead_lettered, skipped, in_flight, out: _ } =
            told.records;
        debug_assert_eq!(read, delivered + dropped + dead_lettered + skipped + in_flight);
    }
}

impl Told {
    fn state(&self) -> (State, Option<String>) {
        match &self.phase {
            Phase::Failed(reason) => (State::Failed, Some(reason.clone())),
            Phase::Restarting(reason) => (State::Restarting, Some(reason.clone())),
            Phase::Stopped => (State::Stopped, None),
            Phase::Alive => match self.complaints.values().next() {
                Some(reason) => (State::Degraded, Some(reason.clone())),
                None if self.has_work => (State::Running, self.stalled.clone()),
                None => (State::Unassigned, self.away.clone()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn why_there_are_no_partitions_is_told_until_there_are_some() {
        let progress = Progress::new(Metrics::new().task("sink", 0));
        progress.enter(Phase::Alive);
        let told = || {
            let TaskStatus { state, reason, .. } = progress.status(0);
            (state, reason)
        };
        let partition = PartitionStatus {
            topic: "orders".to_owned(),
            partition: 0,
            committed: None,
            lag: None,
        };
        progress.set_away("taken");
        progress.set_partitions(Vec::new());
        assert_eq!(told(), (State::Unassigned, Some("taken".to_owned())));
        progress.set_partitions(vec![partition]);
        progress.set_partitions(Vec::new());
        assert_eq!(told(), (State::Unassigned, None));
    }
}
