//! `cargo xtask ci --explain`: what a job is, and the commands that it runs, while none of them runs.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod ci_fleet;
mod sandbox;

use ci_fleet::{ci, fleet};
use sandbox::{Sandbox, TestNix, ran};

const JOBS: &str = r#"
[ci.jobs.book]
about = "the book builds"
command = ["sh", "-c", "echo built > book.txt"]
inputs = ["docs/**"]

[ci.jobs.site]
app = "site"
needs = ["book"]
"#;

#[test]
fn what_a_job_is_and_runs() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        sandbox.write("xtask.toml", JOBS);
        let explained = |job: &str| ci(&sandbox, &["--explain", job]).ends(0).stdout;
        let check = |job: &str, texts: &[&str]| {
            let said = explained(job);
            texts.iter().for_each(|text| assert!(said.contains(text), "{nix:?}: {text:?} is not in\n{said}"));
        };
        check(
            "build",
            &[
                "needs      bootstrap\n",
                "It runs:\n  cargo xtask build\n",
                "nix-store --realise DERIVATIONS --keep-going",
            ],
        );
        check(
            "build",
            &["nix eval --json ", "path:.#evaluate --apply 'ask: ask { … }'", "needed by  cache-analytics, "],
        );
        check("independence", &["cargo xtask independence\n", "path:.#elsewhere ", "--impure"]);
        check(
            "book",
            &["the book builds", "inputs     docs/**\n", "needed by  site\n", "sh -c 'echo built > book.txt'\n"],
        );
        check("book", &["written at xtask.toml:2\n", "takes      nobody knows"]);
        check("site", &["nix run --no-write-lock-file '.#site'\n", "runs again every time\n"]);
        assert!(!explained("lock").contains("nix eval"));
        // None of it has run.
        assert!(!sandbox.repository().join("book.txt").exists() && !sandbox.path("state/report").exists());
        let with = sandbox.run(&["--inputs", "standin", "ci", "--explain", "secrets"]).ends(0).stdout;
        assert!(with.contains("  cargo xtask secrets check --inputs standin\n"), "{with}");
    }
}

#[test]
fn the_commands_are_what_a_person_can_type() {
    let sandbox = fleet(TestNix::Modern);
    sandbox.write("xtask.toml", JOBS);
    let said = ci(&sandbox, &["--explain", "book"]).ends(0).stdout;
    let typed = said.split("It runs:\n").nth(1).unwrap().trim().to_owned();
    ran(sandbox.command("sh").args(["-c", &typed])).ends(0);
    assert_eq!(std::fs::read_to_string(sandbox.repository().join("book.txt")).unwrap(), "built\n");
    ci(&sandbox, &["book"]).ends(0);
    let said = ci(&sandbox, &["--explain", "book"]).ends(0).stdout;
    assert!(said.contains("takes      usually ") && said.contains("runs again where something"), "{said}");
}

#[test]
fn an_unknown_job_is_an_error_and_nothing_else_is_done_with_it() {
    let sandbox = fleet(TestNix::Modern);
    ci(&sandbox, &["--explain", "biuld"]).ends(2).says(&["no job is called `biuld`: did you mean `build`?"]);
    ci(&sandbox, &["--explain", ""]).ends(2).says(&["no job is called ``"]);
    ci(&sandbox, &["--explain", "build", "--plan"]).ends(2).says(&["cannot be used with"]);
    sandbox.write("xtask.toml", "[ci.jobs.secrets]\nenabled = false\n");
    ci(&sandbox, &["--explain", "secrets"]).ends(2).says(&["the job `secrets` is switched off: xtask.toml:2"]);
}

#[test]
fn without_nix_what_it_is_asked_is_not_told_and_nothing_is_brought() {
    let sandbox = Sandbox::without_nix(&["git", "sh"]);
    sandbox.write("flake.nix", ci_fleet::FLEET);
    sandbox.write("xtask.toml", JOBS);
    let said = ci(&sandbox, &["--explain", "build"]).ends(0).stdout;
    assert!(
        said.contains("  cargo xtask build\n    and what Nix is asked, which cannot be told here: there is no Nix"),
        "{said}"
    );
    let said = ci(&sandbox, &["--explain", "book"]).ends(0).stdout;
    assert!(said.ends_with("It runs:\n  cd ") || said.contains("sh -c 'echo built > book.txt'\n"), "{said}");
}
