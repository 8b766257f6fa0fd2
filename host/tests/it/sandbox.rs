//! Random chains in the sandbox equal the model, as they do natively: the same scripts, as modules in WAT.

use crate::{
    hostile::{Guest, escape},
    model::{Script, generate, run},
    native,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use std::env;
use transom::wasm::{Limits, Runtime, WasmTransform};
use transom_core::{
    batch::Batch,
    call,
    chain::{Chain, Stage},
};

/// Records of one call at most: the verdict table has room for as many.
const RECORDS: usize = 4_096;

/// Bytes of input, and of output, of one call at most.
const TRAFFIC: usize = 1 << 20;

/// Random, and the same in every run; ten times as many under `TRANSOM_SOAK`. Each case compiles up to five modules.
fn config() -> Config {
    let cases = if env::var_os("TRANSOM_SOAK").is_some() { 640 } else { 64 };
    Config { cases, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn chains_in_the_sandbox_equal_the_model(case in generate::cases()) {
        check(&case);
    }
}

fn check(case: &generate::Case) {
    let answer = call::Limits { call_bytes: case.call_bytes, ..call::Limits::default() };
    // What a script answers has nothing to do with the size of what it is given.
    let runtime =
        Runtime::new(Limits { answer, output_bytes: TRAFFIC, ..Limits::default() }, None).unwrap();
    let stages = case.scripts.iter().map(|script| {
        let module = module(script).load(&runtime).unwrap();
        let transform = WasmTransform::new(&module, b"{}").unwrap();
        let predicate = script.when.as_ref().map(native::predicate);
        Stage { name: "script".to_owned(), predicate, transform: Box::new(transform) }
    });
    let mut chain = Chain::new(stages.collect());
    let mut batch = Batch::default();
    for cut in &case.cuts {
        let mut rest = case.inputs.as_slice();
        for size in cut {
            let (inputs, behind) = rest.split_at(*size);
            let expected = run(&case.scripts, inputs, &mut |_| ());
            batch.clear();
            for input in inputs {
                native::push(&mut batch, input);
            }
            chain.run(&mut batch).unwrap();
            native::check_batch(&batch, inputs, &expected);
            rest = behind;
        }
    }
}

/// Data of a module, behind what every guest has, and where it stands.
struct Data(Vec<u8>);

impl Data {
    const START: usize = 128;

    /// Adds bytes at a multiple of 4 and returns their address.
    fn add(&mut self, bytes: &[u8]) -> usize {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        let at = Self::START + self.0.len();
        self.0.extend_from_slice(bytes);
        at
    }

    fn add_words(&mut self, words: impl IntoIterator<Item = usize>) -> usize {
        let bytes: Vec<u8> =
            words.into_iter().flat_map(|word| u32::try_from(word).unwrap().to_le_bytes()).collect();
        self.add(&bytes)
    }
}

/// A script as a module: it finds its answer by the slots `@offset` and `@partition`, its first two, as the script does.
fn module(script: &Script) -> Guest {
    let mut data = Data(Vec::new());
    let rows: Vec<[usize; 2]> = script
        .answers
        .iter()
        .map(|row| {
            let answers: Vec<[usize; 3]> = row
                .iter()
                .map(|answer| {
                    let (tag, output) = answer.encode();
                    [usize::from(tag), data.add(&output), output.len()]
                })
                .collect();
            [row.len(), data.add_words(answers.into_iter().flatten())]
        })
        .collect();
    let table = data.add_words(rows.iter().copied().flatten());
    let mut init = Vec::new();
    smt_abi::answer::write_init(&mut init, &script.descriptor(), &script.static_operations());
    let init_at = data.add(&init);
    let verdicts = (Data::START + data.0.len()).next_multiple_of(16);
    let buffer = verdicts + 8 * RECORDS;
    let out = buffer + TRAFFIC + smt_abi::SLACK;
    let pages = (out + TRAFFIC).div_ceil(1 << 16);
    Guest {
        memory: format!("(memory (export \"memory\") {pages})"),
        extra: format!("(data (i32.const {}) \"{}\") {NUMBER}", Data::START, escape(&data.0)),
        buf: format!(
            "(if (i32.gt_u (local.get $cap) (i32.const {TRAFFIC})) (then unreachable)) (i32.const {buffer})"
        ),
        init: format!("{} (i32.const 16)", words(16, [0, init_at, init.len(), 0])),
        batch: batch(&[
            ("K", script.slots.len()),
            ("LAST", script.answers.len() - 1),
            ("TABLE", table),
            ("VERDICTS", verdicts),
            ("BUFFER", buffer),
            ("OUT", out),
        ]),
        descriptor: String::new(),
        ..Guest::default()
    }
}

fn words(at: usize, words: [usize; 4]) -> String {
    let store =
        |(word, value)| format!("(i32.store (i32.const {}) (i32.const {value}))", at + 4 * word);
    words.into_iter().enumerate().map(store).collect()
}

/// `$number(ptr, len, otherwise)`: the digits there as a number, at most a partition's; `otherwise` for none or a sign.
const NUMBER: &str = "
  (func $number (param $p i32) (param $len i32) (param $otherwise i32) (result i32)
    (local $end i32) (local $sum i32)
    (if (i32.eq (local.get $len) (i32.const -1)) (then (return (local.get $otherwise))))
    (if (i32.eq (i32.load8_u (local.get $p)) (i32.const 45)) (then (return (local.get $otherwise))))
    (local.set $end (i32.add (local.get $p) (local.get $len)))
    (block $done (loop $digits
      (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
      (if (i32.gt_u (local.get $sum) (i32.const 214748364)) (then (return (i32.const 2147483647))))
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10)) (i32.sub (i32.load8_u (local.get $p)) (i32.const 48))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $digits)))
    (local.get $sum))";

/// `smt_batch` of a script; words in capitals are constants.
fn batch(constants: &[(&str, usize)]) -> String {
    let mut text = "
    (local $i i32) (local $t i32) (local $p i32) (local $q i32) (local $s i32) (local $row i32) (local $entry i32) (local $out i32) (local $size i32)
    (local.set $t (i32.const BUFFER))
    (local.set $p (i32.add (i32.const BUFFER) (i32.mul (local.get $n) (i32.mul (i32.const K) (i32.const 4)))))
    (local.set $out (i32.const OUT))
    (block $done (loop $records
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      (local.set $row (call $number (local.get $p) (i32.load (local.get $t)) (i32.const LAST)))
      (if (i32.gt_u (local.get $row) (i32.const LAST)) (then (local.set $row (i32.const LAST))))
      (local.set $row (i32.add (i32.const TABLE) (i32.shl (local.get $row) (i32.const 3))))
      (local.set $q (local.get $p))
      (if (i32.ne (i32.load (local.get $t)) (i32.const -1)) (then (local.set $q (i32.add (local.get $q) (i32.load (local.get $t))))))
      (local.set $entry (i32.rem_u (call $number (local.get $q) (i32.load offset=4 (local.get $t)) (i32.const 0)) (i32.load (local.get $row))))
      (local.set $entry (i32.add (i32.load offset=4 (local.get $row)) (i32.mul (local.get $entry) (i32.const 12))))
      (local.set $size (i32.load offset=8 (local.get $entry)))
      (memory.copy (local.get $out) (i32.load offset=4 (local.get $entry)) (local.get $size))
      (i32.store (i32.add (i32.const VERDICTS) (i32.shl (local.get $i) (i32.const 3))) (i32.load (local.get $entry)))
      (i32.store offset=4 (i32.add (i32.const VERDICTS) (i32.shl (local.get $i) (i32.const 3))) (local.get $size))
      (local.set $out (i32.add (local.get $out) (local.get $size)))
      (local.set $s (i32.const 0))
      (block $counted (loop $slots
        (br_if $counted (i32.ge_u (local.get $s) (i32.const K)))
        (if (i32.ne (i32.load (local.get $t)) (i32.const -1)) (then (local.set $p (i32.add (local.get $p) (i32.load (local.get $t))))))
        (local.set $t (i32.add (local.get $t) (i32.const 4)))
        (local.set $s (i32.add (local.get $s) (i32.const 1)))
        (br $slots)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $records)))
    (i32.store (i32.const 32) (i32.const VERDICTS))
    (i32.store (i32.const 36) (i32.const OUT))
    (i32.store (i32.const 40) (i32.sub (local.get $out) (i32.const OUT)))
    (i32.store (i32.const 44) (local.get $n))
    (i32.const 32)"
        .to_owned();
    for (name, value) in constants {
        text = text.replace(&format!("const {name})"), &format!("const {value})"));
    }
    text
}
