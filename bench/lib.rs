//! Modules that only benchmarks run. The benchmarks themselves are under `benches/`.

include!(concat!(env!("OUT_DIR"), "/modules.rs"));
