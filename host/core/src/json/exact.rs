//! The scan byte by byte: slow, and exact about what is wrong where. The fast scan asks it when it has found an error.

use super::error::{Expected, JsonError, Problem};
use smt_abi::limit::NESTING;

/// Where the value of a valid text stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) depth: u32,
}

/// Checks a whole text.
pub(super) fn check(text: &[u8]) -> Result<Outline, JsonError> {
    let grammar = Reader { text, at: 0 }.document();
    let Err(invalid) = core::str::from_utf8(text) else { return grammar };
    let at = invalid.valid_up_to();
    match grammar {
        Err(error) if (error.at as usize) < at => Err(error),
        _ => Err(JsonError::new(at, Problem::BadUtf8)),
    }
}

/// What is wrong with a text that the fast scan refused.
#[cold]
#[inline(never)]
pub(super) fn problem(text: &[u8]) -> JsonError {
    match check(text) {
        Err(error) => error,
        Ok(outline) => {
            debug_assert!(false, "both scans accept the same texts");
            JsonError::new(outline.start as usize, Problem::UnexpectedByte(Expected::Value))
        }
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

/// The containers around a place: one bit each, set for an object.
#[derive(Default)]
struct Nesting {
    objects: u128,
    depth: u32,
    deepest: u32,
}

impl Nesting {
    fn in_object(&self) -> bool {
        self.depth > 0 && self.objects & 1 == 1
    }

    fn open(&mut self, object: bool) {
        self.objects = self.objects << 1 | u128::from(object);
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    fn close(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
    }
}

impl Reader<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "a text is a span, and spans have 32 bits")]
    fn document(mut self) -> Result<Outline, JsonError> {
        let mut nesting = Nesting::default();
        self.blanks();
        let start = self.at;
        loop {
            if self.value(&mut nesting)? {
                continue;
            }
            if self.after_value(&mut nesting)? {
                break;
            }
        }
        let end = self.at;
        self.blanks();
        match self.peek() {
            Some(_) => Err(self.error(Problem::Trailing)),
            None => Ok(Outline { start: start as u32, end: end as u32, depth: nesting.deepest }),
        }
    }

    /// Reads a scalar or an empty container (false), or opens a container up to its first value (true).
    fn value(&mut self, nesting: &mut Nesting) -> Result<bool, JsonError> {
        self.blanks();
        match self.peek() {
            Some(b'{' | b'[') => self.open(nesting),
            Some(b'"') => self.string().map(|()| false),
            Some(b't') => self.literal(b"true").map(|()| false),
            Some(b'f') => self.literal(b"false").map(|()| false),
            Some(b'n') => self.literal(b"null").map(|()| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            _ => Err(self.unexpected(Expected::Value)),
        }
    }

    fn open(&mut self, nesting: &mut Nesting) -> Result<bool, JsonError> {
        if nesting.depth as usize == NESTING {
            return Err(self.error(Problem::TooDeep));
        }
        let object = self.peek() == Some(b'{');
        nesting.open(object);
        self.at += 1;
        self.blanks();
        if self.peek() == Some(if object { b'}' } else { b']' }) {
            self.at += 1;
            nesting.close();
            return Ok(false);
        }
        if object {
            self.key(Expected::KeyOrEnd)?;
        } else if !self.peek().is_none_or(begins_value) {
            return Err(self.unexpected(Expected::ValueOrEnd));
        }
        Ok(true)
    }

    /// Closes what ends here; true if that was the whole document, false if another value follows.
    fn after_value(&mut self, nesting: &mut Nesting) -> Result<bool, JsonError> {
        while nesting.depth > 0 {
            self.blanks();
            match (self.peek(), nesting.in_object()) {
                (Some(b','), object) => {
                    self.at += 1;
                    self.blanks();
                    if object {
                        self.key(Expected::Key)?;
                    }
                    return Ok(false);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.at += 1;
                    nesting.close();
                }
                (_, true) => return Err(self.unexpected(Expected::CommaOrBrace)),
                (_, false) => return Err(self.unexpected(Expected::CommaOrBracket)),
            }
        }
        Ok(true)
    }

    fn key(&mut self, expected: Expected) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(expected));
        }
        self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.unexpected(Expected::Colon));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(self.error(Problem::Truncated)),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return Err(self.error(Problem::ControlCharacter)),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        let digits = match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            _ => return Err(self.wrong(Problem::BadEscape)),
        };
        self.at += 1;
        for _ in 0..digits {
            if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                return Err(self.wrong(Problem::BadEscape));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, name: &[u8]) -> Result<(), JsonError> {
        for byte in name {
            if self.peek() != Some(*byte) {
                return Err(self.unexpected(Expected::Value));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        self.skip(b"-");
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.error(Problem::BadNumber));
            }
        } else {
            self.digits()?;
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong(Problem::BadNumber)) } else { Ok(()) }
    }

    fn skip(&mut self, any: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn error(&self, problem: Problem) -> JsonError {
        JsonError::new(self.at, problem)
    }

    /// `problem`, unless the text ends here.
    fn wrong(&self, problem: Problem) -> JsonError {
        self.error(if self.at == self.text.len() { Problem::Truncated } else { problem })
    }

    fn unexpected(&self, expected: Expected) -> JsonError {
        self.wrong(Problem::UnexpectedByte(expected))
    }
}

fn begins_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9')
}
