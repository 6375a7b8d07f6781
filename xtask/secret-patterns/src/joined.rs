//! Base64 and hexadecimal as if nothing had broken their lines: what writes them breaks them anywhere, and so inside of a secret.
//!
//! Only stretches with a break in them are copied, so that what has none, as the bytes of a program, costs a look for breaks alone.

use memchr::memchr3_iter;

use crate::pieces::Pieces;

/// As short as the shortest thing that is looked for: eight bytes in base64, of which two characters depend on what is beside.
const SHORTEST: usize = 10;
/// Blanks alone separate words as well; nobody breaks lines as short as a word.
const LINE: usize = 16;

/// Takes the stretches of `text` that consist of characters of base64 and hexadecimal, and have breaks between them.
pub fn join(text: &[u8], pieces: &mut Pieces) {
    let mut done = 0;
    for at in memchr3_iter(b'\n', b' ', b'\\', text) {
        if at < done || !may_break(text, at) {
            continue;
        }
        let ahead = text.get(done..at).unwrap_or_default();
        let gap = ahead.len() - ahead.iter().rev().take_while(|byte| is_blank(**byte)).count();
        let ahead = ahead.get(..gap).unwrap_or_default();
        let piece = ahead.iter().rev().take_while(|byte| is_encoded(**byte)).count();
        // The letter of a written break is none of it.
        let first = done + gap - piece;
        let written = first.checked_sub(1).and_then(|start| text.get(start..=first));
        let piece = if piece > 0 && matches!(written, Some(b"\\n" | b"\\r")) { piece - 1 } else { piece };
        // A row of blanks is walked over once, and not once more from each of them.
        done = if piece > 0 { stretch(text, done + gap - piece, done + gap, pieces) } else { at + 1 };
    }
}

/// Whether what stands at `at` may be the first of a break, by a look at its neighbours: most blanks only separate words, and are too many
/// for more. It only spares work.
fn may_break(text: &[u8], at: usize) -> bool {
    let (ahead, behind) = text.split_at(at);
    let is = |byte: Option<&u8>, of: fn(u8) -> bool| byte.is_some_and(|byte| of(*byte));
    if !is(ahead.last(), |byte| is_encoded(byte) || matches!(byte, b'\t' | b'\r')) {
        return false;
    }
    match behind {
        [b' ', next, ..] if is_encoded(*next) => {
            let is_byte =
                || ahead.iter().rev().take(2).chain(behind.get(1..3).unwrap_or_default()).all(u8::is_ascii_hexdigit);
            is_byte() || ahead.len() >= LINE && ahead.iter().rev().take(LINE).all(|byte| is_encoded(*byte))
        }
        [b' ', next, ..] => is_blank(*next) || matches!(next, b'\n' | b'\\'),
        [b'\\', next, ..] => matches!(next, b'n' | b'r' | b'\\' | b'\n' | b'\r'),
        _ => true,
    }
}

/// Takes the stretch that begins at `begin` and has its first break at `end`; returns where the break behind it ends, so that a row of
/// breaks is walked over once.
fn stretch(text: &[u8], mut begin: usize, mut end: usize, pieces: &mut Pieces) -> usize {
    loop {
        pieces.push(text.get(begin..end).unwrap_or_default(), begin);
        let (next, goes_on) = behind_break(text, begin, end);
        if !goes_on {
            let (count, length) = pieces.stretch();
            pieces.end(count > 1 && length >= SHORTEST);
            return next;
        }
        let rest = text.get(next..).unwrap_or_default();
        (begin, end) = (next, next + rest.iter().take_while(|byte| is_encoded(**byte)).count());
    }
}

/// Where the break behind the text from `begin` to `end` ends, and whether that text goes on there.
fn behind_break(text: &[u8], begin: usize, end: usize) -> (usize, bool) {
    let rest = text.get(end..).unwrap_or_default();
    let (mut length, mut is_line) = (0, false);
    loop {
        match rest.get(length..).unwrap_or_default() {
            [b'\n' | b'\r', ..] => (length, is_line) = (length + 1, true),
            [b' ' | b'\t', ..] => length += 1,
            rest => match written_break(rest) {
                0 => break,
                written => (length, is_line) = (length + written, true),
            },
        }
    }
    let before = text.get(begin..end).unwrap_or_default();
    let after = rest.get(length..).unwrap_or_default();
    let is_byte = |bytes: &[u8]| bytes.len() > 1 && bytes.iter().all(u8::is_ascii_hexdigit);
    let bytes = || before.len() % 2 == 0 && is_byte(before) && after.get(..2).is_some_and(is_byte);
    let goes_on = length > 0 && after.first().is_some_and(|byte| is_encoded(*byte));
    (end + length, goes_on && (is_line || before.len() >= LINE || bytes()))
}

/// How long the break is that `rest` begins with, as it is written in JSON, in a derivation, in a program's source, with as many backslashes
/// as one is in another; 0 for none. A backslash at the end of a line, which goes on below, is one too.
fn written_break(rest: &[u8]) -> usize {
    let backslashes = rest.iter().take_while(|byte| **byte == b'\\').count();
    match rest.get(backslashes) {
        Some(b'n' | b'r' | b'\n' | b'\r') if backslashes > 0 => backslashes + 1,
        _ => 0,
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

fn is_encoded(byte: u8) -> bool {
    ENCODED.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The characters of base64, of either sort, and of hexadecimal.
static ENCODED: [bool; 256] = {
    let mut encoded = [false; 256];
    let mut byte = 0;
    while byte < encoded.len() {
        encoded[byte] = matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    encoded
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pieces::tests::stretches;

    #[test]
    fn stretches_with_breaks_are_joined() {
        let check = |text: &str, expected: &[(usize, &str)]| {
            let mut pieces = Pieces::default();
            join(text.as_bytes(), &mut pieces);
            let found = stretches(&pieces);
            assert_eq!(found, expected, "{text:?}");
        };
        check("", &[]);
        check("abcdefghijklmnopq", &[]);
        check("= abcdefgh\nij = kl", &[(2, "abcdefghij")]);
        // The letter of a break that is written is no part of what follows.
        check("!\\nabcdefghi\\r\\nj", &[(3, "abcdefghij")]);
        for broken in [
            "\n",
            "\r\n",
            "\r\n\t  ",
            " \n",
            "\n\n",
            "\\n",
            "\\r\\n",
            "\\n\n  ",
            "\\\\n",
            "\\\\\\\\r\\\\\\\\n",
            "\\\n  ",
        ] {
            check(&format!("\"+/-_EFGHI{broken}J{broken}k=="), &[(1, "+/-_EFGHIJk")]);
        }
        // Too short for anything, and ended by what is no part of it.
        check("abcdefgh\ni", &[]);
        check("abcdefghi!\nj", &[]);
        check("abcdefghi\n!j", &[]);
        check("abcdefghi\\j", &[]);
        check("\nabcdefghij\n", &[]);
        // Words are no lines, lines and bytes are.
        check("some words in a row", &[]);
        check("abcdefghijklmno pqr", &[]);
        check("abcdefghijklmnop qr", &[(0, "abcdefghijklmnopqr")]);
        check("x 41 47 45 2d 53 45\n 2d4b", &[(2, "4147452d53452d4b")]);
        check("x 41 47 45 2d 53 453 2d", &[(2, "4147452d53453")]);
        check("abcde\nfghij\n!\nklmno\npqrst", &[(0, "abcdefghij"), (14, "klmnopqrst")]);
    }

    #[test]
    fn a_row_of_breaks_is_walked_over_once() {
        for (broken, behind) in [
            ("\\n", "!"),
            ("\\r", ""),
            ("\\r\\n", "\\"),
            ("\n", "!"),
            (" ", "!"),
            ("\\\\n", "\\\\!"),
            ("\t ", "a"),
            ("\r", ""),
        ] {
            let row = format!("c{}", broken.repeat(1000));
            let mut pieces = Pieces::default();
            assert_eq!(
                stretch(format!("{row}{behind}").as_bytes(), 0, 1, &mut pieces),
                row.len(),
                "{broken:?}{behind}"
            );
            assert_eq!(pieces.text(), b"", "{broken:?}{behind}");
        }
    }
}
