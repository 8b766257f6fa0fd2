//! What errors look like where one line is all there is.

use std::error::Error;
use std::iter;

/// An error with its causes, on one line.
pub(crate) fn on_one_line(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
