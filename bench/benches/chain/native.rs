//! The bound: the same document, read and edited by native code in one pass over the batch.

use transom_core::{
    batch::Batch,
    chain::{Chain, Stage},
    edit::{Name, Place},
    record::RecordId,
    transform::{Transform, TransformError},
};

/// What the SMTs of the benchmark do, fused: nothing is gathered, copied over a boundary, or checked twice.
struct Native {
    steps: Vec<Step>,
    value: Vec<u8>,
}

enum Step {
    Filter { unit: Place, unit_id: Place, allowed: [&'static [u8]; 4] },
    Mask { account: Place },
    Edits { amount: Place, symbol: Place, ticker: Name, source: Place, version: Place },
}

pub(crate) fn chain(names: &[&str]) -> Chain {
    let place = |path| Place::parse(path).expect("a plain name is a path");
    let step = |name: &&str| match *name {
        "filter" => Step::Filter {
            unit: place("business_unit"),
            unit_id: place("business_unit_id"),
            allowed: [b"\"BU1\"", b"\"BU3\"", b"\"BU5\"", b"\"BU7\""],
        },
        "mask" => Step::Mask { account: place("account_id") },
        _ => Step::Edits {
            amount: place("amount"),
            symbol: place("symbol"),
            ticker: Name::new("ticker"),
            source: place("source"),
            version: place("version"),
        },
    };
    let transform = Native { steps: names.iter().map(step).collect(), value: Vec::new() };
    Chain::new(vec![Stage {
        name: "native".to_owned(),
        predicate: None,
        transform: Box::new(transform),
    }])
}

impl Transform for Native {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        for at in 0..batch.selected().len() {
            let record = batch.selected()[at];
            for step in &mut self.steps {
                if !step.apply(batch, record, &mut self.value) {
                    batch.drop(record);
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Step {
    /// False for a record that is dropped.
    #[inline]
    fn apply(&mut self, batch: &mut Batch, record: RecordId, value: &mut Vec<u8>) -> bool {
        value.clear();
        match self {
            Self::Filter { unit, unit_id, allowed } => {
                // Both are read, as the module declares both.
                let second = batch.get(record, unit_id).is_some();
                let unit = batch.get(record, unit);
                return unit.map_or(second, |unit| allowed.contains(&unit));
            }
            Self::Mask { account } => {
                let Some([b'"', text @ .., b'"']) = batch.get(record, account) else { return true };
                value.push(b'"');
                value.extend_from_slice(b"****");
                value.extend_from_slice(&text[text.len().saturating_sub(4)..]);
                value.push(b'"');
                batch.set(record, account, value);
            }
            Self::Edits { amount, symbol, ticker, source, version } => {
                if let Some(digits) = batch.get(record, amount) {
                    value.push(b'"');
                    value.extend_from_slice(digits);
                    value.push(b'"');
                    batch.set(record, amount, value);
                }
                batch.rename(record, symbol, ticker);
                batch.set(record, source, b"\"pipeline-a\"");
                batch.set(record, version, b"3");
            }
        }
        true
    }
}
