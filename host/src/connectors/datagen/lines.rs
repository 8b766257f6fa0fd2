//! What the source prints: a line for each message, a line for what became of each.

use std::{fmt, io::Write};
use tracing::warn;
use transom_core::{
    connector::{Delivered, Undelivered},
    datagen::Message,
};

/// Lines on their way out. They are written together, so that those of several tasks do not mix.
pub(super) struct Lines {
    text: Vec<u8>,
    /// Nothing once nobody reads any more.
    out: Option<Box<dyn Write + Send>>,
}

impl Lines {
    pub(super) fn onto(out: Box<dyn Write + Send>) -> Self {
        Self { text: Vec::new(), out: Some(out) }
    }

    /// Topic, name of the message, JSON, and `poison` if it is.
    pub(super) fn message(&mut self, message: &Message<'_>) {
        for word in [message.topic, " ", message.name, " "] {
            self.text.extend_from_slice(word.as_bytes());
        }
        self.text.extend_from_slice(message.value);
        self.text.extend_from_slice(if message.is_poison { b" poison\n" } else { b"\n" });
    }

    pub(super) fn delivered(&mut self, delivered: &Delivered<'_>) {
        let Delivered { topic, partition, offset } = delivered;
        let line = format!("delivered topic={topic} partition={partition} offset={offset}\n");
        self.text.extend_from_slice(line.as_bytes());
    }

    /// The reason stands at the end, on the same line whatever is in it.
    pub(super) fn failed(&mut self, failure: &Undelivered<'_>) {
        let Undelivered { topic, stage, code, message } = failure;
        let reason = message.replace(['\n', '\r'], " ");
        let line = format!("failed topic={topic} stage={stage} code={code} error={reason}\n");
        self.text.extend_from_slice(line.as_bytes());
    }

    /// Writes what there is. Messages matter more than lines about them: where nobody reads any more, no more is written.
    pub(super) fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let written =
            self.out.as_mut().map(|out| out.write_all(&self.text).and_then(|()| out.flush()));
        self.text.clear();
        if let Some(Err(error)) = written {
            warn!(%error, "cannot print; messages go on without");
            self.out = None;
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("is_read", &self.out.is_some()).finish_non_exhaustive()
    }
}
