//! Settings of Kafka Connect's that have another place here.

/// Where to put what Kafka Connect calls `key`.
pub(super) fn of(key: &str) -> Option<&'static str> {
    let hint = CONNECT_SETTINGS.iter().find(|(known, _)| *known == key).map(|(_, hint)| *hint);
    hint.or_else(|| {
        let is_transform = key.starts_with("transforms.") || key.starts_with("predicates.");
        is_transform.then_some(
            "transforms are a list: `transforms: [{name: …, smt: …, config: {…}, when: {…}}]`",
        )
    })
}

/// Settings of Kafka Connect's that are not spelt the same here, and what to do instead.
pub const CONNECT_SETTINGS: [(&str, &str); 17] = [
    (
        "connector.class",
        "name the connector by its key: `sink: {sqlite: {…}}` or `source: {file: {…}}`",
    ),
    ("name", "the key above is the connector's name"),
    ("key.converter", "write `key: {string: {}}`, or another converter"),
    ("value.converter", "write `value: {json: {}}`, or another converter"),
    ("header.converter", "write `header: {string: {}}`, or another converter"),
    ("value.converter.schemas.enable", "write `value: {json: {schemas.enable: true}}`"),
    ("key.converter.schemas.enable", "write `key: {json: {schemas.enable: true}}`"),
    (
        "predicates",
        "a condition stands at its transform: `when: {topic: …, header: …, tombstone: …, negate: …}`",
    ),
    (
        "predicate",
        "a condition stands at its transform: `when: {topic: …, header: …, tombstone: …, negate: …}`",
    ),
    (
        "errors.deadletterqueue.context.headers.enable",
        "take it out: dead letters always carry these headers",
    ),
    ("type", "name the SMT with `smt:`, the connector with `sink:` or `source:`"),
    ("plugin.path", "name the `.wasm` file of an SMT with `smt:`"),
    ("config.storage.topic", "take it out: this file is the configuration"),
    ("status.storage.topic", "take it out: status is served at `admin.listen`"),
    ("offset.storage.topic", "take it out: offsets are kept in `_transom-offsets`"),
    ("rest.port", "write `admin.listen: 127.0.0.1:8083`"),
    ("listeners", "write `admin.listen: 127.0.0.1:8083`"),
];
