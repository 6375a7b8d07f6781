//! `doctor`, on real Nix and git.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use sandbox::{Sandbox, TestNix};

#[test]
fn the_doctor_names_what_git_hides_from_nix() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write(".sops.yaml", "creation_rules: []\n");
    sandbox.run(&["doctor"]).ends(1).says(&["✗ age-key: missing", "fix: cargo xtask bootstrap --only age-key"]);
    sandbox.run(&["bootstrap", "--yes", "--only", "age-key"]).ends(0);
    sandbox.run(&["doctor"]).ends(0).says(&[
        "✓ repository: every .nix file is tracked",
        "✓ store: relocated",
        "doctor: 0 problems",
    ]);
    sandbox.write_untracked("modules/new one.nix", "{ }");
    let said = sandbox.run(&["doctor"]).ends(1);
    said.says(&[
        "✗ repository: `modules/new one.nix` is not tracked",
        "fix: git add --intent-to-add 'modules/new one.nix'",
        "doctor: 1 problem in",
    ]);
}

#[test]
fn the_doctor_answers_as_json() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    sandbox.write_nix_conf(&format!("{}max-jobs = 0\n", sandbox::WORKING_NIX_CONF));
    let answer = sandbox.run(&["doctor", "--json"]).ends(1);
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    let diagnoses = document["diagnoses"].as_array().unwrap();
    let jobs = diagnoses.iter().find(|diagnosis| diagnosis["name"] == "max-jobs").unwrap();
    assert_eq!((jobs["standing"].as_str(), jobs["fix"].is_string()), (Some("problem"), true));
}
