//! What a datagen source's settings mean together.

use super::Declared;
use crate::{
    config::{DatagenSource, Place, Problem, json},
    datagen,
};

pub(super) fn check(connector: &Declared<'_>, problems: &mut Vec<Problem>) {
    let settings = connector.source.and_then(|source| source.node.get("datagen"));
    let Some(node) = settings else { return };
    // What cannot be read the schema has told of.
    let Ok(settings) = json::read::<DatagenSource>(node) else { return };
    for flaw in datagen::problems(&settings, &Place::default()) {
        let span = node.locate(&flaw.place);
        problems.push(Problem::error(span, flaw.message, "does not hold", flaw.help));
    }
}
