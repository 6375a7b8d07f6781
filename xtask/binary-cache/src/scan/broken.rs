//! Secrets in base64 and hexadecimal are found though the ends of lines stand inside of them, wherever those are.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};

use super::mark::tests::AGE;
use super::tests::{patterns, sought};
use super::*;
use cache_protocol::ScanValue;

/// `text` with `broken` every `width` characters, the first time after `first`.
fn wrapped(text: &str, first: usize, width: usize, broken: &str) -> String {
    let (head, rest) = text.split_at(first.min(text.len()));
    let lines = rest.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap());
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join(broken)
}

/// Made once: that takes longer than to look through what is small.
fn scanner(scan: &Scan) -> Scanner {
    Scanner::new(&sought(scan).unwrap()).unwrap()
}

fn seen(scanner: &Scanner, content: &[u8], block: usize) -> Result<(), Fault> {
    let mut watch = scanner.watch("/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-app");
    content.chunks(block).try_for_each(|block| watch.see(block))?;
    watch.end()
}

fn check(scanner: &Scanner, content: &[u8], block: usize, expected: &str) {
    let fault = seen(scanner, content, block).expect_err(&String::from_utf8_lossy(content));
    assert!(fault.what.contains(&format!(" holds {expected}, ")), "{fault}");
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
    let variable = Scan { values: vec![ScanValue::Variable("TOKEN".to_owned())], ..Scan::default() };
    for (scan, secret, what) in
        [(patterns(), AGE, "a private age key"), (variable, "correct horse\u{ff}~~?>", "the value of `TOKEN`")]
    {
        let scan = scanner(&scan);
        for (name, encoded) in encodings(secret) {
            let expected = format!("{what} in {name}");
            check(&scan, encoded.as_bytes(), 1000, &expected);
            for at in 0..encoded.len() {
                let content = wrapped(&encoded, at, encoded.len(), "\n");
                check(&scan, content.as_bytes(), 1000, &expected);
            }
            for (width, broken) in
                [(76, "\n"), (60, "\r\n"), (64, "\n    "), (16, "\\n"), (20, " "), (7, "\n"), (1, "\n")]
            {
                for first in 0..=width {
                    let content = wrapped(&encoded, first, width, broken);
                    // Blanks alone are breaks only behind a line.
                    if broken != " " || first == width {
                        check(&scan, content.as_bytes(), 70, &expected);
                    }
                }
            }
        }
        // As `od` and many others write bytes.
        let bytes = wrapped(&HEXLOWER.encode(format!("!{secret}").as_bytes()), 2, 2, " ");
        check(&scan, bytes.as_bytes(), 1000, &format!("{what} in hexadecimal"));
    }
}

#[test]
fn where_it_begins_is_told() {
    let content = format!("x = \n{}", wrapped(&BASE64.encode(AGE.as_bytes()), 5, 8, "\r\n"));
    let fault = seen(&scanner(&patterns()), content.as_bytes(), 10).unwrap_err();
    assert!(fault.what.contains(", 5 bytes into its NAR"), "{fault}");
    let content = format!("x = \n{}", wrapped(&BASE64.encode(format!("word: {AGE}").as_bytes()), 5, 8, "\r\n"));
    let fault = seen(&scanner(&patterns()), content.as_bytes(), 10).unwrap_err();
    // Behind 8 characters, and a break after 5 of them.
    assert!(fault.what.contains(", 15 bytes into its NAR"), "{fault}");
}

#[test]
fn a_private_key_in_lines_of_base64_is_found() {
    let body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";
    let pem = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n");
    let patterns = scanner(&patterns());
    for width in 4..80 {
        let content = wrapped(&BASE64.encode(pem.as_bytes()), width, width, "\n");
        check(&patterns, content.as_bytes(), 1000, "a private key in base64");
    }
}

#[test]
fn borders_of_what_is_searched_at_once_hide_nothing() {
    let long = "a long value ".repeat(37);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("value"), &long).unwrap();
    let value = Scan { values: vec![ScanValue::File(folder.path().join("value"))], ..Scan::default() };
    let age = wrapped(&BASE64.encode(AGE.as_bytes()), 76, 76, "\n");
    let bytes = wrapped(&HEXLOWER.encode(long.trim().as_bytes()), 2, 2, "\r\n");
    for (scan, secret) in [(patterns(), age), (value, bytes)] {
        let scan = scanner(&scan);
        for at in (BLOCK - 100..BLOCK + BEFORE + 100).step_by(61) {
            let mut content = vec![b'!'; at];
            content.extend_from_slice(secret.as_bytes());
            content.extend_from_slice(&[b'!'; 5000]);
            let fault = seen(&scan, &content, 60_000).unwrap_err();
            assert!(fault.what.contains(&format!(", {at} bytes into")), "{at}: {fault}");
        }
    }
}

#[test]
fn values_that_are_one_anothers_base64_hide_nothing() {
    let encoded = BASE64.encode(b"a value of some length");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values");
    std::fs::write(&file, format!("{}\na value of some length\n", &encoded[..10])).unwrap();
    let scan = Scan { values: vec![ScanValue::File(file.clone())], ..Scan::default() };
    let expected = format!("the value of `{}` line 2 in base64", file.display());
    check(&scanner(&scan), wrapped(&encoded, 5, 5, "\n").as_bytes(), 1000, &expected);
}

#[test]
fn words_in_lines_are_no_secret() {
    let check = |content: &str| assert_eq!(seen(&scanner(&patterns()), content.as_bytes(), 1000), Ok(()));
    check(&wrapped(&BASE64.encode(b"AGE-SECRET-KEY-1 is how it begins, and this is how it goes on"), 5, 5, "\n"));
    // As it is, a text with breaks is another one.
    check(&wrapped(AGE, 20, 20, "\n"));
}
