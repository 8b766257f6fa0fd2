//! Why a call into a module gave nothing: the trap, the limit or the broken promise, with a stable code.

use super::engine::STACK_BYTES;
use super::limits::{Refusal, Resource};
use super::state::State;
use smt_abi::code;
use std::fmt::Write;
use wasmtime::{Trap, WasmBacktrace};

/// A call into a module that failed as a whole. The instance is of no further use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallFailure {
    /// One of [`smt_abi::code::ALL`].
    pub code: &'static str,
    /// Names function, limit and values, for a person.
    pub message: String,
}

impl CallFailure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Reads what stopped the export `function`, whose store holds `state`.
    pub(super) fn of(function: &str, error: &wasmtime::Error, state: &State) -> Self {
        let mut failure = match error.downcast_ref::<Self>() {
            Some(misuse) => misuse.clone(),
            None => Self::of_trap(function, error, state),
        };
        if let Some(line) = state.lines.last_error() {
            failure.say(format_args!("; before that it logged: {line}"));
        }
        failure
    }

    fn of_trap(function: &str, error: &wasmtime::Error, state: &State) -> Self {
        match (error.downcast_ref::<Trap>(), state.meter.refused()) {
            (Some(Trap::Interrupt), _) => {
                let budget = state.cpu.budget();
                Self::new(
                    code::CPU_LIMIT,
                    format!("`{function}` used more than its {budget:?} of CPU time"),
                )
            }
            (Some(Trap::StackOverflow), _) => {
                let kib = STACK_BYTES >> 10;
                Self::new(
                    code::STACK_LIMIT,
                    format!("`{function}` used more than its {kib} KiB of stack"),
                )
            }
            (_, Some(refusal)) => {
                Self::of_refusal(function, refusal, &format!("it then failed: {}", reason(error)))
            }
            (_, None) => Self::new(code::TRAP, format!("`{function}` trapped: {}", reason(error))),
        }
    }

    /// A failure that came after memory or table elements were refused.
    pub(super) fn of_refusal(function: &str, refusal: Refusal, then: &str) -> Self {
        let Refusal { resource, current, requested, maximum } = refusal;
        let (code, what, unit) = match resource {
            Resource::Memory => (code::MEMORY_LIMIT, "memory", "bytes"),
            Resource::Table => (code::TABLE_LIMIT, "a table", "elements"),
        };
        Self::new(
            code,
            format!(
                "`{function}` could not grow {what} from {current} to {requested} {unit}, the most is {maximum}; {then}"
            ),
        )
    }

    /// The same failure, with the export in which it was found named in front.
    pub(super) fn within(self, function: &str) -> Self {
        Self { message: format!("`{function}`: {}", self.message), ..self }
    }

    fn say(&mut self, more: std::fmt::Arguments<'_>) {
        self.message.write_fmt(more).expect("writing to a string does not fail");
    }
}

/// The trap's own words and, where the module still has names, the function it happened in.
fn reason(error: &wasmtime::Error) -> String {
    let mut text = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string().trim_start_matches("wasm trap: ").to_owned(),
        None => error.root_cause().to_string(),
    };
    let frame = error.downcast_ref::<WasmBacktrace>().and_then(|trace| trace.frames().first());
    if let Some(name) = frame.and_then(|frame| frame.func_name()) {
        write!(text, " in `{name}`").expect("writing to a string does not fail");
    }
    text
}
