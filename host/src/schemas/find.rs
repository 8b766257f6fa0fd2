//! Which files `schemas.protobuf` means.

use prost_reflect::{prost::Message as _, prost_types::FileDescriptorSet};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Files, each with the entry that named it.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where imports are looked for, in this order.
    pub(super) roots: Vec<PathBuf>,
    /// `.proto` files.
    pub(super) files: Vec<(usize, PathBuf)>,
    /// Compiled descriptors.
    pub(super) sets: Vec<(usize, FileDescriptorSet)>,
}

/// Why an entry means no file.
#[derive(Debug, thiserror::Error)]
pub(super) enum FindError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "`{}` is neither a `.proto` file nor a compiled descriptor set; `protoc --descriptor_set_out` and `buf build` write one",
        path.display()
    )]
    NoSet { path: PathBuf, source: prost_reflect::prost::DecodeError },
    #[error("folder `{}` has no `.proto` file in it or below", .0.display())]
    Empty(PathBuf),
}

/// Finds what one entry means: a folder with all that is below, or a file.
pub(super) fn find(path: &Path, entry: usize, found: &mut Found) -> Result<(), FindError> {
    let read = |source| FindError::Read { path: path.to_owned(), source };
    if fs::metadata(path).map_err(read)?.is_dir() {
        let mut files = Vec::new();
        walk(path, &mut files)?;
        if files.is_empty() {
            return Err(FindError::Empty(path.to_owned()));
        }
        files.sort();
        found.files.extend(files.into_iter().map(|file| (entry, file)));
        found.root(path);
    } else if is_proto(path) {
        // A file of a folder that is named too keeps the name that it has there.
        if !found.roots.iter().any(|root| path.starts_with(root)) {
            found.root(path.parent().unwrap_or(path));
        }
        found.files.push((entry, path.to_owned()));
    } else {
        let bytes = fs::read(path).map_err(read)?;
        let set = FileDescriptorSet::decode(bytes.as_slice())
            .map_err(|source| FindError::NoSet { path: path.to_owned(), source })?;
        found.sets.push((entry, set));
    }
    Ok(())
}

impl Found {
    fn root(&mut self, path: &Path) {
        if !self.roots.iter().any(|root| root == path) {
            self.roots.push(path.to_owned());
        }
    }
}

/// Lists the `.proto` files below a folder. Folders behind links are left out, so that no circle is walked, and so is what
/// begins with a dot: mounted configuration keeps its other versions there.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), FindError> {
    let read = |source| FindError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(read)? {
        let entry = entry.map_err(read)?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if entry.file_type().map_err(read)?.is_dir() {
            walk(&path, files)?;
        } else if is_proto(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_proto(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "proto")
}
