//! A batch: records with everything they hold, in one arena.

mod admit;

use crate::{
    chain::Passage,
    document::Documents,
    json::Span,
    predicate::Predicate,
    record::{
        Failure, Header, Headers, Origin, Original, Payload, Record, RecordId, State, Step, Verdict,
    },
};
use smt_abi::code;
use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
};

/// Records on their way through a chain.
///
/// A batch is filled with [`push`](Self::push), run through a [`Chain`](crate::chain::Chain), read, and
/// [cleared](Self::clear) to be filled again: its memory and what it learnt of the records' layout stay, so a batch
/// that was in use once allocates nothing more per record.
///
/// Each record keeps its payload as it came beside the edits, for dead letters and for a replay after a trap.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) documents: Documents,
    pub(crate) records: Vec<Record>,
    pub(crate) headers: Vec<Header>,
    /// What was read, one for each input.
    pub(crate) payloads: Vec<Payload>,
    failures: Vec<Failure>,
    inputs: usize,
    /// Records that are still on their way, in order.
    order: Vec<RecordId>,
    /// Those of them that the current stage works on.
    selected: Vec<RecordId>,
    next: Vec<RecordId>,
    /// Where whole records are written before they become part of the arena.
    pub(crate) text: Vec<u8>,
    stage: usize,
    /// Set by a split or by the failure of a child: the order must be made anew.
    reorder: bool,
    /// Says which batch this is, for as long as it lives: what was learnt of one batch's layouts holds in no other.
    pub(crate) identity: Serial,
    /// Changes with each clear, so that spans that somebody remembers are known to be stale.
    pub(crate) epoch: Serial,
}

/// A number that is given out once: one instance works on several batches in turn, and must tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serial(u64);

impl Default for Serial {
    /// The next number.
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Batch {
    /// Forgets all records, keeps the memory.
    pub fn clear(&mut self) {
        self.documents.clear();
        self.records.clear();
        self.headers.clear();
        self.payloads.clear();
        self.failures.clear();
        self.order.clear();
        self.selected.clear();
        (self.inputs, self.stage, self.reorder) = (0, 0, false);
        self.epoch = Serial::default();
    }

    /// Number of records that were pushed.
    pub const fn len(&self) -> usize {
        self.inputs
    }

    /// True if no record was pushed.
    pub const fn is_empty(&self) -> bool {
        self.inputs == 0
    }

    /// Bytes that the records and their edits take up.
    pub const fn bytes(&self) -> usize {
        self.documents.arena.len()
    }

    /// Records that are still on their way, in the order they are to be delivered.
    pub fn survivors(&self) -> &[RecordId] {
        &self.order
    }

    /// What became of an input.
    ///
    /// # Panics
    /// If fewer records were pushed.
    pub fn verdict(&self, input: usize) -> Verdict<'_> {
        assert!(input < self.inputs, "record {input} of a batch of {}", self.inputs);
        match self.records[input].state {
            State::Live => Verdict::Passed,
            State::Dropped { stage } => Verdict::Dropped { stage: stage as usize },
            State::Failed { failure } => Verdict::Failed(&self.failures[failure as usize]),
            State::Split { .. } => self.split_verdict(input),
        }
    }

    /// True if a record failed, at a converter or a transform.
    pub const fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Inputs that are still on their way, themselves or in children.
    pub fn passed(&self) -> usize {
        if self.records.len() == self.inputs {
            return self.order.len();
        }
        self.order.chunk_by(|one, next| self.input(*one) == self.input(*next)).count()
    }

    /// Inputs that a converter failed on, before they were on their way.
    pub fn undecoded(&self) -> usize {
        let is_of_converter =
            |failure: &&Failure| !matches!(failure.step, Step::Transformation { .. });
        self.failures.iter().filter(is_of_converter).count()
    }

    /// What became of a record, which may be a child. One that was split has passed; whatever its children became.
    pub fn outcome(&self, record: RecordId) -> Verdict<'_> {
        let input = &self.records[self.input(record)];
        match (input.state, self.records[record.index()].state) {
            (State::Failed { failure }, _) | (_, State::Failed { failure }) => {
                Verdict::Failed(&self.failures[failure as usize])
            }
            (_, State::Dropped { stage }) => Verdict::Dropped { stage: stage as usize },
            (_, State::Live | State::Split { .. }) => Verdict::Passed,
        }
    }

    /// An input that was split has passed while a descendant lives; else its last descendant was dropped somewhere.
    fn split_verdict(&self, input: usize) -> Verdict<'_> {
        let mut last = None;
        for record in
            self.records.iter().skip(self.inputs).filter(|record| record.input as usize == input)
        {
            match record.state {
                State::Live => return Verdict::Passed,
                State::Dropped { stage } => last = last.max(Some(stage)),
                State::Failed { .. } | State::Split { .. } => {}
            }
        }
        last.map_or(Verdict::Passed, |stage| Verdict::Dropped { stage: stage as usize })
    }

    /// The input that a record descends from, by the order of [`push`](Self::push).
    pub fn input(&self, record: RecordId) -> usize {
        self.records[record.index()].input as usize
    }

    /// An input as it was read, by the order of [`push`](Self::push) and [`admit`](Self::admit).
    ///
    /// # Panics
    /// If fewer records were added.
    pub fn original(&self, input: usize) -> Original<'_> {
        let Payload { timestamp, key, value, .. } = self.payloads[input];
        let source = self.records[input].source;
        let arena = &self.documents.arena;
        Original {
            topic: self.name(source.topic),
            partition: source.partition,
            offset: source.offset,
            timestamp,
            key: key.map(|key| arena.get(key)),
            value: value.map(|value| arena.get(value)),
        }
    }

    /// An input's headers as they were read.
    ///
    /// # Panics
    /// If fewer records were added.
    pub fn original_headers(&self, input: usize) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.named(self.payloads[input].headers)
    }

    /// Where a record came from.
    pub fn origin(&self, record: RecordId) -> Origin<'_> {
        let Record { source, child, .. } = self.records[record.index()];
        Origin {
            topic: self.name(source.topic),
            partition: source.partition,
            offset: source.offset,
            child,
        }
    }

    /// The topic that a record goes to.
    pub fn topic(&self, record: RecordId) -> &str {
        self.name(self.records[record.index()].topic)
    }

    /// The partition that a record goes to, where one was chosen.
    pub fn partition(&self, record: RecordId) -> Option<i32> {
        self.records[record.index()].partition
    }

    /// A record's timestamp, in milliseconds since 1970.
    pub fn timestamp(&self, record: RecordId) -> Option<i64> {
        self.records[record.index()].timestamp
    }

    /// Headers in order, values as JSON.
    pub fn headers(&self, record: RecordId) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.named(self.records[record.index()].headers)
    }

    pub(crate) fn named(
        &self,
        Headers { first, count }: Headers,
    ) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        let arena = &self.documents.arena;
        self.headers[first as usize..(first + count) as usize]
            .iter()
            .map(|header| (self.name(header.name), header.value.map(|value| arena.get(value))))
    }

    /// True for a record without a value.
    pub fn is_tombstone(&self, record: RecordId) -> bool {
        self.records[record.index()].value.is_absent()
    }

    /// True for a record without a key.
    pub fn has_no_key(&self, record: RecordId) -> bool {
        self.records[record.index()].key.is_absent()
    }

    /// True if the value would be written exactly as it came.
    pub fn is_value_untouched(&self, record: RecordId) -> bool {
        let record = &self.records[record.index()];
        self.documents.is_untouched(&record.value, record.source.value)
    }

    /// True if the key would be written exactly as it came.
    pub fn is_key_untouched(&self, record: RecordId) -> bool {
        let record = &self.records[record.index()];
        self.documents.is_untouched(&record.key, record.source.key)
    }

    /// True if the headers are those that were read, and no transform set one anew.
    pub fn are_headers_untouched(&self, record: RecordId) -> bool {
        let record = &self.records[record.index()];
        record.headers == self.payloads[record.input as usize].converted
    }

    /// Appends a record's value, as JSON; nothing for a tombstone.
    #[inline]
    pub fn write_value(&self, record: RecordId, out: &mut Vec<u8>) {
        self.documents.write(&self.records[record.index()].value, out);
    }

    /// Appends a record's key, as JSON; nothing where it has none.
    pub fn write_key(&self, record: RecordId, out: &mut Vec<u8>) {
        self.documents.write(&self.records[record.index()].key, out);
    }

    /// The records that the current stage works on, in order; see [`Transform`](crate::transform::Transform).
    pub fn selected(&self) -> &[RecordId] {
        &self.selected
    }

    /// Fails a record at the current stage; where it is a child, the input that it descends from, with all others.
    pub fn fail(&mut self, record: RecordId, code: &str, message: impl Into<Cow<'static, str>>) {
        let step = Step::Transformation { stage: self.stage };
        self.record_failure(record, step, code, message.into().into_owned());
    }

    /// Fails records for which the arena has no room.
    #[cold]
    pub(crate) fn fail_full(&mut self, records: &[RecordId]) {
        for record in records {
            self.fail(*record, ARENA_FULL.0, ARENA_FULL.1);
        }
    }

    /// Selects the records that a stage works on.
    pub(crate) fn enter(&mut self, stage: usize, predicate: Option<&Predicate>) {
        self.stage = stage;
        let mut selected = std::mem::take(&mut self.selected);
        selected.clear();
        selected.extend(
            self.order
                .iter()
                .filter(|record| predicate.is_none_or(|predicate| predicate.holds(self, **record))),
        );
        self.selected = selected;
    }

    /// Takes out of the order what the stage dropped or failed, and puts children in their parents' place. Returns what
    /// became of the records that it worked on.
    pub(crate) fn leave(&mut self) -> Passage {
        let mut passage = Passage { records: self.selected.len() as u64, ..Passage::default() };
        if !std::mem::take(&mut self.reorder) {
            let records = &self.records;
            self.order.retain(|id| passage.note(records[id.index()].state));
            return passage;
        }
        for id in &self.selected {
            let (record, input) = (&self.records[id.index()], &self.records[self.input(*id)]);
            let has_failed = matches!(input.state, State::Failed { .. });
            passage.note(if has_failed { input.state } else { record.state });
        }
        let mut next = std::mem::take(&mut self.next);
        next.clear();
        for id in &self.order {
            let record = &self.records[id.index()];
            match record.state {
                _ if matches!(self.records[record.input as usize].state, State::Failed { .. }) => {}
                State::Live => next.push(*id),
                State::Split { first, count } => next.extend((first..first + count).map(RecordId)),
                State::Dropped { .. } | State::Failed { .. } => {}
            }
        }
        self.next = std::mem::replace(&mut self.order, next);
        passage
    }

    #[inline]
    pub(crate) fn drop_record(&mut self, record: RecordId) {
        self.records[record.index()].state = State::Dropped { stage: narrow(self.stage) };
    }

    /// Puts `children` into the place of a record.
    pub(crate) fn split(&mut self, record: RecordId, children: &[Record]) {
        let first = narrow(self.records.len());
        let input = self.records[record.index()].input as usize;
        for child in children {
            let number = self.records[input].descendants;
            self.records[input].descendants += 1;
            self.records.push(Record { child: Some(number), ..*child });
        }
        self.records[record.index()].state = State::Split { first, count: narrow(children.len()) };
        self.reorder = true;
    }

    /// Fails the record that was pushed last, before it is on its way.
    pub(crate) fn refuse(&mut self, record: RecordId, code: &str, message: String) {
        self.order.pop();
        self.record_failure(record, Step::ValueConverter, code, message);
    }

    fn record_failure(&mut self, record: RecordId, step: Step, code: &str, message: String) {
        let failure = narrow(self.failures.len());
        self.failures.push(Failure { step, code: code.into(), message });
        let input = self.records[record.index()].input;
        self.records[record.index()].state = State::Failed { failure };
        if input != record.0 {
            self.records[input as usize].state = State::Failed { failure };
            self.reorder = true;
        }
    }

    pub(crate) fn header_run(&self, record: RecordId) -> &[Header] {
        let Headers { first, count } = self.records[record.index()].headers;
        &self.headers[first as usize..(first + count) as usize]
    }

    /// Puts a topic's name into the arena; records that follow each other mostly share one.
    pub(crate) fn topic_span(&mut self, topic: &str) -> Span {
        if let Some(last) = self.records.last()
            && self.documents.arena.get(last.source.topic) == topic.as_bytes()
        {
            return last.source.topic;
        }
        self.documents.arena.push(topic.as_bytes())
    }

    pub(crate) fn name(&self, span: Span) -> &str {
        std::str::from_utf8(self.documents.arena.get(span))
            .expect("names are put into the arena as text")
    }
}

/// A count that fits because each counted thing stands for at least one byte of a 4 GiB arena.
#[expect(clippy::cast_possible_truncation, reason = "see the sentence above")]
pub(crate) fn narrow(count: usize) -> u32 {
    count as u32
}

/// Fails a record whose edits no longer fit the arena.
pub(crate) const ARENA_FULL: (&str, &str) = (code::OUTPUT_LIMIT, "the batch holds more than 4 GiB");
