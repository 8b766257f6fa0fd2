//! A document as the harness holds it: every token as it is spelt, names also by meaning.

use crate::json::{Build, JsonError, parse, plain};
use std::fmt::{self, Write as _};

/// A JSON value whose numbers and strings keep their spelling.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// A literal, number or string as it is spelt.
    Scalar(String),
    Array(Vec<Tree>),
    Object(Vec<(Name, Tree)>),
}

/// The name of a member.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    spelt: String,
    /// Nothing for half of a surrogate pair, which equals no text.
    plain: Option<String>,
}

impl Name {
    pub(crate) fn new(plain: &str) -> Self {
        let spelt = crate::Json::from(plain).to_string();
        Self { spelt, plain: Some(plain.to_owned()) }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.plain.as_deref() == Some(name)
    }

    fn shown(&self) -> &str {
        self.plain.as_deref().unwrap_or(&self.spelt)
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl Tree {
    pub(crate) fn parse(text: &str) -> Result<Self, JsonError> {
        parse(text)
    }

    /// A string, spelt in the common way.
    pub(crate) fn text(plain: &str) -> Self {
        Self::Scalar(crate::Json::from(plain).to_string())
    }

    pub(crate) fn members(&self) -> &[(Name, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// The last member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(known, _)| known.is(name)).map(|(_, value)| value)
    }

    pub(crate) fn as_text(&self) -> Option<String> {
        if let Self::Scalar(spelt) = self { plain(spelt) } else { None }
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// What is at the path; of duplicates the last.
    pub(crate) fn find(&self, path: &[Step]) -> Option<&Self> {
        path.iter().try_fold(self, |at, step| match (at, step) {
            (Self::Object(_), Step::Key(name)) => at.get(name),
            (Self::Array(items), Step::Index(index)) => items.get(*index),
            _ => None,
        })
    }

    /// What a slot shows and an edit works on: of several members with one name the last, and the others go.
    pub(crate) fn find_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        path.iter().try_fold(self, |at, step| match (at, step) {
            (Self::Object(members), Step::Key(name)) => {
                let last = members.iter().rposition(|(known, _)| known.is(name))?;
                let mut index = 0;
                members.retain(|(known, _)| {
                    index += 1;
                    index > last || !known.is(name)
                });
                members.iter_mut().find(|(known, _)| known.is(name)).map(|(_, value)| value)
            }
            (Self::Array(items), Step::Index(index)) => items.get_mut(*index),
            _ => None,
        })
    }

    /// How deep it nests: 0 for a scalar.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Scalar(_) => 0,
            Self::Array(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => {
                1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or(0)
            }
        }
    }

    /// Where and how `found` means something else; nothing if both mean the same. Numbers differ by their spelling,
    /// strings do not; the order of members with different names has no meaning.
    pub(crate) fn difference(&self, found: &Self) -> Option<String> {
        match (self, found) {
            (Self::Array(expected), Self::Array(items)) if expected.len() == items.len() => {
                expected.iter().zip(items).enumerate().find_map(|(at, (expected, item))| {
                    Some(format!("[{at}]{}", expected.difference(item)?))
                })
            }
            (Self::Object(_), Self::Object(_)) => {
                self.member_difference(found).or_else(|| found.unexpected_member(self))
            }
            (Self::Scalar(expected), Self::Scalar(spelt)) if same_scalar(expected, spelt) => None,
            _ => Some(format!(": expected {self}, found {found}")),
        }
    }

    /// Each member against the one with its name and its place among duplicates.
    fn member_difference(&self, found: &Self) -> Option<String> {
        let mut seen: Vec<&str> = Vec::new();
        self.members().iter().find_map(|(name, value)| {
            let shown = name.shown();
            let nth = seen.iter().filter(|known| **known == shown).count();
            seen.push(shown);
            let twin = found.members().iter().filter(|(other, _)| other.shown() == shown).nth(nth);
            match twin {
                Some((_, twin)) => Some(format!(".{shown}{}", value.difference(twin)?)),
                None => Some(format!(".{shown}: expected {value}, found nothing")),
            }
        })
    }

    fn unexpected_member(&self, expected: &Self) -> Option<String> {
        let count = |tree: &Self, shown: &str| {
            tree.members().iter().filter(|(name, _)| name.shown() == shown).count()
        };
        self.members().iter().find_map(|(name, value)| {
            let shown = name.shown();
            (count(self, shown) > count(expected, shown))
                .then(|| format!(".{shown}: expected nothing more, found {value}"))
        })
    }
}

fn same_scalar(left: &str, right: &str) -> bool {
    left == right || (left.starts_with('"') && plain(left).is_some() && plain(left) == plain(right))
}

impl Build<'_> for Tree {
    fn scalar(spelt: &str) -> Option<Self> {
        Some(Self::Scalar(spelt.to_owned()))
    }

    fn array(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn object(members: Vec<(&str, Self)>) -> Option<Self> {
        let name = |spelt: &str| Name { spelt: spelt.to_owned(), plain: plain(spelt) };
        Some(Self::Object(members.into_iter().map(|(spelt, value)| (name(spelt), value)).collect()))
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(spelt) => f.write_str(spelt),
            Self::Array(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { "," })?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (at, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if at == 0 { "" } else { "," }, name.spelt)?;
                }
                f.write_char('}')
            }
        }
    }
}
