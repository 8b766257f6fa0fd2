//! What files of the sink are called: `TOPIC-TASK-NUMBER.jsonl`, the number with ten digits, so that names sort.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Longest topic that a name holds in full; a file system takes names of 255 bytes.
const TOPIC_BYTES: usize = 200;

/// A topic as a part of a name. Kafka's own names stand as they are; other bytes, and a dot in front (which would hide
/// the file), as `%` and two hex digits; a longer one ends in `~` and a part of its digest. No two topics share one.
pub(super) fn stem(topic: &str) -> String {
    let mut stem = String::new();
    for (place, byte) in topic.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-')
            || (byte == b'.' && place > 0);
        if plain {
            stem.push(char::from(byte));
        } else {
            write!(stem, "%{byte:02X}").expect("a string takes what is written to it");
        }
    }
    if stem.len() > TOPIC_BYTES {
        stem.truncate(TOPIC_BYTES);
        stem.push('~');
        stem.push_str(&digest(topic.as_bytes()));
    }
    stem
}

/// The first eight bytes of a digest, in hex.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes what is written to it");
        text
    })
}

/// The name of a file.
pub(super) fn name(stem: &str, task: usize, number: u64) -> String {
    format!("{stem}-{task}-{number:010}.jsonl")
}

/// The names of all files of a topic and task, as a pattern.
pub(super) fn series(topic: &str, task: usize) -> String {
    format!("{}-{task}-*.jsonl", stem(topic))
}

/// Takes a name apart; nothing for a file of someone else.
pub(super) fn parse(name: &str) -> Option<(&str, usize, u64)> {
    let mut parts = name.strip_suffix(".jsonl")?.rsplitn(3, '-');
    let (number, task) = (parts.next()?, parts.next()?);
    let stem = parts.next()?;
    let (task, number) = (task.parse().ok()?, number.parse().ok()?);
    // Spelt otherwise it would be another file than the one that is meant.
    (self::name(stem, task, number) == name).then_some((stem, task, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_become_safe_names_that_stay_apart() {
        let check = |topic: &str, expected: &str| assert_eq!(stem(topic), expected, "{topic}");
        check("orders.v1_eu-west", "orders.v1_eu-west");
        check("../etc/passwd", "%2E.%2Fetc%2Fpasswd");
        check(".hidden", "%2Ehidden");
        check("ä %", "%C3%A4%20%25");
        check("", "");
        let (one, two) = (stem(&"t".repeat(249)), stem(&"t".repeat(248)));
        assert_ne!(one, two);
        assert!(name(&one, 999, u64::MAX).len() <= 255, "{one}");
    }

    #[test]
    fn names_are_read_back() {
        let check = |name: &str, expected| assert_eq!(parse(name), expected, "{name}");
        check("orders-0-0000000001.jsonl", Some(("orders", 0, 1)));
        check("orders-1-2-0000000007.jsonl", Some(("orders-1", 2, 7)));
        check("orders-0-1.jsonl", None);
        check("orders-+0-0000000001.jsonl", None);
        check("orders-0-0000000001.jsonl.gz", None);
        check("orders.jsonl", None);
        check("0-0000000001.jsonl", None);
    }
}
