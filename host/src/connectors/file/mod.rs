//! Files of lines, as a sink and as a source.
//!
//! | module | what |
//! |---|---|
//! | [`sink`] | `FileSink`: lines of a put, topic by topic |
//! | `directory` | the files of one task: which is written, when the next begins |
//! | `segment` | one file that grows by whole lines |
//! | `name` | what a file is called |
//! | [`source`] | `FileSource`: a record for each line |

mod directory;
mod name;
mod segment;
pub mod sink;
pub mod source;

pub use sink::FileSink;
pub use source::FileSource;

use std::{
    io::{self, ErrorKind},
    path::Path,
};
use transom_core::connector::ConnectorError;

/// The error of a file: a full disk passes, all else is the operator's.
fn failed(what: &str, path: &Path, error: &io::Error) -> ConnectorError {
    let message = format!("cannot {what} `{}`: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ConnectorError::transient("disk-full", message)
        }
        ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::ResourceBusy => {
            ConnectorError::transient("io", message)
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ConnectorError::fatal("permission-denied", message)
        }
        ErrorKind::NotFound => ConnectorError::fatal("not-found", message),
        _ => ConnectorError::fatal("io", message),
    }
}
