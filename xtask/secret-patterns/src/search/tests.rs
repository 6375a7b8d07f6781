//! Secrets are found wherever and however they stand, and what only looks like one is not.

mod broken;
mod listed;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

use super::*;

/// Looks for keys and tokens.
pub fn patterns() -> Search {
    Search::new(&[], Some(|before, _| !before.ends_with(b"signature-1")))
}

/// Looks for these values alone.
pub fn values(values: &[&[u8]]) -> Search {
    let value = |(text, number): (&&[u8], i32)| Value::new(format!("value {number}"), text);
    Search::new(&values.iter().zip(1..).filter_map(value).collect::<Vec<_>>(), None)
}

/// What is found, one word each: `12: a private key in base64`.
pub fn told(search: &Search, text: &[u8]) -> Vec<String> {
    search.all(text).iter().map(|one| format!("{}: {} {}", one.at, one.what, one.form.shown())).collect()
}

/// Something like the bytes of a program.
fn program(size: usize) -> Vec<u8> {
    let mut number = 1_u32;
    let mut next = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number.to_be_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}

#[test]
fn every_pattern_is_found_in_every_form() {
    let search = patterns();
    for mark in MARKS {
        let secret = mark.example.concat();
        let ahead = mark.example.concat().find(mark.text).unwrap();
        for before in ["", "a ", "ab ", "abc "] {
            let text = format!("{before}{secret}\n and more");
            assert_eq!(
                told(&search, text.as_bytes()),
                [format!("{}: {} in plain text", before.len() + ahead, mark.what)]
            );
            let check = |encoded: String, form: &str| {
                let found = search.all(&[program(5000).as_slice(), b"\0", encoded.as_bytes(), b"\0"].concat());
                let found: Vec<_> = found.iter().map(|one| (one.what, one.form.shown())).collect();
                assert_eq!(found, [(mark.what, form)], "{before}{}", mark.text);
            };
            check(HEXLOWER.encode(text.as_bytes()), "in hexadecimal");
            check(HEXUPPER.encode(text.as_bytes()), "in hexadecimal");
            check(BASE64.encode(text.as_bytes()), "in base64");
            check(BASE64URL.encode(text.as_bytes()), "in base64");
        }
    }
    let key = signing_key::EXAMPLE.concat();
    assert_eq!(told(&search, key.as_bytes()), ["94: a private signing key of Nix in plain text"]);
    assert_eq!(told(&search, key.replace("fleet-1", "signature-1").as_bytes()), Vec::<String>::new());
}

#[test]
fn values_are_found_in_every_form() {
    let secret = "correct horse\u{ff}~~?>";
    let search = values(&[secret.as_bytes()]);
    for text in [secret.to_owned(), format!("a {secret} b")] {
        assert!(told(&search, text.as_bytes())[0].ends_with(": value 1 in plain text"), "{text}");
        for hexadecimal in [HEXLOWER, HEXUPPER] {
            let encoded = hexadecimal.encode(text.as_bytes());
            assert!(told(&search, encoded.as_bytes())[0].ends_with(": value 1 in hexadecimal"), "{text}");
        }
    }
    for before in ["", "a", "ab", "abc"] {
        for encoding in [BASE64, BASE64URL] {
            let text = encoding.encode(format!("{before}{secret}and more").as_bytes());
            assert!(told(&search, text.as_bytes())[0].ends_with(": value 1 in base64"), "{before}");
        }
    }
    assert_eq!(told(&search, b"correct horse"), Vec::<String>::new());
    // No patterns were asked for.
    assert_eq!(told(&search, MARKS[0].example.concat().as_bytes()), Vec::<String>::new());
    assert!(values(&[]).is_empty() && values(&[b"1234567"]).is_empty() && !patterns().is_empty());
}

#[test]
fn values_are_found_where_json_escapes_them() {
    let search = values(&[b"correct \"horse\"\n\tbattery\r\nC:\\staple\n"]);
    let text = r#"{"a": "x correct \"horse\"\n\tbattery\r\nC:\\staple\n"}"#;
    assert_eq!(told(&search, text.as_bytes()), ["9: value 1 in plain text"]);
}

#[test]
fn a_value_that_differs_at_either_end_is_another() {
    let search = values(&[b"correct horse battery staple"]);
    for other in ["borrect horse battery staple", "correct horse battery stapl!"] {
        for before in ["", "a", "ab"] {
            let text = BASE64.encode(format!("{before}{other}").as_bytes());
            assert_eq!(told(&search, text.as_bytes()), Vec::<String>::new(), "{before}{other}");
        }
    }
}

#[test]
fn everything_in_one_text_is_found() {
    let text = b"a value of one, a value of two, of which one hides none: a value of one";
    let search = values(&[b"a value of two", b"value of one", b"a value of one", b"a value of one, a value"]);
    let expected = [
        "0: value 3 in plain text",
        "0: value 4 in plain text",
        "2: value 2 in plain text",
        "16: value 1 in plain text",
        "57: value 3 in plain text",
        "59: value 2 in plain text",
    ];
    assert_eq!(told(&search, text), expected);
    // However many there are, and whatever they begin with.
    let many: Vec<Vec<u8>> = (0..3000_u32).map(|number| format!("{number:05} is a value").into_bytes()).collect();
    let search = values(&many.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!(
        told(&search, b"x02999 is a value, 00007 is a value"),
        ["1: value 3000 in plain text", "19: value 8 in plain text"]
    );
    // A mark that is none does not hide the one that begins inside of it.
    let key = MARKS[0].example.concat();
    let text = format!("AGE-SECRET-KEY-1AKIA AGE-SECRET-KEY-1{key}");
    assert_eq!(told(&patterns(), text.as_bytes()), ["37: a private age key in plain text"]);
}

#[test]
fn what_only_looks_like_a_key_is_not_found() {
    let check = |text: &[u8]| assert_eq!(told(&patterns(), text), Vec::<String>::new());
    check(&program(1_000_000));
    check(b"");
    check(b"AGE-SECRET-KEY-1... begins with AGE-SECRET-KEY-1");
    check(BASE64.encode(b"AGE-SECRET-KEY-1 is how it begins").as_bytes());
    check(b"-----BEGIN OPENSSH PRIVATE KEY-----\0-----END OPENSSH PRIVATE KEY-----\0");
    check(BASE64.encode(&program(100_000)).as_bytes());
    check(HEXLOWER.encode(&program(100_000)).as_bytes());
}

#[test]
fn what_begins_in_a_range_is_found_there_alone() {
    let (key, listed) = (signing_key::EXAMPLE.concat(), HEXLOWER.encode(b"\ncorrect horse").replace('6', "6\n"));
    let check = |search: &Search, secret: &str, shift: usize| {
        let text = format!("{:20}{secret}{:20}", "", "");
        let (at, mut pieces) = (20 + shift, Pieces::default());
        for (range, expected) in
            [(0..at, 0), (at..at + 1, 1), (0..at + 1, 1), (at..text.len(), 1), (at + 1..text.len(), 0)]
        {
            assert_eq!(
                search.within(text.as_bytes(), range.clone(), &mut pieces).len(),
                expected,
                "{range:?}: {secret}"
            );
        }
    };
    check(&patterns(), &MARKS[0].example.concat(), 0);
    check(&patterns(), &key, key.len() - 2);
    check(&values(&[b"correct horse"]), "correct horse", 0);
    check(&values(&[b"correct horse"]), &listed, 2);
}

#[test]
fn borders_of_what_is_searched_at_once_hide_nothing() {
    let (age, key) = (MARKS[0].example.concat(), signing_key::EXAMPLE.concat());
    let long = "a long value ".repeat(36);
    let listed: String = long.trim().bytes().map(|byte| format!("0x{byte:02x},\n")).collect();
    let broken: String = HEXLOWER.encode(long.trim().as_bytes()).chars().flat_map(|digit| [digit, '\n']).collect();
    let (patterns, values) = (patterns(), values(&[long.as_bytes()]));
    for (search, secret, shift) in [
        (&patterns, &age, 0),
        (&patterns, &key, key.len() - 2),
        (&values, &long, 0),
        (&values, &listed, 0),
        (&values, &broken, 0),
    ] {
        for at in (BLOCK - 100..BLOCK + 100).chain([2 * BLOCK - 1, 2 * BLOCK]).step_by(13) {
            let mut text = vec![b'!'; at];
            text.extend_from_slice(secret.as_bytes());
            text.extend_from_slice(&[b'!'; 5000]);
            let found: Vec<usize> = search.all(&text).iter().map(|one| one.at).collect();
            assert_eq!(found, [at + shift], "{at}: {secret}");
        }
    }
}
