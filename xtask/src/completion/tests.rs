//! What is offered, place by place.

use clap::CommandFactory as _;

use super::*;
use crate::context::Cli;

fn names() -> Names {
    Names {
        selectors: vec!["home:ada@web".to_owned(), "nixos:web".to_owned()],
        jobs: vec![("build".to_owned(), "built".to_owned()), ("lock".to_owned(), "in order".to_owned())],
        systems: vec!["x86_64-linux".to_owned()],
        hosts: vec!["web".to_owned()],
    }
}

/// At the end of `line`, behind `cargo xtask `, these are offered and nothing else.
fn check(line: &str, expected: &[&str]) {
    let mut cli = Cli::command();
    cli.build();
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let offered = candidates(&cli, &words, &names());
    let offered: Vec<&str> = offered.iter().map(|candidate| candidate.value.as_str()).collect();
    assert_eq!(offered, expected, "{line}");
}

#[test]
fn commands_and_those_below_them() {
    check("bui", &["build"]);
    check("cache p", &["plan", "policy", "push", "provision"]);
    check("secrets add", &["add-recipient"]);
    check("__", &[]);
    // Behind a value of a flag, too.
    check("--inputs standin ca", &["cache", "cache-config"]);
    check("--repo ca", &[]);
}

#[test]
fn flags_and_their_values() {
    check("build --sk", &["--skip-cached"]);
    check("build --repo", &["--repo"]);
    check("--inputs ", &["locked", "standin", "auto"]);
    check("--inputs=st", &["--inputs=standin"]);
    check("build --system ", &["x86_64-linux"]);
    check("activation --host w", &["web"]);
    check("bootstrap --only git,age", &["git,age-key"]);
    check("ci --skip lock,b", &["lock,build"]);
    check("lock --state", &[]);
}

#[test]
fn what_the_fleet_knows() {
    check("build n", &["nixos:web"]);
    check("build nixos:web h", &["home:ada@web"]);
    check("build -- n", &["nixos:web"]);
    check("ci lo", &["lock"]);
    check("ci lock b", &["build"]);
    check("ci --only nixos", &["nixos:web"]);
    check("completions ", &["bash", "zsh", "fish"]);
}

#[test]
fn helps_are_one_line() {
    let mut cli = Cli::command();
    cli.build();
    let offered = candidates(&cli, &["lock".to_owned()], &Names::default());
    assert!(offered[0].help.starts_with("Check that flake.lock fits"), "{offered:?}");
    assert!(!offered[0].help.contains(['\n', '\t']));
}
