//! What the sandbox imports, natively: a log and slots of the thread's current call.

use std::cell::RefCell;

type Lookup = Box<dyn Fn(u32, &str) -> Option<String>>;

thread_local! {
    static LINES: RefCell<Vec<(u32, String)>> = const { RefCell::new(Vec::new()) };
    static LOOKUP: RefCell<Option<Lookup>> = const { RefCell::new(None) };
}

pub(crate) fn log(level: u32, message: &str) {
    LINES.with_borrow_mut(|lines| lines.push((level, message.to_owned())));
}

pub(crate) fn get(record: u32, slot: &str) -> Option<String> {
    LOOKUP.with_borrow(|lookup| lookup.as_ref()?(record, slot))
}

pub(crate) fn json_text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes)
        .expect("the host validates each document, and cuts beside ASCII characters")
}

/// The lines logged on this thread since it was asked last.
pub(crate) fn take_lines() -> Vec<(u32, String)> {
    LINES.take()
}

/// Answers `get` by `lookup` while `call` runs.
pub(crate) fn with_lookup<T>(lookup: Lookup, call: impl FnOnce() -> T) -> T {
    LOOKUP.set(Some(lookup));
    let result = call();
    LOOKUP.set(None);
    result
}
