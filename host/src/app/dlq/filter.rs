//! Which dead letters are meant.

use super::letter::Letter;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use std::str::FromStr;

/// All that is given must hold.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Where the original came from: TOPIC, TOPIC/PARTITION or TOPIC/PARTITION/OFFSET.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<Place>,
    /// The stage that it failed at, as in `__connect.errors.stage`: `VALUE_CONVERTER`, `TRANSFORMATION`, `TASK_PUT`, …
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// The transform that it failed at, by its name in the configuration.
    #[arg(long, value_name = "NAME")]
    transform: Option<String>,
    /// The original's timestamp is not before this: 2026-01-31T12:00:00Z, or an age such as `2h`.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// The original's timestamp is before this.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

/// A part of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    topic: String,
    partition: Option<i32>,
    offset: Option<i64>,
}

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(i64);

impl Filter {
    pub(super) fn keeps(&self, letter: &Letter) -> bool {
        let in_time = |holds: &dyn Fn(i64) -> bool| letter.timestamp.is_some_and(holds);
        self.origin.as_ref().is_none_or(|place| place.holds(letter))
            && self.stage.as_ref().is_none_or(|stage| letter.connect("stage") == Some(stage))
            && self.transform.as_ref().is_none_or(|name| letter.ours("smt") == Some(name))
            && self.since.is_none_or(|since| in_time(&|at| at >= since.0))
            && self.until.is_none_or(|until| in_time(&|at| at < until.0))
    }

    /// True if nothing is given, so all letters are kept.
    pub(super) fn is_empty(&self) -> bool {
        let Self { origin, stage, transform, since, until } = self;
        origin.is_none()
            && stage.is_none()
            && transform.is_none()
            && since.is_none()
            && until.is_none()
    }
}

impl Place {
    fn holds(&self, letter: &Letter) -> bool {
        let Self { topic, partition, offset } = self;
        *topic == letter.origin.topic
            && partition.is_none_or(|partition| letter.origin.partition == Some(partition))
            && offset.is_none_or(|offset| letter.origin.offset == Some(offset))
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |part: &str| {
            format!(
                "`{part}` is no number: expected TOPIC, TOPIC/PARTITION or TOPIC/PARTITION/OFFSET"
            )
        };
        let mut parts = text.split('/');
        let topic = parts.next().filter(|topic| !topic.is_empty()).ok_or("the topic is missing")?;
        let partition =
            parts.next().map(|part| part.parse().map_err(|_not| wrong(part))).transpose()?;
        let offset =
            parts.next().map(|part| part.parse().map_err(|_not| wrong(part))).transpose()?;
        match parts.next() {
            Some(more) => {
                Err(format!("`/{more}` is too much: expected TOPIC/PARTITION/OFFSET at most"))
            }
            None => Ok(Self { topic: topic.to_owned(), partition, offset }),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self(time.as_millisecond()));
        }
        let age: SignedDuration = text
            .parse()
            .map_err(|_not| format!("`{text}` is neither a time such as 2026-01-31T12:00:00Z nor an age such as 2h or 30m"))?;
        let then = Timestamp::now().checked_sub(age).map_err(|error| error.to_string())?;
        Ok(Self(then.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Letter, Moment, Place};
    use crate::app::dlq::letter::Origin;

    fn letter() -> Letter {
        let context = [("__connect.errors.stage", "TRANSFORMATION"), ("transom.smt", "mask")];
        Letter {
            timestamp: Some(1_000),
            origin: Origin { topic: "orders".to_owned(), partition: Some(3), offset: Some(17) },
            context: context.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
            ..Letter::default()
        }
    }

    fn none() -> Filter {
        Filter { origin: None, stage: None, transform: None, since: None, until: None }
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let place = |text: &str| Some(text.parse::<Place>().unwrap());
        let moment = |at| Some(Moment(at));
        let kept = [
            none(),
            Filter {
                origin: place("orders/3/17"),
                stage: Some("TRANSFORMATION".to_owned()),
                ..none()
            },
            Filter {
                transform: Some("mask".to_owned()),
                since: moment(1_000),
                until: moment(1_001),
                ..none()
            },
        ];
        let left_out = [
            Filter { origin: place("order"), ..none() },
            Filter { origin: place("orders/3/18"), ..none() },
            Filter { stage: Some("TASK_PUT".to_owned()), ..none() },
            Filter { transform: Some("filter".to_owned()), ..none() },
            Filter { since: moment(1_001), ..none() },
            Filter { until: moment(1_000), ..none() },
        ];
        assert!(kept.iter().all(|filter| filter.keeps(&letter())));
        assert!(!left_out.iter().any(|filter| filter.keeps(&letter())));
    }

    #[test]
    fn origins_and_times_are_read() {
        let place = |topic: &str, partition, offset| {
            Ok(Place { topic: topic.to_owned(), partition, offset })
        };
        assert_eq!("a".parse(), place("a", None, None));
        assert_eq!("a/0".parse(), place("a", Some(0), None));
        assert_eq!("a/0/9".parse(), place("a", Some(0), Some(9)));
        for wrong in ["", "/1", "a/x", "a/1/x", "a/1/2/3"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
        assert_eq!("1970-01-01T00:00:01Z".parse(), Ok(Moment(1_000)));
        assert!("2h".parse::<Moment>().is_ok());
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
