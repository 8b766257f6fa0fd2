//! What librdkafka says of its properties, without a broker.

use rdkafka::{
    ClientConfig,
    consumer::BaseConsumer,
    error::{KafkaError, KafkaResult},
    producer::{BaseProducer, DefaultProducerContext, NoCustomPartitioner},
    types::RDKafkaConfRes,
};
use transom_core::config::{Properties, nearest_property};

/// What properties are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Reading.
    Consumer,
    /// Writing.
    Producer,
}

/// What a [`Refusal`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// No property has this name.
    Name(String),
    /// The value of this property.
    Value(String),
    /// Several properties, which do not go together.
    Several,
}

/// Something that librdkafka does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What of it.
    pub about: About,
    /// What librdkafka says. It may hold the value.
    pub message: String,
    /// The way out.
    pub help: String,
}

/// Asks about each property alone: whether it exists, and takes its value.
pub fn check_each(properties: &Properties) -> Vec<Refusal> {
    let refused = |(name, value): (&String, &String)| {
        let error = ClientConfig::new().set(name, value).create_native_config().err()?;
        let KafkaError::ClientConfig(kind, message, ..) = error else { return None };
        Some(match kind {
            RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN => Refusal {
                about: About::Name(name.clone()),
                message: format!("librdkafka has no property `{name}`"),
                help: suggestion(name),
            },
            _ => Refusal {
                about: About::Value(name.clone()),
                message: format!("librdkafka refuses `{name}`: {}", message.trim()),
                help: "librdkafka's CONFIGURATION.md has the values of every property".to_owned(),
            },
        })
    };
    properties.iter().filter_map(refused).collect()
}

/// Asks whether properties, each good alone, make a client with those that are always set. It is not told where brokers
/// are, so that it looks for none.
pub fn check_together(properties: &Properties, client: Client) -> Option<Refusal> {
    let mut config: ClientConfig =
        properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    config.remove("bootstrap.servers").remove("metadata.broker.list");
    let made: KafkaResult<()> = match client {
        Client::Consumer => {
            config.set("group.id", "transom-validate").create::<BaseConsumer>().map(drop)
        }
        Client::Producer => config
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "0")
            .create::<BaseProducer<DefaultProducerContext, NoCustomPartitioner>>()
            .map(drop),
    };
    let message = match made.err()? {
        KafkaError::ClientCreation(reason) => reason,
        error => error.to_string(),
    };
    Some(Refusal {
        about: About::Several,
        message: format!("librdkafka makes no client of these properties: {}", message.trim()),
        help: "change what the message names; librdkafka's CONFIGURATION.md has every property"
            .to_owned(),
    })
}

fn suggestion(name: &str) -> String {
    match nearest_property(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "librdkafka's CONFIGURATION.md lists its properties; Java's names differ for some"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(properties: &[(&str, &str)]) -> Vec<String> {
        let properties = properties.iter().copied().collect();
        check_each(&properties).into_iter().map(|refusal| refusal.message).collect()
    }

    #[test]
    fn each_property_is_judged_alone() {
        assert_eq!(messages(&[("linger.ms", "5"), ("bootstrap.servers", "embedded")]), [""; 0]);
        let refused =
            messages(&[("linger.mss", "5"), ("linger.ms", "soon"), ("fetch.min.bytes", "-1")]);
        assert_eq!(refused.len(), 3, "{refused:?}");
        assert_eq!(refused[2], "librdkafka has no property `linger.mss`");
    }

    #[test]
    fn properties_are_judged_together() {
        let good = [("bootstrap.servers", "embedded"), ("security.protocol", "plaintext")];
        for client in [Client::Consumer, Client::Producer] {
            assert_eq!(check_together(&good.into_iter().collect(), client), None);
        }
        let bad = [("session.timeout.ms", "60000"), ("max.poll.interval.ms", "30000")];
        let refusal = check_together(&bad.into_iter().collect(), Client::Consumer).unwrap();
        assert!(refusal.message.contains("max.poll.interval.ms"), "{refusal:?}");
        let bad = [("max.in.flight.requests.per.connection", "50")];
        let refusal = check_together(&bad.into_iter().collect(), Client::Producer).unwrap();
        assert!(refusal.message.contains("max.in.flight"), "{refusal:?}");
    }
}
