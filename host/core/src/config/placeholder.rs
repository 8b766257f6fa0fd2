//! `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` in values.

use super::{
    Place, Problem, Span,
    tree::{Entry, Node, Value},
    yaml::scalar,
};

/// What a configuration may ask for from outside. The host implements it; core performs no I/O (invariant 6).
pub trait Environment {
    /// The value of an environment variable; nothing if it is not set.
    fn variable(&self, name: &str) -> Option<String>;

    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read, in words; the content is no part of them.
    fn file(&self, path: &str) -> Result<String, String>;
}

/// Puts values in for placeholders, everywhere in the tree. Returns all that was put in, so that nobody shows it.
pub(super) fn resolve(
    root: &mut Node,
    text: &str,
    environment: &dyn Environment,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let mut resolver = Resolver { text, environment, problems, secrets: Vec::new() };
    resolver.walk(root, &Place::default());
    resolver.secrets
}

struct Resolver<'a> {
    text: &'a str,
    environment: &'a dyn Environment,
    problems: &'a mut Vec<Problem>,
    secrets: Vec<String>,
}

/// Where a value came from.
#[derive(PartialEq)]
enum Origin {
    /// From the environment or another file: nobody is to see it.
    Outside,
    /// From the configuration itself, as a default.
    File,
}

/// A piece of a text with placeholders in it.
enum Piece<'a> {
    Plain(&'a str),
    Placeholder { spelt: &'a str, inside: &'a str },
    Unclosed(&'a str),
}

impl Resolver<'_> {
    fn walk(&mut self, node: &mut Node, place: &Place) {
        match &mut node.value {
            Value::List(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.walk(item, &place.index(at));
                }
            }
            Value::Map(entries) => {
                for Entry { key, node, .. } in entries {
                    self.walk(node, &place.key(key));
                }
            }
            Value::Text(text) if text.contains('$') => {
                let text = std::mem::take(text);
                self.scalar(node, &text, place);
            }
            _ => (),
        }
    }

    fn scalar(&mut self, node: &mut Node, text: &str, place: &Place) {
        let mut whole = String::with_capacity(text.len());
        let (mut failed, mut is_secret) = (false, false);
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => whole.push_str(plain),
                Piece::Placeholder { spelt, inside } => match self.value(inside) {
                    Ok((value, origin)) => {
                        node.resolved = true;
                        whole.push_str(&value);
                        is_secret |= origin == Origin::Outside;
                        self.secrets.extend((origin == Origin::Outside).then_some(value));
                    }
                    Err(refusal) => {
                        failed = true;
                        let refused = refusal.problem(place, spelt == text);
                        let span = self.place(node.span, spelt);
                        self.problems.push(Problem { span, ..refused });
                    }
                },
                Piece::Unclosed(spelt) => {
                    failed = true;
                    let span = self.place(node.span, spelt);
                    let help = "close it with `}`; for a dollar followed by a brace write `$${`";
                    let message = "a `${` is never closed";
                    self.problems.push(Problem::error(span, message, "begins here", help));
                }
            }
        }
        // Messages quote values whole: with what was put in, what stands beside it is hidden.
        self.secrets.extend(is_secret.then(|| whole.clone()));
        let quoted = self.spelt(node.span).starts_with(['"', '\'', '|', '>']);
        node.value = if failed {
            Value::Broken
        } else if node.resolved {
            read_again(&whole, !quoted)
        } else {
            Value::Text(whole)
        };
    }

    fn value(&self, inside: &str) -> Result<(String, Origin), Refusal> {
        let (provider, rest) = inside.split_once(':').unwrap_or((inside, ""));
        match provider {
            "env" => {
                let (name, default) = match rest.split_once(":-") {
                    Some((name, default)) => (name, Some(default.to_owned())),
                    None => (rest, None),
                };
                if !is_name(name) {
                    return Err(Refusal::Unknown);
                }
                let value = self.environment.variable(name);
                // As in a shell: `:-` also stands in for a variable that is set and empty.
                let value = value.filter(|value| default.is_none() || !value.is_empty());
                let value = value.map(|value| (value, Origin::Outside));
                let default = default.map(|default| (default, Origin::File));
                value.or(default).ok_or_else(|| Refusal::Unset { name: name.to_owned() })
            }
            "file" => match self.environment.file(rest) {
                Ok(text) => {
                    let value =
                        text.strip_suffix('\n').map_or(text.as_str(), without_return).to_owned();
                    Ok((value, Origin::Outside))
                }
                Err(error) => Err(Refusal::Unreadable { path: rest.to_owned(), error }),
            },
            _ => Err(Refusal::Unknown),
        }
    }

    fn spelt(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Where `spelt` stands in a scalar; the whole scalar where escapes hide it.
    fn place(&self, span: Span, spelt: &str) -> Span {
        let at = self.spelt(span).find(spelt);
        at.map_or(span, |at| span.within(at, at + spelt.len()))
    }
}

/// What was put in may be a number, a boolean or nothing at all; it is never a list or a map.
fn read_again(text: &str, plain: bool) -> Value {
    match scalar(text, plain) {
        Value::Null if !text.is_empty() => Value::Text(text.to_owned()),
        value => value,
    }
}

/// The last line break of a file is no part of the value, with or without a carriage return.
fn without_return(text: &str) -> &str {
    text.strip_suffix('\r').unwrap_or(text)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Why there is no value for a placeholder.
enum Refusal {
    Unset { name: String },
    Unreadable { path: String, error: String },
    Unknown,
}

impl Refusal {
    /// What is wrong with the setting at `place`, which the placeholder is the whole of or not.
    fn problem(self, place: &Place, is_whole: bool) -> Problem {
        let (message, label, help) = match self {
            Self::Unset { name } => (
                format!("the environment variable `{name}` is not set"),
                "is not set",
                format!("set it, or give a default: `${{env:{name}:-default}}`"),
            ),
            Self::Unreadable { path, error } => {
                // Amid other text it may be a part of a secret with a dollar in it.
                let is_path = is_whole || path.starts_with('/');
                let file = if is_path { format!("the file `{path}`") } else { "a file".to_owned() };
                (
                    format!("`{}` comes from {file}, which cannot be read: {error}", place.short()),
                    "cannot be read",
                    "name a file that the process may read; a relative path begins at the folder of this file".to_owned(),
                )
            }
            Self::Unknown => (
                "this is no placeholder that is known".to_owned(),
                "not read",
                "write `${env:NAME}`, `${env:NAME:-default}` or `${file:/path}`; for a dollar followed by a brace write \
                 `$${`"
                    .to_owned(),
            ),
        };
        Problem::error(Span::default(), message, label, help)
    }
}

/// Cuts a text at its placeholders. `$$` is a dollar; `${word}` without a colon is somebody else's, as in `${topic}`.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, _)) = rest.split_once('$') {
        pieces.push(Piece::Plain(before));
        rest = rest.strip_prefix(before).unwrap_or_default();
        let taken = match rest.strip_prefix("${") {
            _ if rest.starts_with("$$") => {
                pieces.push(Piece::Plain("$"));
                2
            }
            Some(inside) => match inside.split_once('}') {
                None => {
                    pieces.push(Piece::Unclosed(rest));
                    rest.len()
                }
                Some((inside, _)) => {
                    let (spelt, _) = rest.split_at(inside.len() + 3);
                    pieces.push(if inside.contains(':') {
                        Piece::Placeholder { spelt, inside }
                    } else {
                        Piece::Plain(spelt)
                    });
                    spelt.len()
                }
            },
            None => {
                pieces.push(Piece::Plain("$"));
                1
            }
        };
        rest = rest.split_at(taken).1;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}
