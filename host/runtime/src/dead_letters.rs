//! Records that failed: the line in the log, and the record in the dead letter topic with what went wrong in headers.

mod letter;

use crate::{
    assembly::{DeadLetters as Settings, ModuleName},
    context::{Backoff, TaskContext},
    failure::Failure,
    load::Fate,
    metrics::{Stage, Verdict},
    progress::Part,
    way,
};
use std::sync::Arc;
use transom_core::{
    batch::Batch,
    config::Tolerance,
    connector::Undelivered,
    record::{Step, Verdict as Decided},
    topic::{EncodedRecord, Refused, TopicWriter},
};

/// Why a record failed.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// Number of the input in its batch.
    pub(crate) input: usize,
    /// Where on its way.
    pub(crate) place: Place,
    /// Stable name of the kind of error.
    pub(crate) code: String,
    /// What was wrong.
    pub(crate) message: String,
    /// Number of the child that was refused at delivery.
    pub(crate) child: Option<u32>,
    /// Where a source had it, as the source names it; nothing for a record of a topic.
    pub(crate) whence: Option<String>,
}

impl Cause {
    /// Why a converter or transform failed on an input, if one did.
    pub(crate) fn of_step(batch: &Batch, input: usize) -> Option<Self> {
        let Decided::Failed(failure) = batch.verdict(input) else { return None };
        Some(Self {
            input,
            place: Place::Step(failure.step),
            code: failure.code.to_string(),
            message: failure.message.clone(),
            child: None,
            whence: None,
        })
    }

    /// The first input of a batch that a converter or transform failed on.
    pub(crate) fn first(batch: &Batch) -> Option<Self> {
        (0..batch.len()).find_map(|input| Self::of_step(batch, input))
    }

    /// Why a task is DEGRADED while it tries again.
    pub(crate) fn retried(&self, batch: &Batch, modules: &[ModuleName]) -> String {
        format!("{}; trying again", self.told(batch, modules))
    }

    /// Which record failed, where, and why.
    fn told(&self, batch: &Batch, modules: &[ModuleName]) -> String {
        let Self { code, message, .. } = self;
        let (at, stage) = (self.at(batch), self.place.stage());
        let transform = self.transform(modules);
        let transform = transform.map_or(String::new(), |name| format!(" of transform `{name}`"));
        format!("{at} failed in {stage}{transform} with `{code}`: {message}")
    }

    /// The transform that failed, by the name that the operator gave it.
    pub(crate) fn transform<'a>(&self, modules: &'a [ModuleName]) -> Option<&'a str> {
        let module = modules.get(self.place.transform()?)?;
        Some(&module.transform)
    }

    /// What a source is told of its record.
    pub(crate) fn of_source<'a>(&'a self, batch: &'a Batch) -> Undelivered<'a> {
        let topic = batch.original(self.input).topic;
        let (stage, code, message) = (self.place.stage(), &self.code, &self.message);
        Undelivered { topic, stage, code, message }
    }

    /// Which record it is.
    pub(crate) fn at(&self, batch: &Batch) -> String {
        let original = batch.original(self.input);
        match (&self.whence, original.partition, original.offset) {
            (None, Some(partition), Some(offset)) => {
                format!("offset {offset} of `{}-{partition}`", original.topic)
            }
            (Some(whence), ..) => format!("the record {whence}, for topic `{}`,", original.topic),
            _ => format!("a record for topic `{}`", original.topic),
        }
    }

    /// Why a task stops that does not tolerate it.
    pub(crate) fn stop(&self, batch: &Batch, modules: &[ModuleName]) -> Failure {
        Failure::policy(format!(
            "tolerance exceeded: {}; mend it, or set `errors.tolerance` to `all`",
            self.told(batch, modules)
        ))
    }
}

/// Where on its way a record failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At a converter or transform.
    Step(Step),
    /// At the sink.
    Put,
    /// At the topics that a source writes.
    Produce,
}

impl Place {
    /// Where the metrics count it.
    const fn counted(self) -> Stage {
        match self {
            Self::Step(Step::Transformation { .. }) => Stage::Transform,
            Self::Step(_) => Stage::Convert,
            Self::Put | Self::Produce => Stage::Deliver,
        }
    }
}

/// Reports failed records of one task.
pub(crate) struct DeadLetters {
    context: TaskContext,
    /// The way to the topic, where one is named.
    topic: Option<(Arc<dyn TopicWriter>, Settings)>,
}

impl DeadLetters {
    /// Sees to it that the topic is there, where one is named.
    ///
    /// # Errors
    /// [`Failure`] if it is absent and cannot be created: found at start, not at the first record that needs it.
    pub(crate) async fn open(context: &TaskContext) -> Result<Self, Failure> {
        let mut topic = None;
        if let Some(settings) = context.plan.errors.dead_letters.clone() {
            let writer = context.assembly.writer()?;
            context.ensure(&*writer, &settings.topic, &settings.creation).await?;
            topic = Some((writer, settings));
        }
        Ok(Self { context: context.clone(), topic })
    }

    /// Reports records of a batch. When it returns they are durable in the dead letter topic; where there is none they
    /// are skipped. `modules` is what decided about the batch.
    ///
    /// # Errors
    /// [`Failure`] if a dead letter is refused.
    pub(crate) async fn report(
        &self,
        batch: &Batch,
        modules: &[ModuleName],
        causes: &[Cause],
    ) -> Result<Fate, Failure> {
        if self.context.plan.errors.log {
            for cause in causes {
                self.log(batch, modules, cause);
            }
        }
        let Some((writer, settings)) = &self.topic else {
            self.follow(batch, modules, causes);
            self.count(causes, Verdict::Skipped);
            return Ok(Fate::Skipped);
        };
        let letter = |cause| self.letter(batch, modules, cause, &settings.topic);
        let letters: Vec<EncodedRecord> = causes.iter().map(letter).collect();
        if !letters.is_empty()
            && let Some(Refused { index, code, message }) = self.write(&**writer, letters).await?
        {
            self.context.progress.metrics.dead_letter_failed();
            // Neither lost nor tried again and again: its offset is not passed before somebody has seen to it (invariant 1).
            return Err(Failure::policy(format!(
                "the dead letter of {} was refused by topic `{}` with `{code}`: {message}; once the topic takes it, restart the process",
                causes[index].at(batch),
                settings.topic
            )));
        }
        self.follow(batch, modules, causes);
        self.count(causes, Verdict::DeadLettered);
        Ok(Fate::DeadLettered)
    }

    /// Tells what becomes of records on their way.
    fn follow(&self, batch: &Batch, modules: &[ModuleName], causes: &[Cause]) {
        if !way::is_told() {
            return;
        }
        let errors = &self.context.plan.errors;
        let to = errors.dead_letters.as_ref().map(|letters| format!("topic `{}`", letters.topic));
        let what = match (&to, errors.tolerance) {
            (Some(_), _) => "was dead-lettered",
            (None, Tolerance::All) => "was skipped",
            (None, Tolerance::None) => "stops the task",
        };
        for cause in causes {
            way::failed(&self.context, batch, modules, cause, (what, to.as_deref()));
        }
    }

    /// Counts records where they failed. One that the task stops at has not come to its end.
    fn count(&self, causes: &[Cause], verdict: Verdict) {
        if self.context.plan.errors.tolerance == Tolerance::None {
            return;
        }
        for stage in [Stage::Convert, Stage::Transform, Stage::Deliver] {
            let there = causes.iter().filter(|cause| cause.place.counted() == stage).count();
            self.context.progress.metrics.records(stage, verdict, there as u64);
        }
    }

    /// Writes letters. If some were refused, the first of them comes back.
    async fn write(
        &self,
        writer: &dyn TopicWriter,
        letters: Vec<EncodedRecord>,
    ) -> Result<Option<Refused>, Failure> {
        let (progress, mut backoff) = (&self.context.progress, Backoff::default());
        loop {
            let writing = writer.write(letters.clone());
            let what = "Kafka to take dead letters";
            match self.context.watch(Part::DeadLetters, what, writing).await {
                Ok(written) => {
                    return Ok(written.refused.into_iter().next());
                }
                Err(error) => {
                    progress.metrics.dead_letter_failed();
                    backoff.wait(error, Part::DeadLetters, progress).await?;
                }
            }
        }
    }

    /// Connect's line; key and value are never part of it (invariant 9).
    fn log(&self, batch: &Batch, modules: &[ModuleName], cause: &Cause) {
        let original = batch.original(cause.input);
        let (task, stage, class) = (self.context.name(), cause.place.stage(), cause.class(modules));
        let mut place = String::new();
        if self.context.plan.errors.log_messages {
            place = match (original.partition, original.offset) {
                (Some(partition), Some(offset)) => format!(
                    ", where consumed record is {{topic='{}', partition={partition}, offset={offset}, timestamp={}}}",
                    original.topic,
                    original.timestamp.unwrap_or(-1)
                ),
                _ => format!(
                    ", where source record is {{topic='{}', position='{}'}}",
                    original.topic,
                    cause.whence.as_deref().unwrap_or("unknown")
                ),
            };
        }
        tracing::error!(
            code = %cause.code, error = %cause.message,
            "Error encountered in task {task}. Executing stage '{stage}' with class '{class}'{place}."
        );
    }
}
