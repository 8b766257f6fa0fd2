//! Starting and stopping.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::connection::{self, ConnectionError};
use crate::error::BrokerError;
use crate::groups::Groups;
use crate::journal::{Entry, Journal};
use crate::settings::Settings;
use crate::state::State;
use crate::topics::Topics;

/// How often old segments are looked for.
const RETENTION: Duration = Duration::from_secs(10);

/// How long accepting pauses when the system has no more connections to give.
const PAUSE: Duration = Duration::from_millis(100);

/// A running broker.
///
/// It works on two threads of its own, so that reading and writing files holds up nobody else. Dropping it is like killing
/// the process: what was acknowledged is there at the next start. [`Broker::stop`] leaves more tidily.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    state: Arc<State>,
    stopping: CancellationToken,
    tasks: TaskTracker,
    /// `None` only while the broker is being dropped.
    runtime: Option<Runtime>,
    /// Held locked for as long as the broker uses the directory.
    _lock: File,
}

impl Broker {
    /// Opens the directory, recovers what is in it, and listens.
    ///
    /// # Errors
    ///
    /// If the address is taken, if another broker uses the directory, if it cannot be read or written, or if something in it
    /// is damaged or missing that was acknowledged: that is left as it is, and the error names the way out.
    pub async fn start(settings: Settings) -> Result<Self, BrokerError> {
        let mut threads = runtime::Builder::new_multi_thread();
        let runtime = threads.worker_threads(2).thread_name("broker").enable_all().build();
        let runtime = runtime.map_err(|source| BrokerError::Threads { source })?;
        let address = settings.listen;
        let started = runtime.spawn(async move {
            let (state, lock) = open(settings)?;
            let listener = TcpListener::bind(address).await;
            let listener = listener.map_err(|source| BrokerError::Listen { address, source })?;
            Ok((state, lock, listener))
        });
        let started = started.await.unwrap_or_else(|failed| {
            Err(BrokerError::Threads { source: std::io::Error::other(failed) })
        });
        // A runtime must not be dropped where others run.
        let (state, lock, listener) = match started {
            Ok(started) => started,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let address = listener.local_addr().unwrap_or(address);
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let state = Arc::new(state);
        let broker = Self { address, state, stopping, tasks, runtime: Some(runtime), _lock: lock };
        broker.spawn_tasks(listener);
        info!(%address, "broker started");
        Ok(broker)
    }

    /// Where the broker listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections, waits for everything that runs, and forces all that was written to the disk.
    ///
    /// # Errors
    ///
    /// If a file cannot be forced to the disk. The broker is stopped nevertheless.
    pub async fn stop(self) -> Result<(), BrokerError> {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        for topic in self.state.topics.all() {
            for partition in &topic.partitions {
                partition.flush().map_err(BrokerError::at(&topic.name))?;
            }
        }
        self.state.journal.flush()?;
        info!(address = %self.address, "broker stopped");
        Ok(())
    }

    fn spawn_tasks(&self, listener: TcpListener) {
        let Some(runtime) = &self.runtime else { return };
        let (stopping, tasks) = (self.stopping.clone(), self.tasks.clone());
        let state = Arc::clone(&self.state);
        let accept = async move { accept(listener, state, &stopping, &tasks).await };
        self.tasks.spawn_on(accept, runtime.handle());
        let (stopping, state) = (self.stopping.clone(), Arc::clone(&self.state));
        let watch =
            async move { stopping.run_until_cancelled(state.groups.watch_deadlines()).await };
        self.tasks.spawn_on(watch, runtime.handle());
        let (stopping, state) = (self.stopping.clone(), Arc::clone(&self.state));
        let retain = async move { stopping.run_until_cancelled(retain(&state)).await };
        self.tasks.spawn_on(retain, runtime.handle());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stopping.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Takes the directory and reads what is in it.
fn open(settings: Settings) -> Result<(State, File), BrokerError> {
    let logs = settings.directory.join("logs");
    fs::create_dir_all(&logs).map_err(BrokerError::at(&logs))?;
    let lock = take(&settings.directory)?;
    let journal = settings.directory.join("journal");
    let has_records = fs::read_dir(&logs).map_err(BrokerError::at(&logs))?.next().is_some();
    if has_records && !journal.metadata().is_ok_and(|file| file.len() > 0) {
        return Err(BrokerError::NoJournal { journal, logs });
    }
    let journal = Arc::new(Journal::open(journal)?);
    let cluster_id = journal.read(|image| image.cluster_id.clone());
    let cluster_id = cluster_id.unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    let entry = Entry::Cluster { id: cluster_id.clone() };
    journal.write(entry).map_err(BrokerError::at(&settings.directory))?;
    let topics = Topics::open(logs, Arc::clone(&journal))?;
    let groups = Groups::new(settings.initial_rebalance_delay);
    Ok((State { settings, cluster_id, topics, groups, journal }, lock))
}

/// Locks the directory against other brokers.
fn take(directory: &Path) -> Result<File, BrokerError> {
    let path = directory.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(BrokerError::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(BrokerError::InUse { directory: directory.to_owned() })
        }
        Err(TryLockError::Error(source)) => Err(BrokerError::Storage { path, source }),
    }
}

/// Accepts connections until `stopping`.
async fn accept(
    listener: TcpListener,
    state: Arc<State>,
    stopping: &CancellationToken,
    tasks: &TaskTracker,
) {
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, client)) => {
                let (state, stopping) = (Arc::clone(&state), stopping.clone());
                tasks.spawn(async move {
                    stopping.run_until_cancelled(serve(&state, stream, client)).await;
                });
            }
            Err(error) => {
                warn!(%error, "connection not accepted");
                stopping.run_until_cancelled(sleep(PAUSE)).await;
            }
        }
    }
}

async fn serve(state: &State, stream: TcpStream, client: SocketAddr) {
    match connection::serve(state, stream).await {
        Ok(()) => debug!(%client, "connection closed by its client"),
        // Clients that stop or are killed leave like this.
        Err(ConnectionError::Io(error)) => debug!(%client, %error, "connection lost"),
        Err(ConnectionError::Call(error)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            warn!(%client, %error, cause, "connection closed");
        }
    }
}

/// Deletes what topics' retention says, again and again. Never returns.
async fn retain(state: &State) {
    let mut ticks = interval(RETENTION);
    loop {
        ticks.tick().await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        for topic in state.topics.all() {
            for partition in &topic.partitions {
                if let Err(error) = partition.retain(&topic.configs, now) {
                    error!(topic = topic.name, %error, "old segments not deleted");
                }
            }
        }
    }
}
