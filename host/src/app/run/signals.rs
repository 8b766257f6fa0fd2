//! The signals that end a run.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT and SIGTERM, which no longer end the process by themselves.
pub(in crate::app) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes them over, inside a runtime.
    pub(in crate::app) fn listen() -> Self {
        let take = |kind| {
            signal(kind).expect("these two signals can be handled, and a runtime is running")
        };
        Self { interrupt: take(SignalKind::interrupt()), terminate: take(SignalKind::terminate()) }
    }

    /// Waits for the next one, and names it.
    pub(in crate::app) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
