//! A record as one line of text.

use transom_core::{batch::Batch, config::FileFormat, record::RecordId};

/// Appends a record as a line with its end. The value's bytes leave as they came (invariant 5) but for line breaks,
/// which valid JSON has between its tokens alone: they become blanks, for a line has but one end.
pub(super) fn write(batch: &Batch, record: RecordId, format: FileFormat, out: &mut Vec<u8>) {
    let start = out.len();
    match format {
        FileFormat::Value => batch.write_value(record, out),
        FileFormat::Record => batch.write_record(record, out),
    }
    for byte in &mut out[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use transom_core::record::NewRecord;

    fn check(value: Option<&str>, format: FileFormat, expected: &str) {
        let mut batch = Batch::default();
        let value = value.map(str::as_bytes);
        let (topic, key) = ("orders", Some(br#""k""#.as_slice()));
        let new = NewRecord {
            topic,
            partition: Some(1),
            offset: Some(7),
            key,
            value,
            ..NewRecord::default()
        };
        let record = batch.push(&new);
        let mut out = Vec::new();
        write(&batch, record, format, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_record_is_one_line() {
        check(Some(r#"{"a": 1.10}"#), FileFormat::Value, "{\"a\": 1.10}\n");
        check(Some("{\r\n  \"a\": \"b\\n\"\n}"), FileFormat::Value, "{    \"a\": \"b\\n\" }\n");
        check(None, FileFormat::Value, "\n");
        let record = r#"{"topic":"orders","partition":1,"offset":7,"key":"k","value":[1, 2]}"#;
        check(Some("[1,\n2]"), FileFormat::Record, &format!("{record}\n"));
    }
}
