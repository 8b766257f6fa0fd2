//! `transom run`: the connectors of a file, until somebody stops them.

mod parts;
mod plan;
mod setup;
mod signals;
mod state_dir;

pub(super) use parts::{Whole, configured, module_name};
pub(super) use setup::Setup;
pub(super) use state_dir::StateDir;

use super::{
    Failure,
    configuration::{File, Origin},
    logs::Format,
    reload::Reload,
};
use crate::{
    admin::{Admin, Listener, Reloaded, View},
    error::on_one_line,
};
use clap::Args;
use std::{mem::ManuallyDrop, path::Path, sync::Arc};
use tokio_util::sync::CancellationToken;
use transom_core::config::{Config, is_embedded};
use transom_runtime::{
    Runtime,
    status::{State, Status},
};

const HELP: &str = "\
SIGINT or SIGTERM: no more is read, what is in flight is delivered, offsets are committed. A second signal leaves at once.
`transom status` shows what a running process does; RUST_LOG=warn logs less, RUST_LOG=info,transom_runtime=debug each record's way.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// What is run, and where.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: File,
    /// Run this connector alone; may be repeated.
    #[arg(long = "connector", value_name = "NAME")]
    pub(super) connectors: Vec<String>,
    /// Address of metrics, health and status, instead of `admin.listen`; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    admin_listen: Option<String>,
    /// What a line of the log looks like.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: Format,
}

/// Connectors that run, and the way to change them: what the admin listener shows and does.
pub(super) struct Running {
    pub(super) runtime: Runtime,
    pub(super) reload: Reload,
}

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// All that there was to do is done.
    ByItself,
    /// Somebody asked for it.
    Asked,
}

impl Arguments {
    pub(super) fn log_format(&self) -> Format {
        self.options.log_format
    }
}

impl Options {
    /// Reads the configuration, with what the command line says instead.
    pub(super) fn read(&self) -> Result<(Config, Origin), Failure> {
        let (mut config, origin) = self.file.read()?;
        if let Some(listen) = &self.admin_listen {
            config.admin_listen.clone_from(listen);
        }
        Ok((config, origin))
    }
}

#[async_trait::async_trait]
impl View for Running {
    fn status(&self) -> Status {
        self.runtime.status()
    }

    fn metrics(&self) -> String {
        self.runtime.metrics()
    }

    async fn reload(&self) -> Result<Reloaded, String> {
        self.reload.again(&self.runtime).await
    }
}

pub(super) fn run(Arguments { options }: &Arguments) -> Result<(), Failure> {
    on_threads(async |asked| {
        let (config, origin) = options.read()?;
        if is_embedded(&config.kafka) {
            return Err(Failure::Usage(format!(
                "`bootstrap.servers: embedded` is the broker inside `transom dev`: run `transom dev -c {}`, or name a cluster there (host:9092)",
                options.file.config.display()
            )));
        }
        let state = StateDir::take(Path::new(&config.state_dir))?;
        let setup = Setup::new(&config, origin, &options.connectors, state)?;
        let until = async |running: &Running| ended_well(&running.runtime).await;
        let (status, ended) = serve(setup, &asked, until).await?;
        conclude(&status, ended)
    })
}

/// Runs something on threads of its own, from its begin on with signals as [`signals::listen`] has them: it gets what the
/// first of them cancels. What hangs in a connector does not keep the process when it is over.
pub(super) fn on_threads<T>(
    what: impl AsyncFnOnce(CancellationToken) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Left to the end of the process: a thread that hangs would panic if its timers went before it.
    let tokio = ManuallyDrop::new(tokio);
    tokio.block_on(async { what(signals::listen()).await })
}

/// Runs connectors until somebody asks for the end or `until` is over, and ends them in good order. Returns how they were
/// then; if it was asked for before, nothing begins.
pub(super) async fn serve(
    setup: Setup,
    asked: &CancellationToken,
    until: impl AsyncFnOnce(&Running) -> Ended,
) -> Result<(Status, Ended), Failure> {
    let Setup { admin_listen: listen, connectors, reload, state: _held } = setup;
    if asked.is_cancelled() {
        return Ok((Status::default(), Ended::Asked));
    }
    // A port that is taken is told before any task joins its group.
    let listener = Listener::bind(&listen).await;
    let listener = listener.map_err(|error| Failure::Usage(on_one_line(&error)))?;
    let running = Arc::new(Running { runtime: Runtime::start(connectors), reload });
    let view: Arc<dyn View> = Arc::clone(&running) as Arc<dyn View>;
    let admin = Admin::serve(listener, view);
    tracing::info!(admin.listen = %admin.address(), "running");
    let ended = asked.run_until_cancelled(until(&running)).await.unwrap_or(Ended::Asked);
    running.runtime.stop().await;
    let status = running.runtime.status();
    admin.stop().await;
    Ok((status, ended))
}

/// Waits until all sources have come to their end. Where a task has failed it does not end: what failed is shown for as
/// long as somebody may look.
pub(super) async fn ended_well(runtime: &Runtime) -> Ended {
    runtime.ended().await;
    if !runtime.status().failures().is_empty() {
        std::future::pending::<()>().await;
    }
    Ended::ByItself
}

/// How the run is judged: a task that has failed, or records that were rejected in a run that came to its own end.
pub(super) fn conclude(status: &Status, ended: Ended) -> Result<(), Failure> {
    let tasks = || status.connectors.iter().flat_map(|connector| &connector.tasks);
    let reasons = status.failures();
    if !reasons.is_empty() {
        return Err(Failure::Run(reasons.join("\n")));
    }
    let rejected: u64 = tasks().map(|task| task.records.dead_lettered + task.records.skipped).sum();
    if ended == Ended::ByItself && rejected > 0 {
        return Err(Failure::Rejected(rejected));
    }
    if tasks().all(|task| task.state == State::Stopped) {
        tracing::info!("stopped");
    }
    Ok(())
}
