//! `cargo xtask ci --affected`: jobs whose inputs changed, outputs whose derivation changed, and bases that tell nothing.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod ci_fleet;
mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ci_fleet::{FLEET, ci, fleet, host, hosts, planned};
use sandbox::{Sandbox, TestNix};

const SINCE_HEAD: [&str; 3] = ["--affected", "--base", "HEAD"];

/// Jobs of one's own, of which one says what it depends on.
const JOBS: &str = r#"
[ci.jobs.docs]
command = ["true"]
inputs = ["docs/**"]

[ci.jobs.site]
command = ["true"]
needs = ["docs"]
inputs = ["site"]

[ci.jobs.spelling]
command = ["true"]
"#;

#[test]
fn a_change_of_the_flake_affects_what_nix_runs_and_one_of_a_script_its_command() {
    let sandbox = fleet(TestNix::Modern);
    let job = |name: &str, work: &str| format!("[ci.jobs.{name}]\n{work}\ninputs = [\"docs/**\"]\n");
    let jobs = [job("docs", "app = 'a'"), job("site", "shell = ['a']"), job("spelling", "command = ['sh', 'ci/a.sh']")];
    sandbox.write("xtask.toml", &jobs.concat());
    sandbox.write("ci/a.sh", "true\n");
    sandbox.commit("jobs");
    assert_eq!(own_jobs(&sandbox), [""; 0]);
    sandbox.write("hosts/atlas.nix", &host("atlas", "echo changed"));
    assert_eq!(own_jobs(&sandbox), ["docs", "site"]);
    sandbox.write("ci/a.sh", "false\n");
    assert_eq!(own_jobs(&sandbox), ["docs", "site", "spelling"]);
}

/// The jobs of one's own that run for what is different from `HEAD`.
fn own_jobs(sandbox: &Sandbox) -> Vec<String> {
    let own = |job: &String| ["docs", "site", "spelling"].contains(&job.as_str());
    planned(sandbox, &SINCE_HEAD).into_iter().filter(own).collect()
}

#[test]
fn only_changed_outputs_are_built() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("hosts/atlas.nix", &host("atlas", "echo changed"));
        let ran = ci(&sandbox, &[&["build"][..], &SINCE_HEAD].concat()).ends(0);
        ran.says(&["1 file changed since HEAD: 2 jobs to run", "1 of 2 outputs changed since HEAD"]);
        assert_eq!(hosts(&sandbox), ["atlas: built", "borea: evaluated"], "{nix:?}");
        // What is there already is said to be, whether or not it changed.
        ci(&sandbox, &["build"]).ends(0);
        sandbox.write("hosts/atlas.nix", &host("atlas", "echo changed again"));
        ci(&sandbox, &[&["build"][..], &SINCE_HEAD].concat()).ends(0);
        assert_eq!(hosts(&sandbox), ["atlas: built", "borea: present"], "{nix:?}");
    }
}

#[test]
fn only_jobs_whose_inputs_changed_run_with_what_they_need() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("xtask.toml", JOBS);
    sandbox.commit("jobs");
    assert_eq!(planned(&sandbox, &SINCE_HEAD), [""; 0]);
    let plan = ci(&sandbox, &[&["--plan"][..], &SINCE_HEAD].concat()).ends(0).stdout;
    assert!(plan.lines().all(|line| line.ends_with("(its inputs did not change since HEAD)")), "{plan}");
    // Nothing to do is said, and no job has run.
    ci(&sandbox, &SINCE_HEAD).ends(0).says(&["no file changed since HEAD: no job runs"]);
    assert!(ci_fleet::statuses(&sandbox, "jobs", "name").iter().all(|job| job.ends_with(": skipped")));
    let repository = sandbox.repository();
    let check = |change: &dyn Fn(), expected: &[&str]| {
        change();
        assert_eq!(own_jobs(&sandbox), expected);
        sandbox.git(&repository, &["reset", "--quiet", "--hard"]);
        sandbox.git(&repository, &["clean", "--quiet", "--force", "-d"]);
    };
    check(&|| sandbox.write("docs/a.md", "Changed.\n"), &["docs", "spelling"]);
    check(&|| sandbox.write("README.md", "New.\n"), &["spelling"]);
    check(&|| sandbox.write("site/index.html", "New.\n"), &["docs", "site", "spelling"]);
    check(&|| sandbox.write_untracked("docs/b.md", "Git does not know it.\n"), &["docs", "spelling"]);
    check(&|| sandbox.git(&repository, &["mv", "docs/a.md", "a.md"]), &["docs", "spelling"]);
    check(&|| sandbox.git(&repository, &["rm", "--quiet", "docs/a.md"]), &["docs", "spelling"]);
    let executable = || fs::set_permissions(repository.join("docs/a.md"), fs::Permissions::from_mode(0o755)).unwrap();
    check(&executable, &["docs", "spelling"]);
    check(&|| sandbox.write("xtask.toml", &format!("{JOBS}# changed\n")), &["docs", "site", "spelling"]);
    check(&|| sandbox.write("xtask/src/main.rs", "fn main() {}\n"), &["docs", "site", "spelling"]);
}

#[test]
fn a_base_that_does_not_evaluate_spares_nothing_and_is_told() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        let build = [&["build"][..], &SINCE_HEAD].concat();
        sandbox.write("hosts/atlas.nix", "throw \"atlas is broken\"");
        sandbox.commit("one host is broken");
        sandbox.write("hosts/atlas.nix", &host("atlas", "echo mended"));
        let ran = ci(&sandbox, &build).ends(0);
        ran.says(&["1 output does not evaluate at HEAD, and it counts as changed: nixosConfigurations.atlas: "]);
        assert_eq!(hosts(&sandbox), ["atlas: built", "borea: evaluated"], "{nix:?}");
        sandbox.write("flake.nix", "{ outputs = _: throw \"all is broken\"; }\n");
        sandbox.commit("everything is broken");
        sandbox.write("flake.nix", FLEET);
        ci(&sandbox, &build).ends(0).says(&["the flake does not evaluate at HEAD, and every output counts as changed"]);
        assert_eq!(hosts(&sandbox), ["atlas: present", "borea: built"], "{nix:?}");
        sandbox.git(&sandbox.repository(), &["rm", "--quiet", "--force", "flake.nix"]);
        sandbox.commit("no flake");
        sandbox.write("flake.nix", FLEET);
        let said = "every output counts as changed: evaluate the base `HEAD`: it has no `flake.nix`";
        ci(&sandbox, &build).ends(0).says(&[said]);
        assert_eq!(hosts(&sandbox), ["atlas: present", "borea: present"], "{nix:?}");
    }
}

#[test]
fn a_base_that_is_not_there_is_an_error() {
    let sandbox = fleet(TestNix::Modern);
    ci(&sandbox, &["--affected", "--base", "nobody"])
        .ends(2)
        .says(&["the revision `nobody` is not in this repository"]);
    ci(&sandbox, &["--affected"])
        .ends(2)
        .says(&["this is no run for a pull request, which would name one: give --base REV"]);
    ci(&sandbox, &["--affected", "--last-failed", "--base", "HEAD"]).ends(2).says(&["cannot be used with"]);
    sandbox.write("docs/a.md", "Changed.\n");
    sandbox.commit("second");
    let from = format!("file://{}", sandbox.repository().display());
    let shallow = sandbox.path("shallow");
    sandbox.git(&sandbox.path(""), &["clone", "--quiet", "--depth=1", &from, "shallow"]);
    let ran = sandbox.run(&["--repo", shallow.to_str().unwrap(), "ci", "--affected", "--base", "HEAD~1"]).ends(2);
    ran.says(&["the revision `HEAD~1` is not in this clone, whose history is cut off", "`fetch-depth: 0`"]);
    let ran = sandbox.run(&["--repo", shallow.to_str().unwrap(), "ci", "--affected", "--base", "nosuch"]).ends(2);
    ran.says(&["there is no revision `nosuch`, or it is not fetched"]);
}

#[test]
fn a_pull_request_names_its_base() {
    let mut sandbox = fleet(TestNix::Modern);
    let base = sandbox::ran(sandbox.command("git").args(["rev-parse", "HEAD"])).stdout.trim().to_owned();
    sandbox.write("xtask.toml", JOBS);
    sandbox.write("docs/a.md", "Changed.\n");
    sandbox.commit("second");
    let repo = r#"{"full_name": "a/b", "default_branch": "main"}"#;
    let event = format!(
        r#"{{"repository": {repo}, "pull_request": {{"base": {{"sha": "{base}", "repo": {repo}}}, "head": {{"repo": {repo}}}}}}}"#
    );
    let file = sandbox.path("event.json");
    fs::write(&file, event).unwrap();
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_REPOSITORY", "a/b")];
    for (name, value) in variables.into_iter().chain([("GITHUB_EVENT_PATH", file.to_str().unwrap())]) {
        sandbox.set(name, value);
    }
    ci(&sandbox, &["--affected", "--plan"]).ends(0).says(&[&format!("2 files changed since {base}: ")]);
    // What is named goes before what the event says.
    ci(&sandbox, &["--affected", "--plan", "--base", "HEAD"]).ends(0).says(&["no file changed since HEAD"]);
}
