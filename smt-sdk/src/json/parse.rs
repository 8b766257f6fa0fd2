//! A strict JSON parser that builds any kind of tree.

use super::JsonError;
use smt_abi::limit;

/// What a parser makes.
pub(crate) trait Build<'a>: Sized {
    /// From a literal, a number or a string as it is spelt; nothing if it cannot be kept.
    fn scalar(spelt: &'a str) -> Option<Self>;
    /// From the items of an array.
    fn array(items: Vec<Self>) -> Self;
    /// From the members of an object, names as they are spelt, quotes included.
    fn object(members: Vec<(&'a str, Self)>) -> Option<Self>;
}

/// Reads one JSON text.
pub(crate) fn parse<'a, B: Build<'a>>(text: &'a str) -> Result<B, JsonError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let value = parser.value()?;
    parser.skip_space();
    if parser.at == text.len() { Ok(value) } else { Err(parser.error("the end")) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn value<B: Build<'a>>(&mut self) -> Result<B, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'[') => self.nested(Self::array),
            Some(b'{') => self.nested(Self::object),
            _ => {
                let start = self.at;
                let token = self.scalar()?;
                B::scalar(token).ok_or(JsonError { at: start, expected: "Unicode text" })
            }
        }
    }

    fn nested<B>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<B, JsonError>,
    ) -> Result<B, JsonError> {
        if self.depth == limit::NESTING {
            return Err(self.error(JsonError::NESTING));
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array<B: Build<'a>>(&mut self) -> Result<B, JsonError> {
        let mut items = Vec::new();
        if !self.takes(b']') {
            loop {
                items.push(self.value()?);
                if self.takes(b']') {
                    break;
                }
                self.expect(b',', "`,` or `]`")?;
            }
        }
        Ok(B::array(items))
    }

    fn object<B: Build<'a>>(&mut self) -> Result<B, JsonError> {
        let start = self.at - 1;
        let mut members = Vec::new();
        if !self.takes(b'}') {
            loop {
                self.skip_space();
                let name = self.string()?;
                self.expect(b':', "`:`")?;
                members.push((name, self.value()?));
                if self.takes(b'}') {
                    break;
                }
                self.expect(b',', "`,` or `}`")?;
            }
        }
        B::object(members).ok_or(JsonError { at: start, expected: "names of Unicode text" })
    }

    fn scalar(&mut self) -> Result<&'a str, JsonError> {
        let literal = match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'-' | b'0'..=b'9') => return self.number(),
            Some(b'n') => "null",
            Some(b't') => "true",
            _ => "false",
        };
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(literal.as_bytes()) {
            Ok(self.token(self.at + literal.len()))
        } else {
            Err(self.error("a value"))
        }
    }

    fn string(&mut self) -> Result<&'a str, JsonError> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.error("a string"));
        }
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let sound = match bytes.get(end + 1) {
                        Some(b'u') => bytes
                            .get(end + 2..end + 6)
                            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
                        Some(c) => b"\"\\/bfnrt".contains(c),
                        None => false,
                    };
                    if !sound {
                        return Err(JsonError { at: end, expected: "an escape" });
                    }
                    end += 2;
                }
                Some(0x20..) => end += 1,
                _ => return Err(JsonError { at: end, expected: "a closing quote" }),
            }
        }
        Ok(self.token(end + 1))
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let end = core::mem::replace(&mut self.at, start);
        Ok(self.token(end))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.error("a digit")) } else { Ok(()) }
    }

    fn token(&mut self, end: usize) -> &'a str {
        let token =
            self.text.get(self.at..end).expect("tokens begin and end beside ASCII characters");
        self.at = end;
        token
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.takes(byte) { Ok(()) } else { Err(self.error(expected)) }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn error(&self, expected: &'static str) -> JsonError {
        JsonError { at: self.at, expected }
    }
}
