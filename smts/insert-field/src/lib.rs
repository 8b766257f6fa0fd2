//! Inserts topic, partition, offset, timestamp or a fixed text as fields, as Kafka Connect's `InsertField` does.
//!
//! It uses the first door of the SDK, a function from one JSON record to another: what it inserts comes from all
//! over the record, so it asks for the whole of it, and twenty lines are enough.

use smt_sdk::{FromSettings, Json, JsonRecord, Settings, SettingsError, SmtError};

/// Names of the fields to insert.
#[derive(Debug)]
pub struct InsertField {
    topic: Option<String>,
    partition: Option<String>,
    offset: Option<String>,
    timestamp: Option<String>,
    fixed: Option<(String, String)>,
    key: bool,
}

impl FromSettings for InsertField {
    fn from_settings(settings: &mut Settings<'_>) -> Result<Self, SettingsError> {
        let insert = Self {
            topic: field(settings, "topic.field")?,
            partition: field(settings, "partition.field")?,
            offset: field(settings, "offset.field")?,
            timestamp: field(settings, "timestamp.field")?,
            fixed: fixed(settings)?,
            key: settings.choice("target", &["value", "key"])? == "key",
        };
        let named = [&insert.topic, &insert.partition, &insert.offset, &insert.timestamp];
        if insert.fixed.is_none() && named.into_iter().all(Option::is_none) {
            return Err(SettingsError::new(
                "",
                "no field is configured: name at least one to insert",
            ));
        }
        Ok(insert)
    }
}

fn insert_field(
    settings: &InsertField,
    mut record: JsonRecord,
) -> Result<Option<JsonRecord>, SmtError> {
    let target = if settings.key { &mut record.key } else { &mut record.value };
    let fields = match target {
        None | Some(Json::Null) => return Ok(Some(record)),
        Some(fields @ Json::Object(_)) => fields,
        Some(other) => {
            let (name, found) = (if settings.key { "@key" } else { "$" }, other.kind());
            let message =
                format!("`{name}`: expected an object to insert fields into, found {found}");
            return Err(SmtError::new(SmtError::FIELD_TYPE, message));
        }
    };
    if let Some(name) = &settings.topic {
        fields.set(name, record.topic.as_str());
    }
    if let (Some(name), Some(partition)) = (&settings.partition, record.partition) {
        fields.set(name, i64::from(partition));
    }
    if let Some(name) = &settings.offset {
        let message = "`@offset`: expected an offset, found nothing: a source record has none";
        let offset =
            record.offset.ok_or_else(|| SmtError::new(SmtError::FIELD_MISSING, message))?;
        fields.set(name, offset);
    }
    if let (Some(name), Some(timestamp)) = (&settings.timestamp, record.timestamp) {
        fields.set(name, timestamp);
    }
    if let Some((name, text)) = &settings.fixed {
        fields.set(name, text.as_str());
    }
    Ok(Some(record))
}

/// The name of a field, without the mark that Connect puts behind it for its schemas.
fn field(settings: &mut Settings<'_>, name: &'static str) -> Result<Option<String>, SettingsError> {
    let text = settings.optional_text(name)?;
    Ok(text.map(|text| {
        let trimmed = text.trim_ascii();
        trimmed.strip_suffix(['?', '!']).unwrap_or(trimmed).to_owned()
    }))
}

fn fixed(settings: &mut Settings<'_>) -> Result<Option<(String, String)>, SettingsError> {
    let name = field(settings, "static.field")?;
    let text = settings.optional_text("static.value")?;
    match (name, text) {
        (Some(name), Some(text)) => Ok(Some((name, text.trim_ascii().to_owned()))),
        (Some(_), None) => Err(settings.missing("static.value")),
        (None, _) => Ok(None),
    }
}

smt_sdk::export_fn!(
    insert_field(InsertField),
    description: "Inserts topic, partition, offset, timestamp or a fixed text as fields.",
    config: "../config.schema.json",
    cases: [
        "../cases/inserts-into-the-key.json",
        "../cases/inserts-metadata.json",
        "../cases/keeps-what-it-does-not-touch.json",
        "../cases/leaves-out-what-is-not-there.json",
        "../cases/needs-an-object.json",
        "../cases/needs-an-offset.json",
        "../cases/overwrites.json",
        "../cases/passes-what-has-no-value.json",
        "../cases/reads-marks.json",
        "../cases/refuses-a-number.json",
        "../cases/refuses-half-a-static-field.json",
        "../cases/refuses-nothing-to-do.json",
        "../cases/refuses-unknown-settings.json",
        "../cases/takes-names-as-they-are.json",
    ],
);
