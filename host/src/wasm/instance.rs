//! One running copy of a module: its memory, its exports, and one call after the other.

use super::answer::{Checked, check_batch, check_init};
use super::clock::thread_cpu_time;
use super::failure::CallFailure;
use super::init::{Init, InitError};
use super::module::Module;
use super::state::{Reader, State};
use smt_abi::{SLACK, code, export};
use std::fmt;
use std::time::Duration;
use transom_core::secrets::Secrets;
use wasmtime::{Memory, Store, TypedFunc, UpdateDeadline};

/// Smallest input buffer, and the unit of large ones, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// Largest input buffer that is given room for more than was asked for, in bytes.
const ROOMY_BYTES: usize = 1 << 20;

/// Calls in a row after which memory beyond the mark is taken to stay.
const CALLS_ABOVE_MARK: u32 = 64;

/// An instance of a [`Module`], for one thread at a time.
///
/// A call has three steps: [`input`](Self::input) gives the place to write to, [`call`](Self::call) runs the guest,
/// [`output`](Self::output) gives what it answered. After a failure the instance answers every call with that failure:
/// what a trap left half done in its memory must not reach another record.
pub struct Instance {
    module: Module,
    store: Store<State>,
    memory: Memory,
    abi: TypedFunc<(), u32>,
    buf: TypedFunc<u32, u32>,
    init: TypedFunc<u32, u32>,
    batch: TypedFunc<(u32, u32), u32>,
    buffer: Option<Buffer>,
    input_bytes: usize,
    answer: Checked,
    /// Memory, in bytes, beyond which the instance is to be replaced.
    mark: usize,
    calls_above_mark: u32,
    fresh: bool,
    failure: Option<CallFailure>,
}

/// The guest's input buffer.
#[derive(Debug, Clone, Copy)]
struct Buffer {
    at: usize,
    cap: usize,
}

impl Instance {
    /// Makes an instance: its start function and `_initialize` run, nothing else.
    ///
    /// # Errors
    /// The failure of one of these, or memory and tables beyond the limits.
    pub fn new(module: &Module) -> Result<Self, CallFailure> {
        let mut store = Store::new(&module.engine().wasmtime, State::new(module.limits()));
        store.limiter(|state| &mut state.meter);
        let pulse = module.engine().pulse().clone();
        store.epoch_deadline_callback(move |mut context| {
            pulse.mark();
            let goes_on = context.data_mut().cpu.allows(thread_cpu_time());
            Ok(if goes_on { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
        });
        let cpu = module.limits().batch_cpu;
        let instance =
            enter(&mut store, module, "start", cpu, |store| module.instantiate_pre(store))?;
        let found = "the exports were checked when the module was loaded";
        let memory = instance.get_memory(&mut store, export::MEMORY).expect(found);
        store.data_mut().memory = Some(memory);
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, export::INITIALIZE) {
            enter(&mut store, module, export::INITIALIZE, cpu, |store| initialize.call(store, ()))?;
        }
        Ok(Self {
            abi: instance.get_typed_func(&mut store, export::ABI).expect(found),
            buf: instance.get_typed_func(&mut store, export::BUF).expect(found),
            init: instance.get_typed_func(&mut store, export::INIT).expect(found),
            batch: instance.get_typed_func(&mut store, export::BATCH).expect(found),
            module: module.clone(),
            store,
            memory,
            buffer: None,
            input_bytes: 0,
            answer: Checked::default(),
            mark: module.limits().memory_mark_bytes,
            calls_above_mark: 0,
            fresh: true,
            failure: None,
        })
    }

    /// Takes these out of what the module says from now on (invariant 9). Before [`init`](Self::init): it knows none earlier.
    pub fn hide(&mut self, secrets: Secrets) {
        self.store.data_mut().lines.secrets = secrets;
    }

    /// Gives the module its configuration, a JSON text. Once, before the first call.
    ///
    /// # Errors
    /// [`InitError::Refused`] if the module does not accept it, else what failed.
    pub fn init(&mut self, config: &[u8]) -> Result<Init, InitError> {
        self.input(config.len())?.copy_from_slice(config);
        let (accepted, out) = self.run_init().map_err(|failure| self.fail(failure))?;
        // What a module needs to begin with is no reason to replace it.
        let size = self.memory.data_size(&self.store);
        self.mark = self.mark.max(size.saturating_mul(2));
        match Init::read(accepted, &out) {
            Err(InitError::Failed(failure)) => Err(self.fail(failure).into()),
            Err(InitError::Refused { message, path }) => {
                let message = self.store.data().lines.secrets.censor(&message).into_owned();
                Err(InitError::Refused { message, path })
            }
            Ok(init) => Ok(init),
        }
    }

    /// The place for an input of `len` bytes, in the guest's memory, to be filled whole. Bytes of the last call are still
    /// in it; the zeros behind it are already there.
    ///
    /// # Errors
    /// The guest's `smt_buf` failed, or named a place outside its memory.
    pub fn input(&mut self, len: usize) -> Result<&mut [u8], CallFailure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let buffer = match self.buffer {
            Some(buffer) if len <= buffer.cap => buffer,
            _ => self.grow(len).map_err(|failure| self.fail(failure))?,
        };
        self.input_bytes = len;
        let place = buffer.at..buffer.at + len + SLACK;
        let place = self.memory.data_mut(&mut self.store).get_mut(place);
        let place = place.expect("memory never shrinks, and the buffer was inside");
        let (input, slack) = place.split_at_mut(len);
        slack.fill(0);
        Ok(input)
    }

    /// Runs the guest on the input, which holds `records` records.
    ///
    /// # Errors
    /// What failed. The records had no answer; the instance has to go.
    pub fn call(&mut self, records: u32) -> Result<(), CallFailure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.fresh = false;
        self.answer = Checked::default();
        self.answer = self.run_batch(records).map_err(|failure| self.fail(failure))?;
        let above = self.memory.data_size(&self.store) > self.mark;
        self.calls_above_mark = if above { self.calls_above_mark.saturating_add(1) } else { 0 };
        Ok(())
    }

    /// What the last call answered: the verdict table, 8 bytes for each record, and the output they share.
    pub fn output(&self) -> (&[u8], &[u8]) {
        let memory = self.memory.data(&self.store);
        (&memory[self.answer.verdicts.clone()], &memory[self.answer.out.clone()])
    }

    /// True until the first call.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// True once memory has stayed beyond its mark: it cannot shrink, so the instance is to be made anew.
    pub fn wants_replacement(&self) -> bool {
        self.calls_above_mark >= CALLS_ABOVE_MARK
    }

    /// Lends what answers `get` during the next call. Only modules that [use it](Module::reads_records) need it.
    pub fn lend(&mut self, reader: Box<dyn Reader>) {
        self.store.data_mut().reader = Some(reader);
    }

    /// Takes back what was [lent](Self::lend), after a failure too.
    pub fn take_back(&mut self) -> Option<Box<dyn Reader>> {
        self.store.data_mut().reader.take()
    }

    /// Hands what the guest has logged since the last time to the host's log. Not called for an attempt that failed or
    /// that repeats another, so that no line is seen twice.
    pub fn flush_log(&mut self) {
        self.store.data_mut().lines.flush(&self.module.manifest().name);
    }

    /// Forgets what the guest has logged since the last time.
    pub fn forget_log(&mut self) {
        self.store.data_mut().lines.forget();
    }

    /// Asks the guest which version of the ABI it was built for.
    pub(super) fn abi_version(&mut self) -> Result<u32, CallFailure> {
        let Self { module, store, abi, .. } = self;
        let cpu = module.limits().batch_cpu;
        enter(store, module, export::ABI, cpu, |store| abi.call(store, ()))
    }

    fn run_init(&mut self) -> Result<(bool, Vec<u8>), CallFailure> {
        let Self { module, store, init, .. } = self;
        let len = input_len(self.input_bytes)?;
        let cpu = module.limits().batch_cpu;
        let at = enter(store, module, export::INIT, cpu, |store| init.call(store, len))?;
        let most = module.limits().output_of(self.input_bytes);
        let memory = self.memory.data(&self.store);
        let (accepted, out) =
            check_init(memory, at, most).map_err(|failure| failure.within(export::INIT))?;
        Ok((accepted, memory[out].to_vec()))
    }

    fn run_batch(&mut self, records: u32) -> Result<Checked, CallFailure> {
        let Self { module, store, batch, .. } = self;
        let len = input_len(self.input_bytes)?;
        let cpu = module.limits().call_cpu(records);
        let at =
            enter(store, module, export::BATCH, cpu, |store| batch.call(store, (records, len)))?;
        let most = module.limits().output_of(self.input_bytes);
        check_batch(self.memory.data(&self.store), at, records, most)
            .map_err(|failure| failure.within(export::BATCH))
    }

    /// Has the guest make a buffer for `len` bytes.
    fn grow(&mut self, len: usize) -> Result<Buffer, CallFailure> {
        let cap = match len {
            0..=ROOMY_BYTES => len.next_power_of_two().max(BUFFER_BYTES),
            _ => len.next_multiple_of(BUFFER_BYTES),
        };
        let Self { module, store, buf, .. } = self;
        let asked = input_len(cap)?;
        let cpu = module.limits().batch_cpu;
        let at = enter(store, module, export::BUF, cpu, |store| buf.call(store, asked))? as usize;
        let size = self.memory.data_size(&self.store);
        if at.saturating_add(cap + SLACK) <= size {
            let buffer = Buffer { at, cap };
            self.buffer = Some(buffer);
            return Ok(buffer);
        }
        let problem = format!(
            "it answered {at} for a buffer of {cap} bytes and {SLACK} more, which reaches beyond memory's {size}"
        );
        Err(match self.store.data().meter.refused() {
            Some(refusal) => CallFailure::of_refusal(export::BUF, refusal, &problem),
            None => CallFailure::new(code::BAD_BUFFER, problem).within(export::BUF),
        })
    }

    fn fail(&mut self, failure: CallFailure) -> CallFailure {
        self.failure.get_or_insert(failure).clone()
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("module", &self.module)
            .field("buffer", &self.buffer)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// Runs `call`, the guest's `function`, under its limits, and says what stopped it.
fn enter<T>(
    store: &mut Store<State>,
    module: &Module,
    function: &str,
    cpu: Duration,
    call: impl FnOnce(&mut Store<State>) -> wasmtime::Result<T>,
) -> Result<T, CallFailure> {
    let state = store.data_mut();
    state.meter.forget();
    state.cpu.grant(cpu);
    store.set_epoch_deadline(1);
    module.engine().pulse().mark();
    call(store).map_err(|error| CallFailure::of(function, &error, store.data()))
}

fn input_len(bytes: usize) -> Result<u32, CallFailure> {
    u32::try_from(bytes).map_err(|error| {
        CallFailure::new(
            code::BAD_BUFFER,
            format!("an input of {bytes} bytes has no address: {error}"),
        )
    })
}
