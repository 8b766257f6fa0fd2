//! Reading and editing values from native code: what a [`Transform`](crate::transform::Transform) without a sandbox uses,
//! and a sink that takes values apart.

use crate::{
    batch::{Batch, Serial},
    call::Reason,
    document::{At, EditError, Hint, Mode, Root},
    envelope,
    path::{Key, Path},
    record::RecordId,
};
use smt_abi::path::PathError;

/// A place in the values of records. It remembers where its first step led the last time, so keep it.
#[derive(Debug, Clone)]
pub struct Place {
    path: Path,
    hint: Hint,
    /// The batch whose layouts the hint is about.
    hinted: Option<Serial>,
}

/// A member's name, to be given to members.
#[derive(Debug, Clone)]
pub struct Name(Key);

impl Place {
    /// Reads a path; its syntax is that of [`smt_abi::path`].
    ///
    /// # Errors
    /// [`PathError`], with the byte offset of the step that cannot be read.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        Ok(Self::at_path(Path::parse(path)?))
    }

    /// The field with this name, whatever characters it has.
    pub fn field(name: &str) -> Self {
        Self::at_path(Path::field(name))
    }

    fn at_path(path: Path) -> Self {
        Self { path, hint: Hint::default(), hinted: None }
    }

    #[inline]
    fn at(&mut self, batch: Serial) -> At<'_> {
        if self.hinted != Some(batch) {
            (self.hinted, self.hint) = (Some(batch), Hint::default());
        }
        At { path: &self.path, hint: &mut self.hint }
    }
}

impl Name {
    /// The name that is this text.
    pub fn new(name: &str) -> Self {
        Self(Key::new(name))
    }
}

/// Edits of one record's value. An edit that cannot be made fails the record, with the code that a module's would get.
impl Batch {
    /// The JSON text at a place, as earlier edits left it.
    #[inline]
    pub fn get(&mut self, record: RecordId, place: &mut Place) -> Option<&[u8]> {
        let root = &mut self.records[record.index()].value;
        let text = self.documents.read(root, place.at(self.identity))?;
        Some(self.documents.arena.get(text))
    }

    /// The JSON text at a place, as edits left it, without blanks around it; the record stays as it is. `scratch` is
    /// where a text is put together that edits left in pieces; its content is overwritten.
    #[inline]
    pub fn value_at<'a>(
        &'a self,
        record: RecordId,
        place: &mut Place,
        scratch: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        self.documents.look(&self.records[record.index()].value, place.at(self.identity), scratch)
    }

    /// Puts a JSON text at a place, after validating it; objects that are missing on the way are made.
    #[inline]
    pub fn set(&mut self, record: RecordId, place: &mut Place, value: &[u8]) {
        let text = self.documents.arena.push(value);
        match self.documents.validate(text) {
            Ok(value) => self.edit(record, place, |batch, root, at| {
                batch.documents.set(root, at, value, Mode::Replace)
            }),
            Err(error) => {
                let Reason { code, message } = envelope::not_json(error).into_reason();
                self.fail(record, code, message);
            }
        }
    }

    /// Gives the member at a place another name.
    #[inline]
    pub fn rename(&mut self, record: RecordId, place: &mut Place, to: &Name) {
        self.edit(record, place, |batch, root, at| batch.documents.rename(root, at, &to.0));
    }

    /// Drops a record on purpose.
    #[inline]
    pub fn drop(&mut self, record: RecordId) {
        self.drop_record(record);
    }

    #[inline]
    fn edit(
        &mut self,
        record: RecordId,
        place: &mut Place,
        edit: impl FnOnce(&mut Self, &mut Root, At<'_>) -> Result<(), EditError>,
    ) {
        let mut root = self.records[record.index()].value;
        let done = edit(self, &mut root, place.at(self.identity));
        self.records[record.index()].value = root;
        if let Err(error) = done {
            self.fail(record, error.code(), error.reason());
        }
    }
}
