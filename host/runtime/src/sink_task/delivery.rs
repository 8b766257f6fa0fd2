//! Delivering a load: dead letters of what failed on the way, then the sink, then what the sink refuses.

mod refusals;
mod work;

use crate::{
    context::{Backoff, TaskContext},
    dead_letters::{Cause, DeadLetters},
    failure::Failure,
    load::{Fate, Load, OpenGenerations},
    progress::Part,
    way,
};
use std::{sync::Arc, time::Instant};
use transom_core::{
    batch::Batch,
    config::Tolerance,
    connector::{Class, ConnectorError, Delivery as Promise, Put, Rejection, Sink},
    policy::RejectWindow,
    record::RecordId,
    topic::{Offsets, StoredOffset, TopicIdentity, TopicPartition},
};
use work::Work;

/// The sink of a task and what is decided around it.
pub(super) struct Delivery {
    pub(super) context: TaskContext,
    pub(super) sink: Box<dyn Sink>,
    pub(super) letters: DeadLetters,
    pub(super) open: Arc<OpenGenerations>,
    window: RejectWindow,
    /// How far a storing sink is, partition by partition.
    stored: Offsets,
}

/// How a put ended that the sink answered for good.
enum Answer {
    /// It is through, but for these.
    Through(Vec<Rejection>),
    /// Some record of it is bad, and the sink does not say which.
    Refused(ConnectorError),
    /// A partition was given back while it was tried again: what is left must be looked at anew.
    Stale,
}

impl Delivery {
    pub(super) fn new(
        context: TaskContext,
        sink: Box<dyn Sink>,
        letters: DeadLetters,
        open: Arc<OpenGenerations>,
    ) -> Self {
        let window = RejectWindow::new(context.plan.errors.reject_limit);
        Self { context, sink, letters, open, window, stored: Offsets::new() }
    }

    fn tolerates(&self) -> bool {
        self.context.plan.errors.tolerance == Tolerance::All
    }

    /// Delivers a load. What has come to its end is noted in its fates, in the case of a failure too: that much is to
    /// be committed.
    ///
    /// # Errors
    /// [`Failure`] if the task is to stop.
    pub(super) async fn deliver(&mut self, load: &mut Load) -> Result<(), Failure> {
        load.note_dropped();
        let stop = self.report_failed(load).await?;
        let bound = stop.as_ref().map_or(load.batch.len(), |(bound, _)| *bound);
        let mut records = load.batch.survivors().to_vec();
        records.retain(|record| load.batch.input(*record) < bound);
        self.put_all(load, records, bound).await?;
        stop.map_or(Ok(()), |(_, failure)| Err(failure))
    }

    /// Dead letters for what converters and transforms failed on, durable before anything behind them is put. Without
    /// tolerance the first of them stops the task: then the answer says at which input, and why.
    async fn report_failed(
        &mut self,
        load: &mut Load,
    ) -> Result<Option<(usize, Failure)>, Failure> {
        if !load.batch.has_failures() {
            return Ok(None);
        }
        let mut causes: Vec<Cause> = refusals::failed(load, &self.open.now());
        if !self.tolerates() {
            causes.truncate(1);
        }
        let fate = self.letters.report(&load.batch, &load.modules, &causes).await?;
        let stopped = (!self.tolerates()).then(|| causes.first()).flatten();
        if let Some(cause) = stopped {
            return Ok(Some((cause.input, cause.stop(&load.batch, &load.modules))));
        }
        for cause in &causes {
            load.fates[cause.input] = fate;
        }
        Ok(None)
    }

    /// Puts records, and what is left of them, until each was delivered or refused for good. `bound` is behind the
    /// last input that this decides.
    async fn put_all(
        &mut self,
        load: &mut Load,
        records: Vec<RecordId>,
        bound: usize,
    ) -> Result<(), Failure> {
        let mut work = Work::new(records, bound, self.open.now());
        work.retain(load, self.open.now());
        let Promise { stores_offsets, atomic } = self.sink.delivery();
        while let Some(part) = work.next() {
            if work.is_stale(load, &self.open.now()) {
                work.push(part);
                work.retain(load, self.open.now());
                continue;
            }
            let until = work.bound(&load.batch);
            if stores_offsets {
                // Invariant 1: the offset that this put stores passes what was refused before.
                self.write_refused(load, &mut work).await?;
            }
            match self.put(load, &part, until, &work).await? {
                Answer::Stale => {
                    work.push(part);
                    work.retain(load, self.open.now());
                }
                Answer::Through(rejections) if rejections.is_empty() => {
                    load.note_put(part.len(), until);
                }
                Answer::Through(rejections) => {
                    self.reject(load, &mut work, part, rejections).await?;
                }
                Answer::Refused(error) => match work.divide(part, &load.batch, atomic) {
                    Ok(()) => {}
                    Err(part) => {
                        let rejections = refusals::all(&part, &error);
                        self.reject(load, &mut work, part, rejections).await?;
                    }
                },
            }
        }
        self.write_refused(load, &mut work).await?;
        load.note_delivered(work.end());
        self.conclude(work)
    }

    /// What a load leaves for the next: the window of refusals.
    fn conclude(&mut self, work: Work) -> Result<(), Failure> {
        if self.context.plan.errors.reject_limit.is_some() {
            let refused = work.refused.len();
            // The last of them are those that the next batch is judged with.
            let good = work.total - refused.min(work.total);
            (0..work.total).for_each(|number| self.window.note(number >= good));
        }
        work.stop.map_or(Ok(()), Err)
    }

    /// Decides about records that the sink refused.
    async fn reject(
        &mut self,
        load: &mut Load,
        work: &mut Work,
        part: Vec<RecordId>,
        rejections: Vec<Rejection>,
    ) -> Result<(), Failure> {
        let is_atomic = self.sink.delivery().atomic;
        let causes = refusals::causes(load, &part, rejections)?;
        let Some(first) = causes.first() else { return Ok(()) };
        let too_many = self.too_many(load, work, &causes);
        if too_many.is_some() || !self.tolerates() {
            let mut end = first.input;
            if too_many.is_some() {
                end = work.forget_unwritten().unwrap_or(end);
            } else {
                self.letters.report(&load.batch, &load.modules, &causes[..1]).await?;
            }
            // What is before it is delivered: by now, or once an atomic sink was given that alone.
            work.stop_at(end, too_many.unwrap_or_else(|| first.stop(&load.batch, &load.modules)));
            let before =
                part.into_iter().filter(|record| load.batch.input(*record) < end).collect();
            work.passed(load, before, end, is_atomic);
            return Ok(());
        }
        let until = work.bound(&load.batch);
        for cause in &causes {
            load.fates[cause.input] = Fate::Refused;
        }
        let rest = refusals::without(part, &causes, load);
        work.refused.extend(causes);
        work.passed(load, rest, until, is_atomic);
        Ok(())
    }

    /// Why so many refusals are not the records' fault, if they are not: the task stops instead of draining its topics
    /// into dead letters.
    fn too_many(&self, load: &Load, work: &Work, causes: &[Cause]) -> Option<Failure> {
        let refused = work.refused.len() + causes.len();
        let (first, last) = (work.refused.first().or(causes.first())?, causes.last()?);
        let one_code = || work.refused.iter().chain(causes).all(|cause| cause.code == first.code);
        let at = |cause: &Cause| cause.at(&load.batch);
        if self.window.would_exceed(refused, work.total) {
            return Some(Failure::policy(format!(
                "the sink refused more than `errors.reject.limit` allows, the last of them {} with `{}`: {}",
                at(last),
                last.code,
                last.message
            )));
        }
        if refused > 1 && refused == work.total && one_code() {
            return Some(Failure::policy(format!(
                "the sink refused all {refused} records of a batch with `{}`, from {} to {}: {}; that is hardly the records' fault",
                first.code,
                at(first),
                at(last),
                last.message
            )));
        }
        None
    }

    async fn write_refused(&mut self, load: &mut Load, work: &mut Work) -> Result<(), Failure> {
        let causes = work.take_unwritten();
        if causes.is_empty() {
            return Ok(());
        }
        let fate = self.letters.report(&load.batch, &load.modules, causes).await?;
        for cause in causes {
            load.fates[cause.input] = fate;
        }
        Ok(())
    }

    /// One call of the sink, made again while it may pass.
    async fn put(
        &mut self,
        load: &Load,
        records: &[RecordId],
        until: usize,
        work: &Work,
    ) -> Result<Answer, Failure> {
        let mut backoff = Backoff::default();
        loop {
            let through = load.through(until, &work.open);
            let put = Put { batch: &load.batch, records, through: &through };
            match self.call(put, &mut backoff).await? {
                Some(answer) => return Ok(answer),
                None if work.is_stale(load, &self.open.now()) => return Ok(Answer::Stale),
                None => {}
            }
        }
    }

    /// One call of the sink; nothing if it may pass the next time.
    async fn call(
        &mut self,
        put: Put<'_>,
        backoff: &mut Backoff,
    ) -> Result<Option<Answer>, Failure> {
        let begin = Instant::now();
        let putting = self.sink.put(put);
        let answer = self.context.watch(Part::Connector, "the sink to take records", putting).await;
        self.context.progress.metrics.put_took(begin.elapsed());
        match answer {
            Ok(rejections) => {
                if rejections.is_empty() || !self.sink.delivery().atomic {
                    self.note_stored(put.through);
                }
                way::put(&self.context, &*self.sink, put, &rejections);
                Ok(Some(Answer::Through(rejections)))
            }
            Err(error) if error.class == Class::BadRecord => {
                self.context.progress.recover(Part::Connector);
                Ok(Some(Answer::Refused(error)))
            }
            Err(error) => {
                backoff.wait(error, Part::Connector, &self.context.progress).await?;
                Ok(None)
            }
        }
    }

    /// How far a sink that stores offsets is; of another, nothing.
    pub(super) fn stored(&self) -> Offsets {
        self.stored.clone()
    }

    fn note_stored(&mut self, through: &Offsets) {
        if self.sink.delivery().stores_offsets {
            self.stored.extend(through.iter().map(|(partition, at)| (partition.clone(), *at)));
        }
    }

    /// Makes durable what was put, and has a storing sink move on to what is settled: past what was dropped, past what the
    /// log has no records for, and to where a partition began of which nothing was stored.
    ///
    /// # Errors
    /// [`Failure`] if it may not be durable: the task starts anew from what was committed.
    pub(super) async fn flush(&mut self, settled: &Offsets) -> Result<(), Failure> {
        if self.sink.delivery().stores_offsets {
            self.move_on(settled).await?;
        }
        let flushing = self.sink.flush();
        Ok(self.context.watch(Part::Connector, "the sink to flush", flushing).await?)
    }

    /// Has a storing sink move on to offsets that are above what it has.
    async fn move_on(&mut self, settled: &Offsets) -> Result<(), Failure> {
        let mut through = settled.clone();
        // Loads that were put since it was known what is settled are further.
        through.retain(|partition, at| self.stored.get(partition).is_none_or(|stored| stored < at));
        if !through.is_empty() {
            let batch = Batch::default();
            let put = Put { batch: &batch, records: &[], through: &through };
            let mut backoff = Backoff::default();
            while self.call(put, &mut backoff).await?.is_none() {}
        }
        Ok(())
    }

    /// Takes partitions over.
    ///
    /// # Errors
    /// [`Failure`] if that does not pass.
    pub(super) async fn claim(
        &mut self,
        partitions: &[(TopicPartition, TopicIdentity)],
    ) -> Result<Vec<StoredOffset>, Failure> {
        let mut backoff = Backoff::default();
        loop {
            let claiming = self.sink.claim(partitions);
            match self.context.watch(Part::Connector, "the sink's offsets", claiming).await {
                Ok(stored) => {
                    let offset = |one: &StoredOffset| Some((one.partition.clone(), one.offset?));
                    self.stored.extend(stored.iter().filter_map(offset));
                    return Ok(stored);
                }
                Err(error) => {
                    backoff.wait(error, Part::Connector, &self.context.progress).await?;
                }
            }
        }
    }

    pub(super) fn release(&mut self, partitions: &[TopicPartition]) {
        self.stored.retain(|partition, _| !partitions.contains(partition));
        self.sink.release(partitions);
    }

    pub(super) async fn close(&mut self) {
        if let Err(error) = self.sink.close().await {
            tracing::warn!(task = %self.context.name(), %error, "the sink did not close in good order");
        }
    }
}
