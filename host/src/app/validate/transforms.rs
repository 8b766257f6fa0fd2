//! Transforms: their modules are loaded and given their settings.

use crate::{
    app::{Failure, library, validate::Keep},
    error::on_one_line,
    wasm::{InitError, Runtime, WasmTransform},
};
use std::path::Path;
use transom_core::config::{Loaded, Place, Problem, Transform};

/// Configures every transform in the sandbox. `folder` is where relative paths of modules begin.
///
/// # Errors
/// If there is no sandbox to do it in.
pub(super) fn check_transforms(
    loaded: &mut Loaded,
    folder: &Path,
    keep: Keep<'_>,
) -> Result<Vec<Problem>, Failure> {
    let connectors = loaded.below(&Place::default().key("connectors"));
    let places = connectors.iter().flat_map(|connector| loaded.below(&connector.key("transforms")));
    let transforms =
        places.filter_map(|place| loaded.part(&place).map(|transform| (place, transform)));
    let transforms: Vec<(Place, Transform)> = transforms.collect();
    let mut problems = Vec::new();
    if !transforms.is_empty() {
        let runtime = runtime(loaded, keep)?;
        for (place, transform) in transforms {
            problems.extend(check_transform(loaded, &place, &transform, (&runtime, folder))?);
        }
    }
    Ok(problems)
}

fn runtime(loaded: &Loaded, keep: Keep<'_>) -> Result<Runtime, Failure> {
    match (keep, &loaded.config) {
        (Keep::In(Some(directory)), Some(_)) => library::runtime_in(directory),
        (Keep::In(None), Some(config)) => library::runtime_in(Path::new(&config.state_dir)),
        // What does not hold leaves nothing behind.
        (Keep::No, _) | (_, None) => library::runtime(),
    }
}

fn check_transform(
    loaded: &mut Loaded,
    place: &Place,
    transform: &Transform,
    (runtime, folder): (&Runtime, &Path),
) -> Result<Vec<Problem>, Failure> {
    let module = match library::load(runtime, &library::below(folder, &transform.smt)) {
        Ok(module) => module,
        Err(Failure::Usage(message)) => {
            let span = loaded.locate(&place.key("smt"));
            let help = "`transom plugins` lists the shipped SMTs; a path begins at the folder of this file";
            return Ok(vec![Problem::error(span, message, "cannot be loaded", help)]);
        }
        Err(failure) => return Err(failure),
    };
    let config = place.key("config");
    // Also hides the values of settings that the module does not know.
    let unfit = loaded.check(&config, &module.manifest().config);
    let name = &transform.smt;
    let settings = transform.config.get().as_bytes();
    Ok(match WasmTransform::with_secrets(&module, settings, loaded.source.secrets()) {
        Ok(_) => Vec::new(),
        // The module decides; its schema may say more about it, and all at once.
        Err(InitError::Refused { .. }) if !unfit.is_empty() => unfit,
        Err(InitError::Refused { message, path }) => {
            let at = config.path(&path).unwrap_or(config);
            let help = format!("`transom plugins` shows the settings of `{name}`");
            let message = format!("`{name}` refuses its settings: {message}");
            vec![Problem::error(loaded.locate(&at), message, "refused by the SMT", help)]
        }
        Err(InitError::Failed(failure)) => {
            let message = format!("`{name}` cannot be configured: {}", on_one_line(&failure));
            let help = "the module itself failed: another version of it may not";
            vec![Problem::error(loaded.locate(&place.key("smt")), message, "failed", help)]
        }
    })
}
