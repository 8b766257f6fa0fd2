//! Properties of librdkafka's: it judges them itself.

use crate::topics::{About, Client, Refusal, check_each, check_together};
use transom_core::config::{Loaded, Place, Problem, Properties};

/// Asks librdkafka about the properties of a configuration.
pub(super) fn check_properties(loaded: &Loaded) -> Vec<Problem> {
    let mut check = Check { loaded, problems: Vec::new() };
    let (none, kafka) = (Properties::default(), Place::default().key("kafka"));
    check.properties(&kafka, &none, &[Client::Consumer, Client::Producer]);
    // Beside what is wrong for all, each override would be wrong again.
    let is_good = check.problems.is_empty();
    let below = loaded.part(&kafka).filter(|_| is_good).unwrap_or_default();
    for connector in loaded.below(&Place::default().key("connectors")) {
        check.properties(&connector.key("consumer.override"), &below, &[Client::Consumer]);
        check.properties(&connector.key("producer.override"), &below, &[Client::Producer]);
        let cluster = connector.key("sink").key("kafka").key("cluster");
        check.properties(&cluster, &none, &[Client::Producer]);
    }
    check.problems
}

struct Check<'a> {
    loaded: &'a Loaded,
    problems: Vec<Problem>,
}

impl Check<'_> {
    /// Checks the properties at a place each alone; if nothing is wrong, also as laid over those `below` them.
    fn properties(&mut self, at: &Place, below: &Properties, clients: &[Client]) {
        let Some(over) = self.loaded.part::<Properties>(at) else { return };
        let each = check_each(&over);
        let merged: Properties = below.iter().chain(&over).collect();
        let together = || clients.iter().find_map(|client| check_together(&merged, *client));
        let refusals = if each.is_empty() { Vec::from_iter(together()) } else { each };
        for Refusal { about, message, help } in refusals {
            let span = match about {
                About::Name(name) => self.loaded.locate_key(&at.key(&name)),
                About::Value(name) => self.loaded.locate(&at.key(&name)),
                About::Several => self.loaded.locate_key(at),
            };
            self.problems.push(Problem::error(span, message, "refused by librdkafka", help));
        }
    }
}
