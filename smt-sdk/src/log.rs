//! Lines for the host's log. The host limits how many there may be, and adds which SMT wrote them.

use crate::exports;
use smt_abi::import;

/// Logs that something failed.
pub fn error(message: &str) {
    exports::log(import::ERROR, message);
}

/// Logs that something looks wrong.
pub fn warn(message: &str) {
    exports::log(import::WARN, message);
}

/// Logs something for the operator.
pub fn info(message: &str) {
    exports::log(import::INFO, message);
}

/// Logs something for the author.
pub fn debug(message: &str) {
    exports::log(import::DEBUG, message);
}
