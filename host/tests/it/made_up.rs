//! Made-up events as bytes: what the examples' converters write of them, and what a reader sees.

use std::path::Path;
use transom::schemas;
use transom_core::{
    config::{self, Environment, SourceSettings},
    convert::{Role, build, build_for_source},
    datagen::{Start, Stream},
};

struct Unset;

impl Environment for Unset {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, path: &str) -> Result<String, String> {
        Err(format!("{path} is not there"))
    }
}

#[test]
fn events_and_poison_are_written_as_their_own_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let text = std::fs::read_to_string(folder.join("datagen-events.yaml")).unwrap();
    let mut config = config::load(&text, "datagen-events.yaml", &Unset).config.unwrap();
    let pool = schemas::load(&config.schemas, &folder).unwrap();
    let connector = config.connectors.remove("events").unwrap();
    let Some(SourceSettings::Datagen(settings)) = &connector.source else {
        panic!("the example has another source");
    };
    let value = connector.value.as_ref();
    let mut writer = build_for_source(value, Role::Value, pool.as_ref()).unwrap();
    let mut reader = build(value, Role::Value, pool.as_ref()).unwrap();
    let start = Start { again: true, seed: 1, now_ms: 1_696_163_696_789 };
    let mut stream = Stream::new(settings, None, start).unwrap();
    let (mut payload, mut json) = (Vec::new(), Vec::new());
    for _ in 0..2_001 {
        let message = stream.next_message(1_696_163_696_789).unwrap();
        let topic = message.converter_topic.unwrap_or(message.topic);
        payload.clear();
        writer.encode(topic, message.value, &mut payload).unwrap();
        json.clear();
        reader.decode(topic, &payload, &mut json).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let made: serde_json::Value = serde_json::from_slice(message.value).unwrap();
        let names = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&read), names(&made));
        if message.is_poison {
            // The bytes alone do not say that they are no event: a string in field 1.
            assert_eq!(payload, [&[10, 21], b"Simulated poison pill".as_slice()].concat());
        }
    }
}
