//! `cargo xtask ci --last-failed`: what failed runs again, until it went well.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod ci_fleet;
mod sandbox;

use ci_fleet::{ci, fleet, host, hosts, planned};
use sandbox::TestNix;

#[test]
fn outputs_that_failed_are_built_again_and_no_others() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("hosts/atlas.nix", &host("atlas", "exit 3"));
        ci(&sandbox, &["build"]).ends(1);
        assert_eq!(hosts(&sandbox), ["atlas: build-failed", "borea: built"]);
        // Another host changes meanwhile: it did not fail.
        sandbox.write("hosts/borea.nix", &host("borea", "echo changed"));
        let said = "only what failed when it last ran, and what that needs: build, for 1 output";
        ci(&sandbox, &["--last-failed"]).ends(1).says(&[said]);
        assert_eq!(hosts(&sandbox), ["atlas: build-failed"], "{nix:?}");
        sandbox.write("hosts/atlas.nix", &host("atlas", "echo mended"));
        assert_eq!(planned(&sandbox, &["--last-failed"]), ["bootstrap", "build"]);
        ci(&sandbox, &["--last-failed"]).ends(0).says(&["1 of 1 output, which failed when last built"]);
        assert_eq!(hosts(&sandbox), ["atlas: built"], "{nix:?}");
        // Then nothing has failed any more, and a run of nothing would be no check.
        let ran = ci(&sandbox, &["--last-failed", "build"]).ends(0);
        ran.says(&["nothing failed when it last ran: everything runs"]);
        assert_eq!(hosts(&sandbox), ["atlas: present", "borea: built"], "{nix:?}");
    }
}

#[test]
fn jobs_that_failed_run_again_and_see_the_whole_fleet() {
    let sandbox = fleet(TestNix::Modern);
    let wrong = host("atlas", "exit 3").replace("hostName = \"atlas\"", "hostName = \"borea\"");
    sandbox.write("hosts/atlas.nix", &wrong);
    ci(&sandbox, &["build", "config", "secrets", "--keep-going"]).ends(1);
    assert_eq!(planned(&sandbox, &["--last-failed"]), ["bootstrap", "config", "build"]);
    let plan = ci(&sandbox, &["--last-failed", "--plan"]).ends(0).stdout;
    let of_secrets = plan.lines().find(|line| line.starts_with("secrets ")).unwrap();
    assert!(of_secrets.ends_with("(it went well when it last ran)"), "{plan}");
    assert_eq!(planned(&sandbox, &["--last-failed", "config"]), ["bootstrap", "config"]);
    ci(&sandbox, &["--last-failed", "secrets"]).ends(2).says(&["is not among these jobs: `build`, `config`"]);
    ci(&sandbox, &["--last-failed", "--keep-going"]).ends(1);
    assert_eq!(hosts(&sandbox), ["atlas: build-failed", "borea: present"]);
    sandbox.write("hosts/atlas.nix", &host("atlas", "echo mended"));
    ci(&sandbox, &["--last-failed"]).ends(0);
    assert_eq!(hosts(&sandbox), ["atlas: built", "borea: present"]);
    ci(&sandbox, &["--last-failed", "--plan"]).ends(0).says(&["nothing failed when it last ran"]);
}

#[test]
fn jobs_that_something_held_up_run_too() {
    let sandbox = fleet(TestNix::Modern);
    let wrong = host("atlas", "echo built").replace("hostName = \"atlas\"", "hostName = \"borea\"");
    sandbox.write("hosts/atlas.nix", &wrong);
    ci(&sandbox, &["config", "build"]).ends(1).says(&["- build: skipped: "]);
    assert_eq!(planned(&sandbox, &["--last-failed"]), ["bootstrap", "config", "build"]);
    // Mended, the check is done with, and the build has still to be.
    sandbox.write("hosts/atlas.nix", &host("atlas", "echo built"));
    ci(&sandbox, &["config"]).ends(0);
    assert_eq!(planned(&sandbox, &["--last-failed"]), ["bootstrap", "build"]);
    ci(&sandbox, &["--last-failed"]).ends(0);
    ci(&sandbox, &["--last-failed", "--plan"]).ends(0).says(&["nothing failed when it last ran"]);
}

#[test]
fn what_is_not_there_any_more_is_no_success() {
    let sandbox = fleet(TestNix::Modern);
    ci(&sandbox, &["--last-failed"]).ends(2).says(&["no run of `ci` is known below", "run `cargo xtask ci` first"]);
    sandbox.write("hosts/atlas.nix", &host("atlas", "exit 3"));
    ci(&sandbox, &["build"]).ends(1);
    let ran = sandbox.run(&["--inputs", "standin", "ci", "--last-failed"]).ends(2);
    ran.says(&["no run of `ci` with stand-in inputs is known"]);
    sandbox.git(&sandbox.repository(), &["rm", "--quiet", "--force", "hosts/atlas.nix"]);
    let ran = ci(&sandbox, &["--last-failed"]).ends(2);
    ran.says(&["none of the outputs that failed is there any more: `cargo xtask ci` looks at what is"]);
}

#[test]
fn a_job_that_is_no_more_is_not_run_again() {
    let sandbox = fleet(TestNix::Modern);
    let job = |name: &str| format!("[ci.jobs.{name}]\ncommand = ['false']\n");
    sandbox.write("xtask.toml", &[job("first"), job("second")].concat());
    ci(&sandbox, &["first", "second"]).ends(1);
    sandbox.write("xtask.toml", &job("second"));
    let said = "and what that needs: second (`first` failed too, and there is no such job any more)";
    ci(&sandbox, &["--last-failed", "--plan"]).ends(0).says(&[said]);
    sandbox.write("xtask.toml", "");
    let said = "nothing that is still there failed when it last ran: everything runs (`first`, `second` failed too";
    ci(&sandbox, &["--last-failed", "--plan"]).ends(0).says(&[said]);
}
