//! A transform that does what the record says: `{"do": "drop"}` and the like.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use smt_abi::{answer::GuestError, verdict::Tag};
use transom_core::{
    batch::Batch,
    call::{Call, Contract, Limits},
    transform::{Transform, TransformError},
};

pub(crate) struct Obedient {
    call: Call,
    /// Times that something was done which is not done for ever.
    done: Arc<AtomicUsize>,
}

impl Obedient {
    /// One that obeys what stands in this field.
    pub(crate) fn new(field: &str, done: &Arc<AtomicUsize>) -> Self {
        let slots = format!(r#"{{"slots": ["{field}"]}}"#);
        let contract = Contract::parse(slots.as_bytes(), b"").unwrap();
        Self { call: Call::new(contract, Limits::default()), done: Arc::clone(done) }
    }
}

/// What a module would answer.
fn answer(order: Option<&[u8]>, done: &AtomicUsize) -> (Tag, Vec<u8>) {
    let mut out = Vec::new();
    let tag = match order {
        Some(b"\"drop\"") => Tag::Drop,
        Some(b"\"fail\"") => {
            GuestError { code: "told-to", message: "the record says so" }.write(&mut out);
            Tag::Error
        }
        Some(b"\"fail twice\"") if done.fetch_add(1, Ordering::Relaxed) < 2 => {
            GuestError { code: "told-to", message: "not yet" }.write(&mut out);
            Tag::Error
        }
        Some(b"\"panic once\"") => {
            assert_ne!(done.fetch_add(1, Ordering::Relaxed), 0, "told to");
            Tag::Keep
        }
        Some(b"\"split\"") => {
            out.extend_from_slice(&3_u32.to_le_bytes());
            for child in
                [r#"{"value":{"child":0}}"#, r#"{"value":{"child":1}}"#, r#"{"value":{"child":2}}"#]
            {
                out.extend_from_slice(&u32::try_from(child.len()).unwrap().to_le_bytes());
                out.extend_from_slice(child.as_bytes());
            }
            Tag::Split
        }
        _ => Tag::Keep,
    };
    (tag, out)
}

impl Transform for Obedient {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        let selected = batch.selected().to_vec();
        let mut rest = selected.as_slice();
        while !rest.is_empty() {
            let gathered = self.call.gather(batch, rest);
            let (n, mut input) = (gathered.n as usize, vec![0; gathered.len]);
            self.call.write(batch, &mut input);
            let (mut verdicts, mut out, mut at) = (Vec::new(), Vec::new(), 4 * n);
            for record in 0..n {
                let len = smt_abi::read_u32(&input, 4 * record).unwrap();
                let order = (len != smt_abi::ABSENT).then(|| {
                    let begin = at;
                    at += len as usize;
                    &input[begin..at]
                });
                if order == Some(b"\"break\"") {
                    let message = "told to".to_owned();
                    return Err(TransformError::Broken { traps: 1, records: 1, message });
                }
                let (tag, output) = answer(order, &self.done);
                let entry = tag as u64 | (output.len() as u64) << 32;
                verdicts.extend_from_slice(&entry.to_le_bytes());
                out.extend_from_slice(&output);
            }
            self.call.apply(batch, &verdicts, &out);
            rest = &rest[n..];
        }
        Ok(())
    }
}
