//! Runs the tasks of all connectors: starts them, starts them anew when they fail, ends them.

use crate::{
    assembly::{Assembly, Direction, ModuleName, Plan},
    context::TaskContext,
    failure::{Failure, FailureKind},
    metrics::Metrics,
    progress::{Phase, Progress},
    sink_task, source_task,
    status::{ConnectorStatus, Status},
    swap::{self, MakeTransform, SwapError, SwapReport, Versions},
};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Dispatch, dispatcher};
use transom_core::policy;

/// The connectors of a process while they run.
///
/// Dropping it stops the tasks as well, without waiting for them.
#[derive(Debug)]
pub struct Runtime {
    connectors: Vec<Connector>,
    metrics: Metrics,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Connector {
    plan: Arc<Plan>,
    tasks: Vec<Arc<Progress>>,
    versions: Arc<Versions>,
}

/// The first pause before a task starts anew.
const BASE: Duration = Duration::from_secs(1);
/// The longest pause: what failed is looked at once a minute at least.
const CAP: Duration = Duration::from_mins(1);
/// A task that ran this long had started well: its next failure is a first one again.
const WELL: Duration = Duration::from_mins(2);

impl Runtime {
    /// Starts all tasks. It does not wait for them: what is not there yet is waited for, and shown in the status.
    ///
    /// # Panics
    /// Outside an async runtime.
    pub fn start(connectors: Vec<(Plan, Arc<dyn Assembly>)>) -> Self {
        let mut runtime = Self {
            connectors: Vec::new(),
            metrics: Metrics::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        for (plan, assembly) in connectors {
            runtime.add(Arc::new(plan), &assembly);
        }
        runtime.tasks.close();
        runtime
    }

    fn add(&mut self, plan: Arc<Plan>, assembly: &Arc<dyn Assembly>) {
        let mut tasks = Vec::new();
        let versions = Arc::new(Versions::new(&plan.errors.modules, plan.tasks));
        for task in 0..plan.tasks {
            let progress = Arc::new(Progress::new(self.metrics.task(&plan.name, task)));
            tasks.push(Arc::clone(&progress));
            let context = TaskContext {
                plan: Arc::clone(&plan),
                assembly: Arc::clone(assembly),
                task,
                progress,
                versions: Arc::clone(&versions),
                stop: self.stop.child_token(),
            };
            self.tasks.spawn(supervise(context));
        }
        self.connectors.push(Connector { plan, tasks, versions });
    }

    /// What all tasks are doing.
    pub fn status(&self) -> Status {
        Status { connectors: self.connectors.iter().map(Connector::status).collect() }
    }

    /// All metrics in Prometheus' text format.
    pub fn metrics(&self) -> String {
        self.metrics.text(|| {
            for connector in &self.connectors {
                for (id, task) in connector.tasks.iter().enumerate() {
                    task.metrics.set_levels(&task.status(id), task.commit_age());
                }
            }
        })
    }

    /// Has all tasks of a connector run another version of a transform, each from one batch to the next. `make` is called
    /// for all tasks first, on a thread that is no task's, and again when a task starts anew; `module` is what status and
    /// dead letters say of the new version. It returns when no task runs the old one any more, and goes on if nobody waits.
    ///
    /// # Errors
    /// [`SwapError`]; nothing was changed then (invariant 7).
    pub async fn swap(
        &self,
        connector: &str,
        transform: &str,
        make: MakeTransform,
        module: ModuleName,
    ) -> Result<SwapReport, SwapError> {
        let found = self.connectors.iter().find(|found| found.plan.name == connector);
        let found = found.ok_or_else(|| SwapError::Connector {
            connector: connector.to_owned(),
            running: list(self.connectors.iter().map(|connector| &*connector.plan.name)),
        })?;
        let modules = found.versions.modules();
        let stage = modules.iter().position(|module| module.transform == transform);
        let stage = stage.ok_or_else(|| SwapError::Transform {
            connector: connector.to_owned(),
            transform: transform.to_owned(),
            known: list(modules.iter().map(|module| &*module.transform)),
        })?;
        let module = ModuleName { transform: transform.to_owned(), ..module };
        let swap = swap::swap(Arc::clone(&found.versions), stage, make, module);
        self.tasks.spawn(swap).await?
    }

    /// Ends all tasks in good order: each finishes what is in flight within its connector's `flush_timeout`, and gives
    /// up the rest, which is read again by whoever goes on.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.ended().await;
    }

    /// Waits until all tasks have ended by themselves: sources that came to their end, and tasks that were stopped by
    /// policy. A sink that is well never does.
    pub async fn ended(&self) {
        self.tasks.wait().await;
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Connector {
    fn status(&self) -> ConnectorStatus {
        let kind = match self.plan.direction {
            Direction::Sink => "sink",
            Direction::Source => "source",
        };
        ConnectorStatus {
            name: self.plan.name.clone(),
            kind: kind.to_owned(),
            tasks: self.tasks.iter().enumerate().map(|(id, task)| task.status(id)).collect(),
            transforms: self.versions.modules().iter().map(Into::into).collect(),
        }
    }
}

/// Names for a message.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Runs one task, anew after each failure that is not for an operator, until it ends in good order.
async fn supervise(context: TaskContext) {
    let mut failures = 0;
    loop {
        let begin = Instant::now();
        context.progress.enter(Phase::Alive);
        let ended = run_on_thread(&context).await;
        let Err(failure) = ended else { break };
        if begin.elapsed() > WELL {
            failures = 0;
        }
        if context.stop.is_cancelled() && !failure.is_by_policy() {
            tracing::warn!(task = %context.name(), error = %failure.reason, "the task failed while it ended");
            break;
        }
        if !pause(&context, &failure, failures).await {
            return;
        }
        failures += 1;
    }
    context.progress.enter(Phase::Stopped);
}

/// Shows a failure and waits as long as it asks for. False if the task is not to start anew.
async fn pause(context: &TaskContext, failure: &Failure, failures: u32) -> bool {
    let Failure { kind, reason } = failure;
    let mut pause = policy::backoff(failures, BASE, CAP, fastrand::f64());
    let phase = match kind {
        FailureKind::Policy => {
            tracing::error!(task = %context.name(), error = %reason, "the task was stopped by policy");
            let phase = Phase::Failed(format!("{reason}. It waits for an operator"));
            context.progress.enter(phase);
            return false;
        }
        FailureKind::Superseded => {
            if failures == 0 {
                pause = Duration::ZERO;
            }
            Phase::Restarting(reason.clone())
        }
        FailureKind::Transient => Phase::Restarting(reason.clone()),
        FailureKind::Fatal => {
            Phase::Failed(format!("{reason}. It starts anew in {} s", pause.as_secs().max(1)))
        }
    };
    tracing::error!(task = %context.name(), error = %reason, pause_ms = pause.as_millis(), "the task failed");
    context.progress.enter(phase);
    tokio::select! {
        // What has failed is shown as that to the end.
        () = context.stop.cancelled() => *kind != FailureKind::Fatal,
        () = tokio::time::sleep(pause) => true,
    }
}

/// Runs a task on a thread of its own. A panic there is a failure like others.
async fn run_on_thread(context: &TaskContext) -> Result<(), Failure> {
    let (done, ended) = oneshot::channel();
    let (runtime, inside) = (Handle::current(), context.clone());
    // Whoever listens to the thread that started the runtime hears of this one as well.
    let logs = dispatcher::get_default(Dispatch::clone);
    let thread = std::thread::Builder::new().name(context.name()).spawn(move || {
        let run = || match inside.plan.direction {
            Direction::Sink => sink_task::run(&inside, &runtime),
            Direction::Source => source_task::run(&inside, &runtime),
        };
        let run = || dispatcher::with_default(&logs, run);
        let ended = catch_unwind(AssertUnwindSafe(run));
        // Who waits for the end waits for the clients as well.
        drop(inside);
        // Nobody listens any more only if the process ends.
        drop(done.send(ended.unwrap_or_else(|panic| Err(panicked(&*panic)))));
    });
    if let Err(error) = thread {
        return Err(Failure::fatal(format!("no thread could be started for the task: {error}")));
    }
    ended
        .await
        .unwrap_or_else(|_gone| Err(Failure::fatal("the task's thread ended without a word")))
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".to_owned());
    Failure::fatal(format!("the task panicked, which is a bug of Transom: {text}"))
}
