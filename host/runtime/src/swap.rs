//! Another version of a transform while its connector runs.
//!
//! ```text
//! make an instance for each task, aside → publish → each task adopts its own between two batches → drop the old ones, aside
//! ```
//!
//! Until it is published a swap has changed nothing (invariant 7). Once it is, whatever starts begins with it: a task that
//! does not run adopts nothing, and makes its chain with the new version when it starts.
//!
//! | file | what |
//! |---|---|
//! | `versions` | what is published, and what is offered to tasks |
//! | `task_chain` | the task's side: a chain that adopts what is offered |

mod task_chain;
mod versions;

pub(crate) use task_chain::{TaskChain, Worked};
pub(crate) use versions::Versions;

use crate::assembly::ModuleName;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::{JoinError, spawn_blocking};
use transom_core::{connector::ConnectorError, transform::Transform};
use versions::{Adopted, Given};

/// Makes an instance of a transform for the task with this number.
pub type MakeTransform =
    Arc<dyn Fn(usize) -> Result<Box<dyn Transform>, ConnectorError> + Send + Sync>;

/// What a swap did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwapReport {
    /// For each task, by number, how it adopted the new version; nothing for one that did not run: it starts with it.
    pub tasks: Vec<Option<Adoption>>,
}

/// How a task adopted a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adoption {
    /// Time from publishing until the task had it.
    pub after: Duration,
    /// Time that the task's thread spent on it.
    pub pause: Duration,
}

/// Why a swap changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// No such connector.
    #[error("connector `{connector}` does not run here; these do: {running}")]
    Connector {
        /// What was asked for.
        connector: String,
        /// What there is.
        running: String,
    },
    /// No such transform.
    #[error("connector `{connector}` has no transform `{transform}`; it has: {known}")]
    Transform {
        /// The connector.
        connector: String,
        /// What was asked for.
        transform: String,
        /// What there is.
        known: String,
    },
    /// The new version does not take its settings, or cannot be made.
    #[error("no instance could be made for task {task}, so nothing was changed")]
    Make {
        /// The task.
        task: usize,
        /// Why.
        source: ConnectorError,
    },
    /// Making the instances panicked, or the process is ending.
    #[error("making the instances ended early, so nothing was changed")]
    Ended(#[from] JoinError),
}

/// Swaps a stage of a connector. Swaps of one connector take turns; each ends when no task runs the old version any more,
/// so no task is ever more than one swap behind.
///
/// # Errors
/// [`SwapError`]; nothing was changed then.
pub(crate) async fn swap(
    versions: Arc<Versions>,
    stage: usize,
    make: MakeTransform,
    module: ModuleName,
) -> Result<SwapReport, SwapError> {
    let _turn = versions.turn().await;
    let instances = instances(versions.tasks(), Arc::clone(&make)).await?;
    let published = Instant::now();
    let (mut tasks, mut old) = (Vec::new(), Vec::new());
    for given in versions.publish(stage, make, module, instances) {
        let adopted = match given {
            // A task that ends without an answer starts with what is published.
            Given::Offered(answer) => answer.await.ok(),
            Given::Spare(instance) => {
                old.push(instance);
                None
            }
        };
        tasks.push(adopted.map(|Adopted { at, pause, before }| {
            old.extend(before);
            Adoption { after: at - published, pause }
        }));
    }
    // An instance may take its time to go.
    spawn_blocking(move || drop(old)).await?;
    Ok(SwapReport { tasks })
}

/// Instances for all tasks, made one after the other on one thread that is no task's.
async fn instances(
    tasks: usize,
    make: MakeTransform,
) -> Result<Vec<Box<dyn Transform>>, SwapError> {
    let instance = move |task| make(task).map_err(|source| SwapError::Make { task, source });
    spawn_blocking(move || (0..tasks).map(instance).collect()).await?
}
