//! The forms in which a text may stand in a file: as it is, in hexadecimal, in base64 wherever it begins in a group of three.

use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER, HEXUPPER};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it is.
    Plain,
    /// Two digits a byte.
    Hexadecimal,
    /// So many characters of base64 precede, in the same group of four, those that depend on the text alone.
    Base64(usize),
}

impl Form {
    /// For a person.
    #[must_use]
    pub fn shown(self) -> &'static str {
        match self {
            Self::Plain => "in plain text",
            Self::Hexadecimal => "in hexadecimal",
            Self::Base64(_) => "in base64",
        }
    }

    /// What stands before and after `at`, decoded: up to `before` and `after` characters of `text` are looked at.
    #[must_use]
    pub fn decoded(self, text: &[u8], at: usize, before: usize, after: usize) -> (Vec<u8>, Vec<u8>) {
        let start = at.saturating_sub(before);
        let end = text.len().min(at.saturating_add(after));
        let ahead = text.get(start..at).unwrap_or_default();
        let behind = text.get(at..end).unwrap_or_default();
        match self {
            Self::Plain => (ahead.to_vec(), behind.to_vec()),
            Self::Hexadecimal => {
                let run = ahead.iter().rev().take_while(|byte| byte.is_ascii_hexdigit()).count() & !1;
                (hexadecimal(ahead.get(ahead.len() - run..).unwrap_or_default()), hexadecimal(behind))
            }
            Self::Base64(partial) => {
                let group = at.saturating_sub(partial);
                let ahead = text.get(start.min(group)..group).unwrap_or_default();
                let run = ahead.iter().rev().take_while(|byte| sextet(**byte).is_some()).count() & !3;
                let decoded = base64(text.get(group..end).unwrap_or_default());
                // The bytes that the partial group begins with belong to what precedes.
                let (own, after) = decoded.split_at(decoded.len().min(partial * 6 / 8));
                let mut before = base64(ahead.get(ahead.len() - run..).unwrap_or_default());
                before.extend(own);
                (before, after.to_vec())
            }
        }
    }
}

/// Every form of `text`, of which the plain one may be two.
#[must_use]
pub fn forms(text: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let mut forms = vec![(Form::Plain, text.to_vec()), (Form::Plain, in_json(text))];
    forms.extend([HEXLOWER, HEXUPPER].map(|hex| (Form::Hexadecimal, hex.encode(text).into_bytes())));
    for encoding in [BASE64, BASE64URL] {
        forms.extend((0..3).map(|before| in_base64(&encoding, text, before)));
    }
    forms.sort_by(|one, other| one.1.cmp(&other.1).then(one.0.cmp(&other.0)));
    forms.dedup_by(|one, other| one.1 == other.1);
    forms
}

/// As it stands between the quote marks of JSON, and of most languages of programs.
fn in_json(text: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'"' | b'\\' => written.extend([b'\\', *byte]),
            b'\n' => written.extend(b"\\n"),
            b'\r' => written.extend(b"\\r"),
            b'\t' => written.extend(b"\\t"),
            _ => written.push(*byte),
        }
    }
    written
}

/// The part of a longer text in base64 that depends on `text` alone, with `before` bytes in front of it in its group of three.
fn in_base64(encoding: &Encoding, text: &[u8], before: usize) -> (Form, Vec<u8>) {
    let padded = [vec![0; before], text.to_vec()].concat();
    let encoded = encoding.encode(&padded).into_bytes();
    let (first, last) = ((8 * before).div_ceil(6), 8 * padded.len() / 6);
    (Form::Base64(first), encoded.get(first..last).unwrap_or_default().to_vec())
}

fn hexadecimal(digits: &[u8]) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let bytes = digits.chunks_exact(2).map_while(|pair| match pair {
        [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
        _ => None,
    });
    bytes.collect()
}

/// The bytes up to the first character that is no base64; breaks between lines do not count.
fn base64(text: &[u8]) -> Vec<u8> {
    let (mut bits, mut count) = (0_u32, 0);
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for value in text.iter().filter(|byte| !b"\r\n".contains(byte)).map_while(|byte| sextet(*byte)) {
        bits = (bits << 6 | value) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend(u8::try_from((bits >> count) & 0xff));
        }
    }
    bytes
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surrounds_a_text_is_decoded_in_every_form() {
        let text = b"some words AND THE MARK and more words";
        let at = text.windows(8).position(|window| window == b"THE MARK").unwrap();
        let check = |encoded: &[u8], pad: usize| {
            let found: Vec<_> = forms(b"THE MARK")
                .into_iter()
                .filter_map(|(form, needle)| {
                    let at = encoded.windows(needle.len()).position(|window| window == needle)?;
                    Some(form.decoded(encoded, at, 400, 400))
                })
                .collect();
            assert!(!found.is_empty(), "{pad}");
            for (before, after) in found {
                assert!(before.ends_with(b"words AND "), "{pad}: {}", String::from_utf8_lossy(&before));
                assert!(after.starts_with(b"THE MARK and more"), "{pad}: {}", String::from_utf8_lossy(&after));
            }
        };
        assert_eq!(at, 15);
        for pad in 0..3 {
            let padded = [&b"xx"[..pad], text].concat();
            for encoded in [BASE64, BASE64URL, HEXLOWER, HEXUPPER].map(|encoding| encoding.encode(&padded)) {
                check(encoded.as_bytes(), pad);
            }
        }
        check(text, 0);
    }

    #[test]
    fn base64_goes_on_behind_the_end_of_a_line() {
        let encoded = BASE64.encode(b"a text of some length");
        let (first, second) = encoded.split_at(11);
        assert_eq!(base64(format!("{first}\r\n{second} rest").as_bytes()), b"a text of some length");
    }
}
