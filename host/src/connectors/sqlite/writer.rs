//! The one thread of a process that writes to a database file.

use super::failure::failure;
use rusqlite::{Connection, OpenFlags};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use transom_core::connector::ConnectorError;

/// Jobs that wait for the thread. Each sink has one under way at most, so this is rarely reached (invariant 8).
const JOBS: usize = 16;

/// How long SQLite itself waits for another process. Short, because other sinks wait for this thread meanwhile; the task
/// asks again.
const BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// Statements that stay prepared: one for each table, and a few.
const STATEMENTS: usize = 128;

/// The writers of this process, by canonical path.
static WRITERS: Mutex<BTreeMap<PathBuf, Weak<Writer>>> = Mutex::new(BTreeMap::new());

/// A handle of the thread that owns the connection to a file. The thread ends with the last handle, when it has done
/// what it was given.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
    /// Resolved when the connection is closed.
    ended: oneshot::Receiver<()>,
}

/// What is done with the connection, or with the reason for which there is none.
type Job = Box<dyn FnOnce(Result<&mut Connection, ConnectorError>) + Send>;

impl Writer {
    /// The writer of a file that is created when absent. Nothing is opened yet.
    ///
    /// # Errors
    /// [`ConnectorError`] if the file's directory does not exist, or no thread can be started.
    pub(super) fn of(path: &Path) -> Result<Arc<Self>, ConnectorError> {
        let path = canonical(path).map_err(|error| {
            let message = format!("database `{}`: its directory: {error}", path.display());
            ConnectorError::fatal("SQLITE_CANTOPEN", message)
        })?;
        let mut writers = WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writers.get(&path).and_then(Weak::upgrade)
            && !writer.jobs.is_closed()
        {
            return Ok(writer);
        }
        let writer = Arc::new(Self::spawn(path.clone())?);
        writers.retain(|_, writer| writer.strong_count() > 0);
        writers.insert(path, Arc::downgrade(&writer));
        Ok(writer)
    }

    /// A writer that is shared with nobody.
    pub(super) fn spawn(path: PathBuf) -> Result<Self, ConnectorError> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(JOBS);
        let (end, ended) = oneshot::channel();
        let served = path.clone();
        let serve = move || {
            let mut connection = None;
            while let Some(job) = waiting.blocking_recv() {
                // Opened when it is needed, and once more if that failed: a locked file may be free by then.
                match connection.take().map_or_else(|| open(&served), Ok) {
                    Ok(open) => job(Ok(connection.insert(open))),
                    Err(error) => job(Err(error)),
                }
            }
            drop(connection);
            drop(end);
        };
        thread::Builder::new().name("sqlite-writer".to_owned()).spawn(serve).map_err(|error| {
            ConnectorError::transient("thread", format!("a thread for a database: {error}"))
        })?;
        Ok(Self { path, jobs, ended })
    }

    /// The file, by its canonical path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Has the thread do something, and waits for it. What was given is done even if nobody waits any more.
    ///
    /// # Errors
    /// What `work` answers, or that the database cannot be opened.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, ConnectorError> + Send + 'static,
    ) -> Result<T, ConnectorError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have been dropped meanwhile, and looks at what became of it later.
            drop(answer.send(connection.and_then(work)));
        });
        if self.jobs.send(job).await.is_ok()
            && let Ok(answer) = answered.await
        {
            return answer;
        }
        let message = format!("database `{}`: its writer has failed", self.path.display());
        Err(ConnectorError::fatal("sqlite-writer", message))
    }

    /// Waits until the connection is closed, if this was the last handle.
    pub(super) async fn close(self: Arc<Self>) {
        if let Some(Self { jobs, ended, .. }) = Arc::into_inner(self) {
            drop(jobs);
            // The thread drops its end of it, which is the answer.
            drop(ended.await);
        }
    }
}

/// Resolves links, so that two spellings of a file share its writer; the file itself may be absent.
fn canonical(path: &Path) -> io::Result<PathBuf> {
    if path.exists() {
        return path.canonicalize();
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new(".")).canonicalize()?;
    Ok(path.file_name().map_or(directory.clone(), |name| directory.join(name)))
}

/// Opens a database for writing; see the module's page for the modes.
pub(super) fn open(path: &Path) -> Result<Connection, ConnectorError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A file system without shared memory keeps its own mode; transactions are atomic in each.
        connection.query_row("PRAGMA journal_mode = WAL", (), |_mode| Ok(()))?;
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    });
    opened.map_err(|error| failure(path, "open", &error))
}
