//! A module as a stage of a chain: batches in calls, and a trap traced to the record that causes it.

use super::failure::CallFailure;
use super::init::{Init, InitError};
use super::instance::Instance;
use super::module::Module;
use super::state::Reader;
use smt_abi::code;
use std::any::Any;
use std::mem;
use transom_core::batch::Batch;
use transom_core::call::{Call, Contract, Gathered};
use transom_core::record::RecordId;
use transom_core::secrets::Secrets;
use transom_core::transform::{Transform, TransformError};

/// An SMT that runs in the sandbox, with its configuration. One for each task.
#[derive(Debug)]
pub struct WasmTransform {
    module: Module,
    config: Vec<u8>,
    secrets: Secrets,
    /// What the first instance declared; every further one must declare the same.
    init: Init,
    instance: Instance,
    /// Always there, but while an instance that imports `get` runs: then it is lent to that.
    desk: Option<Box<Desk>>,
    /// The records of the batch; kept for its memory.
    records: Vec<RecordId>,
}

/// The calls of an instance and, while one that may ask for more runs, the records.
#[derive(Debug)]
struct Desk {
    call: Call,
    batch: Batch,
}

/// Failed records of one batch.
#[derive(Debug)]
struct Tally {
    records: usize,
    failed: usize,
}

impl Reader for Desk {
    fn get(&mut self, record: u32, slot: &str) -> Result<Option<&[u8]>, String> {
        self.call.get(&mut self.batch, record, slot)
    }
}

impl WasmTransform {
    /// Makes an instance of `module` and gives it `config`, a JSON text, of which nothing is secret.
    ///
    /// # Errors
    /// [`InitError`] if the module refuses the configuration, fails, or declares what there is not.
    pub fn new(module: &Module, config: &[u8]) -> Result<Self, InitError> {
        Self::with_secrets(module, config, &Secrets::default())
    }

    /// The same for a `config` with secrets in it: the module's errors and its log come without them (invariant 9).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_secrets(
        module: &Module,
        config: &[u8],
        secrets: &Secrets,
    ) -> Result<Self, InitError> {
        let mut instance = Instance::new(module)?;
        instance.hide(secrets.clone());
        let init = instance.init(config)?;
        instance.flush_log();
        let contract = Contract::parse(&init.descriptor, &init.static_operations)
            .map_err(|error| CallFailure::new(code::BAD_RESULT, error.to_string()))?;
        let mut call = Call::new(contract, module.limits().answer);
        call.hide(secrets.clone());
        Ok(Self {
            module: module.clone(),
            config: config.to_vec(),
            secrets: secrets.clone(),
            init,
            instance,
            desk: Some(Box::new(Desk { call, batch: Batch::default() })),
            records: Vec::new(),
        })
    }

    /// The module that runs.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Runs the batch in calls of as many records as one may carry.
    fn run(&mut self, batch: &mut Batch, records: &[RecordId]) -> Result<(), TransformError> {
        let mut tally = Tally { records: records.len(), failed: 0 };
        let mut rest = records;
        while !rest.is_empty() {
            let fresh = self.instance.is_fresh();
            let (done, outcome) = self.attempt(batch, rest);
            let (these, later) = rest.split_at(done);
            rest = later;
            match outcome {
                Ok(()) if self.instance.wants_replacement() => self.renew()?,
                Ok(()) => {}
                Err(failure) => {
                    self.renew()?;
                    match these {
                        [record] if fresh => tally.blame(self, batch, *record, failure)?,
                        _ => self.replay(batch, these, &mut tally)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// One call with as many of `records` as it may carry: how many those were, and how it went. The batch is changed
    /// only if it went well.
    fn attempt(
        &mut self,
        batch: &mut Batch,
        records: &[RecordId],
    ) -> (usize, Result<(), CallFailure>) {
        let desk = self.desk.as_mut().expect("the desk is back after each call");
        let Gathered { n, len } = desk.call.gather(batch, records);
        if n == 0 {
            // There was no room for them in the batch, and they have failed.
            return (records.len(), Ok(()));
        }
        let done = desk.call.records().len();
        let input = match self.instance.input(len) {
            Ok(input) => input,
            Err(failure) => return (done, Err(failure)),
        };
        desk.call.write(batch, input);
        let called = if self.module.reads_records() {
            self.call_lending(batch, n)
        } else {
            self.instance.call(n)
        };
        if called.is_ok() {
            let (verdicts, out) = self.instance.output();
            let desk = self.desk.as_mut().expect("the desk is back after each call");
            desk.call.apply(batch, verdicts, out);
            self.instance.flush_log();
        }
        (done, called)
    }

    /// A call during which the guest may ask for more of the records.
    fn call_lending(&mut self, batch: &mut Batch, n: u32) -> Result<(), CallFailure> {
        let mut desk = self.desk.take().expect("the desk is back after each call");
        mem::swap(batch, &mut desk.batch);
        self.instance.lend(desk);
        let called = self.instance.call(n);
        let lent: Box<dyn Any> = self.instance.take_back().expect("what was lent is there");
        let mut desk = lent.downcast::<Desk>().expect("what was lent is a desk");
        mem::swap(batch, &mut desk.batch);
        self.desk = Some(desk);
        called
    }

    /// Tries the records of a failed call one by one. One is guilty only if it fails alone on a fresh instance
    /// (invariant 4): what others left behind, or the sum of their work, is no fault of its own.
    fn replay(
        &mut self,
        batch: &mut Batch,
        records: &[RecordId],
        tally: &mut Tally,
    ) -> Result<(), TransformError> {
        for record in records {
            loop {
                let fresh = self.instance.is_fresh();
                let (_, outcome) = self.attempt(batch, std::slice::from_ref(record));
                let Err(failure) = outcome else { break };
                self.renew()?;
                if fresh {
                    tally.blame(self, batch, *record, failure)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Puts a new instance in the place of one that failed or holds too much memory.
    fn renew(&mut self) -> Result<(), TransformError> {
        let failed = |error: InitError| TransformError::Instance { message: error.to_string() };
        self.instance = Instance::new(&self.module).map_err(|failure| failed(failure.into()))?;
        self.instance.hide(self.secrets.clone());
        let init = self.instance.init(&self.config).map_err(failed)?;
        // The first instance has said it already.
        self.instance.forget_log();
        if init == self.init {
            return Ok(());
        }
        let message = "it declared something else than the one before, for the same configuration";
        Err(TransformError::Instance { message: message.to_owned() })
    }
}

impl Transform for WasmTransform {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        let mut records = mem::take(&mut self.records);
        records.clear();
        records.extend_from_slice(batch.selected());
        let result = self.run(batch, &records);
        self.records = records;
        result
    }
}

impl Tally {
    /// Fails a record, and the module itself if too many have failed.
    fn blame(
        &mut self,
        transform: &WasmTransform,
        batch: &mut Batch,
        record: RecordId,
        failure: CallFailure,
    ) -> Result<(), TransformError> {
        let CallFailure { code, message } = failure;
        self.failed += 1;
        let Self { failed: traps, records } = *self;
        if transform.module.limits().is_broken(traps, records) {
            return Err(TransformError::Broken { traps, records, message });
        }
        batch.fail(record, code, message);
        Ok(())
    }
}
