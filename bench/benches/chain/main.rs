//! What a chain costs, from the payload to the spliced result, beside native code that does the same scan and checks.
//!
//! `cargo bench -p bench --bench chain`: CPU nanoseconds of the thread per input record, medians over rounds in which
//! all cases take turns, and the median of the ratio to the bound in the same round. The bound is the same document,
//! read and edited without a boundary: one pass over the batch, guest values validated as a module's are.
//!
//! An argument picks the groups whose name contains it.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "its figures have three digits")]

mod corpus;
mod measure;
mod native;
mod sandbox;

use corpus::{Corpus, Style};
use measure::{Case, Group};

fn main() {
    let only = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    println!("an empty call of a module: {:.1} ns", sandbox::empty_call());
    for size in ["180 B", "2 KB", "64 KB"] {
        for style in [Style::Regular, Style::Irregular] {
            let corpus = Corpus::new(size, style);
            let title = format!("{size}, {style:?}, {} bytes on average", corpus.average());
            if wanted(&title) {
                single(&title, &corpus);
                further(&title, &corpus);
            }
        }
    }
}

/// One SMT, or three, against the bound.
fn single(title: &str, corpus: &Corpus) {
    for names in [&["filter"][..], &["mask"], &["three edits"], &["filter", "mask", "three edits"]]
    {
        let cases = vec![
            Case::new("native bound", native::chain(names), corpus),
            Case::new("sandbox", sandbox::chain(names), corpus),
        ];
        Group::new(&format!("{title}: {}", names.join(", "))).run(cases);
    }
}

/// One to five masks, of text fields; what a further one costs is the slope.
fn further(title: &str, corpus: &Corpus) {
    let fields = ["account_id", "trade_id", "symbol", "business_unit", "account_id"];
    let cases = (1..=fields.len())
        .map(|count| Case::new(&format!("{count} masks"), sandbox::masks(&fields[..count]), corpus))
        .collect();
    Group::new(&format!("{title}: further SMTs, inside the chain")).run_slope(cases);
}
