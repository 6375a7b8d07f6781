//! As much of Nix's grammar as is needed to find, in the text of a flake.nix, where a binding begins and ends.

/// What a piece of the text is; comments and blanks are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Word(String),
    /// A string in double quotes, with what it holds if that is written plainly.
    Text(Option<String>),
    /// `{`, `[` or `(`, and `${` outside of strings.
    Open(char),
    /// `}`, `]` or `)`.
    Close(char),
    /// `=`, `;` or `.`.
    Mark(char),
    /// Anything else.
    Other,
}

/// A piece of the text, from one byte up to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// A binding of an attribute set: `a.b = …;`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The names, `["a", "b"]`.
    pub path: Vec<String>,
    /// The byte it begins at.
    pub start: usize,
    /// The byte behind its semicolon.
    pub end: usize,
    /// The pieces of its value: the first, and the one behind the last.
    pub value: (usize, usize),
}

/// The pieces of a text.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if first == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            at += 2 + comment.find("*/").map_or(comment.len(), |end| end + 2);
            continue;
        }
        let kind = if first == '"' {
            let (length, plain) = quoted(rest);
            at += length;
            Kind::Text(plain)
        } else if rest.starts_with("''") {
            at += indented(rest);
            Kind::Other
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-'".contains(c))).unwrap_or(rest.len());
            at += end;
            Kind::Word(rest[..end].to_owned())
        } else if ["==", "!=", "<=", ">=", "..", "->", "//", "++", "||", "&&"].iter().any(|two| rest.starts_with(two)) {
            at += 2;
            Kind::Other
        } else {
            at += if rest.starts_with("${") { 2 } else { first.len_utf8() };
            match first {
                '$' if at == start + 2 => Kind::Open('{'),
                '{' | '[' | '(' => Kind::Open(first),
                '}' | ']' | ')' => Kind::Close(first),
                '=' | ';' | '.' => Kind::Mark(first),
                _ => Kind::Other,
            }
        };
        pieces.push(Piece { kind, start, end: at });
    }
    pieces
}

/// The length of the string in double quotes that `text` begins with, and what it holds if nothing in it is more than it seems.
fn quoted(text: &str) -> (usize, Option<String>) {
    let (mut at, mut plain) = (1, true);
    while let Some(next) = text[at..].chars().next() {
        match next {
            '"' => return (at + 1, plain.then(|| text[1..at].to_owned())),
            '\\' => {
                plain = false;
                at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8);
            }
            '$' if text[at..].starts_with("${") => {
                plain = false;
                at += interpolated(&text[at..]);
            }
            other => at += other.len_utf8(),
        }
    }
    (text.len(), None)
}

/// The length of the string between two single quotes each that `text` begins with.
fn indented(text: &str) -> usize {
    let mut at = 2;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("'''") || rest.starts_with("''$") {
            at += 3;
        } else if let Some(escaped) = rest.strip_prefix("''\\") {
            at += 3 + escaped.chars().next().map_or(0, char::len_utf8);
        } else if rest.starts_with("''") {
            return at + 2;
        } else if rest.starts_with("${") {
            at += interpolated(rest);
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the `${…}` that `text` begins with.
fn interpolated(text: &str) -> usize {
    let mut depth = 1;
    let mut at = 2;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match next {
            '"' => quoted(rest).0,
            '\'' if rest.starts_with("''") => indented(rest),
            _ => next.len_utf8(),
        };
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The piece that closes what the one at `open` opens.
#[must_use]
pub fn closing(pieces: &[Piece], open: usize) -> Option<usize> {
    let mut open_ones = Vec::new();
    for (index, piece) in pieces.iter().enumerate().skip(open) {
        match piece.kind {
            Kind::Open(bracket) => open_ones.push(bracket),
            Kind::Close(bracket) => {
                let fits = matches!((open_ones.pop()?, bracket), ('{', '}') | ('[', ']') | ('(', ')'));
                fits.then_some(())?;
            }
            _ => {}
        }
        if open_ones.is_empty() {
            return Some(index);
        }
    }
    None
}

/// The bindings between the pieces `open` and `close`, which are the braces of an attribute set; `None` where it is written in a way
/// that is not understood here.
#[must_use]
pub fn bindings(pieces: &[Piece], open: usize, close: usize) -> Option<Vec<Binding>> {
    let mut found = Vec::new();
    let mut at = open + 1;
    while at < close {
        let start = pieces[at].start;
        if pieces[at].kind == Kind::Word("inherit".to_owned()) {
            at = end_of_value(pieces, at, close)? + 1;
            continue;
        }
        let mut path = Vec::new();
        loop {
            match &pieces.get(at)?.kind {
                Kind::Word(name) | Kind::Text(Some(name)) => path.push(name.clone()),
                _ => return None,
            }
            at += 2;
            match pieces.get(at - 1)?.kind {
                Kind::Mark('.') => {}
                Kind::Mark('=') => break,
                _ => return None,
            }
        }
        let semicolon = end_of_value(pieces, at, close)?;
        found.push(Binding { path, start, end: pieces[semicolon].end, value: (at, semicolon) });
        at = semicolon + 1;
    }
    Some(found)
}

/// The semicolon that ends the value which begins at `from`: one of `let`, `with` or `assert` does not.
fn end_of_value(pieces: &[Piece], from: usize, close: usize) -> Option<usize> {
    let mut open: Vec<&str> = Vec::new();
    for (index, piece) in pieces.iter().enumerate().take(close).skip(from) {
        match &piece.kind {
            Kind::Open(_) => open.push("bracket"),
            Kind::Close(_) => drop(open.pop()?),
            Kind::Word(word) if word == "let" => open.push("let"),
            Kind::Word(word) if word == "with" || word == "assert" => open.push("until semicolon"),
            Kind::Word(word) if word == "in" && open.last() == Some(&"let") => drop(open.pop()),
            Kind::Mark(';') if open.last() == Some(&"until semicolon") => drop(open.pop()),
            Kind::Mark(';') if open.is_empty() => return Some(index),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bindings of the set that `text` is, as `path: value`.
    fn read(text: &str) -> Option<Vec<String>> {
        let pieces = pieces(text);
        let close = closing(&pieces, 0)?;
        let show = |binding: Binding| {
            let (from, to) = binding.value;
            assert_eq!(&text[binding.end - 1..binding.end], ";");
            format!("{}: {}", binding.path.join("."), &text[pieces[from].start..pieces[to - 1].end])
        };
        Some(bindings(&pieces, 0, close)?.into_iter().map(show).collect())
    }

    #[test]
    fn bindings_are_found_in_any_dress() {
        let check = |text: &str, expected: &[&str]| assert_eq!(read(text).unwrap(), expected, "{text}");
        check("{ }", &[]);
        check("{ a = 1; b.c = [ 2 ]; \"d\".e = { f = 3; }; }", &["a: 1", "b.c: [ 2 ]", "d.e: { f = 3; }"]);
        check("{ # a = 1;\n /* } */ b = 2; }", &["b: 2"]);
        check("{ inherit a; inherit (b) c; d = 1; }", &["d: 1"]);
        check("{ a = let b = 1; c = 2; in b; d = 3; }", &["a: let b = 1; c = 2; in b", "d: 3"]);
        check(
            "{ a = { self, ... }@inputs: with self; assert true; 1; b = 2; }",
            &["a: { self, ... }@inputs: with self; assert true; 1", "b: 2"],
        );
        check(
            "{ a = x == 1; b = \"}; ${ {c = \"}\";}.c } \\\"\"; d = ''};'' + ''a ''' ${\"''\"} ''\\n''; }",
            &["a: x == 1", "b: \"}; ${ {c = \"}\";}.c } \\\"\"", "d: ''};'' + ''a ''' ${\"''\"} ''\\n''"],
        );
        check("{ a = ./b/c.nix; url = https://a.org/b; }", &["a: ./b/c.nix", "url: https://a.org/b"]);
        check("{ \"é\" = \"ü\"; }", &["é: \"ü\""]);
    }

    #[test]
    fn what_is_not_understood_is_none() {
        for text in
            ["{ a = 1 }", "{ ${a} = 1; }", "{ a", "{ a = \"", "{ a = ''", "{ a = \"${", "{ a = 1; ] }", "{ 1 = 2; }"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
