//! What the settings mean together.

use super::{Problem, Source, tree::Node};

/// Checks everything that a schema cannot say.
pub(super) fn check(_root: &Node, _source: &Source, _problems: &mut Vec<Problem>) {}
