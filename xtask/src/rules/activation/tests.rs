//! Tables of facts, each with what the rule must find in them.

use super::*;
use crate::fleet::{AttrPath, Evaluated, Place, configurations};

fn output(kind: &str, attr: &[&str]) -> Output {
    Output { attr: AttrPath::new(attr.iter().copied()), kind: kind.to_owned(), system: None }
}

/// The hosts and homes of every test.
fn fleet() -> Vec<OutputResult> {
    let evaluated = |kind: &str, attr: &[&str], host_name: &str| {
        let mut result = OutputResult::new(output(kind, attr), Status::Evaluated);
        result.evaluated = Some(Evaluated {
            system: "x86_64-linux".to_owned(),
            drv: Some(attr.join("-")),
            facts: serde_json::from_value(serde_json::json!({ "hostName": host_name })).unwrap(),
            facts_error: None,
            warnings: Vec::new(),
            seconds: 0.0,
            memory_mib: 0,
        });
        result
    };
    vec![
        evaluated("nixos", &["nixosConfigurations", "web"], "www"),
        evaluated("nixos", &["nixosConfigurations", "mac-nixos"], "mac-nixos"),
        evaluated("darwin", &["darwinConfigurations", "mac"], "mac"),
        evaluated("home", &["homeConfigurations", "ada@web"], ""),
        evaluated("home", &["homeConfigurations", "bob"], ""),
    ]
}

const ALL: Scripts = Scripts { activate: true, switch: true };
const NONE: Scripts = Scripts { activate: false, switch: false };
const SWITCH: Scripts = Scripts { activate: false, switch: true };

/// Calls `ask` with the facts of the fleet in which everything is activated with `scripts`.
fn with_facts(config: &str, scripts: (Scripts, Option<Scripts>), recipes: &[Recipe], ask: impl FnOnce(&Facts<'_>)) {
    let results = fleet();
    let mut declared: Vec<Output> = results.iter().map(|result| result.output.clone()).collect();
    declared.push(output("package", &["packages", "x86_64-linux", "xtask"]));
    let configurations = configurations(&results).unwrap();
    let target = |of| Target { of, derivation: scripts.0, output: scripts.1 };
    let targets: Vec<Target<'_>> = configurations.iter().map(target).collect();
    let parsed = crate::config::Config::parse(config).unwrap();
    ask(&Facts {
        results: &results,
        declared: &declared,
        targets: &targets,
        pins: &parsed.activation.targets,
        aliases: &parsed.config.aliases,
        calls: &parsed.activation.recipes,
        recipes,
        recipe_file: "justfile".to_owned(),
        recipe_text: "web:\n    nixos-rebuild switch --flake '.#wbe'\n",
        config_text: config,
        sources: &Sources::default(),
    });
}

fn told(problems: &[Problem]) -> Vec<String> {
    let place = |problem: &Problem| problem.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    problems.iter().map(|problem| format!("{}{}", place(problem), problem.fault)).collect()
}

#[track_caller]
fn check(config: &str, scripts: (Scripts, Option<Scripts>), recipes: &[Recipe], expected: &[&str]) {
    with_facts(config, scripts, recipes, |facts| assert_eq!(told(&problems(facts)), expected));
}

#[test]
fn scripts() {
    check("", (ALL, None), &[], &[]);
    // What is built decides, where it is there.
    check("", (NONE, Some(ALL)), &[], &[]);
    let hosts = "`nixosConfigurations.web`, `nixosConfigurations.mac-nixos`: it cannot be activated: ";
    let others = "`darwinConfigurations.mac`, `homeConfigurations.\"ada@web\"`, `homeConfigurations.bob`: it cannot be activated: ";
    let neither = "neither `activate` nor `bin/switch-to-configuration`";
    let expected = |verb: &str| {
        let others = ["`darwinConfigurations.mac`", "`homeConfigurations.\"ada@web\"`, `homeConfigurations.bob`"]
            .map(|of| format!("{of}: it cannot be activated: {verb} no `activate`"));
        [vec![format!("{hosts}{verb} {neither}")], others.to_vec()].concat()
    };
    let built = expected("what it builds has");
    let built: Vec<&str> = built.iter().map(String::as_str).collect();
    check("", (ALL, Some(NONE)), &[], &built);
    let derived = expected("its derivation makes");
    let derived: Vec<&str> = derived.iter().map(String::as_str).collect();
    check("", (NONE, None), &[], &derived);
    // NixOS alone can be switched without `activate`.
    check("", (SWITCH, None), &[], &derived[1..]);
    check("", (ALL, Some(SWITCH)), &[], &built[1..]);
    assert!(others.starts_with("`darwin"));
    with_facts("", (NONE, None), &[], |facts| {
        let fixes: Vec<String> = problems(facts).into_iter().map(|problem| problem.fix).collect();
        let leave = |what: &str| format!("leave `{what}`");
        let expected = [
            leave("system.build.toplevel") + " to NixOS, and `system.activatable` on",
            leave("system.build.toplevel") + " to nix-darwin",
            leave("home.activationPackage") + " to home-manager",
        ];
        assert_eq!(fixes, expected);
    });
}

#[test]
fn what_has_no_derivation() {
    let failed = |kind: &str, reason: &str| OutputResult {
        reason: Some(reason.to_owned()),
        place: Some(Place { file: "flake.nix".into(), line: 7 }),
        ..OutputResult::new(output(kind, &["nixosConfigurations", "x"]), Status::EvaluationFailed)
    };
    let none = "this has no `config.system.build.toplevel', so it is not a nixos";
    for (kind, reason, expected) in [
        ("nixos", none, true),
        ("nixos", "this is not a derivation", true),
        ("nixos", "infinite recursion", false),
        ("package", "this is not a derivation", false),
    ] {
        assert_eq!(is_told(&failed(kind, reason)), expected, "{kind} {reason}");
    }
    with_facts("", (ALL, None), &[], |facts| {
        let results = [failed("nixos", none)];
        let mut of = facts.targets[0].of.clone();
        of.drv = None;
        let targets = [Target { of: &of, derivation: ALL, output: None }];
        let found = problems(&Facts { results: &results, targets: &targets, recipe_file: String::new(), ..*facts });
        let expected = [
            format!("flake.nix:7: `nixosConfigurations.x`: it cannot be activated: {none}"),
            "`nixosConfigurations.web`: it cannot be activated: what it builds is no derivation".to_owned(),
        ];
        assert_eq!(told(&found), expected);
    });
}

#[test]
fn the_table_of_users_and_hosts() {
    let check = |user: &str, host: &str, kind: Option<&'static str>, expected: Option<&str>| {
        let machine = Machine { user: user.to_owned(), host: host.to_owned(), kind };
        with_facts("[config]\naliases = { laptop = \"mac\" }", (ALL, None), &[], |facts| {
            let found = resolve(facts, &machine).map(|output| output.attr.to_string());
            assert_eq!(found.as_deref(), expected, "{user}@{host}");
        });
    };
    check("ada", "web", None, Some("homeConfigurations.\"ada@web\""));
    check("ada", "web.example.org", Some("nixos"), Some("homeConfigurations.\"ada@web\""));
    check("bob", "web", None, Some("homeConfigurations.bob"));
    check("eve", "web", None, Some("nixosConfigurations.web"));
    check("eve", "www", None, Some("nixosConfigurations.web"));
    check("eve", "mac", None, Some("darwinConfigurations.mac"));
    check("eve", "mac", Some("darwin"), Some("darwinConfigurations.mac"));
    check("eve", "mac", Some("nixos"), Some("nixosConfigurations.mac-nixos"));
    check("eve", "laptop", None, Some("darwinConfigurations.mac"));
    check("eve", "laptop", Some("nixos"), None);
    check("eve", "xtask", None, None);
    // A home that is called as the host is not the host.
    check("eve", "bob", None, None);
}

#[test]
fn targets_that_xtask_toml_pins() {
    let targets = |who: &str, target: &str| format!("[activation.targets]\n\"{who}\" = \"{target}\"\n");
    check(&targets("ada@web", "home:ada@web"), (ALL, None), &[], &[]);
    let other = ["xtask.toml:2: `ada@web` would activate `home:ada@web`, and not `nixos:web`"];
    check(&targets("ada@web", "nixos:web"), (ALL, None), &[], &other);
    let nothing = ["xtask.toml:2: `eve@wbe` would activate nothing, and not `nixos:web`"];
    check(&targets("eve@wbe", "nixos:web"), (ALL, None), &[], &nothing);
    check(&targets("eve", "nixos:web"), (ALL, None), &[], &["xtask.toml:2: `eve` is no user on a host"]);
}

#[test]
fn recipes() {
    let config = "[activation]\nrecipes = [\n  \"web\",\n]";
    let run = |dry_run: Result<&str, &str>| {
        let dry_run = dry_run.map(str::to_owned).map_err(str::to_owned);
        [Recipe { call: "web".to_owned(), dry_run }]
    };
    let check = |dry_run: Result<&str, &str>, expected: &[&str]| check(config, (ALL, None), &run(dry_run), expected);
    check(Ok("nixos-rebuild switch --flake '.#web'"), &[]);
    check(Ok("home-manager switch --flake '.#ada@web'"), &[]);
    check(Ok("nix build .#nixosConfigurations.web.config.system.build.toplevel"), &[]);
    check(Ok("nix run .#xtask && nix run . ada@web"), &[]);
    let error = ["xtask.toml:3: `web` cannot be called in `justfile`: error: no recipe `web` · Did you mean `wbe`?"];
    check(Err("error: no recipe `web`\n\nDid you mean `wbe`?"), &error);
    let nothing = ["xtask.toml:3: `web` in `justfile` names no target of this flake"];
    check(Ok("nixos-rebuild switch"), &nothing);
    check(Ok(""), &nothing);
    check(Ok("nix run . --refresh"), &nothing);
    // The number of arguments is no reference to a flake.
    check(Ok("test $# = 1 && nixos-rebuild switch --flake .#web"), &[]);
    // The recipe itself says this name.
    let misspelt = "justfile:2: `web` in `justfile` would activate `nixosConfigurations.wbe`, which there is not";
    check(Ok("nixos-rebuild switch --flake '.#wbe'"), &[misspelt]);
    let other = "xtask.toml:3: `web` in `justfile` would activate `nixosConfigurations.webb`, which there is not: did you mean `web`?";
    check(Ok("nixos-rebuild switch --flake '.#webb'"), &[other]);
    // A home is no host.
    let home = "xtask.toml:3: `web` in `justfile` would activate `nixosConfigurations.\"ada@web\"`, which there is not";
    check(Ok("nixos-rebuild switch --flake '.#ada@web'"), &[home]);
    let unknown = "xtask.toml:3: `web` in `justfile` would activate `nixosConfigurations.w.x`, which there is not";
    check(Ok("nix build .#nixosConfigurations.w.x"), &[unknown]);
    let shell =
        "xtask.toml:3: `web` in `justfile` would activate `$1`, which only a shell can tell: let the recipe say it";
    check(Ok("nixos-rebuild switch --flake .#$1"), &[shell]);
}

#[test]
fn a_name_is_mended_where_it_is_given() {
    let config = "[activation]\nrecipes = [\"run wbe\"]";
    let dry_run = Ok("nixos-rebuild switch --flake '.#wbe'".to_owned());
    // The justfile says `wbe` too, and the call gives it.
    let expected = "xtask.toml:2: `run wbe` in `justfile` would activate `nixosConfigurations.wbe`, which there is not";
    check(config, (ALL, None), &[Recipe { call: "run wbe".to_owned(), dry_run }], &[expected]);
}

#[test]
fn recipes_without_a_file() {
    let config = "[activation]\nrecipes = [\"web\"]";
    check(
        config,
        (ALL, None),
        &[],
        &["xtask.toml:2: recipes are named, and there is neither a justfile nor a Makefile that git tracks"],
    );
}
