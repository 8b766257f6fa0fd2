//! What every part of a task has at hand.

use crate::{
    assembly::{Assembly, Plan},
    failure::Failure,
    progress::{Part, Progress},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use transom_core::{
    connector::{Class, ConnectorError},
    policy,
};

/// One task of a connector, through all its starts.
#[derive(Clone)]
pub(crate) struct TaskContext {
    pub(crate) plan: Arc<Plan>,
    pub(crate) assembly: Arc<dyn Assembly>,
    /// Its number.
    pub(crate) task: usize,
    pub(crate) progress: Arc<Progress>,
    /// Cancelled when the task is to end in good order.
    pub(crate) stop: CancellationToken,
}

impl TaskContext {
    /// The task's name in logs: connector and number.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.plan.name, self.task)
    }
}

/// Pauses between tries of a call that may pass. There is no limit to them: an outage drains no topic.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempt: u32,
}

impl Backoff {
    /// The first pause. Short, for a connection that was cut is mostly there again.
    const BASE: Duration = Duration::from_millis(200);
    /// The longest pause, so that the end of an outage is noticed soon.
    const CAP: Duration = Duration::from_secs(15);

    /// Reports an error that may pass and waits before the next try.
    ///
    /// # Errors
    /// [`Failure`] if the error does not pass.
    pub(crate) async fn wait(
        &mut self,
        error: ConnectorError,
        part: Part,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let Class::Transient { retry_after } = error.class else { return Err(error.into()) };
        let pause = retry_after.unwrap_or_else(|| {
            policy::backoff(self.attempt, Self::BASE, Self::CAP, fastrand::f64())
        });
        self.attempt += 1;
        progress.complain(part, format!("{} ({}); trying again", error.message, error.code));
        progress.metrics.retried();
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
