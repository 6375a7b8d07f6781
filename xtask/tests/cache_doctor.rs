//! `cache doctor`: what it says of this machine alone, on real Nix; what it makes of answers is tested where it is decided.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cached_fleet;
mod sandbox;

use cached_fleet::{CACHE, KEY, fleet, name_cache};
use sandbox::{Sandbox, TestNix, WORKING_NIX_CONF, ran};

#[test]
fn what_the_doctor_names_setup_mends() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        let before = sandbox.fingerprint(&["home", "nix-conf"]);
        sandbox.run(&["cache", "doctor"]).ends(1).says(&[
            &format!("✗ substituter {CACHE}: Nix does not ask it"),
            "fix: cargo xtask cache setup\n",
            &format!("- cache {CACHE}: not asked: --offline"),
        ]);
        assert_eq!(sandbox.fingerprint(&["home", "nix-conf"]), before, "{nix:?}: a doctor changes nothing");
        sandbox.run(&["cache", "setup"]).ends(0);
        sandbox
            .run(&["cache", "doctor"])
            .ends(0)
            .says(&[&format!("✓ substituter {CACHE}: Nix asks it"), "doctor: 0 problems"]);
    }
}

#[test]
fn a_flake_that_is_accepted_needs_no_setup() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}accept-flake-config = true\n"));
    sandbox.run(&["cache", "doctor"]).ends(0).says(&["Nix asks it when it works on this flake"]);
}

#[test]
fn a_token_under_the_wrong_name_is_named_and_not_said() {
    let mut sandbox = fleet(TestNix::Modern);
    sandbox.run(&["cache", "setup"]).ends(0);
    sandbox.set("CACHIX_AUTH", "hunter2");
    let said = sandbox.run(&["cache", "doctor"]).ends(1);
    said.never_says(&["hunter2"]).says(&[
        "`CACHIX_AUTH` is set, which nothing reads: `CACHIX_AUTH_TOKEN` is meant",
        "fix: export CACHIX_AUTH_TOKEN=\"$CACHIX_AUTH\"; unset CACHIX_AUTH",
    ]);
    sandbox.set("CACHIX_AUTH_TOKEN", "hunter2");
    sandbox.run(&["cache", "doctor"]).ends(0).never_says(&["hunter2"]);
}

#[test]
fn the_answer_as_json_has_the_doctors_schema() {
    let sandbox = fleet(TestNix::Distribution);
    let answer = sandbox.run(&["cache", "doctor", "--json"]).ends(1);
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((document["schema"].as_u64(), document["problems"].as_u64()), (Some(1), Some(1)));
    let diagnoses = document["diagnoses"].as_array().unwrap();
    let absent = diagnoses.iter().find(|one| one["name"] == format!("substituter {CACHE}")).unwrap();
    assert_eq!(
        (absent["standing"].as_str(), absent["fix"].as_str()),
        (Some("problem"), Some("cargo xtask cache setup"))
    );
}

#[test]
fn a_flake_without_caches_has_nothing_to_look_at() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.run(&["cache", "doctor"]).ends(0).says(&["! caches: `nixConfig` of flake.nix names none"]);
}

#[test]
fn a_nix_without_s3_is_named() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let bucket = "s3://fleet?region=eu-1";
        name_cache(&sandbox, bucket, KEY);
        sandbox.unset("XTASK_OFFLINE");
        // Nobody answers there, should anything ask.
        sandbox.set("https_proxy", "http://127.0.0.1:9");
        let asked = ran(sandbox.command("nix").args(["store", "ping", "--store", bucket]));
        let without = asked.stderr.contains("don't know how to open");
        let said = sandbox.run(&["cache", "doctor"]);
        assert_eq!(
            said.stderr.contains("cannot open `s3://` stores: it was built without"),
            without,
            "{nix:?}: {asked:?}"
        );
    }
}

#[test]
fn paths_that_nobody_could_be_asked_for_are_told() {
    let sandbox = fleet(TestNix::Modern);
    let path = format!("{}/{}-a", sandbox.path("nix/store").display(), "0".repeat(32));
    sandbox
        .run(&["cache", "doctor", &path])
        .ends(2)
        .says(&[&format!("✗ memory of {CACHE}: could not be asked for the paths")]);
}
