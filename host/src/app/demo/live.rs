//! What connectors do, a plain line a second.

use crate::app::Failure;
use std::{
    fmt::Write as _,
    io::{self, Write},
    time::{Duration, Instant},
};
use tokio::time::{MissedTickBehavior, interval};
use transom_runtime::{Runtime, status::ConnectorStatus, status::Status};

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// Time between two lines.
const LINE: Duration = Duration::from_secs(1);

/// Lines about a run, from its begin.
pub(super) struct Live<'a> {
    runtime: &'a Runtime,
    begin: Instant,
    /// When there was a line last, and what each connector had read by then.
    last: (Instant, Vec<u64>),
}

impl<'a> Live<'a> {
    pub(super) fn new(runtime: &'a Runtime) -> Self {
        let begin = Instant::now();
        Self { runtime, begin, last: (begin, Vec::new()) }
    }

    /// Writes lines until something holds.
    pub(super) async fn watch(&mut self, holds: impl AsyncFn() -> bool) -> Result<(), Failure> {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let is_over = holds().await;
            if is_over || self.last.0.elapsed() >= LINE {
                self.line()?;
            }
            if is_over {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> Result<(), Failure> {
        let status = self.runtime.status();
        let (now, reads) = (Instant::now(), status.connectors.iter().map(read).collect::<Vec<_>>());
        let (before, had) = &self.last;
        let milliseconds = (now - *before).as_millis().max(1);
        let mut line = format!("{:>5.1} s", (now - self.begin).as_secs_f64());
        for (at, (connector, read)) in status.connectors.iter().zip(&reads).enumerate() {
            let new = u128::from(read - had.get(at).copied().unwrap_or(0).min(*read));
            let (name, rate) = (&connector.name, new * 1_000 / milliseconds);
            write!(line, "   {name} {read} ({rate}/s)")
                .expect("a string takes what is written to it");
        }
        self.last = (now, reads);
        Ok(writeln!(io::stdout(), "{line}")?)
    }
}

/// Messages that sources made so far.
pub(super) fn made(status: &Status) -> u64 {
    status.connectors.iter().filter(|connector| connector.kind == "source").map(read).sum()
}

fn read(connector: &ConnectorStatus) -> u64 {
    connector.tasks.iter().map(|task| task.records.read).sum()
}
