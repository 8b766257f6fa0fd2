//! The signals that end a process: asked once, it ends in good order; asked again, it leaves.

use crate::app::{Failure, exit_code};
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two signals that are the same are one if no more than this lies between them: nobody has read what the first brought about.
const ONE: Duration = Duration::from_millis(50);

/// Takes SIGINT and SIGTERM over, inside a runtime: they no longer end the process by themselves. The first of them cancels
/// what this returns, the second ends the process at once.
pub(super) fn listen() -> CancellationToken {
    let take =
        |kind| signal(kind).expect("these two signals can be handled, and a runtime is running");
    let (interrupt, terminate) = (take(SignalKind::interrupt()), take(SignalKind::terminate()));
    let asked = CancellationToken::new();
    drop(tokio::spawn(heed(interrupt, terminate, asked.clone())));
    asked
}

async fn heed(mut interrupt: Signal, mut terminate: Signal, asked: CancellationToken) {
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        }
    };
    let signal = next().await;
    tracing::info!(
        signal,
        "stopping: what is in flight is finished; a second signal leaves at once"
    );
    asked.cancel();
    let at = Instant::now();
    let (first, mut signal) = (signal, next().await);
    // Who signals a process and then its group asks once.
    while signal == first && at.elapsed() < ONE {
        signal = next().await;
    }
    tracing::warn!(signal, "left at once");
    leave();
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "to return would take the runtime apart under threads that use it, or wait for them"
)]
fn leave() -> ! {
    let unfinished = Failure::Run("left before what was in flight was finished".to_owned());
    std::process::exit(exit_code(Err(unfinished)).into())
}
