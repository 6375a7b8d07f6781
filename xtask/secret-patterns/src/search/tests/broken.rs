//! Secrets in base64 and hexadecimal are found though the ends of lines stand inside of them, wherever those are.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};

use super::{MARKS, Search, patterns, told, values};

/// `text` with `broken` every `width` characters, the first time after `first`.
fn wrapped(text: &str, first: usize, width: usize, broken: &str) -> String {
    let (head, rest) = text.split_at(first.min(text.len()));
    let lines = rest.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap());
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join(broken)
}

fn age() -> String {
    MARKS[0].example.concat()
}

#[track_caller]
fn check(search: &Search, text: &str, expected: &str) {
    let found = told(search, text.as_bytes());
    assert!(found.len() == 1 && found[0].ends_with(&format!(": {expected}")), "{found:?} in {text}");
}

/// What secrets are called, and how they stand in `secret`'s neighbourhood.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let text = |before: &str| format!("{before}{secret} and some words behind it");
    let mut encodings: Vec<_> = ["some words!", "some words! ", "some words! !"]
        .map(|before| ("base64", BASE64.encode(text(before).as_bytes())))
        .into();
    encodings.extend([HEXLOWER, HEXUPPER].map(|hex| ("hexadecimal", hex.encode(text("words ").as_bytes()))));
    encodings
}

#[test]
fn a_break_hides_nothing_wherever_it_is() {
    let value = "correct horse\u{ff}~~?>";
    for (search, secret, what) in
        [(patterns(), age().as_str(), "a private age key"), (values(&[value.as_bytes()]), value, "value 1")]
    {
        for (name, encoded) in encodings(secret) {
            let expected = format!("{what} in {name}");
            check(&search, &encoded, &expected);
            for at in 0..encoded.len() {
                let content = wrapped(&encoded, at, encoded.len(), "\n");
                check(&search, &content, &expected);
            }
            for (width, broken) in [
                (76, "\n"),
                (60, "\r\n"),
                (64, "\n    "),
                (16, "\\n"),
                (16, "\\\\n"),
                (16, "\\\n"),
                (20, " "),
                (7, "\n"),
                (1, "\n"),
            ] {
                for first in 0..=width {
                    let content = wrapped(&encoded, first, width, broken);
                    // Blanks alone are breaks only behind a line.
                    if broken != " " || first == width {
                        check(&search, &content, &expected);
                    }
                }
            }
        }
        // As `od` and many others write bytes.
        let bytes = wrapped(&HEXLOWER.encode(format!("!{secret}").as_bytes()), 2, 2, " ");
        check(&search, &bytes, &format!("{what} in hexadecimal"));
    }
}

#[test]
fn where_it_begins_is_told() {
    let text = format!("x = \n{}", wrapped(&BASE64.encode(age().as_bytes()), 5, 8, "\r\n"));
    check(&patterns(), &text, "a private age key in base64");
    assert_eq!(told(&patterns(), text.as_bytes()), ["5: a private age key in base64"]);
    let text = format!("x = \n{}", wrapped(&BASE64.encode(format!("word: {}", age()).as_bytes()), 5, 8, "\r\n"));
    // Behind 8 characters, and a break after 5 of them.
    assert_eq!(told(&patterns(), text.as_bytes()), ["15: a private age key in base64"]);
}

#[test]
fn a_private_key_in_lines_of_base64_is_found() {
    let body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";
    let pem = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n");
    let patterns = patterns();
    for width in 4..80 {
        let text = wrapped(&BASE64.encode(pem.as_bytes()), width, width, "\n");
        check(&patterns, &text, "a private key in base64");
    }
}

#[test]
fn values_that_are_one_anothers_base64_hide_nothing() {
    let encoded = BASE64.encode(b"a value of some length");
    let search = values(&[&encoded.as_bytes()[..10], b"a value of some length"]);
    check(&search, &wrapped(&encoded, 5, 5, "\n"), "value 2 in base64");
}

#[test]
fn words_in_lines_are_no_secret() {
    let check = |text: &str| assert_eq!(told(&patterns(), text.as_bytes()), Vec::<String>::new());
    check(&wrapped(&BASE64.encode(b"AGE-SECRET-KEY-1 is how it begins, and this is how it goes on"), 5, 5, "\n"));
    // As it is, a text with breaks is another one.
    check(&wrapped(&age(), 20, 20, "\n"));
}
