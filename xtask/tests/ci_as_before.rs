//! Results of jobs that are kept from run to run: they count where nothing is different, and never where something is.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod ci_fleet;
mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ci_fleet::{ci, fleet};
use sandbox::{Ran, Sandbox, TestNix, ran};
use serde_json::Value;

/// Jobs that note each of their runs; `failing` fails, `formatter` changes what it depends on, `upload` publishes.
fn jobs(sandbox: &Sandbox) -> String {
    let log = sandbox.path("runs");
    let job = |name: &str, phase: &str, more: &str, then: &str| {
        let command = format!("echo {name} >> '{}'{then}", log.display());
        format!("[ci.jobs.{name}]\nphase = \"{phase}\"\ncommand = [\"sh\", \"-c\", \"{command}\"]\n{more}\n")
    };
    let docs = "inputs = [\"docs/**\"]";
    [
        job("docs", "check", docs, ""),
        job("undeclared", "check", "", ""),
        job("failing", "check", docs, "; exit 1"),
        job("formatter", "check", docs, "; echo >> docs/a.md"),
        job("upload", "publish", docs, ""),
    ]
    .concat()
}

/// How often the job `name` has run since it was last asked.
fn runs(sandbox: &Sandbox, name: &str) -> usize {
    let log = sandbox.path("runs");
    let text = fs::read_to_string(&log).unwrap_or_default();
    fs::write(&log, "").unwrap();
    text.lines().filter(|line| *line == name).count()
}

fn documented() -> Sandbox {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("xtask.toml", &jobs(&sandbox));
    sandbox
}

/// Runs the job `docs`, which must go well: whether it ran.
fn docs_ran(sandbox: &Sandbox, arguments: &[&str]) -> bool {
    let ran = ci(sandbox, &[&["docs"], arguments].concat()).ends(0);
    let as_before = ran.stderr.contains("as before: nothing that it depends on has changed");
    let ran_again = runs(sandbox, "docs") == 1;
    assert_ne!(ran_again, as_before, "{}", ran.stderr);
    ran_again
}

#[test]
fn a_check_that_says_what_it_depends_on_runs_again_only_where_that_is_different() {
    let sandbox = documented();
    let repository = sandbox.repository();
    let file = repository.join("docs/a.md");
    let check = |what: &str, change: &dyn Fn(), expected: bool| {
        change();
        assert_eq!(docs_ran(&sandbox, &[]), expected, "{what}");
        assert!(!docs_ran(&sandbox, &[]), "{what}: a second time");
    };
    check("the first run", &|| {}, true);
    check("a file that it does not depend on", &|| sandbox.write("README.md", "New.\n"), false);
    check("a file's time", &|| fs::File::open(&file).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap(), false);
    check("a file's content", &|| sandbox.write("docs/a.md", "Changed.\n"), true);
    check("what it was before", &|| sandbox.write("docs/a.md", "A fleet.\n"), false);
    check("a rename", &|| sandbox.git(&repository, &["mv", "docs/a.md", "docs/b.md"]), true);
    sandbox.git(&repository, &["mv", "docs/b.md", "docs/a.md"]);
    check("a mode", &|| fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap(), true);
    check("a file that git does not know", &|| sandbox.write_untracked("docs/new.md", "New.\n"), true);
    let link = || std::os::unix::fs::symlink("../README.md", repository.join("docs/link.md")).unwrap();
    check("a link", &link, true);
    check("what a link leads to", &|| sandbox.write("README.md", "Changed.\n"), true);
    check("where its row stands", &|| sandbox.write("xtask.toml", &format!("\n{}", jobs(&sandbox))), false);
    let other = jobs(&sandbox).replacen("sh\", \"-c\"", "sh\", \"-ec\"", 1);
    check("its row", &|| sandbox.write("xtask.toml", &other), true);
    let kept = sandbox.path("state/jobs.json");
    let text = fs::read_to_string(&kept).unwrap();
    check("kept results that are damaged", &|| fs::write(&kept, &text[..text.len() / 2]).unwrap(), true);
    check("kept results that are gone", &|| fs::remove_file(&kept).unwrap(), true);
}

#[test]
fn another_program_other_tools_and_who_asks_for_it_run_again() {
    let mut sandbox = documented();
    assert!(docs_ran(&sandbox, &[]) && !docs_ran(&sandbox, &[]));
    assert!(docs_ran(&sandbox, &["--fresh"]));
    let copy = sandbox.path("xtask");
    fs::copy(env!("CARGO_BIN_EXE_xtask"), &copy).unwrap();
    let with = |program: &Path| -> Ran { ran(sandbox.command(program).args(["ci", "docs"])).ends(0) };
    with(&copy);
    assert_eq!(runs(&sandbox, "docs"), 1, "another program");
    with(&copy);
    assert_eq!(runs(&sandbox, "docs"), 0);
    let path = ran(sandbox.command("sh").args(["-c", "printf %s \"$PATH\""])).stdout;
    sandbox.set("PATH", &format!("{path}:/nowhere"));
    assert!(docs_ran(&sandbox, &[]), "other tools");
    sandbox.set("CI", "true");
    assert!(docs_ran(&sandbox, &[]) && docs_ran(&sandbox, &[]), "what decides about merging");
}

#[test]
fn what_failed_what_publishes_and_what_says_nothing_always_runs() {
    let sandbox = documented();
    for _ in 0..2 {
        ci(&sandbox, &["failing"]).ends(1);
        assert_eq!(runs(&sandbox, "failing"), 1);
    }
    for job in ["undeclared", "upload"] {
        for _ in 0..2 {
            ci(&sandbox, &[job]).ends(0);
            assert_eq!(runs(&sandbox, job), 1, "{job}");
        }
    }
    // What changes while it is checked has not been checked: as it is now, the formatter has never seen it.
    for _ in 0..2 {
        ci(&sandbox, &["formatter"]).ends(0);
        assert_eq!(runs(&sandbox, "formatter"), 1);
    }
}

#[test]
fn checks_that_are_built_in_rest_on_the_files_and_the_evaluation() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        let as_before = || {
            ci(&sandbox, &["config", "secrets", "cache-config", "activation"]).ends(0);
            let report = fs::read(sandbox.path("state/report/report.json")).unwrap();
            let report: Value = serde_json::from_slice(&report).unwrap();
            let jobs = report["jobs"].as_array().unwrap().iter();
            let jobs = jobs.filter(|job| job["as_before"] == true).map(|job| job["name"].as_str().unwrap().to_owned());
            jobs.collect::<Vec<_>>()
        };
        let all = ["config", "secrets", "cache-config"];
        assert_eq!(as_before(), [""; 0]);
        assert_eq!(as_before(), all);
        sandbox.write("hosts/atlas.nix", &ci_fleet::host("atlas", "echo changed"));
        assert_eq!(as_before(), [""; 0]);
        assert_eq!(as_before(), all);
        // A file that git does not know is one in which secrets may stand.
        sandbox.write_untracked("notes.txt", "nothing\n");
        assert_eq!(as_before(), [""; 0]);
        sandbox.write_untracked("notes.txt", "AGE-SECRET-KEY-1");
        as_before();
        sandbox.write("hosts/atlas.nix", "throw \"broken\"");
        ci(&sandbox, &["config"]).ends(1);
        ci(&sandbox, &["config"]).ends(1).says(&["not every output evaluates"]);
    }
}

/// Whether the only job that is asked for was as before.
fn was_as_before(sandbox: &Sandbox, job: &str) -> bool {
    ci(sandbox, &[job]).ends(0).stderr.contains("as before: nothing that it depends on has changed")
}

#[test]
fn every_file_of_the_flake_counts_for_what_nix_runs() {
    let sandbox = fleet(TestNix::Modern);
    let flake = r#"{
  outputs = { self }: let built = name: script: derivation {
    inherit name;
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-c" script ];
    outputs = [ "out" ];
  }; in {
    apps.x86_64-linux.docs = {
      type = "app";
      program = "${built "docs" "echo '#!/bin/sh' > $out; echo '${import ./nix/app.nix}' >> $out; /bin/chmod +x $out; :"}";
    };
  };
}
"#;
    sandbox.write("flake.nix", flake);
    sandbox.write("nix/app.nix", "\"exit 0\"\n");
    sandbox.write("xtask.toml", "[ci.jobs.docs]\napp = 'docs'\ninputs = ['docs/**']\n");
    sandbox.commit("an app");
    assert!(!was_as_before(&sandbox, "docs"));
    assert!(was_as_before(&sandbox, "docs"));
    sandbox.write("nix/app.nix", "\"exit 3\"\n");
    ci(&sandbox, &["docs"]).ends(1).says(&["ended with exit status 3"]);
}

#[test]
fn the_files_that_a_command_names_count() {
    let sandbox = fleet(TestNix::Modern);
    let repository = sandbox.repository();
    let script = |name: &str, text: &str| {
        sandbox.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(repository.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    for command in ["['./check.sh']", "['sh', 'check.sh']"] {
        sandbox.write("xtask.toml", &format!("[ci.jobs.docs]\ncommand = {command}\ninputs = ['docs/**']\n"));
        script("check.sh", "exit 0");
        assert!(!was_as_before(&sandbox, "docs"), "{command}");
        assert!(was_as_before(&sandbox, "docs"), "{command}");
        script("check.sh", "exit 3");
        ci(&sandbox, &["docs"]).ends(1).says(&["ended with exit status 3"]);
    }
}

#[test]
fn globs_that_fit_no_file_keep_nothing_and_are_told() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("xtask.toml", "[ci.jobs.docs]\ncommand = ['true']\ninputs = ['docs/**', 'dosc/**']\n");
    for _ in 0..2 {
        let ran = ci(&sandbox, &["docs"]).ends(0);
        let said = "`inputs` of `[ci.jobs.docs]`: `dosc/**` fits no file, so that `docs` runs every time";
        assert_eq!(ran.stderr.matches(said).count(), 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("as before"), "{}", ran.stderr);
    }
}

#[test]
fn what_needs_a_job_that_ran_again_runs_again() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("site/a", "a");
    let job = |name: &str, more: &str| format!("[ci.jobs.{name}]\ncommand = ['true']\ninputs = ['{name}/**']\n{more}");
    sandbox.write("xtask.toml", &[job("docs", ""), job("site", "needs = ['docs']\n")].concat());
    let as_before = || ci(&sandbox, &["site"]).ends(0).stderr.matches("as before").count();
    assert_eq!((as_before(), as_before()), (0, 2));
    sandbox.write("docs/a.md", "Changed.\n");
    assert_eq!((as_before(), as_before()), (0, 2));
}
