//! Scripts run through the core without a sandbox: a transform that reads the input of its calls and answers by it.

use crate::model::{
    Answer, Document, Input, Outcome, Path, Script, Step as PathStep, Verdict, When, get,
};
use smt_abi::{ABSENT, read_u32};
use std::sync::{Arc, Mutex};
use transom_core::{
    batch::Batch,
    call::{Call, Contract, Gathered, Limits},
    chain::{Chain, Passage, Stage},
    edit::Place,
    predicate::{Predicate, TopicPattern},
    record::{NewRecord, RecordId, Step, Verdict as Became},
    transform::{Transform, TransformError},
};

/// The slots of one record, as they came over the boundary.
type Slots = Vec<Option<Vec<u8>>>;

/// A chain of scripts, and what each stage was given.
pub(crate) struct Native {
    chain: Chain,
    seen: Vec<Arc<Mutex<Vec<Slots>>>>,
    /// Some record may become several.
    splits: bool,
}

struct Scripted {
    call: Call,
    script: Script,
    seen: Arc<Mutex<Vec<Slots>>>,
}

impl Native {
    pub(crate) fn new(scripts: &[Script], limits: Limits) -> Self {
        let seen: Vec<Arc<Mutex<Vec<Slots>>>> = scripts.iter().map(|_| Arc::default()).collect();
        let stage = |(script, seen): (&Script, &Arc<Mutex<Vec<Slots>>>)| {
            let contract = Contract::parse(&script.descriptor(), &script.static_operations());
            let call = Call::new(contract.unwrap(), limits);
            let (script, seen) = (script.clone(), Arc::clone(seen));
            let predicate = script.when.as_ref().map(predicate);
            Stage {
                name: "script".to_owned(),
                predicate,
                transform: Box::new(Scripted { call, script, seen }),
            }
        };
        let chain = Chain::new(scripts.iter().zip(&seen).map(stage).collect());
        let mut answers = scripts.iter().flat_map(|script| script.answers.iter().flatten());
        let splits = answers.any(|answer| matches!(answer, Answer::Split(_)));
        Self { chain, seen, splits }
    }

    /// Clears the batch, runs the inputs through the chain in it, and checks everything that can be seen of it.
    pub(crate) fn check(&mut self, batch: &mut Batch, inputs: &[Input], expected: &Outcome) {
        batch.clear();
        for input in inputs {
            push(batch, input);
        }
        let mut passages = Vec::new();
        self.chain.run_watched(batch, |_, _, passage| passages.push(passage)).unwrap();
        for (stage, (seen, expected)) in self.seen.iter().zip(&expected.seen).enumerate() {
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            assert_eq!(seen.len(), expected.len(), "records of stage {stage}");
            assert_eq!(passages[stage].records, expected.len() as u64, "told of stage {stage}");
            for (record, (seen, expected)) in seen.iter().zip(expected).enumerate() {
                for (slot, (seen, expected)) in seen.iter().zip(expected).enumerate() {
                    let place = format!("slot {slot} of record {record} at stage {stage}");
                    same(expected.as_ref(), seen.as_deref(), &place);
                }
            }
        }
        check_batch(batch, inputs, expected);
        if !self.splits {
            check_passages(&passages, expected);
        }
    }
}

/// Checks everything that can be seen of a batch that went through a chain.
pub(crate) fn check_batch(batch: &Batch, inputs: &[Input], expected: &Outcome) {
    for (input, expected) in expected.verdicts.iter().enumerate() {
        assert_eq!(verdict(batch, input), *expected, "verdict of {input}");
    }
    let of_converters = |of: &&Verdict| matches!(of, Verdict::Failed(None, _));
    assert_eq!(batch.undecoded(), expected.verdicts.iter().filter(of_converters).count());
    check_survivors(batch, inputs, expected);
}

/// Checks what was said of the stages against what became of the inputs: each is one record to the end.
fn check_passages(passages: &[Passage], expected: &Outcome) {
    for (stage, passage) in passages.iter().enumerate() {
        let count = |is_it: &dyn Fn(&Verdict) -> bool| {
            expected.verdicts.iter().filter(|verdict| is_it(verdict)).count() as u64
        };
        let dropped = count(&|verdict| *verdict == Verdict::Dropped(stage));
        let failed =
            count(&|verdict| matches!(verdict, Verdict::Failed(Some(at), _) if *at == stage));
        assert_eq!((passage.dropped, passage.failed), (dropped, failed), "stage {stage}");
    }
}

pub(crate) fn predicate(when: &When) -> Predicate {
    Predicate {
        topic: when.topics.as_ref().map(|topics| TopicPattern::new(&topics.join("|")).unwrap()),
        header: when.header.clone(),
        tombstone: when.tombstone,
        negate: when.negate,
    }
}

pub(crate) fn push(batch: &mut Batch, input: &Input) {
    let headers: Vec<(&str, Option<&[u8]>)> = input
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref().map(str::as_bytes)))
        .collect();
    batch.push(&NewRecord {
        topic: &input.topic,
        partition: input.partition,
        offset: input.offset,
        timestamp: input.timestamp,
        key: input.key.as_deref().map(str::as_bytes),
        value: input.value.as_deref().map(str::as_bytes),
        headers: &headers,
    });
}

fn verdict(batch: &Batch, input: usize) -> Verdict {
    match batch.verdict(input) {
        Became::Passed => Verdict::Passed,
        Became::Dropped { stage } => Verdict::Dropped(stage),
        Became::Failed(failure) => {
            let stage = match failure.step {
                Step::Transformation { stage } => Some(stage),
                _ => None,
            };
            Verdict::Failed(stage, failure.code.to_string())
        }
    }
}

fn check_survivors(batch: &Batch, inputs: &[Input], expected: &Outcome) {
    let survivors = batch.survivors();
    assert_eq!(
        survivors.iter().map(|id| batch.input(*id)).collect::<Vec<_>>(),
        expected.survivors.iter().map(|(input, _)| *input).collect::<Vec<_>>(),
    );
    for (id, (input, record)) in survivors.iter().copied().zip(&expected.survivors) {
        let (source, origin) = (&inputs[*input], batch.origin(id));
        assert_eq!(origin.topic, source.topic);
        assert_eq!((origin.partition, origin.offset), (source.partition, source.offset));
        assert_eq!(origin.child, record.child);
        assert_eq!(batch.topic(id), record.topic);
        assert_eq!(batch.partition(id), record.partition);
        assert_eq!(batch.timestamp(id), record.timestamp);
        let value = (!batch.is_tombstone(id)).then(|| text(|out| batch.write_value(id, out)));
        same(record.value.as_ref(), value.as_deref(), &format!("value of input {input}"));
        if batch.is_value_untouched(id) {
            assert_eq!(value.as_deref(), source.value.as_deref().map(str::as_bytes));
        }
        check_places(batch, id, record.value.as_ref());
        let key = (!batch.has_no_key(id)).then(|| text(|out| batch.write_key(id, out)));
        same(record.key.as_ref(), key.as_deref(), &format!("key of input {input}"));
        let headers: Vec<_> = batch.headers(id).collect();
        assert_eq!(headers.len(), record.headers.len(), "headers of input {input}");
        for ((name, value), header) in headers.into_iter().zip(&record.headers) {
            assert_eq!(name, header.name);
            same(header.value.as_ref(), value, &format!("header `{name}` of input {input}"));
        }
        let whole = text(|out| batch.write_record(id, out));
        same(Some(&Document::of(record.envelope())), Some(&whole), "the whole record");
    }
}

/// Reads every place of a value without changing it.
fn check_places(batch: &Batch, id: RecordId, value: Option<&Document>) {
    let mut paths = Vec::new();
    if let Some(document) = value {
        document.node.paths(&mut Vec::new(), &mut paths);
    }
    let value = value.cloned();
    for steps in paths.into_iter().filter(|steps| !steps.iter().any(is_hard_to_spell)) {
        let path = Path::new(steps.clone());
        let mut place = Place::parse(path.text()).unwrap();
        let mut scratch = Vec::new();
        let expected = get(&value, &steps).cloned().map(Document::of);
        // The second look knows where the first one led.
        for _ in 0..2 {
            let found = batch.value_at(id, &mut place, &mut scratch);
            same(expected.as_ref(), found, &format!("`{}` of the value", path.text()));
        }
    }
}

/// A backslash before a backtick would need rules of its own.
fn is_hard_to_spell(step: &PathStep) -> bool {
    matches!(step, PathStep::Key(name) if name.contains('\\'))
}

pub(crate) fn text(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn same(expected: Option<&Document>, text: Option<&[u8]>, place: &str) {
    match (expected, text) {
        (None, None) => {}
        (Some(expected), Some(text)) => {
            if let Err(difference) = expected.check(text) {
                panic!("{place}: {difference}");
            }
        }
        (expected, text) => {
            panic!("{place}: expected {expected:?}, is {:?}", text.map(String::from_utf8_lossy));
        }
    }
}

impl Transform for Scripted {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        let selected = batch.selected().to_vec();
        let mut rest = selected.as_slice();
        while !rest.is_empty() {
            let Gathered { n, len } = self.call.gather(batch, rest);
            assert_eq!(self.call.records(), &rest[..n as usize]);
            let mut input = vec![0xAA; len];
            self.call.write(batch, &mut input);
            let (mut verdicts, mut out) = (Vec::new(), Vec::new());
            for (number, slots) in read(&input, self.script.slots.len()).into_iter().enumerate() {
                for (slot, text) in self.script.slots.iter().zip(&slots) {
                    let got = self.call.get(batch, u32::try_from(number).unwrap(), &slot.name());
                    assert_eq!(got.unwrap(), text.as_deref(), "get of {}", slot.name());
                }
                let (tag, output) = self.answer(&slots).encode();
                let entry = u64::from(tag) | u64::try_from(output.len()).unwrap() << 32;
                verdicts.extend_from_slice(&entry.to_le_bytes());
                out.extend_from_slice(&output);
                self.seen.lock().unwrap().push(slots);
            }
            assert_eq!(verdicts.len(), 8 * n as usize);
            self.call.apply(batch, &verdicts, &out);
            rest = &rest[n as usize..];
        }
        Ok(())
    }
}

impl Scripted {
    /// What the module answers, by what it can see of the record.
    fn answer(&self, slots: &Slots) -> &Answer {
        let number = |slot: usize| {
            let text = slots[slot].as_deref()?;
            Some(std::str::from_utf8(text).unwrap().parse::<i64>().unwrap())
        };
        let partition = number(1).map(|partition| i32::try_from(partition).unwrap());
        self.script.answer(number(0), partition)
    }
}

/// Reads the input of a call as a module does: the table of lengths ends where the payload that it adds up to begins.
fn read(input: &[u8], slots: usize) -> Vec<Slots> {
    let mut n = 0;
    let mut payload = 0;
    while 4 * slots * n + payload < input.len() {
        for slot in 0..slots {
            let len = read_u32(input, 4 * (slots * n + slot)).unwrap();
            payload += if len == ABSENT { 0 } else { len as usize };
        }
        n += 1;
    }
    let mut at = 4 * slots * n;
    assert_eq!(at + payload, input.len(), "lengths add up");
    let mut slot = |entry: usize| {
        let len = read_u32(input, 4 * entry).unwrap();
        (len != ABSENT).then(|| {
            at += len as usize;
            input[at - len as usize..at].to_vec()
        })
    };
    (0..n).map(|record| (0..slots).map(|number| slot(slots * record + number)).collect()).collect()
}
