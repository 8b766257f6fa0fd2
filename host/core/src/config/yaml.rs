//! YAML to a tree, in one pass over the parser's events: each key and each value with its place.
//!
//! `serde_yaml` itself gives places for values of types only, not for the keys of any tree, so its parser is used.

use super::{
    Problem, Span,
    tree::{Entry, Node, Value},
};
use serde_yaml::granit_parser::{
    Event, Marker, Options, Parser, ScalarStyle, ScanError, StrInput, options,
};

/// Reads the one document of `text`; nothing if it is no YAML, which is a problem then.
pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Option<Node> {
    // A few levels are all that settings need; the tree is walked by recursion.
    let options: Options = options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        block_nesting_limit: 64,
        flow_nesting_limit: 64,
    };
    let mut reader = Reader {
        text,
        parser: Parser::new_from_str_with_options(text, options),
        problems,
        dollar: None,
    };
    match reader.document() {
        Ok(node) => Some(node),
        Err(_) if let Some(span) = reader.placeholder() => {
            reader.problems.push(Problem::error(
                span,
                "a placeholder inside `[…]` or `{…}` needs quotes: YAML takes its brace for the beginning of a map",
                "without quotes",
                "put the whole text in quotes: `\"${env:NAME}\"`; reading stops here",
            ));
            None
        }
        Err(error) => {
            let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
            let at = text.floor_char_boundary(at);
            let span = Span { start: at, end: text.ceil_char_boundary((at + 1).min(text.len())) };
            reader.problems.push(Problem::error(
                span,
                format!("this is not YAML: {}", error.info()),
                "reading stops here",
                "look for a missing quote, a wrong indentation or a tab at this line or above; text that begins with one of \
                 `@ % * & ! | > { [` or holds `: ` or ` #` needs quotes",
            ));
            None
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    problems: &'a mut Vec<Problem>,
    /// The end of the last scalar, if a brace follows its dollar.
    dollar: Option<usize>,
}

type Spanned<'a> = (Event<'a>, Span);

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, ScanError> {
        let mut document: Option<Node> = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) if document.is_some() => {
                    let message = "there is a second YAML document in the file";
                    let help = "put everything into one document, without a line `---` in between";
                    self.problems.push(Problem::error(span, message, "begins here", help));
                }
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(..)
                | Event::DocumentEnd => (),
                _ => {
                    let node = self.node((event, span))?;
                    document.get_or_insert(node);
                }
            }
        }
        let empty = || Node::new(Span { start: 0, end: self.text.len().min(1) }, Value::Null);
        Ok(document.unwrap_or_else(empty))
    }

    /// The placeholder that reading stopped at, if it was one: a plain text ends before a brace within brackets alone.
    fn placeholder(&self) -> Option<Span> {
        let start = self.dollar?;
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let length = line.find('}').map_or(line.len(), |at| at + 1);
        Some(Span { start: start - 1, end: start + length })
    }

    /// The next event that is about a node. Anchors and tags are refused on the way.
    fn next(&mut self) -> Result<Option<Spanned<'a>>, ScanError> {
        while let Some(next) = self.parser.next_event() {
            let (event, span) = next?;
            self.dollar = None;
            let byte = |mark: Marker| mark.byte_offset().unwrap_or_default().min(self.text.len());
            let start = byte(span.start);
            let place = Span { start, end: byte(span.end).max(start) };
            if let Some(tag) = span.tag_span() {
                let start = byte(tag.start);
                self.refuse(Span { start, end: byte(tag.end).max(start) }, "a tag");
            }
            match event {
                Event::Anchor(..) => self.refuse(place, "an anchor"),
                event => return Ok(Some((event, place))),
            }
        }
        Ok(None)
    }

    fn node(&mut self, (event, span): Spanned<'a>) -> Result<Node, ScanError> {
        Ok(match event {
            Event::Scalar(text, style, ..) => {
                let end = text_end(self.text, span, style);
                let rest = self.text.get(end..).unwrap_or_default();
                let is_dollar = style == ScalarStyle::Plain && text.ends_with('$');
                self.dollar = (is_dollar && rest.starts_with('{')).then_some(end);
                Node::new(Span { end, ..span }, scalar(&text, style == ScalarStyle::Plain))
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                let mut end = span;
                while let Some(next) = self.next()? {
                    if next.0 == Event::SequenceEnd {
                        end = next.1;
                        break;
                    }
                    items.push(self.node(next)?);
                }
                let end = items.last().map_or(end.end, |last| flow_end(last.span, end));
                Node::new(Span { end, ..span }, Value::List(items))
            }
            Event::MappingStart(..) => self.map(span)?,
            _ => {
                self.refuse(span, "an alias");
                Node::new(span, Value::Broken)
            }
        })
    }

    fn map(&mut self, span: Span) -> Result<Node, ScanError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut end = span;
        while let Some(next) = self.next()? {
            if next.0 == Event::MappingEnd {
                end = next.1;
                break;
            }
            let (key_span, key) = self.key(next)?;
            let Some(value) = self.next()? else { break };
            let node = self.node(value)?;
            self.judge_key(&key, key_span, &entries);
            entries.push(Entry { key, key_span, node });
        }
        let end = entries.last().map_or(end.end, |last| flow_end(last.span(), end));
        Ok(Node::new(Span { end, ..span }, Value::Map(entries)))
    }

    fn key(&mut self, next: Spanned<'a>) -> Result<(Span, String), ScanError> {
        if let Event::Scalar(text, ..) = &next.0 {
            let text = text.clone().into_owned();
            let node = self.node(next)?;
            return Ok((node.span, text));
        }
        let node = self.node(next)?;
        if node.value != Value::Broken {
            self.problems.push(Problem::error(
                node.span,
                "a key is a list or a map",
                "must be text",
                "write `key: value`; a value that begins with `{` or `[` and is text needs quotes",
            ));
        }
        // Whoever judges keys passes by what has been judged here.
        Ok((node.span, REFUSED.to_owned()))
    }

    fn judge_key(&mut self, key: &str, span: Span, before: &[Entry]) {
        if key == REFUSED {
            let message = "merge keys (`<<`) are not read";
            let help = "write the settings out";
            if self.text.get(span.start..span.end) == Some(REFUSED) {
                self.problems.push(Problem::error(span, message, "merge key", help));
            }
        } else if let Some(first) = before.iter().find(|entry| entry.key == key) {
            let before = self.text.get(..first.key_span.start).unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            let message = format!("`{key}` is given twice");
            let help = format!("the first is on line {line}; keep one of them");
            self.problems.push(Problem::error(span, message, "second time", help));
        }
    }

    fn refuse(&mut self, span: Span, what: &str) {
        self.problems.push(Problem::error(
            span,
            format!("this is {what}, which is not read here"),
            "not read",
            "write the value out; text that begins with `&`, `*` or `!` needs quotes",
        ));
    }
}

/// The key under which stands what was refused for its key.
pub(super) const REFUSED: &str = "<<";

/// What a scalar means. Numbers are what JSON takes for one, so that `0123`, `0x1F` and `1_000` keep their spelling.
pub(super) fn scalar(text: &str, plain: bool) -> Value {
    match text {
        _ if !plain => Value::Text(text.to_owned()),
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// Block texts end before the next key; their spans run up to it, so the blanks at the end are taken off.
fn text_end(text: &str, span: Span, style: ScalarStyle) -> usize {
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let spelt = text.get(span.start..span.end).unwrap_or_default();
    if quoted { span.end } else { span.start + spelt.trim_end().len() }
}

/// The end of a list or a map: its closing bracket, or the end of its last item where it has none.
fn flow_end(last: Span, end: Span) -> usize {
    if end.end > end.start { end.end } else { last.end }
}
