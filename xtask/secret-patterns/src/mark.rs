//! What keys and tokens look like: the text by which each is found, and what must be around it for it to be one.

/// One sort of secret.
#[derive(Debug)]
pub struct Mark {
    /// What it is.
    pub what: &'static str,
    /// What every one of them holds.
    pub text: &'static str,
    /// Whether it is one, by what precedes the mark and what begins with it.
    pub confirm: fn(before: &[u8], from: &[u8]) -> bool,
    /// One that opens nothing, for tests; in parts, so that no scanner finds it here.
    pub example: [&'static str; 3],
}

/// All of them but Nix's signing keys, which have no text in common. They are told closely from what only looks like one: there is
/// much of that in binaries.
pub const MARKS: [Mark; 13] = [
    // Of the 32 bytes 0, 1, 2 … 31.
    Mark {
        what: "a private age key",
        text: "AGE-SECRET-KEY-1",
        confirm: |_, from| bech32("age-secret-key-", from),
        example: ["AGE-SECRET-", "KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG", ""],
    },
    Mark {
        what: "a private age key",
        text: "AGE-SECRET-KEY-PQ-1",
        confirm: post_quantum,
        example: ["AGE-SECRET-", "KEY-PQ-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG", ""],
    },
    Mark {
        what: "a private key",
        text: "PRIVATE KEY-----",
        confirm: pem,
        example: ["-----BEGIN OPENSSH ", "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v", "bmUAAAAEbm9uZQ\n"],
    },
    Mark { what: GITHUB, text: "ghp_", confirm: github, example: ["ghp", "_", ALPHANUMERIC] },
    Mark { what: GITHUB, text: "gho_", confirm: github, example: ["gho", "_", ALPHANUMERIC] },
    Mark { what: GITHUB, text: "ghu_", confirm: github, example: ["ghu", "_", ALPHANUMERIC] },
    Mark { what: GITHUB, text: "ghr_", confirm: github, example: ["ghr", "_", ALPHANUMERIC] },
    Mark { what: GITHUB, text: "ghs_", confirm: installation, example: ["ghs", "_", ALPHANUMERIC] },
    Mark {
        what: GITHUB,
        text: "github_pat_",
        confirm: fine_grained,
        example: ["github_pat", "_0aB1cD2eF3gH4iJ5kL6mN7_0aB1cD2eF3gH4iJ5kL6mN7o", ALPHANUMERIC],
    },
    Mark { what: "a token of GitLab", text: "glpat-", confirm: gitlab, example: ["glpat", "-", ALPHANUMERIC] },
    Mark { what: "a token of Slack", text: "xoxb-", confirm: slack, example: ["xoxb", "-123456789012-", ALPHANUMERIC] },
    Mark { what: "an access key of AWS", text: "AKIA", confirm: aws, example: ["AKI", "A", "Q3EGRTZU5XK7P2MN"] },
    Mark {
        what: "a private key of PGP",
        text: "PRIVATE KEY BLOCK-----",
        confirm: pem,
        example: [
            "-----BEGIN PGP ",
            "PRIVATE KEY BLOCK-----\n\nlQVYBGkAAAABDADAb3BlbnNzaC1r",
            "ZXktdjEAAAAABG5vbmUAA\n",
        ],
    },
];

const GITHUB: &str = "a token of GitHub";
/// Random enough to be a token.
const ALPHANUMERIC: &str = "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX";

/// Characters of bech32, by their value.
const BECH32: &[u8; 32] = b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
/// Characters of a key's 32 bytes and its checksum.
const KEY_LENGTH: usize = 58;

/// A checksum that fits: documents and programs hold the mark without one.
fn bech32(prefix: &str, from: &[u8]) -> bool {
    let payload = from.get(prefix.len() + 1..).unwrap_or_default();
    let value = |byte: &u8| BECH32.iter().position(|known| known == byte).and_then(|value| u32::try_from(value).ok());
    let values: Vec<u32> = payload.iter().map_while(value).collect();
    let fits = |values: &[u32]| {
        // BIP 173: the bits of the prefix, then the payload.
        let high = prefix.bytes().map(|byte| u32::from(byte >> 5));
        let low = prefix.bytes().map(|byte| u32::from(byte & 31));
        let all = high.chain([0]).chain(low).chain(values.iter().copied());
        all.fold(1_u32, |sum, value| {
            let folded = (sum & 0x1ff_ffff) << 5 ^ value;
            let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
            (0..).zip(generators).filter(|(bit, _)| sum >> (25 + bit) & 1 == 1).fold(folded, |sum, (_, by)| sum ^ by)
        }) == 1
    };
    values.get(..KEY_LENGTH).is_some_and(fits)
}

/// As long as a key, and no row of placeholders: what its checksum covers is not written down anywhere that could be tried.
fn post_quantum(_before: &[u8], from: &[u8]) -> bool {
    let body = run(from, 19, |byte| BECH32.contains(&byte));
    body.len() >= KEY_LENGTH && distinct(body) >= 8
}

/// `-----BEGIN …PRIVATE KEY-----` with a body below, behind real or written (`\n`) ends of lines: programs hold the first line alone.
fn pem(before: &[u8], from: &[u8]) -> bool {
    let label = before.rsplit(|byte| !byte.is_ascii_uppercase() && *byte != b' ').next().unwrap_or_default();
    let begin = before.get(..before.len() - label.len()).unwrap_or_default();
    if !begin.ends_with(b"-----") || !label.starts_with(b"BEGIN ") {
        return false;
    }
    let behind =
        from.windows(5).position(|window| window == b"-----").and_then(|end| from.get(end + 5..)).unwrap_or_default();
    let text = String::from_utf8_lossy(&without_backslashes(behind)).into_owned();
    // Some have headers between, and an empty line behind them.
    let body = |line: &str| {
        line.len() >= 32 && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    };
    let is_header = |line: &str| line.is_empty() || line.contains(": ");
    text.lines().map(str::trim).skip_while(|line| is_header(line)).take(5).any(body)
        // In one line, with blanks in place of ends of lines.
        || text.strip_prefix(' ').and_then(|text| text.split(' ').next()).is_some_and(body)
}

/// `text` with a real end in place of each end of a line that is written, with as many backslashes as one text in JSON is in another; and
/// without the backslash by which a line goes on below.
fn without_backslashes(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut is_escape = false;
    for byte in text {
        match byte {
            b'\\' => is_escape = true,
            b'n' if std::mem::take(&mut is_escape) => plain.push(b'\n'),
            b'r' if std::mem::take(&mut is_escape) => plain.push(b'\r'),
            _ => {
                // Any other stays what it is: no base64.
                if std::mem::take(&mut is_escape) && !b"\r\n/".contains(byte) {
                    plain.push(b'\\');
                }
                plain.push(*byte);
            }
        }
    }
    plain
}

/// As the others, or as GitHub makes them since 2026: `ghs_`, the number of the app, and a JWT, whose first part says of which kind it is.
/// Source: GitHub's changelog of 24 April 2026, "upcoming new format for GitHub App installation tokens".
fn installation(before: &[u8], from: &[u8]) -> bool {
    let number = run(from, 4, |byte| byte.is_ascii_digit());
    let token = from.get(4 + number.len() + 1..).filter(|_| !number.is_empty()).unwrap_or_default();
    let body = run(token, 0, |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let is_jwt = body.starts_with(b"eyJ") && body.contains(&b'.') && body.len() >= 36;
    github(before, from) || begins(before) && is_jwt && is_random(body)
}

/// `ghp_` and 36 letters and digits; a longer word with underscores is an identifier.
fn github(before: &[u8], from: &[u8]) -> bool {
    let body = run(from, 4, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    begins(before) && body.len() >= 36 && body.iter().all(u8::is_ascii_alphanumeric) && is_random(body)
}

/// `github_pat_`, 22 letters and digits, `_`, and 59 more.
fn fine_grained(before: &[u8], from: &[u8]) -> bool {
    let body = run(from, 11, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    begins(before) && body.len() >= 82 && body.get(22) == Some(&b'_') && is_random(body)
}

fn gitlab(before: &[u8], from: &[u8]) -> bool {
    let body = run(from, 6, |byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    begins(before) && body.len() >= 20 && is_random(body)
}

/// `xoxb-`, the number of the workspace, and more.
fn slack(before: &[u8], from: &[u8]) -> bool {
    let body = run(from, 5, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let number = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    begins(before) && body.len() >= 30 && number >= 9
}

/// `AKIA` and 16 capitals and digits; AWS marks the keys of its documentation with `EXAMPLE`.
fn aws(before: &[u8], from: &[u8]) -> bool {
    let body = run(from, 4, |byte| byte.is_ascii_alphanumeric());
    let capitals = body.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    begins(before) && body.len() == 16 && capitals && !body.ends_with(b"EXAMPLE") && distinct(body) >= 6
}

fn run(from: &[u8], skip: usize, of: impl Fn(u8) -> bool) -> &[u8] {
    let rest = from.get(skip..).unwrap_or_default();
    let length = rest.iter().position(|byte| !of(*byte)).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

/// Nothing before makes it a part of a longer word.
fn begins(before: &[u8]) -> bool {
    before.last().is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

/// Neither a word nor a row of placeholders.
fn is_random(body: &[u8]) -> bool {
    body.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_alphabetic) && distinct(body) >= 8
}

fn distinct(body: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in body {
        if let Some(seen) = seen.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    seen.iter().filter(|seen| **seen).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_talk_of_keys() {
        let check = |text: &str, expected: bool| {
            let found = MARKS.iter().any(|mark| {
                let starts = text.match_indices(mark.text).map(|(at, _)| at);
                starts.into_iter().any(|at| (mark.confirm)(&text.as_bytes()[..at], &text.as_bytes()[at..]))
            });
            assert_eq!(found, expected, "{text}");
        };
        for mark in MARKS {
            check(&mark.example.concat(), true);
        }
        let age = MARKS[0].example.concat();
        check(&format!("export KEY={age}QQ"), true);
        check(&format!("{}Q", &age[..73]), false);
        check(&age[..73], false);
        check("AGE-SECRET-KEY-1NOTREALLY", false);
        check(&age.replace("KEY-1", "KEY-PQ-1"), true);
        check(&age.replace("KEY-1", "KEY-PQ-1")[..76], false);
        check(&format!("AGE-SECRET-KEY-PQ-1{}", "Q".repeat(58)), false);
        check(&format!("AGE-SECRET-KEY-1{}", "Q".repeat(58)), false);
        let body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";
        check(&format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n"), true);
        check(&format!("\"-----BEGIN PRIVATE KEY-----\\n{body}\\n"), true);
        check(&format!("\"-----BEGIN PRIVATE KEY-----\\\\n{body}\\\\n"), true);
        check(&format!("\"-----BEGIN PRIVATE KEY-----\\r\\n{body}\\r\\n"), true);
        check(&format!("\"-----BEGIN PRIVATE KEY-----\\n{}\\/{}\\n", &body[..10], &body[..30]), true);
        check(&format!("-----BEGIN PRIVATE KEY-----\\\n{body}\\\n"), true);
        check(&format!("-----BEGIN PRIVATE KEY----- {body} -----END"), true);
        check(&format!("-----BEGIN PRIVATE KEY-----x {body} -----END"), false);
        check(&format!("-----BEGIN PRIVATE KEY-----\\x{body}\\x"), false);
        check(&format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{body}\n"), true);
        check(&format!("-----END PRIVATE KEY-----\n{body}\n"), false);
        check(&format!("it begins with BEGIN PRIVATE KEY-----\n{body}\n"), false);
        let headers = "Version: GnuPG v2\nComment: one\nComment: two\nHash: SHA512\nCharset: UTF-8";
        for headers in ["", headers] {
            check(&format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\n{headers}\n\n{body}\n"), true);
        }
        check(&format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{body}\n"), false);
        check(&format!("-----END PGP PRIVATE KEY BLOCK-----\n\n{body}\n"), false);
        check("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n-----END PGP PRIVATE KEY BLOCK-----\n", false);
        check("-----BEGIN OPENSSH PRIVATE KEY-----\0-----END OPENSSH PRIVATE KEY-----\0", false);
        let token = ALPHANUMERIC;
        for kind in ["ghp_", "gho_", "ghu_", "ghr_", "ghs_"] {
            check(&format!("\"{kind}{token}\""), true);
        }
        check(&format!("x{}{token}", "ghp_"), false);
        check(&format!("ghp_{}", &token[1..]), false);
        check(&format!("ghp_{}", "x".repeat(36)), false);
        let jwt = format!("eyJ{}.eyJ{token}", &token[..20]);
        check(&format!("ghs_1234567_{jwt}"), true);
        check(&format!("\"ghs_1.{jwt}\""), true);
        check(&format!("xghs_1_{jwt}"), false);
        check(&format!("ghs__{jwt}"), false);
        check(&format!("ghp_1_{jwt}"), false);
        check(&format!("ghs_1_{}", jwt.replace('.', "_")), false);
        check(&format!("ghs_1_{}", &jwt[..35]), false);
        check(concat!("ghp", "_a_function_with_a_very_long_name_and_2_numbers"), false);
        check(&format!("github_pat_{}_{token}{}", &token[..22], &token[..23]), true);
        check(&format!("github_pat_{}{token}{}", &token[..22], &token[..24]), false);
        check(&format!("glpat-{}", &token[..20]), true);
        check(&format!("glpat-{}", &token[..19]), false);
        check(&format!("xoxb-123456789012-{}", &token[..20]), true);
        check(&format!("xoxb-{}", &token[..30]), false);
        // In two parts, so that no scanner finds them here.
        check(concat!("AKIA", "Q3EGRTZU5XK7P2MN"), true);
        check(concat!("AKIA", "Q3EGRTZU5XK7P2MNX"), false);
        check(concat!("XAKIA", "Q3EGRTZU5XK7P2MN"), false);
        check(concat!("AKIA", "IOSFODNN7EXAMPLE"), false);
        check(concat!("AKIA", "AAAAAAAAAAAAAAAA"), false);
    }
}
