//! No file of the repository holds a private key or a token, in whatever form. What was found is never repeated.

use std::collections::HashSet;
use std::io::{self, Read};

use data_encoding::BASE64;
use memchr::memchr_iter;
use secret_patterns::{BEFORE, Form, Pieces, Search, Value, WAITING};

use super::{File, place};
use crate::rules::Problem;

/// So much of a file is searched at once, in bytes.
const BLOCK: usize = 256 * 1024;
/// So much of a list of signatures is looked through for its name.
const LIST: usize = 4096;

/// A secret that stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leak<'a> {
    /// The line it begins in, the first being 1.
    pub line: u32,
    /// What it is, for a person.
    pub what: &'a str,
    /// The form it stands in.
    pub form: Form,
}

/// Every line of a file that holds a key.
#[must_use]
pub fn problems(files: &[File]) -> Vec<Problem> {
    let search = search(&[]);
    files
        .iter()
        .flat_map(|file| in_text(&search, &file.text).into_iter().map(move |leak| problem(file, leak)))
        .collect()
}

/// What leaks in a text, which is in memory and so can be read.
fn in_text<'a>(search: &'a Search, text: &str) -> Vec<Leak<'a>> {
    leaks(search, &mut text.as_bytes()).unwrap_or_default()
}

fn problem(file: &File, leak: Leak<'_>) -> Problem {
    let fix = match file.tracked {
        true => "revoke it and take it out of the file; git's history keeps it, so that nothing else makes it safe"
            .to_owned(),
        false => format!("move `{}` out of the repository, or have git ignore it", file.path.display()),
    };
    Problem::new(place(&file.path, leak.line), format!("{} stands here {}", leak.what, leak.form.shown()), fix)
}

/// The search for keys and tokens, and for `values`.
#[must_use]
pub fn search(values: &[Value]) -> Search {
    Search::new(values, Some(|before, base64| is_name_of_key(before) && !is_signature(before, base64)))
}

/// Whether what ends here names a key, as in `cache.example.org-1`: what precedes a hash (`sha512:`) does not. Ed25519, by which the client
/// of caches tells keys from signatures, is too much for this program.
fn is_name_of_key(before: &[u8]) -> bool {
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && before.iter().rev().nth(digits) == Some(&b'-')
}

/// Whether the 64 bytes are those of a signature, and stand where the formats of Nix have some: behind `Sig: ` in a narinfo, and in JSON in
/// the list that is called `signatures` or `sigs`. Neither alone would do: anybody can write such a word in front of a key, and every
/// fifteenth key looks like a signature.
fn is_signature(before: &[u8], base64: &str) -> bool {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._+".contains(byte);
    let name = before.iter().rev().take_while(|byte| is_of_name(byte)).count();
    let ahead = before.get(..before.len() - name).unwrap_or_default();
    may_be_signature(base64) && (ahead.ends_with(b"Sig: ") || is_in_list_of_signatures(ahead))
}

/// RFC 8032, 5.1.7: the second half of a signature is a number below 2^252 + 2^125, of which the last byte is the highest. Of a key it is
/// a coordinate, which may be anything.
fn may_be_signature(base64: &str) -> bool {
    let bytes = BASE64.decode(base64.as_bytes()).unwrap_or_default();
    bytes.get(63).is_some_and(|highest| *highest <= 0x10)
}

/// Whether what ends here is, up to where an entry begins, a list of that name.
fn is_in_list_of_signatures(ahead: &[u8]) -> bool {
    let ahead = ahead.get(ahead.len().saturating_sub(LIST)..).unwrap_or_default();
    let Some(begin) = ahead.iter().rposition(|byte| b"[]{}".contains(byte)) else { return false };
    let is_list = ahead.get(begin) == Some(&b'[');
    // JSON in JSON has a backslash before each quote mark.
    let is_between = |byte: &u8| b"\\\":= \t\r\n".contains(byte);
    let label = ahead.get(..begin).unwrap_or_default();
    let label = label.get(..label.iter().rposition(|byte| !is_between(byte)).map_or(0, |last| last + 1));
    let word = label.unwrap_or_default().rsplit(|byte| !byte.is_ascii_alphanumeric()).next();
    is_list && matches!(word, Some(b"signatures" | b"sigs"))
}

/// What leaks in `file`: once a line, and a value, which may be in every line, once in all. A part of it at a time is in memory.
///
/// # Errors
/// When it cannot be read.
pub fn leaks<'a>(search: &'a Search, file: &mut impl Read) -> io::Result<Vec<Leak<'a>>> {
    let (mut text, mut pieces, mut begin) = (Vec::new(), Pieces::default(), 0);
    let (mut line, mut counted, mut told, mut leaks) = (1_u32, 0, HashSet::new(), Vec::new());
    loop {
        let wanted = begin + BLOCK + WAITING;
        let missing = u64::try_from(wanted - text.len()).unwrap_or(u64::MAX);
        file.by_ref().take(missing).read_to_end(&mut text)?;
        let is_last = text.len() < wanted;
        let end = if is_last { text.len() } else { begin + BLOCK };
        let mut count_to = |at: usize| {
            let lines = memchr_iter(b'\n', text.get(counted..at).unwrap_or_default()).count();
            counted = at.max(counted);
            line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            line
        };
        for found in search.within(&text, begin..end, &mut pieces) {
            let line = count_to(found.at);
            if told.insert((found.what, if found.is_value { 0 } else { line })) {
                leaks.push(Leak { line, what: found.what, form: found.form });
            }
        }
        if is_last {
            return Ok(leaks);
        }
        count_to(end);
        // What stands ahead of the next part is needed to tell what begins in it.
        text.drain(..end - BEFORE);
        (begin, counted) = (BEFORE, BEFORE);
    }
}

#[cfg(test)]
mod tests {
    use secret_patterns::{MARKS, SIGNING_KEY_EXAMPLE};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let search = search(&[]);
        let told = |leak: &Leak<'_>| format!("{}: {} {}", leak.line, leak.what, leak.form.shown());
        let found: Vec<String> = in_text(&search, text).iter().map(told).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn every_pattern_is_found_as_it_is_and_in_lines_of_base64() {
        for mark in MARKS {
            let secret = mark.example.concat();
            check(&format!("# key\n{secret}\n"), &[&format!("2: {} in plain text", mark.what)]);
            let encoded = data_encoding::BASE64.encode(format!("some words! {secret}\n").as_bytes());
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
            check(&format!("a:\n{}\n", lines.join("\n")), &[&format!("2: {} in base64", mark.what)]);
        }
    }

    #[test]
    fn signing_keys_are_told_from_signatures_by_their_name() {
        let key = SIGNING_KEY_EXAMPLE.concat();
        check(&format!("x\n{key}"), &["2: a private signing key of Nix in plain text"]);
        check(&key.replace("fleet-1", "fleet-12"), &["1: a private signing key of Nix in plain text"]);
        for name in ["fleet-", "fleet1", "sha512", "1"] {
            check(&key.replace("fleet-1", name), &[]);
        }
    }

    #[test]
    fn signatures_are_told_from_keys_by_where_they_stand_and_by_their_bytes() {
        let key = "1: a private signing key of Nix in plain text";
        let with_last = |last: u8| {
            let mut bytes: Vec<u8> = (100..164).collect();
            bytes[63] = last;
            format!("cache.example.org-1:{}", data_encoding::BASE64.encode(&bytes))
        };
        let (signature, no_signature) = (with_last(0x10), with_last(0x11));
        for (ahead, behind) in [
            ("Sig: ", "\n"),
            ("\"signatures\":[\"", "\"]"),
            ("\"signatures\": [\n  \"a-1:xyz==\",\n  \"", "\"\n]"),
            ("{\\\"sigs\\\":[\\\"", "\\\"]}"),
            ("signatures = [ \"", "\" ]"),
        ] {
            check(&format!("{ahead}{signature}{behind}"), &[]);
            let line = ahead.lines().count();
            check(&format!("{ahead}{no_signature}{behind}"), &[&key.replace('1', &line.to_string())]);
        }
        for ahead in ["", "key: ", "Sig: x ", "{\"signatures\":[],\"key\":\"", "{\"keys\":[\"", "\"sigs\":[\"x\"]\n"] {
            let line = ahead.matches('\n').count() + 1;
            check(&format!("{ahead}{signature}"), &[&key.replace('1', &line.to_string())]);
        }
    }

    #[test]
    fn what_leaks_is_told_once_a_line_and_a_value_once() {
        let token = MARKS[3].example.concat();
        let what = format!("{} in plain text", MARKS[3].what);
        check(&format!("{token} {token}\n\n{token}\n"), &[&format!("1: {what}"), &format!("3: {what}")]);
        let search = search(&[Value::new("a value".to_owned(), b"correct horse").unwrap()]);
        let found = in_text(&search, &format!("\ncorrect horse\ncorrect horse {token}\ncorrect horse"));
        let told: Vec<_> = found.iter().map(|leak| (leak.line, leak.what)).collect();
        assert_eq!(told, [(2, "a value"), (3, MARKS[3].what)]);
    }

    #[test]
    fn a_file_is_searched_in_parts_of_which_the_borders_hide_nothing() {
        let token = MARKS[3].example.concat();
        let search = search(&[]);
        for at in [0, BLOCK - 20, BLOCK, BLOCK + WAITING - 20, 2 * BLOCK - 1, 3 * BLOCK + 7] {
            let ahead = [vec![b'\n'; at], vec![b' '; 3]].concat();
            let text = [&ahead, token.as_bytes(), b"\n", &vec![b'!'; BLOCK], b"\n", token.as_bytes()].concat();
            let found = leaks(&search, &mut text.as_slice()).unwrap();
            let lines: Vec<usize> = found.iter().map(|leak| usize::try_from(leak.line).unwrap()).collect();
            assert_eq!(lines, [at + 1, at + 3], "{at}");
        }
    }

    #[test]
    fn every_key_is_a_problem_with_its_line() {
        let file = |tracked: bool| {
            let text = format!("a\n{}\n{}\n", SIGNING_KEY_EXAMPLE.concat(), MARKS[3].example.concat());
            File { path: "a/b".into(), tracked, text }
        };
        let found = problems(&[file(true)]);
        let told: Vec<_> =
            found.iter().map(|one| (one.place.as_ref().unwrap().to_string(), one.fault.as_str())).collect();
        let expected = [
            ("a/b:2".to_owned(), "a private signing key of Nix stands here in plain text"),
            ("a/b:3".to_owned(), "a token of GitHub stands here in plain text"),
        ];
        assert_eq!(told, expected);
        assert!(found[0].fix.starts_with("revoke it"));
        assert_eq!(problems(&[file(false)])[0].fix, "move `a/b` out of the repository, or have git ignore it");
    }
}
