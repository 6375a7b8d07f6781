//! What the cases, which evaluate a fleet each, are too dear for: places and combinations, as a table.

use super::*;

const KEY: &str = "a.io-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";
const OTHER_KEY: &str = "b.io-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";
const UPSTREAM_KEY: &str = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";

/// The problems of `flake` (setting and words) with files of that path and text.
fn found(flake: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    let nix_config: Vec<(String, Vec<String>)> =
        flake.iter().map(|(name, text)| ((*name).to_owned(), words(text))).collect();
    let files: Vec<File> =
        files.iter().map(|(path, text)| File { path: path.into(), text: (*text).to_owned() }).collect();
    let flake_text =
        "{\n  # \"https://a.io\"\n  nixConfig = {\n    extra-substituters = [ \"https://a.io\" ];\n  };\n}";
    let config = CacheConfig { retired: vec!["old".to_owned()], ignore: vec!["docs".into()], ..CacheConfig::default() };
    let files: Vec<File> = files.into_iter().filter(|file| reads(&file.path, &config)).collect();
    let (configurations, sources) = (&[], &Sources::default());
    let found = problems(&Facts {
        nix_config: &nix_config,
        flake_text,
        configurations,
        sources,
        files: &files,
        config: &config,
    });
    let show = |problem: &Problem| {
        let place = problem.place.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{}{place}: {}", if problem.fails() { "" } else { "! " }, problem.fault)
    };
    found.iter().map(show).collect()
}

const FLAKE: [(&str, &str); 2] = [("extra-substituters", "https://a.io"), ("extra-trusted-public-keys", KEY)];

#[test]
fn files_say_what_the_flake_says() {
    let check = |text: String, expected: &[&str]| {
        assert_eq!(found(&FLAKE, &[("etc/nix.conf", &text)]), expected, "{text}");
    };
    let keys = format!("extra-trusted-public-keys = {KEY}");
    check(format!("extra-substituters = https://a.io\n{keys}"), &[]);
    check(format!("extra-substituters = https://a.io?priority=1\n{keys}"), &[]);
    check(format!("extra-substituters = https://cache.nixos.org https://a.io\n{keys} {UPSTREAM_KEY}"), &[]);
    check("extra-substituters = https://cache.nixos.org".to_owned(), &[]);
    check(
        format!("extra-substituters = https://a.io https://old.io\n{keys}"),
        &["etc/nix.conf:1: the retired cache `old` is referenced here"],
    );
    check(
        "extra-substituters = https://a.io".to_owned(),
        &[&format!("etc/nix.conf:1: `extra-trusted-public-keys` lacks `{KEY}`")],
    );
    check(keys.clone(), &["etc/nix.conf:1: `extra-substituters` lacks `https://a.io`"]);
    let both = format!(
        "etc/nix.conf:2: `extra-substituters` has `https://b.io`, `https://c.io` and `extra-trusted-public-keys` has \
         `{OTHER_KEY}`, which `nixConfig` of flake.nix does not have, and `extra-substituters` lacks `https://a.io`"
    );
    check(format!("{keys} {OTHER_KEY}\nextra-substituters = https://b.io https://c.io"), &[&both]);
    let computed =
        "! etc/nix.conf:1: `$A` is only known when it runs: it is not compared with `nixConfig` of flake.nix";
    check(format!("extra-substituters = $A\n{keys}"), &[computed]);
    // A list with a fault of form is not compared besides.
    check(format!("extra-substituters = http://b.io\n{keys}"), &["etc/nix.conf:1: `http://b.io` is not https"]);
    check(
        format!("# ours\nsubstituters = https://a.io\n{keys}"),
        &["etc/nix.conf:2: `substituters` discards the caches that others have set"],
    );
}

#[test]
fn a_fault_of_the_source_is_told_once() {
    let conf = format!("extra-substituters = https://a.io\nextra-trusted-public-keys = {KEY}");
    let check = |flake: &[(&str, &str)], expected: &[&str]| {
        assert_eq!(found(flake, &[("etc/nix.conf", &conf)]), expected, "{flake:?}");
    };
    let (url, key) = (FLAKE[0], FLAKE[1]);
    check(&[("extra-substituters", "http://a.io"), key], &["flake.nix:4: `http://a.io` is not https"]);
    check(
        &[("substituters", "https://a.io"), key],
        &["flake.nix:3: `substituters` discards the caches that others have set"],
    );
    check(
        &[("max-jobs", "3")],
        &["flake.nix:1: `nixConfig` names no cache, but `etc/nix.conf` does: nothing is the source of what others say"],
    );
    let two = format!("{KEY} b.io-1:mB9F!");
    let faulty = [url, ("extra-trusted-public-keys", two.as_str())];
    assert_eq!(found(&faulty, &[]), ["flake.nix:3: what the key `b.io-1:mB9F!` holds is not base64"]);
    assert_eq!(found(&[("max-jobs", "3")], &[]), [] as [&str; 0]);
}

#[test]
fn caches_and_keys_of_the_source_belong_together() {
    let check = |urls: &str, keys: &str, expected: &[&str]| {
        assert_eq!(found(&[("extra-substituters", urls), ("extra-trusted-public-keys", keys)], &[]), expected);
    };
    check("https://a.io", KEY, &[]);
    check("https://a.io https://cache.nixos.org", &format!("{KEY} {UPSTREAM_KEY}"), &[]);
    check(
        "https://a.io https://b.io",
        KEY,
        &["flake.nix:4: `https://b.io` has no key: nothing of it would be trusted"],
    );
    check(
        "https://a.io",
        &format!("{KEY} {OTHER_KEY}"),
        &["flake.nix:3: the key `b.io-1` is not named after a cache that is listed"],
    );
    check(
        "https://a.io",
        OTHER_KEY,
        &["flake.nix:3: the key `b.io-1` is not named after a cache: `https://a.io` has no key"],
    );
}

#[test]
fn what_is_ignored_may_say_retired_words() {
    let check = |path: &str, expected: &[&str]| assert_eq!(found(&FLAKE, &[(path, "old")]), expected, "{path}");
    check("README.md", &["README.md:1: the retired cache `old` is referenced here"]);
    check("docs/history.md", &[]);
    check("xtask.toml", &[]);
    assert_eq!(found(&FLAKE, &[("docs/nix.conf", "substituters = http://b.io")]), [] as [&str; 0]);
}

#[test]
fn only_files_that_speak_of_caches_are_read() {
    let check = |path: &str, ignore: &[&str], retired: &[&str], expected: bool| {
        let retired = retired.iter().map(|word| (*word).to_owned()).collect();
        let config =
            CacheConfig { retired, ignore: ignore.iter().map(PathBuf::from).collect(), ..CacheConfig::default() };
        assert_eq!(reads(Path::new(path), &config), expected, "{path} {ignore:?}");
    };
    for path in [".github/workflows/a.yml", "etc/nix.conf", "nix.custom.conf", "etc/ci.nix.conf"] {
        check(path, &[], &[], true);
        check(path, &["etc", ".github", "nix.custom.conf"], &[], false);
    }
    for path in ["README.md", "etc/nixos.conf", "nix.conf.md"] {
        check(path, &[], &[], false);
        check(path, &[], &["old"], true);
    }
}

#[test]
fn the_cache_that_everybody_has_needs_no_source() {
    let conf = |url: &str| format!("extra-substituters = {url}");
    assert_eq!(found(&[], &[("nix.conf", &conf("https://cache.nixos.org"))]), [] as [&str; 0]);
    let fault =
        "flake.nix:1: `nixConfig` names no cache, but `nix.conf` does: nothing is the source of what others say";
    assert_eq!(found(&[], &[("nix.conf", &conf("https://a.io"))]), [fault]);
}

#[test]
fn an_unreadable_workflow_is_a_problem() {
    let fault = ".github/workflows/a.yml:1: the file is not YAML from here on";
    assert_eq!(found(&FLAKE, &[(".github/workflows/a.yml", "a: [b")]), [fault]);
}
