//! Keys are found in what the genuine programs write that list or encode bytes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{MARKS, patterns, told, values};

/// What a program writes of `bytes`.
fn written(command: &[&str], bytes: &[u8]) -> Vec<u8> {
    let (program, arguments) = command.split_first().unwrap();
    let mut command = Command::new(program);
    let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{program}: {error}: apt-get install xxd bsdextrautils"));
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// `content` as the file it is in what a push searches: behind its length, and filled up to a multiple of eight bytes.
fn in_archive(content: &[u8]) -> Vec<u8> {
    let length = u64::try_from(content.len()).unwrap().to_le_bytes();
    let filled = vec![0; content.len().next_multiple_of(8) - content.len()];
    [b"\x08\0\0\0\0\0\0\0contents", length.as_slice(), content, &filled, b"\x01\0\0\0\0\0\0\0)\0\0\0\0\0\0\0"].concat()
}

#[test]
fn keys_in_what_programs_write_are_found() {
    let pem = "-----BEGIN OPENSSH ".to_owned()
        + "PRIVATE KEY-----\n"
        + &"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n".repeat(5);
    let (patterns, value) = (patterns(), values(&[b"correct horse battery staple"]));
    for (command, form) in [
        (&["base64"][..], "in base64"),
        (&["base64", "--wrap=64"], "in base64"),
        (&["base64", "--wrap=0"], "in base64"),
        (&["xxd", "-i"], "in hexadecimal"),
        (&["xxd", "-i", "-u"], "in hexadecimal"),
        (&["xxd"], "in hexadecimal"),
        (&["xxd", "-u", "-g1"], "in hexadecimal"),
        (&["xxd", "-g4", "-c32"], "in hexadecimal"),
        (&["xxd", "-p"], "in hexadecimal"),
        (&["hexdump", "-C"], "in hexadecimal"),
        (&["od", "-A", "x", "-t", "x1"], "in hexadecimal"),
        (&["od", "-A", "x", "-t", "x1z", "-v"], "in hexadecimal"),
        (&["od", "-t", "x1"], "in hexadecimal"),
        (&["od", "-A", "n", "-t", "x1"], "in hexadecimal"),
    ] {
        for before in ["", "x", "# a comment that is longer than a line of any of them\n"] {
            for (secret, what) in [(MARKS[0].example.concat(), "a private age key"), (pem.clone(), "a private key")] {
                let text = written(command, format!("{before}{secret}\n").as_bytes());
                for text in [in_archive(&text), text] {
                    let found = told(&patterns, &text);
                    let is_told = found.len() == 1 && found[0].ends_with(&format!(": {what} {form}"));
                    assert!(is_told, "{command:?}: {found:?} in {}", String::from_utf8_lossy(&text));
                }
            }
            let text = written(command, format!("{before}correct horse battery staple").as_bytes());
            for text in [in_archive(&text), text] {
                // What is as wide as a line stands behind it as it is.
                let found = told(&value, &text);
                let is_told = found.first().is_some_and(|found| found.ends_with(&format!(": value 1 {form}")));
                assert!(is_told, "{command:?}: {found:?} in {}", String::from_utf8_lossy(&text));
            }
        }
    }
}

#[test]
fn what_programs_write_of_talk_of_keys_is_none() {
    let talk =
        "It begins with AGE-SECRET-KEY-1, or with -----BEGIN OPENSSH PRIVATE KEY-----, or with AKIA.\n".repeat(20);
    for command in [&["base64"][..], &["xxd"], &["xxd", "-i"], &["hexdump", "-C"], &["od", "-t", "x1"]] {
        assert_eq!(told(&patterns(), &written(command, talk.as_bytes())), Vec::<String>::new(), "{command:?}");
    }
}
