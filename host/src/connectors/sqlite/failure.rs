//! SQLite's errors as a connector's: what may pass, what is one row's fault, what somebody must mend.

use crate::error::on_one_line;
use rusqlite::{Error, ErrorCode};
use std::{path::Path, time::Duration};
use transom_core::connector::{Class, ConnectorError};

/// How soon to ask again for a database that another process holds: about as long as a transaction takes.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// The error of a database, with what was being done.
pub(super) fn failure(path: &Path, doing: &str, error: &Error) -> ConnectorError {
    let class = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Class::Transient { retry_after: Some(BUSY_PAUSE) }
        }
        // An operator may make room, a disk may come back; nothing was written meanwhile.
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationInterrupted,
        ) => Class::Transient { retry_after: None },
        _ => Class::Fatal,
    };
    let message = format!("database `{}`: {doing}: {}", path.display(), on_one_line(error));
    ConnectorError::new(class, code(error), message)
}

/// The error of a put. A constraint that is checked at COMMIT alone does not say which row is to blame.
pub(super) fn of_put(path: &Path, error: &Error) -> ConnectorError {
    let told = failure(path, "put", error);
    if is_of_row(error) { ConnectorError { class: Class::BadRecord, ..told } } else { told }
}

/// True if a row is to blame: the same row would be refused again, and others would not.
pub(super) fn is_of_row(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
    )
}

/// SQLite's name of an error.
pub(super) fn code(error: &Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => "SQLITE_BUSY",
        Some(ErrorCode::DatabaseLocked) => "SQLITE_LOCKED",
        Some(ErrorCode::DiskFull) => "SQLITE_FULL",
        Some(ErrorCode::SystemIoFailure) => "SQLITE_IOERR",
        Some(ErrorCode::OutOfMemory) => "SQLITE_NOMEM",
        Some(ErrorCode::FileLockingProtocolFailed) => "SQLITE_PROTOCOL",
        Some(ErrorCode::OperationInterrupted) => "SQLITE_INTERRUPT",
        Some(ErrorCode::ConstraintViolation) => "SQLITE_CONSTRAINT",
        Some(ErrorCode::TypeMismatch) => "SQLITE_MISMATCH",
        Some(ErrorCode::TooBig) => "SQLITE_TOOBIG",
        Some(ErrorCode::ReadOnly) => "SQLITE_READONLY",
        Some(ErrorCode::PermissionDenied) => "SQLITE_PERM",
        Some(ErrorCode::CannotOpen) => "SQLITE_CANTOPEN",
        Some(ErrorCode::DatabaseCorrupt) => "SQLITE_CORRUPT",
        Some(ErrorCode::NotADatabase) => "SQLITE_NOTADB",
        Some(ErrorCode::SchemaChanged) => "SQLITE_SCHEMA",
        _ => "SQLITE_ERROR",
    }
}
