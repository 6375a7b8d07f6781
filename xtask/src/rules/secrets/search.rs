//! The forms in which a value may stand in a file, and where they do: as it is, in base64, in hexadecimal.

use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER, HEXUPPER};
use memchr::memmem::Finder;

/// A shorter value would be found everywhere.
const SHORTEST: usize = 8;

/// One form of one value.
pub struct Needle {
    /// What it is called: the key and the file, never the value.
    pub name: String,
    /// The form, for a person.
    pub form: &'static str,
    finder: Finder<'static>,
}

// The value is never shown, not even by accident.
impl std::fmt::Debug for Needle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.form)
    }
}

impl Needle {
    /// Where it stands first.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.finder.find(bytes)
    }
}

/// Every form of `value`; none of one that is too short to be told from anything else.
#[must_use]
pub fn needles(name: &str, value: &[u8]) -> Vec<Needle> {
    // A value that was written with a final newline leaks without it.
    let value = value.trim_ascii();
    if value.len() < SHORTEST {
        return Vec::new();
    }
    let mut forms = vec![("as it is", value.to_vec())];
    forms.extend([HEXLOWER, HEXUPPER].map(|hex| ("in hexadecimal", hex.encode(value).into_bytes())));
    for encoding in [BASE64, BASE64URL] {
        forms.extend((0..3).map(|before| ("in base64", in_base64(&encoding, value, before))));
    }
    forms.sort_by(|a, b| a.1.cmp(&b.1));
    forms.dedup_by(|a, b| a.1 == b.1);
    let needle = |(form, bytes): (&'static str, Vec<u8>)| Needle {
        name: name.to_owned(),
        form,
        finder: Finder::new(&bytes).into_owned(),
    };
    forms.into_iter().map(needle).collect()
}

/// The part of a longer text in base64 that depends on `value` alone, with `before` bytes in front of it in its group of three.
fn in_base64(encoding: &Encoding, value: &[u8], before: usize) -> Vec<u8> {
    let padded = [vec![0; before], value.to_vec()].concat();
    let encoded = encoding.encode(&padded).into_bytes();
    let (first, last) = ((8 * before).div_ceil(6), 8 * padded.len() / 6);
    encoded.get(first..last).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str, text: &[u8]) -> Vec<&'static str> {
        let mut forms: Vec<_> = needles("x", value.as_bytes())
            .iter()
            .filter(|needle| needle.find(text).is_some())
            .map(|needle| needle.form)
            .collect();
        forms.dedup();
        forms
    }

    #[test]
    fn every_form_is_found_wherever_it_stands() {
        let secret = "correct horse\u{ff}~~?>";
        assert_eq!(found(secret, format!("a {secret} b").as_bytes()), ["as it is"]);
        assert_eq!(found(&format!("{secret}\n"), secret.as_bytes()), ["as it is"]);
        assert_eq!(found(secret, HEXLOWER.encode(secret.as_bytes()).as_bytes()), ["in hexadecimal"]);
        assert_eq!(found(secret, HEXUPPER.encode(secret.as_bytes()).as_bytes()), ["in hexadecimal"]);
        for before in ["", "a", "ab", "abc"] {
            for encoding in [BASE64, BASE64URL] {
                let text = encoding.encode(format!("{before}{secret}and more").as_bytes());
                assert_eq!(found(secret, text.as_bytes()), ["in base64"], "{before}");
            }
        }
        assert_eq!(found(secret, b"correct horse"), Vec::<&str>::new());
    }

    #[test]
    fn short_values_are_not_looked_for() {
        assert!(needles("x", b"1234567").is_empty() && !needles("x", b"12345678").is_empty());
    }

    #[test]
    fn a_value_is_named_and_never_shown() {
        let shown: Vec<String> = needles("key", b"12345678").iter().map(|needle| format!("{needle:?}")).collect();
        assert!(shown.contains(&"key as it is".to_owned()) && shown.contains(&"key in base64".to_owned()), "{shown:?}");
        assert!(!shown.concat().contains("12345678"));
    }

    #[test]
    fn a_value_that_differs_at_either_end_is_another() {
        for other in ["borrect horse battery staple", "correct horse battery stapl!"] {
            for before in ["", "a", "ab"] {
                let text = BASE64.encode(format!("{before}{other}").as_bytes());
                assert_eq!(
                    found("correct horse battery staple", text.as_bytes()),
                    Vec::<&str>::new(),
                    "{before}{other}"
                );
            }
        }
    }
}
