//! `transom run`: the connectors of a file, until somebody stops them.

mod parts;
mod plan;
mod setup;
mod signals;
mod state_dir;

pub(super) use parts::Whole;

use super::{Failure, configuration, logs::Format};
use crate::{
    admin::{Admin, Listener, View},
    error::on_one_line,
};
use clap::Args;
use setup::Setup;
use signals::Signals;
use std::{path::PathBuf, sync::Arc};
use transom_runtime::{
    Runtime,
    status::{State, Status},
};

const HELP: &str = "\
SIGINT or SIGTERM: no more is read, what is in flight is delivered, offsets are committed. A second signal leaves at once.
`transom status` shows what a running process does; RUST_LOG=info logs more, RUST_LOG=transom_runtime=debug each record's way.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "connectors.yaml")]
    config: PathBuf,
    /// Run this connector alone; may be repeated.
    #[arg(long = "connector", value_name = "NAME")]
    connectors: Vec<String>,
    /// Directory for what outlives a restart, instead of `state.dir`.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Address of metrics, health and status, instead of `admin.listen`; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    admin_listen: Option<String>,
    /// What a line of the log looks like.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: Format,
}

/// What the admin listener shows.
struct Running(Runtime);

impl View for Running {
    fn status(&self) -> Status {
        self.0.status()
    }

    fn metrics(&self) -> String {
        self.0.metrics()
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut config = configuration::read(&arguments.config)?;
    if let Some(directory) = &arguments.state_dir {
        config.state_dir = directory.display().to_string();
    }
    if let Some(listen) = &arguments.admin_listen {
        config.admin_listen.clone_from(listen);
    }
    let setup = Setup::new(&config, &arguments.config, &arguments.connectors)?;
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = tokio.block_on(serve(setup));
    // What hangs in a connector does not keep the process: its time is over.
    tokio.shutdown_background();
    done
}

async fn serve(setup: Setup) -> Result<(), Failure> {
    let Setup { admin_listen: listen, connectors, state: _held } = setup;
    let mut signals = Signals::listen();
    // A port that is taken is told before any task joins its group.
    let listener = Listener::bind(&listen).await;
    let listener = listener.map_err(|error| Failure::Usage(on_one_line(&error)))?;
    let running = Arc::new(Running(Runtime::start(connectors)));
    let view: Arc<dyn View> = Arc::clone(&running) as Arc<dyn View>;
    let admin = Admin::serve(listener, view);
    tracing::info!(admin.listen = %admin.address(), "running");
    let ended_by_itself = tokio::select! {
        () = ended_well(&running.0) => true,
        signal = signals.next() => {
            tracing::info!(signal, "stopping: what is in flight is finished; a second signal leaves at once");
            tokio::select! {
                () = running.0.stop() => {}
                signal = signals.next() => {
                    tracing::warn!(signal, "left at once");
                    return Err(Failure::Run("left before what was in flight was finished".to_owned()));
                }
            }
            false
        }
    };
    let status = running.0.status();
    admin.stop().await;
    conclude(&status, ended_by_itself)
}

/// Waits until all sources have come to their end. Where a task has failed it does not end: what failed is shown for as
/// long as somebody may look.
async fn ended_well(runtime: &Runtime) {
    runtime.ended().await;
    if !runtime.status().not_ready().is_empty() {
        std::future::pending::<()>().await;
    }
}

/// How the run is judged: a task that has failed, or records that were rejected in a run that came to its own end.
fn conclude(status: &Status, ended_by_itself: bool) -> Result<(), Failure> {
    let tasks = || status.connectors.iter().flat_map(|connector| &connector.tasks);
    let reasons = status.not_ready();
    if !reasons.is_empty() {
        return Err(Failure::Run(reasons.join("\n")));
    }
    let rejected: u64 = tasks().map(|task| task.records.dead_lettered + task.records.skipped).sum();
    if ended_by_itself && rejected > 0 {
        return Err(Failure::Rejected(rejected));
    }
    if tasks().all(|task| task.state == State::Stopped) {
        tracing::info!("stopped");
    }
    Ok(())
}
