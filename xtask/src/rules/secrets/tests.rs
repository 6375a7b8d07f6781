//! Tests of the whole rule: what it finds in a few files, told as text.

mod declarations;

use std::path::PathBuf;

use data_encoding::BASE64;

use super::*;

pub const POLICY: &str = "keys:\n  - &ada age1aaa\n  - &web age1www\ncreation_rules:\n  - path_regex: ^secrets/web\\.yaml$\n    \
    key_groups:\n      - age:\n          - *ada\n          - *web\n";

/// A wrapped key with one stanza.
pub fn wrapped(stanza: &str) -> String {
    let header = format!("age-encryption.org/v1\n-> {stanza}\nbody\n--- mac\n");
    format!(
        "-----BEGIN AGE ENCRYPTED FILE-----\n{}\n-----END AGE ENCRYPTED FILE-----\n",
        BASE64.encode(header.as_bytes())
    )
}

/// An encrypted value.
pub fn value(kind: &str) -> String {
    format!("ENC[AES256_GCM,data:AA==,iv:BB==,tag:CC==,type:{kind}]")
}

/// An encrypted file with this body, for these recipients.
pub fn encrypted_for(body: &str, recipients: &[&str]) -> String {
    let list: String = recipients
        .iter()
        .map(|who| {
            let enc = wrapped(&format!("X25519 {who}")).replace('\n', "\n            ");
            format!("        - recipient: {who}\n          enc: |\n            {}\n", enc.trim_end())
        })
        .collect();
    let mac = value("str");
    format!(
        "{body}sops:\n    age:\n{list}    lastmodified: \"2026-01-01T00:00:00Z\"\n    mac: {mac}\n    unencrypted_suffix: _unencrypted\n    version: 3.11.0\n"
    )
}

fn web() -> String {
    encrypted_for(&format!("token: {}\n", value("str")), &["age1aaa", "age1www"])
}

fn file(path: &str, text: &str) -> File {
    File { path: PathBuf::from(path), tracked: true, text: text.to_owned() }
}

/// What is found, one line a problem: `! ` before a warning.
fn found(files: &[File], declarations: &[Declaration], key_paths: &[KeyPath]) -> Vec<String> {
    let facts = Facts { files, declarations, key_paths, store: "/nix/store" };
    let told = |problem: &Problem| {
        let mark = if problem.fails() { "" } else { "! " };
        format!("{mark}{}: {}", problem.place.as_ref().map(ToString::to_string).unwrap_or_default(), problem.fault)
    };
    problems(&facts).iter().map(told).collect()
}

/// What is found in a repository of these files.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<File> = files.iter().map(|(path, text)| file(path, text)).collect();
    assert_eq!(found(&files, &[], &[]), expected);
}

/// What is found when the encrypted file is `text`.
#[track_caller]
fn check_file(text: &str, expected: &[&str]) {
    check(&[(".sops.yaml", POLICY), ("secrets/web.yaml", text)], expected);
}

/// What is found when the policy is `text`.
#[track_caller]
fn check_policy(text: &str, expected: &[&str]) {
    check(&[(".sops.yaml", text), ("secrets/web.yaml", &web())], expected);
}

#[test]
fn an_encrypted_file_as_its_rule_wants_it() {
    check_file(&web(), &[]);
    check(&[], &[]);
    check(&[("a.nix", "{ x = \"sops\"; }"), ("secrets/README.md", "x"), ("x.yaml", "sops:\n  a: 1\n")], &[]);
}

#[test]
fn what_should_be_encrypted_and_is_not() {
    check_file("token: hunter2\n", &["secrets/web.yaml:1: this file should be encrypted by its name, and is not"]);
    let stray = [(".sops.yaml", POLICY), ("secrets/web.yaml", &web()), ("secrets/new.txt", "x")];
    check(&stray, &["secrets/new.txt:1: this file should be encrypted by its name, and is not"]);
}

#[test]
fn what_is_half_encrypted() {
    check_file(
        &web().replace("sops:\n", "# hunter2\nplain: hunter2\nempty: \"\"\nnothing: null\nb_unencrypted: x\nsops:\n"),
        &[
            "secrets/web.yaml:3: the value of `plain` stands in plain text",
            "secrets/web.yaml:2: a comment stands in plain text in an encrypted file",
        ],
    );
    check_file(
        &web().replacen("type:str]", "typ", 1),
        &["secrets/web.yaml:1: the value of `token` is a ciphertext that is cut or changed"],
    );
    check_file(
        &web().replacen("token", "token_unencrypted", 1),
        &[
            "secrets/web.yaml:1: the value of `token_unencrypted` is encrypted, and the file's selector says that it is plain: sops never decrypts it",
        ],
    );
    check_file(
        &format!("token: {}\n{}", value("str"), web()),
        &["secrets/web.yaml:2: the key `token` stands twice, and sops refuses the file"],
    );
}

#[test]
fn what_sops_itself_needs() {
    for key in ["mac", "version", "lastmodified"] {
        let text: String =
            web().lines().filter(|line| !line.trim().starts_with(key)).map(|line| format!("{line}\n")).collect();
        let expected = format!(
            "secrets/web.yaml:2: `sops.{key}` is missing, so nobody can tell whether the file was tampered with"
        );
        check_file(&text, &[&expected]);
    }
}

#[test]
fn files_that_no_rule_covers() {
    let elsewhere = [(".sops.yaml", POLICY), ("secrets/web.yaml", &web()), ("other/a.yaml", &web())];
    check(&elsewhere, &["other/a.yaml:2: no rule of .sops.yaml covers this file"]);
    check(
        &[("secrets/web.yaml", &web())],
        &["secrets/web.yaml:2: the file is encrypted, and there is no .sops.yaml that says for whom"],
    );
}

#[test]
fn recipients_that_drift() {
    let one = |recipients: &[&str]| encrypted_for(&format!("token: {}\n", value("str")), recipients);
    let place = "secrets/web.yaml:2: the file is";
    check_file(&one(&["age1aaa"]), &[&format!("{place} not encrypted for `web`, whom its rule (.sops.yaml:5) names")]);
    check_file(
        &one(&["age1aaa", "age1www", "age1zzz"]),
        &[&format!("{place} encrypted for `age1zzz`, whom its rule (.sops.yaml:5) does not name")],
    );
    check_file(
        &one(&["age1aaa", "age1zzz"]),
        &[&format!("{place} encrypted for `age1zzz`, and not for `web`, as its rule (.sops.yaml:5) says")],
    );
}

#[test]
fn selectors_and_groups_that_drift() {
    let wants = "secrets/web.yaml:2: the file has `unencrypted_suffix: _unencrypted`, and its rule (.sops.yaml:5) wants `encrypted_regex: ^t`";
    check_policy(&POLICY.replace("    key_groups", "    encrypted_regex: ^t\n    key_groups"), &[wants]);
    let mac = "secrets/web.yaml:2: the file has `mac_only_encrypted: false`, and its rule (.sops.yaml:5) wants `mac_only_encrypted: true`";
    check_policy(&POLICY.replace("    key_groups", "    mac_only_encrypted: true\n    key_groups"), &[mac]);
    let split = POLICY.replace("          - *web", "      - age:\n          - *web");
    let accident = "has 2 key groups, so that nobody opens its files with one key";
    check_policy(&split, &[&format!(".sops.yaml:5: the rule `^secrets/web\\.yaml$` {accident}")]);
    check_policy(
        &split.replace("    key_groups", "    shamir_threshold: 1\n    key_groups"),
        &[
            "secrets/web.yaml:2: the file needs one key, and its rule (.sops.yaml:5) asks for keys of 1 of 2 groups or groups them otherwise",
        ],
    );
}

#[test]
fn wrapped_keys_that_are_not_what_they_say() {
    let with = |from: &str, to: &str| {
        let indent = |text: &str| text.replace('\n', "\n            ").trim_end().to_owned();
        web().replace(&indent(&wrapped(from)), &indent(to))
    };
    check_file(
        &with("X25519 age1www", &wrapped("X25519 age1www\nbody\n-> X25519 hidden")),
        &["secrets/web.yaml:9: the key that is wrapped for `web` opens for 2 recipients, not for one"],
    );
    check_file(
        &with("X25519 age1www", &wrapped("ssh-ed25519 abc")),
        &["secrets/web.yaml:9: the key that is labelled `web` is wrapped for somebody else"],
    );
    check_file(
        &with("X25519 age1www", &wrapped("X25519 age1aaa")),
        &["secrets/web.yaml:9: the key that is labelled `web` is the one wrapped for `ada`"],
    );
    check_file(
        &with("X25519 age1www", "nothing"),
        &["secrets/web.yaml:9: the key that is wrapped for `web` is no age file"],
    );
}

#[test]
fn rules_that_do_not_do_what_they_seem_to() {
    let rule = |regex: &str| format!("  - path_regex: {regex}\n    age: age1aaa,age1www\n");
    let open = POLICY.replace("^secrets", "secrets");
    check_policy(
        &open,
        &["! .sops.yaml:5: the rule `secrets/web\\.yaml$` is not anchored: it matches other folders or endings too"],
    );
    check(
        &[(".sops.yaml", &open), ("secrets/web.yaml", &web()), ("my-secrets/web.yaml", "a: 1")],
        &[".sops.yaml:5: the rule `secrets/web\\.yaml$` is not anchored: it matches `my-secrets/web.yaml` too"],
    );
    let open_end = POLICY.replace("yaml$", "yaml");
    check(
        &[(".sops.yaml", &open_end), ("secrets/web.yaml", &web()), ("secrets/web.yaml.md", "a")],
        &[".sops.yaml:5: the rule `^secrets/web\\.yaml` is not anchored: it matches `secrets/web.yaml.md` too"],
    );
    check_policy(
        &format!("{POLICY}{}", rule("^secrets/.*$")),
        &[".sops.yaml:10: the rule `^secrets/.*$` never counts: the one on line 5 matches first"],
    );
    check_policy(
        &format!("{POLICY}  - age: age1aaa\n{}", rule("^other$")).replace("  - age: age1aaa\n", &rule("''")),
        &[
            ".sops.yaml:10: the rule without `path_regex` never counts: the one on line 5 matches first",
            ".sops.yaml:12: the rule `^other$` never counts: the one on line 10 matches first",
        ],
    );
    check_policy(&format!("{POLICY}{}", rule("^other$")), &["! .sops.yaml:10: the rule `^other$` matches no file"]);
    check_policy(
        &POLICY.replace("creation", "  - &old age1old\ncreation"),
        &["! .sops.yaml:4: no rule names the key `old`"],
    );
    check_policy(
        &format!("{POLICY}  - path_regex: ^b$\n"),
        &[".sops.yaml:10: the rule `^b$` names nobody", "! .sops.yaml:10: the rule `^b$` matches no file"],
    );
}

#[test]
fn marks_of_a_merge_and_broken_files() {
    check_file(&format!("<<<<<<< HEAD\n{}", web()), &["secrets/web.yaml:1: a merge left its marks here"]);
    check_file(&format!("a: [\n{}", web()), &["secrets/web.yaml:2: the file is not YAML from here on"]);
    check(&[(".sops.yaml", "=======\n")], &[".sops.yaml:1: a merge left its marks here"]);
}

#[test]
fn what_only_looks_encrypted() {
    // It speaks of SOPS and holds a ciphertext, and nothing in it is SOPS's own part.
    let list = format!("token: {}\nsops:\n  - a\n", value("str"));
    check_file(&list, &["secrets/web.yaml:1: this file should be encrypted by its name, and is not"]);
    check(&[("docs/example.yaml", &list)], &[]);
    let quoted = format!("note: |\n  sops:\n  {}\n", value("str"));
    check_file(&quoted, &["secrets/web.yaml:1: this file should be encrypted by its name, and is not"]);
    check(&[("docs/example.yaml", &quoted)], &[]);
    let source = format!("{{ \"sops\": [ {}\n", value("str"));
    check(
        &[("src/example.rs", &source), ("src/broken.json", &source)],
        &["src/broken.json:1: the file is not YAML from here on"],
    );
    let policy = POLICY.replace("web\\.yaml", "web\\.bin");
    let stands = "the file is not YAML from here on";
    check(&[(".sops.yaml", &policy), ("secrets/web.bin", &source)], &[&format!("secrets/web.bin:1: {stands}")]);
}

#[test]
fn a_verdict_holds_what_fails_by_what_mends_it() {
    let indent = |text: &str| text.replace('\n', "\n            ").trim_end().to_owned();
    let (one, two) = (wrapped("X25519 age1aaa"), wrapped("X25519 age1aaa\nbody\n-> X25519 hidden"));
    let text = encrypted_for(&format!("token: {}\nplain: hunter2\n", value("str")), &["age1aaa"]);
    let files = [file(".sops.yaml", POLICY), file("secrets/web.yaml", &text.replace(&indent(&one), &indent(&two)))];
    let sorted = sort(&files);
    let verdict = verdict(&sorted.encrypted[0], &sorted.policies);
    let told = |problems: &[Problem]| problems.iter().map(|problem| problem.fault.clone()).collect::<Vec<_>>();
    assert_eq!(told(&verdict.damage), ["the value of `plain` stands in plain text"]);
    assert_eq!(told(&verdict.wrapped), ["the key that is wrapped for `ada` opens for 2 recipients, not for one"]);
    let drift = "the file is not encrypted for `web`, whom its rule (.sops.yaml:5) names";
    assert_eq!(told(&verdict.drift), [drift]);
    assert_eq!(verdict.failing().count(), 3);
}
