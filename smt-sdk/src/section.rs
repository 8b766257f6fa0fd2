//! The custom section that describes a module, put together while it is compiled.

/// Bytes of the pieces together.
pub const fn len(pieces: &[&str]) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < pieces.len() {
        sum += pieces[at].len();
        at += 1;
    }
    sum
}

/// The pieces together.
///
/// # Panics
/// If they are not `N` bytes: while it is compiled.
pub const fn join<const N: usize>(pieces: &[&str]) -> [u8; N] {
    let mut joined = [0; N];
    let (mut end, mut at) = (0, 0);
    while at < pieces.len() {
        let piece = pieces[at].as_bytes();
        let mut byte = 0;
        while byte < piece.len() {
            joined[end] = piece[byte];
            end += 1;
            byte += 1;
        }
        at += 1;
    }
    assert!(end == N, "`N` is the sum of the lengths");
    joined
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
