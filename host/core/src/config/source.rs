//! The text of the configuration, as it may be shown: without secrets (invariant 9).

use super::Span;
use crate::secrets::{HIDDEN, Secrets};

/// The text of a configuration, and what of it is not for anybody's eyes.
#[derive(Clone)]
pub struct Source {
    origin: String,
    text: String,
    hidden: Vec<Span>,
    secrets: Secrets,
    /// The text is no YAML, so that nobody knows what in it is secret.
    opaque: bool,
}

/// One line of the text with the place that a problem is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Number of the line in the file, from 1.
    pub line: usize,
    /// Column of the place in the file, in characters, from 1.
    pub column: usize,
    /// The line, without what is secret.
    pub text: String,
    /// Characters of `text` before the place.
    pub before: usize,
    /// Characters of `text` that the place covers; at least 1.
    pub length: usize,
}

impl Source {
    pub(super) fn new(text: &str, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            text: text.to_owned(),
            hidden: Vec::new(),
            secrets: Secrets::default(),
            opaque: false,
        }
    }

    /// The name of the file.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn spelt(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Shows nothing but keys from now on.
    pub(super) fn hide_all_values(&mut self) {
        self.opaque = true;
    }

    /// Hides what stands at `span`, and a comment behind it: a password with ` #` in it ends there for YAML.
    pub(super) fn hide(&mut self, span: Span) {
        let rest = self.text.get(span.end..).unwrap_or_default();
        let rest_of_line = rest.lines().next().unwrap_or_default();
        let comment = rest_of_line.trim_start().starts_with('#');
        let end = if comment { span.end + rest_of_line.len() } else { span.end };
        self.hidden.push(Span { end, ..span });
    }

    /// Takes a value out of every message.
    pub(super) fn keep_secret(&mut self, value: &str) {
        self.secrets.keep(value);
    }

    /// What is in no message.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The line that `span` begins in.
    pub fn excerpt(&self, span: Span) -> Excerpt {
        let start = self.text.floor_char_boundary(span.start.min(self.text.len()));
        let (before, after) = self.text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = start + after.find(['\n', '\r']).unwrap_or(after.len());
        let end = self.text.floor_char_boundary(span.end.clamp(start, line_end));
        let line = Span { start: line_start, end: line_end };
        let (text, before, length) = self.shown(line, Span { start, end });
        Excerpt {
            line: 1 + self.lines_before(line_start),
            column: 1 + self.spelt(Span { start: line_start, end: start }).chars().count(),
            text,
            before,
            length: length.max(1),
        }
    }

    fn lines_before(&self, at: usize) -> usize {
        self.spelt(Span { start: 0, end: at }).matches('\n').count()
    }

    /// A line as it may be seen, and where `place` is in that.
    fn shown(&self, line: Span, place: Span) -> (String, usize, usize) {
        let mut shown = String::new();
        let (mut before, mut length) = (0, 0);
        let mut at = line.start;
        for (start, end) in self.hidden_in(line).into_iter().chain([(line.end, line.end)]) {
            // Tabs would part the caret from its place.
            for (offset, c) in self.spelt(Span { start: at, end: start }).char_indices() {
                before += usize::from(at + offset < place.start);
                length += usize::from((place.start..place.end).contains(&(at + offset)));
                shown.push(if c == '\t' { ' ' } else { c });
            }
            if start < end {
                let is_before = end <= place.start;
                before += if is_before { HIDDEN.len() } else { 0 };
                let is_inside = !is_before && start < place.end.max(place.start + 1);
                length += if is_inside { HIDDEN.len() } else { 0 };
                shown.push_str(HIDDEN);
            }
            at = end;
        }
        (shown, before, length)
    }

    /// The parts of a line that are not shown, in order and apart from each other.
    fn hidden_in(&self, line: Span) -> Vec<(usize, usize)> {
        if self.opaque {
            let start = line.start + key_length(self.spelt(line));
            return Vec::from_iter((start < line.end).then_some((start, line.end)));
        }
        let within = |span: &Span| (span.start.max(line.start), span.end.min(line.end));
        let mut parts: Vec<_> = self.hidden.iter().map(within).filter(|(a, b)| a < b).collect();
        parts.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (start, end) in parts {
            match apart.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        apart
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Bytes of a line up to the colon of its key, blanks and dashes before it included; all blanks if it has no key.
fn key_length(line: &str) -> usize {
    let blanks = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let rest = line.split_at(blanks).1;
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    match rest.find(|c| !is_key(c)) {
        Some(key) if key > 0 && is_key_end(rest.split_at(key).1) => {
            let after = rest.split_at(key + 1).1;
            line.len() - after.trim_start_matches(' ').len()
        }
        _ => blanks,
    }
}

fn is_key_end(rest: &str) -> bool {
    rest.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
