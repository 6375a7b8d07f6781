//! Bytes that are listed one by one: `0x41, 0x42` and `\x41\x42` in the source of programs, and the lines of `xxd`, `hexdump -C` and
//! `od -A x -t x1`, with where they stand in front and what they are behind. All of that becomes plain hexadecimal.
//!
//! Words of two bytes in the order of the machine (`hexdump` and `od -x` without options), octal and decimal numbers are not read.

use memchr::{memchr2_iter, memmem};

use crate::pieces::Pieces;

/// As short as the shortest thing that is looked for, in hexadecimal.
const SHORTEST: usize = 8;
/// Digits that say where a line stands: those of `od`, and of files of any size.
const OFFSET: std::ops::RangeInclusive<usize> = 6..=16;
/// Letters of the longest line: 32 bytes, as they are and in hexadecimal with a blank each.
const LINE: usize = 192;

/// Takes the bytes that are listed in `text`.
pub fn list(text: &[u8], pieces: &mut Pieces) {
    for prefix in [b"0x", b"0X", b"\\x"] {
        array(text, prefix, pieces);
    }
    lines(text, pieces);
}

/// Takes bytes that each have `prefix`.
fn array(text: &[u8], prefix: &[u8; 2], pieces: &mut Pieces) {
    let mut end = 0;
    for at in memmem::find_iter(text, prefix) {
        let gap = text.get(end..at).filter(|gap| gap.iter().all(|byte| separates(*byte)));
        if gap.is_none() {
            end_stretch(pieces);
        }
        let rest = text.get(at + 2..).unwrap_or_default();
        let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits == 2 {
            pieces.push(rest.get(..2).unwrap_or_default(), at);
        }
        end = at + 2 + digits;
    }
    end_stretch(pieces);
}

/// What stands between the bytes of an array, and of a text in several parts.
fn separates(byte: u8) -> bool {
    matches!(byte, b',' | b' ' | b'\t' | b'\r' | b'\n' | b'"')
}

/// Takes the bytes of lines that say in front where they stand.
fn lines(text: &[u8], pieces: &mut Pieces) {
    let mut begin = 0;
    let mut end = 0;
    // In an archive the first line of a file stands behind its length, of whose bytes the last are 0.
    let ends = memchr2_iter(b'\n', 0, text).chain([text.len()]);
    for line_end in ends {
        let is_line = text.get(begin..begin + 4).is_some_and(|start| start.iter().all(u8::is_ascii_hexdigit))
            && line_end - begin <= LINE;
        if is_line && begin != end {
            end_stretch(pieces);
        }
        if is_line && line(text.get(begin..line_end).unwrap_or_default(), begin, pieces) {
            end = line_end + 1;
        }
        begin = line_end + 1;
    }
    end_stretch(pieces);
}

/// Takes the bytes of one line, that begins at `begin`; whether it is one.
fn line(line: &[u8], begin: usize, pieces: &mut Pieces) -> bool {
    let run = |at: usize, is: fn(&u8) -> bool| line.iter().skip(at).take_while(|byte| is(byte)).count();
    let offset = run(0, u8::is_ascii_hexdigit);
    let is_xxd = line.get(offset) == Some(&b':');
    let mut at = offset + usize::from(is_xxd);
    let mut count = 0;
    while OFFSET.contains(&offset) {
        let blanks = run(at, |byte| *byte == b' ');
        let digits = run(at + blanks, u8::is_ascii_hexdigit);
        // Behind two blanks `xxd` says what the bytes are, which may look like more of them.
        let goes_on = blanks > 0 && digits > 0 && digits % 2 == 0 && !(is_xxd && count > 0 && blanks > 1);
        let is_group = goes_on && line.get(at + blanks + digits).is_none_or(|byte| b" \r".contains(byte));
        if !is_group {
            break;
        }
        let group = line.get(at + blanks..at + blanks + digits).unwrap_or_default();
        pieces.push(group, begin + at + blanks);
        count += digits / 2;
        at += blanks + digits;
    }
    count > 0
}

fn end_stretch(pieces: &mut Pieces) {
    let (_, length) = pieces.stretch();
    pieces.end(length >= SHORTEST);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pieces::tests::stretches;

    fn check(text: &str, expected: &[(usize, &str)]) {
        let mut pieces = Pieces::default();
        list(text.as_bytes(), &mut pieces);
        assert_eq!(stretches(&pieces), expected, "{text:?}");
    }

    #[test]
    fn bytes_of_arrays_are_put_together() {
        check("", &[]);
        check("x = { 0x41, 0x47, 0x45, 0x2D };", &[(6, "4147452D")]);
        check("0x41,0x47,0x45,0x2d", &[(0, "4147452d")]);
        check("{\n  0x41, 0x47,\r\n\t0x45, 0x2d\n}; 0x41", &[(4, "4147452d")]);
        check("\"\\x41\\x47\"\n  \"\\x45\\x2d\"", &[(1, "4147452d")]);
        // Fewer bytes than are looked for, numbers of another size, and what stands apart.
        check("0x41, 0x47, 0x45", &[]);
        check("0x4147, 0x452d, 0x5345, 0x4352, 0x4554", &[]);
        check("0x41, 0x47; 0x45, 0x2d", &[]);
        check("0x41 0x47 or 0x45 0x2d", &[]);
        check("0x41, 0x47, 0x45, 0x2d, x, 0x53, 0x45, 0x43, 0x52", &[(0, "4147452d"), (27, "53454352")]);
        check("0x1, 0x, 0x", &[]);
    }

    #[test]
    fn lines_of_dumps_are_put_together() {
        check("00000000: 4147 452d 5345  AGE-SE\n00000010: 4352 4554  CRET\n", &[(10, "4147452d534543524554")]);
        check("00000000: 4147 452d  abcd ef01\n", &[(10, "4147452d")]);
        check(
            "x\n00000000  41 47 45 2d 53 45 43 52  45 54 0a                 |AGE-SECRET.|\n0000000b\n",
            &[(12, "4147452d5345435245540a")],
        );
        check("000000 41 47\n000002 45 2d\n", &[(7, "4147452d")]);
        check("0000000 41 47 45 2d  >AGE-<\r\n0000004 53 45\r\n0000006", &[(8, "4147452d5345")]);
        // No dump: no place, odd digits, another line in between, a line that is too long, and too few bytes.
        check("0000: 4147 452d\n", &[]);
        check("00000000: 414 74528 41474\n", &[]);
        check("00000000: 4147\n\n00000002: 452d\n", &[]);
        check(&format!("00000000:{}\n", " 41".repeat(70)), &[]);
        check("00000000: 4147\n", &[]);
        check("deadbeef deadbeefdeadbeef-\n", &[]);
    }
}
