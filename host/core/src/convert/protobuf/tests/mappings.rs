//! What is wrong with a payload, in words.
