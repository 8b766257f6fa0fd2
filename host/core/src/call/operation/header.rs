//! Operations on headers.

use super::{Given, Interpreter, malformed, place};
use crate::{
    call::{Fault, contract::Slot},
    envelope,
};
use smt_abi::{
    code,
    operation::{Op, PathRef, Root},
};

impl<'c> Interpreter<'c> {
    pub(super) fn header(&mut self, given: &Given<'_>) -> Result<(), Fault> {
        let name = self.header_name(given.operation.path)?;
        let adds = match given.operation.op {
            Op::Set => false,
            Op::Insert => !given.operation.overwrite,
            Op::Remove => {
                self.batch.remove_header(self.record, name);
                return Ok(());
            }
            _ => {
                return Err(malformed(
                    "a header can only be set, inserted, removed, copied and moved",
                ));
            }
        };
        self.batch.documents.validate(given.value).map_err(envelope::not_json)?;
        let value = Some(self.batch.documents.trim(given.value));
        if adds {
            self.batch.add_header(self.record, name, value);
        } else {
            self.batch.set_header(self.record, name, value);
        }
        Ok(())
    }

    /// The name of a header that an operation's path means.
    pub(super) fn header_name<'a>(&self, path: PathRef<'a>) -> Result<&'a [u8], Fault>
    where
        'c: 'a,
    {
        match path {
            PathRef::Id(id) => match self.contract.place(id, Root::Header) {
                Some(Slot::Header(name)) => Ok(name.as_bytes()),
                _ => Err(place::undeclared(id)),
            },
            PathRef::Text(name) => place::utf8(name, code::BAD_METADATA).map(str::as_bytes),
        }
    }
}
