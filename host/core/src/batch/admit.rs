//! Records on their way into a batch: payloads to JSON, JSON to documents.

use super::{Batch, narrow};
use crate::{
    convert::{ConvertError, Converter, Converters, Decoded},
    document::Root,
    json::{JsonError, Span},
    record::{Header, Headers, NewRecord, Payload, Record, RecordId, Source, State, Step},
};

impl Batch {
    /// Adds a record of JSON texts. Key and value are validated and indexed; a record that is not JSON has failed from
    /// the start.
    pub fn push(&mut self, new: &NewRecord<'_>) -> RecordId {
        self.add(new, &mut Verbatim)
    }

    /// Adds a record whose value could not be read as a whole: it has failed from the start, with this error, and keeps the bytes that
    /// there are.
    pub fn push_failed(&mut self, new: &NewRecord<'_>, error: &ConvertError) -> RecordId {
        self.add(new, &mut Unread(error))
    }

    /// Adds a record of payloads, as they were read: converters make JSON of them. A record that a converter does not
    /// read, or whose JSON is none, has failed from the start; its [`Original`](crate::record::Original) stays.
    pub fn admit(&mut self, new: &NewRecord<'_>, converters: &mut Converters) -> RecordId {
        self.add(new, converters)
    }

    fn add(&mut self, new: &NewRecord<'_>, convert: &mut impl Convert) -> RecordId {
        let id = RecordId(narrow(self.records.len()));
        let topic = self.topic_span(new.topic);
        let key = new.key.map(|key| self.documents.arena.push(key));
        let value = new.value.map(|value| self.documents.arena.push(value));
        let headers = self.push_headers(new.headers);
        let converted = headers;
        self.payloads.push(Payload { timestamp: new.timestamp, key, value, headers, converted });
        self.records.push(Record {
            source: Source { topic, partition: new.partition, offset: new.offset, key, value },
            input: id.0,
            child: None,
            descendants: 0,
            topic,
            partition: new.partition,
            timestamp: new.timestamp,
            key: Root::default(),
            value: Root::default(),
            headers,
            state: State::Live,
        });
        self.inputs += 1;
        match self.decode(id, new.topic, convert) {
            Ok(()) => self.order.push(id),
            Err(Undecoded { step, code, message }) => {
                self.record_failure(id, step, code, message);
            }
        }
        id
    }

    fn push_headers(&mut self, headers: &[(&str, Option<&[u8]>)]) -> Headers {
        let first = narrow(self.headers.len());
        for (name, value) in headers {
            let name = self.documents.arena.push(name.as_bytes());
            let value = value.map(|value| self.documents.arena.push(value));
            self.headers.push(Header { name, value });
        }
        Headers { first, count: narrow(headers.len()) }
    }

    /// Makes JSON of a record's payloads and indexes it. Key before value, as Connect has it.
    fn decode(
        &mut self,
        id: RecordId,
        topic: &str,
        convert: &mut impl Convert,
    ) -> Result<(), Undecoded> {
        let Source { topic: name, key, value, .. } = self.records[id.index()].source;
        if let Some(key) = key {
            let text = convert.key(self, topic, key).map_err(Undecoded::key)?;
            self.records[id.index()].source.key = text;
            if let Some(text) = text {
                self.records[id.index()].key =
                    self.documents.admit(text).map_err(Undecoded::json(Step::KeyConverter))?;
            }
        }
        if let Some(value) = value {
            let text = convert.value(self, topic, value).map_err(Undecoded::value)?;
            self.records[id.index()].source.value = text;
            if let Some(text) = text {
                self.documents.choose_layout_of(name);
                self.records[id.index()].value =
                    self.documents.index(text).map_err(Undecoded::json(Step::ValueConverter))?;
            }
        }
        if self.records[id.index()].headers.count > 0 {
            self.decode_headers(id, topic, convert)?;
        }
        Ok(())
    }

    fn decode_headers(
        &mut self,
        id: RecordId,
        topic: &str,
        convert: &mut impl Convert,
    ) -> Result<(), Undecoded> {
        let Headers { first, count } = self.records[id.index()].headers;
        let start = narrow(self.headers.len());
        for at in first..first + count {
            let Header { name, value } = self.headers[at as usize];
            let mut text = None;
            if let Some(value) = value {
                text = convert.header(self, topic, value).map_err(Undecoded::header)?;
            }
            if let Some(text) = text {
                self.documents.validate(text).map_err(Undecoded::json(Step::HeaderConverter))?;
            }
            self.headers.push(Header { name, value: text });
        }
        let converted = Headers { first: start, count };
        self.records[id.index()].headers = converted;
        self.payloads[id.index()].converted = converted;
        Ok(())
    }

    /// Has a converter read a payload that lies in the arena.
    fn convert(
        &mut self,
        converter: &mut dyn Converter,
        topic: &str,
        payload: Span,
    ) -> Result<Option<Span>, ConvertError> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let decoded = converter.decode(topic, self.documents.arena.get(payload), &mut text);
        let span = decoded.map(|decoded| match decoded {
            Decoded::Within(range) => {
                let start = payload.start as usize;
                Some(Span::new(start + range.start, start + range.end))
            }
            Decoded::Written => Some(self.documents.arena.push(&text)),
            Decoded::Null => None,
        });
        self.text = text;
        span
    }
}

/// What makes JSON of the payloads of one record: converters, or nothing where they are JSON already.
trait Convert {
    fn key(&mut self, batch: &mut Batch, topic: &str, payload: Span) -> Text;
    fn value(&mut self, batch: &mut Batch, topic: &str, payload: Span) -> Text;
    fn header(&mut self, batch: &mut Batch, topic: &str, payload: Span) -> Text;
}

type Text = Result<Option<Span>, ConvertError>;

/// Payloads that are JSON texts.
struct Verbatim;

impl Convert for Verbatim {
    fn key(&mut self, _: &mut Batch, _: &str, payload: Span) -> Text {
        Ok(Some(payload))
    }

    fn value(&mut self, _: &mut Batch, _: &str, payload: Span) -> Text {
        Ok(Some(payload))
    }

    fn header(&mut self, _: &mut Batch, _: &str, payload: Span) -> Text {
        Ok(Some(payload))
    }
}

/// Payloads that are JSON texts, but for the value.
struct Unread<'a>(&'a ConvertError);

impl Convert for Unread<'_> {
    fn key(&mut self, _: &mut Batch, _: &str, payload: Span) -> Text {
        Ok(Some(payload))
    }

    fn value(&mut self, _: &mut Batch, _: &str, _: Span) -> Text {
        Err(self.0.clone())
    }

    fn header(&mut self, _: &mut Batch, _: &str, payload: Span) -> Text {
        Ok(Some(payload))
    }
}

impl Convert for Converters {
    fn key(&mut self, batch: &mut Batch, topic: &str, payload: Span) -> Text {
        batch.convert(&mut *self.key, topic, payload)
    }

    fn value(&mut self, batch: &mut Batch, topic: &str, payload: Span) -> Text {
        batch.convert(&mut *self.value, topic, payload)
    }

    fn header(&mut self, batch: &mut Batch, topic: &str, payload: Span) -> Text {
        batch.convert(&mut *self.header, topic, payload)
    }
}

/// Why a record could not be decoded.
struct Undecoded {
    step: Step,
    code: &'static str,
    message: String,
}

impl Undecoded {
    fn key(ConvertError { code, message }: ConvertError) -> Self {
        Self { step: Step::KeyConverter, code, message }
    }

    fn value(ConvertError { code, message }: ConvertError) -> Self {
        Self { step: Step::ValueConverter, code, message }
    }

    fn header(ConvertError { code, message }: ConvertError) -> Self {
        Self { step: Step::HeaderConverter, code, message }
    }

    fn json(step: Step) -> impl FnOnce(JsonError) -> Self {
        move |error| Self { step, code: "json", message: error.to_string() }
    }
}
