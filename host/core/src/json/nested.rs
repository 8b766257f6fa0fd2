//! Checks a container inside a text, all its levels at once.
//!
//! The grammar is checked by masks of 64 bytes instead of token by token. Of the bytes outside strings, each is a
//! blank, a bracket, a comma, a colon, or part of a number or literal. A value **begins** at an opening quote, an open
//! bracket, or the first byte of a number or literal. Then a container is valid if
//!
//! - its brackets match, and its strings, numbers and literals are right in themselves;
//! - values and keys begin exactly where one is due: at the first place without a blank after an open bracket, a comma
//!   or a colon; instead of one, a close bracket may follow an open one;
//! - what begins directly inside an object, other than after a colon, is a string, a key;
//! - colons stand exactly where one is due: at the first place without a blank after a key.
//!
//! "The first place without a blank after" is one addition: the bits after the tokens, added to the blanks, carry
//! through the blanks. The strings of keys are passed in the same way. Only brackets, numbers, literals and escapes
//! are looked at one by one.

#![expect(clippy::inline_always, reason = "these functions are the body of one loop")]

use super::blocks::{Blocks, Structure, escaped, parity_below};
use super::reader::{Reader, ends_scalar};
use smt_abi::limit::NESTING;

/// Checks the container whose open bracket stands at `at`, inside `depth` others. Answers the place after its close
/// bracket, and the deepest nesting met.
#[inline(never)]
pub(super) fn container<B: Blocks>(
    reader: &mut Reader<'_, B>,
    mut at: usize,
    depth: u32,
) -> Option<(usize, u32)> {
    let mut state = State::new(depth);
    while at < reader.end {
        match state.block(reader, at)? {
            Block::Inner => at += 64,
            Block::Last { end } => return Some((end, state.deepest)),
        }
    }
    None
}

/// Where the container goes on after a block that is right.
enum Block {
    /// In the next block.
    Inner,
    /// Nowhere: it ends in this block.
    Last { end: usize },
}

/// What one block hands to the next. A mask of one bit says something of the first byte of the next block.
struct State {
    /// All bits if the block ended inside a string.
    in_string: u64,
    /// The block was all string, so that the next one may be as well.
    in_long_string: bool,
    /// The first byte is escaped.
    escape: u64,
    /// The first byte without a blank must begin a value or a key.
    after_open: u64,
    /// The first byte without a blank must begin a value.
    after_colon: u64,
    /// The block ended inside a key, or before its colon.
    in_key: u64,
    /// The block ended inside a number or literal.
    in_scalar: u64,
    /// The containers around the current one, one bit each, set for an object.
    around: u128,
    /// 1 directly inside an object.
    in_object: u64,
    depth: u32,
    deepest: u32,
    outside: u32,
}

/// The bytes of a block outside its strings.
struct Tokens {
    open: u64,
    close: u64,
    comma: u64,
    colon: u64,
    blank: u64,
}

/// What the brackets of a block say.
struct Levels {
    /// Bytes directly inside an object. A bracket counts to the container that it stands in or closes.
    in_object: u64,
    /// The bytes of the block up to the last one of the container.
    limit: u64,
    /// Whether the container ends in this block.
    closed: bool,
}

impl State {
    fn new(depth: u32) -> Self {
        Self {
            in_string: 0,
            in_long_string: false,
            escape: 0,
            after_open: 1,
            after_colon: 0,
            in_key: 0,
            in_scalar: 0,
            around: 0,
            in_object: 0,
            depth,
            deepest: depth,
            outside: depth,
        }
    }

    /// Checks one block. Nothing if it is wrong; else the end of the container, if it is here.
    #[inline(always)]
    fn block<B: Blocks>(&mut self, reader: &mut Reader<'_, B>, at: usize) -> Option<Block> {
        let block = reader.block::<64>(at)?;
        if self.in_long_string && self.escape == 0 && is_passed(reader, block) {
            return Some(Block::Inner);
        }
        let found = reader.blocks.structure(block);
        reader.beyond_ascii |= found.beyond_ascii;
        let escapes = escaped(found.backslash, &mut self.escape);
        let quote = found.quote & !escapes;
        // Each string from its opening quote to before its closing quote.
        let inside = parity_below(quote) ^ self.in_string;
        self.in_string = 0_u64.wrapping_sub(inside >> 63);
        self.in_long_string = inside == !0;
        let string = inside | quote;
        let mut wrong = 0;
        let mut low = found.low;
        if found.any_control {
            wrong = reader.blocks.quoted(block).control & inside;
            // Other control characters fall among the numbers and literals, where they are wrong.
            low = reader.blocks.blanks(block);
        }
        let tokens = Tokens::new(&found, low, string);
        let text = match reader.end - at {
            left @ 0..64 => (1 << left) - 1,
            _ => !0,
        };
        let levels = self.brackets(block, &tokens, text)?;
        let due = self.due(&tokens);
        let scalars = tokens.scalars(string);
        let begins = scalars & !(scalars << 1 | self.in_scalar);
        self.in_scalar = scalars >> 63;
        wrong |= due.values & !tokens.close ^ (inside & quote | tokens.open | begins);
        wrong |= self.keys(&due, &tokens, &levels, (inside & quote, string));
        let limit = levels.limit;
        let right = wrong & limit == 0
            && reader.are_escapes(at, escapes & inside & limit)
            && are_scalars(reader, at, begins & limit)
            && are_empty(reader, at, tokens.close & due.values & limit);
        let end = at + limit.trailing_ones() as usize;
        right.then_some(if levels.closed { Block::Last { end } } else { Block::Inner })
    }

    /// Where values and keys are due.
    #[inline(always)]
    fn due(&mut self, tokens: &Tokens) -> Due {
        let not_colon = follow(tokens.open | tokens.comma, tokens.blank, &mut self.after_open);
        let colon = follow(tokens.colon, tokens.blank, &mut self.after_colon);
        Due { values: not_colon | colon, not_colon }
    }

    /// Bytes that are wrong because a key is, or a colon: `strings` are the opening quotes, and the whole strings.
    #[inline(always)]
    fn keys(&mut self, due: &Due, tokens: &Tokens, levels: &Levels, strings: (u64, u64)) -> u64 {
        let (opening, string) = strings;
        let keys = due.not_colon & levels.in_object & !tokens.close;
        let passed = string | tokens.blank;
        let (sum, over) = passed.overflowing_add(keys & opening);
        let (sum, over_too) = sum.overflowing_add(self.in_key);
        self.in_key = u64::from(over | over_too);
        keys & !opening | (sum & !passed) ^ tokens.colon
    }

    /// Follows the brackets of a block, `text` being the bytes of it that belong to the text. Nothing if one is wrong.
    #[inline(always)]
    fn brackets(&mut self, block: &[u8; 64], tokens: &Tokens, text: u64) -> Option<Levels> {
        let before = 0_u64.wrapping_sub(self.in_object);
        let mut left = (tokens.open | tokens.close) & text;
        let mut changes = 0;
        let mut closed = false;
        let mut limit = text;
        while left != 0 {
            let at = left.trailing_zeros();
            let curly = u64::from(block[at as usize & 63] >> 5 & 1);
            let outer = self.in_object;
            if tokens.open >> at & 1 == 1 {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
                self.around = self.around << 1 | u128::from(outer);
                self.in_object = curly;
            } else {
                if curly != outer {
                    return None;
                }
                self.depth -= 1;
                self.in_object = (self.around & 1) as u64;
                self.around >>= 1;
                if self.depth == self.outside {
                    closed = true;
                    limit = left ^ left.wrapping_sub(1);
                    break;
                }
            }
            changes |= (outer ^ self.in_object) << at;
            left &= left - 1;
        }
        let in_object = parity_below(changes) << 1 ^ before;
        (self.deepest as usize <= NESTING).then_some(Levels { in_object, limit, closed })
    }
}

/// Where something is due.
struct Due {
    /// The first byte without a blank after an open bracket, a comma or a colon.
    values: u64,
    /// The same without those after a colon.
    not_colon: u64,
}

impl Tokens {
    #[inline(always)]
    fn new(found: &Structure, low: u64, string: u64) -> Self {
        Self {
            open: found.open & !string,
            close: found.close & !string,
            comma: found.comma & !string,
            colon: found.colon & !string,
            blank: low & !string,
        }
    }

    /// What is left outside strings: the bytes of numbers and literals, and those that belong nowhere.
    #[inline(always)]
    fn scalars(&self, string: u64) -> u64 {
        !(self.open | self.close | self.comma | self.colon | self.blank | string)
    }
}

/// The first bytes without a blank after each of `tokens`. `carry` says whether such a byte is still to come from the
/// block before, and is set for the next one.
#[inline(always)]
fn follow(tokens: u64, blank: u64, carry: &mut u64) -> u64 {
    let (sum, over) = blank.overflowing_add(tokens << 1 | *carry);
    *carry = tokens >> 63 | u64::from(over);
    sum & !blank
}

/// Whether a block that begins in a string is nothing else, and needs no closer look.
#[inline(always)]
fn is_passed<B: Blocks>(reader: &mut Reader<'_, B>, block: &[u8; 64]) -> bool {
    let found = reader.blocks.quoted(block);
    reader.beyond_ascii |= found.beyond_ascii;
    found.quote | found.backslash | found.control == 0
}

/// Whether at each byte of `begins`, counted from `at`, stands a whole number or literal.
#[inline(always)]
fn are_scalars<B: Blocks>(reader: &Reader<'_, B>, at: usize, mut begins: u64) -> bool {
    while begins != 0 {
        let end = reader.scalar(at + begins.trailing_zeros() as usize);
        if !end.and_then(|end| reader.byte(end)).is_some_and(ends_scalar) {
            return false;
        }
        begins &= begins - 1;
    }
    true
}

/// Whether each close bracket of `closes`, counted from `at`, directly follows an open one.
#[inline(always)]
fn are_empty<B: Blocks>(reader: &Reader<'_, B>, at: usize, mut closes: u64) -> bool {
    while closes != 0 {
        let before = &reader.bytes[..at + closes.trailing_zeros() as usize];
        let token = before.iter().rfind(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        if !matches!(token, Some(b'{' | b'[')) {
            return false;
        }
        closes &= closes - 1;
    }
    true
}
