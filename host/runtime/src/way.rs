//! The way of each record, told at debug level: by topic, partition and offset, or by what its source calls it. It costs one
//! comparison a batch otherwise, and one a transform.
//!
//! Keys are data: they are told here, and at no other level; as they were read, whatever became of them since.

use crate::{
    assembly::{Direction, ModuleName},
    context::TaskContext,
    dead_letters::{Cause, Place},
};
use tracing::{Level, debug, enabled};
use transom_core::{
    batch::Batch,
    connector::{Put, Rejection, Sink},
    record::{Failure, RecordId, Step, Verdict},
};

/// Where a source had an input of a batch, as the source names it.
pub(crate) type Whence<'a> = &'a dyn Fn(usize) -> Option<String>;

/// For records of a topic: their origin says it all.
pub(crate) fn from_topic(_: usize) -> Option<String> {
    None
}

/// Characters of a key that are told.
const KEY: usize = 200;

/// One record on its way.
struct Told<'a> {
    task: &'a str,
    batch: &'a Batch,
    input: usize,
    child: Option<u32>,
    source: Option<String>,
}

/// What is told beside which record it is.
#[derive(Default)]
struct Beside<'a> {
    transform: Option<&'a str>,
    stage: Option<&'static str>,
    code: Option<&'a str>,
    to: Option<&'a str>,
}

/// Tells what was read, and of a sink's records what converters made of them.
pub(crate) fn read(context: &TaskContext, batch: &Batch, whence: Whence<'_>) {
    if !is_told() {
        return;
    }
    let task = context.name();
    let what = match context.plan.direction {
        Direction::Sink => "was decoded",
        Direction::Source => "was read",
    };
    for input in 0..batch.len() {
        let source = whence(input);
        let told = Told { task: &task, batch, input, child: None, source };
        match batch.verdict(input) {
            Verdict::Failed(failure) => told.failed(failure, None),
            Verdict::Passed | Verdict::Dropped { .. } => told.tell(what, &Beside::default()),
        }
    }
}

/// Tells what a transform made of each record that it was given.
pub(crate) fn transformed(
    context: &TaskContext,
    transform: &str,
    batch: &Batch,
    whence: Whence<'_>,
) {
    if !is_told() {
        return;
    }
    let task = context.name();
    let beside = Beside { transform: Some(transform), ..Beside::default() };
    for record in batch.selected() {
        let told = Told::record(&task, batch, *record, whence);
        match batch.outcome(*record) {
            Verdict::Passed => told.tell("was kept", &beside),
            Verdict::Dropped { .. } => told.tell("was dropped", &beside),
            Verdict::Failed(failure) => told.failed(failure, Some(transform)),
        }
    }
}

/// Tells what a sink took of a put, and where to.
pub(crate) fn put(context: &TaskContext, sink: &dyn Sink, put: Put<'_>, refused: &[Rejection]) {
    // An atomic sink that refuses something has taken nothing.
    if !is_told() || (sink.delivery().atomic && !refused.is_empty()) {
        return;
    }
    let task = context.name();
    let is_refused = |index| refused.iter().any(|refused| refused.index == index);
    for (_, record) in put.records.iter().enumerate().filter(|(index, _)| !is_refused(*index)) {
        let to = sink.destination(put.batch, *record);
        let beside = Beside { to: to.as_deref(), ..Beside::default() };
        Told::record(&task, put.batch, *record, &from_topic).tell("was delivered", &beside);
    }
}

/// Tells where records of a source were written; nothing stands for one that was refused.
pub(crate) fn written(
    context: &TaskContext,
    batch: &Batch,
    records: &[RecordId],
    places: &[Option<(i32, i64)>],
    whence: Whence<'_>,
) {
    if !is_told() {
        return;
    }
    let task = context.name();
    for (record, place) in records.iter().zip(places) {
        let Some((partition, offset)) = place else { continue };
        let to = format!("offset {offset} of `{}-{partition}`", batch.topic(*record));
        let beside = Beside { to: Some(&to), ..Beside::default() };
        Told::record(&task, batch, *record, whence).tell("was delivered", &beside);
    }
}

/// Tells what becomes of a record that failed.
pub(crate) fn failed(
    context: &TaskContext,
    batch: &Batch,
    modules: &[ModuleName],
    cause: &Cause,
    (what, to): (&str, Option<&str>),
) {
    let transform = cause.transform(modules);
    let (stage, code) = (Some(cause.place.stage()), Some(&*cause.code));
    let told = Told {
        task: &context.name(),
        batch,
        input: cause.input,
        child: cause.child,
        source: cause.whence.clone(),
    };
    told.tell(what, &Beside { transform, stage, code, to });
}

/// True if somebody listens.
pub(crate) fn is_told() -> bool {
    enabled!(Level::DEBUG)
}

impl<'a> Told<'a> {
    fn record(task: &'a str, batch: &'a Batch, record: RecordId, whence: Whence<'_>) -> Self {
        let (input, child) = (batch.input(record), batch.origin(record).child);
        Self { task, batch, input, child, source: whence(input) }
    }

    fn failed(&self, failure: &Failure, transform: Option<&str>) {
        let transform = transform.filter(|_| matches!(failure.step, Step::Transformation { .. }));
        let (stage, code) = (Some(Place::Step(failure.step).stage()), Some(&*failure.code));
        self.tell("failed", &Beside { transform, stage, code, to: None });
    }

    fn tell(&self, what: &str, beside: &Beside<'_>) {
        let Self { task, child, .. } = self;
        let original = self.batch.original(self.input);
        let (topic, partition, offset) = (original.topic, original.partition, original.offset);
        let key = original
            .key
            .map(|key| String::from_utf8_lossy(key).chars().take(KEY).collect::<String>());
        let (source, key) = (self.source.as_deref(), key.as_deref());
        let Beside { transform, stage, code, to } = beside;
        debug!(
            task,
            topic,
            partition,
            offset,
            child,
            source,
            key,
            transform,
            stage,
            code,
            to,
            "record {what}"
        );
    }
}
