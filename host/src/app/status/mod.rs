//! `transom status`: what the connectors of a running process do.

mod text;

use super::Failure;
use crate::error::on_one_line;
use clap::Args;
use reqwest::{Client, Method, Response};
use std::{
    io::{self, Write},
    time::Duration,
};
use transom_runtime::status::Status;

/// How long a process may take to answer: its admin listener does nothing else.
const PATIENCE: Duration = Duration::from_secs(5);

const HELP: &str = "\
States: UNASSIGNED (no partition yet), RUNNING, DEGRADED (at work on the same records until something passes), RESTARTING,
FAILED (see the reason: it starts anew by itself, or waits for an operator), STOPPED.
Lag is counted from the reader's position; `committed` is where a restart goes on.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Show this connector alone; may be repeated.
    #[arg(long = "connector", value_name = "NAME")]
    connectors: Vec<String>,
    #[command(flatten)]
    asked: Asked,
}

/// Which running process is asked, and in which form it answers.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// Where the process listens: its `admin.listen`.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8083")]
    pub(super) admin_listen: String,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut status = runtime.block_on(ask(&arguments.asked.admin_listen))?;
    keep(&mut status, &arguments.connectors)?;
    let mut out = io::stdout().lock();
    if arguments.asked.json {
        let json = serde_json::to_string_pretty(&status)
            .map_err(|error| Failure::Run(error.to_string()))?;
        writeln!(out, "{json}")?;
    } else {
        text::write(&status, &mut out)?;
    }
    Ok(())
}

async fn ask(address: &str) -> Result<Status, Failure> {
    let failed = |error| unanswered(address, error);
    let answer = send(Method::GET, address, "/status", PATIENCE).await?;
    answer.error_for_status().map_err(failed)?.json().await.map_err(failed)
}

/// Asks a running process, at its admin listener.
pub(super) async fn send(
    method: Method,
    address: &str,
    path: &str,
    patience: Duration,
) -> Result<Response, Failure> {
    let failed = |error| unanswered(address, error);
    let client = Client::builder().timeout(patience).no_proxy().build().map_err(failed)?;
    client.request(method, format!("http://{address}{path}")).send().await.map_err(failed)
}

/// Says that a process did not answer, and what to look at.
pub(super) fn unanswered(address: &str, error: reqwest::Error) -> Failure {
    Failure::Run(format!(
        "no process answers on {address}: {}. Is `transom run` under way, and is this its `admin.listen` (--admin-listen)?",
        on_one_line(&error.without_url())
    ))
}

/// Leaves the connectors that were asked for.
fn keep(status: &mut Status, names: &[String]) -> Result<(), Failure> {
    for name in names {
        if !status.connectors.iter().any(|connector| connector.name == *name) {
            let known: Vec<_> = status.connectors.iter().map(|known| known.name.as_str()).collect();
            return Err(Failure::Usage(format!(
                "no connector `{name}` runs there; these do: {}",
                known.join(", ")
            )));
        }
    }
    if !names.is_empty() {
        status.connectors.retain(|connector| names.contains(&connector.name));
    }
    Ok(())
}
