//! What
fn main() {}
