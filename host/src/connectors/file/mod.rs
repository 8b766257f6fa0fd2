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

/// The error of a file: a full disk passes, and so does another process that writes it; most else is the operator's to mend.
fn failed(what: &str, path: &Path, error: &io::Error) -> ConnectorError {
    let message = format!("cannot {what} `{}`: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ConnectorError::transient("disk-full", message)
        }
        ErrorKind::ResourceBusy => ConnectorError::transient("locked", message),
        ErrorKind::Interrupted | ErrorKind::TimedOut => ConnectorError::transient("io", message),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ConnectorError::fatal("permission-denied", message)
        }
        ErrorKind::NotFound => ConnectorError::fatal("not-found", message),
        _ => ConnectorError::fatal("io", message),
    }
}
