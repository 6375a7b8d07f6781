//! No file of the repository holds a private key or a token in plain text. What was found is never repeated.

use memchr::memmem;

use super::{File, place};
use crate::rules::Problem;

/// What a key looks like: a text that every such key holds, and how much of which characters follow.
struct Pattern {
    what: &'static str,
    mark: &'static str,
    /// How many characters of `of` follow at least.
    least: usize,
    of: fn(char) -> bool,
}

/// The characters of bech32 in upper case.
fn bech32(c: char) -> bool {
    "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".contains(c)
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn hyphenated(c: char) -> bool {
    word(c) || c == '-'
}

fn upper(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

const PATTERNS: [Pattern; 9] = [
    Pattern { what: "a private age key", mark: "AGE-SECRET-KEY-1", least: 58, of: bech32 },
    Pattern { what: "a private age key", mark: "AGE-SECRET-KEY-PQ-1", least: 58, of: bech32 },
    Pattern { what: "a token of GitHub", mark: "ghp_", least: 36, of: word },
    Pattern { what: "a token of GitHub", mark: "gho_", least: 36, of: word },
    Pattern { what: "a token of GitHub", mark: "ghs_", least: 36, of: word },
    Pattern { what: "a token of GitHub", mark: "github_pat_", least: 80, of: word },
    Pattern { what: "a token of GitLab", mark: "glpat-", least: 20, of: hyphenated },
    Pattern { what: "a token of Slack", mark: "xoxb-", least: 30, of: hyphenated },
    Pattern { what: "an access key of AWS", mark: "AKIA", least: 16, of: upper },
];

/// Every line of a file that holds a key.
#[must_use]
pub fn problems(files: &[File]) -> Vec<Problem> {
    files
        .iter()
        .flat_map(|file| key_patterns(&file.text).into_iter().map(move |found| (file, found)))
        .map(problem)
        .collect()
}

fn problem((file, (line, what)): (&File, (u32, &'static str))) -> Problem {
    let fix = match file.tracked {
        true => "revoke it and take it out of the file; git's history keeps it, so that nothing else makes it safe"
            .to_owned(),
        false => format!("move `{}` out of the repository, or have git ignore it", file.path.display()),
    };
    Problem::new(place(&file.path, line), format!("{what} stands here in plain text"), fix)
}

/// The lines of `text` that hold a key, and what kind it is.
#[must_use]
pub fn key_patterns(text: &str) -> Vec<(u32, &'static str)> {
    let mut found = Vec::new();
    for pattern in PATTERNS.iter().filter(|pattern| holds(text, pattern.mark)) {
        let hit = |line: &str| line.match_indices(pattern.mark).any(|(at, _)| pattern.is_at(line, at));
        found.extend(text.lines().zip(1..).filter(|(line, _)| hit(line)).map(|(_, number)| (number, pattern.what)));
    }
    if holds(text, "PRIVATE KEY-----") {
        found.extend(private_pem(text).map(|line| (line, "a private key")));
    }
    let line_at = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let lines = signing_keys(text).filter_map(|at| u32::try_from(line_at(at)).ok());
    found.extend(lines.map(|line| (line, "a private signing key of Nix")));
    found
}

/// Whether `text` holds `mark`: the search of the standard library is slow in a program that is built in a hurry. It only spares work:
/// a text that is looked through in vain gives the same, so that no test can tell this from `true`.
fn holds(text: &str, mark: &str) -> bool {
    memmem::find(text.as_bytes(), mark.as_bytes()).is_some()
}

impl Pattern {
    fn is_at(&self, line: &str, at: usize) -> bool {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let after = line.get(at + self.mark.len()..).unwrap_or_default();
        // AWS marks the keys of its documentation so.
        let example = after.starts_with("IOSFODNN7EXAMPLE");
        !example
            && !before.is_some_and(|c| c.is_ascii_alphanumeric())
            && after.chars().take_while(|c| (self.of)(*c)).count() >= self.least
    }
}

/// Lines that begin a private key in PEM, with a body below: documents speak of them without one.
fn private_pem(text: &str) -> impl Iterator<Item = u32> {
    let begins = |line: &str| line.contains("-----BEGIN ") && line.trim_end().ends_with("PRIVATE KEY-----");
    let body = |line: &str| line.trim().len() >= 32 && line.trim().chars().all(is_base64);
    let lines: Vec<&str> = text.lines().collect();
    let at = |index: &usize| lines.get(*index).is_some_and(|line| begins(line));
    // Some have a header between.
    let followed = |index: &usize| lines.iter().skip(index + 1).take(4).any(|line| body(line));
    let found: Vec<usize> = (0..lines.len()).filter(at).filter(followed).collect();
    found.into_iter().filter_map(|index| u32::try_from(index + 1).ok())
}

/// Where `NAME-1:` and 64 bytes in base64 end; a public key has 32. Looked for from the end, which is rarer than its beginning.
fn signing_keys(text: &str) -> impl Iterator<Item = usize> {
    memmem::find_iter(text.as_bytes(), "==").filter(|at| {
        let body = at.checked_sub(86).and_then(|start| Some((text.get(..start)?, text.get(start..*at)?)));
        body.is_some_and(|(before, body)| {
            // Names of keys end in `-1`; what precedes a hash (`sha512:`) does not.
            let name = before.strip_suffix(':').unwrap_or_default();
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
            stem.len() < name.len() && stem.ends_with('-') && body.chars().all(is_base64)
        })
    })
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_talk_of_keys() {
        let check = |text: &str, expected: &[u32]| {
            let lines: Vec<u32> = key_patterns(text).into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, expected, "{text}");
        };
        let age = format!("AGE-SECRET-KEY-1{}", "Q".repeat(58));
        check(&format!("# key\n{age}\n"), &[2]);
        check(&format!("X{age}"), &[]);
        check(&age[..73], &[]);
        check(&format!("AGE-SECRET-KEY-PQ-1{}", "Q".repeat(58)), &[1]);
        check("AGE-SECRET-KEY-1NOTREALLY", &[]);
        let pem =
            format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n", "b3Bl".repeat(17));
        check(&pem, &[1]);
        check("it begins with -----BEGIN OPENSSH PRIVATE KEY-----\nand more\n", &[]);
        check(&format!("cache-1:{}==", "a".repeat(86)), &[1]);
        check(&format!("cache-1:{}=", "a".repeat(43)), &[]);
        check(&format!("sha512:{}==", "a".repeat(86)), &[]);
        check(&format!("token = \"ghp_{}\"", "a".repeat(36)), &[1]);
        check(&format!("a\nglpat-{}", "a".repeat(20)), &[2]);
        check(&format!("AKIA{}", "A1".repeat(8)), &[1]);
        check("AKIAIOSFODNN7EXAMPLE", &[]);
        check("ghp_short", &[]);
    }

    #[test]
    fn keys_are_of_their_characters() {
        let check = |mark: &str, body: &str, expected: bool| {
            assert_eq!(!key_patterns(&format!("x {mark}{body}")).is_empty(), expected, "{mark}{body}");
        };
        check("AGE-SECRET-KEY-1", &"q".repeat(58), false);
        check("AGE-SECRET-KEY-1", &"B".repeat(58), false);
        for mark in ["ghp_", "gho_", "ghs_"] {
            check(mark, &"a_A9".repeat(9), true);
            check(mark, &"a-".repeat(18), false);
        }
        check("github_pat_", &"a_".repeat(40), true);
        check("glpat-", &"a-_9".repeat(5), true);
        check("glpat-", &"a/".repeat(10), false);
        check("xoxb-", &"1-a".repeat(10), true);
        check("AKIA", &"a1".repeat(8), false);
        check("AKIA", &"A_".repeat(8), false);
        let body = format!("{}+/", "a".repeat(84));
        check("cache-1:", &format!("{body}=="), true);
        check("cache-12:", &format!("{body}=="), true);
        check("cache-:", &format!("{body}=="), false);
        check("cache1:", &format!("{body}=="), false);
        check("cache-1:", &format!("{}==", body.replace("+/", "- ")), false);
    }

    #[test]
    fn a_private_key_in_pem_has_a_body() {
        let check = |text: &str, expected: &[u32]| {
            let lines: Vec<u32> = private_pem(text).collect();
            assert_eq!(lines, expected, "{text}");
        };
        let (begin, body) = ("-----BEGIN RSA PRIVATE KEY-----", "b3Bl".repeat(8));
        check(&format!("x\n  {begin} \n  {body}\n"), &[2]);
        check(&format!("{begin}\nProc-Type: 4\nDEK-Info: AES\n\n{body}\n"), &[1]);
        check(&format!("{begin}\na\nb\nc\nd\n{body}\n"), &[]);
        check(&format!("{begin}\n{}\n", &body[1..]), &[]);
        check(&format!("{begin}\n{}\n", body.replace('3', " ")), &[]);
        let certificate = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        check(&format!("{certificate}{begin}\n{body}\n"), &[4]);
        check(&format!("-----END RSA PRIVATE KEY-----\n{body}\n"), &[]);
    }

    #[test]
    fn every_key_is_a_problem_with_its_line() {
        let file = |tracked: bool| {
            let text = format!("a\ncache-1:{}==\nghp_{}\n", "a".repeat(86), "a".repeat(36));
            File { path: "a/b".into(), tracked, text }
        };
        let found = problems(&[file(true)]);
        let told: Vec<_> =
            found.iter().map(|one| (one.place.as_ref().unwrap().to_string(), one.fault.as_str())).collect();
        let expected = [
            ("a/b:3".to_owned(), "a token of GitHub stands here in plain text"),
            ("a/b:2".to_owned(), "a private signing key of Nix stands here in plain text"),
        ];
        assert_eq!(told, expected);
        assert!(found[0].fix.starts_with("revoke it"));
        assert_eq!(problems(&[file(false)])[0].fix, "move `a/b` out of the repository, or have git ignore it");
    }
}
