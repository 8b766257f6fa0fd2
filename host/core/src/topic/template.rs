//! Names that are made of others: text in which `${topic}` stands for a record's own topic.

use super::is_legal_name;
use crate::{connector::ConnectorError, convert::ConvertError};

/// Where the topic goes.
const PLACE: &str = "${topic}";

/// A name with places in it where a record's own topic goes.
///
/// ```
/// use transom_core::topic::Template;
///
/// let copies = Template::parse("copy-of-${topic}").unwrap();
/// assert_eq!(copies.name("orders").unwrap(), "copy-of-orders");
/// Template::parse("copy of ${topic}").unwrap_err();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<String>,
}

impl Template {
    /// Reads the text of a setting.
    ///
    /// # Errors
    /// [`ConnectorError`] if no record's topic could make a name of it.
    pub fn parse(text: &str) -> Result<Self, ConnectorError> {
        // Any other place has a brace, and no name has one.
        if !is_legal_name(&text.replace(PLACE, "t")) {
            let message = format!(
                "`topic: {text}` makes no name of a topic: expected letters, digits, dots, underscores and hyphens, \
                 and `{PLACE}` for the record's own topic"
            );
            return Err(ConnectorError::fatal("topic", message));
        }
        Ok(Self { pieces: text.split(PLACE).map(str::to_owned).collect() })
    }

    /// The name for a record of this topic.
    ///
    /// # Errors
    /// [`ConvertError`] if it is none that Kafka allows.
    pub fn name(&self, topic: &str) -> Result<String, ConvertError> {
        let name = self.pieces.join(topic);
        if is_legal_name(&name) {
            return Ok(name);
        }
        let shown: String = name.chars().take(300).collect();
        let message = format!(
            "topic `{shown}`: expected 1 to 249 letters, digits, dots, underscores and hyphens"
        );
        Err(ConvertError { code: "topic", message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_and_judged() {
        let check = |template: &str, topic: &str, expected: Option<&str>| {
            let name = Template::parse(template).unwrap().name(topic);
            assert_eq!(name.as_deref().ok(), expected, "{template} of {topic}");
        };
        check("${topic}", "orders", Some("orders"));
        check("copy-of-${topic}.v2", "orders", Some("copy-of-orders.v2"));
        check("${topic}-${topic}", "a", Some("a-a"));
        check("all", "orders", Some("all"));
        check("${topic}", "or ders", None);
        check("${topic}", "..", None);
        check("${topic}", "", None);
        check("${topic}-copy", &"t".repeat(245), None);
        check("${topic}-cop", &"t".repeat(245), Some(&format!("{}-cop", "t".repeat(245))));
    }

    #[test]
    fn a_template_that_names_no_topic_is_refused_at_once() {
        for text in ["", "${table}", "a b", "${topic", "$topic", ".", "ä-${topic}"] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.message.contains(&format!("`topic: {text}`")), "{error}");
        }
    }
}
