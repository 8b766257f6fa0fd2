//! Lines that a guest logs: bounded, and kept back until it is known whether the attempt counts.

use smt_abi::import;
use tracing::{debug, error, info, warn};
use transom_core::secrets::Secrets;

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
    /// What is in none of them (invariant 9).
    pub(super) secrets: Secrets,
}

impl Lines {
    /// Keeps `most` lines of `line_bytes` each.
    pub(super) fn new(line_bytes: usize, most: usize) -> Self {
        let (text, last_error) = (String::new(), String::new());
        Self {
            line_bytes,
            most,
            text,
            ends: Vec::new(),
            further: 0,
            last_error,
            secrets: Secrets::default(),
        }
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
        let line = self.shown(line);
        if level == import::ERROR {
            self.last_error.clear();
            self.last_error.push_str(&line);
        }
        if kept {
            self.text.push_str(&line);
            self.ends.push((level, self.text.len()));
        }
    }

    /// A line as it may be seen, cut to its limit. What a cut leaves of a secret would not be known for one, so as much more
    /// is looked at as the longest has, and that is cut off again.
    fn shown(&self, line: &[u8]) -> String {
        let longest = self.secrets.longest();
        let seen = line.get(..self.line_bytes + longest);
        let text = String::from_utf8_lossy(seen.unwrap_or(line));
        let mut text = self.secrets.censor(&text).into_owned();
        let cut = if seen.is_some() { text.len().saturating_sub(longest) } else { text.len() };
        text.truncate(text.floor_char_boundary(cut.min(self.line_bytes)));
        text
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
        assert_eq!(lines.text, "firs\u{FFFD}a");
        assert_eq!(lines.ends, [(import::INFO, 4), (import::ERROR, 8)]);
        assert_eq!(lines.further, 2);
        assert_eq!(lines.last_error(), Some("last"));
        lines.flush("x");
        assert!(lines.text.is_empty() && lines.ends.is_empty() && lines.further == 0);
        assert_eq!(lines.last_error(), None);
    }

    #[test]
    fn no_part_of_a_secret_is_left_at_the_cut() {
        let shown = |line: &str, most: usize| {
            let mut lines = Lines::new(most, 1);
            lines.secrets = ["hunter2"].into_iter().collect();
            lines.push(import::ERROR, line.as_bytes());
            lines.text
        };
        assert_eq!(shown("it is hunter2.", 100), "it is [hidden].");
        let line = "hunter2 and hunter2, hunter2; hunter2 hunter2";
        for most in 0..=line.len() {
            let shown = shown(line, most);
            assert!(shown.len() <= most && !shown.contains("hun"), "{most}: {shown}");
        }
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
