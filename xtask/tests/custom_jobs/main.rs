//! `[ci.jobs]` of xtask.toml: jobs of one's own with a real Nix, green and red, and what is switched off.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod called;
mod late;
#[path = "../sandbox/mod.rs"]
mod sandbox;

use std::fs;

use sandbox::{Ran, Sandbox, TestNix, program};
use serde_json::Value;

/// A flake with apps and a development shell, of which `greeting` is in the environment. Nix takes a builder for killed that closes its output before it ends, as
/// `chmod` does: the last word is the shell's.
fn flake() -> String {
    let bash = program("bash", "apt-get install bash");
    format!(
        r#"{{
  outputs = {{ self }}: let
    system = "x86_64-linux";
    built = name: script: derivation {{
      inherit name system;
      builder = "{bash}";
      args = [ "-c" script ];
      greeting = "from the shell";
      # As stdenv has it: where `nix develop` leaves the environment.
      outputs = [ "out" ];
    }};
    program = built "deploy" "echo '#!/bin/sh\necho deployed; exit 0' > $out; /bin/chmod +x $out; :";
  in {{
    apps.${{system}} = {{
      deploy = {{ type = "app"; program = "${{program}}"; }};
      broken = {{ type = "app"; program = "${{built "broken" "echo '#!/bin/sh\necho it is down >&2; exit 4' > $out; /bin/chmod +x $out; :"}}"; }};
    }};
    devShells.${{system}}.default = built "shell" "";
    packages.${{system}}.default = built "smallest" "echo > $out";
  }};
}}
"#,
        bash = bash.display()
    )
}

fn place(nix: TestNix, jobs: &str) -> Sandbox {
    let sandbox = Sandbox::new(nix);
    sandbox.write("flake.nix", &flake());
    sandbox.write("xtask.toml", jobs);
    sandbox
}

fn ci(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["ci"], arguments].concat())
}

fn job(sandbox: &Sandbox, name: &str) -> Value {
    let report = fs::read(sandbox.path("state/report/report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    report["jobs"].as_array().unwrap().iter().find(|job| job["name"] == name).unwrap().clone()
}

const GREEN: &str = r#"
[ci.jobs.greet]
shell = ["sh", "-c", "echo greeted $greeting"]
[ci.jobs.read]
about = "the flake can be read"
needs = ["greet"]
command = ["sh", "-c", "echo read in $(pwd) >&2; test -f flake.nix"]
[ci.jobs.deploy]
phase = "publish"
needs = ["read"]
app = "deploy"
[ci.jobs.other]
command = ["false"]
"#;

#[test]
fn an_app_a_command_and_one_in_the_shell_run_with_what_they_need() {
    for nix in TestNix::ALL {
        let sandbox = place(nix, GREEN);
        let ran = ci(&sandbox, &["deploy"]).ends(0);
        let read = format!("│ read in {}", sandbox.repository().canonicalize().unwrap().display());
        let ran = ran.says(&["│ greeted from the shell", &read, "│ deployed", "✓ read: the flake can be read"]);
        let at = |text: &str| ran.stderr.find(text).unwrap();
        assert!(at("│ greeted") < at("│ read") && at("│ read") < at("│ deployed"), "{}", ran.stderr);
        let ran = ran.says(&["- other: skipped: not asked for", "✓ deploy: the app `deploy` of the flake succeeds"]);
        assert!(!ran.stderr.contains("✗"), "{}", ran.stderr);
        let deploy = job(&sandbox, "deploy");
        assert_eq!((&deploy["status"], &deploy["phase"]), (&Value::from("ok"), &Value::from("publish")));
    }
}

#[test]
fn what_is_published_is_never_of_the_stand_in() {
    let sandbox = place(TestNix::Modern, GREEN);
    let said = "- deploy: skipped: stand-in inputs are never published";
    let ran = ci(&sandbox, &["deploy", "--inputs", "standin"]).ends(0).says(&["│ greeted from the shell", said]);
    assert!(!ran.stderr.contains("deployed"), "{}", ran.stderr);
}

#[test]
fn a_change_that_is_not_merged_is_not_published() {
    let own = r#"{"full_name": "a/b", "default_branch": "main"}"#;
    let commit = "a".repeat(40);
    let check = |event: &str, text: &str, expected: &str, runs: bool| {
        let mut sandbox =
            place(TestNix::Modern, "[ci.jobs.deploy]\nphase = 'publish'\ncommand = ['sh', '-c', 'echo deployed']\n");
        let file = sandbox.path("event.json");
        fs::write(&file, text).unwrap();
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_REPOSITORY", "a/b"),
        ] {
            sandbox.set(name, value);
        }
        let ran = ci(&sandbox, &["deploy"]).ends(0).says(&[expected]);
        assert_eq!(ran.stderr.contains("│ deployed"), runs, "{}", ran.stderr);
    };
    let of_pull_request = |head: &str| {
        let base = format!(r#"{{"sha": "{commit}", "ref": "main", "repo": {own}}}"#);
        let head = format!(r#"{{"sha": "{commit}", "ref": "change", "repo": {{"full_name": "{head}"}}}}"#);
        format!(r#"{{"repository": {own}, "pull_request": {{"head": {head}, "base": {base}}}}}"#)
    };
    let fork =
        "- deploy: skipped: this is a `pull_request` from the fork `eve/b`: a stranger's code is never published";
    check("pull_request", &of_pull_request("eve/b"), fork, false);
    let same = "- deploy: skipped: this is a `pull_request`, a change that is not merged";
    check("pull_request", &of_pull_request("a/b"), same, false);
    check("push", &format!(r#"{{"repository": {own}}}"#), "✓ deploy", true);
}

const RED: &str = r#"
[ci.jobs.app]
app = "broken"
[ci.jobs.shell]
shell = ["sh", "-c", "echo $greeting; exit 5"]
[ci.jobs.killed]
command = ["sh", "-c", "echo ::error::injected; echo '##[error]too'; kill -KILL $$"]
[ci.jobs.absent]
command = ["no-such-program"]
[ci.jobs.behind]
needs = ["app"]
command = ["true"]
"#;

#[test]
fn a_job_that_fails_is_told_with_what_it_said_last() {
    for nix in TestNix::ALL {
        let sandbox = place(nix, RED);
        let ran = ci(&sandbox, &["app", "behind"]).ends(1);
        ran.says(&[
            "'.#broken'` ended with exit status 4\n│ ",
            "│ it is down\n    fix: `cargo xtask ci app` runs it again",
        ])
        .says(&["✗ xtask.toml:2: `", "- behind: skipped: it needs `app`, which failed", "✗ ci: app failed"]);
        let problem = job(&sandbox, "app")["problems"][0].clone();
        assert_eq!(problem["place"]["line"], 2, "{problem}");
        let junit = fs::read_to_string(sandbox.path("state/report/junit.xml")).unwrap();
        assert!(junit.contains("ended with exit status 4\">") && junit.contains("│ it is down"), "{junit}");
        ci(&sandbox, &["shell"])
            .ends(1)
            .says(&["exit 5'` ended with exit status 5\n│ ", "│ from the shell\n    fix: "]);
    }
}

#[test]
fn what_a_job_says_commands_nobody_and_how_it_ended_is_told() {
    let mut sandbox = place(TestNix::Modern, RED);
    ci(&sandbox, &["killed"]).ends(1).says(&["` was ended by signal 9 (SIGKILL)\n│ ::error::injected"]);
    ci(&sandbox, &["absent"]).ends(2).says(&["absent: could not check: could not start no-such-program: No such file"]);
    sandbox.set("GITHUB_ACTIONS", "true");
    let ran = ci(&sandbox, &["killed"]).ends(1).says(&["::group::killed\n", "│ ::error::injected", "## [error]too"]);
    let commands = ran.stderr.lines().filter(|line| line.starts_with("::error"));
    assert_eq!(commands.filter(|line| line.contains("title=cargo xtask killed")).count(), 1, "{}", ran.stderr);
    assert!(!ran.stderr.lines().any(|line| line.starts_with("::error::injected") || line.starts_with("##[")));
}

#[test]
fn a_secret_is_given_hidden_and_missed() {
    let jobs = "[ci.jobs.deploy]\nsecrets = ['DEPLOY_KEY']\ncommand = ['sh', '-c', 'echo with $DEPLOY_KEY; exit 1']\n\
                [ci.jobs.other]\ncommand = ['sh', '-c', 'echo other with ${DEPLOY_KEY:-nothing}']\n";
    let mut sandbox = place(TestNix::Modern, jobs);
    let missed =
        "deploy: could not check: `deploy` wants the secret `DEPLOY_KEY`, which is not in the environment: set it";
    ci(&sandbox, &["deploy"]).ends(2).says(&[missed]);
    sandbox.set("DEPLOY_KEY", "correct-horse");
    let ran = ci(&sandbox, &["deploy", "other"]).ends(1).says(&["│ with ***", "│ other with nothing"]);
    assert!(!ran.stderr.contains("correct-horse"), "{}", ran.stderr);
    for file in ["report.json", "report.html", "junit.xml", "summary.md"] {
        let text = fs::read_to_string(sandbox.path("state/report").join(file)).unwrap();
        assert!(!text.contains("correct-horse"), "{file}: {text}");
    }
}

#[test]
fn a_secret_is_hidden_whatever_it_holds_and_one_that_cannot_be_is_not_used() {
    let jobs = "[ci.jobs.deploy]\nsecrets = ['SEC']\n\
                command = ['sh', '-c', 'echo \"with $SEC\"; echo with $SEC >&2; exit 1']\n";
    let mut sandbox = place(TestNix::Modern, jobs);
    for github in ["false", "true"] {
        sandbox.set("GITHUB_ACTIONS", github);
        for (value, parts) in [
            ("abcd\tefghijk", &["abcd", "efghijk"][..]),
            ("postgres://u:pass1234word@h/db?x=verysecretquery", &["pass1234word", "verysecretquery"]),
            ("ab\u{1}cd\u{1b}[31mefgh", &["efgh", "abcd"]),
            ("q7#z", &["q7#z"]),
            ("#q7zz", &["q7zz"]),
        ] {
            sandbox.set("SEC", value);
            let ran = ci(&sandbox, &["deploy"]).ends(1).says(&["│ with ***"]);
            let mut told = vec![("stdout".to_owned(), ran.stdout), ("stderr".to_owned(), ran.stderr)];
            for entry in fs::read_dir(sandbox.path("state/report")).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                    told.push((path.display().to_string(), text));
                }
            }
            for (place, text) in told {
                let shown = |line: &&str| !line.starts_with("::add-mask::");
                let text = text.lines().filter(shown).collect::<Vec<_>>().join("\n");
                assert!(!parts.iter().any(|part| text.contains(part)), "{value:?} in {place}: {text}");
            }
        }
    }
    sandbox.set("SEC", "abc");
    let ran = ci(&sandbox, &["deploy"]).ends(2);
    let ran = ran.says(&["`deploy` wants the secret `SEC`, which is shorter than 4 characters: to hide it would take"]);
    assert!(!ran.stderr.contains("│ with"), "{}", ran.stderr);
}

const STOPPED: &str = r#"
[ci.jobs.slow]
timeout = "2s"
command = ["sh", "-c", "echo so far; sleep 4320"]
[ci.jobs.absent]
command = ["no-such-program", "word"]
[ci.jobs.leaving]
command = ["sh", "-c", "sleep 4321 & echo done"]
[ci.jobs.failing]
command = ["sh", "-c", "sleep 4321 & exit 7"]
[ci.jobs.endless]
command = ["sh", "-c", "head -c 300000000 /dev/zero | tr '\\0' x; echo; echo and on; exit 1"]
"#;

#[test]
fn a_job_that_does_not_come_to_its_end_is_told_with_its_place_and_what_to_do() {
    let mut sandbox = place(TestNix::Modern, STOPPED);
    sandbox.set("GITHUB_ACTIONS", "true");
    let check = |name: &str, ends: i32, line: u64, fault: &str, fix: &str| {
        let ran = ci(&sandbox, &[name]).ends(ends).says(&[fault, fix]);
        let annotation = format!("::error file=xtask.toml,line={line},");
        let marked = ran.stderr.lines().filter(|line| line.starts_with(&annotation)).count();
        assert_eq!(marked, 1, "{}", ran.stderr);
        let problem = job(&sandbox, name)["problems"][0].clone();
        assert_eq!(problem["place"]["line"], line, "{problem}");
    };
    let fix = "fix: raise `timeout` of [ci.jobs.slow], or see what it waits for";
    check("slow", 1, 2, "sleep 4320'` timed out after 2s\n│ so far", fix);
    check("absent", 2, 5, "xtask.toml:5: no program `no-such-program`", "fix: install it, or correct `command`");
}

#[test]
fn what_a_job_leaves_running_is_ended_and_it_ends_as_it_did() {
    let sandbox = place(TestNix::Modern, STOPPED);
    ci(&sandbox, &["leaving"]).ends(0).says(&["│ done", "`leaving` left a process running: ended (1)", "✓ leaving"]);
    ci(&sandbox, &["failing"]).ends(1).says(&["`failing` left a process running: ended (1)", "exit status 7"]);
    let running = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        // One that ended meanwhile has none.
        fs::read_to_string(entry.ok()?.path().join("cmdline")).ok()
    });
    assert_eq!(running.filter(|command| command.starts_with("sleep\u{0}4321")).count(), 0);
}

#[test]
fn of_a_line_without_an_end_the_beginning_is_shown() {
    let sandbox = place(TestNix::Modern, STOPPED);
    let ran = ci(&sandbox, &["endless"]).ends(1);
    let ran = ran.says(&[&format!("│ {} …\n", "x".repeat(4096)), "│ and on"]);
    assert!(ran.stderr.len() < 100_000, "{}", ran.stderr.len());
}

#[test]
fn a_finished_run_must_have_them() {
    let sandbox = place(TestNix::Modern, GREEN);
    let words = ["plan", "lock", "build x86_64-linux", "greet", "read", "other"];
    let jobs = words.map(|name| format!(r#"{{"name": "{name}", "status": "completed", "conclusion": "success"}}"#));
    fs::write(sandbox.path("run.json"), format!(r#"{{"jobs": [{}]}}"#, jobs.join(", "))).unwrap();
    let run = sandbox.path("run.json");
    let ran = sandbox.run(&["workflow", "validate-run", run.to_str().unwrap()]).ends(1);
    let ran = ran.says(&["`deploy` is missing: the run has no job of that name"]);
    assert!(!ran.stderr.contains("`greet`"), "{}", ran.stderr);
}
