//! An encrypted file is encrypted throughout: no leaf and no comment in plain text where its selector wants ciphertext.

use regex_lite::Regex;

use super::document::{Format, Leaf};
use super::metadata::DEFAULT_SELECTOR;
use super::yaml::Comment;
use super::{Encrypted, place};
use crate::rules::Problem;

const RESTORE: &str =
    "take the file as it was in git, or encrypt it anew; what stood in plain text must be changed at its source";

/// Which leaves a file's selector wants encrypted.
enum Wanted {
    /// Those with no part of the path that matches.
    Unless(Matcher),
    /// Those with a part of the path that matches.
    Where(Matcher),
    /// All.
    All,
}

enum Matcher {
    Suffix(String),
    Regex(Regex),
}

impl Matcher {
    fn matches(&self, path: &[String]) -> bool {
        path.iter().any(|part| match self {
            Self::Suffix(suffix) => part.ends_with(suffix.as_str()),
            Self::Regex(regex) => regex.is_match(part),
        })
    }
}

impl Wanted {
    fn wants(&self, path: &[String]) -> bool {
        match self {
            Self::Unless(matcher) => !matcher.matches(path),
            Self::Where(matcher) => matcher.matches(path),
            Self::All => true,
        }
    }
}

/// Everything in `file` that is plain text, broken, or missing.
#[must_use]
pub fn problems(file: &Encrypted<'_>) -> Vec<Problem> {
    let Some(metadata) = &file.document.metadata else { return Vec::new() };
    let mut problems = Vec::new();
    for missing in &metadata.missing {
        let fault = format!("`sops.{missing}` is missing, so nobody can tell whether the file was tampered with");
        problems.push(Problem::new(
            place(file.path, metadata.line),
            fault,
            "take the file as it was in git, or encrypt it anew",
        ));
    }
    for (key, line) in &file.document.duplicates {
        let fault = format!("the key `{key}` stands twice, and sops refuses the file");
        problems.push(Problem::new(place(file.path, *line), fault, "take the file as it was in git"));
    }
    match wanted(metadata.selector.as_ref(), file.format) {
        Ok(wanted) => {
            problems.extend(file.document.leaves.iter().filter_map(|leaf| leaf_problem(file, leaf, &wanted)));
            problems
                .extend(file.document.comments.iter().filter_map(|comment| comment_problem(file, comment, &wanted)));
        }
        Err(selector) => {
            let fault = format!("what `{selector}` leaves in plain text cannot be told here");
            let fix = "use a suffix, or a regular expression without look-around and classes of Unicode, on keys";
            problems.push(Problem::warning(place(file.path, metadata.line), fault, fix));
        }
    }
    problems
}

fn wanted(selector: Option<&(String, String)>, format: Format) -> Result<Wanted, String> {
    let (name, value) = match selector {
        // A binary file is one value, and has no selector.
        _ if format == Format::Binary => return Ok(Wanted::All),
        Some((name, value)) => (name.as_str(), value.as_str()),
        None => DEFAULT_SELECTOR,
    };
    let regex = || Regex::new(value).map(Matcher::Regex).map_err(|_| name.to_owned());
    match name {
        "unencrypted_suffix" => Ok(Wanted::Unless(Matcher::Suffix(value.to_owned()))),
        "encrypted_suffix" => Ok(Wanted::Where(Matcher::Suffix(value.to_owned()))),
        "unencrypted_regex" => regex().map(Wanted::Unless),
        "encrypted_regex" => regex().map(Wanted::Where),
        // These hang on the comment in front of a value, which is itself encrypted.
        comment => Err(comment.to_owned()),
    }
}

fn leaf_problem(file: &Encrypted<'_>, leaf: &Leaf, wanted: &Wanted) -> Option<Problem> {
    let key = leaf.path.join(".");
    let wants = wanted.wants(&leaf.path);
    let fault = if leaf.text.is_empty() {
        // SOPS leaves what is empty as it is.
        return None;
    } else if !leaf.text.starts_with("ENC[") && wants {
        format!("the value of `{key}` stands in plain text")
    } else if leaf.text.starts_with("ENC[") && value_type(&leaf.text).is_none() {
        format!("the value of `{key}` is a ciphertext that is cut or changed")
    } else if leaf.text.starts_with("ENC[") && !wants {
        format!(
            "the value of `{key}` is encrypted, and the file's selector says that it is plain: sops never decrypts it"
        )
    } else {
        return None;
    };
    Some(Problem::new(place(file.path, leaf.line), fault, RESTORE))
}

fn comment_problem(file: &Encrypted<'_>, comment: &Comment, wanted: &Wanted) -> Option<Problem> {
    let plain =
        wanted.wants(&comment.path) && !comment.text.trim().is_empty() && value_type(comment.text.trim()).is_none();
    let fix =
        format!("run `cargo xtask secrets edit {}` and write the comment there, or remove it", file.path.display());
    plain.then(|| {
        Problem::new(place(file.path, comment.line), "a comment stands in plain text in an encrypted file", fix)
    })
}

/// The type of what a whole ciphertext holds: `str`, `int`, `float`, `bool`, `bytes`, `time`, `comment`.
#[must_use]
pub fn value_type(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.strip_prefix("ENC[AES256_GCM,")?.strip_suffix(']')?.split(',').collect();
    let [data, iv, tag, kind] = parts.as_slice() else { return None };
    let filled = |part: &str, name: &str| part.strip_prefix(name).is_some_and(|value| !value.is_empty());
    let whole = filled(data, "data:") && filled(iv, "iv:") && filled(tag, "tag:");
    kind.strip_prefix("type:").filter(|kind| whole && !kind.is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::document;
    use super::*;

    const ENC: &str = "ENC[AES256_GCM,data:AA==,iv:BB==,tag:CC==,type:str]";

    /// What is told of the YAML file at `path` whose own part says `sops` besides what it must.
    #[track_caller]
    fn check_at(path: &str, sops: &str, body: &str, expected: &[&str]) {
        let text = format!("{body}\nsops: {{ mac: m, version: v, lastmodified: t, {sops} }}\n");
        let document = document::read(Format::Yaml, &text).unwrap();
        let path = Path::new(path);
        let found = problems(&Encrypted { path, format: Format::of(path), document });
        let told: Vec<_> = found.iter().map(|one| (one.fails(), one.fault.as_str())).collect();
        // What cannot be told fails nothing.
        let expected: Vec<_> = expected.iter().map(|fault| (!fault.ends_with("cannot be told here"), *fault)).collect();
        assert_eq!(told, expected, "{sops}, {body}");
    }

    #[test]
    fn each_selector_says_what_is_encrypted() {
        let check = |sops: &str, key: &str, encrypted: bool| {
            let (plain, done) = (format!("{key}: hunter2"), format!("{key}: {ENC}"));
            let plain_fault = format!("the value of `{key}` stands in plain text");
            let done_fault = format!(
                "the value of `{key}` is encrypted, and the file's selector says that it is plain: sops never decrypts it"
            );
            let of_plain: &[&str] = if encrypted { &[&plain_fault] } else { &[] };
            let of_done: &[&str] = if encrypted { &[] } else { &[&done_fault] };
            check_at("a.yaml", sops, &plain, of_plain);
            check_at("a.yaml", sops, &done, of_done);
        };
        check("", "a", true);
        check("", "a_unencrypted", false);
        check("unencrypted_suffix: _p", "a_p", false);
        check("unencrypted_suffix: _p", "a_unencrypted", true);
        check("encrypted_suffix: _e", "a_e", true);
        check("encrypted_suffix: _e", "a", false);
        check("unencrypted_regex: ^p", "port", false);
        check("unencrypted_regex: ^p", "a", true);
        check("encrypted_regex: ^(a|b)$", "a", true);
        check("encrypted_regex: ^(a|b)$", "ab", false);
    }

    #[test]
    fn what_a_selector_says_of_a_part_goes_for_all_below() {
        check_at("a.yaml", "unencrypted_suffix: _p", "a_p:\n  b:\n    - c", &[]);
        check_at("a.yaml", "encrypted_regex: ^a$", "a:\n  b: c", &["the value of `a.b` stands in plain text"]);
    }

    #[test]
    fn a_selector_that_cannot_be_told_is_a_warning() {
        let fault = "what `encrypted_comment_regex` leaves in plain text cannot be told here";
        check_at("a.yaml", "encrypted_comment_regex: x", "a: hunter2", &[fault]);
        let fault = "what `encrypted_regex` leaves in plain text cannot be told here";
        check_at("a.yaml", "encrypted_regex: '('", "a: hunter2", &[fault]);
        // A binary file is one value, and has no selector.
        check_at("a.bin", "encrypted_regex: '^x'", "data: hunter2", &["the value of `data` stands in plain text"]);
    }

    #[test]
    fn comments_are_encrypted_with_what_is_beside_them() {
        let fault = "a comment stands in plain text in an encrypted file";
        let done = ENC.replace("str", "comment");
        check_at("a.yaml", "", &format!("# hunter2\na: {ENC}"), &[fault]);
        check_at("a.yaml", "", &format!("#{done}\na: {ENC}"), &[]);
        check_at("a.yaml", "", &format!("#  \na: {ENC}"), &[]);
        check_at("a.yaml", "", &format!("a_unencrypted:\n  # hunter2\n  b: c\nd: {ENC}"), &[]);
    }

    #[test]
    fn a_ciphertext_is_whole() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(value_type(text), expected, "{text}");
        check(ENC, Some("str"));
        check("ENC[AES256_GCM,data:AA==,iv:BB==,tag:CC==,type:]", None);
        for part in ["data:AA==", "iv:BB==", "tag:CC==", "type:str"] {
            check(&ENC.replace(part, ""), None);
            check(&ENC.replace(part, part.split_once(':').unwrap().0), None);
        }
        for part in ["AA==", "BB==", "CC=="] {
            check(&ENC.replace(part, ""), None);
        }
        check(&ENC.replace(']', ""), None);
        check(&format!("{ENC},more]"), None);
    }
}
