//! Values that nobody is to read, and messages without them (invariant 9).

use std::{borrow::Cow, fmt, sync::Arc};

pub(crate) const HIDDEN: &str = "[hidden]";

/// What a configuration took from the environment and from files, and secrets that it spells out. A copy costs nothing.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Vec<String>>);

impl Secrets {
    /// Adds a value; each line of one that has several is a secret of its own.
    pub(crate) fn keep(&mut self, value: &str) {
        // Shorter ones, and switches, would cut messages to pieces, and are guessed sooner than read.
        let is_switch = |text: &str| matches!(text, "true" | "false");
        let is_telling = |text: &&str| text.chars().count() >= 4 && !is_switch(text);
        let lines = value.lines().filter(|_| value.contains('\n'));
        let found = [value].into_iter().chain(lines).filter(is_telling).map(str::to_owned);
        Arc::make_mut(&mut self.0).extend(found);
    }

    /// Bytes of the longest.
    pub fn longest(&self) -> usize {
        self.0.iter().map(String::len).max().unwrap_or(0)
    }

    /// A message of ours, in which values stand in backticks.
    pub(crate) fn censor_quoted(&self, message: &str) -> String {
        let quoted =
            |text: String, secret: &String| text.replace(&format!("`{secret}`"), "`[hidden]`");
        self.0.iter().fold(message.to_owned(), quoted)
    }

    /// A message from elsewhere, a module for example, without the secrets.
    pub fn censor<'a>(&self, message: &'a str) -> Cow<'a, str> {
        let hidden = |text: Cow<'a, str>, secret: &String| {
            if text.contains(secret) { text.replace(secret, HIDDEN).into() } else { text }
        };
        self.0.iter().fold(Cow::Borrowed(message), hidden)
    }
}

/// Without any of them.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl<T: AsRef<str>> FromIterator<T> for Secrets {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut secrets = Self::default();
        values.into_iter().for_each(|value| secrets.keep(value.as_ref()));
        secrets
    }
}
