//! Documents that are read, edited and written, with texts that a reader can check by eye.

use super::*;
use crate::path::{Key, Path};

macro_rules! at {
    ($path:expr) => {
        At { path: &Path::parse($path).unwrap(), hint: &mut Hint::default() }
    };
}

/// Documents with one value in it.
struct Fixture {
    documents: Documents,
    root: Root,
}

fn fixture(text: &str) -> Fixture {
    let mut documents = Documents::default();
    let span = documents.arena.push(text.as_bytes());
    let root = documents.index(span).unwrap();
    Fixture { documents, root }
}

impl Fixture {
    fn read(&mut self, path: &str) -> Option<String> {
        let mut scratch = Vec::new();
        let looked = self.documents.look(&self.root, at!(path), &mut scratch).map(<[u8]>::to_vec);
        let span = self.documents.read(&mut self.root, at!(path));
        let text = span.map(|span| self.documents.arena.get(span));
        assert_eq!(looked.as_deref(), text, "reading without changing");
        let span = span?;
        Some(String::from_utf8(self.documents.arena.get(span).to_vec()).unwrap())
    }

    fn set(&mut self, path: &str, value: &str) -> Result<(), EditError> {
        let span = self.documents.arena.push(value.as_bytes());
        let value = self.documents.validate(span).unwrap();
        self.documents.set(&mut self.root, at!(path), value, Mode::Replace)
    }

    fn remove(&mut self, path: &str) {
        self.documents.remove(&mut self.root, &Path::parse(path).unwrap());
    }

    fn rename(&mut self, path: &str, to: &str) -> Result<(), EditError> {
        self.documents.rename(&mut self.root, at!(path), &Key::new(to))
    }

    fn retain(&mut self, paths: &[&str]) {
        let paths: Vec<Path> = paths.iter().map(|path| Path::parse(path).unwrap()).collect();
        self.documents.retain(&mut self.root, &paths.iter().collect::<Vec<_>>()).unwrap();
    }

    fn text(&self) -> String {
        let mut out = Vec::new();
        self.documents.write(&self.root, &mut out);
        String::from_utf8(out).unwrap()
    }
}

/// A document that is awkward in every way that is legal.
const ODD: &str = " { \"a\" : 1.10 ,\"b\":{ \"c\":[1e2, -0.0 ,{\"d\":\"\\u00e9\\/\"}] , \"e\":12345678901234567890123 },\n\"f\": \"😀\"} ";

#[test]
fn an_untouched_document_leaves_as_it_came() {
    assert_eq!(fixture(ODD).text(), ODD);
}

#[test]
fn edits_leave_all_other_bytes_as_they_came() {
    let mut doc = fixture(ODD);
    doc.set("b.c[2].d", "7").unwrap();
    assert_eq!(doc.text(), ODD.replace("\"\\u00e9\\/\"", "7"));
    doc.set("a", "\"x\"").unwrap();
    doc.set("new.deep", "[ ]").unwrap();
    let expected = ODD
        .replace("\"\\u00e9\\/\"", "7")
        .replace("1.10", "\"x\"")
        .replace("\"😀\"", "\"😀\",\"new\":{\"deep\":[ ]}");
    assert_eq!(doc.text(), expected);
}

#[test]
fn reading_sees_edits_above_and_below() {
    let mut doc = fixture(r#"{"a":{"b":{"c":1}},"d":2}"#);
    doc.set("a.b.c", "10").unwrap();
    assert_eq!(doc.read("a").as_deref(), Some(r#"{"b":{"c":10}}"#));
    assert_eq!(doc.read("a.b.c").as_deref(), Some("10"));
    doc.set("a", r#"{"b":[5,6]}"#).unwrap();
    assert_eq!(doc.read("a.b[1]").as_deref(), Some("6"));
    assert_eq!(doc.read("").as_deref(), Some(r#"{"a":{"b":[5,6]},"d":2}"#));
    doc.set("a.b[2]", "7").unwrap();
    assert_eq!(doc.text(), r#"{"a":{"b":[5,6,7]},"d":2}"#);
}

#[test]
fn removing_takes_one_separator_along() {
    for (path, expected) in [
        ("a", r#"{ "b":2 , "c":3 }"#),
        ("b", r#"{ "a":1 , "c":3 }"#),
        ("c", r#"{ "a":1 , "b":2 }"#),
        ("x", r#"{ "a":1 , "b":2 , "c":3 }"#),
    ] {
        let mut doc = fixture(r#"{ "a":1 , "b":2 , "c":3 }"#);
        doc.remove(path);
        assert_eq!(doc.text(), expected, "{path}");
    }
    let mut doc = fixture(r#"{ "a":1 , "b":2 , "c":3 }"#);
    for path in ["b", "c", "a"] {
        doc.remove(path);
    }
    assert_eq!(doc.text(), "{ }");
    doc.set("d", "4").unwrap();
    assert_eq!(doc.text(), r#"{"d":4 }"#);
}

#[test]
fn no_duplicate_and_no_escape_hides_a_member() {
    let twice = r#"{"k":1,"x":0,"\u006b":2}"#;
    assert_eq!(fixture(twice).read("k").as_deref(), Some("2"));
    let mut doc = fixture(twice);
    doc.set("k", "9").unwrap();
    assert_eq!(doc.text(), r#"{"x":0,"\u006b":9}"#);
    let mut doc = fixture(twice);
    doc.remove("k");
    assert_eq!(doc.text(), r#"{"x":0}"#);
    let mut doc = fixture(twice);
    doc.rename("k", "l").unwrap();
    assert_eq!(doc.text(), r#"{"l":1,"x":0,"l":2}"#);
    let mut doc = fixture(twice);
    doc.rename("x", "k").unwrap();
    assert_eq!(doc.text(), r#"{"k":0}"#);
}

#[test]
fn what_was_read_hides_nothing_of_its_name() {
    for (text, path, read, left) in [
        (r#"{"k":"old","x":0,"k":null}"#, "k", Some("null"), r#"{"x":0,"k":null}"#),
        (r#"{"o":{"k":"old"},"x":0,"o":{"y":1}}"#, "o.k", None, r#"{"x":0,"o":{"y":1}}"#),
        (
            r#"{"o":{"k":1,"\u006b":2},"x":[1,1]}"#,
            "o.k",
            Some("2"),
            r#"{"o":{"\u006b":2},"x":[1,1]}"#,
        ),
        (r#"{"o":5,"o":6,"x":0}"#, "o.k", None, r#"{"o":6,"x":0}"#),
        (r#"{"x":1,"x":2,"k":3}"#, "k", Some("3"), r#"{"x":1,"x":2,"k":3}"#),
    ] {
        let mut doc = fixture(text);
        assert_eq!(doc.read(path).as_deref(), read, "{text}");
        assert_eq!(doc.text(), left, "{text}");
    }
}

#[test]
fn retaining_keeps_paths_and_what_leads_there() {
    let mut doc = fixture(r#"{"a":{"b":1,"c":{"d":2,"e":3}},"f":4,"g":[5]}"#);
    doc.retain(&["a.c.d", "g", "f.x"]);
    assert_eq!(doc.text(), r#"{"a":{"c":{"d":2}},"g":[5]}"#);
}

#[test]
fn whole_roots_are_extracted_and_wrapped() {
    let mut doc = fixture(r#"{"a":{"b":[1, 2]}}"#);
    doc.documents.extract(&mut doc.root, at!("a.b"));
    assert_eq!(doc.text(), "[1, 2]");
    doc.documents.wrap(&mut doc.root, &Key::new("q\"")).unwrap();
    assert_eq!(doc.text(), r#"{"q\"":[1, 2]}"#);
    doc.documents.extract(&mut doc.root, at!("nothing"));
    assert!(doc.root.is_absent());
    doc.documents.wrap(&mut doc.root, &Key::new("n")).unwrap();
    assert_eq!(doc.text(), r#"{"n":null}"#);
}

#[test]
fn edits_that_cannot_be_made_say_why() {
    for (text, path, error) in [
        (r#"{"a":1}"#, "a.b", EditError::Scalar),
        (r#"{"a":null}"#, "a.b", EditError::Scalar),
        ("5", "a", EditError::Scalar),
        ("[1]", "a", EditError::Step),
        ("[1]", "[2]", EditError::Step),
        (r#"{"a":1}"#, "b[0]", EditError::Step),
    ] {
        assert_eq!(fixture(text).set(path, "0"), Err(error), "{text} {path}");
    }
    let deep = format!("{}1{}", "[".repeat(127), "]".repeat(127));
    let mut doc = fixture("{}");
    assert_eq!(doc.set("a", &deep), Ok(()));
    assert_eq!(doc.set("a.b", &deep), Err(EditError::Nesting));
    assert_eq!(doc.rename("a[0]", "x"), Err(EditError::Path));
}
