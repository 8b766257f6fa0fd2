//! The pure half of Transom.
