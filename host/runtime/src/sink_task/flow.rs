//! Records into loads, loads through the chain to the worker; and what happens when the worker does not keep up.

use super::{POLL, SinkTask, worker::Command};
use crate::{
    dead_letters::Cause,
    failure::Failure,
    load::Load,
    metrics::{Stage, Verdict},
    progress::Part,
    way,
};
use std::time::{Duration, Instant};
use transom_core::{
    policy,
    topic::{PollLimits, Polled, TopicPartition},
};

/// Back-pressure: since when there has been no free load.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    since: Option<Instant>,
    is_paused: bool,
}

impl Pressure {
    /// Back-pressure that lasts this long pauses the partitions: what was fetched of them is thrown away then, so it
    /// is for long waits only.
    const PATIENCE: Duration = Duration::from_secs(1);
}

impl SinkTask {
    /// Bytes that the records of a load may have when they are read. Converters and transforms make about as much
    /// again, and three loads are to stay below half of the buffer; the other half is read ahead by the client.
    fn read_bytes(&self) -> usize {
        (self.share() / 2).max(1)
    }

    /// Bytes that one load may keep.
    fn share(&self) -> usize {
        self.context.plan.buffer_bytes / 6
    }

    /// Reads records into a load and sends it on its way; or waits a little, if there are none.
    pub(super) fn fill(&mut self, mut load: Box<Load>) -> Result<(), Failure> {
        self.relax()?;
        load.clear(self.share());
        let limits = PollLimits {
            records: self.pace.records(),
            bytes: self.read_bytes(),
            wait: self.poll_wait(),
        };
        let Self { reader, ledger, converters, .. } = self;
        let polled = reader.poll(limits, &mut |record| load.admit(record, ledger, converters));
        // Records that came before an error are admitted, and must not be forgotten.
        if load.batch.is_empty() && load.skipped == 0 {
            self.spare.push(load);
        } else {
            self.send(load)?;
        }
        match polled {
            // That records come says nothing of partitions that cannot be read yet.
            Ok(Polled::Records(_)) => self.forget_complaint(!self.partitions.is_waiting()),
            Ok(Polled::Idle) => self.forget_complaint(false),
            Ok(event) => self.events.push_back(event),
            Err(error) => {
                self.endure(error)?;
                // The error may come at once, again and again.
                self.attend(POLL / 10)?;
            }
        }
        Ok(())
    }

    /// Less than a poll may be late if something else is to happen soon.
    fn poll_wait(&self) -> Duration {
        let is_idle = self.spare.len() + 1 == super::LOADS;
        let is_waiting = self.commits.is_waiting() || self.partitions.is_waiting() || !is_idle;
        let wait = if is_waiting { POLL / 20 } else { POLL };
        wait.min(self.commits.due_in(self.context.plan.flush_interval).max(POLL / 100))
    }

    /// Runs a load through the chain and hands it to the worker.
    fn send(&mut self, mut load: Box<Load>) -> Result<(), Failure> {
        let (admitted, skipped) = (load.batch.len() as u64, load.skipped);
        self.context.progress.count(|counts| {
            counts.read += admitted + skipped;
            counts.in_flight += admitted;
            counts.skipped += skipped;
        });
        let metrics = &self.context.progress.metrics;
        metrics.records(Stage::Read, Verdict::Passed, admitted);
        metrics.records(Stage::Read, Verdict::Skipped, skipped);
        metrics.unknown_fields(self.converters.unknown_fields(), &mut self.unknown_fields);
        way::read(&self.context, &load.batch, &way::from_topic);
        let begin = Instant::now();
        let is_whole = self.transform(&mut load)?;
        let metrics = &self.context.progress.metrics;
        metrics.batch_took(begin.elapsed());
        if is_whole {
            let decoded = load.batch.len() - load.batch.undecoded();
            metrics.records(Stage::Convert, Verdict::Passed, decoded as u64);
            self.chain.count(&load.batch);
            self.worker.send(Command::Deliver(load));
        }
        Ok(())
    }

    /// Runs the chain, again while something fails and the connector's retries allow it. False if the task is to stop
    /// meanwhile: then the load is given up, and its records are read again.
    fn transform(&mut self, load: &mut Load) -> Result<bool, Failure> {
        let begin = Instant::now();
        load.modules = self.chain.run(&mut load.batch, &way::from_topic)?;
        self.pace.note(load.batch.len(), begin.elapsed());
        let policy = self.context.plan.errors.clone();
        if !load.batch.has_failures() || policy.retry_timeout == Some(Duration::ZERO) {
            return Ok(true);
        }
        let (begin, mut attempt) = (Instant::now(), 0);
        while load.batch.has_failures() && !self.context.stop.is_cancelled() {
            let left = policy.retry_timeout.map(|limit| limit.saturating_sub(begin.elapsed()));
            if left == Some(Duration::ZERO) {
                break;
            }
            let (max, random) = (policy.retry_delay_max, fastrand::f64());
            let delay = policy::retry_delay(attempt, max, random, left);
            attempt += 1;
            if let Some(cause) = Cause::first(&load.batch) {
                let reason = cause.retried(&load.batch, &load.modules);
                self.context.progress.complain(Part::Chain, reason);
            }
            self.context.progress.metrics.retried();
            self.serve_for(delay)?;
            load.decode_again(&mut self.converters);
            load.modules = self.chain.run(&mut load.batch, &way::from_topic)?;
        }
        self.context.progress.recover(Part::Chain);
        Ok(!self.context.stop.is_cancelled())
    }

    /// Serves group and worker for so long; less if the task is to stop.
    fn serve_for(&mut self, time: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + time;
        while !self.context.stop.is_cancelled() {
            let left = deadline.saturating_duration_since(Instant::now());
            self.serve(left)?;
            if left.is_zero() {
                break;
            }
        }
        Ok(())
    }

    /// Waits for a load to come back (invariant 8: nothing is read meanwhile).
    pub(super) fn hold(&mut self) -> Result<(), Failure> {
        let since = *self.pressure.since.get_or_insert_with(Instant::now);
        if since.elapsed() > Pressure::PATIENCE && !self.pressure.is_paused {
            let partitions = self.partitions.list();
            self.pressure.is_paused = true;
            self.steer(|task| task.reader.pause(&partitions))?;
        }
        self.serve(POLL)
    }

    /// Ends back-pressure, once all but one load are free: less would pause again at once.
    fn relax(&mut self) -> Result<(), Failure> {
        self.pressure.since = None;
        if self.pressure.is_paused && self.spare.len() + 1 >= super::LOADS - 1 {
            let partitions = self.partitions.list();
            self.pressure.is_paused = false;
            self.steer(|task| task.reader.resume(&partitions))?;
        }
        Ok(())
    }

    /// Has the reader do something that may fail while the group changes.
    pub(super) fn steer(
        &mut self,
        what: impl FnOnce(&mut Self) -> Result<(), transom_core::topic::TopicError>,
    ) -> Result<(), Failure> {
        what(self).or_else(|error| self.endure(error))
    }

    /// Pauses partitions that come while all others are paused. Others flow: one that was paused when it was taken away is
    /// still that when it comes back.
    pub(super) fn begin_flow(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        let is_paused = self.pressure.is_paused;
        self.steer(|task| {
            if is_paused { task.reader.pause(partitions) } else { task.reader.resume(partitions) }
        })
    }
}
