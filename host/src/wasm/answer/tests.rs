//! Answers of every wrong kind, and a property test against a naive reading.

use super::*;
use proptest::prelude::*;
use smt_abi::verdict::Tag;

const SIZE: usize = 256;

/// A memory with a result table at 0 and verdicts of the given output lengths at `answer.verdicts`.
fn memory(answer: Answer, lengths: &[u32]) -> Vec<u8> {
    let mut memory = vec![0; SIZE];
    for (index, word) in answer.words().into_iter().enumerate() {
        memory[4 * index..4 * index + 4].copy_from_slice(&word.to_le_bytes());
    }
    for (index, len) in lengths.iter().enumerate() {
        let at = answer.verdicts as usize + 8 * index;
        let entry = Verdict { tag: Tag::Ops, len: *len }.encode().to_le_bytes();
        if let Some(place) = memory.get_mut(at..at + 8) {
            place.copy_from_slice(&entry);
        }
    }
    memory
}

#[track_caller]
fn check(answer: Answer, lengths: &[u32], expected: &Result<Checked, &'static str>) {
    let found = check_batch(&memory(answer, lengths), 0, 2, 64).map_err(|failure| failure.code);
    assert_eq!(&found, expected, "{answer:?}");
}

#[test]
fn answers_in_order_are_accepted() {
    let answer = Answer { verdicts: 16, out: 32, out_len: 5, n: 2 };
    check(answer, &[2, 3], &Ok(Checked { verdicts: 16..32, out: 32..37 }));
    let at_the_end = Answer { verdicts: 240, out: 176, out_len: 64, n: 2 };
    check(at_the_end, &[64, 0], &Ok(Checked { verdicts: 240..256, out: 176..240 }));
    let empty_inside = Answer { verdicts: 16, out: 20, out_len: 0, n: 2 };
    check(empty_inside, &[0, 0], &Ok(Checked { verdicts: 16..32, out: 20..20 }));
}

#[test]
fn wrong_places_and_sums_are_refused() {
    let good = Answer { verdicts: 16, out: 32, out_len: 5, n: 2 };
    let bad = Err(code::BAD_RESULT);
    check(Answer { n: 1, ..good }, &[2, 3], &bad);
    check(Answer { n: u32::MAX, ..good }, &[2, 3], &bad);
    check(Answer { verdicts: 241, ..good }, &[], &bad);
    check(Answer { verdicts: u32::MAX - 7, ..good }, &[], &bad);
    check(Answer { out: 252, ..good }, &[2, 3], &bad);
    check(Answer { out_len: u32::MAX, ..good }, &[u32::MAX, 0], &bad);
    check(Answer { out: 16, out_len: u32::MAX - 15, ..good }, &[2, 3], &bad);
    check(Answer { out: 31, ..good }, &[2, 3], &bad);
    check(Answer { out: 12, ..good }, &[2, 3], &bad);
    check(good, &[2, 2], &bad);
    check(good, &[6, u32::MAX], &bad);
    let long = Answer { out_len: 65, ..good };
    check(long, &[65, 0], &Err(code::OUTPUT_LIMIT));
}

#[test]
fn init_says_ready_or_refused() {
    for (n, expected) in
        [(0, Ok((true, 32..37))), (1, Ok((false, 32..37))), (2, Err(code::BAD_RESULT))]
    {
        let memory = memory(Answer { verdicts: 0, out: 32, out_len: 5, n }, &[]);
        assert_eq!(check_init(&memory, 0, 64).map_err(|failure| failure.code), expected);
    }
    assert_eq!(check_init(&[0; 16], 1, 64).map_err(|failure| failure.code), Err(code::BAD_RESULT));
}

proptest! {
    /// Whatever stands in memory: no panic, and what is accepted is what byte-wise reading in `i128` finds.
    #[test]
    fn agrees_with_a_naive_reading(
        noise in proptest::collection::vec(any::<u8>(), 16..96),
        at in 0_u32..120,
        near in any::<bool>(),
        records in 1_u32..4,
        words in [0_u32..100, 0_u32..100, 0_u32..20, 0_u32..4],
        lengths in proptest::collection::vec(0_u32..8, 3),
    ) {
        let mut memory = noise;
        if near {
            for (index, word) in words.into_iter().enumerate() {
                let place = at as usize + 4 * index;
                if let Some(place) = memory.get_mut(place..place + 4) {
                    place.copy_from_slice(&word.to_le_bytes());
                }
            }
            for (index, len) in lengths.iter().enumerate() {
                let place = words[0] as usize + 8 * index + 4;
                if let Some(place) = memory.get_mut(place..place + 4) {
                    place.copy_from_slice(&len.to_le_bytes());
                }
            }
        }
        let found = check_batch(&memory, at, records, 16);
        prop_assert_eq!(found.ok(), naive(&memory, at.into(), records.into()));
    }
}

fn naive(memory: &[u8], at: i128, records: i128) -> Option<Checked> {
    let byte = |at: i128| usize::try_from(at).ok().and_then(|at| memory.get(at)).copied();
    let word = |at: i128| {
        (0..4).try_fold(0_i128, |sum, index| {
            byte(at + index).map(|byte| sum + (i128::from(byte) << (8 * index)))
        })
    };
    let (verdicts, out, len, n) = (word(at)?, word(at + 4)?, word(at + 8)?, word(at + 12)?);
    let sum = (0..records)
        .try_fold(0, |sum, index| word(verdicts + 8 * index + 4).map(|len| sum + len))?;
    let size = memory.len() as i128;
    let table: Vec<i128> = (verdicts..verdicts + 8 * records).collect();
    let apart = (out..out + len.min(size)).all(|place| !table.contains(&place));
    let fits = out + len <= size && verdicts + 8 * records <= size && len <= 16;
    let range = |start: i128, len: i128| {
        let place = |at: i128| usize::try_from(at).unwrap();
        place(start)..place(start + len)
    };
    (n == records && sum == len && apart && fits)
        .then(|| Checked { verdicts: range(verdicts, 8 * records), out: range(out, len) })
}
