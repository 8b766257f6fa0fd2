//! Which topic an offset was stored for, in the metadata that Kafka keeps beside the offset.
//!
//! The text is `transom:1 <cluster id> <topic id>`: a version, then the ids as Kafka spells them, which have no blanks.
//! Metadata of other programs, or of a later version, says nothing of the topic.

use transom_core::topic::TopicIdentity;

/// What our metadata begins with; the number is the version of its form.
const MARK: &str = "transom:1";

/// Writes the metadata.
pub(super) fn write(identity: &TopicIdentity) -> String {
    format!("{MARK} {} {}", identity.cluster, identity.topic)
}

/// Reads metadata; nothing if it is not ours.
pub(super) fn read(metadata: &str) -> Option<TopicIdentity> {
    let mut parts = metadata.split(' ');
    let (mark, cluster, topic) = (parts.next()?, parts.next()?, parts.next()?);
    let ours = mark == MARK && parts.next().is_none();
    ours.then(|| TopicIdentity { cluster: cluster.to_owned(), topic: topic.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(cluster in "[A-Za-z0-9_-]{0,22}", topic in "[A-Za-z0-9_-]{0,22}") {
            let identity = TopicIdentity { cluster, topic };
            prop_assert_eq!(read(&write(&identity)), Some(identity));
        }

        #[test]
        fn any_metadata_is_borne(metadata in ".*") {
            if let Some(identity) = read(&metadata) {
                prop_assert_eq!(write(&identity), metadata);
            }
        }
    }

    #[test]
    fn metadata_of_others_says_nothing() {
        for foreign in ["", "transom:2 a b", "transom:1 a", "transom:1 a b c", "kafka-python"] {
            assert_eq!(read(foreign), None, "of {foreign:?}");
        }
    }
}
