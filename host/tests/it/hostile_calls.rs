//! Guests that misbehave in a call: the host lives, and each failure has its own code and names what happened.

use crate::hostile::{BUFFER, Guest, MEMORY, answer, keep, limits, runtime};
use std::sync::mpsc;
use std::time::Duration;
use transom::wasm::{CallFailure, InitError, Instance, Limits, Reader, Runtime};

/// Calls the guest with `input` for `records` records, twice: a failure must stay.
#[track_caller]
fn call(guest: &Guest, records: u32, input: &[u8]) -> Result<(), CallFailure> {
    let runtime = runtime();
    let mut instance = guest.ready(&runtime);
    let result = run(&mut instance, records, input);
    let again = run(&mut instance, records, input);
    if result.is_err() {
        assert_eq!(again, result, "what failed stays failed");
    }
    // The engine and everything else on it go on.
    run(&mut Guest::default().ready(&runtime), 3, b"abc").unwrap();
    result
}

fn run(instance: &mut Instance, records: u32, input: &[u8]) -> Result<(), CallFailure> {
    instance.input(input.len())?.copy_from_slice(input);
    instance.call(records)
}

#[track_caller]
fn fails(guest: &Guest, code: &str, message: &str) {
    let failure = call(guest, 2, b"12345678ab").expect_err(code);
    assert_eq!(failure.code, code, "{failure}");
    assert!(failure.message.contains(message), "{failure}");
}

fn batch(body: impl Into<String>) -> Guest {
    Guest { batch: body.into(), ..Guest::default() }
}

#[test]
fn a_good_guest_gets_its_input_and_is_heard() {
    // One record: its output is the input itself, and 4 of the zeros behind it.
    let body = format!(
        "(i32.store (i32.const 4096) (i32.const 3))
         (i32.store (i32.const 4100) (i32.add (local.get $len) (i32.const 4)))
         {}
         (i32.store (i32.const 40) (i32.add (local.get $len) (i32.const 4)))",
        answer("local.get $n", 4_096, BUFFER, 0)
    );
    let mut instance = batch(body).ready(&runtime());
    for input in [&b"a long first input"[..], b"short", b""] {
        run(&mut instance, 1, input).unwrap();
        let (verdicts, out) = instance.output();
        assert_eq!(out, [input, &[0; 4]].concat());
        assert_eq!(verdicts, u64::to_le_bytes(3 | (input.len() as u64 + 4) << 32));
    }
}

#[test]
fn time_is_limited() {
    fails(
        &batch("(loop (br 0)) i32.const 32"),
        "guest-cpu-limit",
        "`smt_batch` used more than its 10ms",
    );
    let failure = call(&batch("(loop (br 0)) i32.const 32"), 1_000, b"").unwrap_err();
    assert!(failure.message.contains("20ms"), "the limit of a call: {failure}");
    let slow = Guest { buf: "(loop (br 0)) i32.const 0".to_owned(), ..Guest::default() };
    let mut instance = Instance::new(&slow.load(&runtime()).unwrap()).unwrap();
    let failure = instance.input(1).unwrap_err();
    assert_eq!(failure.code, "guest-cpu-limit");
    assert!(failure.message.contains("`smt_buf`"), "{failure}");
    assert_eq!(instance.call(1), Err(failure));
}

#[test]
fn the_clock_does_not_stop_under_a_long_call() {
    // Longer than the clock goes on by itself after a call began.
    let cpu = Duration::from_millis(200);
    let limits = Limits { record_cpu: cpu, batch_cpu: cpu, ..limits() };
    let guest = batch("(loop (br 0)) i32.const 32");
    let mut instance = guest.ready(&Runtime::new(limits, None).unwrap());
    let failure = run(&mut instance, 1, b"").unwrap_err();
    assert_eq!(failure.code, "guest-cpu-limit", "{failure}");
}

#[test]
fn traps_are_told_apart() {
    fails(&batch("unreachable"), "guest-trap", "`unreachable`");
    fails(&batch("(i32.load (i32.const -4))"), "guest-trap", "out of bounds memory access");
    fails(&batch("(i32.div_u (local.get $n) (i32.const 0))"), "guest-trap", "divide by zero");
    let named =
        Guest { extra: "(func $deep (result i32) unreachable)".to_owned(), ..batch("call $deep") };
    fails(&named, "guest-trap", "in `deep`");
    let recursion = Guest {
        extra: "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))".to_owned(),
        ..batch("(call $deep (local.get $n))")
    };
    fails(&recursion, "guest-stack-limit", "512 KiB of stack");
}

#[test]
fn growth_is_limited() {
    let grow = |then: &str| {
        batch(format!(
            "(if (i32.eq (memory.grow (i32.const 13)) (i32.const -1)) (then {then})) {}",
            keep()
        ))
    };
    fails(
        &grow("unreachable"),
        "guest-memory-limit",
        "from 262144 to 1114112 bytes, the most is 1048576; it then failed: wasm `unreachable`",
    );
    call(&grow(""), 2, b"12345678ab").expect("a guest that copes with it goes on");
    let within = batch(format!(
        "(if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) {}",
        keep()
    ));
    call(&within, 2, b"12345678ab").expect("growth within the limit");
    let table = Guest {
        extra: "(table $t 1 funcref)".to_owned(),
        ..batch(
            "(if (i32.eq (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1)) (then unreachable)) i32.const 32",
        )
    };
    fails(&table, "guest-table-limit", "a table from 1 to 101 elements, the most is 100");
    let hungry = Guest {
        buf: "(drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $cap) (i32.const 16))))) i32.const 262144"
            .to_owned(),
        ..Guest::default()
    };
    let failure = call(&hungry, 1, &vec![0; 800_000]).unwrap_err();
    assert_eq!(failure.code, "guest-memory-limit", "{failure}");
}

#[test]
fn wild_buffers_are_refused() {
    for at in [u32::MAX, MEMORY, MEMORY - 65_536 - 63, 1 << 31] {
        let guest = Guest { buf: format!("i32.const {at}"), ..Guest::default() };
        let failure =
            Instance::new(&guest.load(&runtime()).unwrap()).unwrap().init(b"{}").unwrap_err();
        let InitError::Failed(failure) = failure else { panic!("{failure}") };
        assert_eq!(failure.code, "guest-bad-buffer", "{failure}");
        assert!(failure.message.contains("beyond memory's 262144"), "{failure}");
    }
    let last = Guest { buf: format!("i32.const {}", MEMORY - 65_536 - 64), ..Guest::default() };
    call(&last, 1, &vec![7; 65_536]).expect("the last place that is inside");
}

#[test]
fn wrong_results_are_refused() {
    let bad = |body: String, message: &str| fails(&batch(body), "guest-bad-result", message);
    for at in [u32::MAX, MEMORY - 15, 1 << 31] {
        bad(format!("i32.const {at}"), "the result table at");
    }
    for n in ["i32.const 0", "i32.const 1", "i32.const 3", "i32.const -1"] {
        bad(answer(n, 4_096, 65_536, 0), "where 2 were sent");
    }
    for verdicts in [MEMORY - 15, u32::MAX, u32::MAX - 15] {
        bad(answer("local.get $n", verdicts, 65_536, 0), "the verdict table of 16 bytes");
    }
    bad(answer("local.get $n", 4_096, MEMORY - 7, 8), "the output of 8 bytes");
    bad(answer("local.get $n", 4_096, 65_536, u32::MAX - 65_000), "the output of");
    bad(answer("local.get $n", 4_096, 1, u32::MAX), "the output of 4294967295 bytes at 1");
    bad(answer("local.get $n", 4_096, 4_111, 8), "overlap");
    bad(answer("local.get $n", 4_096, 4_090, 8), "overlap");
    bad(
        answer("local.get $n", 4_096, 65_536, 8),
        "the verdicts use 0 bytes of output where there are 8",
    );
    let wraps =
        "(i32.store (i32.const 4100) (i32.const -1)) (i32.store (i32.const 4108) (i32.const 9))";
    bad(format!("{wraps} {}", answer("local.get $n", 4_096, 65_536, 8)), "use 4294967304 bytes");
    let much = "(i32.store (i32.const 4100) (i32.const 1065))";
    fails(
        &batch(format!("{much} {}", answer("local.get $n", 4_096, 65_536, 1_065))),
        "guest-output-limit",
        "the output has 1065 bytes, for this input 1064 are the most",
    );
    let enough = "(i32.store (i32.const 4100) (i32.const 1064))";
    let guest = batch(format!("{enough} {}", answer("local.get $n", 4_096, 65_536, 1_064)));
    call(&guest, 2, b"12345678ab").expect("the most");
}

#[test]
fn init_answers_or_fails() {
    let init = |body: &str, descriptor: &str| {
        let (init, descriptor) = (body.to_owned(), descriptor.to_owned());
        let guest = Guest { init, descriptor, ..Guest::default() };
        Instance::new(&guest.load(&runtime()).unwrap()).unwrap().init(b"{}")
    };
    let refuse = "(i32.store (i32.const 28) (i32.const 1))
        (i32.const 16)";
    let refused = init(refuse, r#"{"message": "no such mode", "path": "mode"}"#);
    let expected =
        InitError::Refused { message: "no such mode".to_owned(), path: "mode".to_owned() };
    assert_eq!(refused, Err(expected));
    let fails = |body: &str, descriptor: &str, code: &str| match init(body, descriptor) {
        Err(InitError::Failed(failure)) => assert_eq!(failure.code, code, "{failure}"),
        other => panic!("{body}: {other:?}"),
    };
    fails(refuse, "no such mode", "guest-bad-result");
    fails("(loop (br 0)) i32.const 16", "", "guest-cpu-limit");
    fails("unreachable", "", "guest-trap");
    fails("i32.const -1", "", "guest-bad-result");
    fails("(i32.store (i32.const 28) (i32.const 2)) (i32.const 16)", "", "guest-bad-result");
    fails("(i32.store (i32.const 64) (i32.const 1000)) (i32.const 16)", "", "guest-bad-result");
    fails("(i32.store (i32.const 24) (i32.const 2000)) (i32.const 16)", "", "guest-output-limit");
}

const LOG: &str = "(import \"smt\" \"log\" (func $log (param i32 i32 i32)))";
const GET: &str = "(import \"smt\" \"get\" (func $get (param i32 i32 i32 i32 i32) (result i32)))";

#[test]
fn the_last_words_of_a_guest_are_in_its_failure() {
    let guest = Guest {
        imports: LOG.to_owned(),
        extra: "(data (i32.const 512) \"panicked at src/lib.rs:3: oh\")".to_owned(),
        ..batch(
            "(call $log (i32.const 1) (i32.const 512) (i32.const 28))
             (call $log (i32.const 3) (i32.const 512) (i32.const 8)) unreachable",
        )
    };
    fails(&guest, "guest-trap", "; before that it logged: panicked at src/lib.rs:3: oh");
    let wild = Guest {
        imports: LOG.to_owned(),
        ..batch("(call $log (i32.const 1) (i32.const -8) (i32.const 9)) i32.const 32")
    };
    fails(&wild, "guest-trap", "`log` was given 9 bytes at 4294967288, but memory ends at 262144");
    let flood = Guest {
        imports: LOG.to_owned(),
        ..batch(format!(
            "(local $i i32) (loop (call $log (i32.const 1) (i32.const 0) (i32.const 262144))
               (br_if 0 (i32.ne (i32.const 1000) (local.tee $i (i32.add (local.get $i) (i32.const 1))))))
             {}",
            keep()
        ))
    };
    let runtime = Runtime::new(Limits::default(), None).unwrap();
    let mut instance = flood.ready(&runtime);
    run(&mut instance, 1, b"").unwrap();
    instance.flush_log();
}

/// Answers `get` with the same text for slot `a` of record 0.
struct OneText(&'static [u8]);

impl Reader for OneText {
    fn get(&mut self, record: u32, slot: &str) -> Result<Option<&[u8]>, String> {
        match (record, slot) {
            (0, "a") => Ok(Some(self.0)),
            (0, "b") => Ok(None),
            (0, _) => Err("no such slot".to_owned()),
            _ => Err("there is no such record".to_owned()),
        }
    }
}

#[test]
fn get_hands_out_slots_and_refuses_nonsense() {
    // The answer of `get` becomes the length of the output, its buffer the output.
    let guest = |arguments: &str| {
        Guest {
        imports: GET.to_owned(),
        extra: "(data (i32.const 512) \"abc\\ff\")".to_owned(),
        ..batch(format!(
            "(local $got i32) (local.set $got (call $get {arguments}))
             (i32.store (i32.const 4100) (local.get $got)) {} (i32.store (i32.const 40) (local.get $got))",
            answer("local.get $n", 4_096, 65_536, 0)
        ))
    }
    };
    let get = |arguments: &str, reader: bool| {
        let mut instance = guest(arguments).ready(&runtime());
        if reader {
            instance.lend(Box::new(OneText(b"text")));
        }
        let result = run(&mut instance, 1, b"12");
        assert_eq!(instance.take_back().is_some(), reader);
        result.map(|()| instance.output().1.to_vec())
    };
    let at = |record: i32, slot: i32, len: i32, buf: i32, cap: i32| {
        [record, slot, len, buf, cap].map(|number| format!("(i32.const {number})")).join(" ")
    };
    assert_eq!(get(&at(0, 512, 1, 65_536, 100), true).unwrap(), b"text");
    assert_eq!(
        get(&at(0, 512, 1, 65_536, 3), true).unwrap(),
        [0; 4],
        "too small a buffer is left alone"
    );
    let absent = get(&at(0, 513, 1, 65_536, 100), true).unwrap_err();
    assert!(absent.message.contains("the output of 4294967295 bytes"), "{absent}");
    for (arguments, reader, message) in [
        (at(0, 514, 1, 65_536, 100), true, "slot `c` of record 0: no such slot"),
        (at(9, 512, 1, 65_536, 100), true, "of record 9: there is no such record"),
        (at(0, 515, 1, 65_536, 100), true, "not UTF-8"),
        (at(0, -1, 1, 65_536, 100), true, "a slot of 1 bytes at 4294967295"),
        (at(0, 512, -1, 65_536, 100), true, "a slot of 4294967295 bytes at 512"),
        (at(0, 512, 1, -1, 1), true, "a buffer of 1 bytes at 4294967295"),
        (at(0, 512, 1, 65_536, -1), true, "a buffer of 4294967295 bytes"),
        (at(0, 512, 1, 65_536, 100), false, "where there are no records"),
    ] {
        let failure = get(&arguments, reader).unwrap_err();
        assert_eq!(failure.code, "guest-bad-get", "{failure}");
        assert!(failure.message.contains(message), "{failure}");
    }
}

#[test]
fn memory_that_stays_high_asks_for_a_new_instance() {
    let limits = Limits { memory_mark_bytes: 300_000, memory_bytes: 8 << 20, ..limits() };
    let runtime = Runtime::new(limits, None).unwrap();
    let grows = batch(format!("(drop (memory.grow (local.get $n))) {}", keep()));
    let mut instance = grows.ready(&runtime);
    run(&mut instance, 4, b"").unwrap();
    run(&mut instance, 1, b"").unwrap();
    assert!(!instance.wants_replacement(), "one high call is no habit");
    for _ in 0..63 {
        run(&mut instance, 1, b"").unwrap();
    }
    assert!(instance.wants_replacement());
    let mut modest = Guest::default().ready(&runtime);
    for _ in 0..100 {
        run(&mut modest, 1, b"").unwrap();
    }
    assert!(!modest.wants_replacement(), "what it began with, doubled, is not too much");
}

/// Keeps its thread off the processor for longer than any limit of CPU time in these tests.
struct Descheduled(mpsc::Receiver<()>);

impl Reader for Descheduled {
    fn get(&mut self, _: u32, _: &str) -> Result<Option<&[u8]>, String> {
        let woken = self.0.recv_timeout(20 * limits().batch_cpu);
        assert_eq!(woken, Err(mpsc::RecvTimeoutError::Timeout));
        Ok(None)
    }
}

#[test]
fn a_busy_machine_makes_no_innocent_fail() {
    let guest = Guest {
        imports: GET.to_owned(),
        ..batch(format!(
            "(local $i i32)
             (drop (call $get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
             (loop (br_if 0 (i32.ne (i32.const 1000) (local.tee $i (i32.add (local.get $i) (i32.const 1))))))
             {}",
            keep()
        ))
    };
    let mut instance = guest.ready(&runtime());
    let (_sender, receiver) = mpsc::channel();
    instance.lend(Box::new(Descheduled(receiver)));
    run(&mut instance, 1, b"").expect("wall time counts for nothing");
}
