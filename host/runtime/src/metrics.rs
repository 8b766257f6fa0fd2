//! Metrics: every name stands here and nowhere else. Counters are bumped once a batch.

use crate::{status::TaskStatus, swap::Worked};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use std::{
    sync::{Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

/// All metrics of a process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    families: Families,
}

#[derive(Debug, Clone)]
struct Families {
    records: Family<RecordLabels, Counter>,
    transform_records: Family<TransformRecordLabels, Counter>,
    transform_time: Family<TransformLabels, Counter<f64, AtomicU64>>,
    lag: Family<PartitionLabels, Gauge>,
    commit_age: Family<TaskLabels, Gauge>,
    rebalances: Family<TaskLabels, Counter>,
    dead_letter_failures: Family<TaskLabels, Counter>,
    retries: Family<TaskLabels, Counter>,
    unknown_fields: Family<TaskLabels, Counter>,
    batch: Family<TaskLabels, Histogram, fn() -> Histogram>,
    put: Family<TaskLabels, Histogram, fn() -> Histogram>,
    restarts: Family<TaskLabels, Gauge>,
    state: Family<StateLabels, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    connector: String,
    task: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RecordLabels {
    connector: String,
    task: u64,
    stage: &'static str,
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransformRecordLabels {
    connector: String,
    task: u64,
    transform: String,
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransformLabels {
    connector: String,
    task: u64,
    transform: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartitionLabels {
    connector: String,
    task: u64,
    topic: String,
    partition: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    connector: String,
    task: u64,
    state: &'static str,
}

/// Where on its way a record was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// Read from a topic or given by a source.
    Read,
    /// At a converter.
    Convert,
    /// At a transform.
    Transform,
    /// At the sink, or at the topics that a source writes.
    Deliver,
}

/// What became of it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// It goes on.
    Passed,
    /// Dropped on purpose.
    Dropped,
    /// Failed, and is in the dead letter topic.
    DeadLettered,
    /// Failed and left out, or below the offset that the sink has.
    Skipped,
}

/// The metrics of one task.
#[derive(Debug, Clone)]
pub(crate) struct TaskMetrics {
    labels: TaskLabels,
    families: Families,
}

/// From a tenth of a millisecond to some 26 seconds.
fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 4.0, 10))
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let times: fn() -> Histogram = times;
        let families = Families {
            records: Family::default(),
            transform_records: Family::default(),
            transform_time: Family::default(),
            lag: Family::default(),
            commit_age: Family::default(),
            rebalances: Family::default(),
            dead_letter_failures: Family::default(),
            retries: Family::default(),
            unknown_fields: Family::default(),
            batch: Family::new_with_constructor(times),
            put: Family::new_with_constructor(times),
            restarts: Family::default(),
            state: Family::default(),
        };
        Self { registry: Mutex::new(families.registry()), families }
    }

    /// The metrics of a task.
    pub(crate) fn task(&self, connector: &str, task: usize) -> TaskMetrics {
        let labels = TaskLabels { connector: connector.to_owned(), task: task as u64 };
        TaskMetrics { labels, families: self.families.clone() }
    }

    /// All metrics, in Prometheus' text format. `set_levels` sets what is a level and no count, of all tasks.
    pub(crate) fn text(&self, set_levels: impl FnOnce()) -> String {
        let mut text = String::new();
        // Whoever else reads meanwhile waits: it would see levels that are cleared and not set yet.
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Partitions that were given back are in it no more.
        self.families.lag.clear();
        self.families.commit_age.clear();
        self.families.state.clear();
        set_levels();
        encode(&mut text, &registry).expect("a String takes everything that is written to it");
        text
    }
}

impl Families {
    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("transom");
        let r = &mut registry;
        r.register(
            "records",
            "Records by stage and what became of them there",
            self.records.clone(),
        );
        let help = "Records by transform and what it made of them";
        r.register("transform_records", help, self.transform_records.clone());
        let help = "Time of each transform";
        r.register_with_unit("transform_time", help, Unit::Seconds, self.transform_time.clone());
        r.register("lag", "Records between the position and the end of the log", self.lag.clone());
        let help = "Time since offsets were last committed";
        r.register_with_unit("last_commit_age", help, Unit::Seconds, self.commit_age.clone());
        r.register("rebalances", "Changes of assignment", self.rebalances.clone());
        let help = "Writes of dead letters that failed";
        r.register("dead_letter_failures", help, self.dead_letter_failures.clone());
        r.register("retries", "Calls that were made again", self.retries.clone());
        let help = "Fields that no descriptor knows, left out of records";
        r.register("unknown_fields", help, self.unknown_fields.clone());
        let help = "Time of the transforms for a batch";
        r.register_with_unit("batch_time", help, Unit::Seconds, self.batch.clone());
        let help = "Time of a put, or of a write to topics";
        r.register_with_unit("put_time", help, Unit::Seconds, self.put.clone());
        r.register("task_restarts", "Starts after a failure", self.restarts.clone());
        r.register("task_state", "1 for the state that a task is in", self.state.clone());
        registry
    }
}

impl TaskMetrics {
    /// The task's name in logs: connector and number.
    pub(crate) fn task_name(&self) -> String {
        let TaskLabels { connector, task } = &self.labels;
        format!("{connector}-{task}")
    }

    /// The connector's name.
    pub(crate) fn connector(&self) -> &str {
        &self.labels.connector
    }

    /// Counts records of a batch.
    pub(crate) fn records(&self, stage: Stage, verdict: Verdict, count: u64) {
        if count > 0 {
            let TaskLabels { connector, task } = self.labels.clone();
            let (stage, verdict) = (stage.name(), verdict.name());
            let labels = RecordLabels { connector, task, stage, verdict };
            self.families.records.get_or_create(&labels).inc_by(count);
        }
    }

    /// Counts what a transform did with a batch.
    pub(crate) fn transformed(&self, transform: &str, Worked { passage, time }: Worked) {
        let TaskLabels { connector, task } = &self.labels;
        let of = [
            ("passed", passage.passed()),
            ("dropped", passage.dropped),
            ("failed", passage.failed),
        ];
        for (verdict, count) in of.into_iter().filter(|(_, count)| *count > 0) {
            let (connector, transform) = (connector.clone(), transform.to_owned());
            let labels = TransformRecordLabels { connector, task: *task, transform, verdict };
            self.families.transform_records.get_or_create(&labels).inc_by(count);
        }
        let (connector, transform) = (connector.clone(), transform.to_owned());
        let labels = TransformLabels { connector, task: *task, transform };
        self.families.transform_time.get_or_create(&labels).inc_by(time.as_secs_f64());
    }

    pub(crate) fn rebalanced(&self) {
        self.families.rebalances.get_or_create(&self.labels).inc();
    }

    pub(crate) fn dead_letter_failed(&self) {
        self.families.dead_letter_failures.get_or_create(&self.labels).inc();
    }

    pub(crate) fn retried(&self) {
        self.families.retries.get_or_create(&self.labels).inc();
    }

    /// Counts fields that converters left out, by how many they have left out so far.
    pub(crate) fn unknown_fields(&self, so_far: u64, counted: &mut u64) {
        let more = so_far - std::mem::replace(counted, so_far);
        if more > 0 {
            self.families.unknown_fields.get_or_create(&self.labels).inc_by(more);
        }
    }

    pub(crate) fn batch_took(&self, time: Duration) {
        self.families.batch.get_or_create(&self.labels).observe(time.as_secs_f64());
    }

    pub(crate) fn put_took(&self, time: Duration) {
        self.families.put.get_or_create(&self.labels).observe(time.as_secs_f64());
    }

    /// Sets what is a level and no count.
    pub(crate) fn set_levels(&self, status: &TaskStatus, commit_age: Option<Duration>) {
        let TaskLabels { connector, task } = &self.labels;
        let restarts = i64::try_from(status.restarts).unwrap_or(i64::MAX);
        self.families.restarts.get_or_create(&self.labels).set(restarts);
        if let Some(age) = commit_age {
            let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
            self.families.commit_age.get_or_create(&self.labels).set(seconds);
        }
        let state = status.state.name();
        let labels = StateLabels { connector: connector.clone(), task: *task, state };
        self.families.state.get_or_create(&labels).set(1);
        for partition in &status.partitions {
            let Some(lag) = partition.lag else { continue };
            let (connector, topic) = (connector.clone(), partition.topic.clone());
            let partition = i64::from(partition.partition);
            let labels = PartitionLabels { connector, task: *task, topic, partition };
            self.families.lag.get_or_create(&labels).set(lag);
        }
    }
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Convert => "convert",
            Self::Transform => "transform",
            Self::Deliver => "deliver",
        }
    }
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Dropped => "dropped",
            Self::DeadLettered => "dead_lettered",
            Self::Skipped => "skipped",
        }
    }
}
