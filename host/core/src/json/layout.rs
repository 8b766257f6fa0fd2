//! The order in which the keys of a stream's records stand.

/// What was learnt of the keys of earlier records; keep one per stream (a topic, say) for as long as it runs.
#[derive(Debug, Default)]
pub struct Layout {}
