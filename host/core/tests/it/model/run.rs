//! What a chain of scripts does with a batch: each record alone, one stage after the other.

use super::{
    edit::{self, Root},
    record::{Header, Input, Record, number, topic},
    script::{Answer, At, Edit, Place, Script, Slot, When},
    tree::{Document, Node, Step},
};
use smt_abi::{code, limit, operation::Root as Kind};

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// For each input.
    pub(crate) verdicts: Vec<Verdict>,
    /// Input and record, in order.
    pub(crate) survivors: Vec<(usize, Record)>,
    /// The slots that each stage was given, record by record.
    pub(crate) seen: Vec<Vec<Vec<Root>>>,
}

/// What became of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Dropped(usize),
    /// At a stage, or before the first.
    Failed(Option<usize>, String),
}

/// One answer's part that was applied, to somebody who counts.
#[derive(Debug)]
pub(crate) enum Observed<'a> {
    Edit { edit: &'a Edit, before: &'a Record, after: &'a Record },
    Answer(&'a Answer),
    Failed(&'a str),
}

/// A place that an operation names.
#[derive(Debug, PartialEq)]
enum Target {
    Value(Vec<Step>),
    Key(Vec<Step>),
    Header(String),
}

type Fault = &'static str;

/// Runs a batch through a chain.
pub(crate) fn run(
    scripts: &[Script],
    inputs: &[Input],
    observe: &mut dyn FnMut(Observed<'_>),
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut live = Vec::new();
    let mut children = vec![0; inputs.len()];
    for (number, input) in inputs.iter().enumerate() {
        outcome.verdicts.push(Verdict::Passed);
        if let Some(record) = Record::of(input) {
            live.push((number, record));
        } else {
            observe(Observed::Failed("json"));
            outcome.verdicts[number] = Verdict::Failed(None, "json".to_owned());
        }
    }
    for (stage, script) in scripts.iter().enumerate() {
        let mut next = Vec::new();
        let mut seen = Vec::new();
        for (input, mut record) in live {
            if !script.when.as_ref().is_none_or(|when| when.holds(&record)) {
                next.push((input, record));
                continue;
            }
            script.slots.iter().for_each(|slot| record.see(slot));
            seen.push(script.slots.iter().map(|slot| record.slot(slot)).collect());
            let answer = script.answer(record.offset, record.partition);
            observe(Observed::Answer(answer));
            let verdict = &mut outcome.verdicts[input];
            match apply(script, &record, answer, observe) {
                Ok(records) if records.is_empty() && !matches!(verdict, Verdict::Failed(..)) => {
                    *verdict = Verdict::Dropped(stage);
                }
                Ok(mut records) => {
                    if matches!(answer, Answer::Split(_)) {
                        for record in &mut records {
                            record.child = Some(children[input]);
                            children[input] += 1;
                        }
                    }
                    next.extend(records.into_iter().map(|record| (input, record)));
                }
                Err(code) => {
                    observe(Observed::Failed(&code));
                    *verdict = Verdict::Failed(Some(stage), code);
                }
            }
        }
        next.retain(|(input, _)| !matches!(outcome.verdicts[*input], Verdict::Failed(..)));
        outcome.seen.push(seen);
        live = next;
    }
    for (input, _) in &live {
        outcome.verdicts[*input] = Verdict::Passed;
    }
    outcome.survivors = live;
    outcome
}

/// The records that take a record's place.
fn apply(
    script: &Script,
    record: &Record,
    answer: &Answer,
    observe: &mut dyn FnMut(Observed<'_>),
) -> Result<Vec<Record>, String> {
    let mut new = record.clone();
    match answer {
        Answer::Keep => {}
        Answer::Drop => return Ok(Vec::new()),
        Answer::Edits(edits) => edit_all(script, &mut new, edits, observe)?,
        Answer::Replace(text) => {
            new.value = Some(Document::of(Document::parse(text.as_bytes())?.node));
        }
        Answer::ReplaceRecord(text) => new = record.replaced(text.as_bytes())?,
        Answer::Split(children) => return Ok(split(record, children)?),
        Answer::Error { code, .. } => return Err(code.clone()),
        Answer::Bad { code, .. } => return Err((*code).to_owned()),
    }
    Ok(vec![new])
}

fn split(record: &Record, children: &[String]) -> Result<Vec<Record>, Fault> {
    if children.len() > limit::CHILDREN {
        return Err(code::SPLIT_LIMIT);
    }
    children.iter().map(|text| record.replaced(text.as_bytes())).collect()
}

fn edit_all(
    script: &Script,
    record: &mut Record,
    edits: &[Edit],
    observe: &mut dyn FnMut(Observed<'_>),
) -> Result<(), Fault> {
    let statics = |edit| match edit {
        &Edit::Static => script.statics.iter().collect(),
        edit => vec![edit],
    };
    let edits: Vec<&Edit> = edits.iter().flat_map(statics).collect();
    for (number, edit) in edits.into_iter().enumerate() {
        if number == limit::OPERATIONS {
            return Err(code::OPERATION_LIMIT);
        }
        let before = record.clone();
        edit_one(script, record, edit)?;
        observe(Observed::Edit { edit, before: &before, after: record });
    }
    Ok(())
}

fn edit_one(script: &Script, record: &mut Record, edit: &Edit) -> Result<(), Fault> {
    let parse = |text: &str| Document::parse(text.as_bytes()).map(|document| document.node);
    match edit {
        Edit::Set { at, value } | Edit::Insert { at, value, .. } => {
            let (value, target) = (parse(value)?, resolve(script, at)?);
            let inserts = matches!(edit, Edit::Insert { overwrite: false, .. });
            match target {
                Target::Header(name) if inserts => {
                    record.headers.push(Header { name, value: Some(Document::of(value)) });
                }
                Target::Header(name) => set_header(record, &name, value),
                target => put(record, &target, value, inserts)?,
            }
        }
        Edit::Remove { at } => remove(record, &resolve(script, at)?),
        Edit::Rename { at, name } => {
            let (root, path) = document(record, resolve(script, at)?)?;
            edit::rename(root, &path, name)?;
        }
        Edit::Extract { at } => {
            let (root, path) = document(record, resolve(script, at)?)?;
            edit::see(root, &path);
            edit::extract(root, &path);
        }
        Edit::Wrap { at, name } => edit::wrap(whole(record, resolve(script, at)?)?, name)?,
        Edit::Retain { at, paths } => retain(script, record, at, paths)?,
        Edit::Copy { from, to } | Edit::Move { from, to } => {
            let (from, to) = (resolve(script, from)?, resolve(script, to)?);
            if from.overlaps(&to) {
                return Err(code::BAD_OPERATION);
            }
            transfer(record, &from, to, matches!(edit, Edit::Move { .. }))?;
        }
        Edit::Topic(text) => record.topic = topic(text)?,
        Edit::Partition(text) => record.partition = number(text)?,
        Edit::Timestamp(text) => record.timestamp = number(text)?,
        Edit::Static => {}
    }
    Ok(())
}

fn resolve(script: &Script, At { root, place }: &At) -> Result<Target, Fault> {
    Ok(match (root, place) {
        (Kind::Header, Place::Name(name)) => Target::Header(name.clone()),
        (kind @ (Kind::Value | Kind::Key), Place::Path(path)) => {
            let steps = path.steps().ok_or(code::BAD_PATH)?.to_vec();
            if *kind == Kind::Key { Target::Key(steps) } else { Target::Value(steps) }
        }
        (kind, Place::Id(id)) => match (kind, script.declared(*id)) {
            (Kind::Value, Some(Slot::Value(path))) => {
                Target::Value(path.steps().ok_or(code::BAD_PATH)?.to_vec())
            }
            (Kind::Key, Some(Slot::Key(path))) => {
                Target::Key(path.steps().ok_or(code::BAD_PATH)?.to_vec())
            }
            (Kind::Header, Some(Slot::Header(name))) => Target::Header(name.clone()),
            _ => return Err(code::BAD_OPERATION),
        },
        _ => return Err(code::BAD_OPERATION),
    })
}

/// A place in key or value; nothing but those can be reshaped.
fn document(record: &mut Record, target: Target) -> Result<(&mut Root, Vec<Step>), Fault> {
    match target {
        Target::Value(path) => Ok((&mut record.value, path)),
        Target::Key(path) => Ok((&mut record.key, path)),
        Target::Header(_) => Err(code::BAD_OPERATION),
    }
}

/// A whole key or value.
fn whole(record: &mut Record, target: Target) -> Result<&mut Root, Fault> {
    let (root, path) = document(record, target)?;
    if path.is_empty() { Ok(root) } else { Err(code::BAD_OPERATION) }
}

fn retain(script: &Script, record: &mut Record, at: &At, paths: &[Place]) -> Result<(), Fault> {
    let root = whole(record, resolve(script, at)?)?;
    let mut steps = Vec::new();
    for path in paths {
        match resolve(script, &At { root: at.root, place: path.clone() })? {
            Target::Value(path) | Target::Key(path) => steps.push(path),
            Target::Header(_) => return Err(code::BAD_OPERATION),
        }
    }
    edit::retain(root, &steps.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn put(record: &mut Record, target: &Target, value: Node, refuse: bool) -> Result<(), Fault> {
    match target {
        Target::Value(path) => edit::set(&mut record.value, path, value, refuse),
        Target::Key(path) => edit::set(&mut record.key, path, value, refuse),
        Target::Header(_) => Err(code::BAD_OPERATION),
    }
}

fn set_header(record: &mut Record, name: &str, value: Node) {
    let value = Some(Document::of(value));
    let first = record.headers.iter().position(|header| header.name == name);
    let new = Header { name: name.to_owned(), value };
    match first {
        None => record.headers.push(new),
        Some(first) => {
            record.headers[first] = new;
            let mut number = 0;
            record.headers.retain(|header| {
                number += 1;
                number <= first + 1 || header.name != name
            });
        }
    }
}

fn remove(record: &mut Record, target: &Target) {
    match target {
        Target::Value(path) => edit::remove(&mut record.value, path),
        Target::Key(path) => edit::remove(&mut record.key, path),
        Target::Header(name) => record.headers.retain(|header| header.name != *name),
    }
}

fn transfer(record: &mut Record, from: &Target, to: Target, moves: bool) -> Result<(), Fault> {
    match from {
        Target::Value(path) => edit::see(&mut record.value, path),
        Target::Key(path) => edit::see(&mut record.key, path),
        Target::Header(_) => {}
    }
    let source = match from {
        Target::Value(path) => edit::get(&record.value, path).cloned(),
        Target::Key(path) => edit::get(&record.key, path).cloned(),
        Target::Header(name) => {
            record.header(name).and_then(|header| header.value.clone()).map(|value| value.node)
        }
    };
    let Some(value) = source else { return Ok(()) };
    match to {
        Target::Header(name) => {
            record.headers.push(Header { name, value: Some(Document::of(value)) });
        }
        to => put(record, &to, value, false)?,
    }
    if moves {
        remove(record, from);
    }
    Ok(())
}

impl Target {
    /// True if one lies inside the other.
    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) | (Self::Key(one), Self::Key(other)) => {
                one.starts_with(other) || other.starts_with(one)
            }
            (one, other) => one == other,
        }
    }
}

impl When {
    fn holds(&self, record: &Record) -> bool {
        let topic = self.topics.as_ref().is_none_or(|topics| topics.contains(&record.topic));
        let header = self.header.as_ref().is_none_or(|name| record.header(name).is_some());
        let tombstone = self.tombstone.is_none_or(|tombstone| record.value.is_none() == tombstone);
        (topic && header && tombstone) != self.negate
    }
}
