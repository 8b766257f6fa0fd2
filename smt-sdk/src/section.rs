//! The custom section that describes a module, put together while it is compiled.

/// Bytes of the pieces together, without the white space that has no meaning in JSON.
pub const fn len(pieces: &[&str]) -> usize {
    let (mut sum, mut at, mut place) = (0, 0, Place::Between);
    while at < pieces.len() {
        let piece = pieces[at].as_bytes();
        let mut byte = 0;
        while byte < piece.len() {
            let (kept, next) = place.after(piece[byte]);
            sum += kept as usize;
            place = next;
            byte += 1;
        }
        at += 1;
    }
    sum
}

/// The pieces together, without the white space that has no meaning in JSON.
///
/// # Panics
/// If they are not `N` bytes: while it is compiled.
pub const fn join<const N: usize>(pieces: &[&str]) -> [u8; N] {
    let mut joined = [0; N];
    let (mut end, mut at, mut place) = (0, 0, Place::Between);
    while at < pieces.len() {
        let piece = pieces[at].as_bytes();
        let mut byte = 0;
        while byte < piece.len() {
            let (kept, next) = place.after(piece[byte]);
            if kept {
                joined[end] = piece[byte];
                end += 1;
            }
            place = next;
            byte += 1;
        }
        at += 1;
    }
    assert!(end == N, "`N` is what `len` says");
    joined
}

/// Where a byte of JSON stands.
#[derive(Clone, Copy)]
enum Place {
    Between,
    InString,
    BehindBackslash,
}

impl Place {
    /// Whether the byte has a meaning, and where the next one stands.
    const fn after(self, byte: u8) -> (bool, Self) {
        match (self, byte) {
            (Self::Between, b' ' | b'\t' | b'\n' | b'\r') => (false, Self::Between),
            (Self::Between, b'"') | (Self::BehindBackslash, _) => (true, Self::InString),
            (Self::InString, b'\\') => (true, Self::BehindBackslash),
            (Self::Between, _) | (Self::InString, b'"') => (true, Self::Between),
            (Self::InString, _) => (true, Self::InString),
        }
    }
}

/// The text, if it can stand between quotes in JSON as it is.
///
/// # Panics
/// If it holds a quote, a backslash or a control character: while it is compiled.
pub const fn plain(text: &'static str) -> &'static str {
    let (bytes, mut at) = (text.as_bytes(), 0);
    while at < bytes.len() {
        let odd = bytes[at] == b'"' || bytes[at] == b'\\' || bytes[at] < 0x20;
        assert!(!odd, "a description has no quotes, backslashes or line breaks");
        at += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_stays_only_in_strings() {
        const PIECES: &[&str] = &["{ \"a b\" :\n", "\t\"c \\\" d\\\\\" , ", "\"e\" : [ 1 , 2 ] }"];
        const JOINED: [u8; len(PIECES)] = join(PIECES);
        assert_eq!(str::from_utf8(&JOINED), Ok(r#"{"a b":"c \" d\\","e":[1,2]}"#));
    }
}
