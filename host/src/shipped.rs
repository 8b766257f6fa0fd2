//! The SMTs that every build carries; the build script compiles them and writes the table.

include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The module with this name, if it is shipped.
pub fn find(name: &str) -> Option<&'static [u8]> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, module)| *module)
}

/// The names of all shipped modules, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}
