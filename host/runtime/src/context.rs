//! What every part of a task has at hand.

use crate::{
    assembly::{Assembly, Plan},
    failure::Failure,
    progress::{Part, Progress},
    swap::Versions,
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use transom_core::{
    connector::{Class, ConnectorError},
    policy,
    topic::{TopicCreation, TopicWriter},
};

/// What takes longer is shown. Nothing is given up or sent anew then: the same records stay in flight.
const PATIENCE: Duration = Duration::from_secs(10);

/// One task of a connector, through all its starts.
#[derive(Clone)]
pub(crate) struct TaskContext {
    pub(crate) plan: Arc<Plan>,
    pub(crate) assembly: Arc<dyn Assembly>,
    /// Its number.
    pub(crate) task: usize,
    pub(crate) progress: Arc<Progress>,
    /// What the connector's stages run.
    pub(crate) versions: Arc<Versions>,
    /// Cancelled when the task is to end in good order.
    pub(crate) stop: CancellationToken,
}

impl TaskContext {
    /// The task's name in logs: connector and number.
    pub(crate) fn name(&self) -> String {
        self.progress.metrics.task_name()
    }

    /// Does something that waits for the outside. While it takes long the task says what it waits for, and is DEGRADED; so
    /// it stays after an error, for the same is tried again then, or the task ends.
    pub(crate) async fn watch<T, E>(
        &self,
        part: Part,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut work = pin!(work);
        let done = tokio::select! {
            biased;
            done = &mut work => done,
            () = tokio::time::sleep(PATIENCE) => {
                let seconds = PATIENCE.as_secs();
                let reason = format!("waiting for {what}, for more than {seconds} s by now");
                self.progress.complain(part, reason);
                work.await
            }
        };
        if done.is_ok() {
            self.progress.recover(part);
        }
        done
    }

    /// Sees to it that a topic is there.
    ///
    /// # Errors
    /// [`ConnectorError`] if it is absent and could not be created.
    pub(crate) async fn ensure(
        &self,
        writer: &dyn TopicWriter,
        topic: &str,
        creation: &TopicCreation,
    ) -> Result<(), ConnectorError> {
        let what = format!("topic `{topic}` to be there");
        self.watch(Part::Connector, &what, writer.ensure(topic, creation.clone())).await
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
