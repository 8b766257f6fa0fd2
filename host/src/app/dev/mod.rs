//! `transom dev`: a configuration with a broker beside it, so that nothing else has to be there.

mod idle;
mod watch;

pub(super) use idle::Idle;

use super::{
    Failure,
    configuration::Origin,
    embedded::{self, Embedded},
    logs::Format,
    run::{self, Ended, Options, Running, Setup, StateDir},
};
use clap::Args;
use jiff::SignedDuration;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use transom_core::config::{Config, is_embedded};

const HELP: &str = "\
Where the file says `bootstrap.servers: embedded`, a broker starts inside this process; its log is in the state directory,
so that the next `transom dev` goes on where this one ends. Other clients reach it at --listen, `transom dlq` and
`transom offsets` by themselves. A transform whose module or config changes on the disk is exchanged within seconds, as
`transom reload` does it. SIGINT or SIGTERM ends everything in good order; a second signal leaves at once.";

/// Where Kafka's clients look at a desk.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9092);

/// Time between two commits of a run that waits for the last of them.
const FLUSH_INTERVAL_MS: u64 = 500;

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Where the broker listens; port 0 takes a free one. Default: 127.0.0.1:9092.
    #[arg(long, value_name = "HOST:PORT", value_parser = embedded::address)]
    listen: Option<SocketAddr>,
    /// End in good order after this time: `30s`, `5m`.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    time: Option<Duration>,
    /// End in good order once all sources have ended and every sink has delivered and committed all that its topics
    /// hold. A source without end never does. Ends with exit code 1 if a task fails, with 3 if records were rejected.
    #[arg(long)]
    until_idle: bool,
}

impl Arguments {
    pub(super) fn log_format(&self) -> Format {
        self.options.log_format
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    run::on_threads(async |asked| {
        let (mut config, origin) = arguments.options.read()?;
        if arguments.listen.is_some() && !is_embedded(&config.kafka) {
            return Err(Failure::Usage(
                "--listen is for the embedded broker, and the file names a cluster: `bootstrap.servers` is not `embedded`".to_owned(),
            ));
        }
        if arguments.until_idle {
            let interval = &mut config.offset_flush_interval_ms;
            *interval = (*interval).min(FLUSH_INTERVAL_MS);
        }
        develop(arguments, config, origin, &asked).await
    })
}

async fn develop(
    arguments: &Arguments,
    mut config: Config,
    origin: Origin,
    asked: &CancellationToken,
) -> Result<(), Failure> {
    let Arguments { options, listen, time, until_idle } = arguments;
    let state = StateDir::take(Path::new(&config.state_dir))?;
    let broker = Embedded::start(&mut config, listen.unwrap_or(LISTEN), &state).await?;
    let idle = Idle::of(&config, &options.connectors)?;
    let setup = Setup::new(&config, origin, &options.connectors, state)?;
    let until = async |running: &Running| {
        let runtime = &running.runtime;
        tokio::select! {
            () = idle.wait(runtime), if *until_idle => Ended::ByItself,
            ended = run::ended_well(runtime), if !until_idle => ended,
            () = tokio::time::sleep(time.unwrap_or_default()), if time.is_some() => Ended::Asked,
            never = watch::watch(running) => match never {},
        }
    };
    let (status, ended) = run::serve(setup, asked, until).await?;
    drop(idle);
    if let Some(broker) = broker {
        broker.stop().await?;
    }
    run::conclude(&status, ended)
}

fn duration(text: &str) -> Result<Duration, String> {
    let expected = "expected a time such as 30s, 5m or 1h30m";
    let time: SignedDuration = text.parse().map_err(|error| format!("{error}; {expected}"))?;
    Duration::try_from(time).map_err(|error| format!("{error}; {expected}"))
}
