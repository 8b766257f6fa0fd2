//! What a test's tasks log: the threads of a runtime have the subscriber of the thread that started it.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex, Once},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::{DefaultGuard, Interest, set_default, set_global_default},
};

/// The lines up to a level, in order.
pub(crate) struct Logs {
    lines: Arc<Mutex<Vec<String>>>,
    _listening: DefaultGuard,
}

struct Lines {
    level: LevelFilter,
    lines: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Line(String);

impl Logs {
    /// Listens to this thread, and to the runtimes that it starts.
    pub(crate) fn listen(level: Level) -> Self {
        // Else a thread that nobody listens to could decide for all others that an event is of no interest.
        static NOBODY: Once = Once::new();
        NOBODY.call_once(|| {
            let nobody = Lines { level: LevelFilter::OFF, lines: Arc::default() };
            set_global_default(nobody).expect("no other test of this binary listens to all");
        });
        let level = LevelFilter::from_level(level);
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let listening = set_default(Lines { level, lines: Arc::clone(&lines) });
        Self { lines, _listening: listening }
    }

    /// The lines that have a text.
    pub(crate) fn with(&self, text: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.contains(text)).cloned().collect()
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let separator = if self.0.is_empty() { "" } else { " " };
        match field.name() {
            "message" => write!(self.0, "{separator}{value:?}").unwrap(),
            name => write!(self.0, "{separator}{name}={value:?}").unwrap(),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

impl Subscriber for Lines {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level && metadata.target().starts_with("transom")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
