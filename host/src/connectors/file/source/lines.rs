//! Lines of what was read of a file so far.

/// Bytes that were read and not yet given, cut into lines. It holds no more of a line than may be given of it.
#[derive(Debug)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to here there is no line break behind `start`.
    scanned: usize,
    /// Bytes of the next line that were thrown away, behind those that are kept.
    dropped: u64,
    max: usize,
}

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) text: &'a [u8],
    /// Bytes behind the text that were thrown away, because the line was longer than the limit.
    pub(super) cut: u64,
    /// What it took up in the file, with its end.
    pub(super) size: u64,
}

impl Lines {
    /// No bytes yet; a line has at most `max`.
    pub(super) fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, scanned: 0, dropped: 0, max }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.max);
    }

    /// Bytes of the file that were added and not yet given.
    pub(super) fn pending(&self) -> u64 {
        (self.bytes.len() - self.start) as u64 + self.dropped
    }

    /// True if there is a whole line.
    pub(super) fn is_ready(&mut self) -> bool {
        self.end().is_some()
    }

    /// Adds what was read behind the bytes before.
    pub(super) fn add(&mut self, mut read: &[u8]) {
        self.bytes.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        if self.dropped > 0 && self.end().is_none() {
            let end = read.iter().position(|byte| *byte == b'\n').unwrap_or(read.len());
            self.dropped += end as u64;
            read = &read[end..];
        }
        self.bytes.extend_from_slice(read);
        if self.end().is_none() && self.bytes.len() > self.max {
            self.dropped += (self.bytes.len() - self.max) as u64;
            self.bytes.truncate(self.max);
            self.scanned = self.max;
        }
    }

    /// Takes the next whole line.
    pub(super) fn next(&mut self) -> Option<Line<'_>> {
        let end = self.end()?;
        Some(self.take(end, 1))
    }

    /// Takes what is left: the last line of a file that ended without a line break.
    pub(super) fn rest(&mut self) -> Option<Line<'_>> {
        (self.pending() > 0).then(|| self.take(self.bytes.len(), 0))
    }

    fn take(&mut self, end: usize, line_break: usize) -> Line<'_> {
        let text = &self.bytes[self.start..end];
        let size = (text.len() + line_break) as u64 + self.dropped;
        let cut = self.dropped + text.len().saturating_sub(self.max) as u64;
        let text =
            if cut > 0 { &text[..self.max] } else { text.strip_suffix(b"\r").unwrap_or(text) };
        self.start = end + line_break;
        (self.scanned, self.dropped) = (self.start, 0);
        Line { text, cut, size }
    }

    /// Where the next line ends.
    fn end(&mut self) -> Option<usize> {
        let place = self.bytes[self.scanned..].iter().position(|byte| *byte == b'\n');
        self.scanned = place.map_or(self.bytes.len(), |place| self.scanned + place);
        place.map(|_| self.scanned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All lines at once, without any limit on memory.
    fn model(text: &[u8], max: usize) -> Vec<(Vec<u8>, u64, u64)> {
        let mut lines = Vec::new();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let cut = bare.len().saturating_sub(max);
            let kept =
                if cut > 0 { &bare[..max] } else { bare.strip_suffix(b"\r").unwrap_or(bare) };
            lines.push((kept.to_vec(), cut as u64, line.len() as u64));
        }
        lines
    }

    fn owned(line: &Line<'_>) -> (Vec<u8>, u64, u64) {
        (line.text.to_vec(), line.cut, line.size)
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_were_read(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), Just(b'b'), Just(b'c')], 0..60),
            max in 1_usize..6,
            steps in proptest::collection::vec((1_usize..9, 0_usize..4), 60),
        ) {
            let (mut lines, mut found, mut read) = (Lines::new(max), Vec::new(), 0);
            for (step, takes) in steps {
                let end = text.len().min(read + step);
                lines.add(&text[read..end]);
                read = end;
                prop_assert!(lines.is_ready() || lines.bytes.len() <= max);
                for _ in 0..takes {
                    found.extend(lines.next().as_ref().map(owned));
                }
                let given: u64 = found.iter().map(|(_, _, size)| size).sum();
                prop_assert_eq!(given + lines.pending(), read as u64);
            }
            while let Some(line) = lines.next() {
                found.push(owned(&line));
            }
            found.extend(lines.rest().as_ref().map(owned));
            prop_assert_eq!(lines.rest(), None);
            prop_assert_eq!(found, model(&text, max));
        }
    }
}
