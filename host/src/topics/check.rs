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
        let error = match ClientConfig::new().set(name, value).create_native_config() {
            Ok(made) => return misread(name, value, &made.get(name).ok()?),
            Err(error) => error,
        };
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

/// librdkafka takes the digits in front for the number, and what follows for nothing: `6s` are 6 milliseconds.
fn misread(name: &str, value: &str, read: &str) -> Option<Refusal> {
    let number: f64 = read.parse().ok()?;
    let begins_as_number =
        value.trim().starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let is_misread = begins_as_number && value.trim().parse().ok() != Some(number);
    is_misread.then(|| Refusal {
        about: About::Value(name.to_owned()),
        message: format!("`{name}` takes a number, and librdkafka would read {read}"),
        help: "write digits alone, without a unit: times in milliseconds, sizes in the unit that the name says, or bytes"
            .to_owned(),
    })
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
    fn a_number_with_a_unit_is_no_number() {
        for (name, value) in [
            ("session.timeout.ms", "6s"),
            ("queued.max.messages.kbytes", "16MiB"),
            ("fetch.max.bytes", "1e6"),
            ("linger.ms", "5s"),
        ] {
            let refused = messages(&[(name, value)]);
            assert!(refused.len() == 1 && refused[0].contains("takes a number"), "{refused:?}");
        }
        let good = [
            ("session.timeout.ms", "6000"),
            ("linger.ms", "0.5"),
            ("acks", "all"),
            ("acks", "-1"),
            ("client.id", "6s"),
            ("enable.idempotence", "true"),
            ("topic.metadata.refresh.interval.ms", "-1"),
        ];
        for property in good {
            assert_eq!(messages(&[property]), [""; 0]);
        }
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
