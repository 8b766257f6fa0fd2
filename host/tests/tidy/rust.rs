//! Just enough of Rust's grammar to tell code from comments and text, and to read a `use`.

/// Returns the code of `text`: comments gone, the contents of strings and characters gone.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = skipped_at(rest, code.chars().next_back());
        if skipped > 0 {
            // Something must part the words on both sides.
            code.push(if next == '"' { '"' } else { ' ' });
            rest = &rest[skipped..];
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    code
}

/// Returns the names that stand directly after `path::` in `code`, groups included: `std::{fs, io::Read}` gives `fs` and `io`.
pub(crate) fn names_after(code: &str, path: &str) -> Vec<String> {
    let code: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let code = code.replace(" ::", "::").replace(":: ", "::").replace("{ ", "{").replace(", ", ",");
    let needle = format!("{path}::");
    let mut names = Vec::new();
    for (at, _) in code.match_indices(&needle) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| is_word(c) || c == ':') {
            continue;
        }
        let after = &code[at + needle.len()..];
        match after.strip_prefix('{') {
            Some(group) => names.extend(members(group)),
            None => names.push(word(after)),
        }
    }
    // A trailing comma in a group is followed by nothing.
    names.retain(|name| !name.is_empty());
    names
}

/// True if `code` has `wanted` as a word of its own.
pub(crate) fn has_word(code: &str, wanted: &str) -> bool {
    code.split(|c| !is_word(c)).any(|found| found == wanted)
}

/// Returns the first word of each member of a group whose opening brace was taken off.
fn members(group: &str) -> Vec<String> {
    let mut names = vec![word(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(word(&group[at + 1..])),
            _ => (),
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| is_word(*c)).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the length of the comment, string or character that `rest` begins with; 0 if it begins with code.
fn skipped_at(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if rest.starts_with('r') && !before.is_some_and(|c| is_word(c) && c != 'b' && c != 'c') {
        let fence = rest[1..].chars().take_while(|c| *c == '#').count();
        if rest[1 + fence..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(fence));
            let body = 2 + fence;
            return rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len());
        }
    }
    let mut chars = rest.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('\''), Some('\\'), _) | (Some('\''), _, Some('\'')) => quoted(rest, '\''),
        _ => 0,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        match (here.starts_with(b"/*"), here.starts_with(b"*/")) {
            (true, _) => depth += 1,
            (_, true) => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of a string or character from its opening quote to its closing one.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => (),
        }
    }
    rest.len()
}

#[test]
fn code_has_no_comments_and_no_text() {
    let check = |text: &str, expected: &str| {
        let words: Vec<_> = code(text).split_whitespace().map(str::to_owned).collect();
        assert_eq!(words.join(" "), expected, "of {text}");
    };
    check("a // b\nc", "a c");
    check("a /* b /* c */ d */ e", "a e");
    check(r#"f("x \" // y") + g"#, r#"f(") + g"#);
    check(r##"f(r#"a " b"#, br"c") + d"##, "f( , b ) + d");
    check(r"x == '\'' && 'a' != y<'a>", "x == && != y<'a>");
}

#[test]
fn names_come_from_paths_and_groups() {
    let check =
        |code: &str, expected: &[&str]| assert_eq!(names_after(code, "std"), expected, "of {code}");
    check("use std::fs;", &["fs"]);
    check("use std::{\n    fmt::{self, Write},\n    env,\n};", &["fmt", "env"]);
    check("let x = std :: time::Instant::now(); my_std::fs; a::std::net", &["time"]);
}
