//! A source task: records from a source through a chain and converters to topics.
//!
//! One thread drives it all, one batch after the other, so that each source partition keeps its order:
//!
//! ```text
//! Source::poll → transform → encode → dead letters, TopicWriter::write → Positions::save → Source::committed
//! ```
//!
//! Positions are written after the records: a death between the two gives records twice, and loses none.
//!
//! | file | what |
//! |---|---|
//! | `membership` | which host runs the task: the one that has the partition of an internal topic |
//! | `records` | what a poll gave: records, and the positions behind them |
//! | `encode` | survivors of the chain as records of topics |
//! | `pipeline` | one batch from the chain to the saved positions |

mod encode;
mod membership;
mod pipeline;
mod records;

use crate::{
    context::{Backoff, TaskContext},
    failure::Failure,
    progress::Part,
    swap::TaskChain,
};
use membership::Membership;
use pipeline::Pipeline;
use std::{cell::RefCell, num::NonZeroUsize, pin::pin, rc::Rc, time::Duration};
use tokio::runtime::Handle;
use transom_core::connector::{Poll, Source};

/// Runs a task on the thread that calls until its source ends, it is stopped, or it fails.
///
/// # Errors
/// [`Failure`]: what is behind the saved positions is read again.
pub(crate) fn run(context: &TaskContext, runtime: &Handle) -> Result<(), Failure> {
    let chain = Rc::new(RefCell::new(TaskChain::open(context)?));
    runtime.block_on(adopting(context, &chain, join(context, Rc::clone(&chain))))
}

/// Does what a task does. Whenever that waits, no batch is in the chain, and what is offered is adopted (invariant 3).
async fn adopting<T>(
    context: &TaskContext,
    chain: &RefCell<TaskChain>,
    task: impl Future<Output = T>,
) -> T {
    let mut task = pin!(task);
    loop {
        tokio::select! {
            biased;
            ended = &mut task => return ended,
            () = context.versions.offered(context.task) => chain.borrow_mut().adopt(),
        }
    }
}

/// Joins the group and works until the task ends.
async fn join(context: &TaskContext, chain: Rc<RefCell<TaskChain>>) -> Result<(), Failure> {
    let opening = async {
        let membership = Membership::join(context).await?;
        Ok::<_, Failure>((membership, Pipeline::open(context, chain).await?))
    };
    let (mut membership, mut pipeline) = tokio::select! {
        () = context.stop.cancelled() => return Ok(()),
        opened = opening => opened?,
    };
    context.progress.opened();
    let ended = work(context, &mut membership, &mut pipeline).await;
    membership.leave();
    ended
}

/// Runs the source whenever this host has the task.
async fn work(
    context: &TaskContext,
    membership: &mut Membership,
    pipeline: &mut Pipeline,
) -> Result<(), Failure> {
    while membership.assigned().await? {
        let opening = open(context, pipeline);
        let Some(source) = membership.during(opening, Duration::ZERO).await? else {
            membership.give_back()?;
            continue;
        };
        let mut source = source?;
        context.progress.set_work(true);
        let ended = poll(context, membership, pipeline, &mut *source).await;
        if let Err(error) = source.close().await {
            tracing::warn!(task = %context.name(), %error, "the source did not close in good order");
        }
        context.progress.set_work(false);
        // Whatever it waited for is for the host that has the task now.
        context.progress.recover(Part::Connector);
        if ended? == Ended::Source {
            return Ok(());
        }
        membership.give_back()?;
    }
    Ok(())
}

/// The source, going on from where its positions say.
async fn open(context: &TaskContext, pipeline: &Pipeline) -> Result<Box<dyn Source>, Failure> {
    let positions = pipeline.load_positions().await?;
    Ok(context.assembly.source(context.task, positions).await?)
}

/// Why a source is polled no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// It came to its end.
    Source,
    /// The task is to stop, or another host has it now.
    Task,
}

/// Polls a source until it ends or the task is taken away.
async fn poll(
    context: &TaskContext,
    membership: &mut Membership,
    pipeline: &mut Pipeline,
    source: &mut dyn Source,
) -> Result<Ended, Failure> {
    let mut backoff = Backoff::default();
    loop {
        // Beside what was polled there is what it became and what is written of it.
        pipeline.records.clear(context.plan.buffer_bytes / 3);
        let max = NonZeroUsize::new(pipeline.pace.records()).unwrap_or(NonZeroUsize::MIN);
        let polling = source.poll(max, &mut pipeline.records);
        let polled = match membership.during(polling, Duration::ZERO).await? {
            None => return Ok(Ended::Task),
            Some(Ok(polled)) => polled,
            Some(Err(error)) => {
                let waiting = backoff.wait(error, Part::Connector, &context.progress);
                match membership.during(waiting, Duration::ZERO).await? {
                    None => return Ok(Ended::Task),
                    Some(waited) => waited.map_err(|failure| pipeline.failed(failure))?,
                }
                continue;
            }
        };
        backoff = Backoff::default();
        context.progress.recover(Part::Connector);
        if !pipeline.records.is_empty() {
            // What was read is finished, within the time that the connector gives.
            let carrying = pipeline.carry(source);
            match membership.during(carrying, context.plan.flush_timeout).await? {
                None => {
                    // Whoever has the task next reads them again.
                    context.progress.count(|counts| counts.give_back(counts.in_flight));
                    return Ok(Ended::Task);
                }
                Some(carried) => carried?,
            }
        }
        if polled == Poll::End {
            return Ok(Ended::Source);
        }
    }
}
