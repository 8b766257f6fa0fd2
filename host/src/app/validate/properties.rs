//! Properties of librdkafka's: it judges them itself.

use crate::topics::{Client, check_each, check_together};
use transom_core::config::{Config, Loaded, Place, Problem, Properties, SinkSettings};

/// Asks librdkafka about the properties of a configuration.
pub(super) fn check_properties(loaded: &Loaded, config: &Config) -> Vec<Problem> {
    let mut check = Check { loaded, problems: Vec::new() };
    let both = [Client::Consumer, Client::Producer];
    let kafka = Place::default().key("kafka");
    check.properties(&kafka, &config.kafka, &Properties::default(), &both);
    // Beside what is wrong for all, each override would be wrong again.
    let below = if check.problems.is_empty() { &config.kafka } else { &Properties::default() };
    for (name, connector) in &config.connectors {
        let place = Place::of_connector(name);
        let consumer = place.key("consumer.override");
        check.properties(&consumer, &connector.consumer_override, below, &[Client::Consumer]);
        let producer = place.key("producer.override");
        check.properties(&producer, &connector.producer_override, below, &[Client::Producer]);
        if let Some(SinkSettings::Kafka(sink)) = &connector.sink
            && let Some(cluster) = &sink.cluster
        {
            let place = place.key("sink").key("kafka").key("cluster");
            check.properties(&place, cluster, &Properties::default(), &[Client::Producer]);
        }
    }
    check.problems
}

struct Check<'a> {
    loaded: &'a Loaded,
    problems: Vec<Problem>,
}

impl Check<'_> {
    /// Checks properties each alone; if nothing is wrong, also as laid over those `below` them.
    fn properties(
        &mut self,
        at: &Place,
        over: &Properties,
        below: &Properties,
        clients: &[Client],
    ) {
        if over.is_empty() {
            return;
        }
        let each = check_each(over);
        let merged: Properties = below.iter().chain(over).collect();
        let together = || clients.iter().find_map(|client| check_together(&merged, *client));
        let refusals = if each.is_empty() { Vec::from_iter(together()) } else { each };
        for refusal in refusals {
            let place = refusal.property.map_or_else(|| at.clone(), |name| at.key(&name));
            let span = self.loaded.locate(&place);
            self.problems.push(Problem::error(
                span,
                refusal.message,
                "refused by librdkafka",
                refusal.help,
            ));
        }
    }
}
