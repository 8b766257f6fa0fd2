//! The signals that end a run.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGINT or SIGTERM, and names it.
pub(in crate::app) async fn first() -> &'static str {
    let mut interrupt = listen(SignalKind::interrupt());
    let mut terminate = listen(SignalKind::terminate());
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}

fn listen(kind: SignalKind) -> Signal {
    signal(kind).expect("these two signals can be handled, and a runtime is running")
}
