//! `transom reload`: a running process reads its configuration again.

mod again;
mod changes;
mod text;

pub(super) use again::Reload;

use super::{Failure, status};
use crate::admin::{Refused, Reloaded};
use clap::Args;
use reqwest::Method;
use std::{
    io::{self, Write},
    time::Duration,
};

/// How long a process may take: it compiles what has changed, and each task finishes its batch.
const PATIENCE: Duration = Duration::from_mins(5);

const HELP: &str = "\
Transforms whose module (by its bytes) or config has changed are exchanged, each task from one batch to the next; all of them are
compiled, configured and put to their own test cases before the first one is. What else has changed is named and needs a restart.

Exit codes:
  0  done: what has changed was exchanged, or nothing has; what needs a restart is named
  1  no process answers, or not every transform could be exchanged
  2  the configuration or a module does not hold: nothing was changed";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    asked: status::Asked,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(ask(&arguments.asked.admin_listen))?;
    let mut out = io::stdout().lock();
    if arguments.asked.json {
        let json = match &answer {
            Ok(reloaded) => serde_json::to_string_pretty(reloaded),
            Err(refused) => serde_json::to_string_pretty(refused),
        };
        writeln!(out, "{}", json.map_err(|error| Failure::Run(error.to_string()))?)?;
    }
    match answer {
        Ok(reloaded) => {
            if !arguments.asked.json {
                text::write(&reloaded, &mut out)?;
            }
            let is_done = reloaded.transforms.iter().all(|exchange| exchange.failed.is_none());
            if is_done { Ok(()) } else { Err(Failure::Records) }
        }
        Err(_) if arguments.asked.json => Err(Failure::Invalid),
        Err(Refused { error }) => Err(Failure::Usage(format!("nothing was changed: {error}"))),
    }
}

async fn ask(address: &str) -> Result<Result<Reloaded, Refused>, Failure> {
    let answer = status::send(Method::POST, address, "/reload", PATIENCE).await?;
    let code = answer.status();
    let body = answer.bytes().await.map_err(|error| status::unanswered(address, error))?;
    let read = if code.is_success() {
        serde_json::from_slice(&body).map(Ok)
    } else {
        serde_json::from_slice(&body).map(Err)
    };
    read.map_err(|error| {
        Failure::Run(format!("{address} answers {code} and no JSON of ours ({error}): is it `transom`, and of this version?"))
    })
}
