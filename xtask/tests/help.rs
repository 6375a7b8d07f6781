//! The examples of every `--help` do what they say: each is run as it stands, by a shell, in a fleet of its own.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;
mod secrets_fleet;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sandbox::{Sandbox, ran};
use secrets_fleet::Fleet;

/// Examples that are not run here, and why. That they are understood is tested beside the commands.
const ONLY_PARSED: [(&str, &str); 5] = [
    ("cargo xtask test", "it would run this very test"),
    ("cargo xtask test -- --test help", "it would run this very test"),
    ("cargo xtask test --tools-only", "it installs packages on the machine"),
    ("cargo xtask cache provision cachix://my-fleet", "it creates a cache at Cachix"),
    (
        "cargo xtask cache provision 's3://bucket?region=eu-central-1' --new-key ~/.config/nix/fleet-cache",
        "it writes into a bucket",
    ),
];

/// Examples that find something here, and what that is.
const FINDS: [(&str, &str); 3] = [
    ("cargo xtask cache setup --dry-run", "cache setup: 1 file would change"),
    ("cargo xtask cache doctor", "Nix does not ask it"),
    ("cargo xtask cache doctor --json", "Nix does not ask it"),
];

/// Examples that another variable makes sense for than that of the rest.
const WITH: [(&str, &str, &str); 1] = [("cargo xtask secrets keygen", "SOPS_AGE_KEY_FILE", "keys/of-nobody-yet")];

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

/// A fleet with secrets, workflows and a history, another beside it, and a `cargo` whose `xtask` is the built program.
fn world() -> Sandbox {
    let mut sandbox = Fleet::new().sandbox.with_client();
    for file in ["flake.nix", "configurations/nixos/web.nix", "configurations/home/ada@web.nix"] {
        sandbox.write(file, &fixture(&format!("help/{file}")));
    }
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = |name: &str, script: &str| {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("cargo", &format!("shift\nexec '{}' \"$@\"", env!("CARGO_BIN_EXE_xtask")));
    program("vim", "echo 'note: by vim' > \"$1\"");
    let path = format!("{}:{}", bin.display(), sandbox.variable("PATH"));
    sandbox.set("PATH", &path);
    // The help is folded to the width of a terminal, examples as well.
    sandbox.set("COLUMNS", "1000");
    sandbox.set("EDITOR", "vim");
    sandbox.set("NIX_TOKEN", "not-a-token-at-all");
    sandbox.run(&["workflow", "generate"]).ends(0);
    sandbox.run(&["bootstrap", "--only", "completions,man", "--yes"]).ends(0);
    let workflow = fs::read_to_string(sandbox.repository().join(".github/workflows/ci.yaml")).unwrap();
    sandbox.write("run.json", &run_of(&workflow));
    let repository = sandbox.repository();
    sandbox.git(&repository, &["add", "--all"]);
    sandbox.git(&repository, &["commit", "--quiet", "--message", "first"]);
    sandbox.git(&repository, &["branch", "--move", "--force", "main"]);
    sandbox.git(&repository, &["update-ref", "refs/remotes/origin/main", "main"]);
    let beside = sandbox.path("fleet");
    sandbox.git(&repository, &["clone", "--quiet", repository.to_str().unwrap(), beside.to_str().unwrap()]);
    sandbox
}

/// A run of the workflow in which all went well, as `gh run view --json` tells it.
fn run_of(workflow: &str) -> String {
    let (head, jobs) = workflow.split_once("\njobs:\n").unwrap();
    let name = head.lines().find_map(|line| line.strip_prefix("name: ")).unwrap();
    let keys = jobs.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    let jobs = keys.filter(|key| !key.starts_with([' ', '#'])).map(|key| {
        serde_json::json!({
            "name": if key == "build" { "build x86_64-linux" } else { key }, "status": "completed", "conclusion": "success",
            "startedAt": "2026-10-03T14:00:04Z", "completedAt": "2026-10-03T14:01:33Z", "steps": [],
        })
    });
    let jobs = jobs.collect::<Vec<_>>();
    serde_json::json!({ "attempt": 1, "workflowName": name, "jobs": jobs }).to_string()
}

/// The examples of a command and of all below it, by their help.
fn examples(sandbox: &Sandbox, path: &[&str], all: &mut Vec<String>) {
    let help = sandbox.run(&[path, &["--help"]].concat()).ends(0).stdout;
    let of_its_own = help.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| {
        let words = line.split_whitespace().collect::<Vec<_>>();
        words.windows(2).any(|pair| pair == ["cargo", "xtask"]) && !line.starts_with(' ')
    });
    all.extend(of_its_own.map(|line| line.split("   ").next().unwrap().trim().to_owned()));
    let commands = help.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        examples(sandbox, &[path, &[name]].concat(), all);
    }
}

#[test]
fn every_example_of_the_help_does_what_it_says() {
    let sandbox = world();
    let mut all = Vec::new();
    examples(&sandbox, &[], &mut all);
    all.dedup();
    assert!(all.len() > 60, "{all:#?}");
    let named = ONLY_PARSED.iter().chain(&FINDS).map(|(example, _)| *example).chain(WITH.map(|(example, ..)| example));
    for example in named {
        assert!(all.iter().any(|known| known == example), "`{example}` is no example any more");
    }
    let mut failures = String::new();
    for example in all.iter().filter(|example| !ONLY_PARSED.iter().any(|(only, _)| only == example)) {
        // What waits for somebody would wait for ever.
        let mut command = sandbox.command("timeout");
        for (_, variable, value) in WITH.iter().filter(|(known, ..)| known == example) {
            command.env(variable, sandbox.path(value));
        }
        let ran = ran(command.args(["120", "/bin/bash", "-euo", "pipefail", "-c", example]));
        let finds = FINDS.iter().find(|(known, _)| known == example).map(|(_, what)| *what);
        let said = finds.is_none_or(|what| format!("{}{}", ran.stdout, ran.stderr).contains(what));
        if ran.status != i32::from(finds.is_some()) || !said {
            write!(failures, "$ {example}\n{}{}exit status {}\n\n", ran.stdout, ran.stderr, ran.status).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
