//! Lines that a guest logs: bounded, and kept back until it is known whether the attempt counts.

use smt_abi::import;
use tracing::{debug, error, info, warn};

/// The lines of one call.
#[derive(Debug)]
pub(super) struct Lines {
    line_bytes: usize,
    most: usize,
    /// All lines, back to back.
    text: String,
    /// Level of each line, and where it ends in `text`.
    ends: Vec<(u32, usize)>,
    /// Lines beyond `most`.
    further: u64,
    /// The last line at level error, kept line or not: what a guest says before it panics.
    last_error: String,
}

impl Lines {
    /// Keeps `most` lines of `line_bytes` each.
    pub(super) fn new(line_bytes: usize, most: usize) -> Self {
        let (text, last_error) = (String::new(), String::new());
        Self { line_bytes, most, text, ends: Vec::new(), further: 0, last_error }
    }

    /// Takes a line; cuts it to its limit, and replaces what is not UTF-8.
    pub(super) fn push(&mut self, level: u32, line: &[u8]) {
        let kept = self.ends.len() < self.most;
        if !kept {
            self.further += 1;
        }
        if !kept && level != import::ERROR {
            return;
        }
        let line = String::from_utf8_lossy(line.get(..self.line_bytes).unwrap_or(line));
        if level == import::ERROR {
            self.last_error.clear();
            self.last_error.push_str(&line);
        }
        if kept {
            self.text.push_str(&line);
            self.ends.push((level, self.text.len()));
        }
    }

    /// The last line at level error.
    pub(super) fn last_error(&self) -> Option<&str> {
        Some(self.last_error.as_str()).filter(|line| !line.is_empty())
    }

    /// Hands the lines to the host's log as those of module `smt`, and forgets them.
    pub(super) fn flush(&mut self, smt: &str) {
        if self.ends.is_empty() {
            return;
        }
        let mut start = 0;
        for (level, end) in &self.ends {
            let line = self.text.get(start..*end).unwrap_or_default();
            match *level {
                import::ERROR => error!(smt, line, "the transform says"),
                import::WARN => warn!(smt, line, "the transform says"),
                import::INFO => info!(smt, line, "the transform says"),
                _ => debug!(smt, line, "the transform says"),
            }
            start = *end;
        }
        if self.further > 0 {
            warn!(smt, lines = self.further, "the transform logged more than a call may");
        }
        self.forget();
    }

    /// Forgets the lines.
    pub(super) fn forget(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.further = 0;
        self.last_error.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_counted() {
        let mut lines = Lines::new(4, 2);
        for (level, line) in [
            (import::INFO, &b"first line"[..]),
            (import::ERROR, b"\xFFab"),
            (import::INFO, b"third"),
            (import::ERROR, b"last"),
        ] {
            lines.push(level, line);
        }
        assert_eq!(lines.text, "firs\u{FFFD}ab");
        assert_eq!(lines.ends, [(import::INFO, 4), (import::ERROR, 9)]);
        assert_eq!(lines.further, 2);
        assert_eq!(lines.last_error(), Some("last"));
        lines.flush("x");
        assert!(lines.text.is_empty() && lines.ends.is_empty() && lines.further == 0);
        assert_eq!(lines.last_error(), None);
    }

    #[test]
    fn a_flood_costs_no_memory() {
        let mut lines = Lines::new(1 << 10, 16);
        for _ in 0..100_000 {
            lines.push(import::ERROR, &[b'x'; 4_096]);
        }
        assert_eq!((lines.ends.len(), lines.text.len()), (16, 16 << 10));
        assert_eq!(lines.further, 100_000 - 16);
    }
}
