//! What can go wrong outside of one request.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why a broker could not start, or not stop cleanly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The address is taken, or not one of this machine's.
    #[error("cannot listen on `{address}`; choose another address, or port 0 for a free one")]
    Listen {
        /// The address as it was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Another broker works in the same directory.
    #[error("`{}` is in use by another broker; stop it, or choose another directory", directory.display())]
    InUse {
        /// The directory of both.
        directory: PathBuf,
    },
    /// A file or directory below the broker's directory could not be read or written.
    #[error("cannot use `{}`", path.display())]
    Storage {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An entry of the journal is whole, but this version does not know it.
    #[error("`{}` has an entry that this version cannot read; use the version that wrote it, or an empty directory", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with the entry.
        source: serde_json::Error,
    },
    /// There are records, and nothing that says which topics they belong to.
    #[error(
        "`{}` is missing or empty, and `{}` has records: topics, committed offsets and producer ids were in it; restore it, or move \
         both out of the directory to begin anew", journal.display(), logs.display()
    )]
    NoJournal {
        /// The journal.
        journal: PathBuf,
        /// Where the records are.
        logs: PathBuf,
    },
    /// The journal has whole entries behind something that is none.
    #[error(
        "`{}` is damaged at byte {position}, and topics, committed offsets or producer ids that follow would be lost; restore it, or give \
         them up: {}", path.display(), give_up(path, *position)
    )]
    DamagedJournal {
        /// The journal.
        path: PathBuf,
        /// Where the entry begins that is not whole.
        position: usize,
    },
    /// A topic's records are not where they were written.
    #[error("`{}` is missing, and the journal has its topic; restore it, or make an empty one for a partition without records", directory.display())]
    NoPartition {
        /// The partition's directory.
        directory: PathBuf,
    },
    /// The broker's own threads could not be started.
    #[error("cannot start the broker's threads")]
    Threads {
        /// What the system said.
        source: io::Error,
    },
}

impl BrokerError {
    /// Returns a function that says which `path` an I/O error is about.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Storage { path, source }
    }
}

/// How to give up a journal from a position on. One without a single entry says of no record which topic it is of.
fn give_up(journal: &Path, position: usize) -> String {
    if position == 0 {
        return "move it and `logs` beside it out of the directory to begin anew".to_owned();
    }
    format!("`truncate -s {position} {}`", journal.display())
}
