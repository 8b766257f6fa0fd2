//! Editing a record's headers: a run in the batch's table, copied behind it before it changes.

use crate::{
    batch::{Batch, narrow},
    json::Span,
    record::{Header, Headers, RecordId},
};

impl Batch {
    /// Adds a header behind the others.
    pub(crate) fn add_header(&mut self, record: RecordId, name: &[u8], value: Option<Span>) {
        let name = self.documents.arena.push(name);
        self.rewrite_headers(record, |_, _| true);
        self.headers.push(Header { name, value });
        self.records[record.index()].headers.count += 1;
    }

    /// Replaces all headers of a name by one, at the place of the first; adds it where there is none.
    pub(crate) fn set_header(&mut self, record: RecordId, name: &[u8], value: Option<Span>) {
        let mut seen = false;
        self.rewrite_headers(record, |is_named, header| {
            let first = is_named(name) && !std::mem::replace(&mut seen, true);
            if first {
                header.value = value;
            }
            first || !is_named(name)
        });
        if !seen {
            self.add_header(record, name, value);
        }
    }

    /// Removes all headers of a name.
    pub(crate) fn remove_header(&mut self, record: RecordId, name: &[u8]) {
        self.rewrite_headers(record, |is_named, _| !is_named(name));
    }

    /// Copies a record's headers to the end of the table, those that `keep` keeps, as it leaves them.
    fn rewrite_headers(
        &mut self,
        record: RecordId,
        mut keep: impl FnMut(&dyn Fn(&[u8]) -> bool, &mut Header) -> bool,
    ) {
        let Headers { first, count } = self.records[record.index()].headers;
        let start = narrow(self.headers.len());
        for at in first..first + count {
            let mut header = self.headers[at as usize];
            let arena = &self.documents.arena;
            let name = header.name;
            if keep(&|other| arena.get(name) == other, &mut header) {
                self.headers.push(header);
            }
        }
        self.records[record.index()].headers =
            Headers { first: start, count: narrow(self.headers.len()) - start };
    }
}
