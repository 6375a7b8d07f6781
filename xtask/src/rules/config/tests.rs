//! Tables of facts, each with what the rule must find in them.

mod homes;
mod places;

use super::*;
use crate::config::Config;
use crate::fleet::{AttrPath, Evaluated, Output, Status, configurations};

/// A result at `attr` whose facts are `facts`, as JSON.
fn evaluated(kind: &str, attr: &[&str], system: &str, facts: &str) -> OutputResult {
    let output = Output { attr: AttrPath::new(attr.iter().copied()), kind: kind.to_owned(), system: None };
    let mut result = OutputResult::new(output, Status::Evaluated);
    result.evaluated = Some(Evaluated {
        system: system.to_owned(),
        drv: Some(attr.join("-")),
        facts: serde_json::from_str(facts).unwrap(),
        facts_error: None,
        warnings: Vec::new(),
        seconds: 0.0,
        memory_mib: 0,
    });
    result
}

fn nixos(name: &str, facts: &str) -> OutputResult {
    let facts = format!(r#"{{"hostName": "{name}", "stateVersion": "25.11", {facts}}}"#);
    evaluated("nixos", &["nixosConfigurations", name], "x86_64-linux", &facts.replace(", }", "}"))
}

fn darwin(name: &str, facts: &str) -> OutputResult {
    let facts = format!(r#"{{"hostName": "{name}", "stateVersion": 6, {facts}}}"#);
    evaluated("darwin", &["darwinConfigurations", name], "aarch64-darwin", &facts.replace(", }", "}"))
}

fn home(name: &str, system: &str, user: &str, folder: &str) -> OutputResult {
    let facts = format!(r#"{{"userName": "{user}", "homeDirectory": "{folder}", "stateVersion": "25.11"}}"#);
    evaluated("home", &["homeConfigurations", name], system, &facts)
}

fn failed(kind: &str, attr: &[&str], reason: &str) -> OutputResult {
    let output = Output { attr: AttrPath::new(attr.iter().copied()), kind: kind.to_owned(), system: None };
    OutputResult { reason: Some(reason.to_owned()), ..OutputResult::new(output, Status::EvaluationFailed) }
}

const ADA: &str = r#""users": {"ada": {"home": "/home/ada", "shell": "bash"}}"#;

/// What is found in `results` with the xtask.toml `config`.
#[track_caller]
fn check(config: &str, results: &[OutputResult], expected: &[&str]) {
    let told = |problem: &Problem| {
        let place = problem.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        format!("{}{place}{}", if problem.fails() { "" } else { "warning: " }, problem.fault)
    };
    let found = found(config, results, &Sources::default());
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
}

fn found(config: &str, results: &[OutputResult], sources: &Sources) -> Vec<Problem> {
    let parsed = Config::parse(config).unwrap();
    let declared = |kind: &str, system: &str| Output {
        attr: AttrPath::new(["x", system, "a"]),
        kind: kind.to_owned(),
        system: Some(system.to_owned()),
    };
    // Where homes are by system, they do not make it one of the flake's.
    let declared =
        [declared("package", "aarch64-darwin"), declared("check", "x86_64-linux"), declared("home", "riscv64-linux")];
    problems(&Facts {
        results,
        configurations: &configurations(results).unwrap(),
        declared: &declared,
        conventions: &parsed.config,
        expectations: &parsed.expect,
        config_text: config,
        sources,
    })
}

#[test]
fn a_fleet_in_order() {
    let results = [
        nixos("web", ADA),
        darwin("mac", r#""primaryUser": "ada", "users": {"ada": {"home": "/Users/ada", "shell": null}}"#),
        home("ada@web", "x86_64-linux", "ada", "/home/ada"),
        home("ada@mac", "aarch64-darwin", "ada", "/Users/ada"),
        home("root@web", "x86_64-linux", "root", "/root"),
        home("bob", "x86_64-linux", "bob", "/srv/bob"),
    ];
    check("", &results, &[]);
}

#[test]
fn host_names() {
    let mut web = nixos("web", "");
    let named = |web: &mut OutputResult, name: serde_json::Value| {
        web.evaluated.as_mut().unwrap().facts.insert("hostName".to_owned(), name);
    };
    named(&mut web, "www".into());
    let results = std::slice::from_ref(&web);
    check("", results, &["`nixosConfigurations.web`: its host name is `www`, and not `web` as its attribute's"]);
    check("[config]\nhost_names = { web = \"www\" }", results, &[]);
    let other = ["`nixosConfigurations.web`: its host name is `www`, and not `w3` as xtask.toml says"];
    check("[config]\nhost_names = { web = \"w3\" }", results, &other);
    named(&mut web, serde_json::Value::Null);
    let results = std::slice::from_ref(&web);
    check("", results, &["`nixosConfigurations.web`: it has no host name"]);
    check("[config]\nhost_names = { web = \"\" }", results, &[]);
    let unknown = ["xtask.toml:2: `config.host_names` names the host `wbe`, and there is none"];
    check("[config]\nhost_names = { wbe = \"\" }", &[nixos("web", "")], &unknown);
    check("[config]\nhost_names = { wbe = \"\" }", &[failed("set", &["nixosConfigurations"], "no")], &[]);
    // The attribute may be the full name.
    let mut full = nixos("web.example.org", "");
    named(&mut full, "web".into());
    check("", &[full.clone()], &[]);
    named(&mut full, "we".into());
    let expected = [
        "`nixosConfigurations.\"web.example.org\"`: its host name is `we`, and not `web.example.org` as its attribute's",
    ];
    check("", &[full], &expected);
}

#[test]
fn one_name_of_two_hosts() {
    let both = ["`nixosConfigurations.web`, `darwinConfigurations.web`: several hosts have the host name `web`"];
    check("", &[nixos("web", ""), darwin("web", "")], &both);
    // One that is not well named is told as that alone.
    let mut db = nixos("db", "");
    db.evaluated.as_mut().unwrap().facts.insert("hostName".to_owned(), "web".into());
    let results = [nixos("web", ""), db];
    check("", &results, &["`nixosConfigurations.db`: its host name is `web`, and not `db` as its attribute's"]);
    let both = ["`nixosConfigurations.web`, `nixosConfigurations.db`: several hosts have the host name `web`"];
    check("[config]\nhost_names = { db = \"web\" }", &results, &both);
    let nameless = "[config]\nhost_names = { db = \"\", web = \"\" }";
    let without =
        |name: &str| evaluated("nixos", &["nixosConfigurations", name], "x86_64-linux", r#"{"stateVersion": "1"}"#);
    check(nameless, &[without("db"), without("web")], &[]);
}

#[test]
fn state_versions() {
    let unset = |kind: &str, set: &str, facts: &str| evaluated(kind, &[set, "a"], "x86_64-linux", facts);
    let results = [
        unset("nixos", "nixosConfigurations", r#"{"hostName": "a", "stateVersion": null}"#),
        unset("home", "homeConfigurations", r#"{"userName": "a"}"#),
    ];
    let expected = [
        "`nixosConfigurations.a`: nobody sets its state version",
        "`homeConfigurations.a`: nobody sets its state version",
    ];
    check("", &results, &expected);
}

#[test]
fn systems_of_the_flake() {
    let mut web = nixos("web", "");
    web.evaluated.as_mut().unwrap().system = "riscv64-linux".to_owned();
    let expected = "`nixosConfigurations.web`: it is for `riscv64-linux`, which is none of the flake's systems \
                    (aarch64-darwin, x86_64-linux)";
    check("", std::slice::from_ref(&web), &[expected]);
    check("[config]\nsystems = [\"riscv64-linux\"]", &[web], &[]);
}

#[test]
fn primary_users_and_shells() {
    let mac = darwin("mac", r#""primaryUser": "bob", "users": {"ada": {}}"#);
    check("", &[mac], &["`darwinConfigurations.mac`: the primary user `bob` is none of its users"]);
    let host = |shell: &str, unchecked: bool, disabled: &str| {
        let ada = format!(r#"{{"home": "/home/ada", "shell": "{shell}", "shellUnchecked": {unchecked}}}"#);
        nixos("web", &format!(r#""users": {{"ada": {ada}}}, "disabledShells": ["{disabled}"]"#))
    };
    let zsh = ["`nixosConfigurations.web`: `ada` logs in with `zsh`, which the configuration does not enable"];
    check("", &[host("zsh", false, "zsh")], &zsh);
    check("", &[host("/run/current-system/sw/bin/zsh", false, "zsh")], &zsh);
    check("", &[host("zsh", true, "zsh")], &[]);
    check("", &[host("zsh", false, "fish")], &[]);
}

#[test]
fn assertions_and_warnings_of_several_are_one_problem_each() {
    let old = r#""warnings": ["this is old"]"#;
    let results = [
        nixos("a", old),
        nixos("b", old),
        failed("nixos", &["nixosConfigurations", "c"], "Failed assertions:\n- no disk\n- no net"),
        failed("home", &["homeConfigurations", "d"], "Failed assertions:\n- no net"),
        failed("home", &["legacyPackages", "s", "homeConfigurations", "d"], "Failed assertions:\n- no net"),
        nixos("e", r#""assertions": ["no disk"]"#),
    ];
    let expected = [
        "`nixosConfigurations.c`, `nixosConfigurations.e`: an assertion fails: no disk",
        "`nixosConfigurations.c`, `homeConfigurations.d`: an assertion fails: no net",
        "warning: `nixosConfigurations.a`, `nixosConfigurations.b`: this is old",
    ];
    check("", &results, &expected);
}

#[test]
fn what_a_home_says_in_a_host_too_is_one_problem() {
    let message =
        r#""warnings": ["ada profile: this is old", "a profile: b", "system.stateVersion is not set, and so on"]"#;
    let ada = evaluated(
        "home",
        &["homeConfigurations", "ada"],
        "x86_64-linux",
        r#"{"userName": "ada", "stateVersion": "1", "warnings": ["this is old"]}"#,
    );
    let expected = [
        "warning: `nixosConfigurations.web`, `homeConfigurations.ada`: this is old",
        "warning: `nixosConfigurations.web`: a profile: b",
    ];
    check("", &[nixos("web", message), ada], &expected);
    let results = [
        failed("nixos", &["nixosConfigurations", "web"], "Failed assertions:\n- ada profile: no\n- bob profile: what"),
        failed("home", &["homeConfigurations", "ada"], "Failed assertions:\n- no"),
    ];
    let expected = [
        "`nixosConfigurations.web`, `homeConfigurations.ada`: an assertion fails: no",
        "`nixosConfigurations.web`: an assertion fails: bob profile: what",
    ];
    check("", &results, &expected);
}

#[test]
fn state_versions_without_default() {
    let reason = "The option `home-manager.users.ada.home.stateVersion' was accessed but has no value defined.";
    let results = [
        failed("nixos", &["nixosConfigurations", "web"], reason),
        failed("home", &["homeConfigurations", "ada"], "The option `home.stateVersion' is used but not defined."),
        failed("darwin", &["darwinConfigurations", "mac"], "The option `system.stateVersion' is used but not defined."),
        failed("home", &["homeConfigurations", "bob"], "The option `home.stateVersion' is not a string"),
        failed("home", &["homeConfigurations", "eve"], "The option `home.x' is used but not defined."),
    ];
    assert_eq!(results.iter().map(is_told).collect::<Vec<_>>(), [true, true, true, false, false]);
    // The same words, and another option to set.
    let expected = [
        "`nixosConfigurations.web`, `homeConfigurations.ada`: nobody sets its state version",
        "`darwinConfigurations.mac`: nobody sets its state version",
    ];
    check("", &results, &expected);
}

#[test]
fn facts_that_cannot_be_read() {
    let mut web = nixos("web", "");
    let evaluated = web.evaluated.as_mut().unwrap();
    evaluated.facts.clear();
    evaluated.facts_error = Some("infinite recursion".to_owned());
    check("", &[web], &["`nixosConfigurations.web`: its facts cannot be read: infinite recursion"]);
}

#[test]
fn expectations() {
    let expect = |select: &str, rest: &str| format!("\n[[expect]]\nselect = \"{select}\"\nattribute = \"a.b\"\n{rest}");
    let host = |name: &str, read: &str| nixos(name, &format!(r#""attributes": {{"a.b": {read}}}"#));
    let one = host("one", r#"{"value": 1}"#);
    check(&expect("nixos:*", "equals = 1"), std::slice::from_ref(&one), &[]);
    let results = [one, host("two", r#"{"value": 2}"#), host("three", r#""absent""#), host("four", r#""throws""#)];
    let expected = [
        "`nixosConfigurations.two`: `a.b` is 2, and is expected to equal 1",
        "`nixosConfigurations.three`: `a.b` is not there, and is expected to equal 1",
        "`nixosConfigurations.four`: `a.b` cannot be read: it throws an error",
    ];
    check(&expect("nixos:*", "equals = 1"), &results, &expected);
    check(&expect("nixos:two", "equals = 2"), &results, &[]);
    let nothing = "xtask.toml:2: the selector `nixos:ten` of this expectation fits no host and no home";
    check(&expect("nixos:ten", "equals = 2"), &results, &[nothing]);
    // What does not evaluate is there; what cannot be listed may be.
    check(&expect("nixos:ten", "equals = 2"), &[failed("nixos", &["nixosConfigurations", "ten"], "no")], &[]);
    check(&expect("nixos:ten", "equals = 2"), &[failed("set", &["nixosConfigurations"], "no")], &[]);
    check(&expect("nixos:web", "count = 2"), &[nixos("web", "")], &["`nixosConfigurations.web`: `a.b` was not read"]);
}
