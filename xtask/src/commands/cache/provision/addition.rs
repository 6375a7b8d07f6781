//! A cache or a key more in the `nixConfig` that a flake.nix writes out: an edit that leaves every other byte as it is.

use super::nix_text::{Binding, Kind, Piece, bindings, closing, pieces};

/// Why a text cannot be added to, and the line where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub line: usize,
    pub reason: &'static str,
}

/// The text with `value` in the list `setting` of `nixConfig`, which is made if it is not there.
///
/// # Errors
/// When the text is written in a way that this does not understand, or `value` is nothing that is written plainly.
pub fn with_value(text: &str, setting: &str, value: &str) -> Result<String, Refusal> {
    if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c.is_control() || "\"\\$".contains(c)) {
        return Err(Refusal { line: 1, reason: "what is to be added cannot be written plainly" });
    }
    let pieces = pieces(text);
    let refusal = |piece: usize, reason: &'static str| {
        let at = pieces.get(piece).map_or(text.len(), |piece| piece.start);
        Refusal { line: text[..at].matches('\n').count() + 1, reason }
    };
    let is_set = pieces.first().is_some_and(|piece| piece.kind == Kind::Open('{'));
    let close = closing(&pieces, 0).filter(|close| is_set && close + 1 == pieces.len());
    let close = close.ok_or_else(|| refusal(0, "the file is not one attribute set"))?;
    let top = bindings(&pieces, 0, close).ok_or_else(|| refusal(0, "not every binding of the file is understood"))?;
    let own: Vec<&Binding> =
        top.iter().filter(|one| one.path.first().is_some_and(|name| name == "nixConfig")).collect();

    // nixConfig.extra-substituters = …;
    let dotted = own.iter().find(|one| one.path.len() == 2 && one.path[1] == setting);
    if let Some(binding) = dotted {
        return into_list(text, &pieces, binding, value).ok_or_else(|| refusal(binding.value.0, NO_LIST));
    }
    // nixConfig = { … };
    if let Some(whole) = own.iter().find(|one| one.path.len() == 1) {
        let (open, end) = whole.value;
        let inner_close =
            closing(&pieces, open).filter(|close| pieces[open].kind == Kind::Open('{') && close + 1 == end);
        let inner_close =
            inner_close.ok_or_else(|| refusal(open, "`nixConfig` is not written out as one attribute set"))?;
        let inner =
            bindings(&pieces, open, inner_close).ok_or_else(|| refusal(open, "not every setting is understood"))?;
        if let Some(binding) = inner.iter().find(|one| one.path == [setting]) {
            return into_list(text, &pieces, binding, value).ok_or_else(|| refusal(binding.value.0, NO_LIST));
        }
        let addition = format!("{setting} = [ \"{value}\" ];");
        let last = inner.last().map(|binding| binding.start);
        return Ok(before_closing(text, pieces[inner_close].start, last, &addition));
    }
    if let Some(last) = own.last() {
        return Ok(behind(text, last, &format!("nixConfig.{setting} = [ \"{value}\" ];")));
    }
    let outputs = top.iter().find(|one| one.path.first().is_some_and(|name| name == "outputs"));
    Ok(match outputs {
        Some(outputs) => before_outputs(text, outputs, setting, value),
        None => {
            let last = top.last().map(|binding| binding.start);
            before_closing(text, pieces[close].start, last, &format!("nixConfig.{setting} = [ \"{value}\" ];"))
        }
    })
}

const NO_LIST: &str = "the setting is neither a list nor a text that is written out";

/// One more in a list, or in a text of words.
fn into_list(text: &str, pieces: &[Piece], binding: &Binding, value: &str) -> Option<String> {
    let (from, to) = binding.value;
    match &pieces[from].kind {
        Kind::Open('[') if closing(pieces, from)? + 1 == to => {
            let last = (to - from > 2).then(|| pieces[to - 2].start);
            Some(before_closing(text, pieces[to - 1].start, last, &format!("\"{value}\"")))
        }
        Kind::Text(Some(words)) if from + 1 == to => {
            let space = if words.is_empty() || words.ends_with(char::is_whitespace) { "" } else { " " };
            Some(inserted(text, pieces[from].end - 1, &format!("{space}{value}")))
        }
        _ => None,
    }
}

/// `addition` as the last before the bracket at `close`: on a line of its own where the bracket has one, indented as what begins at
/// `last`.
fn before_closing(text: &str, close: usize, last: Option<usize>, addition: &str) -> String {
    let line = line_start(text, close);
    if text[line..close].trim().is_empty() && line > 0 {
        let own_line = |at: usize| text[line_start(text, at)..at].trim().is_empty();
        let indentation = match last.filter(|last| own_line(*last)) {
            Some(last) => text[line_start(text, last)..last].to_owned(),
            None => format!("{}  ", &text[line..close]),
        };
        return inserted(text, line, &format!("{indentation}{addition}\n"));
    }
    let spaced = text[..close].ends_with(char::is_whitespace);
    let empty = last.is_none();
    let before = if spaced { "" } else { " " };
    let after = if spaced || empty { " " } else { "" };
    inserted(text, close, &format!("{before}{addition}{after}"))
}

/// `addition` behind a binding: on the next line, unless more than a comment stands behind it.
fn behind(text: &str, binding: &Binding, addition: &str) -> String {
    let rest = text[binding.end..].split('\n').next().unwrap_or_default();
    let line = line_start(text, binding.start);
    let indentation = &text[line..binding.start];
    if indentation.trim().is_empty() && (rest.trim().is_empty() || rest.trim_start().starts_with('#')) {
        return inserted(text, binding.end + rest.len(), &format!("\n{indentation}{addition}"));
    }
    inserted(text, binding.end, &format!(" {addition}"))
}

/// A whole `nixConfig` before the outputs, and before the comments that stand right above them.
fn before_outputs(text: &str, outputs: &Binding, setting: &str, value: &str) -> String {
    let mut line = line_start(text, outputs.start);
    let indentation = &text[line..outputs.start];
    if !indentation.trim().is_empty() {
        return inserted(text, outputs.start, &format!("nixConfig = {{ {setting} = [ \"{value}\" ]; }}; "));
    }
    while line > 0 {
        let above = line_start(text, line - 1);
        if !text[above..line].trim_start().starts_with('#') {
            break;
        }
        line = above;
    }
    let lines = [
        format!("{indentation}nixConfig = {{"),
        format!("{indentation}  {setting} = [ \"{value}\" ];"),
        format!("{indentation}}};"),
    ];
    inserted(text, line, &format!("{}\n\n", lines.join("\n")))
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn inserted(text: &str, at: usize, addition: &str) -> String {
    format!("{}{addition}{}", &text[..at], &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str) {
        assert_eq!(with_value(before, "extra-x", "new").as_deref(), Ok(after), "{before}");
    }

    #[test]
    fn a_list_gets_one_more() {
        let inside = |list: &str| format!("{{\n  nixConfig = {{\n    extra-x = {list};\n  }};\n}}\n");
        let check = |before: &str, after: &str| check(&inside(before), &inside(after));
        check("[ ]", "[ \"new\" ]");
        check("[]", "[ \"new\" ]");
        check("[ \"a\" ]", "[ \"a\" \"new\" ]");
        check("[\"a\"]", "[\"a\" \"new\"]");
        check(
            "[\n      \"a\" # first\n      # last\n    ]",
            "[\n      \"a\" # first\n      # last\n      \"new\"\n    ]",
        );
        check("[\n          \"a\"\n    ]", "[\n          \"a\"\n          \"new\"\n    ]");
        check("[\n    ]", "[\n      \"new\"\n    ]");
        check("[\n\t\"a\" \"b\"\n    ]", "[\n\t\"a\" \"b\"\n      \"new\"\n    ]");
        check("\"\"", "\"new\"");
        check("\"a b\"", "\"a b new\"");
        check("\"a \"", "\"a new\"");
    }

    #[test]
    fn a_list_that_is_not_there_is_made() {
        check(
            "{\n  nixConfig = {\n    # why\n    a = [ ];\n  };\n  outputs = _: { };\n}\n",
            "{\n  nixConfig = {\n    # why\n    a = [ ];\n    extra-x = [ \"new\" ];\n  };\n  outputs = _: { };\n}\n",
        );
        check("{ nixConfig = { }; }", "{ nixConfig = { extra-x = [ \"new\" ]; }; }");
        check("{ nixConfig = {}; }", "{ nixConfig = { extra-x = [ \"new\" ]; }; }");
        check("{\n  nixConfig = {\n  };\n}", "{\n  nixConfig = {\n    extra-x = [ \"new\" ];\n  };\n}");
        check(
            "{\n  nixConfig.a = 1; # one\n  outputs = 2;\n}",
            "{\n  nixConfig.a = 1; # one\n  nixConfig.extra-x = [ \"new\" ];\n  outputs = 2;\n}",
        );
        check("{ nixConfig.a = 1; b = 2; }", "{ nixConfig.a = 1; nixConfig.extra-x = [ \"new\" ]; b = 2; }");
        check("{ nixConfig.extra-x = [ ]; }", "{ nixConfig.extra-x = [ \"new\" ]; }");
    }

    #[test]
    fn a_flake_without_any_gets_it_before_its_outputs() {
        check(
            "{\n  inputs = { };\n\n  # What it is for.\n  # Really.\n  outputs = _: { };\n}\n",
            "{\n  inputs = { };\n\n  nixConfig = {\n    extra-x = [ \"new\" ];\n  };\n\n  # What it is for.\n  # Really.\n  outputs = _: { };\n}\n",
        );
        check("{ outputs = _: { }; }", "{ nixConfig = { extra-x = [ \"new\" ]; }; outputs = _: { }; }");
        check("{ a = 1; }", "{ a = 1; nixConfig.extra-x = [ \"new\" ]; }");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        let check = |text: &str, value: &str, line: usize, reason: &'static str| {
            assert_eq!(with_value(text, "extra-x", value), Err(Refusal { line, reason }), "{text}");
        };
        let set = "`nixConfig` is not written out as one attribute set";
        check("{\n  a = 1;\n  nixConfig = import ./x.nix;\n}", "new", 3, set);
        check("{\n  nixConfig = { } // b;\n}", "new", 2, set);
        check("{\n  nixConfig = {\n    extra-x = a;\n  };\n}", "new", 3, NO_LIST);
        check("{\n  nixConfig.extra-x = [ ] ++ a;\n}", "new", 2, NO_LIST);
        check("{\n  nixConfig.extra-x = \"${a}\";\n}", "new", 2, NO_LIST);
        check("{\n  nixConfig = { ${a} = 1; };\n}", "new", 2, "not every setting is understood");
        check("# a\nlet a = 1; in { }", "new", 2, "the file is not one attribute set");
        check("{ } // { }", "new", 1, "the file is not one attribute set");
        check("{ ${a} = 1; }", "new", 1, "not every binding of the file is understood");
        check("", "new", 1, "the file is not one attribute set");
        for value in ["", "a b", "a\"", "${a}", "a\\", "a\n"] {
            check("{ }", value, 1, "what is to be added cannot be written plainly");
        }
    }
}
