//! What a configuration says otherwise than the one that runs. Places are told, never values (invariant 9).

use serde_json::value::RawValue;
use transom_core::config::{Loaded, Place};

/// The places that need a restart, among what all connectors share and these connectors; all if none are named.
pub(super) fn needing_restart(before: &Loaded, after: &Loaded, only: &[String]) -> Vec<String> {
    let mut changes = Changes { before, after, found: Vec::new() };
    let top = Place::default();
    let connectors = top.key("connectors");
    changes.below(&top, &connectors);
    let places: Vec<Place> = if only.is_empty() {
        changes.union(&connectors)
    } else {
        only.iter().map(|name| Place::of_connector(name)).collect()
    };
    for connector in places {
        changes.connector(&connector);
    }
    changes.found.iter().map(ToString::to_string).collect()
}

struct Changes<'a> {
    before: &'a Loaded,
    after: &'a Loaded,
    found: Vec<Place>,
}

impl Changes<'_> {
    fn connector(&mut self, at: &Place) {
        let transforms = at.key("transforms");
        if text(self.before, at).is_some() && text(self.after, at).is_some() {
            self.below(at, &transforms);
            self.transforms(&transforms);
        } else {
            self.compare(at);
        }
    }

    /// Modules and settings of transforms are exchanged; which there are, in which order and for which records, is not.
    fn transforms(&mut self, at: &Place) {
        let (before, after) = (names(self.before, at), names(self.after, at));
        if before != after {
            self.found.push(at.clone());
        }
        for (number, (before, after)) in before.iter().zip(&after).enumerate() {
            if before == after {
                self.compare(&at.index(number).key("when"));
            }
        }
    }

    /// Compares what is below a place, but for one that is treated otherwise.
    fn below(&mut self, at: &Place, but: &Place) {
        for place in self.union(at).iter().filter(|place| *place != but) {
            self.compare(place);
        }
    }

    /// Finds the smallest places that differ. Lists of other lengths differ as a whole: their items have no names.
    fn compare(&mut self, at: &Place) {
        if text(self.before, at) == text(self.after, at) {
            return;
        }
        let (before, after) = (self.before.below(at), self.after.below(at));
        let is_list = before.contains(&at.index(0)) || after.contains(&at.index(0));
        if before.is_empty() || after.is_empty() || is_list && before.len() != after.len() {
            self.found.push(at.clone());
        } else {
            self.union(at).iter().for_each(|place| self.compare(place));
        }
    }

    fn union(&self, at: &Place) -> Vec<Place> {
        let mut places = self.before.below(at);
        let added = self.after.below(at);
        places.extend(added.into_iter().filter(|place| !self.before.below(at).contains(place)));
        places
    }
}

/// What a configuration says at a place; nothing if it says nothing.
fn text(loaded: &Loaded, at: &Place) -> Option<String> {
    loaded.part::<Box<RawValue>>(at).map(|value| value.get().to_owned())
}

fn names(loaded: &Loaded, transforms: &Place) -> Vec<Option<String>> {
    loaded.below(transforms).iter().map(|at| loaded.part(&at.key("name"))).collect()
}

#[cfg(test)]
mod tests {
    use super::needing_restart;
    use transom_core::config::{self, Environment, Loaded};

    struct Nothing;

    impl Environment for Nothing {
        fn variable(&self, _name: &str) -> Option<String> {
            None
        }

        fn file(&self, path: &str) -> Result<String, String> {
            Err(format!("{path} is not there"))
        }
    }

    fn load(text: &str) -> Loaded {
        let loaded = config::load(text, "connectors.yaml", &Nothing);
        assert!(loaded.is_valid(), "{:?}", loaded.problems);
        loaded
    }

    const TEXT: &str = "
kafka: {bootstrap.servers: 'a:1'}
connectors:
  a: {topics: [x], sink: {discard: {}}, transforms: [{name: m, smt: mask-field, config: {fields: [a]}}, {name: n, smt: s}]}
  b: {topics: [x, y], sink: {console: {}}}
";

    /// What needs a restart once a part of the text has become another one.
    fn changed(from: &str, to: &str, only: &[&str]) -> Vec<String> {
        assert!(TEXT.contains(from), "{from}");
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        needing_restart(&load(TEXT), &load(&TEXT.replace(from, to)), &only)
    }

    #[test]
    fn modules_and_settings_of_transforms_need_none() {
        assert!(changed("fields: [a]", "fields: [b, c]", &[]).is_empty());
        assert!(changed("smt: mask-field", "smt: other", &[]).is_empty());
        assert!(
            changed("kafka: {bootstrap.servers: 'a:1'}", "kafka:\n  bootstrap.servers: a:1", &[])
                .is_empty()
        );
    }

    #[test]
    fn anything_else_is_named_at_its_smallest_place() {
        assert_eq!(changed("a:1", "b:1", &[]), ["kafka.`bootstrap.servers`"]);
        assert_eq!(changed("[x, y]", "[x, z]", &[]), ["connectors.b.topics[1]"]);
        assert_eq!(changed("[x, y]", "[x]", &[]), ["connectors.b.topics"]);
        assert_eq!(
            changed("console: {}", "discard: {}", &[]),
            ["connectors.b.sink.console", "connectors.b.sink.discard"]
        );
        let when = changed("name: n,", "name: n, when: {tombstone: true},", &[]);
        assert_eq!(when, ["connectors.a.transforms[1].when"]);
    }

    #[test]
    fn transforms_and_connectors_that_come_and_go_are_named() {
        assert_eq!(changed("name: n", "name: o", &[]), ["connectors.a.transforms"]);
        assert_eq!(changed(", {name: n, smt: s}", "", &[]), ["connectors.a.transforms"]);
        let renamed = changed("  b:", "  c:", &[]);
        assert_eq!(renamed, ["connectors.b", "connectors.c"]);
        assert!(changed("[x, y]", "[x]", &["a"]).is_empty());
    }
}
