//! The life of one process: after so many calls to the outside it is dead, and nothing that it does has an effect.

use std::sync::{Arc, Mutex};

/// Shared by all parts of a task between two deaths.
#[derive(Debug, Clone)]
pub(crate) struct Life(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    is_dead: bool,
    /// Calls until death; nothing for ever.
    left: Option<usize>,
    /// Whether the call during which it dies still takes effect: its answer is lost in any case.
    lands: bool,
}

impl Life {
    pub(crate) fn new(left: Option<usize>, lands: bool) -> Self {
        Self(Arc::new(Mutex::new(State { is_dead: false, left, lands })))
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.lock().unwrap().is_dead
    }

    /// Does something to the outside; nothing comes back if the process is dead by then.
    pub(crate) fn act<R>(&self, effect: impl FnOnce() -> R) -> Option<R> {
        let mut state = self.0.lock().unwrap();
        if state.is_dead {
            return None;
        }
        match &mut state.left {
            Some(0) => {
                state.is_dead = true;
                if state.lands {
                    drop(effect());
                }
                None
            }
            left => {
                if let Some(left) = left {
                    *left -= 1;
                }
                Some(effect())
            }
        }
    }
}
