//! What a person sees of connectors and tasks.

use crate::swap::Worked;
use serde::{Deserialize, Serialize};
use std::fmt;

/// All connectors of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// In the order of the configuration.
    pub connectors: Vec<ConnectorStatus>,
}

impl Status {
    /// Why the process is not ready: a line for each task that has failed, or has not got through its start yet.
    pub fn not_ready(&self) -> Vec<String> {
        self.lines(|task| task.has_failed() || !task.has_started)
    }

    /// A line for each task that has failed, whether it starts anew by itself or not.
    pub fn failures(&self) -> Vec<String> {
        self.lines(TaskStatus::has_failed)
    }

    fn lines(&self, is_listed: impl Fn(&TaskStatus) -> bool) -> Vec<String> {
        let tasks = self
            .connectors
            .iter()
            .flat_map(|connector| connector.tasks.iter().map(move |task| (connector, task)));
        tasks
            .filter(|(_, task)| is_listed(task))
            .map(|(connector, task)| {
                let reason = task.reason.as_deref().unwrap_or("it has not started yet");
                format!("{} task {} is {}: {reason}", connector.name, task.id, task.state)
            })
            .collect()
    }
}

/// One connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectorStatus {
    /// Its name.
    pub name: String,
    /// `sink` or `source`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its tasks, by number.
    pub tasks: Vec<TaskStatus>,
    /// Its transforms, in order, as a task that starts now runs them.
    pub transforms: Vec<TransformStatus>,
}

impl ConnectorStatus {
    /// The sums of all its tasks.
    pub fn records(&self) -> RecordCounts {
        let mut sums = RecordCounts::default();
        self.tasks.iter().for_each(|task| sums.add(task.records));
        sums
    }

    /// What its transforms did in all its tasks, in order.
    pub fn transformed(&self) -> Vec<TransformCounts> {
        let of_tasks = |transform: &TransformStatus| {
            let name = transform.name.clone();
            let mut sums = TransformCounts { name, ..TransformCounts::default() };
            let counts = self.tasks.iter().flat_map(|task| &task.transformed);
            counts
                .filter(|counts| counts.name == transform.name)
                .for_each(|counts| sums.add(counts));
            sums
        };
        self.transforms.iter().map(of_tasks).collect()
    }
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// Its number.
    pub id: usize,
    /// What it is doing.
    pub state: State,
    /// What it waits for, or why it failed; with the way out.
    pub reason: Option<String>,
    /// It has got through a start since the process began: what it is made of is there, and its brokers have answered.
    pub has_started: bool,
    /// The partitions that it has.
    pub partitions: Vec<PartitionStatus>,
    /// What its chain runs, in order; nothing while it has none.
    pub transforms: Vec<TransformStatus>,
    /// What its transforms did since the process began, in order.
    pub transformed: Vec<TransformCounts>,
    /// Sums of records.
    pub records: RecordCounts,
    /// Times that it was started anew after a failure.
    pub restarts: u64,
}

impl TaskStatus {
    fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed | State::Restarting)
    }
}

/// One partition of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionStatus {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset that is committed; a restart goes on there.
    pub committed: Option<i64>,
    /// Records between the reader's position and the end of the log.
    pub lag: Option<i64>,
}

/// Input records by what became of them: `read = delivered + dropped + dead_lettered + skipped + in_flight`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCounts {
    /// Read from the topic or the source.
    pub read: u64,
    /// Delivered to the sink or to Kafka.
    pub delivered: u64,
    /// Dropped on purpose by a transform.
    pub dropped: u64,
    /// In the dead letter topic.
    pub dead_lettered: u64,
    /// Failed and left out, where no dead letter topic is named; or below the offset that the sink has.
    pub skipped: u64,
    /// Read, and not settled yet.
    pub in_flight: u64,
    /// Records that the sink got, children of split ones counted each.
    pub out: u64,
}

/// What one transform did, in all its versions: `records = passed + dropped + failed`. Children of a split record are records
/// of the transforms behind it; what is read again, after a rebalance or a failure of the task, is counted again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformCounts {
    /// Its name in the configuration.
    pub name: String,
    /// Records that it was given: those that its predicate selects.
    pub records: u64,
    /// Those that went on.
    pub passed: u64,
    /// Those that it dropped on purpose.
    pub dropped: u64,
    /// Those that it failed on; the error policy decides about them.
    pub failed: u64,
    /// Time that the tasks' threads spent in it, in nanoseconds, with whatever else the processor did meanwhile.
    pub time_ns: u64,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// It has no partition: it waits for the group, or there are more tasks than partitions.
    Unassigned,
    /// It works, or waits for records.
    Running,
    /// It works on the same records until something passes; `reason` names it.
    Degraded,
    /// It failed; `reason` says why, and whether it starts anew by itself or waits for an operator.
    Failed,
    /// It failed and is about to start anew.
    Restarting,
    /// It has ended.
    Stopped,
}

/// One transform of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformStatus {
    /// Its name in the configuration.
    pub name: String,
    /// The module's name and version.
    pub module: String,
    /// The module's sha256.
    pub sha256: String,
}

impl State {
    /// The state as JSON and metrics spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unassigned => "UNASSIGNED",
            Self::Running => "RUNNING",
            Self::Degraded => "DEGRADED",
            Self::Failed => "FAILED",
            Self::Restarting => "RESTARTING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl RecordCounts {
    fn add(&mut self, more: Self) {
        let Self { read, delivered, dropped, dead_lettered, skipped, in_flight, out } = more;
        self.read += read;
        self.delivered += delivered;
        self.dropped += dropped;
        self.dead_lettered += dead_lettered;
        self.skipped += skipped;
        self.in_flight += in_flight;
        self.out += out;
    }
}

impl TransformCounts {
    /// Time for a record, in nanoseconds; nothing before the first.
    pub fn ns_per_record(&self) -> Option<u64> {
        self.time_ns.checked_div(self.records)
    }

    fn add(&mut self, more: &Self) {
        let Self { name: _, records, passed, dropped, failed, time_ns } = more;
        self.records += records;
        self.passed += passed;
        self.dropped += dropped;
        self.failed += failed;
        self.time_ns += time_ns;
    }

    /// Adds a batch.
    pub(crate) fn note(&mut self, Worked { passage, time }: Worked) {
        self.records += passage.records;
        self.passed += passage.passed();
        self.dropped += passage.dropped;
        self.failed += passage.failed;
        self.time_ns += u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    }
}

/// The module, as a person reads it.
impl fmt::Display for TransformStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, sha256, .. } = self;
        write!(f, "{module}, sha256 {}", sha256.get(..12).unwrap_or(sha256))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
