//! Signals at moments of their own: before anything runs, and two at once.

use super::process::{Home, Running, eventually};
use rustix::{
    fs::{CWD, FileType, Mode, OFlags, mknodat},
    process::Signal,
};
use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
};

/// What a process says of the first signal.
const FIRST: &str = "a second signal leaves at once signal=";

const NUMBERS: &str = "
kafka: {bootstrap.servers: SERVERS}
connectors:
  numbers:
    value: {json: {}}
    source: {datagen: {interval.ms: 0, topics: {numbers: N}, messages: {N: {n: {sequence: {}}}}}}
";

/// A command that has begun, and waits for its configuration; it gets one by what is returned with it.
fn beginning(home: &Home, arguments: &[&str]) -> (Running, File) {
    let configuration = home.path("connectors.yaml");
    mknodat(CWD, &configuration, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut command = home.command(arguments);
    let running = home.start(command.current_dir(home.path("")).env("RUST_LOG", "info"));
    let mut options = File::options();
    options.write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut pipe = None;
    eventually("it opens its configuration", || {
        pipe = options.open(&configuration).ok();
        pipe.is_some()
    });
    (running, pipe.unwrap())
}

const COMMANDS: [(&[&str], &str); 3] = [
    (&["run", "--admin-listen", "127.0.0.1:0"], "127.0.0.1:1"),
    (&["dev", "--admin-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"], "embedded"),
    (&["demo", "--dir", "demos"], "embedded"),
];

#[test]
fn who_is_asked_to_end_before_anything_runs_runs_nothing() {
    for (arguments, servers) in COMMANDS {
        let home = Home::new(&[]);
        let (mut running, mut pipe) = beginning(&home, arguments);
        running.signal(Signal::INT);
        assert_eq!(running.logged(FIRST), "\"SIGINT\"");
        pipe.write_all(NUMBERS.replace("SERVERS", servers).as_bytes()).unwrap();
        drop(pipe);
        assert_eq!(running.end(), Some(0), "{}", running.log());
        let log = running.log();
        assert!(!log.contains("running admin.listen=") && !log.contains("panicked"), "{log}");
        let demos = fs::read_dir(home.path("demos"));
        assert_eq!(demos.map_or(0, Iterator::count), 0, "{log}");
    }
}

#[test]
fn a_second_signal_leaves_at_once_before_anything_runs_too() {
    for (arguments, _) in COMMANDS {
        let home = Home::new(&[]);
        let (mut running, _never_written) = beginning(&home, arguments);
        running.signal(Signal::TERM);
        assert_eq!(running.logged(FIRST), "\"SIGTERM\"");
        running.signal(Signal::INT);
        left_at_once(&mut running);
    }
}

fn left_at_once(running: &mut Running) {
    let (code, log) = (running.end(), running.log());
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("transom: left before what was in flight was finished\n"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

/// A sink that does not come to its end by itself while a test looks.
const SLOW: &str = "
  slow: {topics: [numbers], value: {json: {}}, sink: {discard: {delay.ms: 3600000}}}
offset.flush.timeout.ms: 3600000
";

#[test]
fn two_signals_at_once_leave_without_a_panic_and_what_is_left_is_whole() {
    let home = Home::new(&[]);
    let configuration = home.path("connectors.yaml");
    fs::write(&configuration, NUMBERS.replace("SERVERS", "embedded") + SLOW).unwrap();
    let dev = |arguments: &[&str]| {
        let mut dev = home.dev(arguments);
        dev.arg("-c").arg(&configuration).arg("--state-dir").arg(home.state());
        dev
    };
    let mut busy = home.start(&mut dev(&[]));
    busy.logged("reading begins task=slow-0");
    // The system makes one of two that are the same and have not been seen yet.
    busy.signal(Signal::INT);
    busy.signal(Signal::TERM);
    left_at_once(&mut busy);
    let again = dev(&["--connector", "numbers", "--for", "1ms"]).output().unwrap();
    let log = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(0), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}
