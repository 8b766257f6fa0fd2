//! Cases that take turns, and what they print.

use crate::corpus::Corpus;
use rustix::time::{ClockId, clock_gettime};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use transom_core::{batch::Batch, chain::Chain, record::NewRecord};

const ROUNDS: usize = 15;

/// CPU time of one case in one round, at least.
const ROUND: Duration = Duration::from_millis(30);

/// A chain over a corpus, from payloads to spliced values.
pub(crate) struct Case<'c> {
    name: String,
    chain: Chain,
    corpus: &'c Corpus,
    batch: Batch,
    out: Vec<u8>,
    rounds: Vec<f64>,
    /// Time inside the chain: scan and splice, which grow with the record, left out.
    inside: Duration,
    inside_rounds: Vec<f64>,
}

/// Cases that are compared.
pub(crate) struct Group {
    title: String,
}

impl<'c> Case<'c> {
    pub(crate) fn new(name: &str, chain: Chain, corpus: &'c Corpus) -> Self {
        let name = name.to_owned();
        Self {
            name,
            chain,
            corpus,
            batch: Batch::default(),
            out: Vec::new(),
            rounds: Vec::new(),
            inside: Duration::ZERO,
            inside_rounds: Vec::new(),
        }
    }

    /// One pass over the corpus; what it gave, so that cases can be compared.
    fn pass(&mut self) -> usize {
        let mut survivors = 0;
        self.out.clear();
        for records in self.corpus.batches() {
            self.batch.clear();
            for record in records {
                self.batch.push(&NewRecord {
                    topic: "trades",
                    value: Some(record),
                    ..NewRecord::default()
                });
            }
            let start = Instant::now();
            self.chain.run(&mut self.batch).expect("the modules of a benchmark do not break");
            self.inside += start.elapsed();
            for record in self.batch.survivors() {
                self.batch.write_value(*record, &mut self.out);
                survivors += 1;
            }
        }
        black_box(&self.out);
        survivors
    }

    fn round(&mut self) {
        self.pass();
        self.inside = Duration::ZERO;
        let (start, mut passes) = (cpu_time(), 0);
        let elapsed = loop {
            self.pass();
            passes += 1;
            let elapsed = cpu_time().saturating_sub(start);
            if elapsed >= ROUND {
                break elapsed;
            }
        };
        let records = (passes * self.corpus.len()) as f64;
        self.rounds.push(elapsed.as_secs_f64() * 1e9 / records);
        self.inside_rounds.push(self.inside.as_secs_f64() * 1e9 / records);
    }

    fn median(&self) -> f64 {
        median(self.rounds.clone())
    }
}

impl Group {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned() }
    }

    /// Prints each case and how much of the first one's speed it has.
    pub(crate) fn run(&self, mut cases: Vec<Case<'_>>) {
        let results: Vec<(usize, Vec<u8>)> =
            cases.iter_mut().map(|case| (case.pass(), case.out.clone())).collect();
        assert!(
            results.windows(2).all(|pair| pair[0] == pair[1]),
            "{}: the cases give the same bytes",
            self.title
        );
        take_turns(&mut cases);
        println!("\n{}", self.title);
        let bound = cases[0].rounds.clone();
        for case in &cases {
            let ratio =
                median(bound.iter().zip(&case.rounds).map(|(bound, case)| bound / case).collect());
            println!(
                "  {:<16}{:>10.1} ns/record{ratio:>8.2} of the bound",
                case.name,
                case.median()
            );
        }
    }

    /// Prints what each case spends inside the chain, and what a further SMT adds from the first case to the last.
    pub(crate) fn run_slope(&self, mut cases: Vec<Case<'_>>) {
        take_turns(&mut cases);
        println!("\n{}", self.title);
        for case in &cases {
            println!("  {:<16}{:>10.1} ns/record", case.name, median(case.inside_rounds.clone()));
        }
        let (first, last) = (&cases[0].inside_rounds, &cases[cases.len() - 1].inside_rounds);
        let slope = median(first.iter().zip(last).map(|(first, last)| last - first).collect());
        println!("  {:<16}{:>10.1} ns/record", "a further one", slope / (cases.len() - 1) as f64);
    }
}

fn take_turns(cases: &mut [Case<'_>]) {
    for _ in 0..ROUNDS {
        for case in &mut *cases {
            case.round();
        }
    }
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// CPU time of this thread: other work on the machine does not count.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
