//! One batch of a source from the chain to the saved positions.

use super::{
    encode::{Encoded, encode},
    records::Polled,
};
use crate::{
    assembly::{ModuleName, Positions},
    context::{Backoff, TaskContext},
    dead_letters::{Cause, DeadLetters, Place},
    failure::Failure,
    load::Fate,
    metrics::{Stage, Verdict as Counted},
    pace::Pace,
    progress::Part,
    status::RecordCounts,
    swap::TaskChain,
    way,
};
use std::{
    cell::RefCell,
    collections::BTreeSet,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use transom_core::{
    config::Tolerance,
    connector::{Delivered, Source, SourcePosition},
    convert::Converters,
    policy,
    record::RecordId,
    topic::{Refused, TopicWriter, Written},
};

/// What a batch goes through.
pub(super) struct Pipeline {
    context: TaskContext,
    /// Shared with who adopts what is offered while this waits.
    chain: Rc<RefCell<TaskChain>>,
    /// What it ran when it decided about the batch.
    modules: Arc<[ModuleName]>,
    converters: Converters,
    letters: DeadLetters,
    writer: Arc<dyn TopicWriter>,
    store: Arc<dyn Positions>,
    /// Topics that are known to be there.
    topics: BTreeSet<String>,
    pub(super) pace: Pace,
    /// What the last poll gave.
    pub(super) records: Polled,
    /// Where the source goes on, by the part that was saved last.
    reached: Option<SourcePosition>,
}

/// What was decided of a batch so far.
struct Decided {
    /// One for each input.
    fates: Vec<Fate>,
    /// Behind the last input that is finished.
    bound: usize,
    /// Why the task stops there.
    stop: Option<Failure>,
}

impl Pipeline {
    pub(super) async fn open(
        context: &TaskContext,
        chain: Rc<RefCell<TaskChain>>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            context: context.clone(),
            chain,
            modules: Arc::default(),
            converters: context.assembly.converters()?,
            letters: DeadLetters::open(context).await?,
            writer: context.assembly.writer()?,
            store: context.assembly.positions()?,
            topics: BTreeSet::new(),
            pace: Pace::new(context.plan.batch_records),
            records: Polled::default(),
            reached: None,
        })
    }

    /// Where the parts of the source go on.
    pub(super) async fn load_positions(&self) -> Result<Vec<SourcePosition>, Failure> {
        let mut backoff = Backoff::default();
        loop {
            match self.store.load(&self.context.plan.name).await {
                Ok(positions) => {
                    self.context.progress.recover(Part::Connector);
                    return Ok(positions);
                }
                Err(error) => {
                    backoff.wait(error, Part::Connector, &self.context.progress).await?;
                }
            }
        }
    }

    /// Carries what was polled to its topics and saves the positions behind it.
    ///
    /// # Errors
    /// [`Failure`] if the task is to stop. What is before the record that it stops at is written and saved.
    pub(super) async fn carry(&mut self, source: &mut dyn Source) -> Result<(), Failure> {
        let read = self.records.batch.len() as u64;
        self.context.progress.count(|counts| {
            counts.read += read;
            counts.in_flight += read;
        });
        self.context.progress.metrics.records(Stage::Read, Counted::Passed, read);
        way::read(&self.context, &self.records.batch, &|input| Some(self.records.whence(input)));
        let begin = Instant::now();
        self.transform().await?;
        let (mut decided, mut encoded) = self.decide(source).await?;
        self.context.progress.metrics.batch_took(begin.elapsed());
        encoded.cut(&self.records.batch, decided.bound);
        self.write(encoded, &mut decided, source).await?;
        self.save(decided.bound, source).await?;
        self.count(&decided);
        decided.stop.map_or(Ok(()), Err)
    }

    /// Runs the chain, again while something fails and the connector's retries allow it.
    async fn transform(&mut self) -> Result<(), Failure> {
        let begin = Instant::now();
        self.run_chain()?;
        self.pace.note(self.records.batch.len(), begin.elapsed());
        let policy = self.context.plan.errors.clone();
        let (begin, mut attempt) = (Instant::now(), 0);
        while self.records.batch.has_failures() {
            let left = policy.retry_timeout.map(|limit| limit.saturating_sub(begin.elapsed()));
            if left == Some(Duration::ZERO) {
                break;
            }
            let (max, random) = (policy.retry_delay_max, fastrand::f64());
            if let Some(cause) =
                (0..self.records.batch.len()).find_map(|at| self.records.failure(at))
            {
                let reason = cause.retried(&self.records.batch, &self.modules);
                self.context.progress.complain(Part::Chain, reason);
            }
            self.context.progress.metrics.retried();
            tokio::time::sleep(policy::retry_delay(attempt, max, random, left)).await;
            attempt += 1;
            self.records.again();
            self.run_chain()?;
        }
        self.context.progress.recover(Part::Chain);
        self.chain.borrow_mut().count(&self.records.batch);
        Ok(())
    }

    fn run_chain(&mut self) -> Result<(), Failure> {
        let (batch, whence) = self.records.parts();
        self.modules = self.chain.borrow_mut().run(batch, &|input| Some(whence(input)))?;
        Ok(())
    }

    /// Encodes what passed the chain, and reports what failed there or is failing now.
    async fn decide(&mut self, source: &mut dyn Source) -> Result<(Decided, Encoded), Failure> {
        let batch = &self.records.batch;
        let mut decided =
            Decided { fates: vec![Fate::Open; batch.len()], bound: batch.len(), stop: None };
        let mut failed = Vec::new();
        for record in batch.survivors() {
            decided.fates[batch.input(*record)] = Fate::Delivered;
        }
        for (input, fate) in
            decided.fates.iter_mut().enumerate().filter(|(_, fate)| **fate == Fate::Open)
        {
            match self.records.failure(input) {
                None => *fate = Fate::Dropped,
                Some(cause) => failed.push(cause),
            }
        }
        let before = failed.len();
        let encoded = encode(&self.records, &mut self.converters, decided.bound, &mut failed);
        let passed = batch.passed() - (failed.len() - before);
        self.context.progress.metrics.records(Stage::Convert, Counted::Passed, passed as u64);
        self.report(failed, &mut decided, source).await?;
        Ok((decided, encoded))
    }

    /// Reports failed records, in order; without tolerance the task stops at the first.
    async fn report(
        &self,
        mut failed: Vec<Cause>,
        decided: &mut Decided,
        source: &mut dyn Source,
    ) -> Result<(), Failure> {
        let Some(first) = failed.first() else { return Ok(()) };
        let is_tolerant = self.context.plan.errors.tolerance == Tolerance::All;
        if !is_tolerant {
            decided.bound = first.input;
            decided.stop = Some(first.stop(&self.records.batch, &self.modules));
            failed.truncate(1);
        }
        let batch = &self.records.batch;
        if source.wants_deliveries() {
            let failures: Vec<_> = failed.iter().map(|cause| cause.of_source(batch)).collect();
            source.failed(&failures);
        }
        let fate = self.letters.report(batch, &self.modules, &failed).await?;
        if is_tolerant {
            for cause in &failed {
                decided.fates[cause.input] = fate;
            }
        }
        Ok(())
    }

    /// Writes records and waits until each is durable or refused.
    async fn write(
        &mut self,
        mut encoded: Encoded,
        decided: &mut Decided,
        source: &mut dyn Source,
    ) -> Result<(), Failure> {
        if encoded.records.is_empty() {
            return Ok(());
        }
        self.ensure(&encoded).await?;
        let (context, mut backoff) = (self.context.clone(), Backoff::default());
        let count = encoded.records.len() as u64;
        let Written { refused, places } = loop {
            let begin = Instant::now();
            let writing = self.writer.write(encoded.records);
            let written = context.watch(Part::Connector, "Kafka to take records", writing).await;
            context.progress.metrics.put_took(begin.elapsed());
            match written {
                Ok(written) => break written,
                Err(error) => backoff.wait(error, Part::Connector, &context.progress).await?,
            }
            // The writer took the records along; what was made once can be made again.
            encoded = encode(&self.records, &mut self.converters, decided.bound, &mut Vec::new());
        };
        context.progress.count(|counts| counts.out += count - refused.len() as u64);
        let whence = |input| Some(self.records.whence(input));
        way::written(&context, &self.records.batch, &encoded.survivors, &places, &whence);
        if source.wants_deliveries() {
            self.tell(&encoded.survivors, &places, source);
        }
        let causes = self.refusals(&encoded.survivors, refused)?;
        self.report(causes, decided, source).await
    }

    /// Tells a source where its records are.
    fn tell(&self, survivors: &[RecordId], places: &[Option<(i32, i64)>], source: &mut dyn Source) {
        let delivered = |(survivor, place): (&RecordId, &Option<(i32, i64)>)| {
            let (topic, (partition, offset)) = (self.records.batch.topic(*survivor), (*place)?);
            Some(Delivered { topic, partition, offset })
        };
        let deliveries: Vec<_> = survivors.iter().zip(places).filter_map(delivered).collect();
        source.delivered(&deliveries);
    }

    /// What the broker refused, in the order of the records.
    ///
    /// # Errors
    /// [`Failure`] if the writer names a record that it was not given: what became of the others is not known then.
    fn refusals(
        &self,
        survivors: &[RecordId],
        refused: Vec<Refused>,
    ) -> Result<Vec<Cause>, Failure> {
        let cause = |Refused { index, code, message }| {
            let Some(survivor) = survivors.get(index) else {
                let given = survivors.len();
                return Err(Failure::fatal(format!(
                    "the writer refused record {index} of {given} (counted from 0), which is a bug of the writer"
                )));
            };
            let input = self.records.batch.input(*survivor);
            let whence = Some(self.records.whence(input));
            Ok(Cause { input, place: Place::Produce, code, message, child: None, whence })
        };
        refused.into_iter().map(cause).collect()
    }

    /// Sees to it that the topics are there that are written for the first time.
    async fn ensure(&mut self, encoded: &Encoded) -> Result<(), Failure> {
        for record in &encoded.records {
            if self.topics.contains(&record.topic) {
                continue;
            }
            let mut backoff = Backoff::default();
            while let Err(error) =
                self.context.ensure(&*self.writer, &record.topic, &self.context.plan.creation).await
            {
                backoff.wait(error, Part::Connector, &self.context.progress).await?;
            }
            self.topics.insert(record.topic.clone());
        }
        Ok(())
    }

    /// Saves the positions behind what is durable now (invariant 1), and tells the source.
    async fn save(&mut self, bound: usize, source: &mut dyn Source) -> Result<(), Failure> {
        let mut positions = self.records.positions(bound);
        if positions.is_empty() {
            return Ok(());
        }
        let (plan, mut backoff) = (&self.context.plan, Backoff::default());
        let save = || {
            let saving = self.store.save(&plan.name, &positions);
            self.context.watch(Part::Connector, "positions to be stored", saving)
        };
        while let Err(error) = save().await {
            backoff.wait(error, Part::Connector, &self.context.progress).await?;
        }
        self.context.progress.committed();
        if let Err(error) = source.committed(&positions).await {
            tracing::warn!(task = %self.context.name(), %error, "the source did not take its positions");
        }
        self.reached = positions.pop();
        Ok(())
    }

    /// A failure of the source itself, with where it had got to.
    pub(super) fn failed(&self, failure: Failure) -> Failure {
        let Some(SourcePosition { source_partition, position }) = &self.reached else {
            return failure;
        };
        let reason = format!("{}; it was at `{position}` of `{source_partition}`", failure.reason);
        Failure { reason, ..failure }
    }

    fn count(&self, decided: &Decided) {
        let finished = &decided.fates[..decided.bound];
        let settled = RecordCounts::tally(finished.iter().copied());
        self.context.progress.count(|counts| counts.settle(settled));
        settled.report(&self.context.progress.metrics);
    }
}
