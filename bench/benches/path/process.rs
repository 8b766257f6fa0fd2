//! Processes, and what they cost.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};
use transom_runtime::status::Status;

/// What one pass cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// Seconds of CPU a record, user and system, of the whole process, from the first records on: starting is told apart.
    pub(super) cpu: f64,
    /// Resident bytes at most.
    pub(super) peak: u64,
    /// Milliseconds from the start to the first record.
    pub(super) first_ms: f64,
}

/// A bare consumer.
pub(super) fn bare(bootstrap: &str, topic: &str, records: usize) -> Measured {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["bare", bootstrap, topic, &records.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.wait().unwrap();
    let figures: Vec<f64> = line.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    // Its memory is that of the client; it is not what this benchmark is about.
    Measured { cpu: figures[0], peak: 0, first_ms: figures[1] }
}

/// `transom run` with one connector `path`, until it has settled so many records.
pub(super) fn transom(
    binary: &Path,
    home: &Path,
    bootstrap: &str,
    connector: &str,
    records: usize,
) -> Measured {
    fs::write(home.join("connectors.yaml"), connector).unwrap();
    let start = Instant::now();
    let mut child = Command::new(binary)
        .args(["run", "--admin-listen", "127.0.0.1:0"])
        .current_dir(home)
        .env("BOOTSTRAP_SERVERS", bootstrap)
        .env("RUST_LOG", "info")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let address = admin(&mut child);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut first = None;
    let settled = loop {
        let answer = client.get(format!("http://{address}/status"));
        let status: Status =
            runtime.block_on(async { answer.send().await.unwrap().json().await.unwrap() });
        let sums = status.connectors[0].tasks[0].records;
        let settled = sums.delivered + sums.dropped;
        if settled > 0 {
            first
                .get_or_insert_with(|| (start.elapsed().as_secs_f64() * 1e3, cpu(&child), settled));
        }
        if settled >= records as u64 {
            break settled;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended: {status:?}");
        // Asking costs the process something: seldom, once records flow.
        let pause = if first.is_some() { 100 } else { 5 };
        let (_sender, receiver) = mpsc::channel::<()>();
        receiver.recv_timeout(Duration::from_millis(pause)).unwrap_err();
    };
    let (first_ms, begun, before) = first.unwrap_or_default();
    let each = (cpu(&child) - begun) / (settled - before).max(1) as f64;
    let measured = Measured { cpu: each, peak: peak(&child), first_ms };
    child.kill().unwrap();
    child.wait().unwrap();
    measured
}

/// The address that it says it listens on. What it logs after that is read and thrown away.
fn admin(child: &mut Child) -> String {
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    loop {
        let mut line = String::new();
        assert!(
            log.read_line(&mut line).unwrap() > 0,
            "it ended without an admin listener:\n{text}"
        );
        if let Some((_, address)) = line.split_once("admin.listen=") {
            let address = address.split_whitespace().next().unwrap().to_owned();
            std::thread::spawn(move || log.lines().for_each(drop));
            return address;
        }
        text.push_str(&line);
    }
}

fn cpu(child: &Child) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    // Linux counts in hundredths wherever Rust runs on it (USER_HZ).
    ticks as f64 / 100.0
}

fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
