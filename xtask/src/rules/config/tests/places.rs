//! Tables of where a fault is placed, and what is said to mend it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

/// The place of the one fault, where `modules/a.nix` has this text, and what mends it.
#[track_caller]
fn check(text: &str, config: &str, results: &[OutputResult], expected: Option<&str>, fix: &str) {
    let sources = Sources::new(BTreeMap::from([(PathBuf::from("modules/a.nix"), text.to_owned())]));
    let found = found(config, results, &sources);
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((problem.place.as_ref().map(ToString::to_string).as_deref(), problem.fix.as_str()), (expected, fix));
}

#[test]
fn an_expectation_is_placed_where_a_file_says_the_value() {
    let config = "\n[[expect]]\nselect = \"nixos:*\"\nattribute = \"boot.port\"\nequals = 3";
    let fix = "configure it so, or change the expectation at xtask.toml:2";
    let check = |text: &str, read: &str, expected: Option<&str>| {
        let host = nixos("web", &format!(r#""attributes": {{"boot.port": {read}}}"#));
        check(text, config, &[host], expected, fix);
    };
    let text = |value: &str| format!("{{\n  a.port = 1;\n  boot.port = {value};\n  b.port = x;\n}}");
    check(&text("\"tty\""), r#"{"value": "tty"}"#, Some("modules/a.nix:3"));
    check(&text("22"), r#"{"value": 22}"#, Some("modules/a.nix:3"));
    check(&text("true"), r#"{"value": true}"#, Some("modules/a.nix:3"));
    check(&text("[ 22 ]"), r#"{"value": [22]}"#, None);
    check(&text("22"), r#""absent""#, None);
}

#[test]
fn an_assertion_is_placed_where_nix_says_or_a_file_has_its_words() {
    let fix = "configure it so that the assertion holds";
    let mut web = failed("nixos", &["nixosConfigurations", "web"], "Failed assertions:\n- no disk at all");
    let text = "{\n  message = \"no disk at all\";\n}";
    check(text, "", std::slice::from_ref(&web), Some("modules/a.nix:2"), fix);
    web.place = Some(Place { file: PathBuf::from("modules/b.nix"), line: 7 });
    check(text, "", &[web], Some("modules/b.nix:7"), fix);
    let old = nixos("web", r#""warnings": ["this is old"]"#);
    check("{\n\n  warnings = [ \"this is old\" ];\n}", "", &[old], Some("modules/a.nix:3"), "do what the warning says");
}

#[test]
fn an_option_is_placed_where_a_file_gives_it_that_value() {
    let mut web = nixos("web", "");
    web.evaluated.as_mut().unwrap().facts.insert("hostName".to_owned(), "www".into());
    let fix = "set `networking.hostName = \"web\"`, or say `web = \"www\"` in `config.host_names` of xtask.toml";
    check("{\n  networking.hostName = \"www\";\n}", "", std::slice::from_ref(&web), Some("modules/a.nix:2"), fix);
    let fix = "take it out of `config.host_names` in xtask.toml";
    check("{ }", "[config]\nhost_names = { web = \"\" }", &[web], None, fix);
}

#[test]
fn a_state_version_is_set_by_the_option_of_its_kind() {
    let check = |kind: &str, set: &str, facts: &str, option: &str| {
        let fix = format!("set `{option}` to the release that it was first installed with, and leave it");
        let unset = evaluated(kind, &[set, "a"], "x86_64-linux", facts);
        super::places::check(&format!("\n{option} = null;"), "", &[unset], None, &fix);
    };
    check("nixos", "nixosConfigurations", r#"{"hostName": "a"}"#, "system.stateVersion");
    check("darwin", "darwinConfigurations", r#"{"hostName": "a"}"#, "system.stateVersion");
    check("home", "homeConfigurations", r#"{"userName": "a"}"#, "home.stateVersion");
}
