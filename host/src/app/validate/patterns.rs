//! Patterns of files: who looks for the files judges them.

use glob::Pattern;
use transom_core::config::{Loaded, Place, Problem};

/// Checks the paths of file sources.
pub(super) fn check_patterns(loaded: &Loaded) -> Vec<Problem> {
    let connectors = loaded.below(&Place::default().key("connectors"));
    let check = |connector: &Place| {
        let at = connector.key("source").key("file").key("path");
        let error = Pattern::new(&loaded.part::<String>(&at)?).err()?;
        Some(Problem::error(
            loaded.locate(&at),
            format!(
                "`path` is no pattern of files: {} (near character {})",
                error.msg,
                error.pos + 1
            ),
            "does not parse",
            "`*` stands for any characters but `/`, `?` for one, `[ab]` for one of these, `**` between two `/` for any folders; \
             a file's own `[` is written `[[]`, its `*` is `[*]`",
        ))
    };
    connectors.iter().filter_map(check).collect()
}
