//! The compiler and its settings.

use super::imports;
use super::state::State;
use super::ticker::{Pulse, Ticker};
use std::num::NonZeroUsize;
use wasmtime::{
    Config, InstanceAllocationStrategy, Linker, OptLevel, Strategy, WasmBacktraceDetails,
};

/// Stack that a guest may use, on the thread that calls it. Threads that run guests need twice as much.
pub(super) const STACK_BYTES: usize = 512 << 10;

/// Address space of one memory: all that a 32-bit address reaches, so that no access needs a bounds check.
const RESERVATION: u64 = 4 << 30;

/// Unmapped space behind it, which catches the constant offset that an access may add to its address.
const GUARD: u64 = 32 << 20;

/// The engine, what guests may import, and the clock that interrupts them.
pub(super) struct Engine {
    pub(super) wasmtime: wasmtime::Engine,
    pub(super) linker: Linker<State>,
    ticker: Ticker,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine lacks what compiled modules need.
    #[error("the sandbox cannot run on this machine")]
    Unsupported(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No thread for the clock.
    #[error("the sandbox needs a thread for its clock")]
    Thread(#[from] std::io::Error),
}

impl Engine {
    /// Builds the engine and starts its clock.
    ///
    /// # Errors
    /// [`EngineError`] if the machine cannot run compiled modules or gives no thread.
    pub(super) fn new() -> Result<Self, EngineError> {
        let unsupported = |error: wasmtime::Error| EngineError::Unsupported(error.into());
        let wasmtime = wasmtime::Engine::new(&config()).map_err(unsupported)?;
        let linker = imports::linker(&wasmtime).map_err(unsupported)?;
        let clock = wasmtime.clone();
        let ticker = Ticker::start(move || clock.increment_epoch())?;
        Ok(Self { wasmtime, linker, ticker })
    }

    /// What each entry into a guest marks, so that the clock ticks while it runs.
    pub(super) fn pulse(&self) -> &Pulse {
        self.ticker.pulse()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("ticker", &self.ticker).finish_non_exhaustive()
    }
}

/// Settings of the compiler. Threads, garbage collection, exceptions and components are not even built in.
fn config() -> Config {
    let mut config = Config::new();
    config
        // Epochs rather than fuel: a check is a load and a compare, and who asks decides what time means.
        .epoch_interruption(true)
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        // The same bytes in give the same bytes out on every machine.
        .cranelift_nan_canonicalization(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        // On demand: a pool would be quicker by some microseconds, but has a fixed number of places.
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        // Within the reservation nothing ever moves, so compiled code may keep the base address in a register.
        .memory_may_move(false)
        .max_wasm_stack(STACK_BYTES)
        // One frame names the function that trapped; more would cost time at each trap and say nothing to an operator.
        .wasm_backtrace_max_frames(NonZeroUsize::new(1))
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .generate_address_map(false);
    config
}
