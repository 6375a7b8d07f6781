//! Lines of our own within a file of somebody else's, between two marks: put in, found again, taken out without a trace.
//!
//! The first mark says what taking the lines out has to know besides, so that the file becomes again, byte for byte, what it was.

use anyhow::{Result, bail};

const BEGIN: &str = "# >>> cargo xtask cache setup";
const END: &str = "# <<< cargo xtask cache setup";
/// There was no file.
const MADE: &str = " (made this file)";
/// The last line above had no end, and was given one.
const ENDED: &str = " (ended the line above)";

/// Where new lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Before everything else: in a netrc, the first entry that fits wins.
    First,
    /// After everything else, but before this line if it is the last that says something: in a nix.conf, what comes later wins.
    LastButBefore(&'static str),
}

/// A text in three parts: what is above our lines, our lines with their marks, and what is below.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    above: &'a str,
    first_mark: &'a str,
    below: &'a str,
}

/// The parts of a text that holds our lines.
fn parts(text: &str) -> Result<Option<Parts<'_>>> {
    let mut at = 0;
    let mut begun: Option<(usize, &str)> = None;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        if line.starts_with(BEGIN) {
            if begun.is_some() || found.is_some() {
                bail!("line {} begins what `cargo xtask cache setup` wrote a second time", number(text, start));
            }
            begun = Some((start, line.trim_end()));
        } else if line.starts_with(END) {
            let Some((from, first_mark)) = begun.take() else {
                bail!("line {} ends what `cargo xtask cache setup` wrote, and nothing begins it", number(text, start));
            };
            found = Some(Parts { above: &text[..from], first_mark, below: &text[end..] });
        }
    }
    if let Some((from, _)) = begun {
        bail!("line {} begins what `cargo xtask cache setup` wrote, and nothing ends it", number(text, from));
    }
    Ok(found)
}

fn number(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The text with `lines` of ours: in the place of those that were there before, if what is below leaves them in force by
/// `tolerates`, else where they belong.
///
/// # Errors
/// When the marks in the text are no pair.
pub fn put(text: Option<&str>, lines: &[String], place: Where, tolerates: fn(&str) -> bool) -> Result<String> {
    let ours = |mark: &str| format!("{BEGIN}{mark}\n{}\n{END}\n", lines.join("\n"));
    let Some(text) = text else { return Ok(ours(MADE)) };
    if let Some(parts) = parts(text)? {
        if tolerates(parts.below) {
            let mark = parts.first_mark.trim_start_matches(BEGIN);
            return Ok(format!("{}{}{}", parts.above, ours(mark), parts.below));
        }
        return put(Some(&joined(&parts)), lines, place, tolerates);
    }
    let at = match place {
        Where::First => 0,
        Where::LastButBefore(line) => before_last(text, line),
    };
    let (above, below) = text.split_at(at);
    let unended = !above.is_empty() && !above.ends_with('\n');
    Ok(if unended { format!("{above}\n{}{below}", ours(ENDED)) } else { format!("{above}{}{below}", ours("")) })
}

/// Where `line` begins, if it is the last that says something, else the end.
fn before_last(text: &str, line: &str) -> usize {
    let mut at = text.len();
    for last in text.split_inclusive('\n').rev() {
        at -= last.len();
        let said = last.trim();
        if said == line {
            return at;
        }
        if !said.is_empty() && !said.starts_with('#') {
            break;
        }
    }
    text.len()
}

fn joined(parts: &Parts<'_>) -> String {
    // What somebody wrote below since stays on lines of its own.
    let ended = parts.first_mark.ends_with(ENDED) && parts.below.is_empty();
    let above = if ended { parts.above.strip_suffix('\n').unwrap_or(parts.above) } else { parts.above };
    format!("{above}{}", parts.below)
}

/// What a text becomes without our lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Without {
    /// It has none.
    Same,
    /// This text.
    Text(String),
    /// Nothing: the file was made for them.
    NoFile,
}

/// Takes our lines out.
///
/// # Errors
/// When the marks in the text are no pair.
pub fn take_out(text: &str) -> Result<Without> {
    let Some(parts) = parts(text)? else { return Ok(Without::Same) };
    let rest = joined(&parts);
    Ok(if rest.is_empty() && parts.first_mark.ends_with(MADE) { Without::NoFile } else { Without::Text(rest) })
}

/// The text without our lines, to look at what others wrote.
///
/// # Errors
/// When the marks in the text are no pair.
pub fn of_others(text: &str) -> Result<String> {
    Ok(parts(text)?.map_or_else(|| text.to_owned(), |parts| joined(&parts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INCLUDE: &str = "!include xtask.conf";

    fn lines(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn put_last(text: Option<&str>, words: &[&str]) -> Result<String> {
        put(text, &lines(words), Where::LastButBefore(INCLUDE), |below| !below.contains("substituters ="))
    }

    #[test]
    fn put_in_once_and_taken_out_without_a_trace() {
        let check = |before: Option<&str>, place: Where, expected: &str| {
            let ours = "# >>> cargo xtask cache setup{}\na = b\n# <<< cargo xtask cache setup\n";
            let (mark, rest) = expected.split_once('|').unwrap();
            let expected = rest.replace('@', &ours.replace("{}", mark));
            let put_in = |text: Option<&str>, value: &str| put(text, &lines(&[value]), place, |_| true).unwrap();
            let after = put_in(before, "a = b");
            assert_eq!(after, expected, "{before:?}");
            assert_eq!(put_in(Some(&after), "a = b"), after, "a second time changes nothing");
            let other = put_in(Some(&after), "c = d");
            assert_eq!(other, after.replace("a = b", "c = d"));
            let back = before.map_or(Without::NoFile, |before| Without::Text(before.to_owned()));
            assert_eq!(take_out(&after).unwrap(), back);
            assert_eq!(take_out(&other).unwrap(), back);
            assert_eq!(take_out(before.unwrap_or_default()).unwrap(), Without::Same);
        };
        let last = Where::LastButBefore(INCLUDE);
        check(None, last, " (made this file)|@");
        check(None, Where::First, " (made this file)|@");
        check(Some(""), last, "|@");
        check(Some("x = y\n"), last, "|x = y\n@");
        check(Some("x = y"), last, " (ended the line above)|x = y\n@");
        check(Some("x = y\n\n# end\n"), last, "|x = y\n\n# end\n@");
        check(Some("x = y\n!include xtask.conf\n"), last, "|x = y\n@!include xtask.conf\n");
        check(Some("!include xtask.conf"), last, "|@!include xtask.conf");
        check(Some("!include xtask.conf\nx = y\n"), last, "|!include xtask.conf\nx = y\n@");
        check(Some("machine a password b"), Where::First, "|@machine a password b");
    }

    #[test]
    fn what_others_wrote_since_stays() {
        let check = |before: Option<&str>, added: &str, expected: &str| {
            let after = put_last(before, &["a = b"]).unwrap() + added;
            assert_eq!(take_out(&after).unwrap(), Without::Text(expected.to_owned()));
            assert_eq!(of_others(&after).unwrap(), expected);
            assert_eq!(put_last(Some(&after), &["a = b"]).unwrap(), after);
        };
        check(None, "x = y\n", "x = y\n");
        check(Some("x = y"), "z = 1\n", "x = y\nz = 1\n");
        check(Some("x = y\n"), "z = 1", "x = y\nz = 1");
    }

    #[test]
    fn lines_that_would_be_discarded_move_below() {
        let after = put_last(Some("x = y"), &["a = b"]).unwrap() + "substituters = c\n";
        let moved = put_last(Some(&after), &["a = b"]).unwrap();
        assert!(moved.starts_with("x = y\nsubstituters = c\n# >>>"), "{moved}");
        assert_eq!(take_out(&moved).unwrap(), Without::Text("x = y\nsubstituters = c\n".to_owned()));
    }

    #[test]
    fn marks_that_are_no_pair_are_refused() {
        let check = |text: &str, expected: &str| {
            for error in [take_out(text).unwrap_err(), put_last(Some(text), &["a"]).unwrap_err()] {
                assert!(error.to_string().starts_with(expected), "{error}");
            }
        };
        let (begin, end) = (format!("{BEGIN}\n"), format!("{END}\n"));
        check(&format!("x\n{begin}y\n"), "line 2 begins what `cargo xtask cache setup` wrote, and nothing ends it");
        check(&format!("x\ny\n{end}"), "line 3 ends what");
        check(&format!("{begin}{begin}{end}"), "line 2 begins what `cargo xtask cache setup` wrote a second time");
        check(&format!("{begin}{end}{begin}{end}"), "line 3 begins what `cargo xtask cache setup` wrote a second time");
    }
}
