//! Base64 and hexadecimal as if nothing had broken their lines: what writes them breaks them anywhere, and so inside of a secret.
//!
//! Only stretches with a break in them are copied, so that what has none, as the bytes of a program, costs a look for breaks alone.

use memchr::memchr3_iter;

/// As short as the shortest thing that is looked for: eight bytes in base64, of which two characters depend on what is beside.
const SHORTEST: usize = 10;
/// Blanks alone separate words as well; nobody breaks lines as short as a word.
const LINE: usize = 16;

/// Text without the breaks in it, and where it came from. It is used again and again, to keep its memory.
#[derive(Default)]
pub struct Joined {
    text: Vec<u8>,
    /// Where each piece begins here, and where there.
    pieces: Vec<(usize, usize)>,
}

impl Joined {
    /// Takes the stretches of `text` that consist of characters of base64 and hexadecimal, and have breaks between them.
    pub fn take(&mut self, text: &[u8]) {
        self.text.clear();
        self.pieces.clear();
        let mut done = 0;
        for at in memchr3_iter(b'\n', b' ', b'\\', text) {
            if at < done {
                continue;
            }
            let ahead = text.get(done..at).unwrap_or_default();
            let gap = ahead.len() - ahead.iter().rev().take_while(|byte| is_blank(**byte)).count();
            let ahead = ahead.get(..gap).unwrap_or_default();
            let piece = ahead.iter().rev().take_while(|byte| is_encoded(**byte)).count();
            // A row of blanks is walked over once, and not once more from each of them.
            done = if piece > 0 { self.stretch(text, done + gap - piece, done + gap) } else { at + 1 };
        }
    }

    /// Takes the stretch that begins at `begin` and has its first break at `end`; returns where it ends.
    fn stretch(&mut self, text: &[u8], mut begin: usize, mut end: usize) -> usize {
        let (taken, pieces) = (self.text.len(), self.pieces.len());
        loop {
            self.pieces.push((self.text.len(), begin));
            self.text.extend_from_slice(text.get(begin..end).unwrap_or_default());
            let Some(next) = next_piece(text, begin, end) else { break };
            let rest = text.get(next..).unwrap_or_default();
            (begin, end) = (next, next + rest.iter().take_while(|byte| is_encoded(**byte)).count());
        }
        if self.pieces.len() == pieces + 1 || self.text.len() < taken + SHORTEST {
            self.text.truncate(taken);
            self.pieces.truncate(pieces);
        } else {
            // Nothing that is looked for goes on in another stretch.
            self.text.push(0);
        }
        end
    }

    /// The stretches, with something that is part of none behind each.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where what is at `at` here is in the text that was taken.
    #[must_use]
    pub fn origin(&self, at: usize) -> usize {
        let piece = self.pieces.partition_point(|(here, _)| *here <= at).checked_sub(1);
        piece.and_then(|piece| self.pieces.get(piece)).map_or(at, |(here, there)| there + (at - here))
    }
}

/// Where the text from `begin` to `end` goes on behind a break.
fn next_piece(text: &[u8], begin: usize, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let (mut length, mut is_line) = (0, false);
    loop {
        match rest.get(length..)? {
            [b'\n' | b'\r', ..] => (length, is_line) = (length + 1, true),
            [b' ' | b'\t', ..] => length += 1,
            // As they stand in JSON, in a derivation, in a program's source.
            [b'\\', b'n' | b'r', ..] => (length, is_line) = (length + 2, true),
            _ => break,
        }
    }
    let (before, after) = (text.get(begin..end)?, rest.get(length..)?);
    let is_byte = |bytes: &[u8]| bytes.len() > 1 && bytes.iter().all(u8::is_ascii_hexdigit);
    let bytes = || before.len() % 2 == 0 && is_byte(before) && after.get(..2).is_some_and(is_byte);
    let goes_on = length > 0 && after.first().is_some_and(|byte| is_encoded(*byte));
    (goes_on && (is_line || before.len() >= LINE || bytes())).then_some(end + length)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

fn is_encoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_with_breaks_are_joined() {
        let check = |text: &str, expected: &[(usize, &str)]| {
            let mut joined = Joined::default();
            joined.take(text.as_bytes());
            let mut at = 0;
            let found: Vec<(usize, &str)> = std::str::from_utf8(joined.text())
                .unwrap()
                .split_terminator('\0')
                .map(|stretch| {
                    let begin = joined.origin(at);
                    at += stretch.len() + 1;
                    (begin, stretch)
                })
                .collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("", &[]);
        check("abcdefghijklmnopq", &[]);
        check("= abcdefgh\nij = kl", &[(2, "abcdefghij")]);
        for broken in ["\n", "\r\n", "\r\n\t  ", " \n", "\n\n", "\\n", "\\r\\n", "\\n\n  "] {
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
}
