//! Learnt key layouts, one for each topic: the records of one topic mostly spell their keys in one order.

use crate::json::Layout;

/// Topics that have a layout of their own; further ones share the first.
const TOPICS: usize = 16;

/// The layouts of a batch. They outlive its records.
#[derive(Debug)]
pub(super) struct Layouts {
    topics: Vec<(Box<[u8]>, Layout)>,
    chosen: usize,
}

impl Default for Layouts {
    fn default() -> Self {
        Self { topics: vec![(Box::default(), Layout::default())], chosen: 0 }
    }
}

impl Layouts {
    #[inline]
    pub(super) fn choose(&mut self, topic: &[u8]) {
        if *self.topics[self.chosen].0 != *topic {
            self.find(topic);
        }
    }

    #[cold]
    fn find(&mut self, topic: &[u8]) {
        let known = self.topics.iter().position(|(name, _)| **name == *topic);
        self.chosen = known.unwrap_or_else(|| {
            if self.topics.len() == TOPICS {
                return 0;
            }
            self.topics.push((topic.into(), Layout::default()));
            self.topics.len() - 1
        });
    }

    #[inline]
    pub(super) fn chosen(&mut self) -> &mut Layout {
        &mut self.topics[self.chosen].1
    }

    /// An id that no other topic's layout has; 0 for none, and where so many were learnt that ids run out.
    #[inline]
    pub(super) fn id(&self, id: u32) -> u32 {
        let chosen = u32::try_from(self.chosen).unwrap_or(0);
        if id == 0 { 0 } else { id.checked_mul(16).map_or(0, |scaled| scaled + chosen) }
    }
}
