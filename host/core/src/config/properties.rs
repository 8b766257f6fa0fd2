//! Properties of librdkafka's: which of them hold secrets, and which may be shown.

use super::suggest;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map},
    fmt,
    ops::{Deref, DerefMut},
};

/// Properties of librdkafka's, by name; a number or a boolean is written as it is spelt. What `{:?}` prints has no values
/// but those of names that are known to hold no secret (invariant 9).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Deref for Properties {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Properties {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(properties: I) -> Self {
        Self(properties.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl From<BTreeMap<String, String>> for Properties {
    fn from(properties: BTreeMap<String, String>) -> Self {
        Self(properties)
    }
}

impl IntoIterator for Properties {
    type Item = (String, String);
    type IntoIter = btree_map::IntoIter<String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Properties {
    type Item = (&'a String, &'a String);
    type IntoIter = btree_map::Iter<'a, String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value)| (name, if may_be_shown(name) { value } else { "[hidden]" });
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        f.debug_map().entries(pairs.map(shown)).finish()
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As they are spelt: `1.10` is no number here, and a password of digits keeps its zeros.
        let spelt = BTreeMap::<String, Box<RawValue>>::deserialize(deserializer)?;
        let text = |(name, value): (String, Box<RawValue>)| match value.get() {
            json if json.starts_with('"') => {
                serde_json::from_str(json).map(|value| (name, value)).map_err(D::Error::custom)
            }
            json if json.starts_with(['{', '[', 'n']) => {
                Err(D::Error::custom(format!("expected text for `{name}`")))
            }
            json => Ok((name, json.to_owned())),
        };
        spelt.into_iter().map(text).collect::<Result<_, _>>().map(Self)
    }
}

impl JsonSchema for Properties {
    fn schema_name() -> Cow<'static, str> {
        "Properties".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Properties of librdkafka's, by name; a number or a boolean is written as it is spelt.",
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        })
    }
}

/// What `bootstrap.servers` is where the broker inside the process is meant.
pub(super) const EMBEDDED: &str = "embedded";

/// True if these properties ask for the broker inside the process instead of leading to a cluster.
pub fn is_embedded(kafka: &Properties) -> bool {
    kafka.get("bootstrap.servers").is_some_and(|servers| servers == EMBEDDED)
}

/// Words in the name of a setting that say that its value is a secret.
const SECRET_WORDS: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "passphrase",
    "jaas",
    "credential",
    "private.key",
    "api.key",
    "salt",
];

/// True if a setting with this name holds a secret.
pub fn is_sensitive(name: &str) -> bool {
    let name = name.to_lowercase().replace(['_', '-'], ".");
    // Where tokens come from and how they are asked for is none.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_place = matches!(last, "url" | "location" | "file");
    let says_so = SECRET_WORDS.iter().any(|word| name.contains(word));
    !is_place && (says_so || matches!(name.as_str(), "ssl.key.pem" | "sasl.oauthbearer.config"))
}

/// True if the value of this property may be seen. What is not known may be a secret whose name was mistyped.
pub(super) fn may_be_shown(name: &str) -> bool {
    !is_sensitive(name) && OPEN.contains(&name)
}

/// The property that `name` was probably meant to be.
pub fn nearest_property(name: &str) -> Option<&'static str> {
    suggest::nearest(name, OPEN.into_iter().chain(SECRET))
}

/// Properties that hold secrets.
const SECRET: [&str; 6] = [
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Properties that operators set and that hold no secret.
const OPEN: [&str; 86] = [
    "acks",
    "allow.auto.create.topics",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "batch.num.messages",
    "batch.size",
    "bootstrap.servers",
    "broker.address.family",
    "broker.address.ttl",
    "check.crcs",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.codec",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "debug",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "enable.sasl.oauthbearer.unsecure.jwt",
    "enable.ssl.certificate.verification",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.protocol.type",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "linger.ms",
    "log_level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "metadata.broker.list",
    "metadata.max.age.ms",
    "offset.store.method",
    "partition.assignment.strategy",
    "partitioner",
    "plugin.library.paths",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "receive.message.max.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.required.acks",
    "request.timeout.ms",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.kerberos.keytab",
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.username",
    "security.protocol",
    "session.timeout.ms",
    "socket.keepalive.enable",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.keystore.location",
    "transactional.id",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_secrets() {
        for name in SECRET.into_iter().chain([
            "Database_Password",
            "api-key",
            "hash.salt",
            "sasl.jaas.config",
        ]) {
            assert!(is_sensitive(name), "{name}");
        }
        for name in OPEN.into_iter().chain(["key", "monkey", "fields", "schemas.enable"]) {
            assert!(!is_sensitive(name), "{name}");
        }
    }

    #[test]
    fn values_are_read_as_they_are_spelt_and_shown_only_where_they_are_open() {
        let json =
            r#"{"linger.ms": 1.50, "debug": true, "sasl.password": "a\"b", "sasl.pasword": "x"}"#;
        let properties: Properties = serde_json::from_str(json).unwrap();
        assert_eq!(
            (properties["linger.ms"].as_str(), properties["debug"].as_str()),
            ("1.50", "true")
        );
        assert_eq!(properties["sasl.password"], "a\"b");
        let shown = r#"{"debug": "true", "linger.ms": "1.50", "sasl.password": "[hidden]", "sasl.pasword": "[hidden]"}"#;
        assert_eq!(format!("{properties:?}"), shown);
        for json in [r#"{"a": null}"#, r#"{"a": []}"#, r#"{"a": {}}"#, "5"] {
            serde_json::from_str::<Properties>(json).unwrap_err();
        }
    }

    #[test]
    fn a_mistyped_property_is_near_to_one() {
        assert_eq!(nearest_property("sasl.pasword"), Some("sasl.password"));
        assert_eq!(nearest_property("auto_offset_reset"), Some("auto.offset.reset"));
        assert_eq!(nearest_property("colour"), None);
    }
}
