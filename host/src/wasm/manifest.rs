//! What a module says about itself, read from its custom section without compiling or running anything.

use super::module_error::ModuleError;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use smt_abi::{MAJOR, MINOR, SECTION};

/// Description of a module: the JSON object of its custom section `transom.smt`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Manifest {
    /// Name, as in `smt: mask-field`.
    pub name: String,
    /// Version of the module, for a person.
    pub version: String,
    /// Version of the ABI that it was built for, `major.minor`.
    pub abi: String,
    /// What it does, in a line.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its configuration; `null` if it gives none.
    #[serde(default)]
    pub config: Value,
    /// Properties that the host must know. Version 1 of the ABI has none.
    #[serde(default)]
    pub flags: Vec<String>,
    /// The module's own test cases, each a JSON text as it was written: numbers and duplicate keys matter in them.
    #[serde(default, deserialize_with = "texts")]
    pub cases: Vec<String>,
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<Box<RawValue>>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|text| text.get().to_owned()).collect())
}

impl Manifest {
    /// Reads the description of the module in `wasm`.
    ///
    /// # Errors
    /// [`ModuleError`] if that is no core module, or its description is missing, doubled, malformed, of another ABI
    /// or with flags that this host does not know.
    pub fn read(wasm: &[u8]) -> Result<Self, ModuleError> {
        let mut found = Sections::of(wasm)?.filter_map(|section| match section {
            Ok((SECTION, text)) => Some(Ok(text)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        });
        let text = found.next().ok_or(ModuleError::NoSection)??;
        if found.next().transpose()?.is_some() {
            return Err(ModuleError::TwoSections);
        }
        let manifest: Self = serde_json::from_slice(text).map_err(ModuleError::BadSection)?;
        manifest.abi_version()?;
        match manifest.flags.first() {
            Some(flag) => Err(ModuleError::UnknownFlag { flag: flag.clone() }),
            None => Ok(manifest),
        }
    }

    /// The ABI's version as `smt_abi` must answer it.
    pub(super) fn abi_version(&self) -> Result<u32, ModuleError> {
        let numbers = self.abi.split_once('.').and_then(|(major, minor)| {
            Some((major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?))
        });
        match numbers {
            Some((MAJOR, minor)) if (0..=MINOR).contains(&minor) => {
                Ok(u32::from(MAJOR) << 16 | u32::from(minor))
            }
            _ => Err(ModuleError::OtherAbi { found: self.abi.clone() }),
        }
    }
}

/// Iterator over the custom sections of a module: name and content.
struct Sections<'a> {
    wasm: &'a [u8],
    at: usize,
}

impl<'a> Sections<'a> {
    /// Checks the eight bytes that a core module begins with.
    fn of(wasm: &'a [u8]) -> Result<Self, ModuleError> {
        match wasm.get(..8) {
            Some(b"\0asm\x01\0\0\0") => Ok(Self { wasm, at: 8 }),
            Some([b'\0', b'a', b's', b'm', _, _, 1, 0]) => Err(ModuleError::Component),
            _ => Err(ModuleError::NotWasm),
        }
    }

    /// The next section, custom or not: its number and content.
    fn section(&mut self) -> Option<(u8, &'a [u8])> {
        let id = *self.wasm.get(self.at)?;
        self.at += 1;
        let len = self.number()?;
        let content = self.wasm.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some((id, content))
    }

    /// A number of 32 bits, seven in each byte, the lowest first.
    fn number(&mut self) -> Option<usize> {
        let mut number = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = *self.wasm.get(self.at)?;
            self.at += 1;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).ok().map(|number| number as usize);
            }
        }
        None
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<(&'a str, &'a [u8]), ModuleError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.wasm.len() {
            let start = self.at;
            let Some((id, content)) = self.section() else {
                self.at = self.wasm.len();
                return Some(Err(ModuleError::Torn { at: start }));
            };
            let mut inner = Sections { wasm: content, at: 0 };
            let name =
                inner.number().and_then(|len| inner.wasm.get(inner.at..)?.split_at_checked(len));
            match name {
                Some((name, rest)) if id == 0 => {
                    return Some(Ok((std::str::from_utf8(name).unwrap_or_default(), rest)));
                }
                _ => (),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str =
        r#"{"name": "mask-field", "version": "0.1.0", "abi": "1.0", "config": {"type": "object"}}"#;

    fn wasm(sections: &[(u8, &str, &str)]) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        for (id, name, text) in sections {
            let number = |len: usize| {
                [0x80 | u8::try_from(len & 0x7F).unwrap(), u8::try_from(len >> 7).unwrap()]
            };
            wasm.push(*id);
            wasm.extend(number(2 + name.len() + text.len()));
            wasm.extend(number(name.len()));
            wasm.extend([name.as_bytes(), text.as_bytes()].concat());
        }
        wasm
    }

    #[track_caller]
    fn check(wasm: &[u8], expected: &str) {
        let error = Manifest::read(wasm).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_description_is_found_among_other_sections() {
        let module =
            wasm(&[(0, "name", "x"), (7, "", "abc"), (0, SECTION, GOOD), (0, "producers", "")]);
        let manifest = Manifest::read(&module).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("mask-field", "0.1.0"));
        assert_eq!(manifest.config["type"], "object");
        assert_eq!(manifest.abi_version().unwrap(), smt_abi::VERSION);
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(b"", "not a WebAssembly module");
        check(b"\x7FELF\x02\x01\x01\0", "not a WebAssembly module");
        check(b"\0asm\x0d\0\x01\0", "component");
        check(&wasm(&[]), "no custom section `transom.smt`");
        check(&wasm(&[(0, SECTION, GOOD), (0, SECTION, GOOD)]), "twice");
        check(&wasm(&[(0, SECTION, "name: x")]), "is not the JSON");
        check(&wasm(&[(0, SECTION, r#"{"name": "x", "version": "1"}"#)]), "is not the JSON");
        check(&wasm(&[(0, SECTION, &GOOD.replace("1.0\"", "2.0\""))]), "`2.0`");
        check(&wasm(&[(0, SECTION, &GOOD.replace("1.0\"", "1.1\""))]), "`1.1`");
        check(
            &wasm(&[(0, SECTION, &GOOD.replace("\"name\"", r#""flags": ["stateful"], "name""#))]),
            "stateful",
        );
        let whole = wasm(&[(0, SECTION, GOOD)]);
        check(&whole[..whole.len() - 1], "byte 8");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(noise in proptest::collection::vec(any::<u8>(), 0..64)) {
            let module = [b"\0asm\x01\0\0\0", &noise[..]].concat();
            prop_assert!(Manifest::read(&module).is_err());
            let module = [wasm(&[(0, SECTION, GOOD)]), noise].concat();
            if let Ok(manifest) = Manifest::read(&module) {
                prop_assert_eq!(manifest.name, "mask-field");
            }
        }
    }
}
