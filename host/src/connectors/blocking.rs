//! State that blocking calls work on, one at a time, from async code.

use std::{future, panic};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

/// Lends its state to one blocking call at a time. A call that nobody waits for any more still ends, and gives the
/// state back before the next begins: dropping a future loses nothing.
#[derive(Debug)]
pub(super) struct Blocking<T> {
    here: Option<T>,
    away: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Blocking<T> {
    pub(super) fn new(state: T) -> Self {
        Self { here: Some(state), away: None }
    }

    /// Runs a call on a thread that may block. Cancel-safe: the call ends all the same, its answer is lost.
    pub(super) async fn run<R: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> R {
        self.state().await;
        let mut state = self.here.take().expect("the state is here once it was waited for");
        let (answer, answered) = oneshot::channel();
        self.away = Some(spawn_blocking(move || {
            // Nobody takes the answer of a call that was given up.
            drop(answer.send(call(&mut state)));
            state
        }));
        self.state().await;
        answered.await.expect("a call that gave the state back has answered")
    }

    /// The state, once the call that has it is done. Cancel-safe.
    pub(super) async fn state(&mut self) -> &mut T {
        if let Some(call) = &mut self.away {
            self.here = Some(match call.await {
                Ok(state) => state,
                Err(ended) => match ended.try_into_panic() {
                    Ok(panic) => panic::resume_unwind(panic),
                    // The tokio runtime is going down, and whoever waits here with it.
                    Err(_stopped) => future::pending().await,
                },
            });
            self.away = None;
        }
        self.here.as_mut().expect("the state is here or away")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn a_call_that_was_given_up_ends_before_the_next() {
        let mut numbers = Blocking::new(Vec::new());
        let (open, gate) = mpsc::channel();
        let first = numbers.run(move |numbers: &mut Vec<u8>| {
            gate.recv().unwrap();
            numbers.push(1);
        });
        tokio::select! {
            biased;
            () = first => panic!("the gate is closed"),
            () = tokio::task::yield_now() => {}
        }
        open.send(()).unwrap();
        assert_eq!(
            numbers
                .run(|numbers| {
                    numbers.push(2);
                    numbers.len()
                })
                .await,
            2
        );
        assert_eq!(numbers.state().await, &[1, 2]);
    }
}
