//! Files and folders that a connector reads or writes.

use super::{Declared, check_not_blank};
use crate::config::Problem;

pub(super) fn check(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let named = [
        (connector.source("file"), "name a file, or a pattern: `in/*.jsonl`"),
        (connector.sink("file"), "name the folder that files are written to"),
        (connector.sink("sqlite"), "name the database file"),
    ];
    for (settings, help) in named {
        if let Some(path) = settings.and_then(|settings| settings.get("path")) {
            check_not_blank("`path`", path, help, problems);
        }
    }
}
