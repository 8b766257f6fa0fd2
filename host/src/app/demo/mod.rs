//! `transom demo`: both workloads of the shipped configuration at work, with what is left of them to look at.

mod live;
mod narrow;
mod summary;

use super::{
    Failure,
    configuration::{self, Origin, STATE_DIR},
    dev::Idle,
    embedded::Embedded,
    run::{self, Ended, Running, Setup, StateDir},
    validate::Given,
};
use clap::Args;
use live::Live;
use narrow::Narrowed;
use std::{
    env, fs,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use summary::Summary;
use tokio_util::sync::CancellationToken;
use transom_core::config::{Config, Connector, SinkSettings, SourceSettings, is_embedded};
use transom_runtime::Runtime;

const HELP: &str = "\
It runs connectors.yaml of the working directory, with what a short run needs: EVENT_COUNT=300000, EMIT_INTERVAL_MS=0,
ORDER_COUNT=100 and ORDER_INTERVAL_MS=0, unless the environment says otherwise; and for 45 seconds at most. What it leaves
behind is yours to look at. Ctrl-C ends it in good order.";

/// The shipped configuration.
const CONFIG: &str = "connectors.yaml";

/// Variables of the configuration, unless somebody has set them.
const PACE: [(&str, &str); 4] = [
    ("EVENT_COUNT", "300000"),
    ("EMIT_INTERVAL_MS", "0"),
    ("ORDER_COUNT", "100"),
    ("ORDER_INTERVAL_MS", "0"),
];

/// Longest time that the workloads get: on a slow machine the demo shows fewer records.
const LONGEST: Duration = Duration::from_secs(45);

/// Any free port: a broker at the usual one is not in the way.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Directory below which the demo makes a folder of its own. Default: the system's for temporary files.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    run::on_threads(async |asked| {
        let folder = fresh(&arguments.dir.clone().unwrap_or_else(env::temp_dir))?;
        let read = read(&folder).and_then(|(config, origin)| {
            own_broker(&config)?;
            Ok((config, origin))
        });
        if read.is_err() || asked.is_cancelled() {
            // Nothing was shown: the folder is empty, or has what was compiled.
            drop(fs::remove_dir_all(&folder));
        }
        let (config, origin) = read?;
        if asked.is_cancelled() {
            return Ok(writeln!(io::stdout(), "Asked to end before anything began.")?);
        }
        show(config, origin, &folder, &asked).await
    })
}

/// The demo makes messages up, and commits what groups have read: to no cluster but its own.
fn own_broker(config: &Config) -> Result<(), Failure> {
    let writes_elsewhere = |connector: &Connector| matches!(&connector.sink, Some(SinkSettings::Kafka(sink)) if sink.cluster.is_some());
    if is_embedded(&config.kafka) && !config.connectors.values().any(writes_elsewhere) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{CONFIG} names a cluster, and the demo runs on a broker of its own alone: it wants `bootstrap.servers: embedded` \
         and no sink with a `cluster`; `transom run` runs the file as it is"
    )))
}

/// Makes a folder that was not there.
fn fresh(below: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(below)?;
    let mut number = 1;
    loop {
        let folder = below.join(format!("transom-demo-{number}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Failure::Run(format!("{}: {error}", folder.display()))),
        }
    }
}

fn read(folder: &Path) -> Result<(Config, Origin), Failure> {
    let folder = folder.display().to_string();
    let mut given = Given::from([
        (STATE_DIR, folder.clone()),
        ("BOOTSTRAP_SERVERS", "embedded".to_owned()),
        ("PRINT_EVENTS", "false".to_owned()),
        ("PRINT_DELIVERIES", "false".to_owned()),
    ]);
    let unset = PACE.into_iter().filter(|(name, _)| env::var_os(name).is_none());
    given.extend(unset.map(|(name, value)| (name, value.to_owned())));
    let (config, origin) = configuration::read_own(Path::new(CONFIG), given)?;
    // The end is waited for: what was delivered last is to be committed soon.
    let (admin_listen, offset_flush_interval_ms) = (ANY.to_string(), 500);
    let config = Config { state_dir: folder, admin_listen, offset_flush_interval_ms, ..config };
    Ok((config, origin))
}

async fn show(
    mut config: Config,
    origin: Origin,
    folder: &Path,
    asked: &CancellationToken,
) -> Result<(), Failure> {
    let mut out = io::stdout();
    writeln!(
        out,
        "The workloads of {CONFIG}, on a broker inside this process, in {}\n",
        folder.display()
    )?;
    let state = StateDir::take(folder)?;
    let broker = Embedded::start(&mut config, ANY, &state).await?;
    let setup = Setup::new(&config, origin, &[], state)?;
    let idle = Idle::of(&config, &[])?;
    let acts = Acts { idle, halfway: halfway(&config), narrowed: Narrowed::of(&config) };
    let mut played = None;
    let until = async |running: &Running| {
        played = tokio::time::timeout(LONGEST, acts.play(running)).await.ok();
        Ended::Asked
    };
    let (status, ended) = run::serve(setup, asked, until).await?;
    match played {
        Some(played) => played?,
        None if asked.is_cancelled() => writeln!(out, "\nAsked to end before all was through.")?,
        None => writeln!(out, "\nEnded after {} s, before all was through.", LONGEST.as_secs())?,
    }
    drop(acts);
    let summary = Summary::of(&config, &status)?;
    if let Some(broker) = broker {
        broker.stop().await?;
    }
    run::conclude(&status, ended)?;
    summary.write(folder, &mut out)
}

/// Half of the messages that sources make.
fn halfway(config: &Config) -> u64 {
    let count = |source: &SourceSettings| match source {
        SourceSettings::Datagen(source) => source.count,
        SourceSettings::File(_) => None,
    };
    let sources = config.connectors.values().filter_map(|connector| connector.source.as_ref());
    sources.filter_map(count).sum::<u64>() / 2
}

/// What happens while records flow.
struct Acts {
    idle: Idle,
    halfway: u64,
    /// What the second half runs, if the configuration has what the demo changes.
    narrowed: Option<Narrowed>,
}

impl Acts {
    /// Whatever is done to connectors while they run stands between the halves: as much is through as is to come, or half of
    /// the time is over.
    async fn play(&self, running: &Running) -> Result<(), Failure> {
        let runtime = &running.runtime;
        let mut live = Live::new(runtime);
        self.first_half(runtime, &mut live).await?;
        if let Some(narrowed) = &self.narrowed {
            narrowed.swap(running, &mut io::stdout()).await?;
        }
        self.second_half(runtime, &mut live).await
    }

    async fn first_half(&self, runtime: &Runtime, live: &mut Live<'_>) -> Result<(), Failure> {
        let begin = Instant::now();
        let is_over = async || {
            let status = runtime.status();
            let is_half = live::made(&status) >= self.halfway || begin.elapsed() >= LONGEST / 2;
            is_half || !status.failures().is_empty()
        };
        live.watch(is_over).await
    }

    async fn second_half(&self, runtime: &Runtime, live: &mut Live<'_>) -> Result<(), Failure> {
        live.watch(async || self.idle.is_over(runtime).await).await
    }
}
