//! `transom broker`: the embedded broker as a process of its own.

use super::{Failure, embedded, logs::Format, run};
use crate::error::on_one_line;
use clap::Args;
use std::{net::SocketAddr, num::NonZeroU16, path::PathBuf};
use transom_broker::{Broker, Settings};

const HELP: &str = "\
It speaks Kafka's protocol: any client reads and writes. There is no authentication, no TLS and no replication: whoever
reaches the address may read and write everything. SIGINT or SIGTERM ends it in good order; what was acknowledged is
there at the next start however the process ends. Damage that is found at a start is told, with the way out.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9092", value_parser = embedded::address)]
    listen: SocketAddr,
    /// Where everything is kept; created if it is not there.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Partitions of a topic that is created without a number.
    #[arg(long, value_name = "N", default_value_t = NonZeroU16::MIN)]
    partitions: NonZeroU16,
    /// What a line of the log looks like.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { listen, dir, partitions, log_format: _ } = arguments;
    let settings = Settings { listen: *listen, partitions: *partitions, ..Settings::new(dir) };
    run::on_threads(async |asked| {
        let broker = Broker::start(settings).await;
        let broker = broker.map_err(|error| Failure::Usage(on_one_line(&error)))?;
        asked.cancelled().await;
        broker.stop().await.map_err(|error| Failure::Run(on_one_line(&error)))
    })
}
