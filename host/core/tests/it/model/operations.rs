//! Random operations.

use super::{
    documents::{Choices, HEADERS, NAMES, Places},
    script::{At, Edit, Path, Place, Script, Slot},
    tree::Step,
};
use smt_abi::operation::Root as Kind;

impl Choices<'_> {
    /// An operation; a mild one is such that it can be declared as a static one.
    pub(super) fn edit(&mut self, script: &Script, places: &Places, mild: bool) -> Edit {
        let at = |c: &mut Self| c.at(script, places, true);
        match self.below(34) {
            0..7 => Edit::Set { at: at(self), value: self.given(mild) },
            7..10 => self.insert(script, places, mild),
            10..14 => Edit::Remove { at: at(self) },
            14..19 => self.rename(script, places),
            19..21 => self.retain(script, places),
            21 => Edit::Extract { at: self.at(script, places, false) },
            22 => Edit::Wrap { at: self.root(), name: self.name().to_owned() },
            23..25 => Edit::Copy { from: at(self), to: self.target(script, places) },
            25..28 => Edit::Move { from: at(self), to: self.target(script, places) },
            28 => Edit::Topic(self.topic()),
            29 => Edit::Partition(self.number("2147483648")),
            30 => Edit::Timestamp(self.number("9223372036854775808")),
            31 | 32 if !mild => Edit::Static,
            33 if !mild => self.malformed(),
            _ => Edit::Set { at: self.beside(), value: self.given(mild) },
        }
    }

    fn number(&mut self, large: &'static str) -> String {
        let good = ["0", "3", "1", "null", "2147483647"];
        let bad = ["-1", "1.5", "007", "1e2", large, "\"1\"", "", "-0"];
        if self.chance(90) { self.pick(&good).to_owned() } else { self.pick(&bad).to_owned() }
    }

    fn root(&mut self) -> At {
        At { root: self.pick(&[Kind::Value, Kind::Value, Kind::Key]), ..At::value() }
    }

    /// A place; in a header only where the operation has some use for it.
    fn at(&mut self, script: &Script, places: &Places, headers: bool) -> At {
        let root = match self.below(10) {
            9 if headers => Kind::Header,
            7 | 8 => Kind::Key,
            _ => Kind::Value,
        };
        At { root, place: self.place(script, places, root) }
    }

    fn place(&mut self, script: &Script, places: &Places, root: Kind) -> Place {
        let fits = |slot: &Slot| match root {
            Kind::Value => matches!(slot, Slot::Value(_)),
            Kind::Key => matches!(slot, Slot::Key(_)),
            Kind::Header => matches!(slot, Slot::Header(_)),
        };
        let ids: Vec<u16> = (0..)
            .zip(script.slots.iter().chain(&script.paths))
            .filter(|(_, slot)| fits(slot))
            .map(|(id, _)| id)
            .collect();
        if !ids.is_empty() && self.chance(35) {
            return Place::Id(self.pick(&ids));
        }
        match root {
            Kind::Header => Place::Name(self.pick(&HEADERS).to_owned()),
            Kind::Key => Place::Path(self.path(&places.key)),
            Kind::Value => Place::Path(self.path(&places.value)),
        }
    }

    /// Mostly where nothing is, else all of them would fail.
    fn insert(&mut self, script: &Script, places: &Places, mild: bool) -> Edit {
        let at = if self.chance(70) { self.beside() } else { self.at(script, places, true) };
        Edit::Insert { at, value: self.given(mild), overwrite: self.chance(50) }
    }

    /// Often where nothing is, else most would overlap with the source.
    fn target(&mut self, script: &Script, places: &Places) -> At {
        if self.chance(40) { self.beside() } else { self.at(script, places, true) }
    }

    fn rename(&mut self, script: &Script, places: &Places) -> Edit {
        let mut at = self.at(script, places, false);
        if let Place::Path(path) = &at.place
            && matches!(path.steps().and_then(<[Step]>::last), Some(Step::Index(_)))
            && self.chance(80)
        {
            at.place = Place::Path(Path::new(vec![Step::Key(self.name().to_owned())]));
        }
        Edit::Rename { at, name: self.name().to_owned() }
    }

    /// A member of the outermost object that few documents have.
    fn beside(&mut self) -> At {
        let path = Path::new(vec![Step::Key(self.pick(&NAMES[4..]).to_owned())]);
        At { place: Place::Path(path), ..self.root() }
    }

    fn retain(&mut self, script: &Script, places: &Places) -> Edit {
        let at = self.root();
        let count = self.below(4);
        let key = |place: &Place| match place {
            Place::Id(id) => match script.declared(*id) {
                Some(Slot::Value(path) | Slot::Key(path)) => is_keys(path),
                _ => true,
            },
            Place::Path(path) => is_keys(path),
            Place::Name(_) => true,
        };
        let mut paths = self.times(count, |choices| choices.place(script, places, at.root));
        // Few paths with an index, which only fail.
        if self.chance(90) {
            paths.retain(key);
        }
        Edit::Retain { at, paths }
    }

    /// Operations that fail on every record.
    fn malformed(&mut self) -> Edit {
        let value = |path: Path| At { root: Kind::Value, place: Place::Path(path) };
        let key = |name: &str| Path::new(vec![Step::Key(name.to_owned())]);
        let header = At { root: Kind::Header, place: Place::Name("h".to_owned()) };
        let (name, one) = ("n".to_owned(), "1".to_owned());
        let inner = Path::new(vec![Step::Key("a".to_owned()), Step::Key("b".to_owned())]);
        self.pick(&[
            Edit::Set { at: value(Path::bad("`a")), value: one.clone() },
            Edit::Remove { at: value(Path::bad("a[99999999999]")) },
            Edit::Set { at: At { root: Kind::Value, place: Place::Id(999) }, value: one },
            Edit::Remove { at: At { root: Kind::Header, place: Place::Id(0) } },
            Edit::Rename { at: value(Path::new(vec![Step::Index(0)])), name: name.clone() },
            Edit::Rename { at: At::value(), name: name.clone() },
            Edit::Rename { at: header.clone(), name: name.clone() },
            Edit::Extract { at: header.clone() },
            Edit::Wrap { at: value(key("a")), name },
            Edit::Retain { at: value(key("a")), paths: Vec::new() },
            Edit::Copy { from: value(key("a")), to: value(key("a")) },
            Edit::Move { from: value(inner), to: value(key("a")) },
            Edit::Copy { from: value(key("a")), to: At::value() },
            Edit::Move { from: header.clone(), to: header },
        ])
    }
}

fn is_keys(path: &Path) -> bool {
    path.steps().is_some_and(|steps| steps.iter().all(|step| matches!(step, Step::Key(_))))
}
