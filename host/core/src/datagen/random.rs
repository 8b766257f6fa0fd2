//! Random numbers that are a function of a seed and of what they are for.

/// `SplitMix64`: one addition and five operations a number, and any state is as good as any other, so that each message
/// can have a stream of its own.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

/// The odd number next to 2^64 divided by the golden ratio: multiples of it are spread evenly.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The numbers for message `number` of the stream that `seed` makes. Nothing of earlier messages is in them, so a
    /// stream goes on anywhere.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        Self(mixed(mixed(seed).wrapping_add(number)))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number from 0 to `most`, each equally likely: what is off is less than `most` in 2^64.
    pub(super) fn up_to(&mut self, most: u64) -> u64 {
        let product = u128::from(self.bits()) * (u128::from(most) + 1);
        (product >> 64) as u64
    }

    /// A position in a list of `length` items; 0 if there are none.
    #[expect(clippy::cast_possible_truncation, reason = "it is less than `length`")]
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.up_to(length.saturating_sub(1) as u64) as usize
    }
}

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_splitmix64() {
        // The first numbers of the reference implementation from state 1234567.
        let mut random = Random(1_234_567);
        let numbers = [random.bits(), random.bits(), random.bits()];
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn each_number_of_a_range_is_as_likely_as_the_others() {
        let mut counts = [0_u32; 7];
        for number in 0..70_000 {
            counts[Random::of(1, number).index(7)] += 1;
        }
        assert!(counts.iter().all(|count| (9_700..=10_300).contains(count)), "{counts:?}");
    }

    #[test]
    fn ranges_hold_their_ends_and_nothing_else() {
        let mut random = Random::of(0, 0);
        let drawn: Vec<u64> = (0..100).map(|_| random.up_to(1)).collect();
        assert!(drawn.contains(&0) && drawn.contains(&1) && drawn.iter().all(|number| *number < 2));
        assert_eq!((random.up_to(0), random.index(0), random.index(1)), (0, 0, 0));
        // The whole range does not overflow.
        assert!((0..100).any(|_| random.up_to(u64::MAX) > u64::MAX / 2));
    }

    #[test]
    fn streams_of_neighbours_have_nothing_in_common() {
        let first = |seed, number| Random::of(seed, number).bits();
        let mut all: Vec<u64> =
            (0..100).flat_map(|seed| (0..100).map(move |n| first(seed, n))).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10_000);
    }
}
