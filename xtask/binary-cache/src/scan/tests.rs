//! Secrets are found wherever and however they stand, and what only looks like one is not.

use std::sync::LazyLock;

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};

use super::*;
use crate::signature::SigningKey;
use cache_protocol::{ScanValue, SecretText};
use secret_patterns::{MARKS, SIGNING_KEY_EXAMPLE};

const PATH: &str = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-app";

static AGE: LazyLock<String> = LazyLock::new(|| MARKS[0].example.concat());

fn patterns() -> Scan {
    Scan { patterns: true, ..Scan::default() }
}

fn sought(scan: &Scan) -> Result<Sought, Fault> {
    Sought::read(scan, &|name| match name {
        "TOKEN" => Some("correct horse\u{ff}~~?>\n".to_owned()),
        "SHORT" => Some("1234567".to_owned()),
        "EMPTY" => Some(" ".to_owned()),
        _ => None,
    })
}

fn seen(scan: &Scan, content: &[u8], block: usize) -> Result<(), Fault> {
    let mut watch = Scanner::new(&sought(scan)?).watch(PATH);
    content.chunks(block).try_for_each(|block| watch.see(block))?;
    watch.end()
}

fn found(content: &[u8], what: &str) {
    let fault = seen(&patterns(), content, 1000).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Secret);
    assert!(fault.what.starts_with(&format!("`{PATH}` holds {what}, ")), "{fault}");
    assert!(!fault.what.contains("QQQSY"), "{fault}");
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

fn inside(secret: &[u8]) -> Vec<u8> {
    [program(5000).as_slice(), b"\0", secret, b"\0", &program(5000)].concat()
}

#[test]
fn every_pattern_is_found_in_a_package_an_executable_and_in_lines_of_base64() {
    for mark in MARKS {
        let secret = mark.example.concat();
        found(format!("key = {secret}\n").as_bytes(), &format!("{} in plain text", mark.what));
        found(&inside(secret.as_bytes()), &format!("{} in plain text", mark.what));
        let encoded = BASE64.encode(format!("some words! {secret}\n").as_bytes());
        let lines: Vec<&str> = encoded.as_bytes().chunks(19).map(|line| std::str::from_utf8(line).unwrap()).collect();
        found(&inside(lines.join("\r\n").as_bytes()), &format!("{} in base64", mark.what));
        let listed: String = format!("{secret}\n").bytes().map(|byte| format!("0x{byte:02x}, ")).collect();
        found(&inside(listed.as_bytes()), &format!("{} in hexadecimal", mark.what));
    }
    let key = SigningKey::from_seed("fleet-1", [3; 32]).secret_text();
    assert_eq!(key, SIGNING_KEY_EXAMPLE.concat());
    found(&inside(key.as_bytes()), "a private signing key of Nix in plain text");
}

#[test]
fn every_key_that_age_makes_is_found() {
    for _ in 0..10 {
        let made = std::process::Command::new("age-keygen").output().expect("age-keygen: apt-get install age");
        found(&made.stdout, "a private age key in plain text");
    }
}

#[test]
fn what_only_looks_like_a_key_is_not_found() {
    let check = |content: &[u8]| assert_eq!(seen(&patterns(), content, 1000), Ok(()));
    check(&program(1_000_000));
    check(b"");
    check(b"AGE-SECRET-KEY-1... begins with AGE-SECRET-KEY-1");
    check(SigningKey::from_seed("fleet-1", [3; 32]).sign("1;path").as_bytes());
    // A key whose halves do not belong together.
    check(SIGNING_KEY_EXAMPLE.concat().replace("AwMDAw", "AwMDAg").as_bytes());
}

#[test]
fn blocks_hide_nothing() {
    let secret = format!("{} {} ", BASE64.encode(b"before"), *AGE);
    for block in [1, 7, 64, 4096] {
        let fault = seen(&patterns(), secret.as_bytes(), block).unwrap_err();
        assert!(fault.what.contains(", 9 bytes into"), "{fault}");
    }
    // Across the border of what is searched at once, at every place.
    let (age, key) = (AGE.clone(), SigningKey::from_seed("fleet-1", [3; 32]).secret_text());
    let lines = BASE64.encode(age.as_bytes()).replace('U', "U\n");
    for (secret, shift) in [(&age, 0), (&key, key.len() - 2), (&lines, 0)] {
        for at in (BLOCK - 100..BLOCK + BEFORE + WAITING + 100).step_by(61) {
            let mut content = vec![b'!'; at];
            content.extend_from_slice(secret.as_bytes());
            content.extend_from_slice(&[b'!'; 5000]);
            let fault = seen(&patterns(), &content, 60_000).unwrap_err();
            assert!(fault.what.contains(&format!(", {} bytes into", at + shift)), "{at}: {fault}");
        }
    }
}

#[test]
fn exact_values_are_found_in_every_form() {
    let scan = Scan { values: vec![ScanValue::Variable("TOKEN".to_owned())], ..Scan::default() };
    let secret = "correct horse\u{ff}~~?>";
    for text in [
        secret.to_owned(),
        HEXLOWER.encode(secret.as_bytes()),
        HEXUPPER.encode(secret.as_bytes()),
        BASE64.encode(secret.as_bytes()),
        BASE64.encode(format!("a{secret}").as_bytes()),
        data_encoding::BASE64URL.encode(format!("ab{secret}").as_bytes()),
    ] {
        let fault = seen(&scan, &inside(text.as_bytes()), 10).unwrap_err();
        assert!(fault.what.contains("holds the value of `TOKEN` in ") && !fault.what.contains("horse"), "{fault}");
    }
    assert_eq!(seen(&scan, b"correct horse", 10), Ok(()));
    // No patterns were asked for.
    assert_eq!(seen(&scan, AGE.as_bytes(), 10), Ok(()));
    let folder = tempfile_folder();
    let file = folder.join("values");
    std::fs::write(&file, "# a comment\n\nhunter2hunter2\n").unwrap();
    let scan = Scan { values: vec![ScanValue::File(file.clone())], ..Scan::default() };
    let fault = seen(&scan, b"x hunter2hunter2 x", 10).unwrap_err();
    assert!(fault.what.contains(&format!("holds the value of `{}` line 3 in plain text", file.display())), "{fault}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn values_that_stand_nowhere_are_found_and_not_shown() {
    let text = |number: u8| {
        let source = format!("the content of `{number}`");
        ScanValue::Text(SecretText { source, text: [b"\n\xfe", "binary secret ".as_bytes(), &[number]].concat() })
    };
    // Many of them are searched for in another way.
    for count in [1, 200] {
        let scan = Scan { values: (0..count).map(|number| text(number + 48)).collect(), ..Scan::default() };
        assert!(!format!("{scan:?}").contains("binary"));
        let secret = b"\xfebinary secret 0";
        for content in [secret.to_vec(), BASE64.encode(&[b"x".as_slice(), secret].concat()).into_bytes()] {
            let fault = seen(&scan, &inside(&content), 1000).unwrap_err();
            assert!(fault.what.contains("holds the content of `48` in ") && !fault.what.contains("secret "), "{fault}");
        }
        assert_eq!(seen(&scan, b"binary secret 0", 10), Ok(()));
    }
}

fn tempfile_folder() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("scan-values-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn what_cannot_be_looked_for_is_said() {
    let check = |scan: &Scan, expected: &str| {
        assert_eq!(sought(scan).err().map(|fault| fault.what).unwrap_or_default(), expected);
    };
    let variable = |name: &str| Scan { values: vec![ScanValue::Variable(name.to_owned())], ..Scan::default() };
    // It would be found everywhere: the others are looked for all the same.
    let both = ["SHORT", "TOKEN"].map(|name| ScanValue::Variable(name.to_owned()));
    let both = Scan { values: both.into(), ..Scan::default() };
    assert_eq!(sought(&both).unwrap().short(), ["the value of `SHORT`"]);
    assert_eq!(seen(&both, b"1234567", 10), Ok(()));
    assert!(seen(&both, "correct horse\u{ff}~~?>".as_bytes(), 10).is_err());
    check(&variable("UNSET"), "");
    check(&variable("EMPTY"), "");
    let file = Scan { values: vec![ScanValue::File("/nowhere/x".into())], ..Scan::default() };
    let what = "read `/nowhere/x`, whose values must not leave: No such file or directory (os error 2)";
    check(&file, what);
    check(&Scan { allow: vec!["(".to_owned()], ..patterns() }, "`(` in `allow`: unclosed group");
}

#[test]
fn paths_that_are_allowed_may_hold_anything() {
    let allowed = |allow: &str| Scan { allow: vec![allow.to_owned()], ..patterns() };
    assert_eq!(seen(&allowed("-app$"), AGE.as_bytes(), 10), Ok(()));
    assert!(seen(&allowed("-other$"), AGE.as_bytes(), 10).is_err());
}

#[test]
fn nothing_is_looked_for_unless_it_is_asked() {
    assert_eq!(seen(&Scan::default(), AGE.as_bytes(), 10), Ok(()));
}
