//! Which topic gets which message: settings as a whole, checked and ready to draw from.

use super::{
    flaw::{Flaw, Flaws},
    template::{Template, templates},
};
use crate::config::{DatagenSource, Interval};

/// What is made of the settings.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) topics: Vec<Topic>,
    pub(super) templates: Vec<Template>,
    pub(super) poison: Option<Poison>,
}

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: Box<str>,
    /// Which of the templates.
    pub(super) template: usize,
}

#[derive(Debug)]
pub(super) struct Poison {
    interval: u64,
    pub(super) template: usize,
    pub(super) converter_topic: Option<Box<str>>,
}

impl Poison {
    /// Messages are counted from 0, and message 0 is never poison.
    pub(super) fn is_due(&self, number: u64) -> bool {
        number > 0 && number.is_multiple_of(self.interval)
    }
}

impl Plan {
    /// Makes a plan, and tells what does not hold; with a flaw the plan is not to be used.
    pub(super) fn of(settings: &DatagenSource, flaws: &mut Flaws) -> Self {
        check_interval(settings.interval_ms, flaws);
        Self {
            topics: topics(settings, flaws),
            templates: templates(settings, flaws),
            poison: poison(settings, flaws),
        }
    }
}

fn topics(settings: &DatagenSource, flaws: &mut Flaws) -> Vec<Topic> {
    let mut topics = Vec::with_capacity(settings.topics.len());
    for (topic, message) in &settings.topics {
        match declared(settings, &message.0) {
            Ok(template) => topics.push(Topic { name: topic.as_str().into(), template }),
            Err(flaw) => flaws.push(&["topics", topic], flaw),
        }
    }
    if settings.topics.is_empty() {
        let help = "name each with the message that it carries: `orders: Order`";
        flaws.push(&["topics"], Flaw::new("there is no topic", help));
    }
    topics
}

fn poison(settings: &DatagenSource, flaws: &mut Flaws) -> Option<Poison> {
    let interval = settings.poison_interval_messages;
    let Some(message) = &settings.poison_message else {
        if interval > 0 {
            let help = "name it with `poison.message`, or set the interval to 0";
            let flaw = Flaw::new("no message is declared to be poison", help);
            flaws.push(&["poison.interval.messages"], flaw);
        }
        return None;
    };
    let converter_topic = settings.poison_converter_topic.as_deref().map(Into::into);
    match declared(settings, message) {
        Ok(template) => (interval > 0).then_some(Poison { interval, template, converter_topic }),
        Err(flaw) => {
            flaws.push(&["poison.message"], flaw);
            None
        }
    }
}

/// The position of a message among the templates, which are in the order of their names.
fn declared(settings: &DatagenSource, message: &str) -> Result<usize, Flaw> {
    settings.messages.keys().position(|known| known == message).ok_or_else(|| {
        let known: Vec<String> = settings.messages.keys().map(|name| format!("`{name}`")).collect();
        let help = match known.as_slice() {
            [] => "declare its fields there".to_owned(),
            known => format!("declare its fields there, or take one of {}", known.join(", ")),
        };
        Flaw::new(format!("no generator is declared for `{message}` under `messages`"), help)
    })
}

fn check_interval(interval: Interval, flaws: &mut Flaws) {
    if let Interval::Drawn(range) = interval
        && range.min > range.max
    {
        let message = format!("`min` {} is above `max` {}", range.min, range.max);
        flaws.push(&["interval.ms"], Flaw::new(message, "swap them"));
    }
}
