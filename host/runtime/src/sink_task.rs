//! A sink task: records from topics through converters and a chain to a sink.
//!
//! One thread owns the reader, the ledger, the converters and the chain; it polls, and never waits longer than a poll
//! may be late. A worker on the async runtime owns the sink and the dead letters. Between them go three loads at most:
//!
//! ```text
//! thread   poll → admit → decode → transform ──┐      ┌── settle → commit
//!                                     two queues: commands, replies
//! worker                            dead letters → put → flush
//! ```
//!
//! | file | what |
//! |---|---|
//! | `flow` | filling loads, back-pressure, retries of the chain |
//! | `partitions` | what the group gives and takes |
//! | `commits` | flushing, committing, ending |
//! | `worker` | the queues |
//! | `delivery` | dead letters, put, what the sink refuses |

mod commits;
mod delivery;
mod flow;
mod partitions;
mod worker;

use crate::{
    complaint::Complaint,
    context::TaskContext,
    dead_letters::DeadLetters,
    failure::{Failure, FailureKind},
    load::{Load, OpenGenerations},
    pace::Pace,
    swap::TaskChain,
};
use commits::Commits;
use delivery::Delivery;
use partitions::Partitions;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::runtime::Handle;
use transom_core::{
    convert::Converters,
    ledger::Ledger,
    topic::{CommitMode, PollLimits, Polled, TopicError, TopicReader},
};
use worker::{Reply, Worker};

/// Loads of a task: one that is filled, one that waits, one at the sink.
const LOADS: usize = 3;

/// Longest time between two polls of the reader.
const POLL: Duration = Duration::from_millis(100);

/// A sink task from one start to its end.
struct SinkTask {
    context: TaskContext,
    reader: Box<dyn TopicReader>,
    converters: Converters,
    /// Fields that they have left out, as far as the metrics have them.
    unknown_fields: u64,
    chain: TaskChain,
    ledger: Ledger,
    open: Arc<OpenGenerations>,
    worker: Worker,
    /// Loads that are free.
    #[expect(clippy::vec_box, reason = "a load goes through the queues as a pointer")]
    spare: Vec<Box<Load>>,
    /// What the reader said and nobody has looked at yet.
    events: VecDeque<Polled>,
    partitions: Partitions,
    commits: Commits,
    pressure: flow::Pressure,
    pace: Pace,
    complaint: Complaint,
}

/// Runs a task on the thread that calls until it is stopped or fails.
///
/// # Errors
/// [`Failure`]: what is not committed is read again by whoever has its partition then.
pub(crate) fn run(context: &TaskContext, runtime: &Handle) -> Result<(), Failure> {
    let opened = runtime.block_on(async {
        tokio::select! {
            () = context.stop.cancelled() => None,
            opened = SinkTask::open(context, runtime) => Some(opened),
        }
    });
    let Some(task) = opened else { return Ok(()) };
    let mut task = task?;
    context.progress.opened();
    let ended = task.work().and_then(|()| task.finish()).map_err(|failure| {
        // Who took the partitions over is known to the reader, if it was not the group.
        let by_whom = (failure.kind == FailureKind::Superseded).then(|| task.poll_events().err());
        by_whom.flatten().unwrap_or(failure)
    });
    if ended.as_ref().is_err_and(Failure::is_by_policy)
        // What is before the record that it stops at is to be delivered and committed.
        && let Err(failure) = task.finish()
    {
        tracing::warn!(task = %context.name(), error = %failure.reason, "not all that was delivered is committed");
    }
    task.worker.abandon();
    // Failing to leave is no failure of the task: the group notices by itself.
    if let Err(error) = task.reader.close() {
        tracing::debug!(task = %context.name(), %error, "the group was not left in good order");
    }
    ended
}

impl SinkTask {
    async fn open(context: &TaskContext, runtime: &Handle) -> Result<Self, Failure> {
        let letters = DeadLetters::open(context).await?;
        let converters = context.assembly.converters()?;
        let sink = context.assembly.sink(context.task).await?;
        let chain = TaskChain::open(context)?;
        let reader = context.assembly.reader(context.task)?;
        let open = Arc::new(OpenGenerations::default());
        let partitions = Partitions::new(sink.delivery().stores_offsets);
        let delivery = Delivery::new(context.clone(), sink, letters, Arc::clone(&open));
        Ok(Self {
            context: context.clone(),
            reader,
            converters,
            unknown_fields: 0,
            chain,
            ledger: Ledger::default(),
            open,
            worker: Worker::start(delivery, runtime),
            spare: (0..LOADS).map(|_| Box::default()).collect(),
            events: VecDeque::new(),
            partitions,
            commits: Commits::new(),
            pressure: flow::Pressure::default(),
            pace: Pace::new(context.plan.batch_records),
            complaint: Complaint::default(),
        })
    }

    /// Works until the task is to stop.
    fn work(&mut self) -> Result<(), Failure> {
        while !self.context.stop.is_cancelled() {
            self.chain.adopt();
            self.attend(Duration::ZERO)?;
            self.acknowledge();
            self.flush_if_due();
            self.show();
            match self.spare.pop() {
                Some(load) => self.fill(load)?,
                None => self.hold()?,
            }
        }
        Ok(())
    }

    /// Looks at what the worker answered, waiting so long for the first, and at what the group said.
    fn attend(&mut self, wait: Duration) -> Result<(), Failure> {
        let mut reply = self.worker.reply(wait)?;
        while let Some(received) = reply {
            self.receive(received)?;
            reply = self.worker.reply(Duration::ZERO)?;
        }
        while let Some(event) = self.events.pop_front() {
            self.obey(event)?;
        }
        self.begin_partitions()
    }

    fn receive(&mut self, reply: Reply) -> Result<(), Failure> {
        match reply {
            Reply::Delivered(load, stored, result) => {
                self.note_stored(stored);
                let settled = load.settle(&mut self.ledger);
                self.context.progress.count(|counts| counts.settle(settled));
                settled.report(&self.context.progress.metrics);
                self.spare.push(load);
                result
            }
            Reply::Flushed(mode, stored, result) => {
                self.note_stored(stored);
                self.commits.flushed();
                result?;
                self.commit(mode)
            }
            Reply::Claimed(stored) => {
                self.claimed(&stored?);
                Ok(())
            }
            Reply::Closed => {
                self.commits.closed();
                Ok(())
            }
        }
    }

    /// Serves the group and the worker for a while, and reads nothing.
    fn serve(&mut self, wait: Duration) -> Result<(), Failure> {
        self.attend(wait.min(POLL))?;
        self.poll_events()
    }

    /// Polls for events alone, and adopts what is offered: what a task does while nothing can be read.
    fn poll_events(&mut self) -> Result<(), Failure> {
        self.chain.adopt();
        let limits = PollLimits { records: 0, bytes: 0, wait: Duration::ZERO };
        match self.reader.poll(limits, &mut |_| ()) {
            Ok(Polled::Idle | Polled::Records(_)) => Ok(()),
            Ok(event) => {
                self.events.push_back(event);
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }

    /// Notes an error of the reader that may pass.
    fn endure(&mut self, error: TopicError) -> Result<(), Failure> {
        self.complaint.endure(error, &self.context.progress)
    }

    fn forget_complaint(&mut self, has_read: bool) {
        self.complaint.forget(has_read, &self.context.progress);
    }

    /// Ends in good order within the time that the connector gives.
    fn finish(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.context.plan.flush_timeout;
        while self.worker.is_delivering() && Instant::now() < deadline {
            self.serve_to_end()?;
        }
        // What is in flight is settled by now, so a storing sink is told how far that is.
        self.flush(CommitMode::Sync);
        let flush = self.commits.flushes_asked();
        while !self.commits.is_flushed(flush) && Instant::now() < deadline {
            self.serve_to_end()?;
        }
        self.worker.send(worker::Command::Close);
        while !self.commits.is_closed() && Instant::now() < deadline {
            self.serve_to_end()?;
        }
        if !self.commits.is_closed() {
            tracing::warn!(task = %self.context.name(), "what is in flight is given up: `offset.flush.timeout.ms` is over");
        }
        Ok(())
    }

    /// Serves while the task ends: nothing new begins.
    fn serve_to_end(&mut self) -> Result<(), Failure> {
        if let Some(reply) = self.worker.reply(POLL)? {
            self.receive(reply)?;
        }
        self.poll_events()?;
        while let Some(event) = self.events.pop_front() {
            if let Polled::Revoked(partitions) | Polled::Lost(partitions) = event {
                self.lose(&partitions)?;
            }
        }
        Ok(())
    }
}
