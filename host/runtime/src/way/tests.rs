//! What is told of each record, and that nothing is when nobody listens.

use super::{decided, ended};
use crate::load::Fate;
use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::with_default,
};
use transom_core::{
    batch::Batch,
    chain::{Chain, Stage},
    record::NewRecord,
    transform::{Transform, TransformError},
};

/// Keeps the lines of events up to a level.
struct Lines {
    level: Level,
    lines: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0.trim_end().to_owned());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Drops the first record and fails the second.
struct Picky;

impl Transform for Picky {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        let selected = batch.selected().to_vec();
        batch.drop(selected[0]);
        batch.fail(selected[1], "picky", "not this one");
        Ok(())
    }
}

fn told(level: Level) -> Vec<String> {
    let stage = Stage { name: "pick".to_owned(), predicate: None, transform: Box::new(Picky) };
    let (mut chain, mut batch) = (Chain::new(vec![stage]), Batch::default());
    for offset in 0..3 {
        let (partition, offset) = (Some(7), Some(offset));
        let value = Some(&b"{}"[..]);
        batch.push(&NewRecord {
            topic: "orders",
            partition,
            offset,
            value,
            ..NewRecord::default()
        });
    }
    chain.run(&mut batch).unwrap();
    let lines = Arc::default();
    with_default(Lines { level, lines: Arc::clone(&lines) }, || {
        decided(&batch, &chain);
        ended(&batch, &[Fate::Dropped, Fate::DeadLettered, Fate::Delivered]);
    });
    lines.lock().unwrap().clone()
}

#[test]
fn each_record_is_followed_by_topic_partition_and_offset() {
    let at = |offset| format!(r#"topic="orders" partition=7 offset={offset}"#);
    let lines = told(Level::DEBUG);
    assert_eq!(
        lines,
        [
            format!(r#"message=record was dropped {} transform="pick""#, at(0)),
            format!(
                r#"message=record failed {} step=Transformation {{ stage: 0 }} transform="pick" code="picky""#,
                at(1)
            ),
            format!("message=record passed the chain {}", at(2)),
            format!("message=record was dead-lettered {}", at(1)),
            format!("message=record was delivered {}", at(2)),
        ]
    );
}

#[test]
fn nothing_is_told_above_debug_level() {
    assert_eq!(told(Level::INFO), Vec::<String>::new());
}
