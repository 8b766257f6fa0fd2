//! The thread that makes the engine's clock tick while a guest may be running, and sleeps otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

/// Time between two ticks: what a runaway guest may use beyond its limit.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// Ticks without a mark after which the thread parks. Steady load marks far more often, so it never pays for waking
/// the thread, and a process without records wakes up no core.
const IDLE_TICKS: u32 = 100;

/// Owns the ticking thread; dropping it ends and joins the thread.
#[derive(Debug)]
pub(super) struct Ticker {
    pulse: Pulse,
    thread: Option<JoinHandle<()>>,
}

/// Tells the ticker that a guest runs. Cheap to clone and to mark.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    flags: Arc<Flags>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Flags {
    /// A guest was entered, or was found running, since the last tick.
    marked: AtomicBool,
    /// The thread is parked or about to be.
    parked: AtomicBool,
    stopped: AtomicBool,
}

impl Ticker {
    /// Starts the thread; it calls `tick` every [`TICK`] while guests run.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    pub(super) fn start(tick: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let flags = Arc::new(Flags::default());
        let seen = Arc::clone(&flags);
        let thread =
            thread::Builder::new().name("smt-ticker".to_owned()).spawn(move || run(&seen, tick))?;
        Ok(Self { pulse: Pulse { flags, thread: thread.thread().clone() }, thread: Some(thread) })
    }

    /// The handle that guests' entries mark.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.pulse.flags.stopped.store(true, SeqCst);
        self.pulse.thread.unpark();
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the ticker of the sandbox panicked");
        }
    }
}

impl Pulse {
    /// Keeps the clock ticking for at least the next hundred ticks.
    ///
    /// A running guest marks again at each deadline it meets, which is at every tick, so ticks never end under it. All
    /// accesses are sequentially consistent: whoever sets `marked` sees `parked`, or the thread that sets `parked`
    /// sees `marked`; a wake-up cannot be lost. Under load this is one load of a line that seldom changes.
    pub(super) fn mark(&self) {
        if !self.flags.marked.load(SeqCst) {
            self.flags.marked.store(true, SeqCst);
            if self.flags.parked.load(SeqCst) {
                self.thread.unpark();
            }
        }
    }
}

fn run(flags: &Flags, tick: impl Fn()) {
    let mut idle = 0;
    while !flags.stopped.load(SeqCst) {
        idle = if flags.marked.swap(false, SeqCst) { 0 } else { idle + 1 };
        if idle < IDLE_TICKS {
            thread::park_timeout(TICK);
            tick();
            continue;
        }
        flags.parked.store(true, SeqCst);
        if !flags.marked.load(SeqCst) && !flags.stopped.load(SeqCst) {
            thread::park();
        }
        flags.parked.store(false, SeqCst);
        idle = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn wait_until_parked(pulse: &Pulse) {
        let start = Instant::now();
        while pulse.flags.marked.load(SeqCst) || !pulse.flags.parked.load(SeqCst) {
            assert!(start.elapsed() < PATIENCE, "the ticker does not park");
            thread::yield_now();
        }
    }

    #[test]
    fn ticks_while_marked_and_parks_afterwards() {
        let (sender, ticks) = mpsc::channel();
        let ticker = Ticker::start(move || sender.send(()).unwrap_or_default()).unwrap();
        for _ in 0..3 {
            ticker.pulse().mark();
            wait_until_parked(ticker.pulse());
            assert!(ticks.try_iter().count() >= IDLE_TICKS as usize - 1, "it goes on for a while");
        }
        drop(ticker);
        assert!(ticks.recv().is_err(), "the thread is gone and its closure with it");
    }

    #[test]
    fn marks_from_many_threads_are_never_lost() {
        let (sender, ticks) = mpsc::channel();
        let ticker = Ticker::start(move || sender.send(()).unwrap_or_default()).unwrap();
        for round in 0..20 {
            if round % 10 == 0 {
                wait_until_parked(ticker.pulse());
            }
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| ticker.pulse().mark());
                }
            });
            ticks.recv_timeout(PATIENCE).expect("a tick follows a mark");
        }
    }
}
