//! `cargo xtask ci matrix`: which machines of GitHub build what, and that the build job builds just that.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;

use sandbox::{Ran, Sandbox, TestNix};
use serde_json::Value;

const PACKAGES: &str = "packages.x86_64-linux = { a = linux \"a\"; b = linux \"b\"; };
    packages.aarch64-linux.c = make \"aarch64-linux\" \"c\";";

fn fleet(body: &str, config: &str) -> Sandbox {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &sandbox::fleet::flake(body));
    sandbox.write("xtask.toml", config);
    sandbox
}

/// Each row as `name runner only`.
fn rows(ran: &Ran) -> Vec<String> {
    let matrix: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |row: &Value| format!("{} {} {}", text(&row["name"]), text(&row["runner"]), text(&row["only"]));
    matrix["include"].as_array().unwrap().iter().map(row).collect()
}

/// The outputs of a step as GitHub's runner reads them: each value between two lines that nobody could know beforehand.
fn outputs(text: &str) -> Vec<(&str, &str)> {
    let mut lines = text.lines();
    let mut outputs: Vec<(&str, &str)> = Vec::new();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap();
        assert!(delimiter.len() > 20 && outputs.iter().all(|(other, _)| *other != name), "{text}");
        outputs.push((name, lines.next().unwrap()));
        assert_eq!(lines.next(), Some(delimiter));
    }
    outputs
}

#[test]
fn each_system_has_its_machine_and_github_is_told() {
    let mut sandbox = fleet(PACKAGES, "[ci]\nallowed_to_fail = [\"aarch64-linux\"]\n");
    let output = sandbox.path("output");
    fs::write(&output, "earlier=1\n").unwrap();
    sandbox.set("GITHUB_OUTPUT", output.to_str().unwrap());
    // What is asked of the jobs by environment does not keep the plan from being made.
    sandbox.set("XTASK_FAIL_FAST", "true");
    let ran = sandbox.run(&["ci", "matrix"]).ends(0).says(&["matrix: 2 machines for 3 outputs, handed to GitHub"]);
    assert_eq!(rows(&ran), ["aarch64-linux ubuntu-24.04-arm *:*", "x86_64-linux ubuntu-latest *:*"]);
    let told = fs::read_to_string(output).unwrap();
    let told = told.strip_prefix("earlier=1\n").unwrap();
    let told = outputs(told);
    let words = ["matrix", "systems", "empty"];
    assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), words);
    // Each system has one machine, which stands for it.
    assert_eq!([told[0].1, told[1].1, told[2].1], [ran.stdout.trim(), ran.stdout.trim(), "false"]);
    assert!(
        ran.stdout
            .contains(r#""system":"aarch64-linux","runner":"ubuntu-24.04-arm","first":true,"allowed_to_fail":true"#)
    );
}

#[test]
fn a_system_is_spread_and_each_machine_builds_its_share() {
    let mut sandbox = fleet(PACKAGES, "[ci]\nseconds_per_machine = 0\nexcluded = [\"aarch64-linux\"]\n");
    let ran = sandbox.run(&["ci", "matrix"]).ends(0);
    let rows = rows(&ran);
    let only: Vec<&str> = rows.iter().map(|row| row.rsplit(' ').next().unwrap()).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("x86_64-linux-1-of-2 ubuntu-latest packages.x86_64-linux."), "{rows:?}");
    sandbox.set("XTASK_SYSTEM", "x86_64-linux");
    for own in only {
        sandbox.set("XTASK_ONLY", own);
        let ran = sandbox.run(&["ci", "build", "--json"]).ends(0);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let built: Vec<&str> =
            report["outputs"].as_array().unwrap().iter().filter_map(|o| o["attr"].as_str()).collect();
        assert_eq!(built, [own]);
    }
    sandbox.set("XTASK_ONLY", "packages.x86_64-linux.gone");
    sandbox.run(&["ci", "build"]).ends(2).says(&["no output fits the selector"]);
}

#[test]
fn of_the_machines_of_a_system_the_first_runs_what_runs_once() {
    let own =
        "[ci]\nseconds_per_machine = 0\n[ci.jobs.smoke]\nphase = 'verify'\nper_system = true\ncommand = ['true']\n";
    let mut sandbox = fleet(PACKAGES, own);
    let output = sandbox.path("output");
    sandbox.set("GITHUB_OUTPUT", output.to_str().unwrap());
    let told =
        "x86_64-linux has several machines: `smoke` runs on the first alone, and keeps back the push of that one";
    let ran = sandbox.run(&["ci", "matrix"]).ends(0).says(&[told, "matrix: 3 machines for 3 outputs"]);
    assert!(!ran.stderr.contains("aarch64-linux has several"), "{}", ran.stderr);
    let names = |json: &str| {
        let matrix: Value = serde_json::from_str(json).unwrap();
        let first = |row: &&Value| row["first"] == true;
        let rows = matrix["include"].as_array().unwrap();
        let name = |row: &Value| format!("{} {}", row["name"].as_str().unwrap(), row["only"].as_str().unwrap());
        (rows.len(), rows.iter().filter(first).map(name).collect::<Vec<_>>())
    };
    let written = fs::read_to_string(output).unwrap();
    let outputs = outputs(&written);
    let (rows, first) = names(outputs[0].1);
    assert_eq!((rows, first.len()), (3, 2));
    assert!(
        first[0].starts_with("aarch64-linux *:*") && first[1].starts_with("x86_64-linux-1-of-2 packages."),
        "{first:?}"
    );
    assert_eq!(names(outputs[1].1), (2, vec!["aarch64-linux *:*".to_owned(), "x86_64-linux *:*".to_owned()]));
    // Nobody is told of machines where nothing of one's own is between the build and the push.
    sandbox.write("xtask.toml", "[ci]\nseconds_per_machine = 0\n");
    let ran = sandbox.run(&["ci", "matrix"]).ends(0);
    assert!(!ran.stderr.contains("several machines"), "{}", ran.stderr);
}

#[test]
fn no_plan_is_made_of_what_is_not_known() {
    let mut sandbox = fleet("packages.x86_64-linux = { a = linux \"a\"; b = throw \"no\"; };", "");
    let output = sandbox.path("output");
    sandbox.set("GITHUB_OUTPUT", output.to_str().unwrap());
    sandbox.run(&["ci", "matrix"]).ends(1).says(&["packages.x86_64-linux.b", "not every output evaluates"]);
    sandbox.write("flake.nix", "{ outputs = { self }: { }; }");
    sandbox.run(&["ci", "matrix"]).ends(2).says(&["never a success"]);
    sandbox.write("flake.nix", &sandbox::fleet::flake("packages.riscv64-linux.a = make \"riscv64-linux\" \"a\";"));
    sandbox.run(&["ci", "matrix"]).ends(2).says(&["no runner is known for riscv64-linux"]);
    assert!(!output.exists());
    sandbox.write("xtask.toml", "[ci]\nexcluded = [\"riscv64-linux\"]\n");
    let ran =
        sandbox.run(&["ci", "matrix"]).ends(0).says(&["nothing to build: every output is for an excluded system"]);
    assert_eq!(ran.stdout, "{\"include\":[]}\n");
    assert_eq!(
        outputs(&fs::read_to_string(output).unwrap()),
        [("matrix", "{\"include\":[]}"), ("systems", "{\"include\":[]}"), ("empty", "true")]
    );
}
