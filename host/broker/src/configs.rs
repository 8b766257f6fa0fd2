//! The topic configs that this broker knows, with their defaults and what they accept.
//!
//! Acted on: `cleanup.policy` (only `delete` has an effect: a topic that says `compact` keeps everything), `flush.messages`,
//! `max.message.bytes`, `retention.bytes`, `retention.ms`, `segment.bytes`. A value that would promise what the broker does
//! not do is refused. The rest is stored and given back, and has no effect on one node.

/// A topic config.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) accepts: Accepts,
}

/// What a config accepts.
#[derive(Debug)]
pub(crate) enum Accepts {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number, this or more.
    Int(i64),
    /// The same, in 64 bits.
    Long(i64),
    /// A share between 0 and 1.
    Share,
}

/// Why a config was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("topics have no config `{name}` here")]
    Unknown { name: String },
    #[error("`{name}: {value}` is not accepted; expected {expected}")]
    Value { name: &'static str, value: String, expected: String },
}

const POLICIES: &[&str] = &["delete", "compact", "compact,delete", "delete,compact"];
const DAY: &str = "86400000";
const WEEK: &str = "604800000";
const NEVER: &str = "9223372036854775807";

/// All of them. Defaults are Apache Kafka's, but for `segment.bytes`: small segments let `retention.bytes` keep its word.
pub(crate) const KNOWN: [Known; 14] = [
    known("cleanup.policy", "delete", Accepts::OneOf(POLICIES)),
    known("compression.type", "producer", Accepts::OneOf(&["producer"])),
    known("delete.retention.ms", DAY, Accepts::Long(0)),
    known("flush.messages", NEVER, Accepts::Long(1)),
    known("max.compaction.lag.ms", NEVER, Accepts::Long(1)),
    known("max.message.bytes", "1048588", Accepts::Int(0)),
    known("message.timestamp.type", "CreateTime", Accepts::OneOf(&["CreateTime"])),
    known("min.cleanable.dirty.ratio", "0.5", Accepts::Share),
    known("min.compaction.lag.ms", "0", Accepts::Long(0)),
    known("min.insync.replicas", "1", Accepts::Int(1)),
    known("retention.bytes", "-1", Accepts::Long(-1)),
    known("retention.ms", WEEK, Accepts::Long(-1)),
    known("segment.bytes", "67108864", Accepts::Int(1024)),
    known("segment.ms", WEEK, Accepts::Long(1)),
];

const fn known(name: &'static str, default: &'static str, accepts: Accepts) -> Known {
    Known { name, default, accepts }
}

impl Known {
    /// Says whether `value` is accepted.
    pub(crate) fn check(&self, value: &str) -> Result<(), Invalid> {
        let number = value.parse::<i64>();
        let (is_good, expected) = match self.accepts {
            Accepts::OneOf(words) => (words.contains(&value), words.join(" or ")),
            Accepts::Int(least) => {
                let good = number.is_ok_and(|it| it >= least && i32::try_from(it).is_ok());
                (good, format!("a number of 32 bits, {least} or more"))
            }
            Accepts::Long(least) => {
                (number.is_ok_and(|it| it >= least), format!("a number, {least} or more"))
            }
            Accepts::Share => {
                let good = value.parse().is_ok_and(|share: f64| (0.0..=1.0).contains(&share));
                (good, "a share between 0 and 1".to_owned())
            }
        };
        let invalid = || Invalid::Value { name: self.name, value: value.to_owned(), expected };
        is_good.then_some(()).ok_or_else(invalid)
    }

    /// The number that the protocol has for the config's type.
    pub(crate) fn type_number(&self) -> i8 {
        match self.accepts {
            Accepts::OneOf(words) if words == POLICIES => 7,
            Accepts::OneOf(_) => 2,
            Accepts::Int(_) => 3,
            Accepts::Long(_) => 5,
            Accepts::Share => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::topic::TopicConfigs;

    fn parse(name: &str, value: &str) -> Result<TopicConfigs, Invalid> {
        TopicConfigs::new(BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn defaults_are_accepted_by_their_own_rules() {
        for known in &KNOWN {
            known.check(known.default).unwrap();
        }
        let configs = TopicConfigs::new(BTreeMap::new()).unwrap();
        assert_eq!((configs.retention_bytes, configs.retention_ms), (None, Some(604_800_000)));
        assert!(configs.deletes);
    }

    #[test]
    fn values_are_read() {
        assert_eq!(parse("retention.ms", "-1").unwrap().retention_ms, None);
        assert_eq!(parse("retention.bytes", "5").unwrap().retention_bytes, Some(5));
        assert!(!parse("cleanup.policy", "compact").unwrap().deletes);
        assert!(parse("cleanup.policy", "compact,delete").unwrap().deletes);
    }

    #[test]
    fn what_would_have_no_effect_is_refused() {
        let check = |name, value, expected: &str| {
            assert_eq!(parse(name, value).unwrap_err().to_string(), expected);
        };
        check("no.such", "1", "topics have no config `no.such` here");
        check(
            "message.timestamp.type",
            "LogAppendTime",
            "`message.timestamp.type: LogAppendTime` is not accepted; expected CreateTime",
        );
        check(
            "max.message.bytes",
            "9999999999",
            "`max.message.bytes: 9999999999` is not accepted; expected a number of 32 bits, 0 or more",
        );
    }
}
