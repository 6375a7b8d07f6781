//! The header of an age file: for how many it was made, and for whom as far as that can be told without a key.
//!
//! Format: age-encryption.org/v1; `-> TYPE ARGUMENTS`, a body in base64, `--- MAC`.

use data_encoding::{BASE64, BASE64_NOPAD};
use hmac_sha256::Hash;

/// Somebody who can open the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    /// `X25519`, `ssh-ed25519`, …
    pub kind: String,
    /// What follows it.
    pub arguments: Vec<String>,
}

/// Who can open an armored age file; `None` if it is none.
#[must_use]
pub fn stanzas(armored: &str) -> Option<Vec<Stanza>> {
    let body = armored.trim().strip_prefix("-----BEGIN AGE ENCRYPTED FILE-----")?;
    let body: String = body.strip_suffix("-----END AGE ENCRYPTED FILE-----")?.split_whitespace().collect();
    let bytes = BASE64.decode(body.as_bytes()).ok()?;
    let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| std::str::from_utf8(line).ok());
    if lines.next()?? != "age-encryption.org/v1" {
        return None;
    }
    let mut found = Vec::new();
    loop {
        let line = lines.next()??;
        if line.starts_with("---") {
            return Some(found);
        }
        if let Some(stanza) = line.strip_prefix("-> ") {
            let mut words = stanza.split(' ').map(str::to_owned);
            let (kind, arguments) = (words.next()?, words.collect());
            // Grease is there so that readers learn to ignore what they do not know.
            if !kind.ends_with("-grease") {
                found.push(Stanza { kind, arguments });
            }
        }
    }
}

/// Whether `stanza` can be one for `recipient`; a kind of recipient that is not known can be anything.
#[must_use]
pub fn fits(stanza: &Stanza, recipient: &str) -> bool {
    let mut words = recipient.split_whitespace();
    match (words.next().unwrap_or_default(), words.next()) {
        (kind @ ("ssh-ed25519" | "ssh-rsa"), Some(key)) => {
            stanza.kind == kind && stanza.arguments.first().is_some_and(|tag| Some(tag) == ssh_tag(key).as_ref())
        }
        (native, None) if native.starts_with("age1pq1") => stanza.kind == "mlkem768x25519",
        // A recipient of a plugin has a second `1` behind the plugin's name: `age1yubikey1…`.
        (native, None) if native.starts_with("age1") && native.rfind('1') == Some(3) => stanza.kind == "X25519",
        _ => true,
    }
}

/// How age names an SSH key: the first four bytes of its hash.
fn ssh_tag(key: &str) -> Option<String> {
    let wire = BASE64.decode(key.as_bytes()).ok()?;
    Some(BASE64_NOPAD.encode(Hash::hash(&wire).get(..4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armored(header: &str) -> String {
        let body = BASE64.encode(header.as_bytes());
        format!("-----BEGIN AGE ENCRYPTED FILE-----\n{body}\n-----END AGE ENCRYPTED FILE-----\n")
    }

    #[test]
    fn stanzas_are_counted_without_grease() {
        let check = |header: &str, expected: Option<usize>| {
            assert_eq!(stanzas(&armored(header)).map(|stanzas| stanzas.len()), expected, "{header}");
        };
        let one = "age-encryption.org/v1\n-> X25519 abc\nbody\n";
        check(&format!("{one}--- mac\n"), Some(1));
        check(&format!("{one}-> X25519 def\nbody\n--- mac\n"), Some(2));
        check(&format!("{one}-> 3f-grease a\nbody\n--- mac\n"), Some(1));
        check(one, None);
        check("age-encryption.org/v2\n--- mac\n", None);
        assert_eq!(stanzas("x"), None);
    }

    #[test]
    fn stanzas_fit_their_recipient() {
        let check = |kind: &str, argument: &str, recipient: &str, expected: bool| {
            let stanza = Stanza { kind: kind.to_owned(), arguments: vec![argument.to_owned()] };
            assert_eq!(fits(&stanza, recipient), expected, "{kind} {recipient}");
        };
        check("X25519", "a", "age15enughye", true);
        check("ssh-ed25519", "a", "age15enughye", false);
        check("mlkem768x25519", "a", "age1pq1qqqq", true);
        check("X25519", "a", "age1pq1qqqq", false);
        check("piv-p256", "a", "age1yubikey1qqqq", true);
        // echo -n abc | sha256sum: ba7816bf
        check("ssh-ed25519", "ungWvw", "ssh-ed25519 YWJj ada@web", true);
        check("ssh-ed25519", "ungWvw", "ssh-ed25519 YWJk ada@web", false);
        check("ssh-rsa", "ungWvw", "ssh-ed25519 YWJj", false);
    }
}
